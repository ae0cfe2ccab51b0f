"""A comparison of detectors in words, tables, charts and images with boxes."""

from __future__ import annotations

from collections.abc import Callable

from optotype.diagnose.compare.pair_views import (
    against_first,
    changed_images,
    class_chart,
    class_sentence,
    class_table,
    difference_series,
    difference_table,
    directed,
    headline_table,
)
from optotype.diagnose.compare.pair_words import reach, verdict_sentence
from optotype.diagnose.compare.records import Comparison, Difference, Found, Pair
from optotype.diagnose.compare.size_views import size_section, size_sentence
from optotype.diagnose.compare.wording import ALPHA, p_text, signed
from optotype.metrics.average_precision import selections
from optotype.metrics.tide.codes import ERROR_NAMES
from optotype.tasks.wording import plural, quoted
from optotype.views import (
    Axis,
    Cell,
    Chart,
    Column,
    Frames,
    Note,
    Picture,
    Section,
    Sentence,
    Table,
    View,
)

_ERRORS = tuple(ERROR_NAMES)
_LABELS = {s.key: s.label for s in selections()} | {"dece": "Calibration error (dece)"}


def verdict(comparison: Comparison) -> list[Sentence]:
    """Which detector is better, and in what, saying nothing that its intervals do not carry."""
    found = [s for pair in comparison.pairs for s in (_ap_sentence(pair), *_object_sentences(pair))]
    for pair in against_first(comparison):
        found += [s for s in (_error_sentence(pair), size_sentence(pair), _class_sentence(pair)) if s is not None]
    return found


def sections(comparison: Comparison, picture: Callable[[str], Picture | None]) -> list[Section]:
    """Sections ``comparison``, ``error-differences``, ``size-differences``, ``class-differences`` and ``changes``."""
    views: list[View] = [_headline(comparison), _differences(comparison), _objects(comparison)]
    if comparison.warnings:
        views.append(Note(list(comparison.warnings), "caution", "Warnings"))
    lead = "All detectors were judged on the same images, so that their differences are paired."
    found = [Section("comparison", "Which is better", views, lead=lead)]
    pairs = against_first(comparison)
    errors: list[View] = [_error_chart(pairs)]
    found.append(Section("error-differences", "Which errors are fewer", errors))
    found.append(size_section(pairs))
    classes: list[View] = [_class_chart(pairs), *(_class_table(pair, i) for i, pair in enumerate(pairs))]
    found.append(Section("class-differences", "Where they differ", classes))
    frames: list[View] = [view for i, pair in enumerate(pairs) if (view := _frames(pair, i, picture)).frames]
    return [*found, Section("changes", "The images that changed", frames)] if frames else found


def _ap_sentence(pair: Pair) -> Sentence:
    difference, first, second = pair.metrics["AP"], quoted(pair.a), quoted(pair.b)
    if difference.value is None:
        return Sentence(f"{second} and {first}: no AP to compare.", "caution", "comparison")
    text = f"{signed(difference.value)} points of AP{reach(difference)}"
    if difference.low is None:
        return Sentence(f"{second} minus {first}: {text}, without a valid interval.", "caution", "comparison")
    return verdict_sentence(pair, difference, "AP", text)


def _object_sentences(pair: Pair) -> list[Sentence]:
    if not pair.found:
        return []
    first = pair.found[0]
    text = (
        f"With {first.false_per_image:.2f} false detections an image, as at the best F1 of {quoted(first.at)}, "
        f"{quoted(pair.b)} finds {first.fixes:,} objects that {quoted(pair.a)} misses, and misses {first.breaks:,} "
        f"that it finds (p {p_text(first.p)})"
    )
    tone = "neutral"
    if len(pair.found) > 1:
        other = pair.found[1]
        if _way(first) != _way(other):
            tone = "caution"
            text += (
                f". At the best F1 of {quoted(other.at)} ({other.false_per_image:.2f} false an image) it is another "
                f"verdict: {other.fixes:,} fixed, {other.breaks:,} broken (p {p_text(other.p)})"
            )
        else:
            text += f"; at the best F1 of {quoted(other.at)} {other.fixes:,} fixed and {other.breaks:,} broken"
    return [Sentence(f"{text}.", "caution" if tone == "caution" else "neutral", "objects")]


def _way(found: Found) -> int:
    """1 or −1 where fixes and breaks are shown to differ, else 0."""
    if found.p >= ALPHA or found.fixes == found.breaks:
        return 0
    return 1 if found.fixes > found.breaks else -1


def _error_sentence(pair: Pair) -> Sentence | None:
    shown = [(key, d) for key in _ERRORS if (d := pair.metrics.get(f"tide.{key}")) and _holds(d)]
    if not shown:
        return None
    parts = [f"{key} {d.value:+.1f}".replace("-", "−") for key, d in sorted(shown, key=lambda kd: kd[1].value or 0)]
    text = f"Errors that cost {quoted(pair.b)} more or less than {quoted(pair.a)}, in AP points: {', '.join(parts)}"
    return Sentence(f"{text} (p < {ALPHA} after Holm's correction).", "neutral", "error-differences")


def _class_sentence(pair: Pair) -> Sentence | None:
    return class_sentence(pair, f"Classes whose AP differs for {quoted(pair.b)}")


def _holds(difference: Difference) -> bool:
    return difference.p_holm is not None and difference.p_holm < ALPHA


def _keys(comparison: Comparison) -> list[str]:
    known = comparison.pairs[0].metrics
    return [key for key in known if "/" not in key and not key.startswith(("tide-coco", "dece_"))]


def _label(key: str, better: str) -> str:
    name = f"{key.removeprefix('tide.')}, AP points" if key.startswith("tide.") else _LABELS.get(key, key)
    return directed(name, better)


def _headline(comparison: Comparison) -> Table:
    n = comparison.n
    caption = (
        f"{plural(n.items, 'image')}, {plural(n.truth, 'object')}. ↑ higher, ↓ lower is better. 95 % intervals of each "
        "number alone."
    )
    return headline_table(comparison, _label, caption)


def _differences(comparison: Comparison) -> Table:
    caption = (
        f"Paired 95 % intervals from {comparison.resamples:,} resamples of the images (seed {comparison.seed}): one "
        "without 0 shows a difference. p: normal, with the standard error of the resamples; of sizes, and of kinds of "
        "errors, corrected after Holm. A calibration error has an interval only where both detectors' have one, Both "
        "none: it is too rare for one."
    )
    return difference_table(comparison, _label, _keys(comparison), caption, "Holm: sizes; kinds of errors")


def _objects(comparison: Comparison) -> Table:
    columns = [
        Column("second against first"),
        Column("at the best F1 of"),
        Column("false an image", "number"),
        Column("fixed", "integer", hint="the second finds it, the first does not"),
        Column("broken", "integer", hint="the first finds it, the second does not"),
        Column("both find", "integer"),
        Column("neither", "integer"),
        Column("p", "number", hint="are fixes and breaks equally likely? each image counts once"),
    ]
    rows: list[list[Cell]] = [
        [f"{p.b} against {p.a}", f.at, f.false_per_image, f.fixes, f.breaks, f.both_right, f.both_wrong, f.p]
        for p in comparison.pairs
        for f in p.found
    ]
    caption = (
        "Objects found with IoU ≥ 0.5 by a detection of their class, both detectors at scores with equally many false "
        "detections an image."
    )
    return Table(columns, rows, title="Fixed and broken objects", caption=caption, id="objects")


def _error_chart(pairs: list[Pair]) -> Chart:
    return Chart(
        "dots",
        Axis("kind of error", categories=list(_ERRORS)),
        Axis("difference in cost", unit="points"),
        difference_series(pairs, lambda pair: [pair.metrics[f"tide.{key}"] for key in _ERRORS]),
        title="Difference in what errors cost",
        caption="AP points at IoU 0.5; below 0: the second detector loses less to errors of this kind. Paired 95 % "
        "intervals, not corrected for the number of kinds; none for Both, which is too rare for one.",
        id="error-chart",
    )


def _class_chart(pairs: list[Pair]) -> Chart:
    return class_chart(pairs, what="AP", above="better than", without="with objects in fewer than 20 groups of images")


def _class_table(pair: Pair, i: int) -> Table:
    caption = f"Fixed and broken objects: at the best F1 of {quoted(pair.a)} and as many false detections an image."
    return class_table(pair, i, what="AP", items="objects", caption=caption)


def _frames(pair: Pair, i: int, picture: Callable[[str], Picture | None]) -> Frames:
    caption = (
        f"The {plural(len(pair.frames), 'image')} with most changed objects. Missed: by one detector, and "
        f"{quoted(pair.b)} fixes or breaks it, or by both where neither is said; found: by both. A detection's note "
        "says which detector it is of; each above its own score, with equally many false detections an image."
    )
    return changed_images(pair, i, picture, caption)
