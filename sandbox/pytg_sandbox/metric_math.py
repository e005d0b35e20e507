"""A part of CloudWatch's metric math, for alarms: + - * /, numbers, MAX, MIN, SUM, AVG, FILL, IF.

Pure. A point that is missing makes the result missing, except for FILL and within a list.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

Point = float | None
Series = Sequence[Point]
OPERATORS: Mapping[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
}
LISTS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}


def evaluate(expression: str, series: Mapping[str, Series], length: int) -> list[Point]:
    """The values of an expression, one a period.

    series: the values of each query by its id, all of `length`.
    Raises ValueError for what is beyond this part of metric math.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        return [_point(tree, {k: v[number] for k, v in series.items()}) for number in range(length)]
    except (SyntaxError, KeyError, TypeError) as error:
        raise ValueError(f"the sandbox does not evaluate: {expression}") from error


def _point(node: ast.expr, values: Mapping[str, Point]) -> Point:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]  # a text raises ValueError
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _point(node.operand, values)
        return None if value is None else -value
    if isinstance(node, ast.BinOp):
        return _combined(type(node.op), _point(node.left, values), _point(node.right, values))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _combined(
            type(node.ops[0]), _point(node.left, values), _point(node.comparators[0], values)
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node.args, values)
    raise TypeError(ast.dump(node))


def _combined(kind: type, left: Point, right: Point) -> Point:
    if left is None or right is None or (kind is ast.Div and not right):
        return None
    return float(OPERATORS[kind](left, right))


def _call(name: str, arguments: Sequence[ast.expr], values: Mapping[str, Point]) -> Point:
    if name == "FILL":
        value = _point(arguments[0], values)
        return _point(arguments[1], values) if value is None else value
    if name == "IF":
        condition = _point(arguments[0], values)
        chosen = arguments[1] if condition else arguments[2]
        return None if condition is None else _point(chosen, values)
    if name == "ABS":
        value = _point(arguments[0], values)
        return None if value is None else abs(value)
    parts = _listed(arguments, values)
    known = [part for part in parts if part is not None]
    return LISTS[name](known) if known else None


def _listed(arguments: Sequence[ast.expr], values: Mapping[str, Point]) -> list[Point]:
    found: list[Point] = []
    for argument in arguments:
        if isinstance(argument, ast.List):
            found += [_point(element, values) for element in argument.elts]
        elif isinstance(argument, ast.Call) and getattr(argument.func, "id", "") == "METRICS":
            found += values.values()
        else:
            found.append(_point(argument, values))
    return found
