"""Regions, accounts and Terraform settings as the other rooms know them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pytg.config.node import Node, ReportProblem
from pytg.config.schema import AccountFile, ProjectFile
from pytg.errors import Problem
from pytg.model import Account, AssumeRole, Provider, Region, Retry, TerraformSettings
from pytg.suggest import did_you_mean

_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"  # as botocore wants it: no underscore
_URL = re.compile(rf"https?://({_LABEL}(\.{_LABEL})*|\[[0-9a-fA-F:]+\])(:[0-9]+)?/?")
_OPPOSITE = {"source": "target", "target": "source"}


def regions_of(project: ProjectFile, document: Node, report: ReportProblem) -> dict[str, Region]:
    """The regions with their peers. Reports a role given twice and peers that are none."""
    entries = {name: project.regions[name] for name in sorted(project.regions)}
    holders: dict[str, str] = {}
    for name, entry in project.regions.items():
        if entry and entry.role:
            first = holders.setdefault(entry.role, name)
            node = document.find("regions", name, "role")
            if first != name and node:
                message = f"region `{name}`: `{first}` has the role `{entry.role}` already"
                report(Problem(message, node.position))
    regions: dict[str, Region] = {}
    for name, entry in entries.items():
        role = entry.role if entry else None
        peer = (entry.peer if entry else None) or holders.get(_OPPOSITE.get(role or "", ""))
        node = document.find("regions", name, "peer")
        if node and (peer not in entries or peer == name):
            others = [other for other in entries if other != name]
            hint = did_you_mean(str(peer), others)
            report(Problem(f"region `{name}`: `{peer}` cannot be its peer", node.position, hint))
            peer = None
        regions[name] = Region(name, role, peer)
    return regions


def accounts_of(documents: Mapping[str, Node], report: ReportProblem) -> dict[str, Account]:
    """The accounts, by name. Reports an endpoint that is none, or that something contradicts."""
    accounts: dict[str, Account] = {}
    for name, document in sorted(documents.items()):
        entry = AccountFile.model_validate(document.plain)
        role = entry.assume_role
        _check_emulator(document, report)
        accounts[name] = Account(
            name=name,
            id=entry.account_id,
            sandbox=entry.sandbox,
            profile=entry.profile,
            assume_role=AssumeRole(role.role_arn, role.external_id, role.session_name)
            if role
            else None,
            endpoint=entry.endpoint.rstrip("/") if entry.endpoint else None,
        )
    return accounts


def _check_emulator(document: Node, report: ReportProblem) -> None:
    """An emulator has an address that can be asked, is of one kind, and needs no credentials."""
    node = document.find("endpoint")
    if node is None or node.value is None:
        sandbox = document.find("sandbox")
        if sandbox is not None and sandbox.value:
            _refuse_beside("`sandbox: true`", ("profile",), document, report)
        return
    if not _is_url(str(node.value)):
        hint = "such as http://localhost:4566; a host's name has letters, digits and hyphens"
        report(
            Problem(
                f"endpoint must be the URL of a server, not `{node.value}`", node.position, hint
            )
        )
    _refuse_beside("an `endpoint`", ("sandbox", "profile"), document, report)


def _refuse_beside(
    kind: str, others: tuple[str, ...], document: Node, report: ReportProblem
) -> None:
    for other in others:
        found = document.find(other)
        if found is not None and found.value:
            message = f"an account with {kind} has no `{other}`"
            hint = "an emulator is reached with made-up credentials, at its endpoint alone"
            report(Problem(message, found.start, hint))


def _is_url(text: str) -> bool:
    try:
        _ = urlsplit(text).port  # raises for one that is no number up to 65535
    except ValueError:
        return False
    return _URL.fullmatch(text) is not None


def terraform_of(project: ProjectFile) -> TerraformSettings:
    """What `terraform:` says, with defaults."""
    entry = project.terraform
    providers = {
        name: Provider(name, provider.source, provider.version, provider.config)
        for name, provider in sorted(entry.providers.items())
    }
    retry = Retry(entry.retry.attempts, entry.retry.pause, tuple(entry.retry.patterns))
    return TerraformSettings(entry.binary, entry.version, providers, retry)
