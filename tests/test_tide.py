"""TIDE in all variants against a slow twin, its laws, and its resamples against images that really are repeated."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import combinations

import numpy as np
import pytest

from box_sets import box_set
from naive_tide import naive
from optotype.evidence import Evidence, merge
from optotype.kernels.sweep import LANES
from optotype.kernels.tide import ABSENT, BKG, CLS, DUPE, FOUND, IGNORED, LOC, MISSED, POINTED_AT, REGION, TP
from optotype.metrics import tide
from optotype.metrics.average_precision import FIRST, Rules
from optotype.metrics.intervals import group_index
from optotype.metrics.tide import KEYS, NOTED, VARIANTS
from optotype.tables import Boxes, Items
from optotype.tasks.detect.erring import err
from optotype.tasks.detect.matching import match

COLUMNS = {variant: v for v, variant in enumerate(VARIANTS)}


@cache
def judged(seed: int, grid: bool = True) -> Evidence:
    return err(match(*box_set(seed, grid=grid)))


def same(a, b) -> bool:
    return np.array_equal(np.array(a, float), np.array(b, float), equal_nan=True)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.key)
def test_every_variant_is_its_slow_twin(variant):
    for seed in range(30):
        result = tide.values(tide.lay_out(judged(seed), variant))
        values, counts = naive(*box_set(seed), variant)
        assert same(result.headline, values), seed
        assert (result.tally.errors + result.tally.ignored).sum(axis=0).tolist() == counts


def test_variants_are_distinct():
    assert len({variant.key for variant in VARIANTS}) == len(VARIANTS) == 14
    assert [VARIANTS[v].key for v in NOTED] == ["tide", "tide-coco"]
    numbers = {v.key: np.concatenate([tide.values(tide.lay_out(judged(s), v)).headline for s in range(20)])
               for v in VARIANTS}  # fmt: skip
    assert not any(same(a, b) for a, b in combinations(numbers.values(), 2))


@pytest.mark.parametrize("seed", range(12))
def test_matches_of_tide_coco_are_those_of_coco(seed):
    evidence = judged(seed)
    found, truth = evidence["detections"], evidence["truth"]
    for area in range(4):
        v = COLUMNS[tide.Variant("tide-coco", "coco-range" if area else "whole", area)]
        code = found["tide"][:, v]
        hit, out = (found[name][:, area] >> FIRST & 1 for name in ("hit", "out"))
        looked = found["rank"] < 100
        assert ((code == TP) == (hit == 1)).all()
        assert ((code >= IGNORED) == ((out == 1) & looked)).all()
    whole = found["tide"][:, NOTED[1]] == TP
    assert (found["tide_partner"][whole, 1] == found["partner"][whole]).all()
    assert (truth["tide"][:, NOTED[1]] == FOUND).sum() == whole.sum()


@pytest.mark.parametrize("seed", range(12))
def test_partners_and_winners_point_at_each_other(seed):
    evidence = judged(seed)
    found, truth = evidence["detections"], evidence["truth"]
    first, first_truth = (np.searchsorted(t.item, np.arange(len(evidence))) for t in (found, truth))
    for p, v in enumerate(NOTED):
        kind, partner = found["tide"][:, v] & 7, found["tide_partner"][:, p]
        assert ((partner >= 0) == np.isin(kind, [TP, CLS, LOC, DUPE])).all()
        about = first_truth[found.item] + partner
        rows = np.flatnonzero(partner >= 0)
        alike = found["label"][rows] == truth["label"][about[rows]]
        assert (alike == (kind[rows] != CLS)).all()
        assert (truth["tide"][about[rows[np.isin(kind[rows], [TP, DUPE])]], v] == FOUND).all()
        winner, status = truth["tide_winner"][:, v], truth["tide"][:, v]
        assert ((winner >= 0) == (status == POINTED_AT)).all()
        for row in np.flatnonzero(winner >= 0):
            rivals = np.flatnonzero((about == row) & np.isin(kind, [CLS, LOC]) & (partner >= 0))
            best = rivals[np.argmax(found["score"][rivals])]
            assert first[truth.item[row]] + winner[row] == best
        assert (status[truth["crowd"]] == REGION).all()


def test_evidence_of_shards_gives_the_same_numbers():
    for seed in range(8):
        whole = judged(seed)
        parts = [whole.take(np.arange(len(whole)) % 2 == r) for r in (1, 0)]
        joined = merge([part for part in parts if len(part)])
        for variant in VARIANTS:
            a, b = (tide.values(tide.lay_out(e, variant)) for e in (whole, joined))
            assert same(a.headline, b.headline)
            assert same(a.per_class, b.per_class)


def test_threads_and_shards_do_not_matter_to_what_errors_are():
    truth, found = box_set(3)
    one, two = (err(match(truth, found), threads=threads) for threads in (1, 2))
    columns = (("truth", "tide"), ("truth", "tide_winner"), ("detections", "tide"), ("detections", "tide_partner"))
    for table, name in columns:
        assert (one[table][name] == two[table][name]).all()
    shards = []
    for r in (0, 1):
        items = truth.items.take(np.arange(len(truth.items)) % 2 == r)
        shards.append(err(match(*(_on(items, boxes, boxes.item % 2 == r) for boxes in (truth, found)))))
    joined = merge(shards)
    for table, name in columns:
        assert (joined[table][name] == one[table][name]).all()


def _on(items: Items, boxes: Boxes, inside: np.ndarray) -> Boxes:
    kept = boxes.take(inside)
    return Boxes(items, kept.classes, (kept.item // 2).astype(np.int32), kept.label, kept.box, kept.area, kept.crowd,
                 kept.id, kept.score)  # fmt: skip


def test_numbers_of_a_class_and_counts():
    """One class each: a right box; a misplaced one; a misnamed one that belongs to a third; a class never found."""
    items = Items.of(["1"])
    square = np.array([[0, 0, 10, 10], [40, 0, 10, 10], [80, 0, 10, 10], [120, 0, 10, 10.0]])
    found = np.array([[0, 0, 10, 10], [46, 0, 10, 10], [80, 0, 10, 10], [160, 0, 10, 10.0]])

    def table(box, label, score=None):
        n = len(box)
        return Boxes(items, tuple("abcdef"), np.zeros(n, np.int32), np.array(label, np.int32), box,
                     box[:, 2] * box[:, 3], np.zeros(n, bool), np.arange(1, n + 1), score)  # fmt: skip

    evidence = err(match(table(square, [0, 1, 2, 3]), table(found, [0, 1, 4, 4], np.array([0.9, 0.8, 0.7, 0.6]))))
    result = tide.values(tide.lay_out(evidence, VARIANTS[0]))
    assert evidence["detections"]["tide"][:, 0].tolist() == [TP, LOC, CLS, BKG]
    assert evidence["truth"]["tide"][:, 0].tolist() == [FOUND, POINTED_AT, POINTED_AT, MISSED]
    assert evidence["truth"]["tide_winner"][:, 0].tolist() == [-1, 1, 2, -1]
    of = dict(zip(KEYS, result.per_class.T.tolist(), strict=True))
    assert np.array(of["AP50"])[:5].tolist() == [100, 0, 0, 0, 0]
    assert np.isnan(of["AP50"][5])
    assert of["Loc"][:5] == [0, 100, 0, 0, 0]
    assert of["Cls"][:5] == [0, 0, 100, 0, 0]
    assert result.headline[KEYS.index("AP50")] == 20
    assert result.headline[KEYS.index("Miss")] == 5  # the fourth class leaves the mean
    coco = tide.values(tide.lay_out(evidence, VARIANTS[NOTED[1]]))
    assert coco.headline[0] == pytest.approx(25)
    assert np.isnan(coco.per_class[4]).all()
    assert result.tally.errors.tolist()[4] == [1, 0, 0, 0, 1, 0]
    assert result.tally.objects.tolist() == [1, 1, 1, 1, 0, 0]


def test_counts_of_a_filter_partition_the_boxes():
    for seed in range(10):
        truth, found = box_set(seed)
        tallies = [tide.lay_out(judged(seed), tide.Variant("tide-coco", "size-filter", s)).tally for s in (1, 2, 3)]
        assert sum(int((t.objects + t.regions).sum()) for t in tallies) == len(truth)
        assert sum(int(t.detections.sum()) for t in tallies) == len(found)
        filters = [COLUMNS[tide.Variant("tide", "size-filter", s)] for s in (1, 2, 3)]
        assert ((judged(seed)["truth"]["tide"][:, filters] != ABSENT).sum(axis=1) == 1).all()


def test_strict_keeps_object_0_unfound():
    truth, found = box_set(5)
    truth.id[:] = np.arange(len(truth))
    row = next(r for r in range(len(truth)) if judged(5)["truth"]["tide"][r, NOTED[1]] == FOUND)
    truth.id[[0, row]] = truth.id[[row, 0]]
    rules = Rules(strict=True)
    evidence = err(match(truth, found, rules=rules), rules=rules)
    where = np.flatnonzero(evidence["truth"]["id"] == 0)
    v = NOTED[1]
    hit = evidence["detections"]["hit"][:, 0] >> FIRST & 1
    assert evidence["truth"]["tide"][where, v].tolist() == [MISSED]
    assert ((evidence["detections"]["tide"][:, v] == TP) == (hit == 1)).all()


@pytest.mark.parametrize(
    ("objects", "detections", "expected"),
    [(False, False, (np.nan, np.nan)), (False, True, (0, np.nan)), (True, False, (0, 0))],
)
def test_nothing_gives_no_number(objects, detections, expected):
    sides = box_set(1)
    truth, found = (b.take(np.full(len(b), there)) for b, there in zip(sides, (objects, detections), strict=True))
    evidence = err(match(truth, found))
    for variant in VARIANTS:
        layout = tide.lay_out(evidence, variant)
        result, resampled = tide.values(layout), tide.lanes(layout, np.ones((len(evidence), LANES)))
        assert same(result.headline, resampled[:, 0])
        if variant.size == 0:
            assert same(result.headline[0], expected[variant.coco])


def percent(monkeypatch):
    """Recalls of ``tide-coco`` at i / 100, as resamples have them: COCO's differ in the last bit at ten points."""
    gains = import_module("optotype.metrics.tide.gains")
    monkeypatch.setattr(gains, "GRID", np.arange(101) / 100)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.key)
def test_lanes_of_ones_are_the_values(variant, monkeypatch):
    percent(monkeypatch)
    for seed in range(25):
        layout = tide.lay_out(judged(seed), variant)
        _, groups = group_index(judged(seed).groups)
        np.testing.assert_allclose(
            tide.lanes(layout, np.ones((groups, LANES))), np.tile(tide.values(layout).headline[:, None], LANES),
            atol=1e-11,
        )  # fmt: skip


def repeated(boxes: Boxes, times: np.ndarray, items: Items) -> Boxes:
    """Each image as often as ``times`` says, its copies next to each other."""
    copies = np.repeat(np.arange(len(times)), times)
    rows = [np.flatnonzero(boxes.item == i) for i in copies]
    row, item = np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(r) for r in rows]).astype(np.int32)
    score = None if boxes.score is None else boxes.score[row]
    number = np.arange(1, len(row) + 1)
    return Boxes(items, boxes.classes, item, boxes.label[row], boxes.box[row], boxes.area[row], boxes.crowd[row],
                 number, score)  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_lanes_are_images_that_really_are_repeated(seed, monkeypatch):
    percent(monkeypatch)
    truth, found = box_set(seed, grid=False)
    evidence = judged(seed, grid=False)
    rng = np.random.default_rng(seed)
    n = len(truth.items)
    draws = rng.multinomial(n, np.full(n, 1 / n), LANES)
    by_key = evidence["images"]["place"]  # the image of each key
    weights = draws[:, by_key].T.astype(float)
    resampled = {variant: tide.lanes(tide.lay_out(evidence, variant), weights) for variant in VARIANTS}
    for lane in range(0, LANES, 5):
        times = draws[lane]
        items = Items.of([f"{1000 + i}" for i in range(times.sum())])
        real = err(match(repeated(truth, times, items), repeated(found, times, items)))
        for variant, lanes in resampled.items():
            want = tide.values(tide.lay_out(real, variant)).headline
            np.testing.assert_allclose(lanes[:, lane], want, atol=1e-10, err_msg=variant.key)
