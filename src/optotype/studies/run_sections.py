"""The sections about a run itself: how it was trained, on which data, and where the numbers come from."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from optotype import evidence as evidences
from optotype import results
from optotype.architecture import record, viewing
from optotype.diagnose import epochs, learning_curves
from optotype.formats import holds_masks, read_items, read_labels
from optotype.formats.manifest import holds_labels
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.tables import Labels, Masks
from optotype.tasks.pictures import Pictures
from optotype.training.config import Augment
from optotype.training.settings import read_config
from optotype.views import (
    Axis,
    Cell,
    Chart,
    Code,
    Column,
    Picture,
    Section,
    Sentence,
    Series,
    Sheet,
    Table,
    Tile,
    View,
)


def curve_sentences(folder: RunFolder) -> list[Sentence]:
    """What the curves say, in a sentence."""
    rows = epochs.read(folder.log) if folder.log.is_file() else []
    return [learning_curves.verdict(rows).sentence] if rows else []


def training_section(folder: RunFolder) -> Section | None:
    """Curves with the overfitting verdict, the sheets of images, the layers, and the settings."""
    rows = epochs.read(folder.log) if folder.log.is_file() else []
    if not rows:
        return None
    section = learning_curves.section(rows)
    views = [*section.views, *_sheets(folder), *_layers(folder), *_settings(folder)]
    return msgspec.structs.replace(section, views=views)


def _sheets(folder: RunFolder) -> list[View]:
    """The batch sheet, and the augmentation sheet where images are augmented at all."""
    index = folder.sheets / "sheets.json"
    if not index.is_file():
        return []
    found: dict[str, list[dict[str, str]]] = msgspec.json.decode(index.read_bytes())
    batch = _sheet(folder, found["batch"], "One training batch", "As the model sees it, with the truth of each image.")
    if not folder.config.is_file() or read_config(folder.config).augment == Augment():
        return [batch]
    caption = "The photo as it is, then as the model sees it in the first epochs."
    return [batch, _sheet(folder, found["augmentation"], "Augmentation", caption)]


def _sheet(folder: RunFolder, tiles: list[dict[str, str]], title: str, caption: str) -> Sheet:
    shown = [Tile(Picture(str(folder.sheets / tile["file"])), tile["label"]) for tile in tiles]
    return Sheet(shown, per_row=8, title=title, caption=caption)


def _layers(folder: RunFolder) -> list[View]:
    """The layer table of the model (runs of older versions have none)."""
    return viewing.views(record.read(folder.architecture)) if folder.architecture.is_file() else []


def _settings(folder: RunFolder) -> list[View]:
    return [Code(folder.config.read_text(encoding="utf-8"), title="Settings")] if folder.config.is_file() else []


def data_section(folder: RunFolder) -> Section | None:
    """Class bars per split; None where the folder does not tell each item's class."""
    if not folder.data.is_file() or not holds_labels(folder.data):
        return None
    labels = read_labels(folder.data)
    return Section(
        "data", "The data", [class_bars(labels)], lead=f"{len(labels):,} items, {len(labels.classes)} classes."
    )


def class_bars(labels: Labels) -> Chart:
    """Items per class in each split."""
    roles: dict[str, Any] = {"train": "train", "val": "validation", "test": "test", "": "a"}
    names = {"train": "train", "val": "validation", "test": "test", "": "items"}
    series = []
    for split in ("train", "val", "test", ""):
        inside = labels.items.split == split
        if inside.any():
            counts = np.bincount(labels.label[inside], minlength=len(labels.classes))
            x = [float(k) for k in range(len(counts))]
            series.append(Series(names[split], x, [float(c) for c in counts], role=roles[split]))
    return Chart(
        "bar",
        Axis("class", categories=list(labels.classes)),
        Axis("items", low=0, unit="count"),
        series,
        title="Items per class and split",
    )


def provenance_section(folder: RunFolder) -> Section | None:
    """Hashes, versions, machine and the command that makes the numbers again."""
    rows: list[list[Cell]] = []
    command = ""
    if folder.eval.is_file():
        result = results.load(folder.eval)
        rows, command = _sources(result), result.provenance.command
    if folder.env.is_file():
        env: dict[str, Any] = msgspec.json.decode(folder.env.read_bytes())
        rows += [
            [key, value if isinstance(value, str) else msgspec.json.encode(value).decode()]
            for key, value in env.items()
        ]
    if not rows:
        return None
    views: list[View] = [Table([Column("what"), Column("value")], rows)]
    if command:
        views.append(Code(command, title="Command"))
    return Section("provenance", "Provenance", views)


def _sources(result: Result) -> list[list[Cell]]:
    origin = result.provenance
    return [
        ["truth", origin.truth.path],
        ["truth sha256", origin.truth.sha256],
        ["predictions", origin.predictions.path],
        ["predictions sha256", origin.predictions.sha256],
        ["optotype", origin.version],
        ["made", origin.created],
        ["protocol", f"{result.protocol.get('name', '')} (every convention: eval.json)"],
    ]


def pictures(folder: RunFolder) -> Pictures:
    """Item key → its image, from the manifest in the folder; None where there is none.

    Where pixels have classes, the label maps that were judged too: the truth's from the manifest, and those of the
    predictions from the run's folder, or from where they were evaluated.
    """
    if not folder.data.is_file():
        return Pictures(lambda _key: None)
    items = read_items(folder.data)
    row = {key: i for i, key in enumerate(items.key.tolist())}

    def picture(key: str) -> Picture | None:
        i = row.get(key)
        return None if i is None or not items.path[i] else Picture(str(items.file(i)))

    if not holds_masks(folder.data) or not folder.evidence.is_file():
        return Pictures(picture)
    return Pictures(picture, cache(partial(_label_maps, folder)))


def _label_maps(folder: RunFolder) -> tuple[Masks, Masks]:
    from optotype.tasks.segment.judged_maps import judged_maps

    said = folder.predictions
    if not said.is_dir():
        said = Path(results.load(folder.eval).provenance.predictions.path)
    return judged_maps(folder.data, said, evidences.load(folder.evidence))
