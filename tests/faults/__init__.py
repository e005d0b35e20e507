"""The fault harness: seeded rounds of crashes, damage and races; nothing may be lost.

A round (`rounds.py`, `kinds.py`) makes a small estate of units without a provider (`estate.py`),
starts pytg, waits for a moment that shows itself in a file (`moments.py`), lets something happen
(`faults.py`, `damage.py`), and then goes on as a person would. Eight rounds share an estate, each
on what the one before left; in the end all of it is destroyed. What must hold throughout is in
`checks.py`. What exists is known from outside of Terraform: each creation and
each destruction of a resource, which has a random id, writes a line in a side file.

What a round holds against pytg:

* Every command ends, by itself, with a documented exit code and without a traceback.
* What exists is in a state or was named: in a record, in `in-flight.json`, or on standard error.
* Afterwards plan, apply and destroy work without a word from a person, the states hold what the
  configuration says, the destroy leaves nothing but what was named, and another is empty. After
  each round that is an apply or a destroy, in the end of an estate all three.
* A recovery overwrites no state of which it keeps no backup, and none that somebody else wrote.
* Every record can be read and is closed; no journal, plan, lock or process is left.
* No sensitive value stands outside of states, and those are readable by their owner only.

What it does not:

* A destruction that was under way at a kill may be done and in the state all the same: it is done
  once more. What is half made may exist or not.
* What somebody damaged may be refused, if the file is named; it is put back then, and what follows
  must work. A state that was damaged or removed, and nothing else, may lose its own unit's.
"""
