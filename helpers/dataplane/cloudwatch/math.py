"""Metric math, as far as the course needs it: numbers, + - * / and brackets over metrics, and SERVICE_QUOTA(m).

Pages: GUIDE/using-metric-math.html, GUIDE/CloudWatch-Quotas-Visualize-Alarms.html. Everything else of metric math is
refused in one sentence.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from helpers.dataplane.cloudwatch.errors import validation

_OPERATIONS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def compute(
    text: str, values: Mapping[str, float | None], quota: Callable[[str], float | None]
) -> float | None:
    """The expression's value at one instant; `values` are those of the ids in it, `quota` gives SERVICE_QUOTA(id).

    None where a value is missing or is divided by zero. Raises ServiceError for what is no such expression.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise validation(f"Invalid syntax in expression '{text}'.") from None

    def value(node: Any) -> float | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name) and node.id in values:
            return values[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = value(node.operand)
            return None if inner is None else -inner
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            left, right = value(node.left), value(node.right)
            if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
                return None
            return _OPERATIONS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SERVICE_QUOTA":
            return quota(node.args[0].id) if node.args and isinstance(node.args[0], ast.Name) else None
        raise validation(f"The expression '{text}' uses metric math that this course does not compute.")

    return value(tree)
