"""One model on two data sets, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from optotype.cli import console
from optotype.cli.show import short, signed
from optotype.diagnose.domains import verdict

if TYPE_CHECKING:
    from optotype.diagnose.domains import Crossing
    from optotype.diagnose.domains.records import Side


def show_crossing(crossing: Crossing) -> None:
    """What is compared, the verdict, and every class with the greatest loss first."""
    for side in crossing.sides:
        console.out.print(Text(_coverage(side)), soft_wrap=True)
    for sentence in verdict(crossing):
        console.out.print(Text(sentence.text))
    console.table(_classes(crossing))
    console.warn(crossing.warnings)


def _coverage(side: Side) -> str:
    """How much of a data set the joint classes cover, and which of its classes they do not."""
    covered = "–" if side.coverage is None else f"{100 * side.coverage:.1f} %"
    gone = ", ".join(unmapped.name for unmapped in side.unmapped)
    return f"{side.name}: the joint classes cover {covered} of the labelled pixels" + (
        f"; left out: {gone}" if gone else "; no class is left out"
    )


def _classes(crossing: Crossing) -> Table:
    table = Table(title="IoU by class", caption="recall, precision, every confusion: report.html")
    first, second = crossing.names
    table.add_column("class")
    for name in (first, second, "change [95 %]"):
        table.add_column(Text(name), justify="right")
    for row in crossing.per_class:
        values = (short(metric, wide=False) for metric in (row.iou.first, row.iou.second))
        table.add_row(Text(row.name), *values, signed(row.iou.difference))
    return table
