"""How often the intervals of a detector's numbers hold the truth, by simulation.

    python benchmarks/bench_detection_coverage.py [--runs 1000] [--resamples 400] [--worlds few many] [--processes 2]

A world draws images with objects and two detectors with misses, jitter, doubles, confusions and false alarms, scores
going with placement; hard images are hard for both. The truth is what is measured on many images. Each run draws a data
set, measures both detectors (two checks of every interval) and their paired difference (one). Shares with Wilson's
bounds; a key without a line carries no interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from optotype.metrics import box_calibration
from optotype.metrics.intervals import FEWEST_GROUPS, wilson
from optotype.tables import Boxes, Items
from optotype.tasks.detect.judging import match
from optotype.tasks.detect.measuring import Samples, resample, sweep

SIDES = np.array([640.0, 480.0])
POPULATION, PARTS = 150_000, 4
DECE = ("dece", "dece_small", "dece_medium", "dece_large")


@dataclass(frozen=True)
class World:
    """``images`` of a data set, the classes' ``shares``, and how many images make a scene (a group)."""

    images: int
    shares: tuple[float, ...]
    scene: int = 1


@dataclass(frozen=True)
class Detector:
    """Its reach (log odds of finding), jitter, doubles an object, share of wrong classes and false alarms an image."""

    reach: float = 1.5
    spread: float = 0.045
    doubles: float = 0.25
    wrong: float = 0.08
    false: float = 4.0


WORLDS = {
    "few": World(300, (0.4, 0.3, 0.17, 0.1, 0.03)),
    "scenes": World(400, (0.4, 0.3, 0.17, 0.1, 0.03), 4),
    "many": World(1000, (0.28, 0.2, 0.15, 0.12, 0.1, 0.08, 0.055, 0.015)),
}
DETECTORS = (Detector(), Detector(reach=1.8, spread=0.04))


def data(world: World, rng: np.random.Generator) -> tuple[Boxes, list[Boxes]]:
    """A truth and what each detector says of it."""
    n, K = world.images, len(world.shares)
    group = [f"s{i // world.scene:07}" for i in range(n)] if world.scene > 1 else None
    items = Items.of([f"{i:07}" for i in range(n)], group=group)
    own, common = rng.normal(size=n), np.repeat(rng.normal(size=-(-n // world.scene)), world.scene)[:n]
    hard = np.sqrt(0.5) * (own + common) if world.scene > 1 else own
    item = np.repeat(np.arange(n, dtype=np.int32), 1 + rng.poisson(4 * np.exp(0.4 * hard - 0.08)))
    m = len(item)
    label = rng.choice(K, m, p=world.shares).astype(np.int32)
    box = placed(rng, m)
    names = tuple(f"c{k}" for k in range(K))
    area = box[:, 2] * box[:, 3]
    truth = Boxes(items, names, item, label, box, area, np.zeros(m, bool), np.arange(1, m + 1))
    ease = rng.normal(size=m)
    return truth, [said(truth, hard, ease, detector, rng) for detector in DETECTORS]


def placed(rng: np.random.Generator, n: int) -> np.ndarray:
    size = np.exp(rng.choice([3.0, 4.0, 5.0], n, p=[0.4, 0.35, 0.25]) + rng.normal(0, 0.35, n))
    aspect = np.exp(rng.normal(0, 0.3, n))
    wh = np.minimum(np.column_stack([size * aspect, size / aspect]), 0.95 * SIDES)
    return np.column_stack([rng.random((n, 2)) * (SIDES - wh), wh])


def said(truth: Boxes, hard: np.ndarray, ease: np.ndarray, detector: Detector, rng: np.random.Generator) -> Boxes:
    K, big = len(truth.classes), np.log(truth.area) / 2 - 4
    kind = np.linspace(0.5, -0.5, K)[truth.label]
    odds = detector.reach + 0.7 * big - 0.6 * hard[truth.item] + 0.8 * ease + kind
    found = np.flatnonzero(rng.random(len(truth)) < sigmoid(odds))
    rows = np.concatenate([found, np.repeat(found, rng.poisson(detector.doubles, len(found)))])
    first = np.arange(len(rows)) < len(found)
    spread = detector.spread * rng.gamma(2.0, 0.5, len(rows)) * np.exp(-0.2 * big[rows])
    spread = np.where(first, spread, 2 * spread + 0.08)
    off = spread[:, None] * rng.normal(size=(len(rows), 4))
    box = truth.box[rows]
    wh = box[:, 2:] * np.exp(off[:, 2:])
    xy = box[:, :2] + box[:, 2:] / 2 + box[:, 2:] * off[:, :2] - wh / 2
    z = 2 - 9 * np.abs(off).mean(axis=1) - 0.4 * hard[truth.item[rows]] + 0.5 * ease[rows] - 1.2 * ~first
    z += rng.normal(0, 0.8, len(rows))
    wrong = rng.random(len(rows)) < detector.wrong
    label = np.where(wrong, (truth.label[rows] + rng.integers(1, K, len(rows))) % K, truth.label[rows])
    other = np.repeat(np.arange(len(hard)), rng.poisson(detector.false * np.exp(0.3 * hard - 0.045)))
    z = np.concatenate([z - 0.8 * wrong, -1.6 + rng.normal(0, 1.2, len(other))])
    item = np.concatenate([truth.item[rows], other])
    order = np.argsort(item, kind="stable")
    box = np.concatenate([np.column_stack([xy, wh]), placed(rng, len(other))])[order]
    label = np.concatenate([label, rng.integers(0, K, len(other))])[order]
    n = len(order)
    return Boxes(
        truth.items, truth.classes, item[order].astype(np.int32), label.astype(np.int32), box, box[:, 2] * box[:, 3],
        np.zeros(n, bool), np.arange(n), sigmoid(1.3 * z[order]),
    )  # fmt: skip


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def measured(world: World, seed: int, resamples: int) -> list[Samples]:
    truth, found = data(world, np.random.default_rng(seed))
    return [resample(match(truth, f, threads=1), resamples=resamples, seed=seed, threads=1) for f in found]


def values(samples: Samples) -> dict[str, float]:
    return dict(samples.value) | {f"AP of class {k}": float(v) for k, v in enumerate(samples.class_value)}


def ends(world: World, seed: int, resamples: int) -> list[dict[str, tuple[float, float]]]:
    """The intervals of the first and the second detector, and of their differences, where there are any."""
    truth, found = data(world, np.random.default_rng(seed))
    evidences = [match(truth, f, threads=1) for f in found]
    samples = [resample(e, resamples=resamples, seed=seed, threads=1) for e in evidences]
    sides = []
    for evidence, s in zip(evidences, samples, strict=True):
        of = {key: s.interval(key) for key in s.value if not key.startswith("dece")}
        for key, scored in zip(
            ("dece", "dece_small", "dece_medium", "dece_large"), sweep(evidence).scored, strict=True
        ):
            error = box_calibration.with_interval(box_calibration.dece(scored), s.resampled[key])
            of[key] = (error.low, error.high)
        sides.append(of | {f"AP of class {k}": s.class_interval(k) for k in range(len(s.class_value))})
    a, b = samples
    pair = {key: a.ends(b.resampled[key] - a.resampled[key]) for key in a.value if not key.startswith("dece")}
    for k in range(len(a.class_value)):
        if a.class_groups[k] >= FEWEST_GROUPS:
            pair[f"AP of class {k}"] = a.ends(b.class_resampled[:, k] - a.class_resampled[:, k])
    return [{key: e for key, e in of.items() if e[0] is not None} for of in (*sides, pair)]


def population(world: World, pool: ProcessPoolExecutor) -> list[dict[str, float]]:
    """What both detectors and their difference really are, from PARTS sets of POPULATION images each."""
    large = replace(world, images=POPULATION)
    seeds = [10**6 + i for i in range(PARTS)]
    parts = list(pool.map(partial(measured, large, resamples=0), seeds))
    sides = [
        {key: float(np.mean([values(part[side])[key] for part in parts])) for key in values(parts[0][side])}
        for side in range(2)
    ]
    return [*sides, {key: sides[1][key] - sides[0][key] for key in sides[0]}]


def counted(truths: list[dict[str, float]], runs: list[list[dict[str, tuple[float, float]]]]) -> Iterator[str]:
    for title, which in (("of one detector", (0, 1)), ("of differences", (2,))):
        yield f"  intervals {title}"
        for key in truths[0]:
            checks = [(truths[i][key], run[i][key]) for run in runs for i in which if key in run[i]]
            if not checks:
                continue
            hits = sum(low <= truth <= high for truth, (low, high) in checks)
            low, high = (float(end) for end in wilson(hits, len(checks)))
            given = len(checks) / (len(runs) * len(which))
            share = "" if given == 1 else f", given in {given:.0%}"
            yield f"    {key:<32} {hits / len(checks):.3f} [{low:.3f}, {high:.3f}] of {len(checks):,}{share}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS))
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as pool:
        for name in options.worlds:
            world = WORLDS[name]
            truths = population(world, pool)
            work = partial(ends, world, resamples=options.resamples)
            runs = list(pool.map(work, range(options.runs), chunksize=4))
            print(f"{name}: {world}, {options.runs:,} runs, {options.resamples} resamples", flush=True)
            for line in counted(truths, runs):
                print(line, flush=True)


if __name__ == "__main__":
    main()
