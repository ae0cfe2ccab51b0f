"""Measuring trackers on data of MOT17's size, beside every peer that is installed, in turn, in one run.

    pip install trackeval==1.3.0                              # beside optotype
    PEERS/bin/pip install trackers motmetrics                 # in an environment of their own
    python benchmarks/bench_tracking.py [--data FOLDER] [--rounds 7] [--peers-python PEERS/bin/python]

``FOLDER`` holds TrackEval's tree (gt/SEQ, gt/seqmaps/all.txt, trackers/T/data/SEQ.txt) and is filled with seeded
sequences where it is empty. Files → HOTA, CLEAR and Identity in a warm process (motmetrics has no HOTA); from arrays;
events and conditions; 1,000 resamples; a fresh process; the very first one, with the kernels to be compiled; peak
memory. Times are medians of the rounds with the least and greatest; ratios are of medians; ``off`` is the largest
difference from TrackEval.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

import mot_sets
from optotype.formats import read_track_results, read_tracks
from optotype.metrics.tracking import as_trackeval
from optotype.tables import Tracks
from optotype.tasks.track.judging import match as judge
from optotype.tasks.track.matching import match
from optotype.tasks.track.measuring import measure, resample
from optotype.tasks.track.rules import Rules

Numbers = dict[str, float]
Run = Callable[[Path], Numbers]
RULES = Rules("mot17")
KEYS = ("HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "IDSW", "Frag", "IDF1")


def tables(folder: Path) -> tuple[Tracks, Tracks]:
    truth = read_tracks(folder / "gt", protocol="mot17").tracks
    return truth, read_track_results(folder / "trackers/T/data", truth, protocol="mot17").tracks


def ours(threads: int) -> Run:
    def run(folder: Path) -> Numbers:
        return from_tables(*tables(folder), threads)

    return run


def from_tables(truth: Tracks, said: Tracks, threads: int) -> Numbers:
    counts = match(truth, said, rules=RULES, threads=threads)["counts"]
    found = as_trackeval({name: values.sum(axis=0) for name, values in counts.columns.items()})
    return {key: float(found[key]) for key in KEYS}


def trackeval(folder: Path) -> Numbers:
    import trackeval as te

    with contextlib.redirect_stdout(io.StringIO()):
        data = te.datasets.MotChallenge2DBox({
            "GT_FOLDER": str(folder / "gt"), "TRACKERS_FOLDER": str(folder / "trackers"), "SKIP_SPLIT_FOL": True,
            "SEQMAP_FILE": str(folder / "gt/seqmaps/all.txt"), "TRACKERS_TO_EVAL": ["T"], "PRINT_CONFIG": False,
        })  # fmt: skip
        quiet = {"PRINT_CONFIG": False}
        metrics = (te.metrics.HOTA(), te.metrics.CLEAR(quiet), te.metrics.Identity(quiet))
        alone: list[dict] = [{} for _ in metrics]
        for name in data.seq_list:
            sequence = data.get_preprocessed_seq_data(data.get_raw_seq_data("T", name), "pedestrian")
            for metric, of in zip(metrics, alone, strict=True):
                of[name] = metric.eval_sequence(sequence)
        found = {
            k: v for metric, of in zip(metrics, alone, strict=True) for k, v in metric.combine_sequences(of).items()
        }
    return {key: float(np.mean(found[key])) for key in KEYS}


ELSEWHERE = """
import contextlib, importlib.util, io, json, logging, sys, time
import numpy as np
logging.disable(logging.WARNING)
if not hasattr(np, "asfarray"):  # motmetrics 1.4 was written for NumPy 1
    np.asfarray = lambda a, dtype=np.float64: np.asarray(a, dtype=dtype)

def names(folder):
    return open(f"{folder}/gt/seqmaps/all.txt").read().split()[1:]

def trackers(folder):
    from trackers.eval import evaluate_mot_sequences
    found = evaluate_mot_sequences(f"{folder}/gt", f"{folder}/trackers/T/data", seqmap=f"{folder}/gt/seqmaps/all.txt",
                                   metrics=["CLEAR", "HOTA", "Identity"]).aggregate
    parts = {"HOTA": "HOTA DetA AssA LocA", "CLEAR": "MOTA MOTP IDSW Frag", "Identity": "IDF1"}
    return {key: float(getattr(getattr(found, part), key)) for part, keys in parts.items() for key in keys.split()}

def motmetrics(folder):
    import motmetrics as mm
    sums = []
    for name in names(folder):
        truth = mm.io.loadtxt(f"{folder}/gt/{name}/gt/gt.txt", fmt="mot16", min_confidence=1)
        said = mm.io.loadtxt(f"{folder}/trackers/T/data/{name}.txt", fmt="mot16")
        sums.append(mm.utils.compare_to_groundtruth(truth, said, "iou", distth=0.5))
    wanted = {"mota": "MOTA", "motp": "MOTP", "idf1": "IDF1", "num_switches": "IDSW", "num_fragmentations": "Frag"}
    found = mm.metrics.create().compute_many(sums, names=names(folder), metrics=list(wanted), generate_overall=True)
    found = {ours: float(found.loc["OVERALL"][key]) for key, ours in wanted.items()}
    return found | {"MOTP": 1 - found["MOTP"]}

for line in sys.stdin:
    name, folder = json.loads(line)
    if name == "?":
        answer = [n for n in ("trackers", "motmetrics") if importlib.util.find_spec(n)]
    else:
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            found = globals()[name](folder)
        answer = [time.perf_counter() - began, found]
    print(json.dumps(answer), flush=True)
"""


@contextlib.contextmanager
def elsewhere(python: str | None) -> Iterator[dict[str, Callable[[Path], tuple[float, Numbers]]]]:
    """Peers that live in another interpreter, which stays warm: each gives its own seconds and numbers."""
    if python is None:
        yield {}
        return
    worker = subprocess.Popen(
        [python, "-W", "ignore", "-c", ELSEWHERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert worker.stdin
    assert worker.stdout

    def ask(name: str, folder: Path | str = ""):
        worker.stdin.write(json.dumps([name, str(folder)]) + "\n")
        worker.stdin.flush()
        return json.loads(worker.stdout.readline())

    try:
        yield {name: partial(ask, name) for name in ask("?")}
    finally:
        worker.stdin.close()
        worker.wait()


def clocked(run: Run) -> Callable[[Path], tuple[float, Numbers]]:
    def timed(folder: Path) -> tuple[float, Numbers]:
        began = time.perf_counter()
        found = run(folder)
        return time.perf_counter() - began, found

    return timed


def turns(folder: Path, rounds: int, python: str | None) -> None:
    """Every run once a round, A B C A B C …, after one round that is not counted."""
    runs = {"optotype, 1 thread": clocked(ours(1)), "optotype, 2 threads": clocked(ours(2))}
    if importlib.util.find_spec("trackeval"):
        runs["trackeval"] = clocked(trackeval)
    times: dict[str, list[float]] = {}
    numbers: dict[str, Numbers] = {}
    with elsewhere(python) as peers:
        runs |= peers
        for number in range(rounds + 1):
            for name, run in runs.items():
                seconds, numbers[name] = run(folder)
                if number:
                    times.setdefault(name, []).append(seconds)
    base = median(times["optotype, 1 thread"])
    for name, found in times.items():
        print(f"  {name:<20} {spread(found):<24} {median(found) / base:6.1f} ×  {off(numbers, name)}")


def off(numbers: dict[str, Numbers], name: str) -> str:
    if "trackeval" not in numbers:
        return ""
    differing = {key: abs(value - numbers["trackeval"][key]) for key, value in numbers[name].items()}
    worst = max(differing, key=differing.__getitem__)
    return f"off {differing[worst]:.2g}" + (f" ({worst})" if differing[worst] > 1e-12 else "")


def inside(folder: Path, rounds: int) -> None:
    """Parts of it, in this process."""
    truth, said = tables(folder)
    clock("files → arrays", partial(tables, folder), rounds)
    for threads in (1, 2):
        clock(f"arrays → numbers, {threads} thread(s)", partial(from_tables, truth, said, threads), rounds)
    bare = match(truth, said, rules=RULES, threads=1)
    clock("1,000 resamples, 1 thread", partial(resample, bare, resamples=1000, threads=1), rounds)
    whole = judge(truth, said, rules=RULES, threads=1)
    clock("arrays → evidence with events, 1 thread", partial(judge, truth, said, rules=RULES, threads=1), rounds)
    clock("all numbers, conditions, 1,000 resamples", partial(measure, whole, threads=1, rules=RULES), rounds)


def clock(what: str, run: Callable[[], object], rounds: int) -> None:
    run()
    times = [clocked(lambda _: run())(Path())[0] for _ in range(rounds)]
    print(f"  {what}: {spread(times)}")


FRESH = """
import sys
from bench_tracking import ours
from pathlib import Path
ours(1)(Path(sys.argv[1]))
"""

PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def fresh(folder: Path, rounds: int) -> None:
    """Processes of their own, and the very first one on a machine."""
    lib = [sys.executable, "-c", FRESH, str(folder)]
    line = [sys.executable, "-m", "optotype", "evaluate", "track", str(folder / "gt"),
            str(folder / "trackers/T/data"), "--protocol", "mot17"]  # fmt: skip
    with tempfile.TemporaryDirectory() as work:
        outs = (str(Path(work) / f"out{i}") for i in itertools.count())
        times = [process(lib)[0] for _ in range(rounds + 1)][1:]
        print(f"  fresh process, files → numbers: {spread(times)}")
        for flags in (["--no-report", "--no-causes", "--bootstrap", "0"], ["--no-report"], []):
            times = [process([*line, *flags, "--out", next(outs)])[0] for _ in range(rounds + 1)][1:]
            print(f"  fresh process, {' '.join(['evaluate track', *flags])}: {spread(times)}")
        empty = os.environ | {"NUMBA_CACHE_DIR": str(Path(work) / "cache")}
        print(f"  the very first, files → numbers, with compilation: {process(lib, empty)[0]:.1f} s")
        most = process([*line, "--out", next(outs)])[1]
        print(f"  peak memory: {process(lib)[1]:.0f} MB, with everything {most:.0f} MB")


def spread(times: list[float]) -> str:
    return f"{median(times):.3f} s [{min(times):.3f}, {max(times):.3f}]"


def process(line: list[str], env: dict[str, str] | None = None) -> tuple[float, float]:
    """Wall seconds and peak megabytes."""
    env = {**(env or os.environ), "PYTHONPATH": str(Path(__file__).parent)}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PEAK, *line], env=env, capture_output=True, check=True)
    return time.perf_counter() - began, float(done.stdout.splitlines()[-1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers-python", help="interpreter with trackers and motmetrics")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = (options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))).resolve()
        if not (folder / "gt").is_dir():
            mot_sets.write(folder)
        truth, said = tables(folder)
        rows = f"{len(truth):,} rows of truth, {len(said):,} of a tracker"
        print(f"{len(truth.items)} sequences, {truth.length.sum():,} frames, {rows}")
        print("files → HOTA, CLEAR and Identity, warm process")
        turns(folder, options.rounds, options.peers_python)
        print("parts, warm process")
        inside(folder, options.rounds)
        print("processes")
        fresh(folder, max(options.rounds // 2, 2))


if __name__ == "__main__":
    main()
