"""The differential harness: six ways to plan and apply one estate, held side by side.

Estates that fail (`faults.py`) are held side by side too: how each unit ends, in which phase, what
is said of it, and what its state is then (`ends.py`, `history.py`).

The ways (`ways.py`): pytg's composed run; the same, one module after another, so that what they
read of each other comes from states; some units alone and then all; pytg's `--per-unit`; plain
Terraform in the unit roots that `pytg generate` writes; plain Terraform on one root that the
harness composes by itself, from its own model of the estate (`estates.py`, `render.py`). After
every edit of a random estate they must agree (`compare.py`). Units that go (`leaving.py`) are
destroyed before, or left: pytg leaves what is in their states alone. At the end all is destroyed:
what needs something goes before it. What is legitimately different, and so is not compared:

* A unit alone cannot know what its upstream will give. Per unit and in the unit roots, a plan is
  taken at the unit's turn, when its upstream is applied: what is unknown in the composed plan may
  then have any value, and what is an update or a replacement because of it may be less. The
  composed plan and the hand-composed one must be the same to the last mask, as must the two that
  plan at their turn.
* A module that is isolated is a stage of its own, which knows what was applied before it.
* Data of a new unit that comes after others is read in the apply; a root made by hand says no
  such order (docs/decisions/0007-order-is-not-data.md).
* Terraform's `data.terraform_remote_state` of a unit root stands outside of the unit's module.
* Identifiers are random: in a plan they are all one, in states they are numbered by their first
  place, so that a value that is wired to the wrong resource is seen.
* Terraform forgets that an output is sensitive where it is not known yet, and a state tells it to
  nobody: pytg marks the reference in both kinds of root, so the hand-composed root does too.
* Serial, lineage and Terraform's version of a state; dependencies that leave the unit.
* pytg writes no state of a unit in which nothing changes: data and results of checks in it may be
  older than in one that plain Terraform wrote.
* A state does not hold an output that is null; a plan tells of it.
* Where something fails: one plan fails on what is known, a unit at its turn knows more, and fails
  in its plan on what among others fails in the apply. One error hides others, in plain Terraform's
  plan of many units more than in pytg's, which plans the rest again. What reads only such outputs
  of a unit that failed as are known goes on in one apply, and is skipped alone.
* A unit whose module cannot be read has no root of its own, nor is there one made by hand with it.
  Who reads it says in words of his own what is wrong with it.
* Plain Terraform names the line of a generated file, pytg that of the configuration.
"""
