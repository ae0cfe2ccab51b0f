"""The sections of the report about one classifier, and its verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optotype import metrics
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.results import ClassResult, Metric, Result
from optotype.tasks.classify.calibrating import calibration
from optotype.tasks.classify.gallery import LIMIT, Pictures, gallery
from optotype.tasks.headline import headline
from optotype.tasks.wording import percent, plural, quoted, within
from optotype.views import (
    Cell,
    Column,
    Link,
    Matrix,
    Section,
    Sentence,
    Span,
    Table,
    View,
)

MOST_MATRIX_CLASSES = 50
MOST_PAIRS = 20


@dataclass(frozen=True)
class Confusion:
    """How often one class was taken for another."""

    truth: int
    predicted: int
    n: int


def confusions(evidence: Evidence) -> list[Confusion]:
    """Pairs of differing classes, the commonest first."""
    rows, K = evidence["labels"], len(evidence.classes)
    wrong = rows["truth"] != rows["predicted"]
    codes, counts = np.unique(rows["truth"][wrong].astype(np.int64) * K + rows["predicted"][wrong], return_counts=True)
    order = np.lexsort((codes, -counts))
    return [Confusion(int(codes[i] // K), int(codes[i] % K), int(counts[i])) for i in order]


def verdict(result: Result, evidence: Evidence) -> list[Sentence]:
    """Up to five sentences: how good, where weakest, which confusion, how calibrated, what the data cannot show."""
    found = [
        _how_good(result),
        _weakest(result),
        _commonest(result, evidence),
        _calibrated(result),
        _caveat(result),
    ]
    return [sentence for sentence in found if sentence is not None]


def sections(result: Result, evidence: Evidence, picture: Pictures, *, limit: int = LIMIT) -> list[Section]:
    """Sections ``numbers``, ``classes``, ``confusion``, ``calibration`` (with scores) and ``images``."""
    found = [_numbers(result), _classes(result), _confusion(result, evidence)]
    if result.calibration:
        found.append(calibration(result))
    found.append(Section("images", "The images", [gallery(evidence, picture, limit=limit)]))
    return found


def _how_good(result: Result) -> Sentence | None:
    accuracy = result["accuracy"]
    if accuracy.value is None:
        return None
    most = max(result.per_class, key=lambda row: row.n)
    share = most.n / result.n.items
    text = f"The model is right on {percent(accuracy.value)}{_interval(accuracy)} of {plural(result.n.items, 'item')}"
    floor = accuracy.value if accuracy.low is None else accuracy.low
    if floor > share:
        text += f"; always answering {quoted(most.name)}, the commonest class, would be right on {percent(share)}."
        return Sentence(text, "neutral", "numbers")
    text += f", which is not shown to be better than always answering {quoted(most.name)} ({percent(share)})."
    return Sentence(text, "bad", "numbers")


def _weakest(result: Result) -> Sentence | None:
    judged = [row for row in result.per_class if row.metrics["recall"].value is not None]
    if len(judged) < 2:
        return None
    row = min(judged, key=lambda row: (_value(row, "recall"), -row.n))
    recall = row.metrics["recall"]
    best = max(_value(other, "recall") for other in judged)
    if recall.value == best:
        return Sentence(f"All classes are found equally often: {percent(best)}.", "neutral", "classes")
    text = (
        f"The weakest class is {quoted(row.name)}: {percent(_value(row, 'recall'))}{_interval(recall)} of its "
        f"{plural(row.n, 'item')} found; the best class reaches {percent(best)}."
    )
    return Sentence(text, "caution", "classes")


def _commonest(result: Result, evidence: Evidence) -> Sentence | None:
    pairs = confusions(evidence)
    if not pairs:
        return Sentence("No item is classified wrongly.", "good", "confusion")
    top, errors = pairs[0], sum(pair.n for pair in pairs)
    n = result.per_class[top.truth].n
    text = (
        f"The commonest mistake is calling {quoted(evidence.classes[top.truth])} "
        f"{quoted(evidence.classes[top.predicted])}: "
        f"{top.n:,} of {plural(n, 'item')} ({percent(top.n / n, 0)}), out of {plural(errors, 'mistake')} in all."
    )
    return Sentence(text, "neutral", "confusion")


def _calibrated(result: Result) -> Sentence | None:
    if not result.calibration:
        return None
    found, ece = result.calibration, result.calibration["ece"]
    shown = f"calibration error {ece['value']:.3f}"
    if ece["low"] is not None:
        shown += f" [{ece['low']:.3f}, {ece['high']:.3f}]"
    chance = ece["if_calibrated"]
    by_chance = "" if chance is None else f"; a perfectly calibrated model would show about {chance:.3f} by chance"
    if not ece["low"]:
        text = f"The confidences cannot be shown to be wrong: {shown}{by_chance}."
        return Sentence(text, "neutral", "calibration")
    gap = found["confidence"] - found["accuracy"]
    said = f"on average {percent(found['confidence'])} sure, and right on {percent(found['accuracy'])}"
    if abs(gap) < ece["value"] / 2:
        text = f"Its confidences are off in both directions ({said}; {shown})."
    else:
        text = f"It is {'over' if gap > 0 else 'under'}-confident: {said} ({shown})."
    return Sentence(text + _cured(found.get("recalibration", {})), "caution", "calibration")


def _cured(recalibration: dict[str, Any]) -> str:
    if "temperature" not in recalibration:
        return ""
    before, after = (row["ece"] for row in recalibration["rows"][:2])
    if after >= before:
        return ""
    return (
        f" Dividing the logits by {recalibration['temperature']:.2f} lowers that error from {before:.3f} to "
        f"{after:.3f} "
        "on items the divisor was not fitted on."
    )


def _caveat(result: Result) -> Sentence | None:
    if result.n.groups < FEWEST_GROUPS:
        few = plural(result.n.groups, "independent group")
        return Sentence(f"With only {few} of items there are no valid intervals.", "caution", "numbers")
    small = [row for row in result.per_class if 0 < row.n < FEWEST_GROUPS]
    if small:
        least = min(small, key=lambda row: row.n)
        text = (
            f"{plural(len(small), 'class has', 'classes have')} fewer than {FEWEST_GROUPS} items (least: "
            f"{quoted(least.name)} with {least.n}); read their numbers as rough."
        )
        return Sentence(text, "caution", "classes")
    absent = sum(row.n == 0 for row in result.per_class)
    if absent:
        text = f"{absent} of {len(result.per_class)} classes have no items here and are not judged."
        return Sentence(text, "caution", "classes")
    return None


def _numbers(result: Result) -> Section:
    labels = {kind.key: kind.label for kind in metrics.of_task("classify")}
    caption = (
        f"{plural(result.n.items, 'item')} in {plural(result.n.groups, 'independent group')}, "
        f"{plural(result.n.classes, 'class', 'classes')}. Protocol ‘{result.protocol.get('name', '')}’: "
        f"averages are {result.protocol.get('averages', '')}; Brier {result.protocol.get('brier', '')}."
    )
    return headline(result, labels, caption)


def _classes(result: Result) -> Section:
    columns = [
        Column("class"),
        Column("items", "integer", hint="items whose true class this is"),
        *(Column(kind.label, "ratio", "higher", bar=True, hint=_HINTS[kind.key]) for kind in metrics.CLASS_METRICS),
    ]
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for row in result.per_class:
        cells = (row.metrics[kind.key] for kind in metrics.CLASS_METRICS)
        rows.append([row.name, row.n, *(Span.of(cell) for cell in cells)])
        links.append(Link("images", {"truth": row.name}))
    method = result.protocol.get("intervals", {}).get("per_class", "")
    caption = (
        f"95 % intervals ({method}). A dash: the number does not exist, or has no valid interval. "
        "Click a row to see the class's images."
    )
    table = Table(columns, rows, links, title="Each class", caption=caption, id="class-table")
    lead = "Precision: of the items given this class, how many are it. Recall: of its items, how many were found."
    return Section("classes", "Class by class", [table], lead=lead)


_HINTS = {
    "precision": "of the items given this class, the share that are it",
    "recall": "of the items of this class, the share that were given it",
    "f1": "harmonic mean of precision and recall",
}


def _confusion(result: Result, evidence: Evidence) -> Section:
    pairs = confusions(evidence)
    views: list[View] = [_matrix(evidence, pairs)]
    if pairs:
        views.append(_pairs(result, evidence, pairs))
    return Section("confusion", "What is taken for what", views)


def _matrix(evidence: Evidence, pairs: list[Confusion]) -> Matrix:
    rows, K = evidence["labels"], len(evidence.classes)
    shown = np.arange(K)
    caption = "How often items of the row's class were given the column's class; the diagonal is right. "
    if K > MOST_MATRIX_CLASSES:
        shown = _most_confused(pairs, K)
        caption += f"Only the {len(shown)} of {K} classes with most mistakes; other classes are left out. "
    place = np.full(K, -1)
    place[shown] = np.arange(len(shown))
    truth, predicted = place[rows["truth"]], place[rows["predicted"]]
    inside = (truth >= 0) & (predicted >= 0)
    size = len(shown)
    counts = np.bincount(truth[inside] * size + predicted[inside], minlength=size * size).reshape(size, size)
    return Matrix(
        [evidence.classes[k] for k in shown],
        counts.tolist(),
        gallery="images",
        title="Confusion matrix",
        caption=caption + "Click a cell to see its images.",
        id="confusion-matrix",
    )


def _most_confused(pairs: list[Confusion], classes: int) -> Any:
    mistakes = np.zeros(classes, np.int64)
    for pair in pairs:
        mistakes[pair.truth] += pair.n
        mistakes[pair.predicted] += pair.n
    return np.sort(np.argsort(-mistakes, kind="stable")[:MOST_MATRIX_CLASSES])


def _pairs(result: Result, evidence: Evidence, pairs: list[Confusion]) -> Table:
    names, errors = evidence.classes, sum(pair.n for pair in pairs)
    rows: list[list[Cell]] = [
        [names[p.truth], names[p.predicted], p.n, p.n / result.per_class[p.truth].n, p.n / errors]
        for p in pairs[:MOST_PAIRS]
    ]
    links: list[Link | None] = [
        Link("images", {"truth": names[p.truth], "predicted": names[p.predicted]}) for p in pairs[:MOST_PAIRS]
    ]
    columns = [
        Column("truth"),
        Column("taken for"),
        Column("times", "integer", bar=True),
        Column("of the class", "percent", hint="share of the true class's items"),
        Column("of all mistakes", "percent"),
    ]
    caption = f"The {len(rows)} commonest of {plural(len(pairs), 'confused pair')}. Click a row to see the images."
    return Table(columns, rows, links, title="Most confused pairs", caption=caption, id="confused-pairs")


def _value(row: ClassResult, key: str) -> float:
    value = row.metrics[key].value
    return 0.0 if value is None else value


def _interval(metric: Metric) -> str:
    return within(metric.low, metric.high)
