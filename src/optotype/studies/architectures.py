"""One architecture of a study on a screen: its curves in one plot, one image of its test, and its layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optotype.architecture import record, viewing
from optotype.diagnose import epochs
from optotype.diagnose.epochs import EpochRow
from optotype.evidence import Evidence
from optotype.evidence import load as load_evidence
from optotype.formats import read_mask_manifest, write_label_map
from optotype.runs import RunFolder
from optotype.studies.run_sections import pictures
from optotype.tables import OTHER
from optotype.views import Axis, Chart, Mark, Picture, Section, Series, Sheet, Tile, View

EXAMPLE = "example.png"
"""Truth of the image that stands for the test, in the data set's colours, in the run's folder."""
_SIDE = 480


def section(run: RunFolder) -> Section | None:
    """Section ``architecture``; None for a run that was not trained."""
    rows = epochs.read(run.log) if run.log.is_file() else []
    if not rows:
        return None
    layers = viewing.views(record.read(run.architecture)) if run.architecture.is_file() else []
    return Section("architecture", "Architecture", [curves(rows), *_example(run), *layers])


def curves(rows: Sequence[EpochRow]) -> Chart:
    """Both losses, and of the validation items pixel accuracy and mean IoU, in one plot."""
    x = [float(row.epoch) for row in rows]
    val = [row.val for row in rows]
    series = [
        Series("train loss", x, [row.train.loss for row in rows], role="train"),
        Series("validation loss", x, [score.loss if score else None for score in val], role="validation"),
        Series("validation pixel accuracy", x, [score.accuracy if score else None for score in val], role="a"),
        Series("validation mean IoU", x, [score.miou if score else None for score in val], role="b"),
    ]
    known = [one for one in series if any(y is not None for y in one.y)]
    best = max((row.epoch for row in rows if row.best), default=None)
    marks = [] if best is None else [Mark(float(best), f"best epoch {best}")]
    return Chart(
        "line", Axis("epoch", unit="count"), Axis("loss (nats), accuracy and IoU (ratios)", low=0), known, marks,
        title="Losses, accuracy and mean IoU", id="all-curves",
    )  # fmt: skip


def keep_example(run: RunFolder) -> None:
    """Write the truth of the image that stands for the test, so that the report can show it."""
    masks = read_mask_manifest(run.data)
    key = example_of(load_evidence(run.evidence))
    row = int(np.flatnonzero(masks.items.key == key)[0])
    write_label_map(run.path / EXAMPLE, masks.maps[row], masks.colours)


def example_of(evidence: Evidence) -> str:
    """Key of the image with most classes, the first of equals: the same for all models of one data set."""
    pixels = evidence["pixels"]
    labelled = pixels["truth"] < min(len(evidence.classes), OTHER)
    pairs = np.unique(pixels.item[labelled].astype(np.int64) << 8 | pixels["truth"][labelled])
    return str(evidence.keys[np.bincount(pairs >> 8, minlength=len(evidence)).argmax()])


def _example(run: RunFolder) -> list[View]:
    if not (run.path / EXAMPLE).is_file() or not run.evidence.is_file():
        return []
    key = example_of(load_evidence(run.evidence))
    image = pictures(run)(key)
    shown = [
        (image and Picture(image.path, _SIDE), key),
        (Picture(str(run.path / EXAMPLE), _SIDE), "truth"),
        (Picture(str(run.predictions / f"{key}.png"), _SIDE), f"{run.path.name} says"),
    ]
    tiles = [Tile(picture, label) for picture, label in shown if picture is not None]
    caption = "The test image with most classes, in the data set's colours; void is black."
    return [Sheet(tiles, per_row=3, title="One image of the test", caption=caption)]
