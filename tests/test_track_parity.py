"""Protocols of tracking against TrackEval 1.3.0 itself: integers exactly, everything else to 1e-12."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optotype.evidence import Evidence, Rows
from optotype.formats import read_track_results, read_tracks
from optotype.metrics.tracking import COUNTS, CURVES, NUMBERS, as_trackeval, curves
from optotype.tables import Tracks
from optotype.tasks.track.matching import match
from optotype.tasks.track.rules import Rules
from track_sets import KINDS, rows_of, tables, write

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    trackeval = pytest.importorskip("trackeval")

CASES, SEQUENCES = 16, 3
CLEAR = {"TP": "CLR_TP", "FN": "CLR_FN", "FP": "CLR_FP"}
CLOSE = 1e-12
QUIET = {"PRINT_CONFIG": False}
DATA = os.environ.get("OPTOTYPE_DATA", "")


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
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR(QUIET), trackeval.metrics.Identity(QUIET)]
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


@pytest.mark.parametrize("protocol", ["mot15", "mot16", "mot17", "mot20"])
def test_files_give_what_their_tables_give(protocol, tmp_path):
    write(tmp_path, case(1))
    truth = read_tracks(tmp_path / "gt", protocol=protocol).tracks
    said = read_track_results(tmp_path / "trackers/T/data", truth, protocol=protocol).tracks
    assert not differing(match(truth, said, rules=Rules(protocol)), theirs(tmp_path, protocol))


def test_classes_are_matched_within_the_class_and_added_up(tmp_path):
    """TrackEval on the rows of one class after the other, and its average over all detections."""
    for number in range(6):
        sequences = case(number)
        kinds = {name: (of[0][:, 1].astype(int) % 2, of[1][:, 1].astype(int) % 2) for name, of in sequences.items()}
        truth, said = tables(sequences, "plain")
        evidence = match(*(replace(of, classes=("a", "b"), label=(of.id % 2).astype(np.int32)) for of in (truth, said)))
        table, total = evidence["counts"], []
        for k in (0, 1):
            folder = tmp_path / f"{number}-{k}"
            write(folder, {
                name: (of[0][kinds[name][0] == k], of[1][kinds[name][1] == k], of[2]) for name, of in sequences.items()
            })  # fmt: skip
            reference = theirs(folder, "plain")
            rows = table["label"] == k
            alone = {name: values[rows] for name, values in table.columns.items()}
            one = Evidence("track", ("a",), evidence.keys, evidence.groups, {"counts": Rows(table.item[rows], alone)})
            assert not differing(one, reference), (number, k)
            total.append(reference["COMBINED"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metrics = (trackeval.metrics.HOTA(), trackeval.metrics.CLEAR(QUIET), trackeval.metrics.Identity(QUIET))
        both = {}
        for metric in metrics:
            both |= metric.combine_classes_det_averaged(dict(enumerate(total)))
        assert not differences(ours(evidence, None), both), number


def turned(truth: Tracks, said: Tracks, rules: Rules) -> Evidence:
    """Wrong on purpose: the boxes of a frame in the opposite order, which changes who wins a tie."""
    return match(truth, said.take(np.lexsort((-np.arange(len(said)), said.frame, said.item))), rules=rules)


def wide(truth: Tracks, said: Tracks, rules: Rules) -> Evidence:
    """Wrong on purpose: a pixel more on each side, as devkits of old counted."""
    more = np.array([0.0, 0, 1, 1])
    return match(replace(truth, box=truth.box + more), replace(said, box=said.box + more), rules=rules)


def undropped(truth: Tracks, said: Tracks, rules: Rules) -> Evidence:
    """Wrong on purpose: boxes on distractors are false positives."""
    del rules
    label = np.where(truth.label == 0, 0, truth.classes.index("car")).astype(np.int32)
    return match(replace(truth, label=label), said, rules=Rules("mot17"))


def all_count(truth: Tracks, said: Tracks, rules: Rules) -> Evidence:
    """Wrong on purpose: rows that are to be passed over are judged."""
    return match(replace(truth, counts=np.ones_like(truth.counts)), said, rules=rules)


@pytest.mark.parametrize("wrong", [turned, wide, undropped, all_count])
def test_the_cases_catch_a_wrong_rule(wrong, tmp_path):
    caught = 0
    for number in range(CASES):
        write(tmp_path / str(number), case(number))
        evidence = wrong(*tables(case(number), "mot17"), Rules("mot17"))
        caught += bool(differing(evidence, theirs(tmp_path / str(number), "mot17")))
    assert caught > 2


def linked(boxes: np.ndarray) -> np.ndarray:
    """Ids (n,) of detections (n, 7+): each box in turn takes the id of the free box before it that it overlaps most."""
    ids, after = np.zeros(len(boxes), int), 1
    before: dict[int, np.ndarray] = {}
    for frame in range(1, int(boxes[:, 0].max()) + 1):
        now: dict[int, np.ndarray] = {}
        for row in np.flatnonzero(boxes[:, 0] == frame):
            x, y, w, h = box = boxes[row, 2:6]
            names = list(before)
            if names:
                other = np.array([before[name] for name in names])
                wide = np.minimum(x + w, other[:, 0] + other[:, 2]) - np.maximum(x, other[:, 0])
                high = np.minimum(y + h, other[:, 1] + other[:, 3]) - np.maximum(y, other[:, 1])
                shared = np.maximum(wide, 0) * np.maximum(high, 0)
                iou = shared / (w * h + other[:, 2] * other[:, 3] - shared)
            best = int(np.argmax(iou)) if names else 0
            if names and iou[best] >= 0.4:
                ids[row] = names[best]
                del before[names[best]]
            else:
                ids[row], after = after, after + 1
            now[ids[row]] = box
        before = now
    return ids


@pytest.mark.skipif(not DATA, reason="OPTOTYPE_DATA is not set")
def test_real_sequences_from_files(tmp_path):
    """Seven real sequences with a greedy linker's tracks, with their distractors and rows to be passed over."""
    source = Path(DATA) / "mot17_half"
    folder = tmp_path / "trackers/T/data"
    folder.mkdir(parents=True)
    (tmp_path / "gt").symlink_to(source / "gt")
    names = sorted(path.name for path in (source / "gt").iterdir())
    (tmp_path / "seqmap.txt").write_text("name\n" + "".join(f"{name}\n" for name in names))
    for name in names:
        boxes = np.loadtxt(source / "det" / f"{name}.txt", delimiter=",")
        boxes = boxes[boxes[:, 6] >= 0.5]
        boxes[:, 1] = linked(boxes)
        np.savetxt(folder / f"{name}.txt", boxes, fmt="%.10g", delimiter=",")
    truth = read_tracks(source / "gt", protocol="mot17").tracks
    said = read_track_results(folder, truth, protocol="mot17").tracks
    evidence = match(truth, said, rules=Rules("mot17"))
    assert not evidence["predictions"]["kept"].all()
    assert not differing(evidence, theirs(tmp_path, "mot17"))
