"""Measuring segmentations: confusion matrices, folders of masks and resamples, beside every peer, in turn, in one run.

    pip install scikit-learn torchmetrics                     # beside optotype; each is left out where it is missing
    PEERS/bin/pip install hotcoco numpy                       # in an environment of its own
    python benchmarks/bench_segment.py [--rounds 7] [--peers-python PEERS/bin/python] [--images 233] [--masks FOLDER]

Seeded label maps of 480 × 360 pixels and 32 classes: piecewise constant, 1 % of the truth's pixels void, 3 % of the
predicted blocks another class; ``noisy``: a fifth of the predicted pixels at random besides. Arrays → confusion matrix
in one thread, by the time that the processor gave to it; a folder of PNG files → the same on all cores, and →
everything that matching finds, beside decoding the files alone, and of the real index masks in ``FOLDER``, set against
themselves two pixels aside; 1,000 resamples of all numbers of 5,000 images. Times are medians of the rounds with the
least and greatest; ratios are of medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from optotype.evidence import Evidence, Rows
from optotype.kernels import label_pairs
from optotype.machine import usable_cores
from optotype.tables import VOID, Items, Masks
from optotype.tasks.segment import match, measure, resample
from optotype.tasks.segment.room import Room

Maps = NDArray[np.uint8]
Run = Callable[[Maps, Maps], NDArray[np.int64]]
HEIGHT, WIDTH, CLASSES = 360, 480, 32
NAMES = tuple(f"class {k}" for k in range(CLASSES))


def label_maps(images: int, seed: int = 5) -> tuple[Maps, Maps]:
    """Truth and prediction (images, h, w): random cells of classes with a long tail."""
    rng = np.random.default_rng(seed)
    share = 1 / (np.arange(CLASSES) + 1.5)
    share /= share.sum()
    truth = np.empty((images, HEIGHT, WIDTH), np.uint8)
    said = np.empty_like(truth)
    for i in range(images):
        cell = int(rng.integers(12, 48))
        small = rng.choice(CLASSES, (HEIGHT // cell + 2, WIDTH // cell + 2), p=share).astype(np.uint8)
        big = small.repeat(cell, 0).repeat(cell, 1)
        y, x = rng.integers(0, cell, 2)
        v, u = np.clip([y + rng.integers(-2, 3), x + rng.integers(-2, 3)], 0, cell - 1)
        truth[i], said[i] = big[y : y + HEIGHT, x : x + WIDTH], big[v : v + HEIGHT, u : u + WIDTH]
        wrong = (rng.random((HEIGHT // 8, WIDTH // 8)) < 0.03).repeat(8, 0).repeat(8, 1)
        said[i][wrong] = rng.integers(0, CLASSES)
    truth[rng.random(truth.shape) < 0.01] = VOID
    return truth, said


def noisy(said: Maps, seed: int = 6) -> Maps:
    rng = np.random.default_rng(seed)
    mask = rng.random(said.shape) < 0.2
    return np.where(mask, rng.integers(0, CLASSES, said.shape), said).astype(np.uint8)


def ours(truth: Maps, said: Maps) -> NDArray[np.int64]:
    table = np.zeros((label_pairs.LANES, label_pairs.VALUES**2), np.int32)
    for a, b in zip(truth, said, strict=True):
        label_pairs.count(a.ravel(), b.ravel(), table)
    total: NDArray[np.int64] = table.sum(axis=0, dtype=np.int64).reshape(label_pairs.VALUES, -1)
    return total[:CLASSES, :CLASSES]


def numpy_bincount(truth: Maps, said: Maps) -> NDArray[np.int64]:
    total = np.zeros((CLASSES, CLASSES), np.int64)
    for a, b in zip(truth, said, strict=True):
        kept = a < CLASSES
        total += np.bincount(CLASSES * a[kept].astype(np.int64) + b[kept], minlength=CLASSES**2).reshape(total.shape)
    return total


def scikit_learn(truth: Maps, said: Maps) -> NDArray[np.int64]:
    from sklearn.metrics import confusion_matrix

    total = np.zeros((CLASSES, CLASSES), np.int64)
    for a, b in zip(truth, said, strict=True):
        total += confusion_matrix(a.ravel(), b.ravel(), labels=np.arange(CLASSES))
    return total


def torchmetrics(truth: Maps, said: Maps) -> NDArray[np.int64]:
    import torch
    from torchmetrics.classification import MulticlassConfusionMatrix

    torch.set_num_threads(1)
    metric = MulticlassConfusionMatrix(CLASSES, ignore_index=VOID, validate_args=False)
    for a, b in zip(truth, said, strict=True):
        metric.update(torch.from_numpy(b).long()[None], torch.from_numpy(a).long()[None])
    return np.asarray(metric.compute())


def reading_the_bytes(truth: Maps, said: Maps) -> NDArray[np.int64]:
    """The bound: every byte of both sides read once."""
    for a, b in zip(truth, said, strict=True):
        for side in (a, b):
            side.ravel().view(np.uint64).sum()
    return np.zeros(0, np.int64)


PEERS: dict[str, tuple[str, Run, int]] = {
    "NumPy bincount": ("numpy", numpy_bincount, 60),
    "scikit-learn": ("sklearn", scikit_learn, 10),
    "torchmetrics": ("torchmetrics", torchmetrics, 20),
}
"""The package of each, and on how many images it runs, as some are slow."""

_HOTCOCO = """
import json, sys, time
import numpy as np
from hotcoco.semantic import SemanticEval
sets = [np.load(f"{sys.argv[1]}/{name}.npy") for name in ("truth", "said", "noisy")]
for line in sys.stdin:
    said = sets[int(line)]
    began = time.process_time()
    judge = SemanticEval(int(sys.argv[2]), ignore_index=255)
    for a, b in zip(sets[0], said):
        judge.update(a, b)
    total = np.asarray(judge.confusion())
    print(json.dumps([time.process_time() - began, total.astype(int).tolist()]), flush=True)
"""


class Hotcoco:
    """hotcoco in a process of another environment, which measures itself when it is asked to."""

    def __init__(self, python: str, truth: Maps, sides: Sequence[Maps]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        for name, maps in zip(("truth", "said", "noisy"), (truth, *sides), strict=True):
            np.save(Path(self._folder.name) / f"{name}.npy", maps)
        self._process = subprocess.Popen(
            [python, "-c", _HOTCOCO, self._folder.name, str(CLASSES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def seconds(self, which: int) -> tuple[float, NDArray[np.int64]]:
        assert self._process.stdin
        assert self._process.stdout
        print(which, file=self._process.stdin, flush=True)
        seconds, total = json.loads(self._process.stdout.readline())
        return seconds, np.array(total)


def matrices(truth: Maps, sides: dict[str, Maps], options: argparse.Namespace) -> None:
    peers = {name: peer for name, peer in PEERS.items() if importlib.util.find_spec(peer[0])}
    hotcoco = Hotcoco(options.peers_python, truth, list(sides.values())) if options.peers_python else None
    for which, (kind, said) in enumerate(sides.items(), 1):
        print(f"arrays → confusion matrix, one thread, {kind}, million pixels a second")
        expected = numpy_bincount(truth, said)
        runs: dict[str, tuple[Run, int]] = {"optotype": (ours, len(truth)), "reading": (reading_the_bytes, len(truth))}
        runs |= {name: (run, min(n, len(truth))) for name, (_, run, n) in peers.items()}
        rates: dict[str, list[float]] = {}
        for number in range(options.rounds + 1):
            for name, (run, n) in runs.items():
                began = time.process_time()
                found = run(truth[:n], said[:n])
                spent = time.process_time() - began
                assert not found.size or n < len(truth) or (found == expected).all(), name
                if number:
                    rates.setdefault(name, []).append(truth[:n].size / spent / 1e6)
            if hotcoco:
                spent, found = hotcoco.seconds(which)
                assert (found == expected).all(), "hotcoco"
                if number:
                    rates.setdefault("hotcoco", []).append(truth.size / spent / 1e6)
        base = median(rates["optotype"])
        for name, values in rates.items():
            spread = f"[{min(values):,.0f}, {max(values):,.0f}]"
            print(f"  {name:<16} {median(values):8,.0f} {spread:<18} optotype {base / median(values):6.2f} ×")


class Files(Sequence[Maps]):
    """Label maps decoded when asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i):
        with Image.open(self.paths[i]) as image:
            return np.array(image)


def folders(kind: str, truth: list[Maps], said: list[Maps], rounds: int) -> None:
    """Files → evidence, beside decoding the same files with the same number of threads."""
    threads = usable_cores()
    items = Items.of([f"{i:04}" for i in range(len(truth))])
    colours = np.zeros((CLASSES, 3), np.uint8)
    with tempfile.TemporaryDirectory() as work:
        sides = []
        for name, maps in (("truth", truth), ("said", said)):
            paths = [Path(work) / f"{name}{i:04}.png" for i in range(len(maps))]
            for path, labels in zip(paths, maps, strict=True):
                Image.fromarray(labels).save(path)
            sides.append(Masks(items, NAMES, Files(paths), colours))
        runs = {
            "decoding alone": partial(decoded, *sides, threads),
            "confusion matrix": partial(counted, *sides, threads),
            "everything": partial(match, *sides, threads=threads),
        }
        times: Times = {name: [] for name in runs}
        for number in range(rounds + 1):
            for name, run in runs.items():
                spent = seconds(run)
                if number:
                    times[name].append(spent)
        show(f"{2 * len(truth)} PNG files ({kind}) → evidence, {threads} threads", times, "decoding alone")


def decoded(truth: Masks, said: Masks, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda i: (truth.maps[i].size, said.maps[i].size), range(len(truth))):
            pass


def counted(truth: Masks, said: Masks, threads: int) -> None:
    room = Room()

    def count(i: int) -> None:
        table = room.array("table", (label_pairs.LANES, label_pairs.VALUES**2), np.int32, fill=0)
        label_pairs.count(truth.maps[i].ravel(), said.maps[i].ravel(), table)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(count, range(len(truth))):
            pass


def evidence(images: int, seed: int = 0) -> Evidence:
    """What matching finds in so many images with about half of the classes each."""
    rng = np.random.default_rng(seed)
    pairs = rng.poisson(3, (images, CLASSES, CLASSES)) * (rng.random((images, CLASSES, CLASSES)) < 0.1)
    right = (rng.random((images, CLASSES)) < 0.5) * rng.poisson(3000, (images, CLASSES))
    pairs[:, np.arange(CLASSES), np.arange(CLASSES)] += right
    item, truth, said = np.nonzero(pairs)
    n = pairs[item, truth, said]
    columns = {"truth": truth.astype(np.uint8), "said": said.astype(np.uint8), "n": n.astype(np.int64)}
    area = pairs.sum(axis=2)
    at = place, label = np.nonzero(area)
    share = {"n": area[at], "right": right[at], "rim": area[at] // 3, "rim_right": right[at] // 4}
    rims = {"label": label.astype(np.uint8)} | share
    parts = {"label": label.astype(np.uint8), "area": area[at], "right": right[at]}
    every = np.arange(images, dtype=np.int32)
    sizes = dict.fromkeys(("width", "height", "unknown_truth", "unknown_said"), np.zeros(images, np.int64))
    tables = {"images": Rows(every, sizes), "pixels": Rows(item.astype(np.int32), columns)}
    tables |= {name: Rows(place.astype(np.int32), found) for name, found in (("rims", rims), ("components", parts))}
    keys = np.array([f"{i:06}" for i in range(images)])
    return Evidence("segment", NAMES, keys, keys, tables)


def resamples(images: int, rounds: int) -> None:
    found = evidence(images)
    times: Times = {"1,000 resamples": [], "all of measuring": []}
    for number in range(rounds + 1):
        for name, run in zip(times, (resample, measure), strict=True):
            spent = seconds(partial(run, found, threads=2))
            if number:
                times[name].append(spent)
    show(f"{images:,} images × {CLASSES} classes, every number of the data and of each class, two threads", times, "")


Times = dict[str, list[tuple[float, float]]]
"""Of each round the seconds on the clock, and those of the processor in all threads."""


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    began, spent = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - began, time.process_time() - spent


def show(what: str, times: Times, base: str) -> None:
    print(what)
    middle = {name: [median(of) for of in zip(*values, strict=True)] for name, values in times.items()}
    for name, values in times.items():
        walls = [wall for wall, _ in values]
        wall, processor = middle[name]
        line = f"  {name:<18} {wall:7.3f} s [{min(walls):.3f}, {max(walls):.3f}], processor {processor:7.3f} s"
        if base:
            line += f"; {wall / middle[base][0]:.2f} and {processor / middle[base][1]:.2f} × {base}"
        print(line)


def first(rounds: int) -> None:
    """What the kernels take where nothing is compiled yet."""
    import os

    line = [sys.executable, "-c", "from optotype.kernels import label_pairs, label_parts"]
    with tempfile.TemporaryDirectory() as work:
        began = time.perf_counter()
        subprocess.run(line, env=os.environ | {"NUMBA_CACHE_DIR": work}, check=True)
        cold = time.perf_counter() - began
        warm = []
        for _ in range(rounds):
            began = time.perf_counter()
            subprocess.run(line, env=os.environ | {"NUMBA_CACHE_DIR": work}, check=True)
            warm.append(time.perf_counter() - began)
    print(f"kernels in a fresh process: compiled {cold:.1f} s, from the cache {median(warm):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=233)
    parser.add_argument("--peers-python", default="")
    parser.add_argument("--masks", type=Path)
    options = parser.parse_args()
    truth, said = label_maps(options.images)
    matrices(truth, {"as a model says": said, "noisy": noisy(said)}, options)
    folders("generated", list(truth), list(said), options.rounds)
    if options.masks:
        real = list(Files(sorted(options.masks.glob("*.png"))))
        folders("real", real, [np.roll(labels, 2, axis=1) for labels in real], options.rounds)
    resamples(5000, options.rounds)
    first(options.rounds)


if __name__ == "__main__":
    main()
