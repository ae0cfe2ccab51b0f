"""A page with two examples of each class of a data set of label maps, in the data set's own colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from optotype.data.findings import Findings
from optotype.errors import InputError
from optotype.files import replacing
from optotype.formats import read_masks
from optotype.label_maps import LabelMap
from optotype.report import html
from optotype.studies.evaluation import new_folder
from optotype.tables import OTHER, Array, Masks
from optotype.views import Cell, Column, Note, Page, Picture, Section, Sheet, Table, Tile, View

EACH = 2
"""Examples of each class."""

SIDE = 480
"""Longer side of a picture, in pixels."""


def write_examples(path: Path, found: Findings, out: Path, *, classes: str | Path | None = None) -> Path:
    """Write ``check.html`` with what a check found and, for each class, the images with most of it; returns its path.

    Raises InputError where the data set is none of label maps, or ``out`` holds something.
    """
    if found.task != "segment":
        raise InputError("--out", "a data set of label maps, whose classes have colours", f"one to {found.task}",
                         "Leave it out.")  # fmt: skip
    folder = new_folder(out)
    masks = read_masks(path, classes=classes, unknown="void").masks
    chosen = _chosen(masks)
    pictures = {i: _pictures(masks, i, folder.path) for i in sorted({i for rows in chosen for i in rows})}
    sections = [_numbers(found)]
    for k, rows in enumerate(chosen):
        if rows:
            sections.append(_examples(masks, k, rows, pictures))
    page = Page(title=path.name, sections=sections, subtitle=found.summary)
    html.write(page, folder.path / "check.html")
    return folder.path / "check.html"


def _chosen(masks: Masks) -> list[list[int]]:
    """Of each class the rows with most of its pixels, one a sequence as long as there are others."""
    counts = np.array([np.bincount(np.asarray(labels).ravel(), minlength=256) for labels in masks.maps])
    group = masks.items.groups()
    chosen = []
    for k in range(len(masks.classes)):
        order = [int(i) for i in np.argsort(-counts[:, k], kind="stable") if counts[i, k]]
        first = [order[0]] if order else []
        others = [i for i in order[1:] if group[i] != group[order[0]]] + order[1:]
        chosen.append(first + others[: EACH - 1])
    return chosen


def _pictures(masks: Masks, i: int, folder: Path) -> list[tuple[Path, str]]:
    """Files of the image, where there is one, and of the label map in colours."""
    key = str(masks.items.key[i])
    painted = folder / "masks" / f"{key}.png"
    _save(painted, _painted(masks.maps[i], masks.colours))
    files = [(painted, "label map")]
    image = masks.items.file(i)
    return [(image, key), *files] if masks.items.path[i] and image.is_file() else files


def _painted(labels: LabelMap, colours: Array) -> Array:
    """Label map in the colours of the classes; void black, unknown values magenta."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[OTHER] = (255, 0, 255)
    return table[labels]


def _save(path: Path, pixels: Array) -> None:
    with replacing(path) as stream:
        Image.fromarray(pixels).save(stream, "PNG")


def _numbers(found: Findings) -> Section:
    masks = found.masks
    assert masks is not None
    known = max(1, masks.pixels - masks.void)
    columns = [Column("class"), Column("images", "integer"), Column("of the images", "percent"),
               Column("pixels", "integer"), Column("of the pixels", "percent", bar=True)]  # fmt: skip
    rows: list[list[Cell]] = [
        [row.name, row.n, row.n / max(1, found.images), row.pixels, row.pixels / known] for row in found.classes
    ]
    views: list[View] = [Table(columns, rows, title="Each class", caption=f"Void pixels ({masks.void:,} of "
                               f"{masks.pixels:,}) are no part of the shares.")]  # fmt: skip
    told = [f"{one.text}. {one.fix}" for one in found.findings]
    if told:
        views.append(Note(told, "caution", "Findings"))
    return Section("numbers", "What is in the data", views)


def _examples(masks: Masks, k: int, rows: list[int], pictures: dict[int, list[tuple[Path, str]]]) -> Section:
    name = masks.classes[k]
    colour = ", ".join(str(part) for part in masks.colours[k].tolist())
    tiles = [Tile(Picture(str(file), SIDE), text) for i in rows for file, text in pictures[i]]
    return Section(
        f"class-{k}", name, [Sheet(tiles, per_row=2 * EACH, caption=f"Most of ‘{name}’; its colour is {colour}.")]
    )
