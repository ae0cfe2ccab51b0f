"""What failures go with, in tables and charts."""

from __future__ import annotations

from optotype.diagnose.causes.cell_views import cell_section
from optotype.diagnose.causes.records import Causes, Effect
from optotype.diagnose.causes.wording import SLICES, TARGET, shown_effects, title
from optotype.diagnose.causes.words import WORDS
from optotype.diagnose.conditions import BY_KEY
from optotype.tasks.wording import plural
from optotype.views import Axis, Cell, Chart, Column, Link, Note, Section, Series, Span, Table, View

MOST_CHARTS = 4
MOST_SLICES = 20


def sections(causes: Causes) -> list[Section]:
    """Sections ``causes`` (effects, a chart of each strong condition, what was left out), ``cell-relations`` of a
    segmentation, and ``slices``.
    """
    found = [_effects(causes)]
    if causes.relations or causes.taken:
        found.append(cell_section(causes))
    if causes.slices or causes.trust:
        views: list[View] = []
        if causes.slices:
            views.append(_slice_table(causes))
        if causes.trust:
            views.append(_trust_table(causes))
        lead = "Parts in which single classes fail" + ", or confidence misleads" * bool(causes.trust)
        lead += ". Corrected for all that was looked at."
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
    words = WORDS[causes.task]
    lead = (
        f"How often {words.many} are {words.failing} ({causes.failures:,} of {plural(causes.n, words.one)}) by their "
        f"measured properties. {words.meant}This shows what {words.failures} go with, not what would happen if a "
        "property were changed."
    )
    return Section(TARGET, f"What {words.failures} go with", views, lead=lead)


def _effect_table(causes: Causes, effects: list[Effect], title: str, id_: str) -> Table:
    words, adjusted = WORDS[causes.task], any(effect.adjusted is not None for effect in effects)
    columns = [
        Column("condition"),
        Column("worst part"),
        Column(words.many, "integer"),
        Column(f"{words.failing} there", "percent", bar=True),
        Column(f"{words.failing} elsewhere", "percent"),
        Column("difference", "delta", better="lower"),
        *([Column("held fixed", "delta", better="lower", hint="class and the other conditions held fixed")] * adjusted),
        Column(f"of all {words.failures}", "percent", hint=f"share of the {words.failures} that lie in the worst part"),
        Column("p", "number", hint="corrected after Holm for the number of conditions"),
    ]
    rows = [_effect_row(effect, adjusted) for effect in effects]
    kind = (
        f"Distances in the model's own feature space: they describe its {words.failures}, and are no property of the "
        "images. "
    )
    caption = (
        f"{kind if effects[0].kind == 'model' else ''}Worst part: the bin of about a fifth, or the category, with the "
        "clearest excess; the intervals hold for whichever it is. Like: too alike to be told apart. p: is the share of "
        f"{words.failures} the same in all bins? ({causes.resamples:,} resamples, seed {causes.seed}; "
        f"{_unit(causes)}). "
    )
    return Table(
        columns, rows, title=title, caption=caption + (causes.adjustment if id_ == "conditions" else ""), id=id_
    )


def _effect_row(effect: Effect, adjusted: bool) -> list[Cell]:
    gap, fixed = effect.difference, effect.adjusted
    like = f" (like {', '.join(map(title, effect.entangled))})" if effect.entangled else ""
    row: list[Cell] = [
        title(effect.condition) + like,
        _short(effect),
        effect.n,
        effect.rate,
        effect.rest_rate,
        Span.of(gap),
    ]
    if adjusted:
        row.append(None if fixed is None else Span.of(fixed))
    return [*row, effect.share, effect.p_holm]


def _short(effect: Effect) -> str:
    """The worst part for a narrow column: a range as ‘34–50 px’, on one line."""
    if effect.place == "category":
        return effect.where
    return effect.where.removeprefix("from ").replace(" to below ", "–").replace(" ", "\N{NO-BREAK SPACE}")


def _unit(causes: Causes) -> str:
    many = WORDS[causes.task].many
    if causes.groups == causes.n:
        return f"{many} are independent"
    return f"{plural(causes.groups, 'group')}, whose {many} are not taken as independent"


def _chart(causes: Causes, effect: Effect, place: int) -> Chart:
    words, overall = WORDS[causes.task], causes.failures / causes.n
    places = [float(i) for i in range(len(effect.bins))]
    series = [
        Series(words.failing, places, [b.rate for b in effect.bins], [b.low for b in effect.bins],
               [b.high for b in effect.bins]),
        Series(f"all {words.many}", places, [overall] * len(places), role="ideal"),
    ]  # fmt: skip
    source = f" Measured: {BY_KEY[effect.condition].source}." if effect.condition in BY_KEY else ""
    caption = (
        f"{', '.join(f'{b.n:,}' for b in effect.bins)} {words.many} in the bins, in their order; Wilson's 95 % "
        f"intervals.{source}"
    )
    return Chart(
        "bar" if effect.place == "category" else "dots",
        Axis(title(effect.condition), categories=[b.name for b in effect.bins]),
        Axis(f"share {words.failing}", 0.0, unit="ratio"),
        series,
        title=f"{words.failures.capitalize()} by {title(effect.condition)}",
        caption=caption,
        id=f"causes-{place + 1}",
    )


def _slice_table(causes: Causes) -> Table:
    words = WORDS[causes.task]
    columns = [
        Column("class"),
        Column(words.called),
        Column("when", hint=f"thirds are of the class's own {words.many}"),
        Column(words.many, "integer"),
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
            [s.truth, s.predicted or s.fails or words.any, f"{title(s.condition)} {s.where}", s.n, s.rate, s.rest_rate,
             Span.of(gap), s.elsewhere, s.p]
        )  # fmt: skip
        links.append(words.link(s))
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
