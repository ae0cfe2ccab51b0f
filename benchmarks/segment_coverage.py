"""How often the 95 % intervals of segmentation hold the true value: simulated coverage of every number with one.

    python benchmarks/segment_coverage.py [--runs 1000] [--resamples 1000] [--images 20 50 200] [--processes N]

A population of images is made once: each has its own classes, from everywhere to rare, and how large they are, how much
of each is found, what the rest is taken for, and how hard boundaries are. The true value is that of the whole
population. Each run draws images from it, measures, and looks whether the interval holds the true value: ``coverage``
of the intervals as they are shipped (Δ: of the differences between two models on the same images), ``plain`` of the
percentile interval on the same resamples, ``bias`` the mean of the runs less the true value, in standard deviations of
the runs. Classes are told together. Brackets are 95 % Wilson bounds; ``*`` stands where 93–97 % lies outside of them.

The second part is about video: few sequences of many frames that resemble each other, drawn in blocks of frames. The
true value is once that of many more frames of the same sequences, once that of all sequences.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from optotype.evidence import Evidence, Rows
from optotype.metrics import segmentation
from optotype.metrics.intervals import percentile, wilson
from optotype.metrics.segmentation import SEGMENT, SEGMENT_CLASS
from optotype.tables import Array, Floats
from optotype.tasks.segment import Samples, parts, resample, sums
from optotype.tasks.segment.rules import Rules

K = 12
IMAGES = 20_000
PIXELS = 50_000
RULES = Rules()
NAMES = tuple(f"class {k}" for k in range(K))
PARTS = [(part.slice, part.name, key) for part in parts.parts() for key, *_ in part.ratios if key != parts.COUNTED]
HEADLINE = [measure.key for measure in SEGMENT]
CLASS = [measure.key for measure in SEGMENT_CLASS]

SEQUENCES = 4
FRAMES = 120
BLOCKS = (1, 5, 10, 20)
LIKENESS = 0.9
"""Correlation of what makes a frame easy with that of the frame before."""


@dataclass(frozen=True, eq=False)
class Images:
    """Pixels of each pair of labels (n, K, K); of each truth class the rim's and those right of it (n, K)."""

    pairs: Array
    rim: Array
    rim_right: Array

    def take(self, index: Array) -> Images:
        return Images(self.pairs[index], self.rim[index], self.rim_right[index])

    def evidence(self, groups: Array | None = None) -> Evidence:
        """Every class of an image as one component."""
        n = len(self.pairs)
        item, truth, said = np.nonzero(self.pairs)
        pixels = Rows(item.astype(np.int32), _columns(truth=truth, said=said, n=self.pairs[item, truth, said]))
        area, right = self.pairs.sum(axis=2), self.pairs[:, np.arange(K), np.arange(K)]
        at = item, label = np.nonzero(area)
        columns = {"n": area[at], "right": right[at], "rim": self.rim[at], "rim_right": self.rim_right[at]}
        place = item.astype(np.int32)
        rims = Rows(place, _columns(label=label, **columns))
        components = Rows(place, _columns(label=label, area=area[at], right=right[at]))
        keys = np.array([f"{i:06}" for i in range(n)])
        tables = {"pixels": pixels, "rims": rims, "components": components}
        return Evidence("segment", NAMES, keys, keys if groups is None else groups, tables)


def _columns(**columns: Array) -> dict[str, Array]:
    return {
        name: values.astype(np.uint8 if name in ("label", "truth", "said") else np.int64)
        for name, values in columns.items()
    }


def logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def images(effects: Floats, classes: Floats, rng: np.random.Generator) -> tuple[Images, Images]:
    """What two models say; ``effects`` (n, 3): how easy images and their rims are, how rich; ``classes`` (n, K)."""
    n = len(effects)
    there = classes + 0.6 * effects[:, 2:] > np.linspace(-2, 1.6, K)
    there[:, 0] = True
    share = there * np.exp(rng.normal(-0.35 * np.arange(K), 0.8, (n, K)))
    area = np.round(PIXELS * share / share.sum(axis=1, keepdims=True)).astype(np.int64)
    rim = rng.binomial(area, np.minimum(0.9, 0.15 * (PIXELS / np.maximum(area, 1) / K) ** 0.4))
    ease = rng.normal(0, 0.7, (n, K)) + effects[:, :1] + np.linspace(2.6, 0.2, K)
    taste = rng.normal(0, 1, (n, K, K)) - 0.1 * np.arange(K)
    found = []
    for k in (0, 1):
        own = ease + 0.15 * k + rng.normal(0, 0.3, (n, K))
        rim_right = rng.binomial(rim, logistic(own - 1.2 + 0.4 * effects[:, 1:2]))
        right = rim_right + rng.binomial(area - rim, logistic(own + 0.8))
        spoken = np.where(np.eye(K, dtype=bool), 0, np.exp(taste + rng.normal(0, 0.3, (n, K, K))))
        spoken *= there[:, None] | (rng.random((n, 1, K)) < 0.1)
        spoken[:, 0, 1] += 1e-9
        pairs = rng.multinomial(area - right, spoken / spoken.sum(axis=2, keepdims=True))
        pairs[:, np.arange(K), np.arange(K)] = right
        found.append(Images(pairs, rim, rim_right))
    return found[0], found[1]


def population() -> tuple[Images, Images]:
    rng = np.random.default_rng(1)
    return images(rng.normal(0, 0.6, (IMAGES, 3)), rng.normal(0, 1, (IMAGES, K)), rng)


def video(sequences: int, frames: int, rng: np.random.Generator, own: Array | None = None) -> tuple[Floats, Floats]:
    """Effects and classes of frames that resemble the one before; ``own`` (sequences, 3 + K) is what stays."""
    own = rng.normal(0, 1, (sequences, 3 + K)) if own is None else own
    state = rng.normal(0, 1, (sequences, 3 + K))
    found = np.empty((sequences, frames, 3 + K))
    for f in range(frames):
        state = LIKENESS * state + np.sqrt(1 - LIKENESS**2) * rng.normal(0, 1, state.shape)
        found[:, f] = 0.6 * own + 0.8 * state
    flat = found.reshape(-1, 3 + K)
    return 0.6 * flat[:, :3], flat[:, 3:]


def sampled(found: Images, resamples: int, seed: int, groups: Array | None = None) -> Samples:
    return resample(found.evidence(groups), resamples=resamples, seed=seed, threads=1, rules=RULES)


def run(sides: tuple[Images, Images], n: int, resamples: int, seed: int) -> Floats:
    """Value, ends of the shipped interval and of the percentile one, (5, numbers), in the order of ``true``."""
    drawn = np.random.default_rng([n, seed]).integers(0, IMAGES, n)
    a, b = (sampled(side.take(drawn), resamples, seed) for side in sides)
    found = [[a.value[key], *a.interval(key), *percentile(a.resampled[key])] for key in HEADLINE]
    found += [[a.part_value[key], *a.part_interval(key), *percentile(a.part_resampled[key])] for key in PARTS]
    for key in HEADLINE:
        samples = b.resampled[key] - a.resampled[key]
        found.append([b.value[key] - a.value[key], *b.difference(a, key), *percentile(samples)])
    for key in CLASS:
        for k in range(K):
            plain = percentile(a.class_resampled[key][:, k])
            found.append([a.class_value[key][k], *a.class_interval(key, k), *plain])
    return np.array(found, np.float64).T


def true_values(sides: tuple[Images, Images]) -> tuple[list[str], Floats]:
    """Names and values of the whole population."""
    evidence = sides[0].evidence()
    place = np.zeros(len(evidence), np.int32)
    a, b = (sums.addends(side.evidence(), RULES, place, 1).total() for side in sides)
    one, two = segmentation.numbers(a), segmentation.numbers(b)
    near = parts.ratios(parts.addends(evidence, place, 1)[0])
    classes = segmentation.class_numbers(a)
    names = [*HEADLINE, *(f"{name} {key}" for _, name, key in PARTS), *(f"Δ {key}" for key in HEADLINE)]
    names += [f"class {key}" for key in CLASS for _ in range(K)]
    values = [*(one[key] for key in HEADLINE), *(near[key] for key in PARTS), *(two[k] - one[k] for k in HEADLINE)]
    return names, np.array([*values, *np.concatenate([classes[key] for key in CLASS])], np.float64)


def many(options: argparse.Namespace, workers: ProcessPoolExecutor) -> None:
    sides = population()
    names, true = true_values(sides)
    for n in options.images:
        print(f"{n} images, {options.runs} runs, {options.resamples} resamples")
        work = partial(run, sides, n, options.resamples)
        found = np.array(list(workers.map(work, range(options.runs), chunksize=20)))
        for name in dict.fromkeys(names):
            at = [i for i, other in enumerate(names) if other == name]
            told(name, true[at], found[:, :, at])


def told(name: str, true: Floats, found: Floats) -> None:
    """One line; ``found`` (runs, 5, m) as ``run`` gives them of m numbers that are told together."""
    value, low, high, plain_low, plain_high = found.transpose(1, 0, 2)
    known = np.isfinite(low)
    hits, n = int(((low <= true) & (true <= high))[known].sum()), int(known.sum())
    plain = float(((plain_low <= true) & (true <= plain_high))[known].mean()) if n else np.nan
    bounds = [float(end) for end in wilson(hits, n)]
    star = "*" if bounds[1] < 0.93 or bounds[0] > 0.97 else " "
    with np.errstate(invalid="ignore"):
        bias = np.nanmean((np.nanmean(value, axis=0) - true) / np.nanstd(value, axis=0))
    print(
        f"  {name:<20} true {true.mean():7.4f}  bias {bias:5.2f}  plain {plain:.3f}  coverage {hits / max(n, 1):.3f} "
        f"[{bounds[0]:.3f}, {bounds[1]:.3f}]{star} none {known.size - n}", flush=True,
    )  # fmt: skip


def blocks_run(resamples: int, everywhere: Floats, seed: int) -> Floats:
    """Whether the interval of each block length holds the value of the same sequences, and of all: (2, blocks, 2)."""
    rng = np.random.default_rng([7, seed])
    own = rng.normal(0, 1, (SEQUENCES, 3 + K))
    here, _ = images(*video(SEQUENCES, FRAMES, rng, own), rng)
    same, _ = images(*video(SEQUENCES, 10 * FRAMES, rng, own), rng)
    place = np.zeros(len(same.pairs), np.int32)
    true = segmentation.numbers(sums.addends(same.evidence(), RULES, place, 1).total())
    hits = np.full((2, len(BLOCKS), 2), np.nan)
    for i, length in enumerate(BLOCKS):
        groups = np.array([f"{frame // length:06}" for frame in range(SEQUENCES * FRAMES)])
        samples = sampled(here, resamples, seed, groups)
        for j, key in enumerate(("pixel_accuracy", "miou")):
            low, high = samples.interval(key)
            if low is not None and high is not None:
                hits[:, i, j] = low <= true[key] <= high, low <= everywhere[j] <= high
    return hits


def few(options: argparse.Namespace, workers: ProcessPoolExecutor) -> None:
    rng = np.random.default_rng(3)
    all_of_them, _ = images(*video(10_000, 1, rng), rng)
    place = np.zeros(len(all_of_them.pairs), np.int32)
    numbers = segmentation.numbers(sums.addends(all_of_them.evidence(), RULES, place, 1).total())
    everywhere = np.array([numbers["pixel_accuracy"], numbers["miou"]], np.float64)
    runs, resamples = options.runs // 10, options.resamples // 2
    print(f"{SEQUENCES} sequences of {FRAMES} frames, {runs} runs, {resamples} resamples: coverage over blocks")
    work = partial(blocks_run, resamples, everywhere)
    found = np.array(list(workers.map(work, range(runs), chunksize=5)))
    for i, length in enumerate(BLOCKS):
        shares = np.nanmean(found[:, :, i], axis=0)  # of the runs that have an interval
        print(
            f"  blocks of {length:>2} frames: of these sequences pixel_accuracy {shares[0, 0]:.3f} miou "
            f"{shares[0, 1]:.3f}, of all pixel_accuracy {shares[1, 0]:.3f} miou {shares[1, 1]:.3f}", flush=True,
        )  # fmt: skip


PROCESSES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--images", type=int, nargs="*", default=[20, 50, 200])
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as workers:
        many(options, workers)
        few(options, workers)


if __name__ == "__main__":
    main()
