"""The main job on the embedded AWS, told step by step; stops at the first thing not true.

make demo
"""

from __future__ import annotations

import json
import os
import sys

from acts import (
    show_documents,
    show_lag,
    show_metadata,
    show_migration,
    show_refused,
    show_switches,
    store,
)
from deployed import SOURCE, Deployed, run
from documents import documents
from estate import ROOT, copy_estate
from leftovers import asked, leftovers
from narration import Narrator, NotTrueError, check
from pytg.emulator import sandbox_directory
from pytg_sandbox.control import Sandbox

BUILD = ROOT / "build"
ESTATE = BUILD / "demo"
ENV = "dev"
PACE = "20"  # a minute of alarms and heartbeats takes three seconds
FIRST = ("backend", "existing", "storage", "iam", "tables")


def pytg(*arguments: str) -> str:
    """Run pytg in the demo's estate."""
    return run(ESTATE, "pytg", *arguments)


def applied(text: str) -> str:
    """What an apply with `--json` changed."""
    result = json.loads(text)
    check(result["result"] == "succeeded", f"{result['changes']['create']} resources created")
    return text


def main() -> None:
    """The demo, from nothing to nothing."""
    say = Narrator().say
    copy_estate(ESTATE)
    say("Start the embedded AWS, empty")
    pytg("sandbox", "start")
    pytg("validate")

    say("Draw the graph of the environment")
    for form, file in (("svg", "graph.svg"), ("html", "graph.html"), ("mermaid", "graph.mmd")):
        pytg("graph", "--env", ENV, "--format", form, "--output", str(BUILD / file))
    print(pytg("graph", "--env", ENV))

    say("Bring up what holds documents and metadata, in both regions")
    chosen = [word for module in FIRST for word in ("--module", module)]
    applied(pytg("apply", "--env", ENV, *chosen, "--yes", "--json"))

    platform = Deployed(ESTATE, ENV)
    say("Documents that are there before anything synchronises")
    legacy = store(platform, SOURCE, documents("incoming", 9))
    check(
        len(platform.keys(SOURCE, platform.bucket(SOURCE))) == len(legacy),
        f"{len(legacy)} documents are in {SOURCE}",
    )

    say("Switch on the rest: replication, functions, events, workflow, alarms")
    applied(pytg("apply-all", "--env", ENV, "--yes", "--json"))
    platform = Deployed(ESTATE, ENV)
    pytg("sandbox", "pace", PACE)

    say("New documents, both ways")
    show_documents(platform)
    say("Invalid documents")
    show_refused(platform)
    say("Metadata, both ways")
    show_metadata(platform)
    say("The migration: started, paused, resumed")
    show_migration(platform, legacy)
    say("Cutover and rollback under load")
    show_switches(platform)
    say("Alarms on injected lag")
    show_lag(platform)

    say("A second plan")
    pytg("plan", "--env", ENV, "--detailed-exitcode")
    check(truth=True, text="the plan has no changes")

    say("Destroy everything")
    pytg("destroy-all", "--env", ENV, "--yes")
    left = leftovers(platform)
    check(not left, f"nothing is left, asked of {', '.join(asked())} {left or ''}".strip())
    say(f"All of it was true. The graph is in {BUILD.relative_to(ROOT)}/graph.html")


if __name__ == "__main__":
    os.environ.pop("PYTG_SANDBOX_DIR", None)
    sandbox = Sandbox(sandbox_directory(ESTATE))
    sandbox.stop()
    try:
        main()
    except NotTrueError as error:
        print(f"\nNOT TRUE: {error}\nThe estate is in {ESTATE}", file=sys.stderr)
        sys.exit(1)
    finally:
        sandbox.stop()
