"""The report's section on calibration: is a classifier as sure as it should be?"""

from __future__ import annotations

from typing import Any

from optotype.results import Result
from optotype.tasks.reliability import count_chart, recalibration_table, reliability_chart
from optotype.views import Cell, Column, Note, Section, Span, Table, View

_RECALIBRATED = {
    "ece": Column("ece", "ratio", "lower"),
    "ece_debiased": Column("ece, debiased", "ratio", "lower"),
    "confidence_brier": Column(
        "Brier of the confidence", "number", "lower", hint="mean squared error against right or wrong"
    ),
    "nll": Column("negative log-likelihood", "number", "lower"),
    "brier": Column("Brier, all classes", "number", "lower"),
}


def calibration(result: Result) -> Section:
    """The section: reliability with its counts, the errors by name, and recalibration before and after."""
    found = result.calibration
    recalibration = found.get("recalibration", {})
    after = recalibration.get("reliability", {}).get("temperature", [])
    caption = (
        f"Items are sorted into {found['ece']['bins']} bins by confidence, edges {found['ece']['edges']}; each "
        "point is one bin's mean confidence and accuracy. Band: 95 % Wilson intervals. Below the diagonal: "
        "too sure."
    )
    rows = found["reliability"]
    views: list[View] = [
        reliability_chart(rows, after, share="accuracy", caption=caption),
        count_chart(rows, what="items"),
        _error_table(found),
    ]
    if "rows" in recalibration:
        isotonic = (
            " Isotonic regression changes only the predicted class's confidence, so the last two do not exist for it."
        )
        views.append(recalibration_table(recalibration, _RECALIBRATED, what="item", isotonic=isotonic))
    elif recalibration:
        views.append(Note([f"No recalibration: {recalibration['reason']}"]))
    lead = "Of the answers given with 80 % confidence, are 80 % right? A calibrated model lies on the diagonal."
    return Section("calibration", "Is it as sure as it should be", views, lead=lead)


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
