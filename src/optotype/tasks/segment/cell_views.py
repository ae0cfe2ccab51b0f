"""Where a class fails: pairs of an image and a class, with truth, prediction and errors over the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.results import Result
from optotype.tables import OTHER, VOID, Masks
from optotype.tasks.pictures import Pictures
from optotype.tasks.segment.cells import Cells, of_pairs
from optotype.tasks.segment.judged_maps import check
from optotype.tasks.segment.label_frames import reduced
from optotype.tasks.segment.pairs import NO_CLASS, Pairs, pairs, void_label
from optotype.tasks.segment.recalling import rules_of
from optotype.tasks.segment.went import name, of_item, said_of, told, true_of
from optotype.tasks.wording import plural
from optotype.views import Areas, Cell, Column, Labelled, LabelMaps, Note, Picture, Section, Table, View

CELLS = "cells"
"""The id of the view, and of the table where there are no label maps."""

LOW = 0.5
LEAST, MOST = 3, 12
"""Cells of a class that are shown: those of low IoU, these at least and at most."""
CONFUSIONS = 40
"""Of the largest confusions of two classes the image with most of it is shown too."""
SIDE = 448


@dataclass(frozen=True)
class Chosen:
    """A cell to show: its row among the cells, and the class that most of its wrong pixels were called."""

    row: int
    taken: str


def cell_section(result: Result, evidence: Evidence, picture: Callable[[str], Picture | None]) -> Section:
    """Section ``images``: the cells of each class, with their label maps where these can be found."""
    void = rules_of(result.protocol).void
    found = pairs(evidence, void)
    cells = of_pairs(found, len(evidence))
    chosen = choose(found, cells)
    entries = [_entry(evidence, found, cells, one) for one in chosen]
    lead = _lead(cells)
    if not isinstance(picture, Pictures) or picture.label_maps is None:
        return Section("images", "The images", [_table(entries)], lead=lead)
    try:
        maps = picture.label_maps()
        shown = list(_frames(evidence, cells, chosen, entries, maps, picture, void_label(found.classes, void)))
    except InputError as error:
        text = f"The label maps are not shown. {error.where}: expected {error.expected}, got {error.got}. {error.fix}"
        return Section("images", "The images", [Note([text], "caution"), _table(entries)], lead=lead)
    colours = [(r, g, b) for r, g, b in maps[0].colours.tolist()]
    names = [*found.classes]
    view = LabelMaps(
        CELLS, shown, names, [*colours, *[(0, 0, 0)] * (len(names) - len(colours))], ["class", "taken for"],
        title="Where classes fail", caption=_caption(), unit="pair",
    )  # fmt: skip
    views: list[View] = [view]
    return Section("images", "The images", views, lead=lead)


def choose(found: Pairs, cells: Cells) -> list[Chosen]:
    """Of each class the cells of low IoU, those with most wrong pixels first, and the image of each large confusion.

    Classes come by their IoU over all images, the worst first.
    """
    rows: list[Chosen] = []
    for k in _worst_first(cells, len(found.classes)):
        own = np.flatnonzero(cells.label == k)
        rows += [Chosen(row, _taken(found, cells, row)) for row in _lowest(cells, own)]
    known = {(one.row, one.taken) for one in rows}
    place = {pair: row for row, pair in enumerate(zip(cells.item.tolist(), cells.label.tolist(), strict=True))}
    for truth, said, item in _confusions(found):
        one = Chosen(place[item, truth], found.classes[said])
        if (one.row, one.taken) not in known:
            rows.append(one)
    return rows


def _worst_first(cells: Cells, classes: int) -> list[int]:
    hit, union = (np.bincount(cells.label, n, minlength=classes) for n in (cells.intersection, cells.union))
    order: list[int] = np.argsort(hit / np.maximum(union, 1), kind="stable").tolist()
    return order


def _lowest(cells: Cells, own: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[int]:
    """Rows of a class: by their wrong pixels those of low IoU, and as far as these are few, the next lowest."""
    low = own[cells.iou[own] <= LOW]
    low = low[np.argsort(-(cells.union - cells.intersection)[low], kind="stable")]
    rest = own[cells.iou[own] > LOW]
    rest = rest[np.argsort(cells.iou[rest], kind="stable")]
    found: list[int] = [*low[:MOST].tolist(), *rest[: max(0, LEAST - len(low))].tolist()]
    return found


def _confusions(found: Pairs) -> Iterator[tuple[int, int, int]]:
    """Truth, prediction and the item with most such pixels, of the pairs of classes with most pixels."""
    wrong = (found.truth != found.said) & (found.truth != NO_CLASS) & (found.said != NO_CLASS)
    code = found.truth[wrong] * len(found.classes) + found.said[wrong]
    item, n = found.item[wrong], found.n[wrong]
    sums = np.bincount(code, weights=n, minlength=len(found.classes) ** 2)
    for pair in np.argsort(-sums, kind="stable")[:CONFUSIONS].tolist():
        if sums[pair]:
            rows = np.flatnonzero(code == pair)
            yield *divmod(pair, len(found.classes)), int(item[rows[n[rows].argmax()]])


def _taken(found: Pairs, cells: Cells, row: int) -> str:
    """What most wrong pixels of a cell's class were called; where there are none, ``nothing else``."""
    went = said_of(of_item(found, int(cells.item[row])), int(cells.label[row]))
    return name(found.classes, int(went.label[0])) if len(went.label) else "nothing else"


@dataclass(frozen=True)
class _Entry:
    key: str
    label: str
    taken: str
    iou: float
    facts: list[tuple[str, str]]


def _entry(evidence: Evidence, found: Pairs, cells: Cells, one: Chosen) -> _Entry:
    row, label = one.row, int(cells.label[one.row])
    own = of_item(found, int(cells.item[row]))
    truth, said, right = (int(column[row]) for column in (cells.truth, cells.said, cells.intersection))
    went = told(said_of(own, label), found.classes, truth, right) or "not in the truth"
    came = told(true_of(own, label), found.classes, said, right) or "never predicted"
    facts = [
        ("IoU", f"{cells.iou[row]:.3f}"),
        ("pixels", f"{truth:,} of the truth, {said:,} predicted, {right:,} both"),
        ("its pixels are called", went),
        ("what is called so", came),
    ]
    return _Entry(str(evidence.keys[cells.item[row]]), found.classes[label], one.taken, float(cells.iou[row]), facts)


def _frames(
    evidence: Evidence, cells: Cells, chosen: list[Chosen], entries: list[_Entry], maps: tuple[Masks, Masks],
    picture: Pictures, void: int | None,
) -> Iterator[Labelled]:  # fmt: skip
    """Each image is decoded once for all its entries; ``void`` is the class that void counts as."""
    decoded: dict[int, tuple[Areas, Areas, int, int]] = {}
    for one, entry in zip(chosen, entries, strict=True):
        item = int(cells.item[one.row])
        if item not in decoded:
            truth, said = maps[0].maps[item], maps[1].maps[item]
            check(evidence, item, truth, said)
            if void is not None:
                truth = np.where(truth >= OTHER, void, truth).astype(np.uint8)  # unknown truth is void
                said = np.where(said == VOID, void, said).astype(np.uint8)
            decoded[item] = (*reduced(truth, said), truth.shape[1], truth.shape[0])
        areas, other, width, height = decoded[item]
        shot = picture(entry.key)
        yield Labelled(
            f"{entry.label}: {entry.key}", width, height, areas, other,
            shot and Picture(shot.path, SIDE), int(cells.label[one.row]),
            {"class": entry.label, "taken for": entry.taken}, entry.facts,
            "bad" if entry.iou <= LOW else "caution",
        )  # fmt: skip


def _table(entries: list[_Entry]) -> Table:
    columns = [Column("class"), Column("image"), Column("IoU", "ratio", bar=True), Column("its pixels are called"),
               Column("what is called so")]  # fmt: skip
    rows: list[list[Cell]] = [
        [one.label, one.key, one.iou, dict(one.facts)["its pixels are called"], dict(one.facts)["what is called so"]]
        for one in entries
    ]
    return Table(columns, rows, title="Where classes fail", id=CELLS)


def _lead(cells: Cells) -> str:
    low = int((cells.iou <= LOW).sum())
    return (
        f"{low:,} of {plural(len(cells), 'pair')} of an image and a class in it have an IoU of at most {LOW}. Of each "
        f"class up to {MOST} of them are here, those with most wrong pixels first, and {LEAST} pairs in any case; "
        f"then the image with most pixels of each of the {CONFUSIONS} largest confusions."
    )


def _caption() -> str:
    return (
        "In the data set’s colours; point at a pixel to read it. Errors are drawn for the class of the pair, or for "
        "the class that you press. Maps of more than 320 pixels are drawn from a part of their pixels, as are the "
        "shares beside a large image; every other number is from all pixels."
    )
