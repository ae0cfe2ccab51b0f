"""The sections of the report about one detector, and its verdict in words."""

from __future__ import annotations

from typing import Any

from optotype.evidence import Evidence
from optotype.metrics.average_precision import selections
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.metrics.tide.codes import ERROR_NAMES
from optotype.results import ClassResult, Metric, Result
from optotype.tasks.detect.calibrating import calibration
from optotype.tasks.detect.curve_views import curves
from optotype.tasks.detect.error_views import errors
from optotype.tasks.detect.frames import Pictures, Shown, error_events, worst_images
from optotype.tasks.detect.protocol import rules_of
from optotype.tasks.detect.size_views import size_sentences, sizes
from optotype.tasks.detect.tiding import ERRORS
from optotype.tasks.headline import headline
from optotype.tasks.wording import percent, plural, quoted
from optotype.views import Cell, Column, Link, Section, Sentence, Span, Table, View

WORTH_SAYING = 0.9
"""A calibration error that recalibration leaves at more than this share is not called lowered."""


def verdict(result: Result, evidence: Evidence) -> list[Sentence]:  # noqa: ARG001 — all tasks have it so
    """Up to seven sentences: how good, what costs most, sizes, the weakest class, how sure, what cannot be shown."""
    found = [_how_good(result), _at_best_f1(result), _costliest(result), *size_sentences(result)[:1], _weakest(result)]
    return [s for s in (*found, _calibrated(result), _caveat(result)) if s is not None]


def sections(result: Result, evidence: Evidence, picture: Pictures) -> list[Section]:
    """Sections ``numbers``, ``errors``, ``sizes``, ``classes``, ``curves``, ``calibration`` and ``images``."""
    shown = Shown.of(evidence)
    found = [_numbers(result)]
    if result.n.truth:
        found += [errors(result), sizes(result)]
    found.append(_classes(result))
    if result.n.truth and result.n.predictions:
        found.append(curves(result, evidence))
    if (sure := calibration(result)) is not None:
        found.append(sure)
    frames: list[View] = [view for view in (worst_images(shown, picture), error_events(shown, picture)) if view.frames]
    return [*found, Section("images", "The images", frames)] if frames else found


def _how_good(result: Result) -> Sentence:
    ap, ap50 = result["AP"], result["AP50"]
    if ap.value is None or ap50.value is None:
        return Sentence("There are no objects in the truth, so that no AP exists.", "bad", "numbers")
    classes = plural(sum(row.n > 0 for row in result.per_class), "class", "classes")
    text = (
        f"AP is {_three(ap)} over {plural(result.n.items, 'image')} with {plural(result.n.truth, 'object')} of "
        f"{classes}; at IoU 0.5 alone it is {_three(ap50)}."
    )
    return Sentence(text, "neutral", "numbers")


def _at_best_f1(result: Result) -> Sentence | None:
    point = result.errors.get("best_f1")
    if point is None:
        return None
    text = (
        f"At score {point['score']:.3f}, where F1 is best, it finds {percent(point['recall'], 0)} of the objects; "
        f"{percent(point['precision'], 0)} of its detections are right, {point['false_per_image']:.2f} an image false."
    )
    return Sentence(text, "neutral", "best-f1")


def _costliest(result: Result) -> Sentence | None:
    found = result.errors["tide"]
    known = [key for key in ERRORS if found[key]["value"] is not None]
    if not known or not any(found[key]["value"] for key in known):
        return None
    first, second = sorted(known, key=lambda key: -found[key]["value"])[:2]
    text = f"Of the kinds of errors {first} costs most ({ERROR_NAMES[first]}): without it AP50 would be "
    text += f"{_points(found[first])} points higher; then {second} ({ERROR_NAMES[second]}), {_points(found[second])}."
    if _overlap(found[first], found[second]):
        text += " Which of the two costs more cannot be shown."
    return Sentence(text, "caution", "errors")


def _overlap(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a["low"] is not None and b["high"] is not None and a["low"] <= b["high"]


def _weakest(result: Result) -> Sentence | None:
    judged = [row for row in result.per_class if row.metrics["AP"].value is not None]
    if len(judged) < 2:
        return None
    least, best = (pick(judged, key=lambda row: (_value(row), -row.n)) for pick in (min, max))
    text = (
        f"The weakest class is {quoted(least.name)}: AP {_three(least.metrics['AP'])} on {plural(least.n, 'object')}; "
        f"the best, {quoted(best.name)}, reaches {_three(best.metrics['AP'])}."
    )
    return Sentence(text, "caution", "classes")


def _calibrated(result: Result) -> Sentence | None:
    found, dece = result.calibration, result.calibration["dece"]
    if not dece["n"] or found["confidence"] is None:
        return None
    gap = found["confidence"] - found["precision"]
    shown = f"calibration error {dece['value']:.3f}"
    if dece["low"] is not None:
        shown += f" [{dece['low']:.3f}, {dece['high']:.3f}]"
    said = f"mean score {percent(found['confidence'])}, right {percent(found['precision'])}"
    if abs(gap) < dece["value"] / 2:
        text = f"Its scores are off in both directions ({said}; {shown})"
    else:
        text = f"It is {'over' if gap > 0 else 'under'}-confident ({said}; {shown})"
    recalibration = found.get("recalibration", {})
    if "rows" in recalibration:
        before, after = (row["ece"] for row in recalibration["rows"][:2])
        if after < WORTH_SAYING * before:
            text += (
                f"; dividing the scores' logits by {recalibration['temperature']:.2f} lowers it from {before:.3f} to "
                f"{after:.3f} on images that the divisor was not fitted on"
            )
    return Sentence(f"{text}.", "caution", "calibration")


def _caveat(result: Result) -> Sentence | None:
    if result.n.groups < FEWEST_GROUPS:
        few = plural(result.n.groups, "independent group")
        return Sentence(f"With only {few} of images there are no valid intervals.", "caution", "numbers")
    small = [row for row in result.per_class if 0 < row.n < FEWEST_GROUPS]
    if not small:
        return None
    least = min(small, key=lambda row: row.n)
    text = (
        f"{plural(len(small), 'class has', 'classes have')} fewer than {FEWEST_GROUPS} objects (least: "
        f"{quoted(least.name)} with {least.n}); read their numbers, and means that rest on them, as rough."
    )
    return Sentence(text, "caution", "classes")


def _numbers(result: Result) -> Section:
    labels = {s.key: s.label for s in selections(rules_of(result.protocol))}
    caption = (
        f"{plural(result.n.items, 'image')} in {plural(result.n.groups, 'independent group')}, "
        f"{plural(result.n.truth, 'object')}, {plural(result.n.predictions, 'detection')}. Protocol ‘coco’ (equal "
        "to pycocotools): the mean over IoU 0.50 … 0.95 and over classes with objects, the best "
        f"{result.protocol['max_dets'][-1]} detections of a class in an image."
    )
    point = result.errors.get("best_f1")
    return headline(result, labels, caption, [_point_table(point)] if point else [])


def _point_table(point: dict[str, float]) -> Table:
    columns = [
        Column("score", "number"),
        Column("precision", "percent"),
        Column("recall", "percent"),
        Column("F1", "number"),
        Column("false detections an image", "number"),
    ]
    row: list[Cell] = [point[key] for key in ("score", "precision", "recall", "f1", "false_per_image")]
    caption = "IoU 0.5, all classes together. Missed and false in the pictures below are meant at this score."
    return Table(columns, [row], title="At the score with the best F1", caption=caption, id="best-f1")


def _classes(result: Result) -> Section:
    keys = ["AP50", "AP75", *(key for key in result.metrics if key.startswith("AP_"))]
    cap = f"AR_{result.protocol['max_dets'][-1]}"
    columns = [
        Column("class"),
        Column("objects", "integer"),
        Column("AP", "ratio", "higher", bar=True),
        *(Column(key.replace("AP_", "AP, "), "ratio", "higher") for key in keys),
        Column("AR", "ratio", "higher"),
        Column("costliest error", hint="the kind whose fixing would raise the class's AP50 most, in points"),
        Column("dece", "ratio", "lower"),
    ]
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for row in result.per_class:
        of = row.metrics
        spans = [Span(of[key].value, of[key].low, of[key].high) for key in ("AP", *keys, cap)]
        rows.append([row.name, row.n, *spans, _worst_error(row), of["dece"].value])
        links.append(Link("events", {"class": row.name}) if row.n else None)
    caption = (
        f"95 % intervals of AP for classes with objects in at least {FEWEST_GROUPS} images. A dash: the number does "
        "not exist, as for a class without objects. Click a row to see the class's errors."
    )
    table = Table(columns, rows, links, title="Each class", caption=caption, id="class-table")
    return Section("classes", "Class by class", [table])


def _worst_error(row: ClassResult) -> str | None:
    costs = {key: row.metrics[f"tide.{key}"].value or 0.0 for key in ERRORS}
    worst = max(costs, key=lambda key: costs[key])
    return f"{worst} {costs[worst]:.1f}" if costs[worst] > 0 else None


def _value(row: ClassResult) -> float:
    return row.metrics["AP"].value or 0.0


def _three(metric: Metric) -> str:
    text = f"{metric.value:.3f}"
    return text if metric.low is None else f"{text} [{metric.low:.3f}, {metric.high:.3f}]"


def _points(found: dict[str, Any]) -> str:
    text = f"{found['value']:.1f}"
    return text if found["low"] is None else f"{text} [{found['low']:.1f}, {found['high']:.1f}]"
