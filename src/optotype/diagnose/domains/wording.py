"""What changes from one data set to the other, in ranked sentences that say nothing their intervals do not carry."""

from __future__ import annotations

from optotype.diagnose.compare.pair_words import reach
from optotype.diagnose.compare.records import Difference
from optotype.diagnose.compare.wording import ALPHA, signed
from optotype.diagnose.domains.records import ClassShift, Confusion, Crossing, Shift
from optotype.tasks.wording import percent, plural, quoted, within
from optotype.views import Sentence

_MOST_NAMED = 4
_MOST_CONFUSIONS = 5
_LEAST_COVERAGE = 0.9
_TEXTS = {"miou": "mean IoU", "pixel_accuracy": "pixel accuracy", "mean_accuracy": "mean accuracy"}


def verdict(crossing: Crossing) -> list[Sentence]:
    """The loss as a whole, what it is made of, the classes and the confusions behind it, the greatest first."""
    found = [_whole(crossing), _mix(crossing), *_classes(crossing), *confusion_sentences(crossing), _coverage(crossing)]
    return [sentence for sentence in found if sentence is not None]


def holds(difference: Difference) -> bool:
    """Whether a difference holds after Holm's correction."""
    return difference.p_holm is not None and difference.p_holm < ALPHA


def _whole(crossing: Crossing) -> Sentence:
    shift, (first, second) = crossing.metrics["miou"], map(quoted, crossing.names)
    values = f"{_value(shift, 0)} on {first}, {_value(shift, 1)} on {second}"
    over = f"over the {plural(len(crossing.compared), 'class', 'classes')} that both have"
    difference = shift.difference
    change = f"{signed(difference.value or 0.0)} points{reach(difference)}"
    text = f"Mean IoU {over}: {values}, {change}"
    if difference.low is None:
        return Sentence(f"{text}, without a valid interval.", "caution", "domains")
    if not difference.shown:
        return Sentence(f"{text}: no change can be shown.", "neutral", "domains")
    return Sentence(f"{text}.", "bad" if (difference.value or 0.0) < 0 else "good", "domains")


def _mix(crossing: Crossing) -> Sentence | None:
    """What of the change of pixel accuracy is the model's, and what the streets'."""
    change, mix = crossing.metrics["pixel_accuracy"].difference, crossing.mix
    if change.value is None or mix.recall.value is None or mix.shares.value is None:
        return None
    text = (
        f"Pixel accuracy changes by {signed(change.value)} points{reach(change)}: {signed(mix.recall.value)}"
        f"{reach(mix.recall)} because classes are found differently often, {signed(mix.shares.value)}"
        f"{reach(mix.shares)} because classes fill other shares of the images."
    )
    return Sentence(text, "neutral", "mix")


def _classes(crossing: Crossing) -> list[Sentence]:
    """Which classes lose and which gain IoU, in points."""
    first, second = map(quoted, crossing.names)
    shown = [row for row in crossing.per_class if holds(row.iou.difference)]
    lost = [row for row in shown if (row.iou.difference.value or 0.0) < 0]
    gained = [row for row in shown if (row.iou.difference.value or 0.0) > 0][::-1]
    tail = f"(p < {ALPHA} after Holm's correction)."
    found = []
    if lost:
        told = f"IoU that {second} loses against {first}, in points: {_named(lost)} {tail}"
        found.append(Sentence(told, "bad", "domain-classes"))
    if gained:
        told = f"IoU that {second} gains over {first}, in points: {_named(gained)} {tail}"
        found.append(Sentence(told, "good", "domain-classes"))
    if not shown and any(row.iou.difference.low is not None for row in crossing.per_class):
        text = "Of no class a change of IoU can be shown after correction for their number."
        found.append(Sentence(text, "neutral", "domain-classes"))
    return found


def _named(rows: list[ClassShift]) -> str:
    parts = [
        f"{quoted(row.name)} {signed(row.iou.difference.value or 0.0)}{reach(row.iou.difference)}"
        for row in rows[:_MOST_NAMED]
    ]
    return ", ".join(parts) + (f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else "")


def confusion_sentences(crossing: Crossing, most: int = _MOST_CONFUSIONS) -> list[Sentence]:
    """The confusions that change most, of those that hold after correction."""
    shown = [row for row in crossing.confusions if holds(row.difference)]
    return [_confusion(crossing, row) for row in shown[:most]]


def _confusion(crossing: Crossing, row: Confusion) -> Sentence:
    first, second = map(quoted, crossing.names)
    more = (row.difference.value or 0.0) > 0
    said = "no class of the list" if row.said is None else quoted(row.said)
    text = (
        f"Of {quoted(row.truth)}, {percent(row.second)} is called {said} on {second}, {percent(row.first)} on {first}: "
        f"{signed(row.difference.value or 0.0)} points{reach(row.difference)}."
    )
    return Sentence(text, "bad" if more else "good", "confusion-changes")


def _coverage(crossing: Crossing) -> Sentence | None:
    """Where the joint classes leave much out."""
    few = [side for side in crossing.sides if side.coverage is not None and side.coverage < _LEAST_COVERAGE]
    if not few:
        return None
    told = " and ".join(
        f"{percent(side.coverage or 0.0)} of the labelled pixels of {quoted(side.name)}" for side in few
    )
    return Sentence(f"The joint classes cover {told}; the rest is left out.", "caution", "domain-sides")


def label(key: str) -> str:
    """What a number of ``Crossing.metrics`` is called."""
    return _TEXTS[key]


def _value(shift: Shift, side: int) -> str:
    metric = (shift.first, shift.second)[side]
    return "–" if metric.value is None else percent(metric.value) + within(metric.low, metric.high)
