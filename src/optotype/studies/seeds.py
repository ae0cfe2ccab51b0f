"""Which runs are repetitions of one setting."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from optotype.runs import RunFolder
from optotype.training.settings import read_config


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
