"""Where in images it fails: near boundaries, in small parts, in some sequences."""

from __future__ import annotations

from collections.abc import Sequence

from optotype.results import Result, SliceResult
from optotype.tasks.wording import percent, plural, within
from optotype.views import Axis, Cell, Chart, Column, Role, Section, Sentence, Series, Span, Table, View

SHOWN = ("miou", "pixel_accuracy", "fwiou", "dice")
"""Numbers of a sequence."""

_OF_SIZES: tuple[tuple[str, str, Role], ...] = (
    ("recall", "pixels that are right", "a"),
    ("found", "parts that are found", "b"),
)

FEW_POINTS = 0.05
"""A difference of accuracies that is worth a sentence."""


def part_section(result: Result) -> Section | None:
    """Section ``parts``: boundary and interior, components by size, sequences; None where there is nothing."""
    views: list[View] = []
    if near := result.slices.get("part"):
        views.append(_near(result, near))
    if sizes := result.slices.get("size"):
        views += [_sizes_chart(sizes), _sizes(result, sizes)]
    if sequences := result.slices.get("sequence"):
        views.append(_sequences(sequences))
    return Section("parts", "Where in the images it fails", views) if views else None


def sentences(result: Result) -> list[Sentence]:
    """What lies near boundaries, and what becomes of small components, as far as it is worth a sentence."""
    return [s for s in (_boundary(result), _small(result)) if s is not None]


def _boundary(result: Result) -> Sentence | None:
    near = {row.name: row for row in result.slices.get("part", [])}
    if set(near) != {"boundary", "interior"}:
        return None
    rim, inside = (near[name].metrics["accuracy"] for name in ("boundary", "interior"))
    if rim.value is None or inside.value is None or inside.value - rim.value < FEW_POINTS:
        return None
    n = near["boundary"].n, near["interior"].n
    wrong = n[0] * (1 - rim.value), n[1] * (1 - inside.value)
    text = (
        f"Near boundaries between classes {percent(rim.value)}{within(rim.low, rim.high)} of the pixels are right, "
        f"elsewhere {percent(inside.value)}{within(inside.low, inside.high)}: {percent(n[0] / sum(n), 0)} of the "
        f"pixels lie there, and {percent(wrong[0] / sum(wrong), 0)} of the mistakes."
    )
    return Sentence(text, "neutral", "parts")


def _small(result: Result) -> Sentence | None:
    sizes = {row.name: row for row in result.slices.get("size", []) if row.n}
    if len(sizes) < 2:
        return None
    first, last = list(sizes.values())[:: len(sizes) - 1]
    low, high = (_found(row) for row in (first, last))
    if low is None or high is None or high - low < FEW_POINTS:
        return None
    text = (
        f"Of {plural(first.n, f'{first.name} connected part')} of a class {percent(low, 0)} are found (half of the "
        f"pixels right), of {plural(last.n, f'{last.name} one')} {percent(high, 0)}."
    )
    return Sentence(text, "caution", "parts")


def _found(row: SliceResult) -> float | None:
    return row.metrics["found"].value


def _near(result: Result, rows: Sequence[SliceResult]) -> Table:
    columns = [Column("pixels that lie"), Column("pixels", "integer"), Column("of all", "percent"),
               Column("right", "percent", "higher", bar=True), Column("of the mistakes", "percent")]  # fmt: skip
    total = sum(row.n for row in rows)
    wrong = [row.n * (1 - (row.metrics["accuracy"].value or 0.0)) for row in rows]
    words = {"boundary": "near a boundary", "interior": "in the interior"}
    cells: list[list[Cell]] = [
        [
            words.get(row.name, row.name), row.n, row.n / total if total else None, Span.of(row.metrics["accuracy"]),
            bad / sum(wrong) if sum(wrong) else None,
        ]
        for row, bad in zip(rows, wrong, strict=True)
    ]  # fmt: skip
    caption = f"Near a boundary: {result.protocol.get('boundary', '')}."
    return Table(columns, cells, title="Boundary and interior", caption=caption, id="near")


def _sizes_chart(rows: Sequence[SliceResult]) -> Chart:
    x = [float(i) for i in range(len(rows))]
    series = []
    for key, name, role in _OF_SIZES:
        found = [row.metrics[key] for row in rows]
        low, high = [m.low for m in found], [m.high for m in found]
        series.append(Series(name, x, [m.value for m in found], low, high, role=role))
    return Chart(
        "dots", Axis("connected part", categories=[row.name for row in rows]), Axis("share", 0, 1, unit="ratio"),
        series, title="Recall by size", id="size-chart",
    )  # fmt: skip


def _sizes(result: Result, rows: Sequence[SliceResult]) -> Table:
    columns = [Column("connected parts"), Column("number", "integer"), Column("found", "percent", "higher", bar=True),
               Column("of their pixels right", "percent", "higher", bar=True)]  # fmt: skip
    cells: list[list[Cell]] = [
        [row.name, row.n, Span.of(row.metrics["found"]), Span.of(row.metrics["recall"])] for row in rows
    ]
    caption = f"Connected parts of a class in the truth: {result.protocol.get('components', '')}; areas in pixels."
    return Table(columns, cells, title="Connected parts by size", caption=caption, id="sizes")


def _sequences(rows: Sequence[SliceResult]) -> Table:
    labels = {
        "miou": "mean IoU",
        "pixel_accuracy": "pixel accuracy",
        "fwiou": "IoU, frequency-weighted",
        "dice": "Dice",
    }
    columns = [Column("group"), Column("pixels", "integer"),
               *(Column(labels[key], "ratio", "higher", bar=key == "miou") for key in SHOWN)]  # fmt: skip
    cells: list[list[Cell]] = [[row.name, row.n, *(row.metrics[key].value for key in SHOWN)] for row in rows]
    caption = "Averages are over the classes that a group has, so that they are not of the same classes everywhere."
    return Table(columns, cells, title="Each group of images", caption=caption, id="sequences")
