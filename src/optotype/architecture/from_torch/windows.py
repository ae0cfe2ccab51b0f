"""Poolings, upsampling and other windows of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil

from optotype.architecture.from_torch.ledger import Call, Ledger
from optotype.architecture.reading import (
    NO_AXES,
    Place,
    Rule,
    channels,
    dimension,
    fitted,
    mixed,
    resized,
    window_rule,
)
from optotype.theory.shapes import Field


def pool(kind: str) -> Callable[[Ledger, Call], None]:
    """Poolings with a window."""

    def handle(ledger: Ledger, call: Call) -> None:
        value = ledger.known(call)
        n = len(call["kernel_size"]) if len(call["kernel_size"]) > 1 else int(call.name.partition("d")[0][-1])
        kernel = each(call["kernel_size"], n)
        stride = each(call.get("stride") or kernel, n)
        padding, dilation = each(call["padding"], n), each(call.get("dilation", (1,)), n)
        dims = range(call.output.ndim - n, call.output.ndim)
        rules = [window_rule(*window) for window in zip(kernel, stride, padding, dilation, strict=True)]
        reading = value.moved(dims, rules)
        wide = channels(value.places, call.output.shape)
        # Torch pools one axis as two, the first of one cell.
        first = next((i for i, d in enumerate(dims) if value.axes_of_window(d)), 0)
        row = ledger.add(
            kind,
            call,
            reading,
            channels_in=wide,
            channels_out=wide,
            kernel=kernel[first:],
            stride=stride[first:],
            padding=padding[first:],
            dilation=dilation[first:],
        )
        ledger.give(call, reading, fitted(value.places, call.output.shape), row=row)

    return handle


def adaptive_pool(kind: str) -> Callable[[Ledger, Call], None]:
    """Poolings to a given output size, whose windows follow from the input's."""

    def handle(ledger: Ledger, call: Call) -> None:
        tensor, value = call.source, ledger.known(call)
        dims = range(tensor.ndim - len(call["output_size"]), tensor.ndim)
        sizes = [(tensor.shape[d], call.output.shape[d]) for d in dims]
        reading = value.moved(dims, [_adaptive_rule(*pair) for pair in sizes])
        to_one = [d for d, (_, after) in zip(dims, sizes, strict=True) if after == 1]
        reading = mixed(reading, value.axes(to_one), value.without(to_one))
        even = all(before % after == 0 for before, after in sizes) and len(to_one) < len(dims)
        window = tuple(before // after for before, after in sizes) if even else ()
        wide = channels(value.places, call.output.shape)
        row = ledger.add(kind, call, reading, channels_in=wide, channels_out=wide, kernel=window, stride=window)
        ledger.give(call, reading, fitted(value.places, call.output.shape), row=row)

    return handle


def upsample(neighbours: int, *, antialias: bool = False) -> Callable[[Ledger, Call], None]:
    """Interpolation to another size; ``neighbours`` are the cells that it reads along each axis."""

    def handle(ledger: Ledger, call: Call) -> None:
        tensor, value = call.source, ledger.known(call)
        if tensor.shape == call.output.shape:
            ledger.keep(call, value)
            return
        dims = range(2, tensor.ndim)
        sizes = [(tensor.shape[d], call.output.shape[d]) for d in dims]
        reading = value.moved(dims, [_resize_rule(*pair, neighbours, antialias=antialias) for pair in sizes])
        row = ledger.add("upsample", call, reading, channels_in=tensor.shape[1], channels_out=tensor.shape[1])
        ledger.give(call, reading, fitted(value.places, call.output.shape), row=row)

    return handle


def pixel_shuffle(ledger: Ledger, call: Call) -> None:
    """Channels laid out as r×r cells, or such cells as channels."""
    value, dims = ledger.known(call), (-2, -1)
    up = call.name == "pixel_shuffle"
    r = call["upscale_factor"] if up else call["downscale_factor"]
    rule: Rule = (lambda f: Field(f.size, f.jump / r, f.start)) if up else window_rule(r, r, 0, 1)
    reading = value.moved(dims, [rule, rule])
    row = ledger.add(
        "pixel shuffle", call, reading, channels_in=call.source.shape[1], channels_out=call.output.shape[1]
    )
    ledger.give(call, reading, fitted(value.places, call.output.shape), row=row)


def columns(ledger: Ledger, call: Call) -> None:
    """Windows laid out as columns of channels (im2col)."""
    value, shape = ledger.known(call), call.source.shape
    parts = [each(call[name], 2) for name in ("kernel_size", "stride", "padding", "dilation")]
    rules = [window_rule(*(part[i] for part in parts)) for i in range(2)]
    sizes = [(shape[d] + 2 * p - w * (k - 1) - 1) // s + 1 for d, k, s, p, w in zip((-2, -1), *parts, strict=True)]
    steps: Place = tuple(f for d, n in zip((-2, -1), sizes, strict=True) for f in resized(value.places[d], n))
    places = (value.places[0], dimension(NO_AXES, call.output.shape[1]), steps)
    ledger.keep(call, value, places, reading=value.moved((-2, -1), rules), number=ledger.number())


def windows(ledger: Ledger, call: Call) -> None:
    """Overlapping windows along one dimension, each as a new last dimension."""
    value, dim = ledger.known(call), call["dimension"] % call.source.ndim
    axes = value.axes([dim])
    places = [*value.places[:dim], resized(value.places[dim], call.output.shape[dim]), *value.places[dim + 1 :]]
    places.append(dimension(axes, call["size"]))
    ledger.keep(call, value, places, number=ledger.number())


def each(numbers: Sequence[int], n: int) -> tuple[int, ...]:
    """One number an axis, where torch also takes a single one for all."""
    return tuple(numbers) if len(numbers) == n else tuple(numbers) * n


def _adaptive_rule(before: int, after: int) -> Rule:
    """Window i goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉; the widest counts."""
    widest = max(-(-(i + 1) * before // after) - i * before // after for i in range(after))
    return lambda field: Field(
        field.size + (widest - 1) * field.jump,
        field.jump * Fraction(before, after),
        field.start + Fraction(widest - 1, 2) * field.jump,
    )


def _resize_rule(before: int, after: int, neighbours: int, *, antialias: bool) -> Rule:
    factor = Fraction(after, before)
    if before == after:
        return lambda field: field
    read = ceil(neighbours / factor) if antialias and factor < 1 else neighbours
    return lambda field: field.enlarged(factor, min(read, before))
