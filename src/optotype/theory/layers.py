"""What a layer table holds: one record a layer, and one for the whole network."""

from __future__ import annotations

from typing import Literal

import msgspec

FieldSize = tuple[int, ...] | Literal["all"] | None
"""Receptive field in input cells per axis; ``all`` where a cell reads the whole input; None where not known."""


class Layer(msgspec.Struct, frozen=True):
    """One row of a layer table.

    Shapes are without the batch, channels first. ``kernel``, ``stride``, ``padding`` and ``dilation`` hold one number
    an axis, and are empty where a layer has none; ``padding`` holds two numbers an axis (all begins, then all ends)
    where the two sides differ. ``parameters`` are learned numbers that no earlier row has counted. ``macs`` are
    multiply-accumulates of convolutions, matrix products and linear layers for one item, biases not counted; None
    where a shape is not known. ``activation`` is applied to what the layer gives.
    """

    name: str
    kind: str
    channels_in: int | None = None
    channels_out: int | None = None
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    activation: str = ""
    output: tuple[int | None, ...] = ()
    parameters: int = 0
    macs: int | None = 0
    field: FieldSize = None


class Architecture(msgspec.Struct, frozen=True):
    """A network, layer by layer, in the order of computation.

    ``source`` says where it comes from (library and version, or file); ``input`` is the shape of one item.
    ``peak_bytes`` is the most memory that arrays take at once in one forward pass of one item in float32: the input
    (kept throughout, as its caller keeps it) and every array that is still to be read, weights not counted; None where
    a shape is not known. ``notes`` tell
    what a reader must know about the numbers.
    """

    name: str
    source: str
    input: tuple[int | None, ...]
    layers: list[Layer]
    peak_bytes: int | None = None
    notes: list[str] = []

    @property
    def parameters(self) -> int:
        """Learned numbers, shared ones counted once."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one item; None where those of a layer are not known."""
        known = [layer.macs for layer in self.layers if layer.macs is not None]
        return sum(known) if len(known) == len(self.layers) else None

    @property
    def output(self) -> tuple[int | None, ...]:
        """Shape of what the last layer gives; rows of parameters that no layer uses come behind it."""
        given = [layer.output for layer in self.layers if layer.output]
        return given[-1] if given else self.input

    def __str__(self) -> str:
        """The table as text, with the totals and the notes beneath."""
        rows = [HEADER, *(cells(layer) for layer in self.layers)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(_padded, HEADER, row, widths)).rstrip() for row in rows]
        rule = "─" * max(map(len, lines))
        totals = [f"{name:18}{text}" for name, text in self.totals()]
        return "\n".join([lines[0], rule, *lines[1:], rule, *totals, *(f"note: {note}" for note in self.notes)])

    def totals(self) -> list[tuple[str, str]]:
        """Parameters, multiply-accumulates and peak memory: name and text."""
        macs = "not known" if self.macs is None else f"{self.macs:,}"
        peak = "not known"
        if self.peak_bytes is not None:
            peak = f"{self.peak_bytes:,} bytes ({self.peak_bytes / 2**20:.1f} MiB), batch of 1, float32"
        return [("parameters", f"{self.parameters:,}"), ("MACs", macs), ("peak activations", peak)]


HEADER = ("layer", "kind", "channels", "kernel", "s/p/d", "activation", "output", "parameters", "MACs", "field")
RIGHT = frozenset({"parameters", "MACs"})
"""Columns of numbers."""

_DASH = "–"


def cells(layer: Layer) -> tuple[str, ...]:
    """A row as text, one string for each name in ``HEADER``.

    >>> cells(Layer("stem", "conv", 3, 64, (7, 7), (2, 2), (3, 3), (1, 1), output=(64, 112, 112), parameters=9408))[2:5]
    ('3 → 64', '7', '2/3/1')
    """
    steps = [layer.stride, layer.padding, layer.dilation]
    return (
        layer.name,
        f"{layer.kind}, {layer.groups} groups" if layer.groups > 1 else layer.kind,
        " → ".join(str(n) for n in (layer.channels_in, layer.channels_out) if n is not None) or _DASH,
        _sizes(layer.kernel) or _DASH,
        "/".join(_sizes(step) or _DASH for step in steps) if any(steps) else _DASH,
        layer.activation or _DASH,
        "×".join(_count(n) for n in layer.output) or _DASH,
        f"{layer.parameters:,}" if layer.parameters else _DASH,
        _macs(layer.macs),
        _field(layer.field),
    )


def _padded(name: str, text: str, width: int) -> str:
    return text.rjust(width) if name in RIGHT else text.ljust(width)


def _sizes(values: tuple[int, ...]) -> str:
    """One number where all axes have the same."""
    return str(values[0]) if len(set(values)) == 1 else "×".join(map(str, values))


def _field(field: FieldSize) -> str:
    if field is None:
        return _DASH
    return field if isinstance(field, str) else _sizes(field)


def _count(value: int | None) -> str:
    return "?" if value is None else str(value)


def _macs(value: int | None) -> str:
    return "?" if value is None else f"{value:,}" if value else _DASH
