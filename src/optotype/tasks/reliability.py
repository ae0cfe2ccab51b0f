"""Views of calibration that tasks share: the reliability diagram, its counts, and recalibration before and after."""

from __future__ import annotations

from typing import Any

from optotype.tasks.wording import plural
from optotype.views import Axis, Cell, Chart, Column, Series, Table

Rows = list[dict[str, Any]]


def reliability_chart(
    rows: Rows, after: Rows, *, share: str, caption: str, id_: str = "reliability", title: str = ""
) -> Chart:
    """Bins of ``metrics.calibration.table`` with Wilson's intervals; ``after`` temperature scaling, or empty.

    ``share`` is what the share of right ones is called.
    """
    filled, cooled = ([row for row in some if row["n"]] for some in (rows, after))
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
    if cooled:
        x, y = [row["confidence"] for row in cooled], [row["accuracy"] for row in cooled]
        series.append(Series("after temperature scaling (held-out half)", x, y, role="b"))
    return Chart(
        "line",
        Axis("confidence", 0.0, 1.0, unit="ratio"),
        Axis(share, 0.0, 1.0, unit="ratio"),
        series,
        title=title or "Reliability diagram",
        caption=caption,
        id=id_,
    )


def count_chart(rows: Rows, *, what: str) -> Chart:
    """How many ``what`` lie in each bin."""
    middle = [(row["low"] + row["high"]) / 2 for row in rows]
    return Chart(
        "bar",
        Axis("confidence", 0.0, 1.0, unit="ratio"),
        Axis(what, 0.0, unit="count"),
        [Series(what, middle, [float(row["n"]) for row in rows], role="a")],
        title=f"{what.capitalize()} in each bin",
        caption=f"Points of the reliability diagram that rest on few {what} say little.",
        id="reliability-counts",
    )


def recalibration_table(found: dict[str, Any], columns: dict[str, Column], *, what: str, isotonic: str) -> Table:
    """Before and after; ``columns`` by the key of the rows; ``isotonic`` says what that regression leaves alone."""
    names = {
        "none": "as predicted",
        "temperature": f"temperature scaling, T = {found['temperature']:.3f}",
        "isotonic": "isotonic regression of the confidence",
    }
    rows: list[list[Cell]] = [[names[row["method"]], *(row[key] for key in columns)] for row in found["rows"]]
    caption = (
        f"Fitted on a random half ({plural(found['n_fitted'], what)}, seed {found['seed']}) and judged on the "
        f"other ({plural(found['n_judged'], what)}), before and after. T above 1 means that the model was too "
        f"sure.{isotonic}"
    )
    title = "Recalibration, before and after"
    return Table([Column("recalibration"), *columns.values()], rows, title=title, caption=caption, id="recalibration")
