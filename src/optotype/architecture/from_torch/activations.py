"""What torch's operations are called in the activation column."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optotype.architecture.from_torch.ledger import Call


def _clamped(call: Call) -> str:
    low, high = call.get("min_val", call.get("min")), call.get("max_val", call.get("max"))
    if not all(side is None or isinstance(side, int | float) for side in (low, high)):
        return "clip"
    if low == 0 and high in (None, 6):
        return "relu" if high is None else "relu6"
    if (low, high) == (-1, 1):
        return "hardtanh"
    return f"clip({'−∞' if low is None else low}, {'∞' if high is None else high})".replace("(-", "(−")


def _elu(call: Call) -> str:
    return "elu" if call["scale"] == 1 else "selu"


def _named(word: str) -> Callable[[Call], str]:
    return lambda _: word


ACTIVATIONS: dict[str, Callable[[Call], str]] = {
    **{
        word: _named(word)
        for word in ("relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "hardswish", "hardsigmoid", "celu")
    },
    **{word: _named(word) for word in ("mish", "softplus", "erf", "glu", "threshold", "hardshrink", "softshrink")},
    "_softmax": _named("softmax"),
    "_safe_softmax": _named("softmax"),
    "_log_softmax": _named("log_softmax"),
    "log_sigmoid_forward": _named("logsigmoid"),
    "_prelu_kernel": _named("prelu"),
    "rrelu_with_noise": _named("rrelu"),
    "elu": _elu,
    "selu": _named("selu"),
    "hardtanh": _clamped,
    "clamp": _clamped,
    "clamp_min": _clamped,
}
"""Operation → the word for it, which may depend on its numbers."""
