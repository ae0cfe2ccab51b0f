"""In how many images a class reaches which IoU, and how the classes' IoU spread."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from optotype.results import Result
from optotype.tables import Array
from optotype.tasks.measured import number
from optotype.views import Axis, Cell, Chart, Column, Note, Role, Section, Series, Table, View

CURVES: tuple[tuple[str, str, Role], ...] = (
    ("success", "success", "a"),
    ("precision", "precision", "b"),
    ("recall", "recall", "c"),
)
"""Key of a class's numbers, what it is called, and its line."""
ALL = "all classes (mean)"
NAMED = "Headline numbers: map is ‘Precision over IoU thresholds’, success_mean is ‘Success over IoU thresholds’."


def threshold_section(result: Result) -> Section:
    """Section ``thresholds``: the definition, the curves, and the numbers of each class."""
    found = result.errors["thresholds"]
    views: list[View] = [
        Note([found["definition"], NAMED], title="What is counted"),
        _curves(found["t"], found["classes"]),
        _table(found["t"], found["classes"]),
    ]
    lead = "In what share of the images that have a class does its IoU reach a threshold?"
    return Section("thresholds", "Image by image: IoU thresholds", views, lead=lead)


def histogram(result: Result) -> list[View]:
    """How many classes lie in each tenth of IoU, and which."""
    found = result.errors["iou_histogram"]
    edges, classes = found["edges"], found["classes"]
    names = [f"{low:.1f}–{high:.1f}" for low, high in pairwise(edges)]
    x = [float(i) for i in range(len(names))]
    chart = Chart(
        "bar", Axis("IoU", categories=names), Axis("classes", low=0, unit="count"),
        [Series("classes", x, [float(len(inside)) for inside in classes])], title="IoU of the classes",
        caption="Lower ends belong to a bin, upper ends to the next; 1 belongs to the last.", id="iou-histogram",
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [name, len(inside), ", ".join(inside)] for name, inside in zip(names, classes, strict=True) if inside
    ]
    columns = [Column("IoU"), Column("classes", "integer"), Column("which")]
    return [chart, Table(columns, rows, title="Which classes lie where", id="iou-bins")]


def _curves(t: Sequence[float], classes: Sequence[dict[str, Any]]) -> Chart:
    x = list(t)
    series = []
    for key, name, role in CURVES:
        mean = [number(value) for value in _mean(classes, key)]
        series.append(Series(name, x, mean, role=role, group=ALL))
    for one in classes:
        if one["cells"]:
            series += [Series(name, x, one[key], role=role, group=one["class"]) for key, name, role in CURVES]
    caption = "Success: of the images with the class on either side; precision: predicted; recall: in the truth."
    return Chart(
        "line", Axis("IoU at least", 0, 1), Axis("share of the images", 0, 1, unit="ratio"), series,
        title="Images that reach a threshold", caption=caption, id="threshold-curves",
    )  # fmt: skip


def _mean(classes: Sequence[dict[str, Any]], key: str) -> Array:
    """The mean at each threshold over the classes that have the number."""
    values = np.array([one[key] for one in classes if one["cells"]], np.float64)
    there = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        found: Array = np.where(there, values, 0).sum(axis=0) / there.sum(axis=0)
    return found


def _table(t: Sequence[float], classes: Sequence[dict[str, Any]]) -> Table:
    columns = [
        Column("class"),
        Column("images with it", "integer", hint="in the truth or predicted"),
        *(Column(f"{name}, mean", "ratio", "higher", bar=key == "success") for key, name, _ in CURVES),
        *(Column(f"success at {value:g}", "ratio", "higher") for value in t if value in (0.5, 0.7, 0.9)),
    ]
    at = [i for i, value in enumerate(t) if value in (0.5, 0.7, 0.9)]
    rows: list[list[Cell]] = [
        [
            one["class"], one["cells"], *(_average(one[key]) for key, *_ in CURVES),
            *(one["success"][i] for i in at),
        ]
        for one in classes
    ]  # fmt: skip
    caption = f"Means over the thresholds {', '.join(f'{value:g}' for value in t)}."
    return Table(columns, rows, title="Each class", caption=caption, id="threshold-table")


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
