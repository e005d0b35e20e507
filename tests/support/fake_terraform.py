"""A `terraform` that makes nothing: it records how it was called and does as it is told.

`FakeTerraform.install(directory)` copies this file there as `terraform`. Run so, it reads its
rules from `rules.json` beside it and appends to `calls.jsonl`. A rule holds for the commands
and working directories that it names, and the first that fits counts:

    command      "plan", "apply", ...; any when left out
    cwd          a part of the working directory's path; any when left out
    unless       a file; once it is there the rule holds no longer
    resources    addresses that a plan creates, for `plan`, `apply` and `show`
    after        what `show` says of a plan's resources: attributes by address
    events       objects to print instead of what the command prints by itself
    text         lines printed before the events, as they are
    stderr       text for standard error
    touch        a file to create when it starts
    writes       texts of files to write where it runs, by name
    wait_for     a file to wait for before it ends: order is proved with files, not with clocks
    on_sigint    "finish" (end at once, exit code 1) or "ignore"; default "finish"
    exit         the exit code; else 0, and 2 for `plan -detailed-exitcode` with resources
    kill         true: end by SIGKILL, as a crash does
    saves        false: write no state, as where somebody removed the file meanwhile

An apply that ends well in a root whose state lies in a file elsewhere, as a unit's own does, adds
the plan's resources to that state.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

KEPT = ("TF_", "AWS_", "GOGC", "CHECKPOINT_DISABLE")


class FakeTerraform:
    """The test's side: install it, give it rules, read what it recorded."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "terraform"
        self._rules: list[dict] = []

    @classmethod
    def install(cls, directory: Path) -> FakeTerraform:
        """Put the executable into `directory`, to be found through PATH or PYTG_TERRAFORM."""
        directory.mkdir(parents=True, exist_ok=True)
        fake = cls(directory)
        text = Path(__file__).read_text(encoding="utf-8")
        fake.path.write_text(f"#!{sys.executable} -SE\n{text}", encoding="utf-8")
        fake.path.chmod(0o755)
        return fake

    def rule(self, **rule: object) -> None:
        """Add a rule; see above for its keys."""
        self._rules.append({k: str(v) if isinstance(v, Path) else v for k, v in rule.items()})
        fresh = self.directory / "rules.new"
        fresh.write_text(json.dumps(self._rules), encoding="utf-8")
        fresh.replace(self.directory / "rules.json")

    def calls(self, command: str | None = None) -> list[dict]:
        """The calls in the order of their start, without those for the version.

        Each has `argv` (without the program), `cwd`, `env`, `pid`, `command`, and `exit`, which
        is None while it runs and after a crash.
        """
        path = self.directory / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        calls: dict[int, dict] = {}
        for entry in map(json.loads, lines):
            if entry["what"] == "start":
                calls[entry["pid"]] = {**entry, "exit": None}
            else:
                calls[entry["pid"]]["exit"] = entry["exit"]
        if command is not None:
            return [call for call in calls.values() if call["command"] == command]
        return [call for call in calls.values() if call["command"] != "version"]

    def order(self) -> list[tuple[str, str, str]]:
        """Every start and end as it came: ("start" or "end", command, last part of the cwd)."""
        path = self.directory / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        entries = [entry for entry in map(json.loads, lines) if entry["command"] != "version"]
        return [(e["what"], e["command"], Path(e["cwd"]).name) for e in entries]


def main(argv: list[str]) -> int:
    here = Path(sys.argv[0]).resolve().parent
    command = next((a for a in argv if not a.startswith("-")), "")
    options = {a.lstrip("-").partition("=")[0]: a.partition("=")[2] for a in argv if a[0] == "-"}
    record(here, command, "start", argv=argv, env=kept_environment())
    rule = find_rule(here, command)
    interrupted = []
    if rule.get("on_sigint") == "ignore":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    if rule.get("touch"):
        Path(rule["touch"]).touch()
    for name, text in rule.get("writes", {}).items():
        Path(name).write_text(text, encoding="utf-8")
    for line in rule.get("text", ()):
        write(line)
    changes = act(command, argv, options, rule)
    sys.stderr.write(rule.get("stderr", ""))
    while rule.get("wait_for") and not Path(rule["wait_for"]).exists() and not interrupted:
        time.sleep(0.005)
    if rule.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    code = rule.get("exit", 2 if changes and "detailed-exitcode" in options else 0)
    code = 1 if interrupted else code
    if command in {"apply", "destroy"} and not code and rule.get("saves", True):
        save(saved(argv[-1], rule.get("resources", []))["resources"])
    record(here, command, "end", exit=code)
    return code


def find_rule(here: Path, command: str) -> dict:
    path = here / "rules.json"
    rules = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for rule in rules:
        there = rule.get("command", command) == command and rule.get("cwd", "") in str(Path.cwd())
        if there and not ("unless" in rule and Path(rule["unless"]).exists()):
            return rule
    return {}


def act(command: str, argv: list[str], options: dict[str, str], rule: dict) -> bool:
    """Do what the command does; whether it found changes."""
    resources = rule.get("resources", [])
    if "events" in rule:
        for event in rule["events"]:
            write(json.dumps(event))
    elif command in DOES:
        DOES[command](argv, resources)
    if command == "plan" and "out" in options and not rule.get("exit"):
        saves = {"resources": resources, "after": rule.get("after", {})}
        Path(options["out"]).write_text(json.dumps(saves), encoding="utf-8")
    return bool(resources)


def version(_argv: list[str], _resources: list[str]) -> None:
    write(json.dumps({"terraform_version": "1.11.4", "terraform_outdated": False}))


def init(_argv: list[str], _resources: list[str]) -> None:
    Path(".terraform").mkdir(exist_ok=True)
    say("init_output", "initialized")


def plan(_argv: list[str], resources: list[str]) -> None:
    for address in resources:
        say("planned_change", f"{address}: Plan to create", change=subject(address))
    summary(len(resources), "plan")


def apply(argv: list[str], resources: list[str]) -> None:
    resources = saved(argv[-1], resources)["resources"]
    for address in resources:
        say("apply_start", f"{address}: Creating...", hook=subject(address))
        say("apply_complete", f"{address}: Creation complete", hook=subject(address))
    summary(len(resources), "apply")


def show(argv: list[str], resources: list[str]) -> None:
    plan = saved(argv[-1], resources)
    write(json.dumps(shown(plan["resources"], plan["after"])))


def output(_argv: list[str], _resources: list[str]) -> None:
    write("{}")


DOES = {
    "version": version,
    "init": init,
    "plan": plan,
    "apply": apply,
    "destroy": apply,
    "show": show,
    "output": output,
}


def saved(plan_file: str, otherwise: list[str]) -> dict:
    """The plan that `plan -out` wrote."""
    path = Path(plan_file)
    if plan_file.startswith("-") or not path.is_file():
        return {"resources": otherwise, "after": {}}
    return json.loads(path.read_text(encoding="utf-8"))


def save(resources: list[str]) -> None:
    """Add `resources` to the state that the root's local backend keeps outside of the root."""
    block = Path("backend.tf")
    text = block.read_text(encoding="utf-8") if block.exists() else ""
    place = re.search(r'backend "local" \{\s*path\s*=\s*"(\.\./[^"]*)"', text)
    if place is None:
        return
    state = Path(place[1])
    state.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(state.read_bytes() or b"{}") if state.exists() else {}
    held = {address_of(one): one for one in before.get("resources", [])}
    held |= {address: instance_of(address) for address in resources if address not in held}
    document = {
        "version": 4,
        "terraform_version": "1.11.4",
        "lineage": "fake",
        "outputs": {},
        "check_results": None,
        **before,
        "serial": before.get("serial", 0) + 1,
        "resources": list(held.values()),
    }
    state.write_text(json.dumps(document), encoding="utf-8")


def address_of(resource: dict) -> str:
    module = f"{resource['module']}." if resource.get("module") else ""
    return f"{module}{resource['type']}.{resource['name']}"


def instance_of(address: str) -> dict:
    parts = subject(address)["resource"]
    return {
        "module": parts["module"],
        "mode": "managed",
        "type": parts["resource_type"],
        "name": parts["resource_name"],
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": {"id": address}}],
    }


def subject(address: str) -> dict:
    local = address.rpartition("module.")[2].partition(".")[2] if "module." in address else address
    return {
        "resource": {
            "addr": address,
            "module": address.removesuffix(f".{local}") if local != address else "",
            "resource": local,
            "resource_type": local.partition(".")[0],
            "resource_name": local.partition(".")[2],
        },
        "action": "create",
    }


def summary(count: int, operation: str) -> None:
    changes = {"add": count, "change": 0, "import": 0, "remove": 0, "operation": operation}
    say("change_summary", f"{operation}: {count} to add", changes=changes)


def shown(resources: list[str], after: dict) -> dict:
    changes = [
        {
            "address": address,
            "mode": "managed",
            "type": subject(address)["resource"]["resource_type"],
            "name": subject(address)["resource"]["resource_name"],
            "change": {
                "actions": ["create"],
                "before": None,
                "after": after.get(address, {}),
                "after_unknown": {},
            },
        }
        for address in resources
    ]
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes}


def say(kind: str, message: str, **more: object) -> None:
    event = {"@level": "info", "@message": message, "@module": "terraform.ui", "type": kind}
    write(json.dumps({**event, **more}))


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def kept_environment() -> dict[str, str]:
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(KEPT)}


def record(here: Path, command: str, what: str, **more: object) -> None:
    entry = {"what": what, "command": command, "cwd": str(Path.cwd()), "pid": os.getpid(), **more}
    with (here / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
