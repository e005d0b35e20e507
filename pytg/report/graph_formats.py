"""The graph as text, Graphviz DOT, Mermaid, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

import networkx as nx

from pytg.model import Address
from pytg.report.graph_view import Link, Node, View

_DOT_STYLE = {"flow": "", "crossing": ", color=orange3", "order": ", style=dashed"}
_DOT_STYLE["bridge"] = ", style=dotted"
_ARROW = {"flow": "-->", "crossing": "==>", "order": "-.->", "bridge": "-.->"}


def text(view: View) -> str:
    """What can run together, wave by wave, and what each unit needs."""
    needs: dict[str, list[str]] = {node.id: [] for node in view.nodes}
    for link in view.links:
        needs[link.target].append(_need(link))
    width = max(len(node.id) for node in view.nodes)
    lines = [f"{view.title}: {view.summary}"]
    for rank in range(view.depth):
        lines += ["", f"{'wave' if view.level == 'unit' else 'layer'} {rank + 1}"]
        for node in view.nodes:
            if node.rank == rank:
                tail = f"  <- {', '.join(needs[node.id])}" if needs[node.id] else ""
                lines.append(f"  {node.id:{width}}{tail}".rstrip())
    legend = {"crossing": "", "flow": "", "order": "(unit): order only"}
    legend["bridge"] = "[unit]: through units not shown"
    shown = sorted({legend[link.kind] for link in view.links} - {""})
    return "\n".join([*lines, *(["", *shown] if shown else []), ""])


def _need(link: Link) -> str:
    name = _short(link.source, link.target)
    return {"order": f"({name})", "bridge": f"[{name}]"}.get(link.kind, name)


def _short(upstream: str, unit: str) -> str:
    """The address without the account, region and environment that both share."""
    if "/" not in upstream:
        return upstream
    above, below = Address.parse(upstream), Address.parse(unit)
    if above.account != below.account:
        return upstream
    if above.environment != below.environment:
        return f"{above.region}/{above.environment}/{above.module}"
    return above.module if above.region == below.region else f"{above.region}/{above.module}"


def dot(view: View) -> str:
    """A Graphviz digraph with a cluster for each environment and each region in it."""
    lines = [
        f"digraph {_quoted(view.title)} {{",
        "  rankdir=LR; compound=true; ranksep=1;",
        '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11, height=0.3];',
        '  graph [fontname="sans-serif", fontsize=11, color=gray60, style=rounded];',
        "  edge [color=gray40, arrowsize=0.6];",
    ]
    for group, lane, nodes in _clusters(view):
        if lane:
            lines.append(f"    subgraph {_quoted(f'cluster_{group}/{lane}')} {{")
            lines.append(f"      label={_quoted(lane)};")
            lines += [f"      {_quoted(n.id)} [label={_quoted(n.label)}];" for n in nodes]
            lines.append("    }")
        elif group:
            lines.append(f"  subgraph {_quoted(f'cluster_{group}')} {{")
            lines.append(f"    label={_quoted(group)};")
        else:
            lines.append("  }")
    for link in view.links:
        title = ", ".join(link.outputs) or "order only"
        style = f"tooltip={_quoted(title)}{_DOT_STYLE[link.kind]}"
        lines.append(f"  {_quoted(link.source)} -> {_quoted(link.target)} [{style}];")
    return "\n".join([*lines, "}", ""])


def mermaid(view: View) -> str:
    """A Mermaid flowchart; thick arrows go to another region, dotted ones carry no output."""
    names = {n.id: f"u_{n.id.replace('/', '__')}" for n in view.nodes}
    lines = ["flowchart LR"]
    for group, lane, nodes in _clusters(view):
        if lane:
            lines.append(f'    subgraph {_word(f"r {group} {lane}")}["{lane}"]')
            lines += [f'      {names[n.id]}["{n.label}"]' for n in nodes]
            lines.append("    end")
        elif group:
            lines.append(f'  subgraph {_word(f"g {group}")}["{group}"]')
        else:
            lines.append("  end")
    lines += [f"  {names[e.source]} {_ARROW[e.kind]} {names[e.target]}" for e in view.links]
    return "\n".join([*lines, ""])


def as_json(view: View) -> str:
    """Networkx's node-link form: `nx.node_link_graph(document, edges="links")` reads it."""
    graph: nx.DiGraph[str] = nx.DiGraph(project=view.title, level=view.level)
    for node in view.nodes:
        graph.add_node(node.id, **_described(view, node))
    for link in view.links:
        graph.add_edge(
            link.source,
            link.target,
            outputs=list(link.outputs),
            kind=link.kind,
            implied=link.implied,
        )
    return json.dumps(nx.node_link_data(graph, edges="links"), indent=2) + "\n"


def _described(view: View, node: Node) -> dict[str, object]:
    if view.level == "module":
        return {
            "module": node.units[0].module,
            "rank": node.rank,
            "units": [str(u) for u in node.units],
        }
    unit = node.units[0]
    return {
        "address": str(unit),
        "account": unit.account,
        "region": unit.region,
        "environment": unit.environment,
        "module": unit.module,
        "rank": node.rank,
    }


def _clusters(view: View) -> Iterator[tuple[str, str, list[Node]]]:
    """Each group as `(group, "", [])`, its lanes `(group, lane, nodes)`, and `("", "", [])`."""
    for group in view.groups:
        yield group, "", []
        for lane in view.lanes:
            nodes = [n for n in view.nodes if n.group == group and n.lane == lane]
            if nodes:
                yield group, lane, nodes
        yield "", "", []


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _word(value: str) -> str:
    return value.replace(" / ", "__").replace(" ", "_")
