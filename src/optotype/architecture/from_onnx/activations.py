"""What ONNX's operators are called in the activation column."""

from __future__ import annotations

from collections.abc import Mapping

from optotype.architecture.from_onnx.graph import Node, Value

_WORDS = {
    "Relu": "relu", "LeakyRelu": "leaky_relu", "PRelu": "prelu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Gelu": "gelu",
    "HardSigmoid": "hardsigmoid", "HardSwish": "hardswish", "Swish": "silu",
    "Elu": "elu", "Selu": "selu", "Celu": "celu", "Mish": "mish", "Softplus": "softplus", "Softsign": "softsign",
    "Softmax": "softmax", "LogSoftmax": "log_softmax", "ThresholdedRelu": "threshold", "Erf": "erf",
    "Shrink": "shrink",
}  # fmt: skip


def activation(node: Node, values: Mapping[str, Value]) -> str:
    """The word for an operator that is an activation; empty for all others."""
    return _clip(node, values) if node.op == "Clip" else _WORDS.get(node.op, "")


def _clip(node: Node, values: Mapping[str, Value]) -> str:
    low, high = _bound(node, values, "min", 1), _bound(node, values, "max", 2)
    if low == 0 and high in (None, 6):
        return "relu" if high is None else "relu6"
    if (low, high) == (-1, 1):
        return "hardtanh"
    sides = ("−∞" if low is None else f"{low:g}", "∞" if high is None else f"{high:g}")
    return f"clip({', '.join(sides)})".replace("-", "−")


def _bound(node: Node, values: Mapping[str, Value], name: str, place: int) -> float | None:
    """A limit, which older operators have as an attribute and newer ones as an input."""
    if name in node.attributes:
        number = float(node.attributes[name])
        return None if abs(number) > 1e38 else number
    content = values[node.inputs[place]].content if node.input(place) else None
    return None if content is None or content.size != 1 or abs(content.item()) > 1e38 else float(content.item())
