"""What failures go with, in tables and charts."""

from __future__ import annotations

from optotype.diagnose.causes.records import Causes, Effect
from optotype.diagnose.causes.wording import SLICES, TARGET, shown_effects, title
from optotype.diagnose.conditions import BY_KEY
from optotype.evidence import Evidence
from optotype.tasks.classify.wording import plural
from optotype.views import Axis, Cell, Chart, Column, Link, Note, Section, Series, Span, Table, View

MOST_CHARTS = 4
MOST_SLICES = 20
GALLERY = "images"


def sections(causes: Causes, evidence: Evidence) -> list[Section]:
    """Sections ``causes`` (effects, a chart of each strong condition, what was left out) and ``slices``."""
    found = [_effects(causes)]
    if causes.slices or causes.trust:
        views: list[View] = []
        if causes.slices:
            views.append(_slice_table(causes, evidence))
        if causes.trust:
            views.append(_trust_table(causes))
        lead = "Parts in which single classes fail, or confidence misleads. Corrected for all that was looked at."
        found.append(Section(SLICES, "Where single classes fail", views, lead=lead))
    return found


def _effects(causes: Causes) -> Section:
    measured = [effect for effect in causes.effects if effect.kind != "model"]
    model = [effect for effect in causes.effects if effect.kind == "model"]
    views: list[View] = []
    if measured:
        views.append(_effect_table(causes, measured, "Conditions, the strongest first", "conditions"))
    strong = shown_effects(causes)
    views += [_chart(causes, effect, i) for i, effect in enumerate(strong[:MOST_CHARTS])]
    if model:
        views.append(_effect_table(causes, model, "As the model sees it", "model-conditions"))
    if causes.warnings:
        views.append(Note(list(causes.warnings), "caution", "Warnings"))
    if causes.skipped:
        views.append(Note([f"{title(key)}: {reason}." for key, reason in causes.skipped], title="Not looked into"))
    lead = (
        f"How often items are wrong ({causes.failures:,} of {plural(causes.n, 'item')}) by their measured properties. "
        "This shows what mistakes go with, not what would happen if a property were changed."
    )
    return Section(TARGET, "What mistakes go with", views, lead=lead)


def _effect_table(causes: Causes, effects: list[Effect], title: str, id_: str) -> Table:
    adjusted = any(effect.adjusted is not None for effect in effects)
    columns = [
        Column("condition"),
        Column("worst part"),
        Column("items", "integer"),
        Column("wrong there", "percent", bar=True),
        Column("wrong elsewhere", "percent"),
        Column("difference", "delta", better="lower"),
        *([Column("held fixed", "delta", better="lower", hint="class and the other conditions held fixed")] * adjusted),
        Column("of all mistakes", "percent", hint="share of the mistakes that lie in the worst part"),
        Column("p", "number", hint="corrected after Holm for the number of conditions"),
    ]
    rows = [_effect_row(effect, adjusted) for effect in effects]
    kind = "Distances in the model's own feature space: they describe its mistakes, and are no property of the images. "
    caption = (
        f"{kind if effects[0].kind == 'model' else ''}Worst part: the bin of about a fifth, or the category, with the "
        "clearest excess; the intervals hold for whichever it is. Like: too alike to be told apart. p: is the share of "
        "mistakes the same in all bins? "
        f"({causes.resamples:,} resamples, seed {causes.seed}; {_unit(causes)}). "
    )
    return Table(
        columns, rows, title=title, caption=caption + (causes.adjustment if id_ == "conditions" else ""), id=id_
    )


def _effect_row(effect: Effect, adjusted: bool) -> list[Cell]:
    gap, fixed = effect.difference, effect.adjusted
    like = f" (like {', '.join(map(title, effect.entangled))})" if effect.entangled else ""
    row: list[Cell] = [
        title(effect.condition) + like,
        effect.where,
        effect.n,
        effect.rate,
        effect.rest_rate,
        Span(gap.value, gap.low, gap.high),
    ]
    if adjusted:
        row.append(None if fixed is None else Span(fixed.value, fixed.low, fixed.high))
    return [*row, effect.share, effect.p_holm]


def _unit(causes: Causes) -> str:
    if causes.groups == causes.n:
        return "items are independent"
    return f"{causes.groups:,} groups, whose items are not taken as independent"


def _chart(causes: Causes, effect: Effect, place: int) -> Chart:
    overall = causes.failures / causes.n
    places = [float(i) for i in range(len(effect.bins))]
    series = [
        Series("wrong", places, [b.rate for b in effect.bins], [b.low for b in effect.bins],
               [b.high for b in effect.bins]),
        Series("all items", places, [overall] * len(places), role="ideal"),
    ]  # fmt: skip
    source = f" {BY_KEY[effect.condition].source}." if effect.condition in BY_KEY else ""
    caption = (
        f"{', '.join(f'{b.n:,}' for b in effect.bins)} items in the bins, from left to right; Wilson's 95 % intervals."
        f"{source}"
    )
    return Chart(
        "bar" if effect.place == "category" else "dots",
        Axis(title(effect.condition), categories=[b.name for b in effect.bins]),
        Axis("share wrong", 0.0, unit="ratio"),
        series,
        title=f"Mistakes by {title(effect.condition)}",
        caption=caption,
        id=f"causes-{place + 1}",
    )


def _slice_table(causes: Causes, evidence: Evidence) -> Table:
    columns = [
        Column("class"),
        Column("called"),
        Column("when", hint="thirds are of the class's own items"),
        Column("items", "integer"),
        Column("there", "percent", bar=True),
        Column("its others", "percent"),
        Column("difference", "delta", better="lower"),
        Column("in other classes", "delta", better="lower", hint="the same difference over all other classes"),
        Column("p", "number", hint="corrected for the whole search"),
    ]
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for s in causes.slices[:MOST_SLICES]:
        gap = s.difference
        rows.append(
            [s.truth, s.predicted or "anything else", f"{title(s.condition)} {s.where}", s.n, s.rate, s.rest_rate,
             Span(gap.value, gap.low, gap.high), s.elsewhere, s.p]
        )  # fmt: skip
        wanted = {"outcome": "wrong", "truth": s.truth} | ({"predicted": s.predicted} if s.predicted else {})
        links.append(Link(GALLERY, wanted) if evidence.task == "classify" else None)
    more = len(causes.slices) - len(rows)
    caption = (
        f"Of {causes.searched:,} combinations of class or confused pair, condition and direction, these fail more "
        "often than the rest of their class; the chance that any of them is by accident is 5 %"
        f"{f' ({more} more are in eval.json)' if more else ''}. Near-equal rows tell of "
        "one thing. Click a row for its images."
    )
    return Table(columns, rows, links, title="Classes and pairs", caption=caption, id="slice-table")


def _trust_table(causes: Causes) -> Table:
    columns = [
        Column("where"),
        Column("items", "integer"),
        Column("confidence", "percent"),
        Column("right", "percent"),
        Column("confidence elsewhere", "percent"),
        Column("right elsewhere", "percent"),
        Column("excess", "delta", better="lower", hint="confidence minus right, there minus elsewhere"),
        Column("p", "number", hint="corrected after Holm"),
    ]
    rows: list[list[Cell]] = [
        [f"{title(t.condition)} {t.where}", t.n, t.confidence, t.accuracy, t.rest_confidence, t.rest_accuracy,
         Span(t.difference.value, t.difference.low, t.difference.high), t.p_holm]
        for t in causes.trust
    ]  # fmt: skip
    caption = "Where the model is surer than it should be, by what is known of an item without its class."
    return Table(columns, rows, title="Misplaced confidence", caption=caption, id="trust")
