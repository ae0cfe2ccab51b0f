"""Results of a segmentation as terminal tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from optotype.cli import console
from optotype.data.frame_groups import is_block
from optotype.results import ClassResult, Metric, Result, SliceResult

_MOST_CLASSES = 40
_MOST_SEQUENCES = 12
_KEYS = ("iou", "dice", "precision", "recall", "accuracy")
_SEQUENCE = ("miou", "pixel_accuracy", "fwiou", "dice")
_UNITS = {"part": "pixels", "size": "components"}


def show_segmentation(result: Result) -> None:
    """Headline numbers beside the baseline, rules for void, parts, sequences, classes, and warnings."""
    console.table(_headline(result))
    console.table(_void(result))
    console.table(_parts(result))
    if sequences := result.slices.get("sequence"):
        console.table(_sequences(sequences))
    console.table(_classes(result))
    console.warn(result.warnings)


def _headline(result: Result) -> Table:
    from optotype.cli.show import number

    n, base = result.n, result.errors["baseline"]
    table = _tight(f"segment: {_many(n.items, 'image')}, {_many(n.truth, 'pixel')}, {_many(n.classes, 'class')}")
    table.add_column("metric", no_wrap=True)
    table.add_column("value [95 % interval]", no_wrap=True)
    table.add_column(Text(f"‘{base['class']}’ everywhere"), justify="right")
    for key, metric in result.metrics.items():
        table.add_row(key, number(metric), _three(Metric(base[key])))
    averaged = result.protocol["averaged_over"]
    absent = f"; absent: {', '.join(averaged['absent'])}" if averaged["absent"] else ""
    table.caption = (
        f"averages over {_many(len(averaged['miou, dice, precision, recall']), 'class')}{absent}; map and success_mean "
        "count images that reach a threshold of IoU and are no average precision (definition: report.html, eval.json)"
    )
    return table


def _void(result: Result) -> Table:
    used, found = result.protocol["void"], result.errors["void"]
    table = _tight("mean IoU by what becomes of void")
    for rule in found:
        table.add_column(f"{rule}*" if rule == used else rule, justify="right")
    table.add_row(*(_three(Metric(value)) for value in found.values()))
    table.caption = f"* used here: {result.protocol['void_means']}"
    return table


def _parts(result: Result) -> Table:
    """How much of each kind of part there is, and how much of it is right."""
    table = _tight("where in the images")
    table.add_column("part")
    for name in ("number", "of its pixels right", "found"):
        table.add_column(name, justify="right")
    for kind, unit in _UNITS.items():
        for row in result.slices.get(kind, []):
            right = row.metrics.get("accuracy", row.metrics.get("recall", Metric(None)))
            found = _three(row.metrics["found"]) if "found" in row.metrics else ""
            table.add_row(f"{row.name} {unit}", f"{row.n:,}", _three(right), found)
    return table


def _sequences(rows: Sequence[SliceResult]) -> Table:
    blocks = all(is_block(row.name) for row in rows)
    title = "by block of consecutive frames" if blocks else "by sequence"
    if len(rows) > _MOST_SEQUENCES:
        title += f": the {_MOST_SEQUENCES} of {len(rows)} with the lowest mean IoU"
        rows = sorted(rows, key=lambda row: row.metrics["miou"].value or 0.0)[:_MOST_SEQUENCES]
    table = _tight(title)
    table.add_column("block" if blocks else "sequence", overflow="fold")
    for name in ("pixels", *_SEQUENCE):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(row.name), f"{row.n:,}", *(_three(row.metrics[key]) for key in _SEQUENCE))
    return table


def _classes(result: Result) -> Table:
    table = _tight("per class")
    table.add_column("class", overflow="fold")
    for name in ("pixels", "images", *_KEYS):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.per_class[:_MOST_CLASSES]:
        numbers = (_three(row.metrics[key]) for key in _KEYS)
        table.add_row(Text(row.name), f"{row.n:,}", f"{_images(row):,}", *numbers)
    more = len(result.per_class) - _MOST_CLASSES
    known = any(row.metrics["iou"].low is not None for row in result.per_class)
    notes = ([f"{more} more classes"] if more > 0 else []) + (["intervals"] if known else [])
    told = f"{' and '.join(notes)} in eval.json; " if notes else ""
    table.caption = f"{told}accuracy: of one class against all others"
    return table


def _images(row: ClassResult) -> int:
    return int(row.metrics["images"].value or 0)


def _three(metric: Metric) -> str:
    return "–" if metric.value is None else f"{metric.value:.3f}"


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}{'es' if noun == 'class' else 's'}"


def _tight(title: str) -> Table:
    """Without lines, so that many numbers fit into 80 columns."""
    return Table(title=title, box=None, padding=(0, 2, 0, 0), pad_edge=False)
