"""The words for gated activations, x·f(x), which exporters and models write out as a product."""

from __future__ import annotations

GATED = {
    "softplus, tanh": "mish",
    "sigmoid": "silu",
    "hardsigmoid": "hardswish",
    "relu6": "hardswish",
    "erf": "gelu",
    "tanh": "gelu",
}
"""f → the word for x·f(x), where f may hold scalings: x·(1 + erf(x/√2))/2 is gelu."""


def gated(words: str) -> str:
    """The activation column behind x·f(x), where it was ``words`` for f.

    >>> gated("sigmoid"), gated("relu, softplus, tanh"), gated("elu")
    ('silu', 'relu, mish', 'x·elu')
    """
    for inner, word in GATED.items():
        if words == inner or words.endswith(f", {inner}"):
            return words.removesuffix(inner) + word
    return f"x·{words}"
