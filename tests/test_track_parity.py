"""Protocols of tracking against TrackEval 1.3.0 itself: integers exactly, everything else to 1e-12."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
import pytest

from optotype.evidence import Evidence
from optotype.metrics.tracking import COUNTS, CURVES, NUMBERS, as_trackeval, curves
from optotype.tasks.track.matching import match
from optotype.tasks.track.rules import Rules
from track_sets import KINDS, rows_of, tables, write

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    trackeval = pytest.importorskip("trackeval")

CASES, SEQUENCES = 16, 3
CLEAR = {"TP": "CLR_TP", "FN": "CLR_FN", "FP": "CLR_FP"}
CLOSE = 1e-12


def case(number: int) -> dict[str, tuple[np.ndarray, np.ndarray, int]]:
    return {f"S-{i:02}": rows_of(number * SEQUENCES + i, most=9 if number % 4 else 24) for i in range(SEQUENCES)}


def theirs(folder: Path, protocol: str) -> dict[str, dict[str, np.ndarray]]:
    """TrackEval's numbers by sequence, and of all as ``COMBINED``."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = trackeval.datasets.MotChallenge2DBox({
            "GT_FOLDER": str(folder / "gt"), "TRACKERS_FOLDER": str(folder / "trackers"), "SKIP_SPLIT_FOL": True,
            "SEQMAP_FILE": str(folder / "seqmap.txt"), "TRACKERS_TO_EVAL": ["T"], "PRINT_CONFIG": False,
            "BENCHMARK": "MOT17" if protocol == "plain" else protocol.upper(), "DO_PREPROC": protocol != "plain",
        })  # fmt: skip
        quiet = {"PRINT_CONFIG": False}
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR(quiet), trackeval.metrics.Identity(quiet)]
        found: list[dict] = [{} for _ in metrics]
        for name in data.seq_list:
            sequence = data.get_preprocessed_seq_data(data.get_raw_seq_data("T", name), "pedestrian")
            for metric, of in zip(metrics, found, strict=True):
                of[name] = metric.eval_sequence(sequence)
        for metric, of in zip(metrics, found, strict=True):
            of["COMBINED"] = metric.combine_sequences(dict(of))
    return {name: {key: value for of in found for key, value in of[name].items()} for name in found[0]}


def ours(evidence: Evidence, sequence: int | None) -> dict[str, np.ndarray]:
    """Our addends, numbers and curves of one sequence, or of all."""
    table = evidence["counts"]
    rows = table.item == sequence if sequence is not None else slice(None)
    sums = {name: values[rows].sum(axis=0) for name, values in table.columns.items()}
    return sums | as_trackeval(sums) | {f"{key} curve": values for key, values in curves(sums).items()}


def differences(mine: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    """Names of what is not equal."""
    equal = {name: int(mine[name]) == int(other[CLEAR.get(name, name)]) for name in COUNTS[5:]}
    equal |= {kind: np.array_equal(mine[kind], other[kind]) for kind in ("HOTA_TP", "HOTA_FN", "HOTA_FP")}
    near = {f"{key} curve": np.abs(mine[f"{key} curve"] - other[key]).max() for key in CURVES}
    near |= {
        number.key: abs(mine[number.key] - np.mean(other[CLEAR.get(number.key, number.key)])) for number in NUMBERS
    }
    if not mine["truth"]:  # MOTA does not exist; TrackEval gives 0, or minus the false positives of several sequences
        del near["MOTA"]
    return [name for name, same in equal.items() if not same] + [name for name, off in near.items() if not off <= CLOSE]


def differing(evidence: Evidence, reference: dict[str, dict[str, np.ndarray]]) -> list[str]:
    found = [
        f"{key}: {name}"
        for i, key in enumerate(evidence.keys.tolist())
        for name in differences(ours(evidence, i), reference[key])
    ]
    return found + [f"all: {name}" for name in differences(ours(evidence, None), reference["COMBINED"])]


@pytest.mark.parametrize("protocol", KINDS)
def test_every_number_is_equal_in_generated_sequences(protocol, tmp_path):
    """5 protocols × 16 cases × 3 sequences, each alone and combined."""
    for number in range(CASES):
        sequences = case(number)
        write(tmp_path / str(number), sequences)
        evidence = match(*tables(sequences, protocol), rules=Rules(protocol))
        assert not differing(evidence, theirs(tmp_path / str(number), protocol)), number
