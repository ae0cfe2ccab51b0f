"""The report of a sweep: which combination is best, what that is worth, and the surface."""

from __future__ import annotations

from itertools import product
from typing import Any

from optotype.studies.sweep_records import Sweep, SweepRow
from optotype.studies.tracking import UNITS, named
from optotype.tasks.wording import plural
from optotype.views import (
    ROLES,
    Axis,
    Cell,
    Chart,
    Column,
    Number,
    Numbers,
    Page,
    Section,
    Sentence,
    Series,
    Table,
    Verdict,
)

CHARTED = ("HOTA", "MOTA", "IDF1")
BARS = ("HOTA", "IDF1")
"""Numbers with bars in the table: MOTA can be negative."""
_SHOWN: tuple[tuple[str, str], ...] = (
    *((key, "higher") for key in (*CHARTED, "AssA", "DetA")), *((key, "lower") for key in ("IDSW", "FP", "FN")),
)  # fmt: skip


def page(sweep: Sweep) -> Page:
    """The whole report."""
    surface = [_chart(sweep, key) for key in CHARTED]
    sections = [
        Section("verdict", "What was found", [Verdict(sentences(sweep)), *_best(sweep)]),
        Section("surface", "The surface", list(surface), lead=_lead(sweep)),
        Section("combinations", "All combinations", [_table(sweep)]),
    ]
    scenes, frames = plural(sweep.scenes, "scene"), plural(sweep.frames, "frame")
    n = f"{plural(sweep.sequences, 'sequence')} of {scenes}, {frames}"
    return Page(f"Sweep of {sweep.tracker}", sections, subtitle=f"protocol {sweep.protocol}; {n}")


def told(settings: dict[str, Any]) -> str:
    """Settings in words.

    >>> told({"high": 0.5, "fuse_score": True, "max_lost": 3})
    'high 0.5, fuse_score true, max_lost 3 frames'
    """
    return ", ".join(named(name, value) for name, value in settings.items())


def label(name: str) -> str:
    """A setting's name with its unit, for axes and columns.

    >>> label("buffer"), label("high")
    ('buffer, s', 'high')
    """
    return f"{name}, {UNITS[name]}" if name in UNITS else name


def value_text(value: Any) -> str:
    """A setting's value as text."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def sentences(sweep: Sweep) -> list[Sentence]:
    """Which combination is best, and that being the best of many on the same data flatters it."""
    if sweep.best is None:
        return [Sentence("No combination gave a single track to measure.", "bad", "combinations")]
    best, n = sweep.rows[sweep.best], len(sweep.rows)
    first = Sentence(
        f"Of {n:,} combinations {told(best.settings)} has the highest HOTA, {_points(best.metrics['HOTA'])}.",
        "good", "surface",
    )  # fmt: skip
    chosen = "It was chosen on the data that it is measured on, so this is optimistic"
    honest = sweep.held_out.get("HOTA")
    if honest is None:
        return [first, Sentence(f"{chosen}; there is one scene only, so by how much cannot be told.", "caution")]
    return [
        first,
        Sentence(
            f"{chosen}: when each of the {sweep.scenes:,} scenes is tracked with the combination that is best on the "
            f"others, HOTA is {_points(honest)}.",
            "caution",
        ),
    ]


def _points(value: float | int | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _best(sweep: Sweep) -> list[Numbers]:
    if sweep.best is None:
        return []
    best = sweep.rows[sweep.best]
    cards = [Number(key, best.metrics[key], note="chosen and measured on the same data") for key in CHARTED]
    cards += [
        Number(f"{key}, held out", sweep.held_out[key], note="each scene with the best of the others")
        for key in CHARTED
        if key in sweep.held_out
    ]
    return [Numbers(cards, caption=f"{sweep.tracker}, {told(best.settings)}; protocol {sweep.protocol}")]


def _axes(sweep: Sweep) -> list[str]:
    """The swept settings, the one with the most values first: it becomes the x-axis, the next the lines."""
    return sorted(sweep.swept, key=lambda name: -len(sweep.swept[name]))


def _lead(sweep: Sweep) -> str:
    along, *rest = _axes(sweep)
    text = f"Along {along}"
    text += f", a line for each {rest[0]}" if rest and len(sweep.swept[rest[0]]) <= len(ROLES) else ""
    return f"{text}. All values are of the data that a choice would be made on."


def _chart(sweep: Sweep, key: str) -> Chart:
    along, *rest = _axes(sweep)
    lines = rest[0] if rest and len(sweep.swept[rest[0]]) <= len(ROLES) else None
    groups = [name for name in rest if name != lines]
    found = {tuple(map(repr, row.settings.values())): row for row in sweep.rows}
    series = []
    for fixed in product(*(sweep.swept[name] for name in groups)):
        held = dict(zip(groups, fixed, strict=True))
        for i, value in enumerate(sweep.swept[lines] if lines else [None]):
            one = {**held, **({lines: value} if lines else {})}
            points = [_value(sweep, found, {**one, along: x}, key) for x in sweep.swept[along]]
            name = told({lines: value}) if lines else key
            series.append(Series(name, [float(x) for x in range(len(points))], points, role=ROLES[i], group=told(held)))
    categories = [value_text(value) for value in sweep.swept[along]]
    return Chart("line", Axis(label(along), categories=categories), Axis(key, unit="ratio"), series, title=key,
                 id=f"surface-{key}")  # fmt: skip


def _value(
    sweep: Sweep, found: dict[tuple[str, ...], SweepRow], settings: dict[str, Any], key: str
) -> float | int | None:
    row = found.get(tuple(repr(settings[name]) for name in sweep.swept))
    return None if row is None else row.metrics[key]


def _table(sweep: Sweep) -> Table:
    columns = [Column(label(name), "number") for name in sweep.swept]
    columns += [Column(key, "ratio" if better == "higher" else "integer", bar=key in BARS) for key, better in _SHOWN]
    columns.append(Column(""))
    rows: list[list[Cell]] = [
        [*(_cell(value) for value in row.settings.values()), *(row.metrics[key] for key, _ in _SHOWN),
         "best HOTA" if i == sweep.best else ""]
        for i, row in enumerate(sweep.rows)
    ]  # fmt: skip
    return Table(columns, rows, id="combinations-table", caption="All numbers are in sweep.csv.")


def _cell(value: Any) -> str | float:
    return value_text(value) if isinstance(value, bool) else float(value)
