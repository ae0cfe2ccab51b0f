"""The trackers on real detections, judged by TrackEval: the numbers that their authors' code gets."""

from __future__ import annotations

import configparser
import contextlib
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optotype.association import ByteTrack, IoU, OCSort, Settings, Sort, interpolate, track
from optotype.tables import Items, Tracks

DATA = Path(os.environ.get("OPTOTYPE_DATA", "/nonexistent"))
HALF, CAMPUS = DATA / "mot17_half", DATA / "tud_campus"
trackeval = pytest.importorskip("trackeval", reason="TrackEval judges here")


def detections_of(files: dict[str, Path], lengths: dict[str, int], rates: dict[str, float]) -> Tracks:
    """Detections of MOTChallenge's files, read plainly."""
    tables = [np.loadtxt(file, delimiter=",", ndmin=2) for file in files.values()]
    order = [np.argsort(t[:, 0], kind="stable") for t in tables]
    rows = np.concatenate([t[o] for t, o in zip(tables, order, strict=True)])
    n = len(rows)
    return Tracks(
        Items.of(list(files)), ("pedestrian",), np.array([lengths[k] for k in files], np.int32),
        np.array([rates[k] for k in files]),
        np.repeat(np.arange(len(files)), [len(t) for t in tables]).astype(np.int32),
        rows[:, 0].astype(np.int32), np.full(n, -1), np.zeros(n, np.int32), np.ascontiguousarray(rows[:, 2:6]),
        np.ones(n, bool), np.full(n, np.nan), np.concatenate(order), rows[:, 6].copy(),
    )  # fmt: skip


def judged(tracks: Tracks, truth: Path, folder: Path, benchmark: str, preprocess: bool) -> dict[str, float]:
    """TrackEval's combined numbers, in per cent."""
    files = folder / "trackers" / "ours" / "data"
    files.mkdir(parents=True)
    assert tracks.score is not None
    for s, key in enumerate(tracks.items.key.tolist()):
        m = tracks.item == s
        columns = (tracks.frame[m], tracks.id[m], *tracks.box[m].T, tracks.score[m])
        rows = zip(*(c.tolist() for c in columns), strict=True)
        (files / f"{key}.txt").write_text("".join(",".join(map(repr, row)) + ",-1,-1,-1\n" for row in rows))
    with contextlib.redirect_stdout(io.StringIO()):
        quiet = {"PRINT_CONFIG": False}
        evaluator = trackeval.Evaluator(quiet | dict.fromkeys(
            ("PRINT_RESULTS", "OUTPUT_SUMMARY", "OUTPUT_DETAILED", "PLOT_CURVES", "TIME_PROGRESS"), False))  # fmt: skip
        data = trackeval.datasets.MotChallenge2DBox(quiet | {
            "GT_FOLDER": str(truth), "TRACKERS_FOLDER": str(folder / "trackers"), "TRACKERS_TO_EVAL": ["ours"],
            "BENCHMARK": benchmark, "DO_PREPROC": preprocess, "SKIP_SPLIT_FOL": True,
            "SEQ_INFO": dict.fromkeys(tracks.items.key.tolist())})  # fmt: skip
        metrics = [trackeval.metrics.HOTA(), trackeval.metrics.CLEAR(quiet), trackeval.metrics.Identity(quiet)]
        found = evaluator.evaluate([data], metrics)[0]["MotChallenge2DBox"]["ours"]["COMBINED_SEQ"]["pedestrian"]
    clear = found["CLEAR"]
    return {
        "HOTA": 100 * found["HOTA"]["HOTA"].mean(), "MOTA": 100 * clear["MOTA"],
        "IDF1": 100 * found["Identity"]["IDF1"], "IDSW": clear["IDSW"], "FP": clear["CLR_FP"], "FN": clear["CLR_FN"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def half() -> Tracks:
    if not HALF.is_dir():
        pytest.skip("OPTOTYPE_DATA with mot17_half is not set")
    lengths, rates = {}, {}
    for file in sorted((HALF / "gt").glob("*/seqinfo.ini")):
        info = configparser.ConfigParser()
        info.read(file)
        lengths[file.parent.name] = info.getint("Sequence", "seqLength")
        rates[file.parent.name] = info.getfloat("Sequence", "frameRate")
    return detections_of({k: HALF / "det" / f"{k}.txt" for k in lengths}, lengths, rates)


AUTHORS = ByteTrack.reference()
CASES: dict[str, tuple[Settings, bool, bool, dict[str, float]]] = {
    "bytetrack": (AUTHORS, True, False, {"HOTA": 67.8027, "MOTA": 77.7899, "IDF1": 79.8931, "IDSW": 170}),
    "bytetrack, gaps filled": (AUTHORS, True, True, {"HOTA": 68.92, "MOTA": 79.64, "IDF1": 80.83}),
    "bytetrack, buffer 30": (
        replace(AUTHORS, evaluator=False), True, False,
        {"HOTA": 67.7957, "MOTA": 77.8215, "IDF1": 79.9102, "IDSW": 167}),
    "ocsort": (OCSort.reference(), True, False, {"HOTA": 66.45, "MOTA": 74.63, "IDF1": 77.86}),
}  # fmt: skip
"""Settings, reference mode, gaps filled, and the numbers: those of design notes, from the authors' code."""


@pytest.mark.parametrize("name", CASES)
def test_reference_mode_gets_the_authors_numbers(half: Tracks, name: str, tmp_path: Path) -> None:
    settings, reference, filled, expected = CASES[name]
    tracks = track(half, settings, reference=reference)
    found = judged(interpolate(tracks) if filled else tracks, HALF / "gt", tmp_path, "MOT17", True)
    for key, value in expected.items():
        digits = len(str(value).partition(".")[2])
        assert round(found[key], digits) == value, (key, found[key])


def test_clean_bytetrack_is_as_good_and_better_than_overlap_alone(half: Tracks, tmp_path: Path) -> None:
    clean = judged(track(half, ByteTrack()), HALF / "gt", tmp_path / "byte", "MOT17", True)
    plain = judged(track(half, IoU(low=0.6)), HALF / "gt", tmp_path / "iou", "MOT17", True)
    assert clean["HOTA"] > 67.4
    assert clean["HOTA"] > plain["HOTA"] + 3
    assert plain["IDSW"] > 3 * clean["IDSW"]


def test_sort_gets_the_numbers_of_its_authors_on_tud_campus(tmp_path: Path) -> None:
    if not CAMPUS.is_dir():
        pytest.skip("OPTOTYPE_DATA with tud_campus is not set")
    name = "TUD-Campus"
    truth = tmp_path / "truth" / name
    (truth / "gt").mkdir(parents=True)
    lines = (CAMPUS / name / "gt" / "gt.txt").read_text().split()
    (truth / "gt" / "gt.txt").write_text("".join(f"{line},-1,-1,-1\n" for line in lines))
    (truth / "seqinfo.ini").write_text(f"[Sequence]\nname={name}\nseqLength=71\n")
    detections = detections_of({name: CAMPUS / name / "det" / "det.txt"}, {name: 71}, {name: 25.0})
    found: dict[str, Any] = judged(track(detections, Sort()), truth.parent, tmp_path, "MOT15", False)
    assert {k: round(v, 2) for k, v in found.items()} == {
        "HOTA": 34.95, "MOTA": 52.37, "IDF1": 50.34, "IDSW": 13, "FP": 12, "FN": 146,
    }  # fmt: skip
