"""The sections of the report about one segmentation, and its verdict in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optotype.data.frame_groups import is_block
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.metrics.segmentation import SEGMENT, SEGMENT_CLASS
from optotype.results import ClassResult, Metric, Result
from optotype.tasks.headline import headline
from optotype.tasks.pictures import Pictures
from optotype.tasks.segment.cell_views import CELLS, cell_section
from optotype.tasks.segment.matrix_views import confusion_section
from optotype.tasks.segment.pairs import pairs
from optotype.tasks.segment.part_views import part_section
from optotype.tasks.segment.part_views import sentences as part_sentences
from optotype.tasks.segment.recalling import rules_of
from optotype.tasks.segment.threshold_views import histogram, threshold_section
from optotype.tasks.segment.went import said_of, told
from optotype.tasks.wording import percent, plural, quoted, within
from optotype.views import Cell, Column, Link, Picture, Section, Sentence, Span, Table

AVERAGES = {
    "pixel_accuracy": "all pixels alike (micro)", "mean_accuracy": "mean over classes (macro)",
    "miou": "mean over classes (macro)", "miou_micro": "all pixels alike (micro)", "fwiou": "by the class’s pixels",
    "dice": "mean over classes (macro)", "precision": "mean over classes (macro)",
    "recall": "mean over classes (macro)", "map": "over thresholds, then classes",
    "success_mean": "over thresholds, then classes",
}  # fmt: skip
"""How each headline number is averaged."""

ONE_CLASS = 2
"""Fewer classes with pixels than this have neither a best nor a worst."""


def verdict(result: Result, evidence: Evidence) -> list[Sentence]:
    """Up to six sentences: how good, the worst and the best class, boundaries, small parts, what cannot be shown."""
    found = [_how_good(result), _extremes(result, evidence), *part_sentences(result), _caveat(result)]
    return [sentence for sentence in found if sentence is not None]


def sections(result: Result, evidence: Evidence, picture: Callable[[str], Picture | None]) -> list[Section]:
    """Sections ``numbers``, ``classes``, ``confusion``, ``parts``, ``images`` and ``thresholds``."""
    found = [
        _numbers(result),
        _classes(result, _swatches(picture)),
        confusion_section(result, evidence),
        part_section(result),
        cell_section(result, evidence, picture),
        threshold_section(result),
    ]
    return [section for section in found if section is not None]


def _how_good(result: Result) -> Sentence:
    miou, accuracy = result["miou"], result["pixel_accuracy"]
    base = result.errors["baseline"]
    if miou.value is None or accuracy.value is None:
        return Sentence("No pixel takes part, so that no number exists.", "bad", "numbers")
    floor = miou.value if miou.low is None else miou.low
    text = (
        f"Mean IoU is {miou.value:.3f}{_three(miou)} over {plural(len(_averaged(result)), 'class', 'classes')} of "
        f"{plural(result.n.items, 'image')}; {percent(accuracy.value)}{within(accuracy.low, accuracy.high)} of the "
        f"pixels are right. Saying {quoted(base['class'])} everywhere would give {base['miou']:.3f} and "
        f"{percent(base['pixel_accuracy'])}."
    )
    return Sentence(text, "neutral" if floor > base["miou"] else "bad", "numbers")


def _extremes(result: Result, evidence: Evidence) -> Sentence | None:
    judged = [row for row in result.per_class if row.metrics["iou"].value is not None and row.n]
    if len(judged) < ONE_CLASS:
        return None
    worst, best = (pick(judged, key=lambda row: (_iou(row), -row.n)) for pick in (min, max))
    found = pairs(evidence, rules_of(result.protocol).void)
    label = found.classes.index(worst.name)
    recall = worst.metrics["recall"].value or 0.0
    went = told(said_of(found, label), found.classes, worst.n)
    text = (
        f"The worst class is {quoted(worst.name)}, IoU {_iou(worst):.3f}{_three(worst.metrics['iou'])}: of its "
        f"{plural(worst.n, 'pixel')} in {plural(_images(worst), 'image')} {percent(recall, 0)} are right"
        f"{f' ({went})' if went else ''}, and of the pixels called so {_or_none(worst.metrics['precision'])}. The best "
        f"is {quoted(best.name)}, {_iou(best):.3f}{_three(best.metrics['iou'])}."
    )
    return Sentence(text, "caution", "classes")


def _or_none(metric: Metric) -> str:
    return "there are none" if metric.value is None else percent(metric.value, 0)


def groups_of(result: Result) -> str:
    """How many groups there are, and whether they are independent: blocks of a sequence are not."""
    rows = result.slices.get("sequence", [])
    blocks = bool(rows) and all(is_block(row.name) for row in rows)
    return (
        plural(result.n.groups, "block of consecutive frames", "blocks of consecutive frames")
        if blocks
        else plural(result.n.groups, "independent group")
    )


def _caveat(result: Result) -> Sentence | None:
    if result.n.groups < FEWEST_GROUPS:
        return Sentence(f"With only {groups_of(result)} there are no valid intervals.", "caution", "numbers")
    rare = [row for row in result.per_class if 0 < _images(row) < FEWEST_GROUPS]
    if not rare:
        return None
    least = min(rare, key=_images)
    text = (
        f"{plural(len(rare), 'class is', 'classes are')} in fewer than {FEWEST_GROUPS} images (least: "
        f"{quoted(least.name)} in {_images(least)}); read their numbers, and means that rest on them, as rough."
    )
    return Sentence(text, "caution", "classes")


def _numbers(result: Result) -> Section:
    labels = {kind.key: kind.label for kind in SEGMENT}
    averaged = result.protocol["averaged_over"]
    present, absent = averaged["miou, dice, precision, recall"], averaged["absent"]
    truth = averaged["mean_accuracy, map, success_mean"]
    also = "" if truth == present else f", accuracy and counts at thresholds over the {len(truth)} in the truth"
    caption = (
        f"{plural(result.n.items, 'image')} in {groups_of(result)}, "
        f"{plural(result.n.truth, 'pixel')} of the truth’s classes. Void: {result.protocol['void_means']}. "
        f"One confusion matrix of all images, then divided. IoU, Dice, precision and recall are averaged over the "
        f"{plural(len(present), 'class', 'classes')} with pixels on either side"
        f"{also}{'; absent and left out: ' + ', '.join(absent) if absent else ''}."
    )
    return headline(result, labels, caption, [_beside(result, labels), _void(result)])


def _beside(result: Result, labels: dict[str, str]) -> Table:
    base = result.errors["baseline"]
    columns = [
        Column("number"), Column("averaged"), Column("the model", "ratio", "higher", bar=True),
        Column("baseline", "ratio", hint=f"‘{base['class']}’ everywhere"), Column("above it", "delta"),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for key, metric in result.metrics.items():
        floor = base[key]
        above = None if metric.value is None or floor is None else metric.value - floor
        span = Span.of(metric)
        rows.append([labels.get(key, key), AVERAGES.get(key, ""), span, floor, above])
    caption = f"Baseline: a model that says {quoted(base['class'])} everywhere, under the same rules."
    return Table(columns, rows, title="Beside a model that says one class everywhere", caption=caption, id="baseline")


def _void(result: Result) -> Table:
    from optotype.tasks.segment.rules import VOIDS

    used = result.protocol["void"]
    columns = [Column("rule for void"), Column("what it means"), Column("mean IoU", "ratio", "higher", bar=True)]
    rows: list[list[Cell]] = [
        [f"{rule} (used here)" if rule == used else rule, VOIDS[rule], value]
        for rule, value in result.errors["void"].items()
    ]
    caption = "From the same pixels: compare only numbers that were made under the same rule."
    return Table(columns, rows, title="What becomes of void", caption=caption, id="void-rules")


def _classes(result: Result, swatches: dict[str, str]) -> Section:
    columns = [
        Column("class"), *([Column("colour", "colour")] if swatches else []), Column("pixels", "integer"),
        Column("of all", "percent"), Column("images", "integer", hint="images of the truth that have it"),
        *(Column(kind.label, "ratio", "higher", bar=kind.key == "iou", hint=_HINTS[kind.key])
          for kind in SEGMENT_CLASS),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for row in result.per_class:
        found = [(kind.key, row.metrics[kind.key]) for kind in SEGMENT_CLASS]
        spans: list[Cell] = [metric.value if key == "accuracy" else Span.of(metric) for key, metric in found]
        colour = [swatches.get(row.name, "")] if swatches else []
        share = row.n / result.n.truth if result.n.truth else None
        rows.append([row.name, *colour, row.n, share, _images(row), *spans])
        links.append(Link(CELLS, {"class": row.name}) if row.metrics["iou"].value is not None else None)
    caption = (
        f"95 % intervals for classes in at least {FEWEST_GROUPS} groups of images (of accuracy: eval.json). A "
        "dash: the number does not exist. Press a row to see where the class fails."
    )
    table = Table(columns, rows, links, title="Each class", caption=caption, id="class-table")
    lead = "Accuracy is that of one class against all others, (TP + TN) / all: high for every rare class."
    return Section("classes", "Class by class", [table, *histogram(result)], lead=lead)


_HINTS = {
    "iou": "pixels both in truth and prediction, of those in either",
    "dice": "twice the pixels in both, of those of truth and those of prediction: the F1 score",
    "precision": "of the pixels called so, the share that are",
    "recall": "of its pixels, the share that are called so; also called class accuracy",
    "accuracy": "of the class against the rest: (TP + TN) / all pixels",
}


def _swatches(picture: Callable[[str], Picture | None]) -> dict[str, str]:
    """The colours of the classes where the data set's are known."""
    if not isinstance(picture, Pictures) or picture.label_maps is None:
        return {}
    try:
        truth, _ = picture.label_maps()
    except InputError:
        return {}
    return {
        name: f"#{r:02x}{g:02x}{b:02x}" for name, (r, g, b) in zip(truth.classes, truth.colours.tolist(), strict=True)
    }


def _averaged(result: Result) -> list[str]:
    found: list[str] = result.protocol["averaged_over"]["miou, dice, precision, recall"]
    return found


def _iou(row: ClassResult) -> float:
    return row.metrics["iou"].value or 0.0


def _images(row: ClassResult) -> int:
    return int(row.metrics["images"].value or 0)


def _three(metric: Metric) -> Any:
    return "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
