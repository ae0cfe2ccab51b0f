"""The laws of evidence: whatever the shards and their order, the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype import evidence as evidences
from optotype.errors import InputError
from optotype.evidence import Evidence, Rows, merge
from optotype.tables import Items, Labels
from optotype.tasks.classify import match, measure

CLASSES = ("cat", "dog", "owl")
HOSTILE = ["<script>alert(1)</script>", "a'b\"c", "ä/ö.jpg", "猫.png", " ", "\u202etxt.jpg", "a\nb", "%s{}"]

keys = st.lists(st.one_of(st.text(min_size=1, max_size=6), st.sampled_from(HOSTILE)), min_size=1, max_size=24)
keys = keys.map(lambda found: list(dict.fromkeys(k.rstrip("\0") for k in found if k.rstrip("\0") and k.isprintable())))
keys = keys.filter(bool)


def generated(names: list[str], seed: int, *, scores: bool = True) -> Evidence:
    rng = np.random.default_rng(seed)
    n, K = len(names), len(CLASSES)
    p = rng.dirichlet(np.ones(K), n).round(2)
    p[:, 0] += 1 - p.sum(axis=1)
    p = np.clip(p, 0, 1)
    items = Items.of(names, group=[["", "g1", "g2"][i] for i in rng.integers(0, 3, n)])
    truth = Labels(items, CLASSES, rng.integers(0, K, n).astype(np.int32))
    said = Labels(items, CLASSES, p.argmax(axis=1).astype(np.int32), p if scores else None)
    return match(truth, said)


def several_rows(names: list[str], seed: int) -> Evidence:
    """Evidence with none to three rows an item, as detection has."""
    rng = np.random.default_rng(seed)
    ordered = np.array(sorted(names))
    item = np.repeat(np.arange(len(ordered)), rng.integers(0, 4, len(ordered))).astype(np.int32)
    boxes = Rows(item, {"score": rng.random(len(item)), "box": rng.random((len(item), 4))})
    return Evidence("detect", CLASSES, ordered, ordered, {"boxes": boxes})


def same(a: Evidence, b: Evidence) -> bool:
    assert (a.task, a.classes, a.tables.keys()) == (b.task, b.classes, b.tables.keys())
    pairs = [(a.keys, b.keys), (a.groups, b.groups)]
    for name in a.tables:
        pairs.append((a[name].item, b[name].item))
        assert a[name].columns.keys() == b[name].columns.keys()
        pairs += [(a[name][column], b[name][column]) for column in a[name].columns]
    return all(x.dtype.kind == y.dtype.kind and x.shape == y.shape and bool((x == y).all()) for x, y in pairs)


def shards(whole: Evidence, labels: np.ndarray) -> list[Evidence]:
    return [whole.take(labels == label) for label in np.unique(labels)]


@pytest.mark.parametrize("make", [generated, several_rows])
@given(names=keys, seed=st.integers(0, 99), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_sharding_in_any_order_gives_the_same_bits(make, names, seed, data):
    whole = make(names, seed)
    labels = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(names), max_size=len(names))))
    parts = data.draw(st.permutations(shards(whole, labels)))
    assert same(merge(parts), whole)


@pytest.mark.parametrize("make", [generated, several_rows])
@given(names=keys, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_merge_is_associative_commutative_and_empty_is_neutral(make, names, seed):
    whole = make(names, seed)
    parts = shards(whole, np.random.default_rng(seed).integers(0, 3, len(whole)))
    a, b, c = (parts + [Evidence.empty(whole.task, CLASSES)] * 3)[:3]
    assert same(merge([merge([a, b]), c]), merge([a, merge([b, c])]))
    assert same(merge([a, b]), merge([b, a]))
    empty = Evidence.empty(whole.task, CLASSES)
    assert same(merge([whole, empty]), whole)
    assert same(merge([empty, whole]), whole)
    assert len(merge([empty, empty])) == 0


@given(names=keys, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_take_everything_changes_nothing_and_take_composes(names, seed):
    whole = several_rows(names, seed)
    assert same(whole.take(np.ones(len(whole), bool)), whole)
    assert same(whole.take(np.arange(len(whole))[::-1]), whole)
    mask = np.random.default_rng(seed).random(len(whole)) < 0.6
    half = whole.take(mask)
    assert same(half, whole.take(np.flatnonzero(mask)))
    first = np.arange(len(half)) < len(half) // 2
    assert same(half.take(first), whole.take(np.flatnonzero(mask)[first]))


def test_numbers_of_shards_are_those_of_the_whole_bit_for_bit():
    whole = generated([f"photo {i:03d}.jpg" for i in range(300)], 3)
    for seed in range(5):
        parts = shards(whole, np.random.default_rng(seed).integers(0, 7, len(whole)))
        assert measure(merge(parts[::-1]), resamples=50) == measure(whole, resamples=50)


def test_the_order_of_truth_and_prediction_does_not_matter():
    rng = np.random.default_rng(0)
    items = Items.of([f"{i}.jpg" for i in range(50)])
    scores = rng.dirichlet(np.ones(3), 50)
    truth = Labels(items, CLASSES, rng.integers(0, 3, 50).astype(np.int32))
    said = Labels(items, CLASSES, scores.argmax(axis=1).astype(np.int32), scores)
    shuffled = said.take(rng.permutation(50))
    assert same(match(truth, said), match(truth.take(rng.permutation(50)), shuffled))
    assert measure(match(truth, said), said) == measure(match(truth, said), shuffled)


def test_the_same_item_in_two_shards_is_refused():
    part = generated(["a", "b"], 0)
    with pytest.raises(InputError, match="'a' in two"):
        merge([part, part.take(np.array([0]))])


def test_shards_of_different_class_lists_are_refused():
    with pytest.raises(InputError, match="same 3 classes"):
        merge([Evidence.empty("classify", CLASSES), Evidence.empty("classify", CLASSES[::-1])])


@given(names=keys, seed=st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_saved_evidence_comes_back(tmp_path_factory, names, seed):
    path = tmp_path_factory.mktemp("evidence") / "evidence.npz"
    for whole in (generated(names, seed, scores=bool(seed % 2)), several_rows(names, seed)):
        evidences.save(whole, path)
        first = path.read_bytes()
        assert same(evidences.load(path), whole)
        evidences.save(whole, path)
        assert path.read_bytes() == first


def test_a_damaged_file_is_an_input_error(tmp_path):
    path = tmp_path / "evidence.npz"
    with pytest.raises(InputError, match="no such file"):
        evidences.load(path)
    whole = generated([f"{i}" for i in range(40)], 1)
    evidences.save(whole, path)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        bad = bytearray(good)
        for at in rng.integers(0, len(bad), 3):
            bad[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(bad[: int(rng.integers(1, len(bad)))] if rng.random() < 0.3 else bad)
        try:
            evidences.load(path)
        except InputError:
            refused += 1
    assert refused > 100


def test_no_pickle_is_ever_read(tmp_path):
    path = tmp_path / "evidence.npz"
    np.savez(path, head=np.array([{"format": evidences.FORMAT}], object))
    with pytest.raises(InputError, match="damaged"):
        evidences.load(path)
