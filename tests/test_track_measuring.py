"""The numbers of a tracker: what exists, what adds up, what is said, and what the bootstrap draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optotype.errors import InputError
from optotype.evidence import merge
from optotype.kernels.hota import pairwise_sum
from optotype.metrics.intervals import percentile, resample_weights, stretch
from optotype.metrics.tracking import COUNTS, NUMBERS, SUMS, numbers
from optotype.tables import Items, Tracks
from optotype.tasks.track.intervals import CARRYING, of_trackers
from optotype.tasks.track.judging import match
from optotype.tasks.track.matching import match as matched
from optotype.tasks.track.measuring import measure, resample
from optotype.tasks.track.rules import Rules
from track_sets import rows_of, tables

KEYS = [kind.key for kind in NUMBERS]


def sides(n: int, protocol: str = "mot17", first: int = 0) -> tuple[Tracks, Tracks]:
    return tables({f"S-{i:02}": rows_of(first + i) for i in range(n)}, protocol)


def tiny(truth: list[tuple[int, int, float]], said: list[tuple[int, int, float]], length: int = 10):
    """One sequence of boxes 10 × 20 by frame, id and left edge."""

    def side(rows: list[tuple[int, int, float]], *, scored: bool) -> Tracks:
        n = len(rows)
        table = np.array(sorted(rows), np.float64).reshape(n, 3)
        box = np.column_stack([table[:, 2], np.zeros(n), np.full(n, 10.0), np.full(n, 20.0)])
        return Tracks(
            Items.of(["a"]), ("pedestrian",), np.array([length], np.int32), np.array([np.nan]), np.zeros(n, np.int32),
            table[:, 0].astype(np.int32), table[:, 1].astype(np.int64), np.zeros(n, np.int32), box, np.ones(n, bool),
            np.full(n, np.nan), np.arange(n), np.ones(n) if scored else None,
        )  # fmt: skip

    return side(truth, scored=False), side(said, scored=True)


def test_a_perfect_tracker_has_everything():
    rows = [(f, g, 40.0 * g) for f in range(1, 11) for g in (1, 2)]
    found = measure(match(*tiny(rows, rows)), resamples=0).metrics
    assert list(found) == KEYS
    assert all(found[key].value == pytest.approx(1.0, abs=1e-12) for key in CARRYING)
    assert [found[key].value for key in ("MT", "PT", "ML", "IDSW", "Frag", "FP", "FN")] == [2, 0, 0, 0, 0, 0, 0]


def test_by_hand():
    """Ten frames of one object: missed in 4, another identity from 6 on, one false alarm."""
    truth = [(f, 1, 0.0) for f in range(1, 11)]
    said = [(f, 7 if f < 6 else 8, 0.0) for f in range(1, 11) if f != 4] + [(2, 9, 500.0)]
    evidence = match(*tiny(truth, said))
    found = measure(evidence, resamples=0).metrics
    assert {key: found[key].value for key in ("IDSW", "Frag", "FP", "FN", "MT", "PT")} == {
        "IDSW": 1, "Frag": 0, "FP": 1, "FN": 1, "MT": 1, "PT": 0,
    }  # fmt: skip
    assert found["MOTA"].value == pytest.approx((9 - 1 - 1) / 10)
    assert found["IDF1"].value == pytest.approx(5 / (5 + 0.5 * 5 + 0.5 * 5))
    # Four boxes of identity 7 (A(c) = 4 / 10), five of identity 8 (5 / 10).
    association = (4 * 4 / 10 + 5 * 5 / 10) / 9
    assert found["HOTA"].value == pytest.approx(math.sqrt(9 / 11 * association))
    rows = evidence["truth"]
    assert rows["match"].tolist() == [0, 1, 3, -1, 4, 5, 6, 7, 8, 9]
    assert np.isnan(rows["association"]).tolist() == [f == 4 for f in range(1, 11)]
    assert rows["association"][[0, 9]] == pytest.approx([0.4, 0.5])
    said_rows = evidence["predictions"]
    assert said_rows["match"].tolist() == [0, 1, -1, 2, 4, 5, 6, 7, 8, 9]


def test_matches_point_at_each_other_and_only_at_rows_that_count():
    for protocol in ("plain", "mot15", "mot17", "mot20"):
        evidence = matched(*sides(8, protocol), rules=Rules(protocol))
        truth, said = evidence["truth"], evidence["predictions"]
        starts = truth.starts(len(evidence)), said.starts(len(evidence))
        hit = truth["match"] >= 0
        partner = starts[1][truth.item[hit]] + truth["match"][hit]
        assert (starts[0][said.item[partner]] + said["match"][partner] == np.flatnonzero(hit)).all()
        assert truth["kept"][hit].all()
        assert said["kept"][partner].all()
        assert (truth["frame"][hit] == said["frame"][partner]).all()
        assert hit.sum() == evidence["counts"]["TP"].sum() == (said["match"] >= 0).sum()
        assert evidence["counts"]["truth"].sum() == truth["kept"].sum()
        assert np.isfinite(truth["association"]).sum() == evidence["counts"]["HOTA_TP"][:, 9].sum()


def test_sharding_order_and_threads_change_nothing():
    truth, said = sides(9)
    whole = matched(truth, said, rules=Rules("mot17"), threads=2)
    parts = [matched(*sides(3, first=i), rules=Rules("mot17"), threads=1) for i in (0, 3, 6)]
    names = [f"S-{i:02}" for i in range(9)]
    renamed = [replace(part, keys=np.array(names[3 * i : 3 * i + 3]), groups=np.array(names[3 * i : 3 * i + 3]))
               for i, part in enumerate(parts)]  # fmt: skip
    both = merge(renamed[::-1])
    backwards = matched(*(turned(side) for side in (truth, said)), rules=Rules("mot17"), threads=1)
    for name in ("truth", "predictions", "counts"):
        for column, values in whole[name].columns.items():
            assert np.array_equal(values, backwards[name][column], equal_nan=True), column
            if column != "row":
                assert np.array_equal(values, both[name][column], equal_nan=True), column
    assert backwards["sequences"]["place"].tolist() == list(range(9))[::-1]


def turned(tracks: Tracks) -> Tracks:
    """The same with the sequences in the opposite order."""
    n = len(tracks.items)
    order = np.argsort(n - 1 - tracks.item, kind="stable")
    moved = {
        name: getattr(tracks, name)[order] for name in ("frame", "id", "label", "box", "counts", "visibility", "row")
    }
    score = None if tracks.score is None else tracks.score[order]
    return replace(tracks, items=tracks.items.take(np.arange(n)[::-1]), length=tracks.length[::-1], score=score,
                   rate=tracks.rate[::-1], item=(n - 1 - tracks.item[order]).astype(np.int32), **moved)  # fmt: skip


def test_a_resample_is_the_numbers_of_the_drawn_scenes():
    """The slow twin: sum the addends of the scenes as often as each was drawn."""
    evidence = matched(*sides(24), rules=Rules("mot17"))
    samples = resample(evidence, resamples=70, seed=3, threads=1)
    rows = evidence["counts"]
    for r, weights in enumerate(resample_weights(24, 3, range(70))):
        sums = {name: np.tensordot(weights, rows[name], 1) for name in (*COUNTS, *SUMS)}
        for key, value in numbers(sums).items():
            assert samples.resampled[key][r] == pytest.approx(float(value), abs=1e-12), key
            assert samples.class_resampled[key][r, 0] == samples.resampled[key][r]
    assert all(np.array_equal(samples.resampled[key], resample(evidence, resamples=70, seed=3).resampled[key])
               for key in KEYS)  # fmt: skip
    alone = measure(match(*sides(24), rules=Rules("mot17")), resamples=0, rules=Rules("mot17")).slices["sequence"]
    for i, part in enumerate(alone):
        for key in KEYS:
            value = samples.per_scene[key][i]
            assert part.metrics[key].value == (None if math.isnan(value) else pytest.approx(value, abs=1e-12))


def test_intervals_need_20_scenes_and_counts_have_none():
    found = measure(match(*sides(24), rules=Rules("mot17")), resamples=200, rules=Rules("mot17"))
    assert found.n.groups == 24
    assert found.protocol["intervals"]["unit"] == "sequence"
    for key in KEYS:
        metric = found.metrics[key]
        if key in CARRYING:
            assert metric.low < metric.value < metric.high
        else:
            assert metric.low is None
            assert metric.unit == "count"
    few = measure(match(*sides(6)), resamples=200)
    assert few.metrics["HOTA"].low is None
    assert any(warning.startswith("No intervals: 6 independent scenes") for warning in few.warnings)
    assert not any("No intervals" in w for w in measure(match(*sides(6)), resamples=0).warnings)


def test_copies_of_a_scene_are_one_group():
    truth, said = sides(24)
    group = np.array([f"scene {i // 2}" for i in range(24)])
    grouped = [replace(side, items=replace(side.items, group=group)) for side in (truth, said)]
    samples = resample(matched(*grouped, rules=Rules("mot17")), resamples=0)
    assert samples.groups == 12
    assert not samples.independent
    assert len(samples.per_scene["HOTA"]) == 12


def test_intervals_are_wider_than_percentiles_when_scenes_are_few():
    samples = np.random.default_rng(0).normal(0.1, 0.02, 4000)
    low, high = of_trackers(samples, 0.1, 20)
    plain = percentile(samples)
    assert (high - low) / (plain[1] - plain[0]) == pytest.approx(stretch(20), rel=0.05)


def test_what_does_not_exist_is_none_and_why_is_said():
    row = [(1, 1, 0.0)]
    nothing_said = measure(match(*tiny(row, [])), resamples=0)
    assert [nothing_said.metrics[key].value for key in ("HOTA", "MOTA", "IDF1", "FN")] == [0, 0, 0, 1]
    assert nothing_said.metrics["MOTP"].value is None
    assert nothing_said.metrics["LocA"].value is None
    assert any("no tracks" in warning for warning in nothing_said.warnings)
    no_truth = measure(match(*tiny([], row)), resamples=0)
    assert no_truth.metrics["MOTA"].value is None
    assert no_truth.metrics["FP"].value == 1
    assert any("No value of" in warning for warning in no_truth.warnings)
    apart = measure(match(*tiny(row, [(1, 1, 900.0)])), resamples=0)
    assert apart.metrics["HOTA"].value == 0
    assert any("nothing is matched" in warning for warning in apart.warnings)
    loose = measure(match(*tiny(row, [(1, 1, 4.0)])), resamples=0)
    assert any(warning.startswith("From α 0.45 on nothing is matched") for warning in loose.warnings)


def test_rows_that_are_passed_over_are_counted_aloud():
    found = measure(match(*sides(12), rules=Rules("mot17")), resamples=0, rules=Rules("mot17"))
    evidence = matched(*sides(12), rules=Rules("mot17"))
    dropped = int((~evidence["predictions"]["kept"]).sum())
    assert dropped > 0
    assert any(w.startswith(f"{dropped} box") and "distractors" in w for w in found.warnings)
    assert any("passed over" in w for w in found.warnings)
    assert found.protocol["name"] == "mot17"
    assert "static person" in found.protocol["distractors"]


def test_classes_that_one_side_lacks_are_named():
    truth, said = sides(6, "plain")
    three = [replace(side, classes=("a", "b", "c"), label=np.full(len(side), k, np.int32))
             for k, side in enumerate((truth, said))]  # fmt: skip
    found = measure(match(*three), resamples=0)
    assert [row.n > 0 for row in found.per_class] == [True, False, False]
    said_of = " ".join(found.warnings)
    assert "(a) never tracked" in said_of
    assert "(b) tracked but not" in said_of
    assert "(c) in neither" in said_of
    assert found.metrics["HOTA"].value == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t, s: (t, replace(s, id=np.zeros_like(s.id))), "every id once in a frame"),
        (lambda t, s: (t, replace(s, id=s.id - s.id.max() - 1 + (s.id > 0) * 0)), "an id of 0 or more"),
        (lambda t, s: (t, replace(s, classes=("cat",))), "the truth's 1 classes"),
        (lambda t, s: (t, replace(s, items=Items.of(["b"]))), "the truth's 1 sequences"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, expected):
    truth, said = tiny([(1, 1, 0.0)], [(1, 0, 0.0), (1, 1, 50.0)])
    if "0 or more" in expected:
        said = replace(said, id=np.array([-1, 1]))
        change = lambda t, s: (t, s)  # noqa: E731
    with pytest.raises(InputError, match=expected):
        match(*change(truth, said))


def test_mot_protocols_need_pedestrians_and_only_those_of_a_tracker():
    truth, said = sides(3)
    with pytest.raises(InputError, match="pedestrian"):
        match(replace(truth, classes=tuple("abcdefghijklm")), replace(said, classes=tuple("abcdefghijklm")),
              rules=Rules("mot17"))  # fmt: skip
    with pytest.raises(InputError, match="only pedestrian"):
        match(truth, replace(said, label=np.full(len(said), 2, np.int32)), rules=Rules("mot17"))


def test_sums_are_numpys_to_the_last_bit():
    rng = np.random.default_rng(0)
    for n in (*range(300), 1000, 1337, 4096, 5001):
        values = rng.random(n)
        assert pairwise_sum(values, n) == values.sum()
