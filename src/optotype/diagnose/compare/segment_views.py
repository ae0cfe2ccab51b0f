"""A comparison of segmentations in words, tables, charts and images with components."""

from __future__ import annotations

from collections.abc import Callable

from optotype.diagnose.compare.pair_views import (
    against_first,
    changed_images,
    class_chart,
    class_sentence,
    class_table,
    difference_table,
    directed,
    group_chart,
    headline_table,
)
from optotype.diagnose.compare.pair_words import reach, tested, verdict_sentence
from optotype.diagnose.compare.records import Comparison, Painted, Pair
from optotype.diagnose.compare.setting_views import setting_sentence, settings_table
from optotype.diagnose.compare.wording import p_text, signed
from optotype.metrics.segmentation import SEGMENT
from optotype.tasks.wording import plural, quoted
from optotype.views import (
    Cell,
    Column,
    Frames,
    Note,
    Picture,
    Section,
    Sentence,
    Table,
    View,
)

_LABELS = {measure.key: measure.label for measure in SEGMENT}
_OF_ALL = "miou"


def verdict(comparison: Comparison) -> list[Sentence]:
    """Which segmentation is better, and in what, saying nothing that its tests do not carry."""
    if comparison.setting_pairs:
        return [setting_sentence(comparison, pair, _OF_ALL, "mean IoU", "images") for pair in comparison.setting_pairs]
    found = [s for pair in comparison.pairs for s in (_miou_sentence(pair), _component_sentence(pair))]
    return found + [s for pair in against_first(comparison) if (s := _class_sentence(pair)) is not None]


def sections(comparison: Comparison, picture: Callable[[str], Picture | None]) -> list[Section]:
    """Sections ``comparison``, ``class-differences``, ``group-differences`` and ``changes``."""
    pairs = against_first(comparison)
    differences = difference_table(comparison, _label, list(comparison.pairs[0].metrics), _how(comparison))
    views: list[View] = [_headline(comparison), differences, _components(comparison)]
    if any(len(setting.runs) > 1 for setting in comparison.settings):
        views.append(settings_table(comparison, [(measure.key, measure.label) for measure in SEGMENT]))
    if comparison.warnings:
        views.append(Note(list(comparison.warnings), "caution", "Warnings"))
    lead = "All models were judged on the same pixels of the same images, so that their differences are paired."
    found = [Section("comparison", "Which is better", views, lead=lead)]
    without = "in fewer than 20 groups of images"
    chart = class_chart(pairs, what="IoU", above="better than", without=without)
    tables = (class_table(pair, i, what="IoU", items="components") for i, pair in enumerate(pairs))
    classes: list[View] = [chart, *tables]
    found.append(Section("class-differences", "Where they differ", classes))
    if _painted(pairs[0]).groups:
        note = "Over the classes that occur in the group."
        by_group = group_chart(pairs, lambda p: _painted(p).groups, group="group", what="mean IoU", note=note)
        groups: list[View] = [by_group, *map(_groups, pairs)]
        found.append(Section("group-differences", "Group by group", groups))
    frames: list[View] = [view for i, pair in enumerate(pairs) if (view := _frames(pair, i, picture)).frames]
    return [*found, Section("changes", "The images that changed", frames)] if frames else found


def _painted(pair: Pair) -> Painted:
    assert pair.painted is not None, "a pair of segmentations"
    return pair.painted


def _miou_sentence(pair: Pair) -> Sentence:
    difference, first, second = pair.metrics[_OF_ALL], quoted(pair.a), quoted(pair.b)
    if difference.value is None:
        return Sentence(f"{second} and {first}: no mean IoU to compare.", "caution", "comparison")
    text = f"{signed(difference.value)} points of mean IoU{reach(difference)}"
    text += tested(difference, _painted(pair).least_p, "groups")
    if difference.p is None and difference.low is None:
        text += ", without a valid interval"
    if pair.same_setting:
        return Sentence(f"{second} and {first} differ only in the seed: {text}.", "neutral", "comparison")
    return verdict_sentence(pair, difference, "mean IoU", text)


def _component_sentence(pair: Pair) -> Sentence:
    found = _painted(pair)
    first, second = quoted(pair.a), quoted(pair.b)
    cells = found.higher + found.lower + found.alike
    text = (
        f"{second} gets {plural(pair.fixes, 'component')} that {first} misses, and misses {pair.breaks:,} that it gets "
        f"(p {p_text(pair.mcnemar_p)} by groups that gain or lose); of {cells:,} (image, class) pairs {found.higher:,} "
        f"have a higher IoU with it and {found.lower:,} a lower one."
    )
    return Sentence(text, "neutral", "components")


def _class_sentence(pair: Pair) -> Sentence | None:
    return None if pair.same_setting else class_sentence(pair, f"Classes whose IoU differs for {quoted(pair.b)}")


def _label(key: str, better: str) -> str:
    return directed(_LABELS.get(key, key), better)


def _headline(comparison: Comparison) -> Table:
    n = comparison.n
    caption = f"{plural(n.items, 'image')}, {plural(n.truth, 'pixel')}. ↑ higher, ↓ lower is better."
    return headline_table(comparison, _label, caption)


def _how(comparison: Comparison) -> str:
    """How differences are tested here."""
    found = _painted(comparison.pairs[0])
    if found.tests == "bootstrap":
        return (
            f"Paired 95 % intervals from {comparison.resamples:,} resamples of the groups (seed {comparison.seed}): "
            "one without 0 shows a difference. p: normal, from the spread of the resamples. Averages over classes "
            "are worth no more groups than their rare classes lie in."
        )
    if found.tests == "swaps":
        n = comparison.n.groups
        return (
            "Too few groups for intervals. p is exact: were the models alike, either could have been either in each "
            f"group; it is the share of all {2**n:,} exchanges with a difference at least as large. With "
            f"{plural(n, 'group')} it cannot be below {found.least_p:.3g}."
        )
    return "Without resamples, or with one group, there are no intervals and no p-values."


def _components(comparison: Comparison) -> Table:
    columns = [
        Column("second against first"),
        Column("fixed", "integer", hint="the second has at least half of it right, the first has not"),
        Column("broken", "integer", hint="the first has at least half of it right, the second has not"),
        Column("both get", "integer"),
        Column("neither", "integer"),
        Column("p", "number", hint="do as many groups gain components as lose some?"),
        Column(
            "detectable", "percent", hint="difference of mean IoU that four of five samples of this size would show"
        ),
        Column("pairs higher", "integer", hint="(image, class) pairs of the truth with a higher IoU"),
        Column("lower", "integer"),
        Column("alike", "integer"),
    ]
    rows: list[list[Cell]] = []
    for p in comparison.pairs:
        f = _painted(p)
        rows.append([f"{p.b} against {p.a}", p.fixes, p.breaks, p.both_right, p.both_wrong, p.mcnemar_p, p.detectable,
                     f.higher, f.lower, f.alike])  # fmt: skip
    caption = "Connected parts of the truth's classes with at least half of their pixels right."
    return Table(columns, rows, title="Fixed and broken components", caption=caption, id="components")


def _groups(pair: Pair) -> Table:
    columns = [
        Column("group"),
        Column(f"mean IoU, {pair.a}", "ratio"),
        Column(f"mean IoU, {pair.b}", "ratio"),
        Column("difference", "delta", "higher"),
        Column("components fixed", "integer"),
        Column("broken", "integer"),
    ]
    rows: list[list[Cell]] = [
        [g.name, g.a, g.b, None if g.a is None or g.b is None else g.b - g.a, g.fixes, g.breaks]
        for g in _painted(pair).groups
    ]
    return Table(columns, rows, title=f"{pair.b} against {pair.a}, by group")


def _frames(pair: Pair, i: int, picture: Callable[[str], Picture | None]) -> Frames:
    caption = (
        f"The {plural(len(pair.frames), 'image')} with most pixels in components that {quoted(pair.b)} fixes or "
        "breaks; a box is around a component, and its note says how much of it either has right."
    )
    return changed_images(pair, i, picture, caption)
