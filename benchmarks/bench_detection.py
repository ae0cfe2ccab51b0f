"""Measuring detections of COCO val2017's size, beside every peer that is installed, in turn, in one run.

    pip install pycocotools faster-coco-eval hotcoco ultrafast-pycocotools tidecv
    python benchmarks/bench_detection.py [--data FOLDER] [--rounds 5] [--scale 1] [--peers NAMES|none]

``FOLDER`` holds ``gt.json`` and ``dt.json`` and is filled with seeded sets where it is empty. Two JSON files → twelve
numbers in a warm process; from arrays; everything with 1,000 resamples; a fresh command; the very first one, with the
kernels to be compiled; peak memory. Times are medians of the rounds with the least and greatest; ratios are of medians.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

import coco_sets
from optotype.formats import read_boxes, read_detections
from optotype.metrics import average_precision as ap
from optotype.tasks.detect.judging import match as match_all
from optotype.tasks.detect.matching import match
from optotype.tasks.detect.measuring import measure

Run = Callable[[Path], "list[float]"]


def ours(threads: int) -> Run:
    def run(folder: Path) -> list[float]:
        truth = read_boxes(folder / "gt.json", threads=threads)
        found = read_detections(folder / "dt.json", truth, threads=threads)
        return from_tables(truth.boxes, found.boxes, threads)

    return run


def from_tables(truth, found, threads: int) -> list[float]:
    evidence = match(truth, found, threads=threads)
    return list(ap.headline(ap.sweep(ap.lay_out(evidence), evidence)).values())


def coco_like(package: str, evaluator: str = "COCOeval") -> Run:
    """pycocotools and what is shaped like it."""

    def run(folder: Path) -> list[float]:
        module = __import__(package, fromlist=["COCO"])
        names = vars(module)
        if package == "pycocotools":
            from pycocotools.coco import COCO
            from pycocotools.cocoeval import COCOeval

            names = {"COCO": COCO, "COCOeval": COCOeval}
        with contextlib.redirect_stdout(io.StringIO()):
            truth = names["COCO"](str(folder / "gt.json"))
            found = names[evaluator](truth, truth.loadRes(str(folder / "dt.json")), "bbox")
            found.evaluate()
            found.accumulate()
            found.summarize()
        return [float(value) for value in found.stats]

    return run


def tidecv(folder: Path) -> list[float]:
    from tidecv import TIDE, datasets

    with contextlib.redirect_stdout(io.StringIO()):
        run = TIDE()
        run.evaluate(
            datasets.COCO(str(folder / "gt.json")), datasets.COCOResult(str(folder / "dt.json")), mode=TIDE.BOX
        )
        found = run.get_all_errors()
    return [float(v) for kind in ("main", "special") for v in next(iter(found[kind].values())).values()]


PEERS: dict[str, Run] = {
    "ultrafast_pycocotools": coco_like("ultrafast_pycocotools"),
    "hotcoco": coco_like("hotcoco"),
    "faster_coco_eval": coco_like("faster_coco_eval", "COCOeval_faster"),
    "pycocotools": coco_like("pycocotools"),
    "tidecv": tidecv,
}


def turns(runs: dict[str, Run], folder: Path, rounds: int) -> dict[str, list[float]]:
    """Every run once a round, A B C A B C …, after one round that is not counted for quick ones."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    numbers: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, run in runs.items():
            slow = bool(times[name]) and times[name][0] > 3
            if slow and number > 1:
                continue
            began = time.perf_counter()
            with _silent():
                numbers[name] = run(folder)
            if number or name in ("pycocotools", "tidecv"):
                times[name].append(time.perf_counter() - began)
    agree(numbers)
    return times


def agree(numbers: dict[str, list[float]]) -> None:
    if "pycocotools" not in numbers:
        return
    for name, values in numbers.items():
        if len(values) == 12:
            off = np.abs(np.array(values) - numbers["pycocotools"]).max()
            print(f"  {name}: largest difference from pycocotools {off:.3g}")


def show(times: dict[str, list[float]], base: str) -> None:
    for name, values in times.items():
        ratio = median(values) / median(times[base])
        spread = f"[{min(values):.3f}, {max(values):.3f}], {len(values)} rounds"
        print(f"  {name:<28} {median(values):8.3f} s {spread:<28} {ratio:6.2f} × {base}")


@contextlib.contextmanager
def _silent():
    """Peers print from compiled code too."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def arrays(folder: Path, rounds: int) -> None:
    truth = read_boxes(folder / "gt.json")
    found = read_detections(folder / "dt.json", truth).boxes
    for threads in (1, 2):
        run = partial(from_tables, truth.boxes, found, threads)
        print_times(f"arrays → twelve numbers, {threads} thread(s)", run, 2 * rounds)
    for resamples in (0, 1000):
        what = f"AP, TIDE in 14 variants, calibration, sizes, {resamples:,} resamples, 2 threads"
        print_times(what, partial(everything, truth.boxes, found, resamples), max(rounds // 2, 2))


def everything(truth, found, resamples: int) -> None:
    measure(match_all(truth, found, threads=2), resamples=resamples, threads=2)


def print_times(what: str, run: Callable[[], object], rounds: int) -> None:
    times = []
    run()
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    print(f"  {what}: {median(times):.3f} s [{min(times):.3f}, {max(times):.3f}]")


def fresh(folder: Path, rounds: int) -> None:
    """The command in a process of its own, and the very first one on a machine."""
    flags = ["--no-report", "--no-causes", "--bootstrap", "0"]
    with tempfile.TemporaryDirectory() as work:
        times = [command(folder, Path(work) / f"out{i}", flags)[0] for i in range(rounds + 1)][1:]
        print(f"  fresh process {' '.join(flags)}: {median(times):.2f} s [{min(times):.2f}, {max(times):.2f}]")
        empty = os.environ | {"NUMBA_CACHE_DIR": str(Path(work) / "cache")}
        print(f"  the very first, with compilation: {command(folder, Path(work) / 'first', flags, empty)[0]:.1f} s")
        seconds, memory = command(folder, Path(work) / "whole", ["--no-report"])
        print(f"  fresh process with causes and 1,000 resamples, no report: {seconds:.1f} s, {memory:.0f} MB at most")
        memory = command(folder, Path(work) / "least", flags)[1]
        print(f"  peak memory of {' '.join(flags)}: {memory:.0f} MB")


def command(folder: Path, out: Path, flags: list[str], env=None) -> tuple[float, float]:
    """Wall seconds and peak megabytes of one command."""
    line = [
        sys.executable,
        "-m",
        "optotype",
        "evaluate",
        "detect",
        folder / "gt.json",
        folder / "dt.json",
        "--out",
        out,
    ]
    began = time.perf_counter()
    # A small process in between: the peak memory of a child counts what its parent held when it was started.
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *map(str, line), *flags], env=env, capture_output=True, check=True
    )
    return time.perf_counter() - began, float(done.stdout.splitlines()[-1]) / 1024


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, default=1, help="so many times val2017's size")
    parser.add_argument("--peers", nargs="*", help="only these; 'none' for none")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / "gt.json").is_file():
            coco_sets.write(folder, images=5000 * options.scale, objects=36_500 * options.scale,
                            detections=180_000 * options.scale)  # fmt: skip
        wanted = PEERS if options.peers is None else options.peers
        peers = {name: run for name, run in PEERS.items() if name in wanted and importlib.util.find_spec(name)}
        print("two JSON files → twelve numbers (tidecv: its errors), warm process")
        show(turns({"optotype, 1 thread": ours(1), "optotype, 2 threads": ours(2), **peers}, folder, options.rounds),
             "optotype, 1 thread")  # fmt: skip
        print("more, warm process")
        arrays(folder, options.rounds)
        print("commands")
        fresh(folder, options.rounds)
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
