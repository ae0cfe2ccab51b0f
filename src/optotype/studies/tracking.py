"""Tracking: detections in, identities out, with what is needed to know later how they came about."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from optotype.association import camera
from optotype.association import interpolate as fill_gaps
from optotype.association import track as associate
from optotype.association.registry import tracker_of
from optotype.association.settings import LARGE, Settings
from optotype.data.images import ImageError, Pixels
from optotype.errors import InputError, load
from optotype.evidence import Evidence
from optotype.files import replacing, write_atomic
from optotype.formats import read_classes, read_track_results, read_tracks, write_tracks
from optotype.inference.draw import counted_from_0
from optotype.studies import filming
from optotype.studies.evaluation import new_folder
from optotype.studies.footages import footage_of, read_detected
from optotype.studies.saying import Say, quiet
from optotype.studies.trackers import settings_of
from optotype.tables import Floats, Tracks
from optotype.tasks.track.reading import CAMERA, RECORD, hashes
from optotype.tasks.wording import plural
from optotype.version import VERSION

FORMAT = "optotype.tracks/1"
ROWS_FILE = "rows.npz"
PICTURES = "pictures"
LEAST_SIZE, MOST_SIZE = 64, 8192
"""Pixels of the longer side of a video."""
LINE = 76
"""Letters of a line of settings."""
FRAMES = {"buffer": "frames", "max_lost": "frames", "max_age": "frames", "min_hits": "frames", "delta": "frames",
          "min_area": "px²"}  # fmt: skip
"""What settings are counted in; a sequence's own ``buffer`` is in frames, a tracker's in seconds."""
UNITS = {**FRAMES, "buffer": "s"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Tracked:
    """The tracks, on the detections' sequences; the settings that gave them; what was told of the files; and how many
    ``seconds`` the association took, reading and writing apart.
    """

    tracks: Tracks
    settings: Settings
    warnings: tuple[str, ...]
    seconds: float


def uncounted(_done: int, _of: int) -> None:
    """Nobody is told how far it is."""


def track(
    detections: str | Path,
    *,
    out: str | Path,
    tracker: str = "bytetrack",
    reference: bool = False,
    settings: Mapping[str, Any] | None = None,
    images: str | Path | None = None,
    sequences: Sequence[str] | None = None,
    classes: str | Path | Sequence[str] | None = None,
    per_class: bool = True,
    dense_ids: bool = False,
    interpolate: bool = False,
    cmc: bool = False,
    video: bool = False,
    video_size: int = filming.LONGEST,
    truth: str | Path | None = None,
    protocol: str = "plain",
    digits: int | None = 2,
    threads: int = 0,
    say: Say = quiet,
    progress: Progress = uncounted,
    command: str = "",
) -> Tracked:
    """Give the boxes of a detector identities, and leave ``SEQ.txt`` of each sequence in ``out``, which must be new.

    ``detections`` is a folder of ``SEQ.txt``, a tree of sequences with ``det/det.txt``, one such file, or ``.npz``;
    ``images`` are the frames, a tree, a folder or a video. ``settings`` change the tracker's own, by name.
    ``reference`` runs it as its authors do. ``per_class`` off: classes are tracked together and a track's class is
    voted. ``interpolate`` fills gaps of up to 20 frames. ``cmc`` moves tracks along with the camera. ``video`` draws
    ``SEQ.webm``, with ``truth`` (and ``protocol``) also the objects and what is wrong. ``digits`` are the decimals of
    boxes, None: all.

    Beside the tracks lie ``track.json`` (how they were made), ``rows.npz`` (which detection each row was),
    ``pictures/`` (the first frame of each sequence) and with ``cmc`` ``camera.npz``. Raises InputError for anything
    wrong in the user's files and options.
    """
    chosen = settings_of(tracker, reference=reference, given=settings)
    folder = new_folder(Path(out)).path
    if video or cmc:
        load("optotype track", "video", "cv2")
    _check_digits(digits)
    if not LEAST_SIZE <= video_size <= MOST_SIZE:
        raise InputError("--video-size", f"{LEAST_SIZE} to {MOST_SIZE:,} pixels", str(video_size), "Such as 960.")
    known = None if classes is None else _classes(classes)
    found = read_detected(Path(detections), images=_path(images), sequences=sequences, classes=known)
    seen = found.tracks
    true = None if truth is None else _truth(Path(truth), protocol, seen)
    say(plan(seen, chosen, reference))
    for line in _exceptions(seen, chosen, reference):
        say(line)
    warnings = (*found.warnings, *_of_scores(seen, chosen))
    motion = camera_motion(seen, say, progress) if cmc else {}
    tracker_of(chosen).run()
    began = time.perf_counter()
    tracks = associate(seen, chosen, per_class=per_class, reference=reference, dense_ids=dense_ids, threads=threads,
                       motion={name: step.matrix for name, step in motion.items()})  # fmt: skip
    seconds = time.perf_counter() - began
    tracks = fill_gaps(tracks) if interpolate else tracks
    write_tracks(folder, tracks, digits=digits)
    _write_rows(folder / ROWS_FILE, tracks)
    if motion:
        _write_camera(folder / CAMERA, motion)
    options = {"per_class": per_class, "dense_ids": dense_ids, "interpolate": interpolate, "cmc": cmc}
    _write_record(folder / RECORD, Path(detections), seen, chosen, reference, options, command)
    _draw(folder, tracks, true, protocol, video=video, longest=video_size, threads=threads, say=say, progress=progress)
    return Tracked(tracks, chosen, warnings, seconds)


def plan(seen: Tracks, settings: Settings, reference: bool, swept: Sequence[str] = ()) -> str:
    """What is about to be done, in short lines; the values of ``swept`` settings are left open."""
    mode = "as its authors run it" if reference else "clean"
    frames = int(seen.length.sum())
    amount = f"{plural(len(seen.items), 'sequence')}, {plural(frames, 'frame')}, {plural(len(seen), 'detection')}"
    values = [named(name, value) for name, value in asdict(settings).items() if name not in swept]
    whole = ", ".join(value.replace(" ", "\N{NO-BREAK SPACE}") for value in values)
    told = [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(whole, LINE, break_on_hyphens=False)]
    return "\n  ".join([f"{settings.NAME} ({mode}): {amount}", *told])


def _truth(path: Path, protocol: str, seen: Tracks) -> Tracks:
    """The truth of the sequences that are tracked; InputError where it has none of them."""
    true = read_tracks(path, protocol=protocol).tracks
    names = seen.items.key.tolist()
    known = [name for name in true.items.key.tolist() if name in names]
    if not known:
        got = f"{true.items.key[0]} and the like"
        raise InputError(
            f"--truth {path}", f"the truth of {names[0]} and the like", got, "Check that they belong together."
        )
    return true if len(known) == len(true.items) else read_tracks(path, protocol=protocol, sequences=known).tracks


def _exceptions(seen: Tracks, settings: Settings, reference: bool) -> list[str]:
    """What is set otherwise in some sequences, a line each."""
    rates = seen.rate.tolist()
    found = []
    for name, rate in zip(seen.items.key.tolist(), rates, strict=True):
        usual = settings.resolved("", rate, reference=reference)
        own = settings.resolved(name, rate, reference=reference)
        changed = [named(key, value, FRAMES) for key, value in own.items() if value != usual[key]]
        if changed:
            found.append(f"{name}: {', '.join(changed)}")
    return found


def named(name: str, value: Any, units: Mapping[str, str] = UNITS) -> str:
    """A setting with its value and unit.

    >>> named("buffer", 1.0), named("max_lost", 1), named("fuse_score", True), named("high", 0.6)
    ('buffer 1 s', 'max_lost 1 frame', 'fuse_score true', 'high 0.6')
    """
    unit = units.get(name, "")
    unit = unit[:-1] if value == 1 and unit == "frames" else unit
    return f"{name} {_shown(value)} {unit}".rstrip()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if abs(value) >= LARGE else f"{value:g}"


def _of_scores(seen: Tracks, settings: Settings) -> list[str]:
    """What is to be told where scores are not what the tracker's settings are meant for."""
    top = 0.0 if seen.score is None or not len(seen) else float(seen.score.max())
    if top <= 1 or not hasattr(settings, "high"):
        return []
    fix = "scale them, or choose another --tracker"
    return [f"Scores go up to {top:g}. The settings of {settings.NAME} are meant for scores from 0 to 1: {fix}."]


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _check_digits(digits: int | None) -> None:
    if digits is not None and not 0 <= digits <= 15:
        raise InputError("--digits", "0 to 15 decimals, or 'full'", str(digits), "Write 2, or full.")


def _classes(classes: str | Path | Sequence[str]) -> tuple[str, ...]:
    return tuple(read_classes(classes)) if isinstance(classes, str | Path) else tuple(classes)


# Files


def _write_rows(path: Path, tracks: Tracks) -> None:
    """Which detection each line of the results was: its position in the file of its sequence, −1 for none."""
    with replacing(path) as stream:
        np.savez(stream, sequence=tracks.items.key, start=tracks.starts(), row=tracks.row)


def _write_camera(path: Path, motion: Mapping[str, camera.CameraMotion]) -> None:
    """The matrices of all sequences behind one another, and of which frames there is an estimate."""
    steps = list(motion.values())
    start = np.cumsum([0, *(len(step.matrix) for step in steps)])
    with replacing(path) as stream:
        np.savez(stream, sequence=np.array(list(motion)), start=start,
                 matrix=np.concatenate([step.matrix for step in steps]),
                 known=np.concatenate([step.known for step in steps]))  # fmt: skip


def _write_record(
    path: Path, source: Path, seen: Tracks, settings: Settings, reference: bool, options: dict[str, bool], command: str
) -> None:
    names = seen.items.key.tolist()
    rates = [rate if math.isfinite(rate) else None for rate in seen.rate.tolist()]
    resolved = {
        name: settings.resolved(name, math.nan if rate is None else rate, reference=reference)
        for name, rate in zip(names, rates, strict=True)
    }
    sizes = zip(seen.length.tolist(), rates, seen.items.width.tolist(), seen.items.height.tolist(), strict=True)
    record = {
        "format": FORMAT,
        "tracker": settings.NAME,
        "reference": reference,
        "settings": {**asdict(settings), **options, "sequences": resolved},
        "detections": {"path": str(source.resolve()), "sha256": hashes(seen)},
        "sequences": {
            name: dict(zip(("length", "rate", "width", "height"), values, strict=True))
            for name, values in zip(names, sizes, strict=True)
        },
        "rows": ROWS_FILE,
        "version": VERSION,
        "command": command,
    }
    write_atomic(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


# Frames


def camera_motion(seen: Tracks, say: Say, progress: Progress) -> dict[str, camera.CameraMotion]:
    """The camera's motion in each sequence; InputError where the frames are not all there."""
    found: dict[str, camera.CameraMotion] = {}
    in_all, done = int(seen.length.sum()), 0
    for item, (name, length) in enumerate(zip(seen.items.key.tolist(), seen.length.tolist(), strict=True)):
        frames = footage_of(seen, item)
        if frames is None or frames.length < length:
            got = "none" if frames is None else f"{frames.length:,}"
            raise InputError(f"--cmc, '{name}'", f"the images of all {length:,} frames", got, "Name them by --images.")
        pixels = islice(frames.frames(), length)
        counted = _counted(pixels, partial(_after, progress, done, in_all))
        found[name] = camera.estimate(counted, _boxes(seen, item))
        unknown = int((~found[name].known[1:]).sum())
        if unknown:
            say(f"{name}: no camera motion could be estimated in {unknown:,} of {length - 1:,} frames; taken as none")
        done += length
    return found


def _after(progress: Progress, before: int, in_all: int, n: int) -> None:
    progress(before + n, in_all)


def _counted(frames: Iterator[Pixels], count: Callable[[int], None]) -> Iterator[Pixels]:
    for n, pixels in enumerate(frames, 1):
        yield pixels
        count(n)


def _boxes(seen: Tracks, item: int) -> Iterator[Floats]:
    """The boxes of each frame of a sequence, from the image's corner."""
    rows = slice(*seen.starts()[item : item + 2].tolist())
    frame, box = seen.frame[rows], counted_from_0(seen.box[rows])
    edges = np.searchsorted(frame, np.arange(1, int(seen.length[item]) + 2))
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield box[first:end]


def _draw(
    folder: Path, tracks: Tracks, true: Tracks | None, protocol: str, *, video: bool, longest: int, threads: int,
    say: Say, progress: Progress,
) -> None:  # fmt: skip
    """The pictures of all sequences, and their videos."""
    against = None if true is None else _evidence(folder, true, protocol)
    in_all, done = int(tracks.length.sum()), 0
    for item, (name, length) in enumerate(zip(tracks.items.key.tolist(), tracks.length.tolist(), strict=True)):
        if against is not None and name in against.keys:
            reel = filming.judged_reel(against, name)
        else:
            reel = filming.reel_of(tracks, item)
        frames = footage_of(tracks, item)
        size = int(tracks.items.width[item]), int(tracks.items.height[item])
        first = folder / PICTURES / f"{name}.jpg"
        try:
            filming.picture(reel, frames, first, size=size, longest=longest)
        except ImageError as error:
            say(f"{error.where}: {error.got}; the first frame of {name} is drawn on a blank canvas")
            filming.picture(reel, None, first, size=size, longest=longest)
        if video:
            rate = float(tracks.rate[item])
            try:
                drawn = filming.video(
                    reel, frames, folder / f"{name}.webm", size=size, rate=rate, longest=longest, threads=threads,
                    progress=partial(_after, progress, done, in_all),
                )  # fmt: skip
            except InputError as error:
                fix = f"{error.fix} The tracks are written to {folder}; the video of {name} could not be drawn."
                raise InputError(error.where, error.expected, error.got, fix) from error
            _say_of_video(name, drawn, length, rate, frames is None, say)
        done += length


def _say_of_video(name: str, drawn: int, length: int, rate: float, blank: bool, say: Say) -> None:
    if blank:
        say(f"{name}: no images, so boxes are drawn on a blank canvas (--images)")
    if drawn < length:
        say(f"{name}: there are images of {drawn:,} of {length:,} frames; the video ends with them")
    if not math.isfinite(rate):
        say(f"{name}: its frames a second are not known; the video has {filming.RATE:g}")


def _evidence(folder: Path, true: Tracks, protocol: str) -> Evidence:
    """The tracks as they were written, against the truth."""
    from optotype.tasks.track.matching import match
    from optotype.tasks.track.rules import Rules

    said = read_track_results(folder, true, protocol=protocol, missing="empty").tracks
    return match(true, said, rules=Rules(protocol=protocol))
