"""``optotype track``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from optotype.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from optotype.studies.sweep_records import Sweep
    from optotype.studies.tracking import Tracked

_MOST_ROWS = 40
_SHOWN = ("HOTA", "MOTA", "IDF1", "IDSW")
_MORE = ("AssA", "DetA", "FP", "FN")
_WIDE = 110
"""Columns of a terminal from which on these fit too."""


def track(
    detections: Path,
    /,
    *,
    out: Path,
    tracker: str = "bytetrack",
    reference: Annotated[bool, Parameter(negative=())] = False,
    images: Path | None = None,
    sequences: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    classes: str | None = None,
    high: float | None = None,
    low: float | None = None,
    start: float | None = None,
    match: float | None = None,
    iou_threshold: float | None = None,
    buffer: float | None = None,
    max_lost: int | None = None,
    max_age: int | None = None,
    min_hits: int | None = None,
    min_area: float | None = None,
    max_ratio: float | None = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", consume_multiple=True)] = None,
    per_class: bool = True,
    dense_ids: Annotated[bool, Parameter(negative=())] = False,
    interpolate: Annotated[bool, Parameter(negative=())] = False,
    cmc: Annotated[bool, Parameter(negative=())] = False,
    video: Annotated[bool, Parameter(negative=())] = False,
    video_size: int = 960,
    truth: Path | None = None,
    protocol: str = "plain",
    digits: str = "2",
    sweep: Annotated[list[str] | None, Parameter(name="--sweep", consume_multiple=True)] = None,
    max_mb: float = 20,
    threads: int = 0,
) -> None:
    """Give the boxes of a detector identities over time, and leave them in MOTChallenge's files.

    Without a setting a tracker runs with its clean defaults; which settings it has, and which it ran with, is printed
    and in track.json.

    Parameters
    ----------
    detections
        Folder of SEQ.txt, folder of sequences with det/det.txt, one such file (frame,id,left,top,width,height,score),
        or .npz.
    out
        New folder for SEQ.txt of each sequence, track.json, rows.npz and pictures/.
    tracker
        bytetrack, iou, sort or ocsort.
    reference
        As the authors' code goes about it, with their settings, quirks included.
    images
        The frames: a folder of sequences with img1/, a sequence, a folder of its frames, a video, or a folder of
        SEQ.mp4. Default: where the detections lie with them.
    sequences
        Only these: names, patterns such as '*-SDP', or seqmap files.
    classes
        Names of the classes in column 8: a file with one a line.
    high
        bytetrack, ocsort: least score of a box that is matched first.
    low
        bytetrack, iou, sort: least score of a box that is looked at.
    start
        bytetrack: least score of a box that begins a track.
    match
        bytetrack: greatest cost, 1 − IoU · score, of a first match.
    iou_threshold
        iou, sort, ocsort: least overlap of a match.
    buffer
        bytetrack: seconds without a box after which a track is forgotten.
    max_lost
        iou: frames without a box after which a track is forgotten.
    max_age
        sort, ocsort: the same.
    min_hits
        sort, ocsort: boxes in a row before a track is put out.
    min_area
        bytetrack, ocsort: boxes of at most this many square pixels are not put out.
    max_ratio
        bytetrack, ocsort: boxes wider than this times their height are not put out; 0: no limit.
    set_
        Any setting of the tracker: --set match_low=0.4 fuse_score=false
    per_class
        Track classes apart; otherwise together, and a track's class is that of most of its boxes.
    dense_ids
        Number the tracks of each sequence from 1 without gaps.
    interpolate
        Fill gaps of fewer than 20 frames in tracks of more than 5 boxes along a straight line.
    cmc
        Move tracks along with the camera, whose motion is estimated from the frames.
    video
        Draw SEQ.webm: boxes with their ids and trails; with --truth also the objects and what is wrong.
    video_size
        Longer side of pictures and videos, pixels.
    truth
        Truth to draw, and for --sweep to measure against: as in 'optotype evaluate track'.
    protocol
        How the truth is read: plain, mot15, mot16, mot17 or mot20.
    digits
        Decimals of the boxes, or 'full' for all that they have.
    sweep
        Track with every combination of values and measure each: --sweep high=0.4,0.5,0.6 buffer=0.5,1,2
    max_mb
        With --sweep: largest size of report.html, megabytes.
    threads
        Threads that track and draw; 0 = all cores this process may use.
    """
    import sys
    from shlex import join

    from optotype.studies.trackers import pairs

    flags = {
        "high": high, "low": low, "start": start, "match": match, "iou_threshold": iou_threshold, "buffer": buffer,
        "max_lost": max_lost, "max_age": max_age, "min_hits": min_hits, "min_area": min_area, "max_ratio": max_ratio,
    }  # fmt: skip
    settings: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    for name, value in pairs(set_ or [], "--set").items():
        if name in settings:
            raise InputError(f"--set {name}", "each setting once", f"--{name.replace('_', '-')} too", "Leave one out.")
        settings[name] = value
    common: dict[str, Any] = {
        "out": out, "tracker": tracker, "reference": reference, "settings": settings, "images": images,
        "sequences": sequences, "per_class": per_class, "interpolate": interpolate, "cmc": cmc, "protocol": protocol,
        "threads": threads, "command": join(["optotype", *sys.argv[1:]]),
    }  # fmt: skip
    if sweep:
        unused = {"--video": video, "--dense-ids": dense_ids, "--classes": classes, "--digits": digits != "2"}
        _sweep(detections, truth, sweep, unused, {**common, "max_mb": max_mb})
        return
    _track(detections, {
        **common, "classes": classes, "dense_ids": dense_ids, "video": video, "video_size": video_size, "truth": truth,
        "digits": _digits(digits),
    })  # fmt: skip


def _digits(text: str) -> int | None:
    if text == "full":
        return None
    if not (text.isascii() and text.isdigit()):
        raise InputError("--digits", "a number of decimals, or 'full'", repr(text), "Write 2, or full.")
    return int(text)


def _track(detections: Path, options: dict[str, Any]) -> None:
    from optotype.cli import console
    from optotype.cli.counting import counting

    _say_if_cold(options["tracker"])
    from optotype.studies.tracking import track as run

    with counting("looking at frames", "looked at {} frames") as progress:
        done = run(detections, say=console.say, progress=progress, **options)
    console.warn(list(done.warnings))
    console.out.print(summary(done), markup=False, soft_wrap=True)
    videos = ", with a video (.webm) of each sequence" if options["video"] else ""
    console.say(f"written: {options['out']}{videos}")


def _say_if_cold(tracker: str) -> None:
    """Say that the tracker's kernels are compiled where that is about to happen."""
    from optotype.association.registry import TRACKERS
    from optotype.cli import console

    if tracker in TRACKERS:
        console.say_if_cold(TRACKERS[tracker].kernel)


def summary(done: Tracked) -> str:
    """What came out, in a line."""
    import numpy as np

    from optotype.tasks.wording import plural

    tracks = done.tracks
    n = len(np.unique(np.column_stack([tracks.item, tracks.id]), axis=0))
    frames = int(tracks.length.sum())
    speed = f", {frames / done.seconds:,.0f} frames/s" if done.seconds > 0 else ""
    amount = f"{plural(len(tracks), 'box', 'boxes')} of {plural(n, 'track')}"
    return f"{amount} in {plural(len(tracks.items), 'sequence')} of {plural(frames, 'frame')}{speed}"


def _sweep(
    detections: Path, truth: Path | None, words: list[str], unused: dict[str, Any], options: dict[str, Any]
) -> None:
    from optotype.cli import console
    from optotype.cli.counting import counting

    _say_if_cold(options["tracker"])
    from optotype.studies.sweep_views import sentences
    from optotype.studies.sweeping import sweep as run
    from optotype.studies.trackers import combinations

    if truth is None:
        raise InputError("--sweep", "a truth to measure against", "none", "Name it by --truth.")
    for flag in (flag for flag, value in unused.items() if value):
        raise InputError(flag, "no such option beside --sweep", flag, "Leave it out; a sweep keeps no tracks.")
    with counting("tracking and measuring", "tracked and measured {} combinations") as progress:
        found = run(detections, truth, combinations=combinations(words), say=console.say, progress=progress, **options)
    console.table(_table(found))
    for sentence in sentences(found):
        console.out.print(sentence.text, markup=False, soft_wrap=True)
    console.warn(found.warnings)
    console.say(f"written: {options['out'] / 'sweep.json'}, sweep.csv, report.html")


def _table(found: Sweep) -> Table:
    """The combinations, the highest HOTA first where there are many."""
    from rich.table import Table

    from optotype.cli import console
    from optotype.studies.sweep_views import label, value_text

    keys = (*_SHOWN, *(_MORE if console.out.width >= _WIDE else ()))
    table = Table(title="every combination")
    for name in (*map(label, found.swept), *keys):
        table.add_column(name, justify="right", no_wrap=True)
    rows = list(found.rows)
    if len(rows) > _MOST_ROWS:
        rows.sort(key=lambda row: -(row.metrics["HOTA"] or 0))
        table.caption = f"the {_MOST_ROWS} with the highest HOTA of {len(rows):,}; all are in sweep.csv"
    for row in rows[:_MOST_ROWS]:
        cells = [_cell(row.metrics[key]) for key in keys]
        best = found.best is not None and row is found.rows[found.best]
        table.add_row(*map(value_text, row.settings.values()), *cells, style="bold" if best else "")
    return table


def _cell(value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
