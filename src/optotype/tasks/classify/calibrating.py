"""The report's section on calibration: is a classifier as sure as it should be?"""

from __future__ import annotations

from typing import Any

from optotype.results import Result
from optotype.tasks.classify.wording import plural
from optotype.views import Axis, Cell, Chart, Column, Note, Section, Series, Span, Table, View


def calibration(result: Result) -> Section:
    """The section: reliability with its counts, the errors by name, and recalibration before and after."""
    found = result.calibration
    views: list[View] = [_reliability_chart(found), _count_chart(found["reliability"]), _error_table(found)]
    recalibration = found.get("recalibration", {})
    if "rows" in recalibration:
        views.append(_recalibration_table(recalibration))
    elif recalibration:
        views.append(Note([f"No recalibration: {recalibration['reason']}"]))
    lead = "Of the answers given with 80 % confidence, are 80 % right? A calibrated model lies on the diagonal."
    return Section("calibration", "Is it as sure as it should be", views, lead=lead)


def _reliability_chart(found: dict[str, Any]) -> Chart:
    filled = [row for row in found["reliability"] if row["n"]]
    after = found.get("recalibration", {}).get("reliability", {}).get("temperature", [])
    series = [
        Series("perfectly calibrated", [0.0, 1.0], [0.0, 1.0], role="ideal"),
        Series(
            "as predicted",
            [row["confidence"] for row in filled],
            [row["accuracy"] for row in filled],
            [row["accuracy_low"] for row in filled],
            [row["accuracy_high"] for row in filled],
            role="a",
        ),
    ]
    cooled = [row for row in after if row["n"]]
    if cooled:
        x, y = [row["confidence"] for row in cooled], [row["accuracy"] for row in cooled]
        series.append(Series("after temperature scaling (held-out half)", x, y, role="b"))
    caption = (
        f"Items are sorted into {found['ece']['bins']} bins by confidence, edges {found['ece']['edges']}; each "
        "point is one bin's mean confidence and accuracy. Whiskers: 95 % Wilson intervals. Below the diagonal: "
        "too sure."
    )
    return Chart(
        "line",
        Axis("confidence", 0.0, 1.0, unit="ratio"),
        Axis("accuracy", 0.0, 1.0, unit="ratio"),
        series,
        title="Reliability diagram",
        caption=caption,
        id="reliability",
    )


def _count_chart(rows: list[dict[str, Any]]) -> Chart:
    middle = [(row["low"] + row["high"]) / 2 for row in rows]
    return Chart(
        "bar",
        Axis("confidence", 0.0, 1.0, unit="ratio"),
        Axis("items", 0.0, unit="count"),
        [Series("items", middle, [float(row["n"]) for row in rows], role="a")],
        title="Items in each bin",
        caption="Points of the diagram above that rest on few items say little.",
        id="reliability-counts",
    )


def _error_table(found: dict[str, Any]) -> Table:
    ece = found["ece"]
    equal = f"{ece['bins']} equal bins, edges {ece['edges']}"
    rows: list[list[Cell]] = [
        ["ece", Span(ece["value"], ece["low"], ece["high"]), f"Of the predicted class's confidence; {equal}."],
        ["ece, debiased", ece["debiased"], "The same less its estimated upward bias on so few items."],
    ]
    if ece["if_calibrated"] is not None:
        text = "What a perfectly calibrated model with these confidences would show, by chance alone."
        rows.append(["ece by chance", ece["if_calibrated"], text])
    rows.append(["ece-quantile", found["ece-quantile"]["value"], f"{ece['bins']} bins with equally many items."])
    if "classwise-ece" in found:
        text = f"Each class's own score against being that class, averaged over classes; {equal}."
        rows.append(["classwise-ece", found["classwise-ece"]["value"], text])
    columns = [Column("error"), Column("value", "ratio", "lower"), Column("what it is")]
    caption = (
        "0 is perfect. A calibration error is never negative and so comes out too high on finite data; the "
        "interval of ece allows for that and is on the wide side. No score is left out (score floor 0)."
    )
    return Table(columns, rows, title="Calibration errors", caption=caption, id="calibration-errors")


def _recalibration_table(found: dict[str, Any]) -> Table:
    names = {
        "none": "as predicted",
        "temperature": f"temperature scaling, T = {found['temperature']:.3f}",
        "isotonic": "isotonic regression of the confidence",
    }
    keys = ("ece", "ece_debiased", "confidence_brier", "nll", "brier")
    rows: list[list[Cell]] = [[names[row["method"]], *(row[key] for key in keys)] for row in found["rows"]]
    columns = [
        Column("recalibration"),
        Column("ece", "ratio", "lower"),
        Column("ece, debiased", "ratio", "lower"),
        Column("Brier of the confidence", "number", "lower", hint="mean squared error against right or wrong"),
        Column("negative log-likelihood", "number", "lower"),
        Column("Brier, all classes", "number", "lower"),
    ]  # fmt: skip
    caption = (
        f"Fitted on a random half ({plural(found['n_fitted'], 'item')}, seed {found['seed']}) and judged on the "
        f"other ({plural(found['n_judged'], 'item')}), before and after. T above 1 means that the model was too "
        "sure. Isotonic regression changes only the predicted class's confidence, so the last two do not exist "
        "for it."
    )
    return Table(columns, rows, title="Recalibration, before and after", caption=caption, id="recalibration")
