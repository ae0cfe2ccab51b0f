"""Two or more models on the same items: what differs, and can the difference be shown?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from types import ModuleType

from optotype.diagnose.compare import classifying, detecting
from optotype.diagnose.compare.checking import check
from optotype.diagnose.compare.records import Comparison, Run, Setting
from optotype.evidence import Evidence
from optotype.results import Result

ALL_PAIRS_UP_TO = 4
"""With more runs than this, each is compared with the first only."""

SIDES: dict[str, ModuleType] = {"classify": classifying, "detect": detecting}
"""Task → what a pair of its models is asked: ``resample``, ``pair``, ``spreads``, ``setting_pairs``, ``warnings``."""


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
    settings = [Setting([names[i] for i in runs], side.spreads([samples[i] for i in runs])) for runs in members]
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
        warnings=side.warnings(samples[0], resamples),
    )
