"""What the learning curves say: trained too little, enough or too long? The rule and its numbers are stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from optotype.diagnose.epochs import EpochRow, Score, read
from optotype.views import (
    Axis,
    Chart,
    Column,
    Mark,
    Note,
    Section,
    Sentence,
    Series,
    Table,
    Tone,
    Verdict,
    View,
)  # fmt: skip

__all__ = ["Case", "CurveVerdict", "Numbers", "read", "section", "verdict"]

Case = Literal[
    "too few epochs",
    "no validation",
    "unstable",
    "overfitting",
    "memorising",
    "underfitting",
    "still improving",
    "converged",
]

What = Literal["loss", "accuracy", "miou"]

LEAST_EPOCHS = 4
"""Fewer epochs do not tell a trend from chance."""

POOR_ACCURACY = 0.6
"""A stalled training accuracy below this is underfitting."""

STALL = 0.02
"""A loss that falls by less than this share of itself over the last fifth of the epochs has stalled."""

SWING = 0.2
"""A single epoch's peak above both neighbours by this share of the best loss is a swing."""

WIDE_GAP = 0.1
"""A gap in accuracy that is worth a warning, if it is larger than chance explains."""

RULE = (
    "Best epoch: the lowest validation loss. Tolerance: the greater of twice the validation loss's standard error at "
    "the best epoch and three times its jitter between epochs (from the median second difference). "
    f"Too few: under {LEAST_EPOCHS} epochs. "
    f"Unstable: peaks over both neighbours by more than {SWING:.0%} of the best loss and two standard errors, in two "
    "or more epochs and a quarter of all. "
    "Overfitting: after the best epoch the validation loss rises – the mean of the last three epochs exceeds the mean "
    "of the three around the best by more than the tolerance, with a slope above 0 – while the training loss falls on. "
    "Memorising: after the best epoch the validation loss gets no better, and the gap to the training loss grows by "
    "more than the tolerance, because that falls on. "
    f"Underfitting: training accuracy under {POOR_ACCURACY:.0%} and its loss stalled (it fell by less than "
    f"{STALL:.0%} in the last fifth of the epochs), with a gap within the tolerance. "
    f"Still improving: the validation loss fell by {STALL:.0%} or more in the last fifth. Else: converged."
)


class Numbers(msgspec.Struct, frozen=True):
    """What the rule was applied to. Losses in nats; ``gap`` is validation minus train; ``rise`` is the mean of the
    last up to three validation losses after the best epoch minus the mean of the three around it, since the lowest
    of many noisy values lies too low by chance; ``slope`` in nats per epoch from the best epoch on (None where it is
    the last); ``recent`` is the share by which the validation loss fell in the last fifth of the epochs.
    """

    epochs: int
    best_epoch: int
    best_loss: float
    gap_best: float
    gap_last: float
    accuracy_gap_best: float
    rise: float
    slope: float | None
    recent: float
    standard_error: float
    jitter: float
    tolerance: float
    swings: int


class CurveVerdict(msgspec.Struct, frozen=True):
    """The case, the sentence that says it with its numbers, further remarks, and the mark for the charts."""

    case: Case
    sentence: Sentence
    remarks: list[Sentence]
    rule: str
    numbers: Numbers | None
    mark: Mark | None


def verdict(rows: Sequence[EpochRow], *, target: str = "training") -> CurveVerdict:
    """Judge the curves of a run by ``RULE``; ``target`` is the id of the section that shows them."""
    if any(row.val is None for row in rows):
        text = "There is no validation split, so overfitting cannot be told."
        return CurveVerdict("no validation", Sentence(text, "caution", target), [], RULE, None, None)
    numbers = measure(rows) if rows else None
    if numbers is None or numbers.epochs < LEAST_EPOCHS:
        text = f"{len(rows)} epoch{'s are' if len(rows) != 1 else ' is'} too few to tell overfitting from chance."
        mark = None if numbers is None else _mark(numbers)
        return CurveVerdict("too few epochs", Sentence(text, "neutral", target), [], RULE, numbers, mark)
    case = _case(rows, numbers)
    text, tone = _words(case, rows, numbers)
    remarks = [Sentence(remark, "caution", target) for remark in _remarks(case, rows, numbers)]
    return CurveVerdict(case, Sentence(text, tone, target), remarks, RULE, numbers, _mark(numbers))


def measure(rows: Sequence[EpochRow]) -> Numbers:
    """The numbers that ``RULE`` speaks of; every row needs a validation score."""
    scores = [_val(row) for row in rows]
    val = np.array([score.loss for score in scores])
    train = np.array([row.train.loss for row in rows])
    best = int(val.argmin())
    after = val[best + 1 :]
    error = scores[best].spread / math.sqrt(scores[best].n)
    jitter = float(np.median(np.abs(np.diff(val, 2)))) / (0.6745 * math.sqrt(6)) if len(val) > 2 else 0.0
    around = val[max(0, best - 1) : best + 2].mean()
    peaks = val[1:-1] - np.maximum(val[:-2], val[2:])
    return Numbers(
        epochs=len(rows),
        best_epoch=rows[best].epoch,
        best_loss=float(val[best]),
        gap_best=float(val[best] - train[best]),
        gap_last=float(val[-1] - train[-1]),
        accuracy_gap_best=rows[best].train.accuracy - scores[best].accuracy,
        rise=float(after[-3:].mean() - around) if len(after) else 0.0,
        slope=_slope(val[best:]) if len(after) else None,
        recent=_fall(val),
        standard_error=error,
        jitter=jitter,
        tolerance=max(2 * error, 3 * jitter),
        swings=int((peaks > max(SWING * val[best], 2 * error)).sum()),
    )


def section(rows: Sequence[EpochRow], *, target: str = "training") -> Section:
    """How it was trained: the verdict, loss and accuracy, the rule with its numbers, and the epochs as a table."""
    judged = verdict(rows, target=target)
    marks = [judged.mark] if judged.mark else []
    if judged.numbers and (kept := _kept(rows, judged.numbers)) != judged.numbers.best_epoch:
        marks.append(Mark(kept, f"kept: epoch {kept}"))
    views: list[View] = [
        Verdict([judged.sentence, *judged.remarks]),
        _chart("loss", "Loss", rows, marks),
        _chart("accuracy", "Accuracy", rows, marks),
    ]
    if _dense(rows):
        views.append(_chart("miou", "Mean IoU", rows, marks))
    if judged.numbers:
        views.append(_numbers_table(judged.numbers))
    views += [Note([judged.rule], title="The rule"), _epochs_table(rows)]
    lead = "Both curves are measured alike: in eval mode, without augmentation, label smoothing or class weights."
    return Section(target, "How it was trained", views, lead=lead)


def _case(rows: Sequence[EpochRow], numbers: Numbers) -> Case:
    train = np.array([row.train.loss for row in rows])
    best = next(row for row in rows if row.epoch == numbers.best_epoch)
    if numbers.swings >= max(2, math.ceil(numbers.epochs / 4)):
        return "unstable"
    rising = numbers.slope is not None and numbers.slope > 0 and numbers.rise > numbers.tolerance
    if rising and train[-1] < best.train.loss:
        return "overfitting"
    if min(best.train.loss - train[-1], numbers.gap_last - numbers.gap_best) > numbers.tolerance:
        return "memorising"
    stalled = _fall(train) < STALL
    if rows[-1].train.accuracy < POOR_ACCURACY and stalled and numbers.gap_last <= numbers.tolerance:
        return "underfitting"
    return "still improving" if numbers.recent >= STALL else "converged"


def _words(case: Case, rows: Sequence[EpochRow], n: Numbers) -> tuple[str, Tone]:
    last, best = rows[-1], next(row for row in rows if row.epoch == n.best_epoch)
    kept = f"the model kept is that of epoch {_kept(rows, n)}"
    gap = f"the gap to the training loss was {n.gap_best:.3f} there and is {n.gap_last:.3f} at the end"
    slope = n.slope or 0.0
    swing = max(SWING * n.best_loss, 2 * n.standard_error)
    words: dict[Case, tuple[str, Tone]] = {
        "overfitting": (
            f"Overfitting after epoch {n.best_epoch} of {n.epochs}: the validation loss rose from {n.best_loss:.3f} by "
            f"{n.rise:.3f} (tolerance {n.tolerance:.3f}), {slope:+.3f} an epoch, while the training loss fell on; "
            f"{gap}; {kept}.",
            "bad",
        ),
        "memorising": (
            f"Memorising after epoch {n.best_epoch} of {n.epochs}: the training loss fell from {best.train.loss:.3f} "
            f"to {last.train.loss:.3f} (accuracy {last.train.accuracy:.1%}), but the validation loss got no better "
            f"({n.rise:+.3f}, tolerance {n.tolerance:.3f}; accuracy {_val(last).accuracy:.1%}); {kept}. More data, "
            "augmentation or pretrained weights may help.",
            "caution",
        ),
        "underfitting": (
            f"Underfitting: training itself stalled at accuracy {last.train.accuracy:.1%}, loss {last.train.loss:.3f}, "
            f"and validation is no worse (gap {n.gap_last:.3f}, tolerance {n.tolerance:.3f}). A larger model, a higher "
            "rate or less regularisation may help.",
            "bad",
        ),
        "unstable": (
            f"Unstable: in {n.swings} of {n.epochs} epochs the validation loss jumped more than {swing:.3f} above its "
            f"neighbours; {kept}. A lower rate, warm-up, clipping or a moving average (ema) may help.",
            "bad",
        ),
        "still improving": (
            f"Still improving: the validation loss fell by {n.recent:.1%} in the last fifth of {n.epochs} epochs; best "
            f"epoch {n.best_epoch}; {gap}. More epochs may help.",
            "caution",
        ),
        "converged": (
            f"Converged without overfitting: the best epoch is {n.best_epoch} of {n.epochs}, and since then the "
            f"validation loss rose by {n.rise:.3f} (tolerance {n.tolerance:.3f}); {gap}.",
            "good",
        ),
    }
    return words[case]


def _kept(rows: Sequence[EpochRow], n: Numbers) -> int:
    """The epoch whose model is kept: of label maps that may be the one with the highest mean IoU."""
    return max((row.epoch for row in rows if row.best), default=n.best_epoch)


def _remarks(case: Case, rows: Sequence[EpochRow], n: Numbers) -> list[str]:
    """A wide gap without a rising validation loss is worth a word: the training items are known by heart."""
    best = next(row for row in rows if row.epoch == n.best_epoch)
    val = _val(best)
    error = math.sqrt(sum(s.accuracy * (1 - s.accuracy) / s.n for s in (best.train, val)))
    if case in ("converged", "still improving") and n.accuracy_gap_best > max(WIDE_GAP, 2 * error):
        return [
            f"The model is {100 * n.accuracy_gap_best:.1f} points more accurate on the items it was trained on "
            f"({best.train.accuracy:.1%} against {val.accuracy:.1%}, chance explains {200 * error:.1f}): more data, "
            "augmentation or pretrained weights may help."
        ]
    return []


def _val(row: EpochRow) -> Score:
    assert row.val is not None, "a validation score"
    return row.val


def _mark(numbers: Numbers) -> Mark:
    return Mark(numbers.best_epoch, f"best epoch {numbers.best_epoch}")


def _slope(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Least-squares slope per epoch."""
    x = np.arange(len(values)) - (len(values) - 1) / 2
    return float((x * values).sum() / (x * x).sum())


def _fall(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Share by which a loss fell over the last fifth of the epochs, one at least."""
    back = max(1, len(values) // 5)
    before = float(values[-1 - back]) if len(values) > back else float(values[0])
    return (before - float(values[-1])) / before if before > 1e-9 else 0.0


def _dense(rows: Sequence[EpochRow]) -> bool:
    """Whether pixels were classified, so that there is a mean IoU."""
    return any(row.train.miou is not None for row in rows)


_AXES = {
    "loss": Axis("loss", low=0, unit="nats"),
    "accuracy": Axis("accuracy", low=0, high=1, unit="ratio"),
    "miou": Axis("mean IoU", low=0, high=1, unit="ratio"),
}


def _chart(what: What, title: str, rows: Sequence[EpochRow], marks: list[Mark]) -> Chart:
    x = [float(row.epoch) for row in rows]
    series = [Series("train", x, [_number(row.train, what) for row in rows], role="train")]
    if any(row.val for row in rows):
        series.append(Series("validation", x, [_number(row.val, what) for row in rows], role="validation"))
    return Chart("line", Axis("epoch", unit="count"), _AXES[what], series, marks=marks, title=title)


def _number(score: Score | None, what: What) -> float | None:
    if score is None:
        return None
    found: float | None = getattr(score, what)
    return found


def _numbers_table(n: Numbers) -> Table:
    rows: list[tuple[str, float | int | None]] = [
        ("best epoch", n.best_epoch),
        ("validation loss there", n.best_loss),
        ("gap (validation − train) there", n.gap_best),
        ("gap at the last epoch", n.gap_last),
        ("rise after the best epoch", n.rise),
        ("slope after it, per epoch", n.slope),
        ("tolerance", n.tolerance),
        ("standard error of the validation loss", n.standard_error),
        ("jitter between epochs", n.jitter),
        ("fall in the last fifth of the epochs (share)", n.recent),
        ("swings", n.swings),
    ]
    columns = [Column("what the rule looks at"), Column("value", kind="number")]
    return Table(columns, [[name, value] for name, value in rows], title="Numbers of the verdict")


def _epochs_table(rows: Sequence[EpochRow]) -> Table:
    dense = _dense(rows)
    columns = [
        Column("epoch", kind="integer"),
        Column("train loss", kind="number"),
        Column("validation loss", kind="number"),
        Column("train accuracy", kind="percent"),
        Column("validation accuracy", kind="percent"),
        *((Column("train mean IoU", kind="ratio"), Column("validation mean IoU", kind="ratio")) if dense else ()),
        Column("rate", kind="number"),
        Column("images/s", kind="number"),
        Column("data", kind="percent", hint="share of a step's time spent waiting for images"),
        Column("forward", kind="percent"),
        Column("backward", kind="percent"),
        Column("optimizer", kind="percent"),
    ]
    cells = []
    for row in rows:
        step = row.time.step
        spent = (step.data, step.forward, step.backward, step.optimizer)
        shares = [part / (sum(spent) or 1.0) for part in spent]
        val = (row.val.loss, row.val.accuracy) if row.val else (None, None)
        rate = row.time.images_per_second
        ious = (row.train.miou, row.val.miou if row.val else None) if dense else ()
        cells.append([row.epoch, row.train.loss, val[0], row.train.accuracy, val[1], *ious, row.lr, rate, *shares])
    return Table(columns, [list(c) for c in cells], title="Epochs")
