"""Frames a second of the trackers, at once and frame by frame, beside peers that are installed, in turn, in one run.

    python -m venv PEERS && PEERS/bin/pip install trackers supervision norfair opencv-python-headless
    python benchmarks/bench_trackers.py [--peers-python PEERS/bin/python …] [--rounds 5]

Detections are seeded, in memory, of seven sequences like MOT17's training set with 18 boxes a frame, and of one with
150. Ours takes the whole table, in one thread, checks and result included; frame by frame it is ``Online.update``.
Of peers the tracker alone is timed, what it takes as detections being built beforehand, in a process for each
round, of which they have two. Medians of the rounds with the least and greatest; ratios are of medians.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numba
import numpy as np

import mot_sets
from optotype.association import ByteTrack, IoU, OCSort, Online, Settings, Sort, track
from optotype.tables import Items, Tracks

SETS = {18: mot_sets.MOT17, 150: (("crowd", 400, 1920, 1080, 150.0),)}
"""Boxes a frame, and the sequences that are made as dense as that."""

TRACKERS: dict[str, Settings] = {
    "bytetrack": ByteTrack(), "ocsort": OCSort(), "sort": Sort(low=0.5), "iou": IoU(low=0.5),
}  # fmt: skip

Timed = Callable[[], "tuple[float, int]"]
"""Seconds, and the number of identities."""


def detections(boxes: int) -> Tracks:
    """Boxes with scores, so many a frame, on the sequences of the set."""
    factor = 1.0
    while True:
        made = detected(SETS[boxes], factor)
        rate = len(made) / int(made.length.sum())
        if abs(rate / boxes - 1) < 0.01:
            return made
        factor *= boxes / rate


def detected(sequences: Sequence[tuple[str, int, int, int, float]], factor: float, seed: int = 5) -> Tracks:
    """Boxes with scores on the sequences, their density being multiplied."""
    rng, parts = np.random.default_rng(seed), []
    for _, frames, width, height, density in sequences:
        density *= factor
        frame, who, box, seen = mot_sets.walks(rng, frames, width, height, density)
        parts.append(mot_sets.tracked(rng, frame, who, box, seen, (frames, width, height, density)))
    rows, count = np.concatenate(parts), [len(part) for part in parts]
    n, s = len(rows), len(parts)
    return Tracks(
        Items.of([name for name, *_ in sequences]), ("pedestrian",),
        np.array([frames for _, frames, *_ in sequences], np.int32), np.full(s, 30.0),
        np.repeat(np.arange(s), count).astype(np.int32), rows[:, 0].astype(np.int32), np.full(n, -1),
        np.zeros(n, np.int32), np.ascontiguousarray(rows[:, 2:6]), np.ones(n, bool), np.full(n, np.nan), np.arange(n),
        np.clip(rows[:, 6], 0, 1),
    )  # fmt: skip


def starts_of(seen: Tracks, s: int) -> list[int]:
    rows = slice(*seen.starts()[s : s + 2])
    inside = np.searchsorted(seen.frame[rows], np.arange(1, seen.length[s] + 2))
    return (inside + rows.start).tolist()


def save(seen: Tracks, folder: Path) -> list[str]:
    """As ``tracker_peers.py`` reads them."""
    files = []
    for s, name in enumerate(seen.items.key.tolist()):
        starts = starts_of(seen, s)
        rows = slice(starts[0], starts[-1])
        corners = np.column_stack([seen.box[rows, :2], seen.box[rows, :2] + seen.box[rows, 2:]]).astype(np.float32)
        files.append(str(folder / f"{name}.npz"))
        np.savez(
            files[-1], starts=np.array(starts) - starts[0], corners=corners, score=seen.score[rows].astype(np.float32)
        )
    return files


def whole(seen: Tracks, settings: Settings) -> Timed:
    def run() -> tuple[float, int]:
        began = time.perf_counter()
        found = track(seen, settings, threads=1)
        seconds = time.perf_counter() - began
        return seconds, len(np.unique(found.item.astype(np.int64) << 32 | found.id))

    return run


def by_frame(seen: Tracks, settings: Settings) -> Timed:
    frames = [
        [(seen.box[a:b], seen.score[a:b]) for a, b in itertools.pairwise(starts_of(seen, s))]
        for s in range(len(seen.items))
    ]

    def run() -> tuple[float, int]:
        seconds, ids = 0.0, 0
        for sequence in frames:
            tracker = Online(settings)
            began = time.perf_counter()
            steps = [tracker.update(box, score) for box, score in sequence]
            seconds += time.perf_counter() - began
            ids += len(np.unique(np.concatenate([step.id for step in steps])))
        return seconds, ids

    return run


def peers(python: str, files: list[str]) -> dict[str, Timed]:
    """Those that the other interpreter has."""
    script = str(Path(__file__).with_name("tracker_peers.py"))

    def run(name: str) -> tuple[float, int]:
        done = subprocess.run([python, script, name, *files], capture_output=True, text=True, check=True)
        seconds, ids = done.stdout.split()[-2:]
        return float(seconds), int(ids)

    listed = subprocess.run([python, script], capture_output=True, text=True, check=True).stdout.splitlines()
    named = [line.split("\t") for line in listed]
    return {f"{name} ({package})": lambda name=name: run(name) for name, package in named}


def turns(
    ours: dict[str, Timed], theirs: dict[str, Timed], rounds: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Every run once a round, A B C A B C …; peers in the first two, ours in all after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in ours | theirs}
    ids = {}
    for number in range(rounds + 1):
        for name, run in (ours | theirs if number < 2 else ours).items():
            seconds, ids[name] = run()
            if number or name in theirs:
                times[name].append(seconds)
    return times, ids


def show(times: dict[str, list[float]], ids: dict[str, int], frames: int) -> None:
    base = median(times["bytetrack, whole"])
    for name, values in times.items():
        rate = [frames / value for value in values]
        spread = f"[{min(rate):,.0f}, {max(rate):,.0f}]"
        ratio = median(values) / base
        print(f"  {name:<40} {median(rate):>9,.0f} frames/s {spread:<22} {ratio:8.2f} × bytetrack's time, "
              f"{ids[name]:,} identities")  # fmt: skip


def machine() -> str:
    """The processor, and how many of it."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] \
        if info.is_file() else []  # fmt: skip
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", nargs="*", default=[], help="interpreters that have peers' packages")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{machine()}; Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}")
    for boxes in SETS:
        seen = detections(boxes)
        frames = int(seen.length.sum())
        runs = {f"{name}, {how}": timed(seen, settings) for how, timed in (("whole", whole), ("by frame", by_frame))
                for name, settings in TRACKERS.items()}  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            files = save(seen, Path(folder))
            theirs: dict[str, Timed] = {}
            for python in options.peers_python:
                theirs |= peers(python, files)
            print(f"{len(seen) / frames:.1f} boxes a frame, {frames:,} frames")
            show(*turns(runs, theirs, options.rounds), frames)


if __name__ == "__main__":
    main()
