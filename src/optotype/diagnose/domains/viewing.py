"""One model on two data sets in tables, charts and matrices."""

from __future__ import annotations

from optotype.diagnose.compare.records import Difference
from optotype.diagnose.compare.wording import p_text
from optotype.diagnose.domains.records import Crossing, Shift, Side
from optotype.diagnose.domains.wording import confusion_sentences, label
from optotype.tasks.wording import percent, quoted
from optotype.views import (
    Axis,
    Cell,
    Chart,
    Column,
    Matrix,
    Note,
    Section,
    Series,
    Span,
    Table,
    Verdict,
    View,
)

MOST_CLASSES = 50
LEAST_MOVED = 0.005
"""A change of a cell of the matrix, as a share of the truth's pixels, that is shown."""
_MOST_STATED = 12
_NONE = "(no class)"


def sections(crossing: Crossing) -> list[Section]:
    """Sections ``domains``, ``domain-classes``, ``confusion-changes``, ``matrices`` and ``domain-sides``."""
    first, second = crossing.names
    views: list[View] = [_headline(crossing), _mix(crossing)]
    if crossing.warnings:
        views.append(Note(list(crossing.warnings), "caution", "Warnings"))
    lead = (
        f"The same model on {quoted(first)} and on {quoted(second)}. The images differ, so that the two sides are "
        "resampled independently of each other."
    )
    return [
        Section("domains", "What the other data set costs", views, lead=lead),
        Section("domain-classes", "Which classes change", [_class_chart(crossing), _class_table(crossing)]),
        Section("confusion-changes", "What is taken for what", _changes(crossing)),
        Section("matrices", "The matrices beside each other", _matrices(crossing)),
        Section("domain-sides", "What is compared", [*_sides(crossing)], lead=_protocol(crossing)),
    ]


def _p(difference: Difference) -> str:
    if difference.p_holm is None:
        return ""
    return p_text(difference.p_holm).removeprefix("= ").replace(" ", "\N{NO-BREAK SPACE}")


def _three(shift: Shift) -> list[Cell]:
    return [Span.of(shift.first), Span.of(shift.second), Span.of(shift.difference)]


def _columns(crossing: Crossing, what: str = "") -> list[Column]:
    first, second = crossing.names
    return [
        Column(f"{what}{first}", "ratio"),
        Column(f"{what}{second}", "ratio"),
        Column(f"{what}change", "delta", "higher"),
    ]


def _headline(crossing: Crossing) -> Table:
    rows: list[list[Cell]] = [[label(key), *_three(shift)] for key, shift in crossing.metrics.items()]
    caption = (
        f"Means over the {len(crossing.compared)} classes with truth on both sides, so that they can differ from those "
        f"of each evaluation. Intervals: {crossing.protocol['intervals']}, {crossing.resamples:,} resamples."
    )
    return Table([Column("metric"), *_columns(crossing)], rows, title="Side by side", caption=caption, id="headline")


def _mix(crossing: Crossing) -> Table:
    mix = crossing.mix
    rows: list[list[Cell]] = [
        ["classes are found differently often (recall)", Span.of(mix.recall)],
        ["classes fill other shares of the images", Span.of(mix.shares)],
        ["together", Span.of(crossing.metrics["pixel_accuracy"].difference)],
    ]
    caption = (
        "Kitagawa (1955): each part at the mean of both sides' values of the other. Only the first is something that "
        "the model does differently."
    )
    columns = [Column("because"), Column("change", "delta", "higher")]
    return Table(columns, rows, title="Why the pixel accuracy changes", caption=caption, id="mix")


def _class_chart(crossing: Crossing) -> Chart:
    rows = [row for row in crossing.per_class if row.iou.difference.value is not None]
    rows = sorted(rows, key=lambda row: -abs(row.iou.difference.value or 0.0))[:MOST_CLASSES]
    rows.sort(key=lambda row: row.iou.difference.value or 0.0)
    found = [row.iou.difference for row in rows]
    first, second = crossing.names
    values = Series(
        f"{second} − {first}", [float(i) for i in range(len(rows))], [d.value for d in found],
        [d.low for d in found], [d.high for d in found],
    )  # fmt: skip
    return Chart(
        "dots",
        Axis("class", categories=[row.name for row in rows]),
        Axis("change in IoU", unit="ratio"),
        [values],
        title="Change in IoU by class",
        caption=f"Below 0: {quoted(second)} loses against {quoted(first)}. Whiskers: 95 % intervals, not corrected for "
        "the number of classes; none for classes in fewer than 20 groups on either side.",
        id="domain-class-chart",
    )


def _class_table(crossing: Crossing) -> Table:
    first, second = crossing.names
    rows: list[list[Cell]] = [
        [
            row.name, row.share_first, row.share_second, *_three(row.iou), _p(row.iou.difference),
            Span.of(row.recall.difference), Span.of(row.precision.difference),
        ]
        for row in crossing.per_class
    ]  # fmt: skip
    columns = [
        Column("class"),
        Column(f"pixels, {first}", "percent", hint="share of the class in the truth's pixels"),
        Column(f"pixels, {second}", "percent", hint="share of the class in the truth's pixels"),
        *_columns(crossing, "IoU, "),
        Column("p", hint="of the change in IoU, after Holm's correction"),
        Column("recall, change", "delta", "higher"),
        Column("precision, change", "delta", "higher"),
    ]
    return Table(columns, rows, title="Every class, the greatest loss first", id="domain-class-table")


def _changes(crossing: Crossing) -> list[View]:
    first, second = crossing.names
    rows: list[list[Cell]] = [
        [row.truth, row.said or _NONE, row.first, row.second, Span.of(row.difference), _p(row.difference)]
        for row in crossing.confusions
    ]
    columns = [
        Column("truth"), Column("called"), Column(first, "percent"), Column(second, "percent"),
        Column("change", "delta", "lower"), Column("p", hint="after Holm's correction"),
    ]  # fmt: skip
    caption = (
        "Shares of the class's pixels; the greatest changes first. Confusions below 1 % on both sides are left out."
    )
    table = Table(columns, rows, title="Every confusion that changes", caption=caption, id="confusion-table")
    sentences = confusion_sentences(crossing, _MOST_STATED)
    return [Verdict(sentences), table] if sentences else [table]


def _matrices(crossing: Crossing) -> list[View]:
    """Both matrices, and the second minus the first in shares of the truth."""
    outside = any(row[-1] for counts in crossing.counts for row in counts)
    names = [*crossing.classes, _NONE] if outside else list(crossing.classes)
    matrices: list[View] = [
        Matrix(
            names,
            _square(counts, outside),
            title=side.name,
            caption=_CAPTION,
            id=f"matrix-{i}",
            unit="pixel",
            start="rows",
        )
        for i, (side, counts) in enumerate(zip(crossing.sides, crossing.counts, strict=True))
    ]
    return [*matrices, _difference(crossing, names)]


_CAPTION = "By truth: shares of the row's pixels that are given the column's class."


def _square(counts: list[list[int]], outside: bool) -> list[list[int]]:
    if not outside:
        return [row[:-1] for row in counts]
    return [*counts, [0] * (len(counts) + 1)]


def _difference(crossing: Crossing, names: list[str]) -> Table:
    """Shares of each class's pixels that move to a prediction, a row a class of the truth."""
    first, second = crossing.names
    shares = [[_shares(row[: len(names)]) for row in counts] for counts in crossing.counts]
    rows: list[list[Cell]] = [
        [name, *(_moved(a, b) for a, b in zip(one, other, strict=True))]
        for name, one, other in zip(crossing.classes, *shares, strict=True)
    ]
    columns = [Column("truth ↓ prediction →"), *(Column(name, "delta") for name in names)]
    caption = (
        f"Share of the class's pixels on {quoted(second)} less that on {quoted(first)}; a whole row adds up to 0. "
        f"Changes below {LEAST_MOVED:g} are left blank."
    )
    return Table(columns, rows, title=f"{second} − {first}", caption=caption, id="matrix-difference")


def _moved(first: float | None, second: float | None) -> Cell:
    if first is None or second is None:
        return None
    return second - first if abs(second - first) >= LEAST_MOVED else ""


def _shares(row: list[int]) -> list[float | None]:
    total = sum(row)
    return [n / total if total else None for n in row]


def _protocol(crossing: Crossing) -> str:
    return (
        f"Classes: {crossing.protocol['classes']}. Void truth and truth of classes that are not joint are left out; a "
        "prediction of such a class is a miss."
    )


def _sides(crossing: Crossing) -> list[View]:
    rows: list[list[Cell]] = [
        [side.name, side.n.items, side.n.groups, side.coverage, side.elsewhere, len(side.unmapped)]
        for side in crossing.sides
    ]
    columns = [
        Column("data set"), Column("images", "integer"), Column("groups", "integer"),
        Column("covered", "percent", hint="share of the labelled pixels that lie in joint classes"),
        Column("called no joint class", "percent", hint="of those, the share that the model gave to no joint class"),
        Column("classes left out", "integer"),
    ]  # fmt: skip
    left_out = [_left_out(side) for side in crossing.sides if side.unmapped]
    notes: list[View] = [Note(left_out, title="Classes without a joint name")] if left_out else []
    return [Table(columns, rows, title="The two data sets", id="sides"), _mapping(crossing), *notes]


def _left_out(side: Side) -> str:
    named = ", ".join(f"{gone.name} ({percent(gone.share, 2)})" for gone in side.unmapped)
    return f"{side.name}: {named}"


def _mapping(crossing: Crossing) -> Table:
    rows: list[list[Cell]] = [
        [name, *(", ".join(side.sources[name]) for side in crossing.sides)] for name in crossing.classes
    ]
    return Table([Column("class"), *(Column(side.name) for side in crossing.sides)], rows,
                 title="Which classes became which", id="mapping")  # fmt: skip
