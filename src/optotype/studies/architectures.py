"""One architecture of a study on a screen: its curves in one plot, one image of its test, and its layers."""

from __future__ import annotations

from collections.abc import Sequence

from optotype.architecture import record, viewing
from optotype.diagnose import epochs
from optotype.diagnose.epochs import EpochRow
from optotype.runs import RunFolder
from optotype.views import Axis, Chart, Mark, Section, Series, View


def section(run: RunFolder, example: Sequence[View] = ()) -> Section | None:
    """Section ``architecture`` with the ``example`` between plot and layers; None for a run that was not trained."""
    rows = epochs.read(run.log) if run.log.is_file() else []
    if not rows:
        return None
    layers = viewing.views(record.read(run.architecture)) if run.architecture.is_file() else []
    return Section("architecture", "Architecture", [curves(rows), *example, *layers])


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
