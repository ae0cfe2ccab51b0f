"""One architecture of a study on a screen: its curves in one plot, one image of its test, and its layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optotype.architecture import record, viewing
from optotype.diagnose import epochs
from optotype.diagnose.epochs import EpochRow
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.evidence import load as load_evidence
from optotype.runs import RunFolder
from optotype.studies.run_sections import pictures
from optotype.tables import OTHER
from optotype.tasks.segment.label_frames import reduced
from optotype.views import Axis, Chart, Labelled, LabelMaps, Mark, Picture, Section, Series, View

SIDE = 640
"""Longer side of the example, pixels."""


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


def example_of(evidence: Evidence) -> int:
    """Position of the image with most classes, the first of equals: the same for all models of one data set."""
    pixels = evidence["pixels"]
    labelled = pixels["truth"] < min(len(evidence.classes), OTHER)
    pairs = np.unique(pixels.item[labelled].astype(np.int64) << 8 | pixels["truth"][labelled])
    return int(np.bincount(pairs >> 8, minlength=len(evidence)).argmax())


def _example(run: RunFolder) -> list[View]:
    """Image, truth and prediction; nothing where the label maps are no longer there."""
    found = pictures(run)
    if found.label_maps is None:
        return []
    try:
        truth, said = found.label_maps()
    except InputError:
        return []
    evidence = load_evidence(run.evidence)
    i = example_of(evidence)
    key, maps = str(evidence.keys[i]), (truth.maps[i], said.maps[i])
    image, (height, width) = found(key), maps[0].shape
    picture = None if image is None else Picture(image.path, SIDE)
    frame = Labelled(key, width, height, *reduced(*maps), picture=picture)
    colours = [(r, g, b) for r, g, b in truth.colours.tolist()]
    caption = "The test image with most classes."
    return [LabelMaps("example", [frame], list(truth.classes), colours, title="One image of the test", caption=caption)]
