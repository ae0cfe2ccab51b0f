"""How often the 95 % intervals hold the true value: simulated coverage of every headline metric.

    python benchmarks/bench_coverage.py [--runs 2000] [--items 200] [--classes 6] [--resamples 400]

Each run draws a new sample from a known model, measures it, and looks whether the interval holds the population's
value (from four million items; exactly 0 for the calibration error of the calibrated model). ``none`` counts runs
without an interval. Brackets: 95 % Wilson bounds of the coverage. The model ``calibrated`` draws the truth from its
own scores, ``over-confident`` sharpens those scores afterwards. The calibration error's interval is conservative by
design.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from optotype import metrics
from optotype.evidence import Evidence
from optotype.metrics.intervals import wilson
from optotype.metrics.tally import tally
from optotype.results import Metric
from optotype.tables import Items, Labels
from optotype.tasks.classify import match, measure

POPULATION, PART = 4_000_000, 400_000


def sample(n: int, classes: int, sharpness: float, seed: int) -> Evidence:
    """Evidence of n items; classes are uneven, the rarest about a tenth of the commonest."""
    rng = np.random.default_rng(seed)
    logits = 2.2 * rng.normal(size=(n, classes)) - np.linspace(0, 2.0, classes)
    scores = softmax(logits)
    truth = (rng.random((n, 1)) > scores.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1).astype(np.int32)
    said = softmax(sharpness * logits)
    names = tuple(f"class {k}" for k in range(classes))
    items = Items.of(np.char.mod("%07d", np.arange(n)))
    return match(Labels(items, names, truth), Labels(items, names, said.argmax(axis=1).astype(np.int32), said))


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def population(classes: int, sharpness: float) -> dict[str, float]:
    """The true values, from totals added over parts."""
    parts = [tally(sample(PART, classes, sharpness, 10**6 + i)).once() for i in range(POPULATION // PART)]
    totals = {name: sum(part[name] for part in parts) for name in parts[0]}
    values = {key: float(value) for key, value in metrics.compute(totals, metrics.of_task("classify")).items()}
    return {**values, "ece": 0.0} if sharpness == 1 else values


def measurements(runs: int, n: int, classes: int, sharpness: float, resamples: int) -> Iterator[dict[str, Metric]]:
    for seed in range(runs):
        yield measure(sample(n, classes, sharpness, seed), resamples=resamples, seed=seed, threads=1).metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--classes", type=int, default=6)
    parser.add_argument("--resamples", type=int, default=400)
    options = parser.parse_args()
    for name, sharpness in (("calibrated", 1.0), ("over-confident", 2.0)):
        truth = population(options.classes, sharpness)
        held, judged = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0)
        widths = dict.fromkeys(truth, 0.0)
        for found in measurements(options.runs, options.items, options.classes, sharpness, options.resamples):
            for key, value in truth.items():
                metric = found[key]
                if metric.low is not None and metric.high is not None:
                    judged[key] += 1
                    held[key] += metric.low <= value <= metric.high
                    widths[key] += metric.high - metric.low
        print(
            f"{name}: {options.items} items, {options.classes} classes, {options.runs} runs, {options.resamples} "
            "resamples"
        )
        for key, value in truth.items():
            low, high = wilson(held[key], judged[key])
            print(
                f"  {key:18s} true {value:.4f}  mean width {widths[key] / max(judged[key], 1):.4f}  "
                f"coverage {held[key] / max(judged[key], 1):.4f} [{float(low):.4f}, {float(high):.4f}]  "
                f"none {options.runs - judged[key]}"
            )


if __name__ == "__main__":
    main()
