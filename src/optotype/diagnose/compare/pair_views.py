"""What comparisons of every task show alike: numbers side by side, differences by class in a chart and a sentence."""

from __future__ import annotations

from collections.abc import Callable

from optotype.diagnose.compare.records import ClassDifference, Comparison, Difference, Pair
from optotype.diagnose.compare.wording import ALPHA, signed
from optotype.tasks.wording import quoted
from optotype.views import ROLES, Axis, Cell, Chart, Column, Sentence, Series, Span, Table

MOST_CLASSES = 50
_MOST_NAMED = 4


def against_first(comparison: Comparison) -> list[Pair]:
    """The pairs with the first model, which the others are held against."""
    return [pair for pair in comparison.pairs if pair.a == comparison.names[0]]


def headline_table(comparison: Comparison, label: Callable[[str, str], str], caption: str) -> Table:
    """The headline numbers of all models side by side; ``label`` words a key with the direction that is better."""
    columns = [Column("metric"), *(Column(name, "number") for name in comparison.names)]
    rows: list[list[Cell]] = []
    for key, metric in comparison.runs[0].metrics.items():
        found = [run.metrics[key] for run in comparison.runs]
        rows.append([label(key, metric.better), *(Span(m.value, m.low, m.high) for m in found)])
    return Table(columns, rows, title="Side by side", caption=caption, id="headline")


def difference_series(pairs: list[Pair], differences: Callable[[Pair], list[Difference]]) -> list[Series]:
    """One series a pair, with intervals, at the places 0, 1, 2 …."""
    made = []
    for i, pair in enumerate(pairs):
        found = differences(pair)
        values, low, high = ([getattr(d, part) for d in found] for part in ("value", "low", "high"))
        x = [float(k) for k in range(len(found))]
        made.append(Series(f"{pair.b} − {pair.a}", x, values, low, high, role=ROLES[i % len(ROLES)]))
    return made


def class_chart(pairs: list[Pair], *, what: str, above: str, without: str) -> Chart:
    """Differences in ``what`` classes are judged by, the largest first.

    ``above`` says what a difference above 0 means; classes ``without`` … have no interval.
    """
    rows = {pair.b: {row.name: row for row in pair.per_class} for pair in pairs}
    size = {
        row.name: max(abs(rows[pair.b][row.name].difference.value or 0.0) for pair in pairs)
        for row in pairs[0].per_class
        if row.difference.value is not None
    }
    names = sorted(size, key=lambda name: -size[name])[:MOST_CLASSES]
    cut = f"The {len(names)} of {len(size)} classes that differ most. " if len(names) < len(size) else ""
    return Chart(
        "dots",
        Axis("class", categories=names),
        Axis(f"difference in {what}", unit="ratio"),
        difference_series(pairs, lambda pair: [rows[pair.b][name].difference for name in names]),
        title=f"Difference in {what} by class",
        caption=f"{cut}Above 0: {above} {quoted(pairs[0].a)}. Whiskers: paired 95 % bootstrap intervals, not corrected "
        f"for the number of classes; none for classes {without}.",
        id="class-chart",
    )


def class_sentence(pair: Pair, what: str) -> Sentence | None:
    """The classes of which a difference holds after Holm's correction, after ``what`` they are; None for none."""
    shown = [row for row in pair.per_class if row.p_holm is not None and row.p_holm < ALPHA]
    if not shown:
        return None
    ordered = sorted(shown, key=_size, reverse=True)
    parts = [f"{quoted(row.name)} {signed(row.difference.value or 0.0)}" for row in ordered[:_MOST_NAMED]]
    more = f" and {len(ordered) - _MOST_NAMED} more" if len(ordered) > _MOST_NAMED else ""
    text = f"{what}, in points: {', '.join(parts)}{more} (p < {ALPHA} after Holm's correction)."
    return Sentence(text, "neutral", "class-differences")


def _size(row: ClassDifference) -> float:
    return abs(row.difference.value or 0.0)
