"""Time of measuring all conditions against that of decoding the images; target: at most 2× on 2 cores. And how often
causes are found where there are none.

python benchmarks/bench_conditions.py [--small 12000] [--large 500] [--threads 2] [--rounds 3] [--null 200]

The photos (250 × 250 and 3000 × 2000 JPEG, smooth random scenes with noise) are generated from a seed into a temporary
folder first. Each round decodes all of them, measures them as whole images, then with a box each; ratios are of the
best rounds, by the clock and by processor time, which other work on the machine disturbs less. ``--null`` data sets
hold failures that go with nothing but their groups.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from optotype.data.images import decode
from optotype.diagnose.causes import adjusting, causes
from optotype.diagnose.conditions import Objects, measure
from optotype.evidence import Evidence, Rows
from optotype.tables import Items

CASES = {
    "independent": {"n": 600, "rate": 0.15, "groups": 0, "wise": False, "strength": 0.0},
    "rare failures": {"n": 400, "rate": 0.04, "groups": 0, "wise": False, "strength": 0.0},
    "60 groups": {"n": 600, "rate": 0.15, "groups": 60, "wise": False, "strength": 1.0},
    "60 groups, conditions of the group": {"n": 600, "rate": 0.15, "groups": 60, "wise": True, "strength": 1.0},
    "30 groups, conditions of the group": {"n": 600, "rate": 0.15, "groups": 30, "wise": True, "strength": 1.0},
    "200 groups, rare failures": {"n": 1000, "rate": 0.05, "groups": 200, "wise": False, "strength": 0.5},
}


def write(path: Path, i: int, size: tuple[int, int]) -> None:
    draw = np.random.default_rng([11, i])
    coarse = Image.fromarray(draw.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
    image = (smooth + draw.integers(-12, 13, smooth.shape, dtype=np.int16)).clip(0, 255).astype(np.uint8)
    Image.fromarray(image).save(path, quality=90)


def in_turn(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Best time of each over rounds that run all of them in turn, in seconds of the clock and of the processors."""
    found: dict[str, float] = {}
    for _ in range(rounds):
        for name, work in works.items():
            begin, used = time.perf_counter(), time.process_time()
            work()
            for key, taken in (
                (f"{name}_s", time.perf_counter() - begin),
                (f"{name}_cpu_s", time.process_time() - used),
            ):
                found[key] = min(found.get(key, taken), taken)
    return found


def photos(count: int, size: tuple[int, int], threads: int, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = [f"{i:06}.jpg" for i in range(count)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda i: write(folder / keys[i], i, size), range(count)))
        items = Items.of(keys, path=keys, root=folder)
        label = np.zeros(count, np.int32)
        whole = Objects.of_items(items, label)
        w, h = size
        boxed = Objects(whole.item, label, np.tile([0.2 * w, 0.2 * h, 0.6 * w, 0.6 * h], (count, 1)))
        measure("classify", Objects(whole.item[:2], label[:2], whole.box[:2]), items, images=True)

        def decoding() -> None:
            with ThreadPoolExecutor(threads) as pool:
                for start in range(0, count, 256):
                    for _ in pool.map(lambda i: decode(items.file(i)).shape, range(start, min(start + 256, count))):
                        pass

        def measuring(objects: Objects) -> Callable[[], object]:
            return lambda: measure("classify", objects, items, images=True, threads=threads)

        found = in_turn({"decode": decoding, "whole": measuring(whole), "boxes": measuring(boxed)}, rounds)
    for name in ("whole", "boxes"):
        found[f"{name}_ratio"] = found[f"{name}_s"] / found["decode_s"]
        found[f"{name}_cpu_ratio"] = found[f"{name}_cpu_s"] / found["decode_cpu_s"]
    return {"photos": count} | {key: round(value, 2) for key, value in found.items()}


def nothing(seed: int, *, n: int, rate: float, groups: int, wise: bool, strength: float) -> Evidence:
    """Failures that go with groups and with nothing else."""
    draw = np.random.default_rng(seed)
    g = groups or n
    truth = draw.integers(0, 4, n).astype(np.int32)
    group = draw.integers(0, groups, n) if groups else np.arange(n)
    of_group = draw.normal(size=(g, 4))[group]
    numbers = of_group if wise else draw.normal(size=(n, 4)) + of_group * bool(groups)
    columns = {f"column:{i}": numbers[:, i] for i in range(4)}
    columns["column:site"] = np.array(["a", "b", "c"])[draw.integers(0, 3, g)[group]]
    logit = np.log(rate / (1 - rate)) + strength * draw.normal(size=g)[group]
    predicted = np.where(draw.random(n) < 1 / (1 + np.exp(-logit)), (truth + 1) % 4, truth).astype(np.int32)
    keys, row = np.array([f"{i:06}" for i in range(n)]), np.arange(n, dtype=np.int32)
    labels = Rows(row, {"truth": truth, "predicted": predicted, "confidence": draw.beta(5, 2, n)})
    names = np.array([f"g{i:05}" for i in group]) if groups else keys
    return Evidence("classify", ("a", "b", "c", "d"), keys, names, {"labels": labels, "conditions": Rows(row, columns)})


def false_findings(sets: int) -> dict[str, dict[str, float]]:
    adjusting.possible = lambda _: "left out: the tests do not use it"
    shares = {}
    for name, case in CASES.items():
        counts = np.zeros(3)
        for seed in range(sets):
            found = causes(nothing(seed, **case), resamples=400, seed=seed)
            effects = any(e.p_holm is not None and e.p_holm < 0.05 for e in found.effects)
            counts += [effects, bool(found.slices), bool(found.trust)]
        shares[name] = dict(zip(("effects", "slices", "trust"), (counts / sets).round(4).tolist(), strict=True))
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=12_000)
    parser.add_argument("--large", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--null", type=int, default=400)
    options = parser.parse_args()
    found = {
        "target_ratio": 2,
        "small 250 × 250": photos(options.small, (250, 250), options.threads, options.rounds),
        "large 3000 × 2000": photos(options.large, (3000, 2000), options.threads, options.rounds),
    }
    if options.null:
        found["false findings"] = false_findings(options.null)
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
