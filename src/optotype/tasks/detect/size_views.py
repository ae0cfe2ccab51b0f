"""Small, medium and large objects beside all: the numbers, and what differs beyond the intervals."""

from __future__ import annotations

from typing import Any

from optotype.results import Metric, Result
from optotype.tasks.detect.error_views import by_size
from optotype.tasks.detect.sizing import ALPHA, Contrast, contrasts_of
from optotype.tasks.detect.tiding import ERRORS
from optotype.tasks.wording import plural
from optotype.views import Cell, Column, Section, Sentence, Span, Table, Verdict, View

_ROWS = ("AP", "AR", *(f"tide.{key}" for key in ERRORS), "tide.FP", "tide.FN", "dece")


def sizes(result: Result) -> Section:
    """The section: one row a number, one column a size, then the differences that can be shown, in words."""
    views: list[View] = [_table(result)]
    sentences = size_sentences(result)
    if sentences:
        views.insert(0, Verdict(sentences))
    lead = "The same numbers for objects of each size, set against each other on the same resamples."
    return Section("sizes", "Small, medium, large", views, lead=lead)


def size_sentences(result: Result) -> list[Sentence]:
    """What differs between sizes after correction for all that is compared; nothing where nothing can be shown."""
    found = contrasts_of(result)
    shown = [c for c in found if c.p_holm is not None and c.p_holm < ALPHA]
    if not found or all(c.p_holm is None for c in found):
        return []
    if not shown:
        text = f"None of {plural(len(found), 'difference')} between sizes can be shown."
        return [Sentence(text, "neutral", "sizes")]
    sentences = []
    for key in dict.fromkeys(c.key for c in shown):
        of_key = [c for c in shown if c.key == key]
        parts = "; ".join(_difference(c) for c in of_key)
        sentences.append(Sentence(f"{_named(key)}: {parts}.", "neutral", "sizes"))
    return sentences


def _named(key: str) -> str:
    if key.startswith("tide."):
        return f"{key.removeprefix('tide.')} errors, AP points they cost"
    return {"AP": "AP", "AR": "AR", "dece": "Calibration error (dece)"}[key]


def _difference(c: Contrast) -> str:
    digits = 1 if c.key.startswith("tide.") else 3
    reach = "" if c.low is None or c.high is None else f" [{c.low:+.{digits}f}, {c.high:+.{digits}f}]"
    text = f"{c.a} {c.a_value:.{digits}f} against {c.b} {c.b_value:.{digits}f}, {c.value:+.{digits}f}{reach}"
    return text.replace("-", "−")


def _table(result: Result) -> Table:
    of_size = {row.name: row for row in result.slices["size"]}
    names = list(of_size)
    columns = [Column("number"), Column("all", "number"), *(Column(name, "number") for name in names)]
    first: list[Cell] = ["objects", result.n.truth, *(of_size[name].n for name in names)]
    rows = [first]
    for key in _ROWS:
        cells = [_all(result, key), *(of_size[name].metrics.get(key) for name in names)]
        if any(cell is not None for cell in cells):
            label = f"{key.removeprefix('tide.')}, AP points" if key.startswith("tide.") else key
            rows.append([label, *(None if c is None else Span.of(c) for c in cells)])
    caption = (
        "AP and AR by COCO's area ranges; costs of errors in the convention ‘coco-range’; dece of the detections that "
        f"count in the range. Differences in words: after Holm's correction for all comparisons, p < {ALPHA}."
    )
    return Table(columns, rows, title="By size", caption=caption, id="size-table")


def _all(result: Result, key: str) -> Metric | None:
    if key == "AP":
        return result["AP"]
    if key == "AR":
        return result[f"AR_{result.protocol['max_dets'][-1]}"]
    tide = by_size(result)["all"]
    found: dict[str, Any] = result.calibration["dece"] if key == "dece" else tide[key.removeprefix("tide.")]
    return Metric(found["value"], found["low"], found["high"])
