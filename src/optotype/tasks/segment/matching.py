"""Label maps of a model against those of the truth, pixel by pixel, image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.kernels import label_pairs, label_parts
from optotype.label_maps import MaskFiles
from optotype.machine import usable_cores
from optotype.mapped_masks import Translated
from optotype.tables import OTHER, VOID, Array, Chosen, Masks
from optotype.tasks.aligning import check_aligned
from optotype.tasks.segment.rims import rims
from optotype.tasks.segment.room import Room
from optotype.tasks.segment.rules import Rules

_RULES = Rules()
_PIXELS = {"truth": np.uint8, "said": np.uint8, "n": np.int64}


def match(truth: Masks, prediction: Masks, *, rules: Rules = _RULES, threads: int = 0) -> Evidence:
    """Evidence of a segmentation, the tables ``images``, ``pixels``, ``rims`` and ``components``.

    ``images``, a row an item: ``width``, ``height`` int32, ``unknown_truth`` and ``unknown_said`` int64, pixels whose
    value no class has. ``pixels``, a row a pair of labels that occurs in an item: ``truth`` uint8 (a class, or VOID,
    which stands for unknown values too), ``said`` uint8 (a class, OTHER or VOID), ``n`` int64. ``rims``, a row a class
    of the truth in an item: ``label`` uint8, ``n`` its pixels, ``right``, ``rim`` and ``rim_right`` int64: those right,
    those within ``rules.rim`` rows and columns of a pixel of another class, and the right ones of these. Void is no
    class: neither it nor the image's border makes a boundary. ``components``, a row a connected part (8 neighbours) of
    a class with at least ``rules.least`` pixels, in the order of their first pixels: ``label`` uint8, ``area``,
    ``right``, ``rim`` int64, ``box`` (m, 4) float64 x, y, w, h, ``said`` uint8 what its wrong pixels most often are
    said to be (VOID where all are right), ``said_n`` int64.

    Maps are decoded when their turn comes, and none is kept. Both sides must be of the same items, classes and sizes
    (InputError). The result does not depend on ``threads`` (0: all cores).
    """
    _check(truth, prediction)
    order = np.argsort(truth.items.key, kind="stable")

    room = Room()

    def judge(i: int) -> _Judged:
        return _judge(truth, prediction, i, rules, room)

    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        judged = list(pool.map(judge, order.tolist()))
    tables = {name: _stacked([one[name] for one in judged]) for name in judged[0]} if judged else {}
    return Evidence("segment", truth.classes, truth.items.key[order], truth.items.groups()[order], tables)


_Judged = Mapping[str, Mapping[str, Array]]
_Map = NDArray[np.uint8]


def _judge(truth: Masks, prediction: Masks, i: int, rules: Rules, room: Room) -> _Judged:
    """All tables of item ``i``."""
    K = len(truth.classes)
    a, b = (_usable(side.maps[i], name, room) for side, name in ((truth, "truth map"), (prediction, "said map")))
    if a.shape != b.shape:
        raise InputError(
            f"predicted label map {_name(prediction, i)}", f"{_size(a)} pixels, as the truth {_name(truth, i)}",
            _size(b), "Give label maps at the size of the truth; 'optotype check' compares that with its images.",
        )  # fmt: skip
    pixels, unknown = _pixels((truth, prediction), (a, b), i, room)
    near, components = _parts(a, b, rims(a, K, rules.rim, room), K, rules.least, room)
    images = {
        "width": np.array([a.shape[1]], np.int32),
        "height": np.array([a.shape[0]], np.int32),
        "unknown_truth": unknown[:1],
        "unknown_said": unknown[1:],
    }
    return {"images": images, "pixels": pixels, "rims": near, "components": components}


def _usable(labels: _Map, name: str, room: Room) -> _Map:
    """A label map as kernels take it: in one piece, and not read-only, although they write nothing to it."""
    if labels.flags.c_contiguous and labels.flags.writeable:
        return labels
    copied: _Map = room.array(name, labels.shape, np.uint8)
    np.copyto(copied, labels)
    return copied


def _pixels(sides: tuple[Masks, Masks], maps: tuple[_Map, _Map], i: int, room: Room) -> tuple[dict[str, Array], Array]:
    """The pairs of labels of item ``i``, and the pixels of either side that no class of the list has."""
    K = len(sides[0].classes)
    values = np.array([*range(K), OTHER, VOID], np.uint8)
    table = room.array("table", (label_pairs.LANES, label_pairs.VALUES**2), np.int32, fill=0)
    most = (len(values) ** 2,)
    columns = {name: room.array(name, most, kind) for name, kind in _PIXELS.items()}
    label_pairs.count(maps[0].ravel(), maps[1].ravel(), table)
    rows = label_pairs.drain(table, values, *columns.values())
    columns = {name: found[:rows].copy() for name, found in columns.items()}
    if columns["n"].sum() < maps[0].size:
        for side, labels in zip(sides, maps, strict=True):
            _refuse_values(side, labels, i)
    unknown = np.array([columns["n"][columns[side] == OTHER].sum() for side in ("truth", "said")], np.int64)
    if unknown[0]:
        columns = _void_truth(columns)
    return columns, unknown


def _void_truth(columns: dict[str, Array]) -> dict[str, Array]:
    """Pairs whose truth is unknown joined with those whose truth is void."""
    truth = np.where(columns["truth"] == OTHER, VOID, columns["truth"])
    pairs, place = np.unique(truth.astype(np.int32) * label_pairs.VALUES + columns["said"], return_inverse=True)
    n = np.zeros(len(pairs), np.int64)
    np.add.at(n, place, columns["n"])
    return {"truth": (pairs >> 8).astype(np.uint8), "said": (pairs & 255).astype(np.uint8), "n": n}


def _parts(
    a: _Map, b: _Map, rim: _Map, classes: int, least: int, room: Room
) -> tuple[dict[str, Array], dict[str, Array]]:
    most = a.size // max(least, 1) + 1
    sums = np.zeros((classes, 4), np.int64)
    label, confused = room.array("labels", (2, most), np.uint8)
    box, counts = room.array("box", (most, 4), np.float64), room.array("counts", (most, 4), np.int64)
    scratch = room.array("scratch", (label_parts.SCRATCH, a.size), np.int32)
    m = label_parts.parts(a, b, rim, classes, least, scratch, sums, label, box, counts, confused)
    there = np.flatnonzero(sums[:, 0])
    names = ("n", "right", "rim", "rim_right")
    near: dict[str, Array] = {"label": there.astype(np.uint8)} | {name: sums[there, j] for j, name in enumerate(names)}
    components: dict[str, Array] = {"label": label[:m].copy(), "box": box[:m].copy(), "said": confused[:m].copy()}
    components |= {name: counts[:m, j].copy() for j, name in enumerate(("area", "right", "said_n", "rim"))}
    return near, components


def _stacked(parts: list[Mapping[str, Array]]) -> Rows:
    """The rows of all items below each other."""
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    first = next(iter(parts[0]))
    item = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part[first]) for part in parts])
    return Rows(item, columns)


def _refuse_values(masks: Masks, labels: _Map, i: int) -> None:
    """Raise for the first value that is neither a class nor void nor unknown."""
    K = len(masks.classes)
    bad = np.argwhere((labels >= K) & (labels < OTHER))
    if len(bad):
        y, x = bad[0].tolist()
        raise InputError(
            f"label map {_name(masks, i)}, x {x}, y {y}", f"a class index in 0…{K - 1}, or {VOID} for void",
            str(labels[y, x]), "Check the class list.",
        )  # fmt: skip


def _name(masks: Masks, i: int) -> str:
    """The file of a label map where it has one, else the key of its item."""
    file = _file(masks.maps, i)
    return repr(str(masks.items.key[i])) if file is None else str(file)


def _file(maps: Sequence[_Map], i: int) -> Path | None:
    if isinstance(maps, MaskFiles):
        return maps.paths[i]
    if isinstance(maps, Chosen):
        return _file(maps.maps, int(maps.rows[i]))
    return _file(maps.maps, i) if isinstance(maps, Translated) else None


def _size(labels: _Map) -> str:
    return f"{labels.shape[1]} × {labels.shape[0]}"


def _check(truth: Masks, prediction: Masks) -> None:
    check_aligned(truth, prediction, "predicted label maps", "image")
    if not len(truth.items):
        raise InputError("matching", "at least one image", "none", "Check the truth's label maps.")
