"""What comparisons of every task show alike: numbers side by side, differences by class in a chart and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from optotype.diagnose.compare.records import (
    ClassDifference,
    Comparison,
    Difference,
    GroupDifference,
    Pair,
    SceneDifference,
)
from optotype.diagnose.compare.wording import ALPHA, signed
from optotype.tasks.wording import quoted
from optotype.views import ROLES, Axis, Cell, Chart, Column, Frames, Picture, Sentence, Series, Span, Table

Groups: TypeAlias = Sequence[SceneDifference | GroupDifference]

MOST_CLASSES = 50
_MOST_NAMED = 4
_PICTURE = 640


def against_first(comparison: Comparison) -> list[Pair]:
    """The pairs with the first model, which the others are held against."""
    return [pair for pair in comparison.pairs if pair.a == comparison.names[0]]


def directed(label: str, better: str) -> str:
    """A number's name with an arrow that says which way is better.

    >>> directed("mean IoU", "higher")
    'mean IoU ↑'
    """
    return f"{label} {'↑' if better == 'higher' else '↓'}"


def headline_table(comparison: Comparison, label: Callable[[str, str], str], caption: str) -> Table:
    """The headline numbers of all models side by side; ``label`` words a key with the direction that is better."""
    columns = [Column("metric"), *(Column(name, "number") for name in comparison.names)]
    rows: list[list[Cell]] = []
    for key, metric in comparison.runs[0].metrics.items():
        found = [run.metrics[key] for run in comparison.runs]
        rows.append([label(key, metric.better), *(Span.of(m) for m in found)])
    return Table(columns, rows, title="Side by side", caption=caption, id="headline")


def difference_table(
    comparison: Comparison, label: Callable[[str, str], str], keys: Sequence[str], caption: str, p_hint: str = ""
) -> Table:
    """Differences in the numbers ``keys`` of all pairs, each with its p-value, after Holm's correction where known."""
    columns = [Column("metric")]
    for pair in comparison.pairs:
        columns += [Column(f"{pair.b} − {pair.a}", "delta"), Column("p", "number", hint=p_hint)]
    rows: list[list[Cell]] = []
    for key in keys:
        found = [pair.metrics[key] for pair in comparison.pairs]
        row: list[Cell] = [label(key, found[0].better)]
        for d in found:
            row += [Span.of(d, d.better), d.p if d.p_holm is None else d.p_holm]
        rows.append(row)
    return Table(columns, rows, title="Differences", caption=caption, id="differences")


def class_table(pair: Pair, i: int, *, what: str, items: str, caption: str = "") -> Table:
    """Every class by ``what`` it is judged by, with the ``items`` that are fixed and broken; ``i`` numbers the pair."""
    columns = [
        Column("class"),
        Column(items, "integer"),
        Column(f"{what}, {pair.a}", "ratio"),
        Column(f"{what}, {pair.b}", "ratio"),
        Column("difference", "delta", "higher"),
        Column("fixed", "integer"),
        Column("broken", "integer"),
        Column("p", "number", hint=f"of the difference in {what}"),
        Column("p, Holm", "number", hint="corrected for the number of classes"),
    ]
    rows = [_class_row(row) for row in pair.per_class]
    return Table(columns, rows, title=f"{pair.b} against {pair.a}", caption=caption, id=f"class-table-{i}")


def _class_row(row: ClassDifference) -> list[Cell]:
    d = row.difference
    return [row.name, row.n, row.a, row.b, Span.of(d), row.fixes, row.breaks, row.p, row.p_holm]


def group_chart(pairs: list[Pair], groups: Callable[[Pair], Groups], *, group: str, what: str, note: str = "") -> Chart:
    """``what`` of every ``group``, each model; ``groups`` gives those of a pair, which are the same in every pair."""
    first = groups(pairs[0])
    x = [float(i) for i in range(len(first))]
    series = [Series(pairs[0].a, x, [one.a for one in first])]
    series += [
        Series(pair.b, x, [one.b for one in groups(pair)], role=ROLES[(i + 1) % len(ROLES)])
        for i, pair in enumerate(pairs)
    ]
    title = f"{what[0].upper()}{what[1:]} by {group}"
    return Chart(
        "dots", Axis(group, categories=[one.name for one in first]), Axis(what, 0.0, 1.0, unit="ratio"), series,
        title=title, caption=note, id=f"{group}-chart",
    )  # fmt: skip


def changed_images(pair: Pair, i: int, picture: Callable[[str], Picture | None], caption: str) -> Frames:
    """The pair's frames with the pictures of their images; ``i`` numbers the pair."""
    frames = []
    for frame in pair.frames:
        shown = picture(frame.title)
        sized = None if shown is None else msgspec.structs.replace(shown, size=_PICTURE)
        frames.append(msgspec.structs.replace(frame, picture=sized))
    names = [row.name for row in pair.per_class]
    return Frames(f"changed-{i}", frames, names, ["change", "class"], 0.0, f"{pair.b} against {pair.a}", caption)


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
