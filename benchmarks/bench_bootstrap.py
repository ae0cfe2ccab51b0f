"""Bootstrap of all classification metrics: 1,000 resamples of 1,000,000 predictions, 10 classes, two threads.

    python benchmarks/bench_bootstrap.py [--items 1000000] [--classes 10] [--resamples 1000] [--threads 2]

The draw is an exact multinomial. The peer is the plain NumPy way (``Generator.integers``, index, ``bincount``), run
for a few resamples and scaled up; it computes the same sums. Times are minima over ``--repeats``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from optotype.metrics.intervals import bootstrap, resample_weights
from optotype.metrics.tally import Tally, tally
from optotype.tables import Items, Labels
from optotype.tasks.classify import match


def generate(items: int, classes: int, seed: int = 0) -> tuple[Labels, Labels]:
    """Truth, and a prediction that is right on about four items of five."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, items).astype(np.int32)
    logits = rng.normal(size=(items, classes))
    logits[np.arange(items), truth] += 2.5
    scores = np.exp(logits)
    scores /= scores.sum(axis=1, keepdims=True)
    table = Items.of(np.char.mod("%07d", np.arange(items)))
    names = tuple(f"class {k}" for k in range(classes))
    return Labels(table, names, truth), Labels(table, names, scores.argmax(axis=1).astype(np.int32), scores)


def plain(counted: Tally, resamples: int, seed: int = 0) -> None:
    """The same totals by drawing indices with NumPy."""
    rng = np.random.default_rng(seed)
    n, cells = len(counted.cell), len(counted.cell_truth)
    for _ in range(resamples):
        index = rng.integers(0, n, n)
        np.bincount(counted.cell[index], minlength=cells)
        np.bincount(counted.part[index], counted.gap[index], 15)
        counted.nll[index].sum()
        counted.brier[index].sum()


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Least wall time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    truth, prediction = generate(options.items, options.classes)
    start = time.perf_counter()
    evidence = match(truth, prediction)
    print(f"match                        {time.perf_counter() - start:8.2f} s")
    counted = tally(evidence)

    def ours(threads: int) -> Callable[[], object]:
        return lambda: bootstrap(counted.count, counted.groups, resamples=options.resamples, threads=threads)

    def drawing() -> None:
        for _ in resample_weights(counted.groups, 0, range(options.resamples // 10)):
            pass

    few = max(1, options.resamples // 100)
    one, two = seconds(ours(1), options.repeats), seconds(ours(options.threads), options.repeats)
    draw = seconds(drawing, options.repeats) * 10
    peer = seconds(lambda: plain(counted, few), options.repeats) * options.resamples / few
    print(f"cells                        {len(counted.cell_truth):8d}")
    print(f"bootstrap, exact, 1 thread   {one:8.2f} s, of which drawing {draw:.2f} s")
    print(f"bootstrap, exact, {options.threads} threads  {two:8.2f} s")
    print(f"plain NumPy, 1 thread        {peer:8.2f} s (scaled up from {few} resamples)")
    print(f"ratio to plain NumPy         {peer / two:8.1f}")


if __name__ == "__main__":
    main()
