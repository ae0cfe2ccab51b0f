"""The report's section on calibration: is a detector as sure as it should be?"""

from __future__ import annotations

from typing import Any

from optotype.results import Result
from optotype.tasks.reliability import count_chart, recalibration_table, reliability_chart
from optotype.views import Cell, Column, Note, Section, Span, Table, View

_RECALIBRATED = {
    "ece": Column("dece", "ratio", "lower"),
    "ece_debiased": Column("dece, debiased", "ratio", "lower"),
    "confidence_brier": Column(
        "Brier", "number", "lower", hint="mean squared error of the score against right or wrong"
    ),
    "nll": Column("negative log-likelihood", "number", "lower"),
}


def calibration(result: Result) -> Section | None:
    """The section: reliability with its counts, the errors by size, and recalibration; None without detections."""
    found = result.calibration
    if not found["dece"]["n"]:
        return None
    recalibration = found.get("recalibration", {})
    after = recalibration.get("reliability", {}).get("temperature", [])
    caption = (
        f"Detections are sorted into {found['dece']['bins']} bins by score, edges {found['dece']['edges']}; right: the "
        "match of an object of the class at IoU 0.5. Band: 95 % Wilson intervals, as if detections were "
        "independent. Below the diagonal: too sure."
    )
    views: list[View] = [
        reliability_chart(found["reliability"], after, share="precision", caption=caption),
        count_chart(found["reliability"], what="detections"),
        _table(found),
        *(
            reliability_chart(
                rows, [], share="precision", caption="", id_=f"reliability-{size}", title=f"Reliability, {size} objects"
            )
            for size, rows in found["reliability_size"].items()
            if any(row["n"] for row in rows)
        ),
    ]
    if "rows" in recalibration:
        views.append(
            recalibration_table(
                recalibration,
                _RECALIBRATED,
                what="detection",
                isotonic=" Isotonic regression maps many scores to the same value, some of them to 0 or 1.",
            )
        )
    elif recalibration:
        views.append(Note([f"No recalibration: {recalibration['reason']}"]))
    lead = "Of the detections with score 0.8, are 80 % right? A calibrated detector lies on the diagonal."
    return Section("calibration", "Is it as sure as it should be", views, lead=lead)


def _table(found: dict[str, Any]) -> Table:
    columns = [
        Column("detections of"),
        Column("number", "integer"),
        Column("dece", "ratio", "lower"),
        Column("dece, debiased", "ratio", "lower"),
        Column("laece", "ratio", "lower"),
        Column("laece, debiased", "ratio", "lower"),
    ]
    sets = {"all objects": found, **{f"{size} objects": of for size, of in found["size"].items()}}
    rows: list[list[Cell]] = [
        [
            name,
            of["dece"]["n"],
            _span(of["dece"]),
            of["dece"]["debiased"],
            of["laece"]["value"],
            of["laece"]["debiased"],
        ]
        for name, of in sets.items()
    ]
    caption = (
        "dece: score against being right at IoU 0.5, 10 bins, all classes together. laece: score against the IoU of "
        "what is found at IoU 0.1, 25 bins, the mean over classes; no score thresholds are applied first. Both are "
        "never negative and so come out too high on few detections; the debiased estimate takes most of that away. "
        "dece has an interval only where it is clear of 0 by that bias and four standard errors, laece none."
    )
    return Table(columns, rows, title="Calibration errors", caption=caption, id="calibration-errors")


def _span(error: dict[str, Any]) -> Span:
    return Span(error["value"], error["low"], error["high"])
