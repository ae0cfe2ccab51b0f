"""Measuring from inside a program: the numbers of the tables, whatever the batches, shards and order of arrival."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from box_sets import box_set
from optotype.errors import InputError
from optotype.metrics import average_precision as ap
from optotype.metrics.average_precision import COCO, Rules
from optotype.results import Result
from optotype.studies.evaluator import Evaluator
from optotype.tables import Boxes
from optotype.tasks.detect.judging import match
from optotype.tasks.detect.measuring import measure

CLASSES = [f"class {k}" for k in range(4)]


def entries(boxes: Boxes, item: int) -> dict:
    """The boxes of one image as a dict with corners; they are whole numbers, so that nothing is rounded."""
    rows = boxes.item == item
    corners = np.column_stack([boxes.box[rows, :2], boxes.box[rows, :2] + boxes.box[rows, 2:]])
    entry = {"boxes": corners, "labels": boxes.label[rows], "image_id": int(boxes.items.key[item])}
    if boxes.score is None:
        return entry | {"area": boxes.area[rows], "iscrowd": boxes.crowd[rows]}
    return entry | {"scores": boxes.score[rows]}


def filled(truth: Boxes, said: Boxes, items=None, batch: int = 2, **options) -> Evaluator:
    evaluator = Evaluator(classes=CLASSES, **options)
    items = range(len(truth.items)) if items is None else items
    for at in range(0, len(items), batch):
        part = items[at : at + batch]
        evaluator.update([entries(said, i) for i in part], [entries(truth, i) for i in part])
    return evaluator


def in_key_order(boxes: Boxes) -> Boxes:
    """The same table with its images by the value of their keys: TIDE breaks ties by the order of the file."""
    order = np.argsort(boxes.items.key.astype(int))
    place = np.argsort(order).astype(np.int32)
    rows = np.argsort(place[boxes.item], kind="stable")
    columns = {name: getattr(boxes, name)[rows] for name in ("label", "box", "area", "crowd", "id")}
    score = None if boxes.score is None else boxes.score[rows]
    return Boxes(boxes.items.take(order), boxes.classes, place[boxes.item][rows], **columns, score=score)


def plain(result: Result) -> bytes:
    """All of a result but the time at which it was made."""
    return msgspec.json.encode(msgspec.structs.replace(result, provenance=replace_time(result)))


def replace_time(result: Result):
    return msgspec.structs.replace(result.provenance, created="")


@pytest.mark.parametrize("seed", range(30))
def test_numbers_are_those_of_the_tables(seed):
    truth, said = (in_key_order(boxes) for boxes in box_set(seed, images=12))
    evidence = match(truth, said)
    found = ap.headline(ap.sweep(ap.lay_out(evidence), evidence))
    headline = filled(truth, said).ap()
    assert headline == {key: None if np.isnan(value) else value for key, value in found.items()}
    if seed < 6:
        measured, result = measure(evidence, resamples=32, seed=3), filled(truth, said).result(resamples=32, seed=3)
        for name in ("metrics", "per_class", "slices", "errors", "calibration", "n", "warnings"):
            assert getattr(result, name) == getattr(measured, name), name
        assert {key: result[key].value for key in headline} == headline


@given(seed=st.integers(0, 400), data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_sharding_and_order_of_arrival_gives_the_same_bits(seed, data):
    """Boxes on a coarse grid and scores in few steps: ties are everywhere."""
    truth, said = box_set(seed, images=12)
    whole = filled(truth, said)
    items = data.draw(st.permutations(range(len(truth.items))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(items)), max_size=4)))
    parts = [items[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)]
    batch = data.draw(st.integers(1, 5))
    shards = data.draw(st.permutations([filled(truth, said, part, batch) for part in parts]))
    shards = [pickle.loads(pickle.dumps(shard)) for shard in shards]
    merged = shards[0]
    for shard in shards[1:]:
        assert merged.merge(shard) is merged
    assert len(merged) == len(whole)
    assert merged.ap() == whole.ap()
    if seed % 4 == 0:
        assert plain(merged.result(resamples=16)) == plain(whole.result(resamples=16))


def test_merging_groups_is_associative():
    truth, said = box_set(8, images=12)
    n = len(truth.items)
    a, b, c = (lambda part=part: filled(truth, said, range(part, n, 3)) for part in range(3))
    left, right = a().merge(b()).merge(c()), a().merge(b().merge(c()))
    assert plain(left.result(resamples=8)) == plain(right.result(resamples=8))


def test_an_empty_evaluator_is_neutral():
    truth, said = box_set(8)
    expected = filled(truth, said).ap()
    assert filled(truth, said).merge(Evaluator(classes=CLASSES)).ap() == expected
    assert Evaluator(classes=CLASSES).merge(filled(truth, said)).ap() == expected
    evaluator = filled(truth, said)
    evaluator.update([], [])
    assert evaluator.ap() == expected


def test_reset_forgets_and_the_evaluator_can_go_on():
    truth, said = box_set(8)
    evaluator = filled(truth, said)
    first = evaluator.ap()
    assert evaluator.ap() == first
    evaluator.reset()
    assert len(evaluator) == 0
    with pytest.raises(InputError, match="Call update first"):
        evaluator.ap()
    with pytest.raises(InputError, match="Call update first"):
        evaluator.result()
    for item in range(len(truth.items)):
        evaluator.update([entries(said, item)], [entries(truth, item)])
    assert evaluator.ap() == first


BOX = {"boxes": [[0, 0, 10, 10]], "labels": [1], "scores": [0.5]}


def test_keys_come_from_the_targets_from_keys_or_are_running_numbers():
    evaluator = Evaluator(classes=2)
    evaluator.update([BOX], [BOX])
    evaluator.update([BOX, BOX], [BOX | {"image_id": 17}, BOX])
    evaluator.update([BOX, BOX], [BOX | {"image_id": 17}] * 2, keys=["a.jpg", np.int64(4)])
    assert list(evaluator._groups) == ["0", "17", "2", "a.jpg", "4"]


def test_the_same_image_twice_is_refused_and_nothing_of_the_batch_is_added():
    evaluator = Evaluator(classes=2)
    evaluator.update([BOX], [BOX])
    for keys in (["x", "0"], ["x", "x"]):
        with pytest.raises(InputError, match="every image once"):
            evaluator.update([BOX, BOX], [BOX, BOX], keys=keys)
        assert len(evaluator) == 1
    other = Evaluator(classes=2)
    other.update([BOX], [BOX])
    with pytest.raises(InputError, match="running numbers"):
        evaluator.merge(other)
    with pytest.raises(InputError, match="'0' in two"):
        evaluator.merge(evaluator)
    assert len(evaluator) == 1


def test_a_batch_with_a_wrong_image_is_not_added():
    evaluator = Evaluator(classes=2)
    with pytest.raises(InputError, match="prediction of image '1', box 0: label"):
        evaluator.update([BOX, BOX | {"labels": [2]}], [BOX, BOX])
    with pytest.raises(InputError, match="target of image '0', box 0: label"):
        evaluator.update([BOX], [BOX | {"labels": [-1]}])
    assert len(evaluator) == 0


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        (([BOX], [BOX, BOX]), "1 predictions, 2 targets"),
        (([BOX], [BOX], ["a", "b"]), "2 keys"),
        ((BOX, BOX), "dict"),
        (([BOX], BOX), "dict"),
        (([BOX], [BOX], "a"), "str"),
    ],
)
def test_what_is_no_batch_is_refused(arguments, got):
    with pytest.raises(InputError) as caught:
        Evaluator(classes=2).update(*arguments)
    assert got in caught.value.got


def test_other_classes_or_rules_are_not_merged():
    evaluator = Evaluator(classes=["a", "b"])
    for other in (Evaluator(classes=["b", "a"]), Evaluator(classes=["a", "b"], max_dets=(1, 5))):
        with pytest.raises(InputError, match="same classes"):
            evaluator.merge(other)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"task": "segment"}, "Evaluator"),
        ({"classes": []}, "classes"), ({"classes": 0}, "classes"), ({"classes": ["a", "a"]}, "classes"),
        ({"classes": "abc"}, "classes"), ({"classes": [1, 2]}, "classes"),
        ({"box_format": "yxyx"}, "box_format"),
        ({"max_dets": ()}, "max_dets"), ({"max_dets": (10, 1)}, "max_dets"), ({"max_dets": (0, 1)}, "max_dets"),
        ({"areas": {"all": (0, 1)}}, "areas"), ({"areas": {"tiny": (2, 1)}}, "areas"),
        ({"areas": {str(i): (0, 1) for i in range(5)}}, "areas"),
    ],
    ids=str,
)  # fmt: skip
def test_options_that_cannot_be_meant_are_refused(options, where):
    with pytest.raises(InputError) as caught:
        Evaluator(**options)
    assert where in caught.value.where


def test_classes_as_names_numbers_mapping_or_as_they_occur():
    """Category ids with gaps give what contiguous labels give; a class that does not occur changes nothing."""
    truth, said = box_set(11, images=12)
    expected = filled(truth, said)
    by_id = Evaluator(classes={k: CLASSES[(k - 5) // 7] for k in (26, 12, 5, 19)})
    found = Evaluator()
    for item in range(len(truth.items)):
        pair = [entries(said, item), entries(truth, item)]
        for entry in pair:
            entry["labels"] = 5 + 7 * entry["labels"]
        by_id.update([pair[0]], [pair[1]])
        found.update([pair[0]], [pair[1]])
    assert by_id.ap() == found.ap() == expected.ap()
    assert [row.name for row in by_id.result(resamples=0).per_class] == CLASSES
    assert {row.name for row in found.result(resamples=0).per_class} <= {"5", "12", "19", "26"}
    with pytest.raises(InputError, match="label: name"):
        by_id.update([BOX | {"labels": [6]}], [BOX | {"labels": [5]}], keys=["new"])


def test_rules_are_those_of_the_tables():
    truth, said = box_set(3, images=8, most=30)
    evaluator = filled(truth, said, max_dets=(1, 3), areas={"tiny": (0, 300), "rest": (300, 1e9)})
    rules = Rules((COCO.ranges[0], ("tiny", 0.0, 300.0), ("rest", 300.0, 1e9)), (1, 3))
    evidence = match(truth, said, rules=rules)
    assert evaluator.ap() == ap.headline(ap.sweep(ap.lay_out(evidence, rules), evidence), rules)
    assert evaluator.result(resamples=0).protocol["max_dets"] == [1, 3]


def test_groups_are_what_is_resampled():
    truth, said = box_set(3, images=40)
    alone, tied = Evaluator(classes=CLASSES), Evaluator(classes=CLASSES)
    for item in range(len(truth.items)):
        pair = [entries(said, item)], [entries(truth, item)]
        alone.update(*pair)
        tied.update(*pair, groups=["even" if item % 2 else "odd"])
    a, b = alone.result(resamples=50), tied.result(resamples=50)
    assert (a.n.groups, b.n.groups) == (len(truth.items), 2)
    assert a["AP"].value == b["AP"].value
    assert b["AP"].low is None


def test_provenance_depends_on_what_was_judged_alone():
    truth, said = box_set(3)
    first, again = (filled(truth, said, batch=n).result(resamples=0).provenance for n in (1, 3))
    assert (first.truth, first.predictions) == (again.truth, again.predictions)
    other = replace(said, score=said.score * 0.5)
    changed = filled(truth, other).result(resamples=0).provenance
    assert changed.truth == first.truth
    assert changed.predictions.sha256 != first.predictions.sha256


def test_boxes_relative_to_the_image_are_warned_of():
    unit = {"boxes": [[0.1, 0.1, 0.5, 0.9]], "labels": [0], "scores": [0.5]}
    evaluator = Evaluator()
    evaluator.update([unit], [unit])
    assert any("pixels" in warning for warning in evaluator.result(resamples=0).warnings)


def test_no_boxes_at_all():
    nothing = {"boxes": [], "labels": [], "scores": []}
    evaluator, unnamed = Evaluator(classes=3), Evaluator()
    for each in (evaluator, unnamed):
        each.update([nothing], [nothing])
    assert set(evaluator.ap().values()) == {None}
    assert evaluator.result(resamples=10)["AP"].value is None
    with pytest.raises(InputError, match="Name the classes"):
        unnamed.ap()


def test_an_epoch_of_torchvision_dicts_without_torch():
    """The module itself never imports torch."""
    code = (
        "import sys; from optotype.studies.evaluator import Evaluator; e = Evaluator(); "
        "e.update([{'boxes': [[0, 0, 1, 1]], 'labels': [0], 'scores': [1]}], [{'boxes': [], 'labels': []}]); e.ap(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
