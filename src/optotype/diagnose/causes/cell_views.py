"""How the IoU of (image, class) cells goes with conditions, and what is taken for what, in tables and charts."""

from __future__ import annotations

from optotype.diagnose.causes.questions import RELATIONS, TAKEN, answers
from optotype.diagnose.causes.records import Causes, Relation
from optotype.diagnose.causes.wording import ALPHA, title
from optotype.tasks.wording import plural
from optotype.views import Axis, Cell, Chart, Column, Section, Series, Span, Table, Verdict, View

MOST_CHARTS = 3
MOST_TAKEN = 40


def cell_section(causes: Causes) -> Section:
    """Section ``cell-relations``: the answers, the relation of every condition to IoU, and what is taken for what."""
    views: list[View] = [Verdict(said)] if (said := answers(causes)) else []
    if causes.relations:
        views.append(_relations(causes))
        strong = [r for r in causes.relations if r.p_holm is not None and r.p_holm < ALPHA]
        views += [_chart(relation, i) for i, relation in enumerate(strong[:MOST_CHARTS])]
    if causes.taken:
        views.append(_taken(causes))
    lead = (
        "A cell is a class in an image; here is its IoU beside the conditions of its components, each by its pixels. "
        "This shows what goes with a low IoU, not what would happen if a property were changed."
    )
    return Section(RELATIONS, "Small, occluded, confused?", views, lead=lead)


def _relations(causes: Causes) -> Table:
    columns = [
        Column("condition"),
        Column("cells", "integer"),
        Column("IoU, lowest part", "ratio", hint="mean over the cells with the lowest values, about a fifth"),
        Column("IoU, highest part", "ratio", hint="mean over the cells with the highest values, about a fifth"),
        Column("rank correlation", "delta", hint="Spearman's, over all cells: classes differ in both"),
        Column("inside classes", "delta", hint="of ranks inside each class"),
        Column("p", "number", hint="inside classes, corrected after Holm for the number of conditions"),
    ]
    rows: list[list[Cell]] = [
        [
            title(r.condition), r.n, *(Span(band.iou, band.low, band.high) for band in (r.bands[0], r.bands[-1])),
            Span.of(r.rank), None if r.within is None else Span.of(r.within), r.p_holm,
        ]
        for r in causes.relations
    ]  # fmt: skip
    first = causes.relations[0]
    caption = (
        f"Strongest inside classes first; of {plural(first.classes, 'class', 'classes')} with at least 10 cells. "
        f"95 % intervals from {causes.resamples:,} resamples of the groups (seed {causes.seed}), with the ranks of the "
        "data as they are; none with fewer than 20 groups. Cells without a component are left out."
    )
    return Table(columns, rows, title="IoU by condition", caption=caption, id="relation-table")


def _chart(relation: Relation, place: int) -> Chart:
    bands = relation.bands
    x = [float(i) for i in range(len(bands))]
    series = Series("IoU", x, [b.iou for b in bands], [b.low for b in bands], [b.high for b in bands])
    caption = f"Mean IoU of {', '.join(f'{b.n:,}' for b in bands)} cells in the parts, in their order; 95 % intervals."
    name = title(relation.condition)
    return Chart(
        "dots", Axis(name, categories=[b.name for b in bands]), Axis("IoU", 0.0, 1.0, unit="ratio"), [series],
        title=f"IoU of an image’s class by {name}", caption=caption, id=f"relation-{place + 1}",
    )  # fmt: skip


def _taken(causes: Causes) -> Table:
    columns = [
        Column("class"),
        Column("taken for"),
        Column("components", "integer"),
        Column("of its misses", "percent", bar=True),
        Column("of all misses", "percent"),
    ]
    rows: list[list[Cell]] = [
        [t.truth, t.said or "no class", t.n, t.n / t.failures, t.n / causes.failures] for t in causes.taken[:MOST_TAKEN]
    ]
    cut = f"The {MOST_TAKEN} commonest of {len(causes.taken)}. " if len(causes.taken) > MOST_TAKEN else ""
    caption = f"{cut}What most of the wrong pixels of a missed component are said to be."
    return Table(columns, rows, title="What misses are taken for", caption=caption, id=TAKEN)
