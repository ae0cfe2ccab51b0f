"""Results as terminal tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
from rich.table import Table
from rich.text import Text

from optotype.cli import console
from optotype.cli.show_segment import show_segmentation
from optotype.results import Metric, Result, SliceResult

if TYPE_CHECKING:
    from optotype.diagnose.compare import Comparison
    from optotype.diagnose.compare.records import Difference

_MOST_CLASSES = 40
_WIDE = 110
"""Columns of a terminal from which on the classes' intervals fit beside their values."""

_MOST_CAUSES = 3
_MOST_ACROSS = 6
"""Parts that stand beside each other."""

_PARTS = {"iou": "IoU threshold"}
"""What parts are called that have a key of their own in ``eval.json``."""

_ALIASES = {
    "AP": "mAP50-95", "AP50": "mAP50", "AP75": "mAP75", "AP_small": "APs", "AP_medium": "APm", "AP_large": "APl",
    "AR_1": "AR@1", "AR_10": "AR@10", "AR_100": "AR@100", "AR_small": "ARs", "AR_medium": "ARm", "AR_large": "ARl",
    "MOTP": "motp (as mean IoU)", "MT": "mostly_tracked", "PT": "partially_tracked", "ML": "mostly_lost",
    "IDSW": "IDs, num_switches", "Frag": "FM, num_fragmentations", "FP": "CLR_FP, num_false_positives",
    "FN": "CLR_FN, num_misses",
}  # fmt: skip
"""What other tools call the numbers of detectors and trackers."""

_TRACKED = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag", "FP", "FN")
"""Numbers of a tracker that stand beside each other."""


def number(metric: Metric) -> str:
    """Value and interval in the same digits, a dash where there is none.

    >>> number(Metric(0.91234, 0.9, 0.92))
    '0.912 [0.900, 0.920]'
    """
    if metric.value is None or not math.isfinite(metric.value):
        return "–"
    if metric.unit == "count" and metric.low is None and float(metric.value).is_integer():
        return f"{metric.value:,.0f}"
    digits = 1 if metric.unit in ("points", "count") else 3
    if metric.low is None or metric.high is None:
        return f"{metric.value:.{digits}f}"
    return f"{metric.value:.{digits}f} [{metric.low:.{digits}f}, {metric.high:.{digits}f}]"


def show_result(result: Result) -> None:
    """Headline numbers, errors, calibration, sizes, classes and warnings: what the task has of these."""
    if result.task == "segment":
        show_segmentation(result)
        return
    console.table(_headline(result))
    if "tide" in result.errors:
        console.table(_errors(result.errors))
    if "events" in result.errors:
        console.table(_events(result.errors["events"]))
    if "dece" in result.calibration:
        console.table(_calibration(result.calibration))
    for name, rows in result.slices.items():
        if rows and result.task == "track":
            if name == "sequence":
                console.table(_sequences(rows))
        elif rows:
            console.table(_slices(name, rows))
    if len(result.per_class) > (result.task == "track"):
        console.table(_classes(result))
    console.warn(result.warnings)


def _headline(result: Result) -> Table:
    n = result.n
    title = f"{result.task}: {_much(result)}, {n.classes} {'class' if n.classes == 1 else 'classes'}"
    table = Table(title=title)
    table.add_column("metric")
    table.add_column("value [95 % interval]")
    known = any(key in _ALIASES for key in result.metrics)
    if known:
        table.add_column("also called")
    for key, metric in result.metrics.items():
        table.add_row(key, number(metric), *([_ALIASES.get(key, "")] if known else []))
    return table


def _much(result: Result) -> str:
    """How much was judged."""
    n = result.n
    if result.task == "track":
        sequences = f"{n.items:,} {'sequence' if n.items == 1 else 'sequences'}"
        return f"{sequences}, {n.truth:,} boxes of the truth, {n.predictions:,} of tracks"
    objects = f", {n.truth:,} objects, {n.predictions:,} detections" if result.task != "classify" else ""
    return f"{n.items:,} items{objects}"


def _events(found: dict[str, Any]) -> Table:
    """What goes wrong in a tracker, by type, with the commonest causes."""
    table = Table(title="what goes wrong, and what goes with it")
    for name in ("event", "number", "commonest causes", "unexplained"):
        table.add_column(name, justify="right" if name in ("number", "unexplained") else "left")
    for kind, of in found.items():
        causes = [(name, n) for name, n in of["causes"].items() if name != "unexplained"][:_MOST_CAUSES]
        told = ", ".join(f"{name} {n:,}" for name, n in causes) or "–"
        share = "–" if of["unexplained"] is None else f"{100 * of['unexplained']:.0f} %"
        table.add_row(kind, f"{of['events']:,}", told, share)
    return table


def _errors(errors: dict[str, Any]) -> Table:
    """What each kind of error costs, and how many there are: one row, the kinds as columns, where that fits."""
    found, counts = errors["tide"], errors["counts"]["tide"]
    kinds = [key for key in found if key != "AP50"]
    table = Table(
        title="errors (TIDE, IoU 0.5): AP points that they cost, and their number",
        caption="intervals and other conventions in eval.json",
    )  # fmt: skip
    table.add_column("")
    for key in kinds:
        table.add_column(key, justify="right")
    table.add_row("cost", *(number(Metric(found[key]["value"], unit="points")) for key in kinds))
    table.add_row("number", *(f"{counts[key]:,}" if key in counts else "" for key in kinds))
    return table


def _calibration(found: dict[str, Any]) -> Table:
    table = Table(title="calibration: scores against being right")
    for name in ("error", "value [95 % interval]", "debiased"):
        table.add_column(name)
    for key in ("dece", "laece"):
        error = found[key]
        metric = Metric(error["value"], error["low"], error["high"])
        table.add_row(key, number(metric), number(Metric(error["debiased"])))
    said = [("mean score", found["confidence"]), ("right (precision)", found["precision"])]
    known = [f"{name} {value:.3f}" for name, value in said if value is not None]
    table.caption = ", ".join(known) or None
    return table


def _slices(name: str, rows: list[SliceResult]) -> Table:
    """Numbers down, parts across, or the other way round where there are many parts; intervals where they fit."""
    wide = console.out.width >= _WIDE
    keys = list(dict.fromkeys(key for row in rows for key in row.metrics))
    cells = [[f"{row.n:,}", *(short(row.metrics.get(key, Metric(None)), wide) for key in keys)] for row in rows]
    called = _PARTS.get(name, name)
    across, down = [row.name for row in rows], ["objects", *keys]
    if len(rows) > _MOST_ACROSS:
        across, down = down, across
    else:
        cells = [list(column) for column in zip(*cells, strict=True)]
    known = any(metric.low is not None for row in rows for metric in row.metrics.values())
    caption = "intervals in eval.json" if known and not wide else None
    table = Table(title=f"by {called}", caption=caption)
    table.add_column(called if len(rows) > _MOST_ACROSS else "metric")
    for label in across:
        table.add_column(Text(label), justify="left" if wide else "right")
    for label, row in zip(down, cells, strict=True):
        table.add_row(Text(label), *row)
    return table


def _sequences(rows: list[SliceResult]) -> Table:
    """A row a sequence, tight, so that it fits a terminal of 80 columns; of many the worst."""
    title = "by sequence"
    if len(rows) > _MOST_CLASSES:
        title += f": the {_MOST_CLASSES} with the lowest HOTA"
        rows = sorted(rows, key=lambda row: row.metrics["HOTA"].value or 0.0)
    table = Table(
        title=title, box=None, padding=(0, 2, 0, 0), pad_edge=False,
        caption="by density, occlusion, speed, size, camera motion: report.html, eval.json",
    )  # fmt: skip
    table.add_column("sequence", overflow="fold")
    for key in _TRACKED:
        table.add_column(key, justify="right", no_wrap=True)
    for row in rows[:_MOST_CLASSES]:
        table.add_row(Text(row.name), *(short(row.metrics[key], wide=False) for key in _TRACKED))
    more = len(rows) - _MOST_CLASSES
    if more > 0:
        table.add_row(f"{more} more", *("" for _ in _TRACKED))
    return table


def _classes(result: Result) -> Table:
    """The numbers of each class but those of parts: of sizes, fewer detections, kinds of errors."""
    keys = [key for key in result.per_class[0].metrics if "_" not in key and "." not in key]
    keys = [key for key in keys if key in _TRACKED] if result.task == "track" else keys
    table = Table(title="per class")
    table.add_column("class")
    table.add_column("n", justify="right")
    wide = console.out.width >= _WIDE
    for key in keys:
        table.add_column(key, justify="left" if wide else "right")
    for row in result.per_class[:_MOST_CLASSES]:
        table.add_row(Text(row.name), f"{row.n:,}", *(short(row.metrics[key], wide) for key in keys))
    more = len(result.per_class) - _MOST_CLASSES
    known = any(row.metrics[key].low is not None for row in result.per_class for key in keys)
    notes = ([f"{more} more classes"] if more > 0 else []) + (["intervals"] if known and not wide else [])
    table.caption = f"{' and '.join(notes)} in eval.json" if notes else None
    return table


def short(metric: Metric, wide: bool) -> str:
    """A number, with its interval where the terminal is wide."""
    return number(metric if wide else msgspec.structs.replace(metric, low=None, high=None))


_JUDGED_BY = {"classify": "accuracy", "segment": "miou", "detect": "AP"}
"""What the verdict on a pair is about."""


def show_comparison(comparison: Comparison) -> None:
    """The verdict in words, every run's numbers, and each pair's difference in the task's first number."""
    from optotype.diagnose.compare import verdict

    for sentence in verdict(comparison):
        console.out.print(Text(sentence.text))
    console.table(_runs(comparison))
    console.table(_pairs(comparison))
    console.warn(comparison.warnings)


def _runs(comparison: Comparison) -> Table:
    table = Table(title="every run")
    table.add_column("metric")
    for run in comparison.runs:
        table.add_column(Text(run.name), justify="right")
    for key in comparison.runs[0].metrics:
        table.add_row(key, *(short(run.metrics[key], wide=False) for run in comparison.runs))
    return table


def _pairs(comparison: Comparison) -> Table:
    if comparison.task == "track":
        return _tracker_pairs(comparison)
    first = _JUDGED_BY[comparison.task]
    table = Table(title="pairs", caption="all differences with intervals: report.html, --json")
    for name in ("pair", f"difference in {first} [95 %]", "fixes", "breaks", "p (fixes, breaks)"):
        table.add_column(name, no_wrap=name.startswith("difference"))
    for pair in comparison.pairs:
        numbers = f"{pair.fixes:,}", f"{pair.breaks:,}", f"{pair.mcnemar_p:.2g}"
        table.add_row(Text(f"{pair.b} minus {pair.a}"), signed(pair.metrics[first]), *numbers)
    return table


def _tracker_pairs(comparison: Comparison) -> Table:
    table = Table(
        title="pairs", box=None, padding=(0, 2, 0, 0), pad_edge=False,
        caption="all differences: report.html, --json",
    )  # fmt: skip
    table.add_column("pair", overflow="fold")
    for name in ("HOTA", "p", "scenes\n+, −", "boxes\nfixed, broken", "switches\navoided, made"):
        table.add_column(name, no_wrap=True)
    for pair in comparison.pairs:
        difference, found = pair.metrics["HOTA"], pair.followed
        assert found is not None, "a pair of trackers"
        better, worse = found.better()
        p = "–" if difference.p is None else f"{difference.p:.2g}"
        least = "" if found.least_p is None else f" (≥ {found.least_p:.2g})"
        table.add_row(Text(f"{pair.b} minus {pair.a}"), signed(difference), f"{p}{least}", f"{better}, {worse}",
                      f"{pair.fixes:,}, {pair.breaks:,}", f"{found.avoided:,}, {found.made:,}")  # fmt: skip
    return table


def signed(difference: Difference) -> str:
    """A difference with its sign, and its interval where there is one."""
    if difference.value is None:
        return "–"
    if difference.low is None or difference.high is None:
        return f"{difference.value:+.4f}"
    return f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"


def show_causes(result: Result, *, few: bool = False) -> None:
    """What the mistakes go with, in sentences; ``few``: also where groups are too few to show any."""
    from optotype.metrics.intervals import FEWEST_GROUPS

    if not result.causes or (result.n.groups < FEWEST_GROUPS and not few):
        return
    from optotype.diagnose.causes import sentences
    from optotype.studies.explained import causes_of

    found = causes_of(result)
    if found is None:
        return
    for sentence in sentences(found):
        console.out.print(Text(sentence.text))
