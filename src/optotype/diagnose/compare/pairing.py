"""Two or more models on the same items: what differs, and can the difference be shown?"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import SupportsFloat

from optotype.diagnose.compare import classifying, detecting, segmenting, tracking
from optotype.diagnose.compare.checking import check
from optotype.diagnose.compare.records import Comparison, Run, Setting, Spread
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.results import Result

ALL_PAIRS_UP_TO = 4
"""With more runs than this, each is compared with the first only."""

SIDES: dict[str, ModuleType] = {
    "classify": classifying,
    "detect": detecting,
    "track": tracking,
    "segment": segmenting,
}
"""Task → what a pair of its models is asked: ``resample``, ``pair`` and ``setting_pairs``."""


def compare(
    results: Sequence[Result],
    evidences: Sequence[Evidence],
    names: Sequence[str],
    *,
    seed_groups: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
) -> Comparison:
    """Compare two or more evaluations of the same items under the same protocol; the first is the baseline.

    Items are paired by key; the same resamples of the groups serve every model, so that intervals are of paired
    differences. ``seed_groups`` (one label a run) tells runs that differ only in the seed. Up to four runs are
    compared in all pairs, more with the first only. An InputError tells of different truth, items, groups, classes
    or protocols.
    """
    check(results, evidences, names, seed_groups)
    side = SIDES[results[0].task]
    samples = [
        side.resample(result, evidence, resamples=resamples, seed=seed, threads=threads)
        for result, evidence in zip(results, evidences, strict=True)
    ]
    known = list(zip(results, evidences, samples, strict=True))
    labels = list(seed_groups) if seed_groups else [str(i) for i in range(len(names))]
    indices = range(len(names))
    pairs = list(itertools.combinations(indices, 2)) if len(names) <= ALL_PAIRS_UP_TO else [(0, b) for b in indices[1:]]
    members = [[i for i in indices if labels[i] == label] for label in dict.fromkeys(labels)]
    settings = [Setting([names[i] for i in runs], _spreads([samples[i].value for i in runs])) for runs in members]
    repeated = any(len(runs) > 1 for runs in members) and len(members) > 1
    return Comparison(
        task=results[0].task,
        n=results[0].n,
        resamples=resamples,
        seed=seed,
        runs=[Run(name, result.metrics) for name, result in zip(names, results, strict=True)],
        pairs=[
            side.pair(known[a], known[b], (names[a], names[b]), same_setting=labels[a] == labels[b]) for a, b in pairs
        ],
        settings=settings,
        setting_pairs=side.setting_pairs(members, samples) if repeated else [],
        warnings=_warnings(samples[0].groups, samples[0].independent, resamples),
    )


def _spreads(runs: Sequence[Mapping[str, SupportsFloat]]) -> dict[str, Spread]:
    """Each number over runs that differ only in the seed, where all of them have it."""
    found = {}
    for key in runs[0]:
        values = [value for run in runs if math.isfinite(value := float(run.get(key, math.nan)))]
        if len(values) == len(runs):
            deviation = statistics.stdev(values) if len(values) > 1 else None
            found[key] = Spread(statistics.fmean(values), min(values), max(values), deviation)
    return found


def _warnings(groups: int, independent: bool, resamples: int) -> list[str]:
    """What the intervals and tests do not do here."""
    said = []
    if resamples and groups < FEWEST_GROUPS:
        few = "1 independent group is" if groups == 1 else f"{groups} independent groups are"
        said.append(f"No intervals: {few} too few (at least {FEWEST_GROUPS}).")
    if not independent:
        said.append(
            "Items of one group are not independent: McNemar's test counts each group once, by the direction of "
            "its sum, and the intervals resample groups."
        )
    return said
