"""Comparing evaluated folders: what is computed, and what a folder remembers of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from optotype.diagnose.compare import Comparison
from optotype.diagnose.compare import compare as compare_evidence
from optotype.files import write_atomic
from optotype.runs import RunFolder
from optotype.studies.judging import load
from optotype.training.settings import read_config

COMPARISON_FILE = "compare.json"


class ComparisonFile(msgspec.Struct, frozen=True):
    """What a comparison's folder remembers: which folders, and what was found."""

    folders: list[str]
    comparison: Comparison
    format: Literal["optotype.compare/1"] = "optotype.compare/1"


def compare_folders(
    runs: Sequence[RunFolder], names: Sequence[str], *, resamples: int = 1000, seed: int = 0
) -> Comparison:
    """Compare evaluated folders; the first is what the others are held against.

    Raises InputError where they were judged on different items, truth or protocols.
    """
    judged = [load(run) for run in runs]
    return compare_evidence(
        [j.result for j in judged],
        [j.evidence for j in judged],
        names,
        seed_groups=seed_groups(runs),
        resamples=resamples,
        seed=seed,
    )


def save(folder: RunFolder, comparison: Comparison, runs: Sequence[RunFolder]) -> None:
    """Write ``compare.json``."""
    kept = ComparisonFile([str(run.path.resolve()) for run in runs], comparison)
    write_atomic(folder.path / COMPARISON_FILE, msgspec.json.format(msgspec.json.encode(kept)))


def seed_groups(runs: Sequence[RunFolder]) -> list[str]:
    """One label a run; runs whose settings differ only in the seed share one. Foreign folders stand alone."""
    labels = []
    for i, run in enumerate(runs):
        if not run.config.is_file():
            labels.append(f"folder {i}")
            continue
        config = read_config(run.config)
        labels.append(msgspec.json.encode(msgspec.structs.replace(config, seed=0, log=[])).decode())
    return labels
