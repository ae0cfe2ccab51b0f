"""Class by class, where there are several."""

from __future__ import annotations

from optotype.results import Result
from optotype.views import Cell, Column, Link, Section, Span, Table

SHARES = ("HOTA", "DetA", "AssA", "LocA", "MOTA", "IDF1")
COUNTS = ("IDSW", "Frag", "FP", "FN", "MT", "ML")


def classes(result: Result) -> Section:
    """A row a class."""
    columns = [
        Column("class"),
        Column("boxes", "integer"),
        *(Column(key, "ratio", bar=key == "HOTA") for key in SHARES),
        *(Column(key, "integer") for key in COUNTS),
    ]
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for row in result.per_class:
        spans = [Span.of(m) for m in (row.metrics[key] for key in SHARES)]
        rows.append([row.name, row.n, *spans, *(row.metrics[key].value for key in COUNTS)])
        links.append(Link("events", {"class": row.name}))
    caption = (
        "Identities of different classes never match. The headline adds the classes' counts. A dash: the number does "
        "not exist. Click a row to see the class's events."
    )
    return Section("classes", "Class by class", [Table(columns, rows, links, caption=caption, id="class-table")])
