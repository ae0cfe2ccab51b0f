"""A layer table as a page of views."""

from __future__ import annotations

from optotype.theory.layers import HEADER, RIGHT, Architecture, Layer, cells
from optotype.views import Cell, Column, Note, Number, Numbers, Page, Section, Table, View

_HINTS = {
    "s/p/d": "stride, padding, dilation",
    "output": "shape for one item, channels first",
    "parameters": "learned numbers; shared ones are counted where they are first used",
    "MACs": "multiply-accumulates of convolutions and matrix products for one item, biases not counted",
    "field": "receptive field in input cells by the layers' arithmetic; 'all': the whole input; –: not known",
}


def page(architecture: Architecture) -> Page:
    """The layer table as a page of its own."""
    section = Section("architecture", "Architecture", views(architecture))
    return Page(architecture.name, [section], subtitle=subtitle(architecture))


def subtitle(architecture: Architecture) -> str:
    """Where the network comes from, and its input.

    >>> subtitle(Architecture("resnet18", "timm 1.0", (3, 224, 224), []))
    'timm 1.0; input 3×224×224'
    """
    return f"{architecture.source}; input {'×'.join('?' if n is None else str(n) for n in architecture.input)}"


def views(architecture: Architecture) -> list[View]:
    """Totals, the layer table, and what to know about the numbers."""
    columns = [Column(name, "integer" if name in RIGHT else "text", hint=_HINTS.get(name, "")) for name in HEADER]
    macs, peak = architecture.macs, architecture.peak_bytes
    numbers = [
        Number("parameters", architecture.parameters, unit="count", better=""),
        Number(
            "MACs, billions",
            None if macs is None else macs / 1e9,
            unit="plain",
            better="",
            note="one item; biases not counted",
        ),
        Number(
            "peak activations, MiB",
            None if peak is None else peak / 2**20,
            unit="plain",
            better="",
            note="one item, float32; weights not counted",
        ),
    ]
    found: list[View] = [
        Numbers(numbers, title="The network"),
        Table(columns, [_row(layer) for layer in architecture.layers], title="Layers", id="layers", caption=_caption()),
    ]
    if architecture.notes:
        found.append(Note(architecture.notes))
    return found


def _row(layer: Layer) -> list[Cell]:
    text = dict(zip(HEADER, cells(layer), strict=True))
    numbers: dict[str, Cell] = {"parameters": layer.parameters or None, "MACs": layer.macs or None}
    return [numbers.get(name, text[name].replace(" ", "\N{NO-BREAK SPACE}")) for name in HEADER]


def _caption() -> str:
    return "; ".join(f"{name}: {hint.partition(';')[0]}" for name, hint in _HINTS.items()) + "."
