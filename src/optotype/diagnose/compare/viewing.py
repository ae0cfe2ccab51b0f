"""A comparison in words, tables, charts and images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from optotype import metrics
from optotype.diagnose.compare.pair_views import against_first, class_chart, class_sentence
from optotype.diagnose.compare.records import (
    Changed,
    ClassDifference,
    Comparison,
    Difference,
    Pair,
)
from optotype.diagnose.compare.setting_views import setting_sentence, settings_table
from optotype.diagnose.compare.wording import ALPHA, p_text, signed
from optotype.tasks.wording import plural, quoted
from optotype.views import (
    Cell,
    Chart,
    Column,
    Gallery,
    GalleryItem,
    Link,
    Note,
    Picture,
    Section,
    Sentence,
    Span,
    Table,
    View,
)

MOST_IMAGES = 300
"""Images of each pair and direction in the gallery."""


def verdict(comparison: Comparison) -> list[Sentence]:
    """Which model is better, in at most five sentences that say nothing their intervals do not carry."""
    if comparison.setting_pairs:
        head = [
            setting_sentence(comparison, pair, "accuracy", "accuracy", "items") for pair in comparison.setting_pairs
        ]
    else:
        head = [_pair_sentence(comparison, pair) for pair in comparison.pairs]
    against = [] if comparison.setting_pairs else against_first(comparison)
    classes = [found for pair in against if (found := _classes_sentence(pair))]
    room = 5 - min(len(classes), 2)
    return [*head[:room], *classes[:2]]


def sections(comparison: Comparison, picture: Callable[[str], Picture | None]) -> list[Section]:
    """Sections ``comparison``, ``class-differences`` and ``changes``."""
    views: list[View] = [_headline_table(comparison), _difference_table(comparison), _change_table(comparison)]
    if any(len(setting.runs) > 1 for setting in comparison.settings):
        kinds = [(kind.key, kind.label) for kind in metrics.of_task(comparison.task)]
        views.append(settings_table(comparison, kinds))
    if comparison.warnings:
        views.append(Note(list(comparison.warnings), "caution", "Warnings"))
    lead = "All models were judged on the same items, so that their differences are paired."
    found = [Section("comparison", "Which is better", views, lead=lead)]
    pairs = [pair for pair in against_first(comparison) if any(row.n for row in pair.per_class)]
    if pairs:
        tables: list[View] = [_class_table(pair, i) for i, pair in enumerate(pairs)]
        found.append(Section("class-differences", "Where they differ", [_class_chart(pairs), *tables]))
    found.append(Section("changes", "The images that changed", [_gallery(comparison, picture)]))
    return found


def _points(value: float) -> str:
    return f"{100 * value:.1f}"


def _pair_sentence(comparison: Comparison, pair: Pair) -> Sentence:
    difference = pair.metrics["accuracy"]
    changed = f"It fixes {pair.fixes:,} and breaks {pair.breaks:,} items"
    changed += f" (McNemar p {p_text(pair.mcnemar_p)})."
    first, second = quoted(pair.a), quoted(pair.b)
    if difference.value is None:
        return Sentence(f"{second} and {first}: no accuracy to compare.", "caution", "comparison")
    if not pair.fixes and not pair.breaks:
        return Sentence(f"{second} and {first} have exactly the same items right.", "neutral", "comparison")
    if difference.low is None or difference.high is None:
        delta = f"{signed(difference.value)} points of accuracy"
        text = f"{second} minus {first}: {delta}, without a valid interval. {changed}"
        return Sentence(text, "caution", "comparison")
    reach = f"[{signed(difference.low)}, {signed(difference.high)}]"
    if pair.same_setting:
        text = f"{second} and {first} differ only in the seed: {signed(difference.value)} points of accuracy {reach}."
        return Sentence(text, "neutral", "comparison")
    if difference.shown:
        better = difference.value > 0
        ends = sorted((abs(difference.low), abs(difference.high)))
        text = (
            f"{second} is {'better' if better else 'worse'} than {first} by {_points(abs(difference.value))} "
            f"points of accuracy [{_points(ends[0])}, {_points(ends[1])}]. {changed}"
        )
        return Sentence(text, "good" if better else "bad", "comparison")
    delta = f"{signed(difference.value)} points {reach}"
    if pair.mcnemar_p < ALPHA:
        changed += " The two tests disagree, so it is open."
    text = f"No difference in accuracy can be shown between {second} and {first}: {delta}"
    if pair.detectable:
        n = plural(comparison.n.items, "item")
        text += f"; with {n} a difference under about {_points(pair.detectable)} points would often not be seen"
    return Sentence(f"{text}. {changed}", "neutral", "comparison")


def _classes_sentence(pair: Pair) -> Sentence | None:
    if pair.same_setting:
        return None
    return class_sentence(pair, f"Found differently often by {quoted(pair.b)} than by {quoted(pair.a)}")


def _headline_table(comparison: Comparison) -> Table:
    columns = [Column("metric"), *(Column(name, "number") for name in comparison.names)]
    rows: list[list[Cell]] = []
    for kind in metrics.of_task(comparison.task):
        found = [run.metrics.get(kind.key) for run in comparison.runs]
        spans = [None if m is None or m.value is None else Span.of(m) for m in found]
        if any(spans):
            rows.append([f"{kind.label} {'↑' if kind.better == 'higher' else '↓'}", *spans])
    caption = f"{plural(comparison.n.items, 'item')}. ↑ higher, ↓ lower is better. 95 % intervals of each number alone."
    return Table(columns, rows, title="Side by side", caption=caption, id="headline")


def _difference_table(comparison: Comparison) -> Table:
    kinds = [k for k in metrics.of_task(comparison.task) if any(_known(p, k.key) for p in comparison.pairs)]
    columns = [Column("metric"), *(Column(f"{p.b} − {p.a}", "delta") for p in comparison.pairs)]
    rows: list[list[Cell]] = []
    for kind in kinds:
        found = [pair.metrics.get(kind.key) for pair in comparison.pairs]
        spans = [None if d is None or d.value is None else Span.of(d, kind.better) for d in found]
        rows.append([f"{kind.label} {'↑' if kind.better == 'higher' else '↓'}", *spans])
    caption = (
        f"Paired 95 % bootstrap intervals ({comparison.resamples:,} resamples, seed {comparison.seed}): an "
        "interval without 0 shows a difference. That of the calibration error is on the wide side. "
        f"{_many(len(rows) * len(comparison.pairs))}"
    )
    return Table(columns, rows, title="Differences", caption=caption, id="differences")


def _many(looks: int) -> str:
    if looks < 5:
        return ""
    return f"Of {looks} intervals about {max(1, round(looks * ALPHA))} would leave out 0 by chance alone."


def _known(pair: Pair, key: str) -> bool:
    return key in pair.metrics and pair.metrics[key].value is not None


def _change_table(comparison: Comparison) -> Table:
    columns = [
        Column("second against first"),
        Column("fixes", "integer", hint="wrong before, right now"),
        Column("breaks", "integer", hint="right before, wrong now"),
        Column("both right", "integer"),
        Column("both wrong", "integer"),
        Column("McNemar p", "number", hint="exact; are fixes and breaks equally likely?"),
        Column("detectable", "percent", hint="accuracy difference that four of five samples of this size would show"),
    ]
    rows: list[list[Cell]] = [
        [f"{p.b} against {p.a}", p.fixes, p.breaks, p.both_right, p.both_wrong, p.mcnemar_p, p.detectable]
        for p in comparison.pairs
    ]
    links: list[Link | None] = [Link("changed", {"models": _title(pair)}) for pair in comparison.pairs]
    caption = "Items by which model has them right. Click a row to see the items that changed."
    return Table(columns, rows, links, title="Fixed and broken", caption=caption, id="fixed-and-broken")


def _class_chart(pairs: list[Pair]) -> Chart:
    return class_chart(
        pairs, what="recall", above="found more often than by", without="with fewer than 20 groups of items"
    )


def _class_table(pair: Pair, i: int) -> Table:
    columns = [
        Column("class"),
        Column("items", "integer"),
        Column(f"recall, {pair.a}", "ratio"),
        Column(f"recall, {pair.b}", "ratio"),
        Column("difference", "delta", "higher"),
        Column("F1 difference", "delta", "higher"),
        Column("fixes", "integer"),
        Column("breaks", "integer"),
        Column("p", "number", hint="of the recall's difference"),
        Column("p, Holm", "number", hint="corrected for the number of classes"),
    ]
    rows: list[list[Cell]] = [_class_row(row) for row in pair.per_class]
    links: list[Link | None] = [Link("changed", {"models": _title(pair), "truth": row.name}) for row in pair.per_class]
    caption = "Click a row to see the class's items that changed."
    return Table(columns, rows, links, title=f"{pair.b} against {pair.a}", caption=caption, id=f"class-table-{i}")


def _class_row(row: ClassDifference) -> list[Cell]:
    spans = (Span.of(d) for d in (row.difference, row.f1 or Difference(None)))
    return [row.name, row.n, row.a, row.b, *spans, row.fixes, row.breaks, row.p, row.p_holm]


def _title(pair: Pair) -> str:
    return f"{pair.a} → {pair.b}"


def _gallery(comparison: Comparison, picture: Callable[[str], Picture | None]) -> Gallery:
    items: list[GalleryItem] = []
    total = 0
    for pair in comparison.pairs:
        total += pair.fixes + pair.breaks
        items += _items(pair, pair.broken[:MOST_IMAGES], "broken", picture)
        items += _items(pair, pair.fixed[:MOST_IMAGES], "fixed", picture)
    shown = f"Shown: {len(items):,} of {total:,} changes" if len(items) < total else f"All {plural(total, 'change')}"
    caption = (
        f"{shown}, the surest mistakes first. Fixed: wrong by the first model, right by the second; broken: the "
        "other way round."
    )
    return Gallery("changed", items, ["models", "change", "truth"], title="Fixed and broken", caption=caption)


def _items(
    pair: Pair, changed: list[Changed], change: str, picture: Callable[[str], Picture | None]
) -> Iterator[GalleryItem]:
    tone: Any = "good" if change == "fixed" else "bad"
    for item in changed:
        facts = [
            ("truth", item.truth),
            (pair.a, _said(item.a, item.confidence_a)),
            (pair.b, _said(item.b, item.confidence_b)),
        ]
        facets = {"models": _title(pair), "change": change, "truth": item.truth}
        yield GalleryItem(item.key, picture(item.key), facets, facts, tone)


def _said(label: str, confidence: float | None) -> str:
    return label if confidence is None else f"{label} ({confidence:.3f})"
