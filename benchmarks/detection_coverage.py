"""How often the 95 % intervals of detection hold the true value: simulated coverage of every number that carries one.

    python benchmarks/detection_coverage.py [--runs 2000] [--resamples 1000] [--worlds A B C D] [--processes N]

Each run draws images from a known model, detects on them with one or two simulated detectors, measures, and looks
whether the interval holds the population's value. That is taken from three samples of 200,000 images; their own bias is
extrapolated from their quarters. World A has 300 images of 5 classes, the rarest with about 45 objects, and two
detectors; B 1,000 images of 8 classes; C 400 images in 100 scenes that share how hard they are; D 1,000 images of 40
classes, the bias of whose mean AP is larger than its standard error.

``bias`` is the mean of the runs less the true value, in standard deviations of the runs; ``plain`` the coverage of the
percentile interval on the same resamples; brackets are 95 % Wilson bounds; ``none`` counts runs without an interval.
``*`` stands where the coverage is not within 93–97 %. The scores of ``dece`` are as they are, mapped so that the
detector is nearly calibrated, or mapped to be clearly over-confident; that of all sizes and of each. All of it takes
about 20 minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from optotype.evidence import Evidence
from optotype.kernels.sweep import LANES
from optotype.metrics import average_precision as ap
from optotype.metrics import box_calibration as calibration
from optotype.metrics import tide
from optotype.metrics.intervals import (
    bootstrap_lanes,
    group_index,
    percentile,
    wilson,
)
from optotype.tables import Boxes, Items
from optotype.tasks.detect.intervals import of_detectors, of_number, of_sizes
from optotype.tasks.detect.judging import match

FRAME = np.array([640.0, 480.0])
PART, PARTS, QUARTERS = 200_000, 3, 4
SHRINKS = QUARTERS**0.6 - 1
"""A sample's bias is this share of what a quarter's exceeds it by, if it falls with the power 0.6 of the images."""
LEAST, MOST = 0.93, 0.97
Map = Callable[[np.ndarray], np.ndarray]
Of = Callable[[str, np.ndarray, float], tuple[float | None, float | None]]


@dataclass(frozen=True)
class World:
    """How many images, the classes' shares of the objects, and how many images share a scene."""

    images: int
    shares: tuple[float, ...]
    scene: int = 1
    pairs: bool = False
    calibration: bool = False


@dataclass(frozen=True)
class Detector:
    """``reach``: logit of finding a middling object; ``spread`` of box edges; doubles, wrong classes, false boxes."""

    reach: float = 1.5
    spread: float = 0.045
    doubles: float = 0.25
    wrong: float = 0.08
    false: float = 4.0


@dataclass(frozen=True, eq=False)
class Scene:
    """The truth, how hard each image is, and how easy each object."""

    truth: Boxes
    hard: np.ndarray
    ease: np.ndarray


FIVE = (0.4, 0.3, 0.17, 0.1, 0.03)
MANY = 1 / (np.arange(40) + 3.0)
WORLDS = {
    "A": World(300, FIVE, pairs=True, calibration=True),
    "B": World(1000, (0.28, 0.2, 0.15, 0.12, 0.1, 0.08, 0.055, 0.015), calibration=True),
    "C": World(400, FIVE, scene=4),
    "D": World(1000, tuple((MANY / MANY.sum()).tolist())),
}
ONE, TWO = Detector(), Detector(reach=1.8, spread=0.04)


def scenes(world: World, seed: tuple[int, ...]) -> tuple[Scene, np.random.Generator]:
    """Images of a world with their objects."""
    rng = np.random.default_rng(seed)
    n, K = world.images, len(world.shares)
    key = np.char.mod("%07d", np.arange(n))
    group = np.char.mod("scene %07d", np.arange(n) // world.scene) if world.scene > 1 else None
    hard = rng.normal(size=n)
    if world.scene > 1:
        hard = np.sqrt(0.5) * (hard + np.repeat(rng.normal(size=-(-n // world.scene)), world.scene)[:n])
    item = np.repeat(np.arange(n, dtype=np.int32), 1 + rng.poisson(4.0 * np.exp(0.4 * hard - 0.08)))
    m = len(item)
    label = rng.choice(K, m, p=np.array(world.shares)).astype(np.int32)
    box = placed(rng, m)
    classes = tuple(f"class {k}" for k in range(K))
    area, crowd = box[:, 2] * box[:, 3], np.zeros(m, bool)
    truth = Boxes(Items.of(key, group=group), classes, item, label, box, area, crowd, np.arange(1, m + 1))
    return Scene(truth, hard, rng.normal(size=m)), rng


def placed(rng: np.random.Generator, n: int) -> np.ndarray:
    """Boxes of small, medium and large objects anywhere in the frame."""
    size = np.exp(rng.choice([3.0, 4.0, 5.0], n, p=[0.4, 0.35, 0.25]) + rng.normal(0, 0.35, n))
    aspect = np.exp(rng.normal(0, 0.3, n))
    wh = np.minimum(np.column_stack([size * aspect, size / aspect]), 0.95 * FRAME)
    return np.column_stack([rng.random((n, 2)) * (FRAME - wh), wh])


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def detect(scene: Scene, by: Detector, rng: np.random.Generator) -> Boxes:
    """Found, doubled, misnamed and false boxes; the score falls with the error of the box and the image's hardness."""
    truth, K = scene.truth, len(scene.truth.classes)
    big, hard = np.log(truth.area) / 2 - 4, scene.hard[truth.item]
    reach = by.reach + 0.7 * big - 0.6 * hard + 0.8 * scene.ease + np.linspace(0.5, -0.5, K)[truth.label]
    found = np.flatnonzero(rng.random(len(truth)) < logistic(reach))
    rows = np.concatenate([found, np.repeat(found, rng.poisson(by.doubles, len(found)))])
    spread = by.spread * rng.gamma(2.0, 0.5, len(rows)) * np.exp(-0.2 * big[rows])
    spread[len(found) :] = 2 * spread[len(found) :] + 0.08
    off = spread[:, None] * rng.normal(size=(len(rows), 4))
    x, y = truth.box[rows, :2], truth.box[rows, 2:]
    wh = y * np.exp(off[:, 2:])
    logit = 2.0 - 9 * np.abs(off).mean(axis=1) - 0.4 * hard[rows] + 0.5 * scene.ease[rows]
    logit += rng.normal(0, 0.8, len(rows))
    logit[len(found) :] -= 1.2
    label, wrong = truth.label[rows].copy(), rng.random(len(rows)) < by.wrong
    logit[wrong] -= 0.8
    label[wrong] = (label[wrong] + rng.integers(1, K, wrong.sum())) % K
    other = np.repeat(np.arange(len(scene.hard)), rng.poisson(by.false * np.exp(0.3 * scene.hard - 0.045)))
    box = np.concatenate([np.column_stack([x + y / 2 + y * off[:, :2] - wh / 2, wh]), placed(rng, len(other))])
    logit = np.concatenate([logit, -1.6 + rng.normal(0, 1.2, len(other))])
    label = np.concatenate([label, rng.choice(K, len(other))]).astype(np.int32)
    item = np.concatenate([truth.item[rows], other]).astype(np.int32)
    order = np.argsort(item, kind="stable")
    item, box, n = item[order], box[order], len(item)
    return Boxes(
        truth.items, truth.classes, item, label[order], box, box[:, 2] * box[:, 3], np.zeros(n, bool),
        np.arange(1, n + 1), logistic(1.3 * logit[order]),
    )  # fmt: skip


@dataclass(frozen=True)
class Knots:
    """A map of scores that keeps their order: to what share is right, or beyond it."""

    score: np.ndarray
    right: np.ndarray
    boldness: float = 0.0

    def __call__(self, score: np.ndarray) -> np.ndarray:
        right = np.interp(score, self.score, self.right)
        return logistic(np.log(right / (1 - right)) + self.boldness)


def knots(sample: calibration.Scored) -> Knots:
    """The share that is right, by 200 bins of equal counts, made to rise."""
    parts = np.array_split(np.argsort(sample.score), 200)
    right = np.maximum.accumulate([sample.worth[part].mean() for part in parts])
    return Knots(np.array([sample.score[part].mean() for part in parts]), np.clip(right, 1e-3, 1 - 1e-3))


class Numbers:
    """All numbers of one evidence, and under weights; ``full``: TIDE in protocol ``tide-coco`` too."""

    def __init__(self, evidence: Evidence, maps: dict[str, Map], *, full: bool) -> None:
        self.evidence, self.layout = evidence, ap.lay_out(evidence)
        variants = [v for v in tide.VARIANTS if v.size == 0 or (not v.coco and v.convention == "coco-range")]
        self.tides = [tide.lay_out(evidence, v) for v in variants if full or not v.coco]
        self.errors = {}
        for name, new in maps.items():
            for area, size in enumerate(ap.COCO.names):
                sample = calibration.scored(evidence, area)
                self.errors[f"dece {size}, {name}"] = replace(sample, score=new(sample.score))
        self.gaps = [calibration.gaps(sample) for sample in self.errors.values()]
        self.groups = group_index(evidence.groups)[1]

    def names(self) -> list[str]:
        keys = [s.key for s in ap.selections()]
        keys += [f"{t.variant.key}.{key}" for t in self.tides for key in tide.KEYS]
        return [*keys, *(f"AP {name}" for name in self.evidence.classes), *self.errors]

    def values(self) -> np.ndarray:
        swept = ap.sweep(self.layout, self.evidence)
        rows = [np.array(list(ap.headline(swept).values())), *(tide.values(t).headline for t in self.tides)]
        errors = [calibration.dece(sample).value for sample in self.errors.values()]
        return np.concatenate([*rows, ap.per_class(swept)["AP"], errors])

    def lanes(self, weights: np.ndarray) -> np.ndarray:
        numbers, classes = ap.lanes(self.layout, weights)
        n = [np.maximum(gap.n @ weights, 1.0) for gap in self.gaps]  # lanes beyond the last resample are empty
        errors = [np.abs(gap.gap @ weights).sum(axis=0) / total for gap, total in zip(self.gaps, n, strict=True)]
        return np.concatenate(
            [numbers, *(tide.lanes(t, weights) for t in self.tides), classes, *(e[None] for e in errors)]
        )

    def resampled(self, resamples: int, seed: int) -> np.ndarray:
        return bootstrap_lanes(self.lanes, self.groups, lanes=LANES, resamples=resamples, seed=seed, threads=1)


def contrasts(names: list[str]) -> list[tuple[int, int]]:
    """Positions of numbers of two sizes that are set against each other."""
    keys = ["AP_{}", "AR_{}", *(f"tide/coco-range/{{}}.{key}" for key in tide.KEYS[1:7])]
    return [(names.index(key.format(b)), names.index(key.format(a)))
            for key in keys for a, b in combinations(ap.COCO.names[1:], 2)]  # fmt: skip


def labelled(names: list[str], *, pairs: bool) -> list[str]:
    """Names of everything that is judged: numbers, differences of two detectors, contrasts of sizes."""
    models = [f"two − one: {name}" for name in names] if pairs else []
    return [*names, *models, *(f"{names[i]} − {names[j]}" for i, j in contrasts(names))]


def gathered(names: list[str], rows: list[np.ndarray]) -> np.ndarray:
    """What ``labelled`` names, from the numbers (…, m) of each detector."""
    models = [rows[1] - rows[0]] if len(rows) > 1 else []
    sizes = [rows[0][..., i] - rows[0][..., j] for i, j in contrasts(names)]
    return np.concatenate([rows[0], *models, np.stack(sizes, axis=-1)], axis=-1)


def measured(world: World, maps: dict[str, Map], seed: tuple[int, ...]) -> list[Numbers]:
    """The numbers of each detector on the same images."""
    scene, rng = scenes(world, seed)
    return [
        Numbers(match(scene.truth, detect(scene, detector, rng), threads=1), maps, full=world.pairs)
        for detector in ((ONE, TWO) if world.pairs else (ONE,))
    ]


def run(world: World, maps: dict[str, Map], resamples: int, seed: int) -> np.ndarray:
    """Value, interval as it is shipped and percentile interval of everything in one sample, (numbers, 5)."""
    found = measured(world, maps, (seed,))
    names = found[0].names()
    values, drawn = [numbers.values() for numbers in found], [numbers.resampled(resamples, seed) for numbers in found]
    single = [np.array([interval(name, value[i], samples[:, i]) for i, name in enumerate(names)])
              for value, samples in zip(values, drawn, strict=True)]  # fmt: skip
    value, samples = gathered(names, values), gathered(names, drawn)
    known = [np.isfinite(ends[:, 0]) for ends in single]
    ends = [*single[0]]
    if world.pairs:
        ends += [
            difference(of_detectors, name, value[len(names) + i], samples[:, len(names) + i],
                       known[0][i] & known[1][i] or not name.startswith("dece"))
            for i, name in enumerate(names)
        ]  # fmt: skip
    for i, j in contrasts(names):
        ends.append(difference(of_sizes, names[i], value[len(ends)], samples[:, len(ends)], known[0][i] or known[0][j]))
    return np.column_stack([value, np.array(ends), *percentile(samples)])


def interval(name: str, value: float, samples: np.ndarray) -> tuple[float, float]:
    """That of one detector's number."""
    if name.startswith("dece"):
        error = calibration.with_interval(calibration.BinnedError(value, value, 1), samples)
        ends = error.low, error.high
    else:
        ends = of_number(name, samples, value)
    return (np.nan, np.nan) if ends[0] is None else ends


def difference(of: Of, name: str, value: float, samples: np.ndarray, valid: bool) -> tuple[float, float]:
    """That of a difference, where the numbers themselves allow one."""
    ends = of(name, samples, value) if valid else (None, None)
    return (np.nan, np.nan) if ends[0] is None else ends


def population(world: World, maps: dict[str, Map], part: int) -> tuple[list[str], np.ndarray]:
    """The true values, as one large sample has them: its bias is extrapolated from its quarters."""
    quarter, rows = np.arange(PART) * QUARTERS // PART, []
    for numbers in measured(replace(world, images=PART), maps, (10**6, part)):
        parts = [Numbers(numbers.evidence.take(quarter == q), maps, full=world.pairs).values() for q in range(QUARTERS)]
        names, value = numbers.names(), numbers.values()
        rows.append(value - (np.mean(parts, axis=0) - value) / SHRINKS)
    return labelled(names, pairs=world.pairs), gathered(names, rows)


def score_maps(world: World) -> dict[str, Map]:
    if not world.calibration:
        return {}
    scene, rng = scenes(replace(world, images=PART), (10**6, PARTS))
    even = knots(calibration.scored(match(scene.truth, detect(scene, ONE, rng), threads=1), 0))
    return {"as it is": np.copy, "calibrated": even, "over-confident": replace(even, boldness=1.2)}


def table(name: str, labels: list[str], truth: np.ndarray, found: np.ndarray) -> None:
    """``found`` (runs, numbers, 5)."""
    for i, label in enumerate(labels):
        value, low, high, plain_low, plain_high = found[:, i].T
        given = np.isfinite(low)
        if not given.any():
            print(f"{name} {label:56s} no interval", flush=True)
            continue
        held, plain = (low <= truth[i]) & (truth[i] <= high), (plain_low <= truth[i]) & (truth[i] <= plain_high)
        least, most = (float(end) for end in wilson(held.sum(), given.sum()))
        share = held.sum() / given.sum()
        inside = LEAST <= share <= MOST
        bias = (np.nanmean(value) - truth[i]) / max(np.nanstd(value), 1e-12)
        print(
            f"{name} {label:56s} true {truth[i]:9.4f}  bias {bias:5.2f}  plain {plain.mean():.3f}  "
            f"coverage {share:.3f} [{least:.3f}, {most:.3f}]{' ' if inside else '*'} none {(~given).sum()}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as pool:
        for name in options.worlds:
            world = WORLDS[name]
            maps = score_maps(world)
            parts = list(pool.map(partial(population, world, maps), range(PARTS)))
            truth = np.mean([values for _, values in parts], axis=0)
            work = partial(run, world, maps, options.resamples)
            found = np.array(list(pool.map(work, range(options.runs), chunksize=8)))
            print(f"{name}: {world.images} images, {len(world.shares)} classes, {options.runs} runs, "
                  f"{options.resamples} resamples")  # fmt: skip
            table(name, parts[0][0], truth, found)


if __name__ == "__main__":
    main()
