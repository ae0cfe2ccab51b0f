"""A page of views as the plain data that its script reads (``web/src/types.ts`` names the same shapes)."""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from optotype.report.boxes import note_codes, scene
from optotype.report.budget import Selection
from optotype.report.label_runs import scenes
from optotype.report.lanes import lane_codes
from optotype.report.lanes import row as lane_row
from optotype.report.thumbnails import Thumbnail
from optotype.report.wanted import Album, entries
from optotype.views import (
    Case,
    Cases,
    Cloud,
    Frames,
    Gallery,
    LabelMaps,
    Page,
    Picture,
    Scatter,
    Sheet,
    Table,
    Tile,
    Timeline,
    View,
)

LEFT_OUT, UNREADABLE = -1, -2
BLOCK = 1 << 20  # bytes of images in one block, which is decoded as a whole
COMBINATIONS = 5_000  # more combinations of facets than this are not counted one by one
STEPS = 10_000  # places of a scatter's point between the middle and the edge of the picture


@dataclass
class Images:
    """The images of a page, packed: equal images are stored once."""

    selection: Selection
    blocks: list[bytearray] = field(default_factory=list)
    index: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)

    def number(self, picture: Picture | None) -> int | None:
        """The image's place in ``index``; None: there is none, or LEFT_OUT, or UNREADABLE."""
        if picture is None:
            return None
        if picture.path not in self.selection.thumbnails:
            return LEFT_OUT
        shot = self.selection.thumbnails[picture.path]
        return UNREADABLE if shot is None else self._add(shot)

    def encoded_blocks(self) -> list[str]:
        """The blocks in base64."""
        return [base64.b64encode(block).decode("ascii") for block in self.blocks]

    def _add(self, shot: Thumbnail) -> int:
        if shot.data not in self._known:
            if not self.blocks or len(self.blocks[-1]) + len(shot.data) > BLOCK:
                self.blocks.append(bytearray())
            block = self.blocks[-1]
            self._known[shot.data] = len(self.index)
            self.index.append((len(self.blocks) - 1, len(block), len(shot.data), shot.width, shot.height))
            block += shot.data
        return self._known[shot.data]


def payload(page: Page, images: Images) -> dict[str, Any]:
    """The whole page; ``images`` is filled on the way."""
    kept, lanes = iter(images.selection.kept), iter(images.selection.lanes)
    sections = []
    for section in page.sections:
        views = [
            _album(view, next(kept), images)
            if isinstance(view, (Gallery, Frames, LabelMaps))
            else _timeline(view, next(lanes))
            if isinstance(view, Timeline)
            else _view(view, images)
            for view in section.views
        ]
        sections.append({"id": section.id, "title": section.title, "lead": section.lead, "views": views})
    return {"title": page.title, "subtitle": page.subtitle, "sections": sections, "images": images.index}


def to_json(value: Any) -> str:
    r"""JSON in ASCII that may stand inside a script element; numbers without a value are null.

    >>> to_json({"a": ["</script>", float("nan"), "\u2028"]})
    '{"a":["\\u003c/script\\u003e",null,"\\u2028"]}'
    """
    text = json.dumps(_clean(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def printable(text: str) -> str:
    r"""Text that is Unicode: what is none in a file name (kept by Python as lone surrogates) becomes U+FFFD.

    >>> printable("a\udcffb")
    'a�b'
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {printable(key): _clean(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(entry) for entry in value]
    return value


def _view(view: View, images: Images) -> dict[str, Any]:
    if isinstance(view, Table):
        rows = [[_cell(cell, images) for cell in row] for row in view.rows]
        return {**_plain(msgspec.structs.replace(view, rows=[])), "rows": rows}
    if isinstance(view, Sheet):
        return {**_plain(msgspec.structs.replace(view, tiles=[])), "tiles": _tiles(view.tiles, images)}
    if isinstance(view, Scatter):
        return {**_plain(msgspec.structs.replace(view, clouds=[])), "clouds": _clouds(view, images)}
    if isinstance(view, Cases):
        return _cases(view, images)
    return _plain(view)


def _tiles(tiles: Sequence[Tile], images: Images) -> list[tuple[int | None, str]]:
    return [(images.number(tile.picture), tile.label) for tile in tiles]


def _plain(view: View) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(view, enc_hook=_builtin)
    return found


def _cell(cell: Any, images: Images) -> Any:
    return (
        {"picture": images.number(cell)} if isinstance(cell, Picture) else msgspec.to_builtins(cell, enc_hook=_builtin)
    )


def _builtin(value: Any) -> Any:
    """NumPy's scalars as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value)} in a view")


def _clouds(view: Scatter, images: Images) -> list[dict[str, Any]]:
    """The clouds with whole numbers from -STEPS to STEPS for places, the same scale along every axis.

    None: a point without a place, which is not drawn.
    """
    axes = ("x", "y", "z")[: view.dimensions]
    values = {axis: [np.asarray(getattr(cloud, axis), float) for cloud in view.clouds] for axis in axes}
    spans = {axis: _span(columns) for axis, columns in values.items()}
    half = max((high - low) / 2 for low, high in spans.values()) or 1.0
    places = {
        axis: [_places((column - (spans[axis][0] + spans[axis][1]) / 2) / half) for column in columns]
        for axis, columns in values.items()
    }
    return [_cloud(cloud, {axis: places[axis][i] for axis in axes}, images) for i, cloud in enumerate(view.clouds)]


def _span(columns: Sequence[np.ndarray[Any, np.dtype[np.float64]]]) -> tuple[float, float]:
    finite = [column[np.isfinite(column)] for column in columns]
    found = np.concatenate(finite) if finite else np.empty(0)
    return (float(found.min()), float(found.max())) if found.size else (0.0, 0.0)


def _places(scaled: np.ndarray[Any, np.dtype[np.float64]]) -> list[int | None]:
    return [round(value * STEPS) if math.isfinite(value) else None for value in scaled.tolist()]


def _cloud(cloud: Cloud, places: dict[str, list[int | None]], images: Images) -> dict[str, Any]:
    return {
        "name": cloud.name,
        **places,
        "colour": [int(code) for code in cloud.colour],
        "title": cloud.title,
        "picture": [images.number(picture) for picture in cloud.picture],
        "wrong": [int(flag) for flag in cloud.wrong],
    }


def _cases(view: Cases, images: Images) -> dict[str, Any]:
    names, values = _facet_values([case.facets for case in view.cases])
    return {
        "type": "cases",
        "id": view.id,
        "title": view.title,
        "caption": view.caption,
        "facets": _facets(view.facets, names, values, [case.facets for case in view.cases]),
        "items": [_case(case, images) for case in view.cases],
    }


def _case(case: Case, images: Images) -> dict[str, Any]:
    return {
        "title": case.title,
        "picture": images.number(case.picture),
        "overlay": images.number(case.overlay),
        "facts": case.facts,
        "badges": case.badges,
        "neighbours": _tiles(case.neighbours, images),
        "readings": [msgspec.to_builtins(reading, enc_hook=_builtin) for reading in case.readings],
    }


def _timeline(view: Timeline, count: int) -> dict[str, Any]:
    """The first ``count`` lanes, and how many there are."""
    lanes, codes = view.lanes[:count], lane_codes(view)
    names, values = _facet_values([lane.facets for lane in lanes])
    labels: dict[tuple[str, ...], int] = {}
    schemas = [labels.setdefault(tuple(label for label, _ in lane.facts), len(labels)) for lane in lanes]
    return {
        "type": "timeline",
        "id": view.id,
        "title": view.title,
        "caption": view.caption,
        "unit": view.unit,
        "rows": view.rows,
        "kinds": view.kinds,
        "notes": list(codes),
        "facets": _facets(view.facets, names, values, [lane.facets for lane in lanes]),
        "labels": list(labels),
        "items": [lane_row(lane, codes, schema) for lane, schema in zip(lanes, schemas, strict=True)],
        "total": len(view.lanes),
    }


Values = dict[str, dict[str, int]]


def _facet_values(found: Sequence[dict[str, str]]) -> tuple[list[str], Values]:
    """Names of the facets in their order, and of each its values with their codes."""
    names = list(dict.fromkeys(name for facets in found for name in facets))
    values = {name: dict.fromkeys(facets[name] for facets in found if name in facets) for name in names}
    return names, {name: {value: code for code, value in enumerate(values[name])} for name in names}


def _code(facets: dict[str, str], name: str, values: Values) -> int:
    return values[name][facets[name]] if name in facets else -1


def _facets(
    shown: Sequence[str], names: Sequence[str], values: Values, items: Sequence[dict[str, str]]
) -> list[dict[str, Any]]:
    """Facets as columns of codes, those that are shown first."""
    return [
        {
            "name": name,
            "shown": name in shown,
            "values": list(values[name]),
            "codes": [_code(facets, name, values) for facets in items],
        }
        for name in [*(n for n in shown if n in values), *(n for n in names if n not in shown)]
    ]


def _album(view: Album, kept: list[int], images: Images) -> dict[str, Any]:
    """A gallery, or frames: a gallery whose items have boxes, or label maps: one whose items have these."""
    if isinstance(view, Gallery):
        return {"type": "gallery", "unit": "image", **_items(view, kept, images)}
    if isinstance(view, LabelMaps):
        named = {"names": view.names, "colours": view.colours}
        return {"type": "maps", "unit": view.unit, **_items(view, kept, images), **named, **scenes(view, kept)}
    notes = note_codes(view)
    return {
        "type": "frames",
        "unit": view.unit,
        **_items(view, kept, images),
        "names": view.names,
        "notes": list(notes),
        "threshold": view.threshold,
        "scenes": [scene(view.frames[position], notes) for position in kept],
    }


def _items(view: Album, kept: list[int], images: Images) -> dict[str, Any]:
    """Items as rows, facets as columns of codes; ``totals`` counts their combinations where items are left out."""
    whole = entries(view)
    items = [whole[position] for position in kept]
    names, values = _facet_values([item.facets for item in whole])
    labels: dict[tuple[str, ...], int] = {}
    rows = []
    for item in items:
        schema = labels.setdefault(tuple(label for label, _ in item.facts), len(labels))
        rows.append((item.title, images.number(item.picture), item.tone, schema, [text for _, text in item.facts]))
    totals: Iterable[tuple[tuple[int, ...], int]] = ()
    if len(items) < len(whole):
        counts = Counter(tuple(_code(item.facets, name, values) for name in names) for item in whole)
        totals = counts.items() if len(counts) <= COMBINATIONS else ()
    return {
        "id": view.id,
        "title": view.title,
        "caption": view.caption,
        "facets": _facets(view.facets, names, values, [item.facets for item in items]),
        "labels": list(labels),
        "items": rows,
        "order": names,
        "total": len(whole),
        "totals": [[list(codes), count] for codes, count in totals],
    }
