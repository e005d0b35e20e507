"""The program that support/fake_terraform.py installs: what it does is described there.

Hundreds of tests start it, so it must start fast: `json`, `pathlib` and `signal` would take
more time than all the rest, for what they import (`re`, `enum`).
"""

import os
import sys
import time
from _json import encode_basestring_ascii, make_encoder, make_scanner
from _signal import SIG_IGN, SIGINT, SIGKILL, signal

KEPT = ("TF_", "AWS_", "GOGC", "CHECKPOINT_DISABLE")


class Plain:
    """How JSON is read: as `json.loads` does it when it is told nothing."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def read_json(path: str) -> object:
    with open(path, encoding="utf-8") as file:
        return make_scanner(Plain)(file.read(), 0)[0]


def write_file(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def to_json(value: object) -> str:
    encode = make_encoder(
        markers=None,
        default=None,
        encoder=encode_basestring_ascii,
        indent=None,
        key_separator=": ",
        item_separator=", ",
        sort_keys=False,
        skipkeys=False,
        allow_nan=True,
    )
    return "".join(encode(value, 0))


def main(argv: list[str]) -> int:
    here = os.path.dirname(os.path.realpath(sys.argv[0]))
    command = next((a for a in argv if not a.startswith("-")), "")
    options = {a.lstrip("-").partition("=")[0]: a.partition("=")[2] for a in argv if a[0] == "-"}
    record(here, command, "start", argv=argv, env=kept_environment())
    rule = find_rule(here, command)
    interrupted = []
    if rule.get("on_sigint") == "ignore":
        signal(SIGINT, SIG_IGN)
    else:
        signal(SIGINT, lambda *_: interrupted.append(True))
    if rule.get("touch"):
        write_file(rule["touch"], "")
    for name, text in rule.get("writes", {}).items():
        write_file(name, text)
    for line in rule.get("text", ()):
        write(line)
    changes = act(command, argv, options, rule)
    sys.stderr.write(rule.get("stderr", ""))
    while rule.get("wait_for") and not os.path.exists(rule["wait_for"]) and not interrupted:
        time.sleep(0.005)
    if rule.get("kill"):
        os.kill(os.getpid(), SIGKILL)
    code = rule.get("exit", 2 if changes and "detailed-exitcode" in options else 0)
    code = 1 if interrupted else code
    if command in {"apply", "destroy"} and not code and rule.get("saves", True):
        save(saved(argv[-1], rule.get("resources", []))["resources"])
    record(here, command, "end", exit=code)
    return code


def find_rule(here: str, command: str) -> dict:
    path = os.path.join(here, "rules.json")
    rules = read_json(path) if os.path.exists(path) else []
    for rule in rules:
        there = rule.get("command", command) == command and rule.get("cwd", "") in os.getcwd()
        if there and not ("unless" in rule and os.path.exists(rule["unless"])):
            return rule
    return {}


def act(command: str, argv: list[str], options: dict[str, str], rule: dict) -> bool:
    """Do what the command does; whether it found changes."""
    resources = rule.get("resources", [])
    if "events" in rule:
        for event in rule["events"]:
            write(to_json(event))
    elif command in DOES:
        DOES[command](argv, resources)
    if command == "plan" and "out" in options and not rule.get("exit"):
        saves = {"resources": resources, "after": rule.get("after", {})}
        write_file(options["out"], to_json(saves))
    return bool(resources)


def version(_argv: list[str], _resources: list[str]) -> None:
    write(to_json({"terraform_version": "1.11.4", "terraform_outdated": False}))


def init(_argv: list[str], _resources: list[str]) -> None:
    os.makedirs(".terraform", exist_ok=True)
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
    write(to_json(shown(plan["resources"], plan["after"])))


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
    if plan_file.startswith("-") or not os.path.isfile(plan_file):
        return {"resources": otherwise, "after": {}}
    return read_json(plan_file)


def save(resources: list[str]) -> None:
    """Add `resources` to the state that the root's local backend keeps outside of the root."""
    path = state_path()
    if path is None:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    there = os.path.exists(path) and os.path.getsize(path)
    before = read_json(path) if there else {}
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
    write_file(path, to_json(document))


def state_path() -> "str | None":
    """As backend.tf says, where that is a file outside of the root."""
    if not os.path.exists("backend.tf"):
        return None
    with open("backend.tf", encoding="utf-8") as file:
        block = file.read().partition('backend "local" {')[2]
    path = block.partition("path")[2].partition('"')[2].partition('"')[0]
    return path if path.startswith("../") else None


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
    write(to_json({**event, **more}))


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def kept_environment() -> dict[str, str]:
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(KEPT)}


def record(here: str, command: str, what: str, **more: object) -> None:
    entry = {"what": what, "command": command, "cwd": os.getcwd(), "pid": os.getpid(), **more}
    with open(os.path.join(here, "calls.jsonl"), "a", encoding="utf-8") as file:
        file.write(to_json(entry) + "\n")
