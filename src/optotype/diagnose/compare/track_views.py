"""A comparison of trackers in words, tables, charts, timelines and frames with boxes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from optotype.diagnose.compare.pair_views import (
    against_first,
    class_chart,
    class_sentence,
    difference_table,
    directed,
    group_chart,
    headline_table,
)
from optotype.diagnose.compare.pair_words import reach, tested, verdict_sentence
from optotype.diagnose.compare.records import Comparison, Followed, Pair
from optotype.diagnose.compare.wording import ALPHA, p_text, signed
from optotype.tasks.track.codes import CAUSE_NAMES, TYPE_NAMES
from optotype.tasks.track.frames import Film
from optotype.tasks.track.timeline import KINDS
from optotype.tasks.track.viewing import LABELS
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
    Timeline,
    View,
)

_PICTURE = 640


def verdict(comparison: Comparison) -> list[Sentence]:
    """Which tracker is better, and in what, saying nothing that its tests do not carry."""
    found = [s for pair in comparison.pairs for s in (_hota_sentence(pair), *_object_sentences(pair))]
    for pair in against_first(comparison):
        found += [s for s in (_cause_sentence(pair), _class_sentence(pair)) if s is not None]
    return found


def sections(comparison: Comparison, picture: Callable[[str], Picture | None]) -> list[Section]:
    """Sections ``comparison``, ``scene-differences``, ``event-differences``, ``class-differences``, ``changes``."""
    pairs = against_first(comparison)
    differences = difference_table(comparison, _label, list(comparison.pairs[0].metrics), _how(comparison))
    views: list[View] = [_headline(comparison), differences, _objects(comparison)]
    if comparison.warnings:
        views.append(Note(list(comparison.warnings), "caution", "Warnings"))
    lead = "All trackers were judged on the same sequences, so that their differences are paired by scene."
    found = [Section("comparison", "Which is better", views, lead=lead)]
    by_scene = group_chart(pairs, lambda pair: _followed(pair).scenes, group="scene", what="HOTA")
    found.append(Section("scene-differences", "Where they differ", [by_scene, *map(_scenes, pairs)]))
    found.append(Section("event-differences", "Which failures are fewer", [_events(pair) for pair in pairs]))
    if len(pairs[0].per_class) > 1:
        chart = class_chart(pairs, what="HOTA", above="better than", without="at all: scenes are exchanged instead")
        found.append(Section("class-differences", "Class by class", [chart]))
    changes: list[View] = []
    for i, pair in enumerate(pairs):
        changes += [view for view in (_lanes(pair, i), _frames(pair, i, Film(picture))) if view is not None]
    return [*found, Section("changes", "What changed", changes)] if changes else found


def _followed(pair: Pair) -> Followed:
    assert pair.followed is not None, "a pair of trackers"
    return pair.followed


def _hota_sentence(pair: Pair) -> Sentence:
    difference, first, second = pair.metrics["HOTA"], quoted(pair.a), quoted(pair.b)
    if difference.value is None:
        return Sentence(f"{second} and {first}: no HOTA to compare.", "caution", "comparison")
    better, worse = _followed(pair).better()
    scenes = plural(len(_followed(pair).scenes), "scene")
    text = f"{signed(difference.value)} points of HOTA{reach(difference)}, higher in {better} of {scenes}"
    text += f" and lower in {worse}" + tested(difference, _followed(pair).least_p, "scenes")
    if difference.value == 0 and not pair.fixes and not pair.breaks:
        return Sentence(f"{second} and {first} find exactly the same boxes: {text}.", "neutral", "comparison")
    return verdict_sentence(pair, difference, "HOTA", text)


def _object_sentences(pair: Pair) -> list[Sentence]:
    found = _followed(pair)
    first, second = quoted(pair.a), quoted(pair.b)
    boxes = (
        f"{second} finds {plural(pair.fixes, 'box', 'boxes')} that {first} misses, and misses {pair.breaks:,} that it "
        f"finds (p {p_text(pair.mcnemar_p)} by scenes that gain or lose); it avoids "
        f"{plural(found.avoided, 'identity switch', 'identity switches')} and makes {found.made:,} new ones"
        f"{_false(pair)}."
    )
    objects = (
        f"Of {found.held + found.lost + found.alike:,} objects its longest identity holds {found.held:,} for more "
        f"frames than that of {first}, {found.lost:,} for fewer."
    )
    return [Sentence(boxes, "neutral", "objects"), Sentence(objects, "neutral", "objects")]


def _false(pair: Pair) -> str:
    """How many more or fewer boxes lie on nothing."""
    change = int(pair.metrics["FP"].value or 0)
    return f", with {abs(change):,} {'more' if change > 0 else 'fewer'} false boxes" if change else ""


def _cause_sentence(pair: Pair) -> Sentence | None:
    """The cause whose identity switches change most."""
    rows = [row for row in _followed(pair).events if row.type == "IDSW" and row.a != row.b]
    if not rows or not _followed(pair).causes_alike:
        return None
    most = max(rows, key=lambda row: (abs(row.b - row.a), row.cause))
    text = (
        f"Identity switches change most with {quoted(most.cause)} ({CAUSE_NAMES[most.cause]}): {most.a:,} of "
        f"{quoted(pair.a)}, {most.b:,} of {quoted(pair.b)}."
    )
    return Sentence(text, "neutral", "event-differences")


def _class_sentence(pair: Pair) -> Sentence | None:
    return class_sentence(pair, f"Classes whose HOTA differs for {quoted(pair.b)}") if len(pair.per_class) > 1 else None


def _label(key: str, better: str) -> str:
    return directed(LABELS.get(key, key), better)


def _headline(comparison: Comparison) -> Table:
    n = comparison.n
    caption = f"{plural(n.items, 'sequence')}, {plural(n.truth, 'box', 'boxes')}. ↑ higher, ↓ lower is better."
    return headline_table(comparison, _label, caption)


def _how(comparison: Comparison) -> str:
    """How differences are tested here."""
    found = _followed(comparison.pairs[0])
    many = f"Of {len(comparison.pairs[0].metrics)} numbers about one would have p < {ALPHA} by chance alone."
    if found.tests == "bootstrap":
        return (
            f"Paired 95 % intervals from {comparison.resamples:,} resamples of the scenes (seed {comparison.seed}): "
            "one without 0 shows a difference; counts have none. p: normal, with the standard error of the resamples. "
            f"{many}"
        )
    if found.tests == "swaps":
        return (
            "Too few scenes for intervals. p is exact: were the trackers alike, either could have been either in each "
            f"scene; it is the share of all {2 ** len(found.scenes):,} exchanges with a difference at least as large. "
            f"With {plural(len(found.scenes), 'scene')} it cannot be below {found.least_p:.3g}. {many}"
        )
    return "Without resamples there are no intervals and no p-values."


def _objects(comparison: Comparison) -> Table:
    columns = [
        Column("second against first"),
        Column("boxes fixed", "integer", hint="the second finds it, the first does not"),
        Column("boxes broken", "integer", hint="the first finds it, the second does not"),
        Column("both find", "integer"),
        Column("neither", "integer"),
        Column("p", "number", hint="do as many scenes gain boxes as lose some?"),
        Column("switches avoided", "integer"),
        Column("switches made", "integer"),
        Column("of both", "integer"),
        Column("objects held longer", "integer"),
        Column("held shorter", "integer"),
    ]
    rows: list[list[Cell]] = []
    for p in comparison.pairs:
        f = _followed(p)
        rows.append([f"{p.b} against {p.a}", p.fixes, p.breaks, p.both_right, p.both_wrong, p.mcnemar_p, f.avoided,
                     f.made, f.both, f.held, f.lost])  # fmt: skip
    within = _followed(comparison.pairs[0]).within
    caption = (
        f"Boxes of the truth found at IoU 0.5. A switch is of both where both switch the object within {within} "
        "frames. An object is held by the identity that has it longest."
    )
    return Table(columns, rows, title="Fixed and broken", caption=caption, id="objects")


def _scenes(pair: Pair) -> Table:
    columns = [
        Column("scene"),
        Column(f"HOTA, {pair.a}", "ratio"),
        Column(f"HOTA, {pair.b}", "ratio"),
        Column("difference", "delta", "higher"),
        Column(f"switches, {pair.a}", "integer"),
        Column(f"switches, {pair.b}", "integer"),
        Column("boxes fixed", "integer"),
        Column("boxes broken", "integer"),
    ]
    rows: list[list[Cell]] = []
    for s in _followed(pair).scenes:
        delta = None if s.a is None or s.b is None else s.b - s.a
        rows.append([s.name, s.a, s.b, delta, s.switches_a, s.switches_b, s.fixes, s.breaks])
    return Table(columns, rows, title=f"{pair.b} against {pair.a}")


def _events(pair: Pair) -> Table:
    columns = [
        Column("event"),
        Column("cause"),
        Column("what it says"),
        Column(pair.a, "integer"),
        Column(pair.b, "integer"),
        Column("difference", "integer", "lower"),
    ]
    found = sorted(_followed(pair).events, key=lambda row: -abs(row.b - row.a))
    rows: list[list[Cell]] = [
        [TYPE_NAMES[row.type], row.cause, CAUSE_NAMES[row.cause], row.a, row.b, row.b - row.a] for row in found
    ]
    caption = "Number of events by type and cause; those first whose number changes most."
    if not _followed(pair).causes_alike:
        caption += (
            " What the tracker was given is known of one of the two only (--detections names it), so that causes also "
            "differ by how much could be found out."
        )
    return Table(columns, rows, title=f"Failures of {pair.b} against {pair.a}", caption=caption)


def _lanes(pair: Pair, i: int) -> Timeline | None:
    lanes = _followed(pair).lanes
    if not lanes:
        return None
    caption = (
        f"The objects whose hold changes most, each with {quoted(pair.a)} and beneath it with {quoted(pair.b)}. Blue: "
        "held by the first identity that found it."
    )
    title = f"Objects held longer or shorter by {pair.b}"
    return Timeline(f"lanes-{i}", lanes, list(KINDS), ["sequence"], 20, title, caption, "lane")


def _frames(pair: Pair, i: int, film: Film) -> Frames | None:
    frames = [
        msgspec.structs.replace(f, picture=film.of(f.facets["sequence"], int(f.facets["frame"]), _PICTURE))
        for f in pair.frames
    ]
    if not frames:
        return None
    names = [row.name for row in pair.per_class]
    labels = ["object", "track"] if len(names) < 2 else [*names, "not judged"]
    caption = (
        f"The middle of the longest runs in which {quoted(pair.b)} finds an object that {quoted(pair.a)} misses "
        "(fixed), or misses one that it finds (broken). A track's note says whose it is."
    )
    return Frames(
        f"changed-{i}", frames, labels, ["change", "sequence"], 0.0, f"{pair.b} against {pair.a}", caption, "place"
    )
