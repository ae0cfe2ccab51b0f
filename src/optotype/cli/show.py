"""Results as terminal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from optotype.cli import console
from optotype.results import Metric, Result

if TYPE_CHECKING:
    from optotype.diagnose.compare import Comparison
    from optotype.diagnose.compare.records import Difference

_MOST_CLASSES = 40
_WIDE = 110
"""Columns of a terminal from which on the classes' intervals fit beside their values."""


def number(metric: Metric) -> str:
    """Value and interval in the same digits, a dash where there is none.

    >>> number(Metric(0.91234, 0.9, 0.92))
    '0.912 [0.900, 0.920]'
    """
    if metric.value is None:
        return "–"
    if metric.low is None or metric.high is None:
        return f"{metric.value:.3f}"
    return f"{metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]"


def show_result(result: Result) -> None:
    """Headline numbers, classes and warnings."""
    n = result.n
    table = Table(title=f"{result.task}: {n.items:,} items, {n.classes} classes", title_justify="left")
    table.add_column("metric")
    table.add_column("value [95 % interval]")
    for key, metric in result.metrics.items():
        table.add_row(key, number(metric))
    console.out.print(table)
    if result.per_class:
        console.out.print(_classes(result))
    console.warn(result.warnings)


def _classes(result: Result) -> Table:
    keys = list(result.per_class[0].metrics)
    table = Table(title="per class", title_justify="left")
    table.add_column("class")
    table.add_column("n", justify="right")
    wide = console.out.width >= _WIDE
    for key in keys:
        table.add_column(key, justify="left" if wide else "right")
    for row in result.per_class[:_MOST_CLASSES]:
        table.add_row(Text(row.name), f"{row.n:,}", *(_short(row.metrics[key], wide) for key in keys))
    more = len(result.per_class) - _MOST_CLASSES
    notes = ([f"{more} more classes"] if more > 0 else []) + ([] if wide else ["intervals"])
    table.caption = f"{' and '.join(notes)} in eval.json" if notes else None
    return table


def _short(metric: Metric, wide: bool) -> str:
    return number(metric if wide else Metric(metric.value))


def show_comparison(comparison: Comparison) -> None:
    """The verdict in words, every run's numbers, and each pair's difference in the first metric."""
    from optotype.diagnose.compare import verdict

    for sentence in verdict(comparison):
        console.out.print(Text(sentence.text))
    console.out.print(_runs(comparison))
    console.out.print(_pairs(comparison))
    console.warn(comparison.warnings)


def _runs(comparison: Comparison) -> Table:
    table = Table(title="every run", title_justify="left")
    table.add_column("metric")
    for run in comparison.runs:
        table.add_column(Text(run.name), justify="right")
    for key in comparison.runs[0].metrics:
        table.add_row(key, *(_short(run.metrics[key], wide=False) for run in comparison.runs))
    return table


def _pairs(comparison: Comparison) -> Table:
    first = next(iter(comparison.pairs[0].metrics))
    table = Table(title="pairs", title_justify="left", caption="all differences with intervals: report.html, --json")
    for name in ("pair", f"difference in {first} [95 %]", "fixes", "breaks", "McNemar p"):
        table.add_column(name, no_wrap=name.startswith("difference"))
    for pair in comparison.pairs:
        numbers = f"{pair.fixes:,}", f"{pair.breaks:,}", f"{pair.mcnemar_p:.2g}"
        table.add_row(Text(f"{pair.b} minus {pair.a}"), _signed(pair.metrics[first]), *numbers)
    return table


def _signed(difference: Difference) -> str:
    if difference.value is None:
        return "–"
    if difference.low is None or difference.high is None:
        return f"{difference.value:+.4f}"
    return f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"


def show_causes(result: Result) -> None:
    """What the mistakes go with, in sentences."""
    if not result.causes:
        return
    from optotype.diagnose.causes import sentences
    from optotype.studies.explained import causes_of

    found = causes_of(result)
    if found is None:
        return
    for sentence in sentences(found):
        console.out.print(Text(sentence.text))
