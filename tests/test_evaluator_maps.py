"""Measuring a segmentation from inside a program: the numbers of the tables, whatever the batches and shards."""

from __future__ import annotations

import pickle

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.results import Result
from optotype.studies.evaluator import Evaluator
from optotype.tables import VOID, Items, Masks
from optotype.tasks.segment import match, measure
from optotype.tasks.segment.rules import VOIDS, Rules

CLASSES = ["road", "sky", "car"]
COLOURS = np.zeros((3, 3), np.uint8)


def maps_of(seed: int, n: int = 7) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    truth = [np.repeat(rng.choice([0, 1, 2, VOID], (9, 4)), 3, axis=1) for _ in range(n)]
    said = [np.where(rng.random(t.shape) < 0.3, rng.choice([0, 1, 2, VOID], t.shape), t) for t in truth]
    return truth, said


def filled(truth: list, said: list, items=None, batch: int = 3, **options) -> Evaluator:
    evaluator = Evaluator("segment", CLASSES, **options)
    items = range(len(truth)) if items is None else items
    for at in range(0, len(items), batch):
        part = items[at : at + batch]
        evaluator.update([said[i] for i in part], [truth[i] for i in part], keys=[f"{i:03}" for i in part])
    return evaluator


def plain(result: Result) -> bytes:
    provenance = msgspec.structs.replace(result.provenance, created="")
    return msgspec.json.encode(msgspec.structs.replace(result, provenance=provenance))


@pytest.mark.parametrize("void", VOIDS)
def test_numbers_are_those_of_the_tables(void):
    truth, said = maps_of(0)
    items = Items.of([f"{i:03}" for i in range(len(truth))])
    tables = [Masks(items, tuple(CLASSES), [m.astype(np.uint8) for m in maps], COLOURS) for maps in (truth, said)]
    measured = measure(match(*tables, rules=Rules(void)), resamples=16, seed=3, rules=Rules(void))
    evaluator = filled(truth, said, void=void)
    result = evaluator.result(resamples=16, seed=3)
    for name in ("metrics", "per_class", "slices", "errors", "n", "warnings", "protocol"):
        assert getattr(result, name) == getattr(measured, name), name
    assert evaluator.headline() == {key: metric.value for key, metric in result.metrics.items()}


@given(seed=st.integers(0, 50), data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_sharding_and_order_of_arrival_gives_the_same_bits(seed, data):
    truth, said = maps_of(seed)
    items = data.draw(st.permutations(range(len(truth))))
    cut, batch = data.draw(st.integers(0, len(items))), data.draw(st.integers(1, 4))
    shards = [filled(truth, said, part, batch) for part in (items[:cut], items[cut:])]
    first, second = (pickle.loads(pickle.dumps(shard)) for shard in shards)
    merged = second.merge(first)
    assert len(merged) == len(truth)
    assert plain(merged.result(resamples=8)) == plain(filled(truth, said).result(resamples=8))


def test_scores_tensors_and_batches_are_read_alike():
    truth, said = (np.stack(side) % 255 % 3 for side in maps_of(1))
    scores = np.eye(3)[said].transpose(0, 3, 1, 2)
    expected = filled(list(truth), list(said)).headline()
    for predictions, targets in (
        (said, truth),
        (torch.from_numpy(said), torch.from_numpy(truth)),
        (torch.from_numpy(scores).to(torch.bfloat16), torch.from_numpy(truth)),
        (torch.from_numpy(scores).float().requires_grad_(), torch.from_numpy(truth).to(torch.uint8)),
        (list(scores), truth.tolist()),
    ):
        evaluator = Evaluator("segment", 3)
        evaluator.update(predictions, targets)
        assert evaluator.headline() == expected


def test_labels_with_gaps_void_and_foreign_ones():
    evaluator = Evaluator("segment", {7: "road", 23: "sky"}, ignore=-100)
    evaluator.update([[[7, 23, 4, -100, 7]]], [[[7, 7, 7, 7, -100]]])
    assert evaluator.headline()["pixel_accuracy"] == 0.25
    assert any("1 pixel" in text or "1 predicted" in text for text in evaluator.result(resamples=0).warnings)


def test_groups_and_keys_are_those_given():
    truth, said = maps_of(2, 4)
    evaluator = Evaluator("segment", CLASSES)
    evaluator.update(said, truth, keys=["a", "b", "c", "d"], groups=["x", "x", "y", "y"])
    assert evaluator.result(resamples=0).n.groups == 2
    with pytest.raises(InputError, match="'a' again"):
        evaluator.update(said[:1], truth[:1], keys=["a"])


@pytest.mark.parametrize(
    ("said", "truth", "match"),
    [
        ([[0, 1]], [[0, 9]], "target of image '0', x 1, y 0"),
        ([[0.5, 1]], [[0, 1]], "whole numbers"),
        ([[0, 1, 1]], [[0, 1]], "3 × 1"),
        (np.zeros((4, 1, 2)), [[0, 1]], "scores of 3 classes"),
        ([0, 1], [[0, 1]], r"height, width"),
        ([[0, 1], [1]], [[0, 1]], "rows of one length"),
    ],
)
def test_bad_maps_are_named_and_nothing_is_added(said, truth, match):
    evaluator = Evaluator("segment", CLASSES)
    with pytest.raises(InputError, match=match):
        evaluator.update([said], [truth])
    assert len(evaluator) == 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"classes": None}, "classes of a segmentation"),
        ({"classes": 300}, "classes of a segmentation"),
        ({"classes": 3, "ignore": 1}, "ignore"),
        ({"classes": {0: "sky", 1 << 40: "road"}}, "apart"),
        ({"classes": 3, "void": "dropped"}, "truth-dropped"),
        ({"classes": 3, "box_format": "xywh"}, "box_format"),
        ({"classes": 3, "max_dets": (1, 2, 3)}, "max_dets"),
    ],
)
def test_options_that_do_not_fit(options, match):
    with pytest.raises(InputError, match=match):
        Evaluator("segment", **options)


def test_the_other_tasks_names_are_refused():
    with pytest.raises(InputError, match="headline"):
        Evaluator("segment", 2).ap()
    with pytest.raises(InputError, match="ignore"):
        Evaluator(classes=2, ignore=3)
    with pytest.raises(InputError, match="'track'"):
        Evaluator("track", 2)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="same arguments"):
        Evaluator("segment", 2).merge(Evaluator("segment", 3))
    with pytest.raises(InputError, match="Call update first"):
        Evaluator("segment", 2).headline()
