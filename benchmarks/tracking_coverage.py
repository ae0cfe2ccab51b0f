"""How often the 95 % intervals of tracking hold the true value: simulated coverage of every number that carries one.

    python benchmarks/tracking_coverage.py [--runs 2000] [--resamples 1000] [--scenes 20 30 60] [--processes N]

A population of scenes is made once: each has its own density, share of objects seen, precision of boxes, rate of
identity switches and of false alarms. The true value is that of the whole population. Each run draws scenes from it,
measures, and looks whether the interval holds the true value: ``coverage`` of the intervals as they are shipped (Δ: of
the differences between two trackers on the same scenes),
``plain`` of the percentile interval on the same resamples, ``bias`` the mean of the runs less the true value, in
standard deviations of the runs. Brackets are 95 % Wilson bounds; ``*`` stands where 93–97 % lies outside of them.

The second part is about data of few scenes, as MOT17's seven, each 300 frames: blocks of consecutive frames are drawn
instead of scenes, matches and identities held fixed and the pair counts of each block re-weighted. Numbers are at
IoU 0.5.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from optotype.evidence import Evidence, Rows
from optotype.metrics.intervals import percentile, resample_weights, wilson
from optotype.metrics.tracking import numbers
from optotype.tables import Array, Floats, Items, Tracks
from optotype.tasks.track.intervals import CARRYING, of_trackers
from optotype.tasks.track.matching import match
from optotype.tasks.track.measuring import resample

CHUNK = 500
FEW = 7
BLOCKS = (10, 30, 100)


@dataclass(frozen=True)
class World:
    """``scenes`` of ``frames`` each in the population."""

    scenes: int
    frames: int
    seed: int


MANY = World(20_000, 60, 1)
LONG = World(3_000, 300, 2)


def logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def scenes(n: int, frames: int, rng: np.random.Generator) -> tuple[Tracks, Tracks, Tracks]:
    """``n`` scenes and what two trackers say: in each slot of a scene two objects live one after the other."""
    slots = 2 + rng.poisson(np.exp(rng.normal(1.2, 0.6, n)))
    of_slot = np.repeat(np.arange(n), slots)
    turn = rng.integers(frames // 4, 3 * frames // 4, len(of_slot))
    slot = np.repeat(np.arange(len(of_slot)), frames)
    frame = np.tile(np.arange(frames), len(of_slot))
    alive = (np.abs(frame - turn[slot]) >= 2) & (frame >= rng.integers(0, frames // 3, len(of_slot))[slot])
    who = 2 * slot + (frame >= turn[slot])
    size = np.exp(rng.normal(4, 0.4, 2 * len(of_slot)))[who]
    start, speed = rng.uniform(0, 600, (2 * len(of_slot), 2)), rng.normal(0, 1, (2 * len(of_slot), 2))
    corner = start[who] + speed[who] * frame[:, None]
    box = np.column_stack([corner, 0.4 * size, size])
    lived = Lived(of_slot[slot][alive], slot[alive], who[alive], frame[alive], box[alive])
    items = Items.of([f"{i:06}" for i in range(n)])
    effects = rng.normal(0, 1, (5, n))
    trackers = [tracked(items, frames, lived, effects + rng.normal(0, 0.3, (5, n)), k, rng) for k in (0, 1)]
    return table(items, frames, lived.scene, lived.frame, lived.who, lived.box), *trackers


@dataclass(frozen=True, eq=False)
class Lived:
    """Objects as they are, a row a box, by slot and frame."""

    scene: Array
    slot: Array
    who: Array
    frame: Array
    box: Floats


def tracked(items: Items, frames: int, lived: Lived, effects: Floats, k: int, rng: np.random.Generator) -> Tracks:
    """What tracker ``k`` says; ``effects`` (5, n) of each scene: seen, spread, switches, takeovers, false alarms."""
    scene, n = lived.scene, len(lived.scene)
    seen = rng.random(n) < logistic(1.6 + 0.1 * k + 0.8 * effects[0])[scene]
    spread = (0.04 * np.exp(0.5 * effects[1]))[scene]
    switch = rng.random(n) < (0.01 * (1 - 0.2 * k) * np.exp(0.8 * effects[2]))[scene]
    taken_over = rng.random(int(lived.slot[-1]) + 1)[lived.slot] < logistic(effects[3] - 1)[scene]
    new_object = np.append(True, lived.who[1:] != lived.who[:-1])
    new_slot = np.append(True, lived.slot[1:] != lived.slot[:-1])
    identity = np.cumsum(new_slot | switch | (new_object & ~taken_over))
    reach = (spread * lived.box[:, 3])[:, None] * [0.4, 1, 0.4, 1]
    box = lived.box + rng.normal(0, 1, (n, 4)) * reach
    extra = rng.poisson(np.exp(0.8 * effects[4] - 1)[:, None], (len(items), frames))
    false_scene, false_frame = (np.repeat(of.ravel(), extra.ravel()) for of in np.indices((len(items), frames)))
    m = len(false_scene)
    false_box = np.column_stack([rng.uniform(0, 600, (m, 2)), np.full(m, 25.0), np.full(m, 60.0)])
    return table(
        items,
        frames,
        np.concatenate([scene[seen], false_scene]),
        np.concatenate([lived.frame[seen], false_frame]),
        np.concatenate([identity[seen], identity[-1] + 1 + np.arange(m)]),
        np.concatenate([box[seen], false_box]),
    )


def table(items: Items, frames: int, scene: Array, frame: Array, identity: Array, box: Floats) -> Tracks:
    order, n = np.lexsort((frame, scene)), len(scene)
    box = np.maximum(box, [-np.inf, -np.inf, 1, 1])
    return Tracks(
        items, ("a",), np.full(len(items), frames, np.int32), np.full(len(items), 25.0), scene[order].astype(np.int32),
        (frame[order] + 1).astype(np.int32), identity[order].astype(np.int64), np.zeros(n, np.int32),
        np.ascontiguousarray(box[order]), np.ones(n, bool), np.full(n, np.nan), np.arange(n),
    )  # fmt: skip


def parts_of(world: World) -> list[tuple[Evidence, Evidence]]:
    """The population as evidences of ``CHUNK`` scenes each, of both trackers."""
    rngs = np.random.default_rng(world.seed).spawn(world.scenes // CHUNK)
    with ProcessPoolExecutor(PROCESSES) as pool:
        return list(pool.map(partial(part, world.frames), rngs))


def part(frames: int, rng: np.random.Generator) -> tuple[Evidence, Evidence]:
    truth, a, b = scenes(CHUNK, frames, rng)
    return match(truth, a, threads=1), match(truth, b, threads=1)


Counts = dict[str, Array]


def population(world: World) -> list[Counts]:
    """The counts of every scene of the world, of both trackers."""
    parts = parts_of(world)
    names = parts[0][0]["counts"].columns
    return [{name: np.concatenate([of[k]["counts"][name] for of in parts]) for name in names} for k in (0, 1)]


def run(counts: list[Counts], n: int, resamples: int, seed: int) -> Floats:
    """Value, ends of the shipped interval and of the percentile one, (5, 2 keys), of the first tracker on ``n`` scenes
    and of the differences.
    """
    drawn = np.random.default_rng([n, seed]).integers(0, len(counts[0]["TP"]), n)
    keys = np.array([f"{i:03}" for i in range(n)])
    item = np.arange(n, dtype=np.int32)
    both = [Rows(item, {name: values[drawn] for name, values in side.items()}) for side in counts]
    a, b = (
        resample(Evidence("track", ("a",), keys, keys, {"counts": rows}), resamples=resamples, seed=seed, threads=1)
        for rows in both
    )
    found = []
    for key in CARRYING:
        found.append([a.value[key], *a.interval(key), *percentile(a.resampled[key])])
    for key in CARRYING:
        value, samples = b.value[key] - a.value[key], b.resampled[key] - a.resampled[key]
        found.append([value, *of_trackers(samples, value, n), *percentile(samples)])
    return np.array(found, np.float64).T


def many(options: argparse.Namespace) -> None:
    counts = population(MANY)
    a, b = (numbers({name: values.sum(axis=0) for name, values in side.items()}) for side in counts)
    true = [*(float(a[key]) for key in CARRYING), *(float(b[key] - a[key]) for key in CARRYING)]
    names = [*CARRYING, *(f"Δ {key}" for key in CARRYING)]
    for n in options.scenes:
        print(f"{n} scenes of {MANY.frames} frames, {options.runs} runs, {options.resamples} resamples")
        with ProcessPoolExecutor(PROCESSES) as pool:
            work = partial(run, counts, n, options.resamples)
            found = np.array(list(pool.map(work, range(options.runs), chunksize=20)))
        for i, name in enumerate(names):
            told(name, true[i], found[:, :, i])


def told(name: str, true: float, found: Floats) -> None:
    """One line; ``found`` (runs, 5) as ``run`` gives them."""
    value, low, high, plain_low, plain_high = found.T
    known = np.isfinite(low)
    hits = int(((low <= true) & (true <= high))[known].sum())
    plain = float(((plain_low <= true) & (true <= plain_high)).mean())
    bounds = [float(end) for end in wilson(hits, int(known.sum()))]
    star = "*" if bounds[1] < 0.93 or bounds[0] > 0.97 else " "
    bias = (value.mean() - true) / value.std()
    print(
        f"  {name:<8} true {true:7.4f}  bias {bias:5.2f}  plain {plain:.3f}  coverage {hits / max(known.sum(), 1):.3f} "
        f"[{bounds[0]:.3f}, {bounds[1]:.3f}]{star} none {int((~known).sum())}", flush=True,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Blocked:
    """One scene: of each unit (a run of ten frames) the counts (units, 4) TP, FN, FP, IDSW; of each pair of identities
    the matched frames (pairs, units), and the boxes (pairs, units) of its object and of its track.
    """

    counts: Floats
    matched: Floats
    boxes: Floats
    said_boxes: Floats


def blocked(evidence: Evidence, frames: int, unit: int) -> list[Blocked]:
    """Every scene of an evidence, by units of so many frames."""
    tables, units = (evidence["truth"], evidence["predictions"]), frames // unit
    starts = [rows.starts(len(evidence)) for rows in tables]
    found = []
    for s in range(len(evidence)):
        a, b = (slice(start[s], start[s + 1]) for start in starts)
        at, said_at = ((rows["frame"][of] - 1) // unit for rows, of in zip(tables, (a, b), strict=True))
        partner, said = tables[0]["match"][a], tables[1]["id"][b]
        hit = partner >= 0
        ids, number = np.unique(tables[0]["id"][a], return_inverse=True)
        said_ids, said_number = np.unique(said, return_inverse=True)
        code = number[hit] * len(said_ids) + said_number[partner[hit]]
        pairs, pair = np.unique(code, return_inverse=True)
        boxes, said_boxes = per_unit(number, at, len(ids), units), per_unit(said_number, said_at, len(said_ids), units)
        order = np.lexsort((at[hit], number[hit]))
        changed = (np.diff(number[hit][order]) == 0) & (np.diff(said_number[partner[hit]][order]) != 0)
        switches = np.bincount(at[hit][order][1:][changed], minlength=units)
        tp = np.bincount(at[hit], minlength=units)
        counts = np.column_stack([tp, boxes.sum(axis=0) - tp, said_boxes.sum(axis=0) - tp, switches])
        rows, columns = pairs // len(said_ids), pairs % len(said_ids)
        found.append(
            Blocked(counts, per_unit(pair, at[hit], len(pairs), units), boxes[rows], said_boxes[columns])
        )  # fmt: skip
    return found


def per_unit(of: Array, at: Array, n: int, units: int) -> Floats:
    return np.bincount(of * units + at, minlength=n * units).reshape(n, units).astype(np.float64)


KEYS = ("HOTA", "DetA", "AssA", "MOTA")


def at_half(tp: Floats, fn: Floats, fp: Floats, switches: Floats, association: Floats) -> Floats:
    """HOTA, DetA, AssA at IoU 0.5 over CLEAR's matches, and MOTA, (4, …)."""
    deta, assa = tp / (tp + fn + fp), association / np.maximum(tp, 1)
    return np.array([np.sqrt(deta * assa), deta, assa, (tp - fp - switches) / (tp + fn)])


def weighed(scenes: list[Blocked], weights: list[Floats]) -> Floats:
    """The numbers under weights (units, R) of each scene's units."""
    counts = sum(scene.counts.T @ w for scene, w in zip(scenes, weights, strict=True))
    association = np.zeros(weights[0].shape[1])
    for scene, w in zip(scenes, weights, strict=True):
        c = scene.matched @ w
        association += (c * c / np.maximum(scene.boxes @ w + scene.said_boxes @ w - c, 1e-9)).sum(axis=0)
    return at_half(*counts, association)


def few_run(pool: list[Blocked], resamples: int, frames: int, unit: int, seed: int) -> Floats:
    """Values and percentile intervals from scenes, then from blocks of each length: (1 + 2 (1 + blocks), keys)."""
    rng = np.random.default_rng(seed)
    drawn = [pool[i] for i in rng.integers(0, len(pool), FEW)]
    units = frames // unit
    value = weighed(drawn, [np.ones((units, 1))] * FEW)[:, 0]
    by_scene = np.array([w.copy() for w in resample_weights(FEW, seed, range(resamples))]).T.astype(np.float64)
    samples = [weighed(drawn, [np.repeat(by_scene[s][None], units, axis=0) for s in range(FEW)])]
    for length in BLOCKS:
        size = length // unit
        blocks = FEW * (units // size)
        w = np.array([w.copy() for w in resample_weights(blocks, seed, range(resamples))]).T.astype(np.float64)
        samples.append(weighed(drawn, np.split(np.repeat(w, size, axis=0), FEW)))
    return np.array([value, *(end for of in samples for end in percentile(of.T))])


def few(options: argparse.Namespace) -> None:
    unit = min(BLOCKS)
    pool = [scene for part, _ in parts_of(LONG) for scene in blocked(part, LONG.frames, unit)]
    ones = [np.ones((LONG.frames // unit, 1))] * len(pool)
    true = weighed(pool, ones)[:, 0]
    runs, resamples = options.runs // 4, options.resamples // 4
    print(f"{FEW} scenes of {LONG.frames} frames, {runs} runs, {resamples} resamples: coverage of percentile intervals")
    with ProcessPoolExecutor(PROCESSES) as workers:
        work = partial(few_run, pool, resamples, LONG.frames, unit)
        found = np.array(list(workers.map(work, range(runs), chunksize=10)))
    for i, name in enumerate(("scenes", *(f"blocks of {length} frames" for length in BLOCKS))):
        low, high = found[:, 1 + 2 * i], found[:, 2 + 2 * i]
        shares = ((low <= true) & (true <= high)).mean(axis=0)
        print(f"  {name:<22} " + "  ".join(f"{key} {share:.3f}" for key, share in zip(KEYS, shares, strict=True)))


PROCESSES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--scenes", type=int, nargs="*", default=[20, 30, 60])
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args()
    globals()["PROCESSES"] = options.processes
    many(options)
    few(options)


if __name__ == "__main__":
    main()
