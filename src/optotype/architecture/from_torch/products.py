"""Convolutions, matrix products and embeddings: the operations of torch with multiply-accumulates or tables."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from optotype.architecture.from_torch.ledger import Call, Ledger
from optotype.architecture.reading import (
    NO_AXES,
    Place,
    Rule,
    Value,
    dimension,
    fitted,
    joined,
    mixed,
    resized,
    unknown,
    window_rule,
)
from optotype.theory.shapes import conv_macs

WEIGHTED = " (attention·v)"
"""What stands behind the name of the product of attention weights and values."""


def convolution(ledger: Ledger, call: Call) -> None:
    """Convolutions and transposed convolutions of any number of axes."""
    tensor, weight = call["input"], call["weight"]
    kernel, stride, padding, dilation = tuple(weight.shape[2:]), call["stride"], call["padding"], call["dilation"]
    groups, channels_in, channels_out = call["groups"], tensor.shape[1], call.output.shape[1]
    windows = zip(kernel, stride, padding, dilation, strict=True)
    if call["transposed"]:
        # every input cell meets every number of the kernels, so the two maps exchange their roles
        macs = conv_macs(channels_out, tensor.shape, kernel, groups=groups)
        rules = [_transposed_rule(*window) for window in windows]
    else:
        macs = conv_macs(channels_in, call.output.shape, kernel, groups=groups)
        rules = [window_rule(*window) for window in windows]
    columns = {
        "channels_in": channels_in,
        "channels_out": channels_out,
        "kernel": kernel,
        "stride": tuple(stride),
        "padding": tuple(padding),
        "dilation": tuple(dilation),
        "groups": groups,
        "macs": macs,
    }
    kind = "transposed conv" if call["transposed"] else "conv"
    value, dims = ledger.value(tensor), range(2, tensor.ndim)
    if value is None:
        _without_input(ledger, kind, call, columns)
        return
    reading, depthwise = value.moved(dims, rules), groups == channels_in
    if not depthwise:
        reading = mixed(reading, value.axes([1]), value.without([1]))
    reading = joined([reading, *(v.reading for v in ledger.values([weight]))])
    row = ledger.add(kind, call, reading, **columns)
    wide = resized(value.places[1], channels_out) if depthwise else dimension(NO_AXES, channels_out)
    cells = fitted(value.places[2:], call.output.shape[2:])
    ledger.give(call, reading, (value.places[0], wide, *cells), row=row)


def deformable(ledger: Ledger, call: Call) -> None:
    """Torchvision's deformable convolution, whose taps lie where the image says: the rules give no field."""
    weight, channels_in = call["weight"], call["input"].shape[1]
    channels_out, kernel = call.output.shape[1], tuple(weight.shape[2:])
    columns = {
        "channels_in": channels_in,
        "channels_out": channels_out,
        "kernel": kernel,
        "stride": (call["stride_h"], call["stride_w"]),
        "padding": (call["pad_h"], call["pad_w"]),
        "dilation": (call["dilation_h"], call["dilation_w"]),
        "groups": call["groups"],
        "macs": conv_macs(channels_in, call.output.shape, kernel, groups=call["groups"]),
    }
    value = ledger.value(call["input"])
    if value is None:
        _without_input(ledger, "conv", call, columns)
        return
    reading = unknown(value.reading)
    row = ledger.add("conv", call, reading, **columns)
    ledger.give(call, reading, fitted(value.places, call.output.shape), row=row)


def product(ledger: Ledger, call: Call) -> None:
    """Matrix products: linear layers where one side is made of parameters, else products of two activations."""
    names = next(pair for pair in _FACTORS if all(name in call.arguments for name in pair))
    left, right = (call[name] for name in names)
    a, b = ledger.value(left), ledger.value(right)
    columns = {
        "channels_in": left.shape[-1],
        "channels_out": left.shape[-2] if a is None and b is not None else call.output.shape[-1],
        "macs": call.output.numel() * left.shape[-1],
    }
    if a is None and b is None:
        _without_input(ledger, "linear", call, columns)
        return
    inner = -1 if right.ndim == 1 else -2
    reading = joined(
        [v.mixed([d]) for v, d in ((a, -1), (b, inner)) if v is not None]
        + [v.reading for v in ledger.values([call.get("self"), call.get("bias")]) if v is not a]
    )
    suffix = ""
    if a is not None and b is not None:
        suffix = WEIGHTED if _is_softmax(ledger, a) else ""
        if right.ndim > 1 and left.ndim > 1:
            met = a.axes([-2]) & b.axes([-1])
            suffix = suffix or (" (q·kᵀ)" if met else "")
            reading = mixed(reading, met, a.axes(range(left.ndim - 2)))
    kind = "linear" if a is None or b is None else "matmul"
    row = ledger.add(kind, call, reading, suffix=suffix, **columns)
    ledger.give(call, reading, _product_places(a, b, left, right), row=row)


def embedding(ledger: Ledger, call: Call) -> None:
    """Rows of a table, chosen by the input."""
    value = ledger.value(call["indices"])
    if value is None:
        ledger.give_unknown(call)
        return
    channels = call.output.shape[-1]
    row = ledger.add("embedding", call, value.reading, channels_in=call["weight"].shape[0], channels_out=channels)
    ledger.give(call, value.reading, (*value.places, dimension(NO_AXES, channels)), row=row)


def _without_input(ledger: Ledger, kind: str, call: Call, columns: dict[str, Any]) -> None:
    """Write a row for what is computed from constants alone, which reads nothing of the input."""
    ledger.add(kind, call, (None,) * len(ledger.input_cells), **columns)
    ledger.derive(call)


def _transposed_rule(kernel: int, stride: int, padding: int, dilation: int) -> Rule:
    return lambda field: field.after_transposed(kernel, stride=stride, padding=padding, dilation=dilation)


def _product_places(a: Value | None, b: Value | None, left: Tensor, right: Tensor) -> list[Place]:
    batch = [
        (a.places[d] if a is not None else b.places[d] if b is not None else dimension(NO_AXES, left.shape[d]))
        for d in range(left.ndim - 2)
    ]
    places = list(batch)
    if left.ndim > 1:
        places.append(a.places[-2] if a is not None else dimension(NO_AXES, left.shape[-2]))
    if right.ndim > 1:
        places.append(b.places[-1] if b is not None else dimension(NO_AXES, right.shape[-1]))
    return places


def _is_softmax(ledger: Ledger, value: Value) -> bool:
    return value.row is not None and ledger.rows[value.row].activation.endswith("softmax")


PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "mv", "addmv", "dot", "linear", "_addmm_activation")
_FACTORS = (("input", "weight"), ("mat1", "mat2"), ("batch1", "batch2"), ("mat", "vec"), ("self", "mat2"),
            ("self", "vec"), ("self", "tensor"))  # fmt: skip
