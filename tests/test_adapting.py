"""Outputs and targets of the usual libraries, in their own shapes: always the same columns."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from optotype.errors import InputError
from optotype.tasks.detect.adapting import Columns, columns_of, key_of

XYXY = np.array([[10.0, 20.0, 30.0, 60.0], [0.0, 0.0, 8.0, 8.0]])
XYWH = np.array([[10.0, 20.0, 20.0, 40.0], [0.0, 0.0, 8.0, 8.0]])
CENTRE = np.array([[20.0, 40.0, 20.0, 40.0], [4.0, 4.0, 8.0, 8.0]])
SCORES, LABELS = np.array([0.75, 0.5]), np.array([3, 0])
AREA, CROWD = np.array([640.0, 64.0]), np.array([0, 1])


def supervision(scores=SCORES, **data):
    """The attributes of supervision's Detections."""
    return SimpleNamespace(xyxy=XYXY.astype(np.float32), class_id=LABELS, confidence=scores, tracker_id=None, data=data)


def ultralytics(array):
    """The attributes of ultralytics' Results, whose classes are floats."""
    return SimpleNamespace(boxes=SimpleNamespace(xyxy=array(XYXY), conf=array(SCORES), cls=array(LABELS * 1.0)))


def annotations(**more):
    return [
        {"bbox": box, "category_id": int(label), "score": score, "area": area, "iscrowd": int(crowd), **more}
        for box, label, score, area, crowd in zip(XYWH.tolist(), LABELS, SCORES, AREA, CROWD, strict=True)
    ]


def as_columns(entry: object, *, truth: bool, form: str = "xyxy") -> Columns:
    return columns_of([entry], ["7"], truth=truth, form=form)


PREDICTIONS = {
    "torchvision, transformers": {"boxes": XYXY, "scores": SCORES, "labels": LABELS},
    "lists": {"boxes": XYXY.tolist(), "scores": SCORES.tolist(), "labels": LABELS.tolist()},
    "results": annotations(),
    "bbox": {"bbox": XYWH.tolist(), "score": SCORES, "category_id": LABELS},
    "supervision": supervision(),
    "ultralytics": ultralytics(np.asarray),
    "ultralytics, boxes": ultralytics(np.asarray).boxes,
    "half": {"boxes": XYXY.astype(np.float16), "scores": SCORES.astype(np.float16), "labels": LABELS.astype(np.uint8)},
}


@pytest.mark.parametrize("entry", PREDICTIONS.values(), ids=PREDICTIONS)
def test_predictions(entry):
    found = as_columns(entry, truth=False)
    assert found.box.tolist() == XYWH.tolist()
    assert (found.label.tolist(), found.score.tolist(), found.boxes.tolist()) == (LABELS.tolist(), [0.75, 0.5], [2])
    assert (found.box.dtype, found.label.dtype, found.score.dtype) == (np.float64, np.int64, np.float64)


TARGETS = {
    "torchmetrics": {"boxes": XYXY, "labels": LABELS, "area": AREA, "iscrowd": CROWD},
    "annotations": {"image_id": 7, "annotations": annotations()},
    "list": annotations(),
    "bbox": {"bbox": XYWH, "category": LABELS, "area": AREA, "iscrowd": CROWD.astype(bool)},
    "supervision": supervision(None, area=AREA, iscrowd=CROWD),
}


@pytest.mark.parametrize("entry", TARGETS.values(), ids=TARGETS)
def test_targets(entry):
    found = as_columns(entry, truth=True)
    assert found.box.tolist() == XYWH.tolist()
    assert (found.label.tolist(), found.area.tolist(), found.crowd.tolist()) == ([3, 0], [640, 64], [False, True])


@pytest.mark.parametrize(("form", "boxes"), [("xyxy", XYXY), ("xywh", XYWH), ("cxcywh", CENTRE)])
def test_the_format_is_that_of_boxes_alone(form, boxes):
    assert as_columns({"boxes": boxes, "labels": LABELS}, truth=True, form=form).box.tolist() == XYWH.tolist()
    for entry in (annotations(), supervision(), {"bbox": XYWH, "labels": LABELS}):
        assert as_columns(entry, truth=True, form=form).box.tolist() == XYWH.tolist()


def test_area_is_that_of_the_box_where_none_is_given():
    entry = [{"bbox": [0, 0, 3, 4], "category_id": 1}, {"bbox": [0, 0, 3, 4], "category_id": 1, "area": 5}]
    assert as_columns(entry, truth=True).area.tolist() == [12, 5]
    assert as_columns({"boxes": XYXY, "labels": LABELS}, truth=True).area.tolist() == [800, 64]


def test_differences_of_corners_are_taken_in_double_precision():
    corners = np.array([[0.1, 0.1, 1000.3, 1000.7]], np.float32)
    found = as_columns({"boxes": corners, "scores": np.float32([0.1]), "labels": [0]}, truth=False)
    exact = corners.astype(np.float64)
    assert found.box[0, 2] == exact[0, 2] - exact[0, 0] != np.float64(corners[0, 2] - corners[0, 0])
    assert found.score[0] == np.float64(np.float32(0.1)) != 0.1


@pytest.mark.parametrize("nothing", [[], np.zeros((0, 4)), np.zeros(0)])
def test_images_without_boxes(nothing):
    entries = [{"boxes": nothing, "labels": [], "scores": []}, PREDICTIONS["lists"], []]
    found = columns_of(entries, "abc", truth=False)
    assert found.boxes.tolist() == [0, 2, 0]
    assert found.box.tolist() == XYWH.tolist()
    assert len(columns_of([], [], truth=True).box) == 0


def test_what_was_handed_over_is_neither_changed_nor_kept():
    entry = {"boxes": XYXY.copy(), "scores": SCORES.copy(), "labels": LABELS.copy()}
    found = as_columns(entry, truth=False)
    assert entry["boxes"].tolist() == XYXY.tolist()
    for values in entry.values():
        values[:] = 0
    assert (found.score.tolist(), found.label.tolist()) == ([0.75, 0.5], [3, 0])


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "float16"])
def test_tensors_of_every_kind(kind):
    torch = pytest.importorskip("torch")
    kind = getattr(torch, kind)
    boxes = torch.tensor(XYXY, dtype=kind, requires_grad=True) * 1
    entry = {"boxes": boxes, "scores": torch.tensor(SCORES, dtype=kind, requires_grad=True),
             "labels": torch.tensor(LABELS)}  # fmt: skip
    found = as_columns(entry, truth=False)
    assert found.box.tolist() == XYWH.tolist()
    assert (found.label.tolist(), found.score.tolist()) == ([3, 0], [0.75, 0.5])
    assert as_columns(ultralytics(torch.tensor), truth=False).box.tolist() == XYWH.tolist()
    assert key_of({"image_id": torch.tensor([12])}) == key_of({"image_id": torch.tensor(12)}) == "12"


def test_a_model_of_torchvision_is_understood():
    """Its real output, of a model that was never trained."""
    torch, detection = pytest.importorskip("torch"), pytest.importorskip("torchvision.models.detection")
    torch.manual_seed(0)
    model = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3).eval()
    with torch.no_grad():
        outputs = model([torch.rand(3, 64, 64), torch.rand(3, 48, 80)])
    found = columns_of(outputs, ["a", "b"], truth=False)
    assert found.boxes.tolist() == [len(output["boxes"]) for output in outputs]
    first = np.r_[outputs[0]["boxes"].numpy(), outputs[1]["boxes"].numpy()].astype(np.float64)
    assert np.array_equal(found.box[:, 2:], first[:, 2:] - first[:, :2])


@pytest.mark.parametrize(
    ("entry", "where", "got"),
    [
        ({"boxes": XYXY[:, :3], "labels": LABELS, "scores": SCORES}, "'7': boxes", "(2, 3)"),
        ({"boxes": XYXY[0], "labels": [1], "scores": [1]}, "'7': boxes", "(4,)"),
        ({"boxes": XYXY, "labels": [1], "scores": SCORES}, "'7': labels", "1 labels"),
        ({"boxes": XYXY, "labels": LABELS[:, None], "scores": SCORES}, "'7': labels", "(2, 1)"),
        ({"boxes": XYXY, "labels": [0.5, 1], "scores": SCORES}, "'7': labels", "0.5"),
        ({"boxes": XYXY, "labels": [np.nan, 1], "scores": SCORES}, "'7': labels", "nan"),
        ({"boxes": XYXY, "labels": ["car", "bus"], "scores": SCORES}, "'7': labels", "car"),
        ({"boxes": XYXY, "labels": LABELS}, "'7'", "none"),
        ({"boxes": XYXY, "scores": SCORES}, "'7'", "none"),
        ({"boxes": XYXY, "labels": LABELS, "scores": [0.1, np.nan]}, "'7', box 1: score", "nan"),
        ({"boxes": [[0, 0, np.inf, 1]], "labels": [0], "scores": [1]}, "'7', box 0: x, y, w, h", "inf"),
        ({"boxes": [[np.inf, 0, np.inf, 1]], "labels": [0], "scores": [1]}, "'7', box 0: x, y, w, h", "inf"),
        ({"boxes": [[5, 0, 4, 1]], "labels": [0], "scores": [1]}, "'7', box 0: x, y, w, h", "-1"),
        ({"boxes": [[0, 0, 1, 1], [0, 0]], "labels": [0, 1], "scores": [1, 1]}, "'7': boxes", "[0, 0]"),
        ({"box": XYXY, "labels": LABELS}, "'7'", "keys box, labels"),
        ([{"bbox": [0, 0, 1, 1]}], "'7', entry 0", "keys bbox"),
        ([[0, 0, 1, 1]], "'7', entry 0", "list"),
        (SimpleNamespace(boxes=None), "'7'", "SimpleNamespace"),
        ("boxes", "'7'", "str"),
        ([*annotations()[:1], {"bbox": [0, 0, 1, 1], "category_id": 1}], "'7'", "none"),
    ],
    ids=range(20),
)
def test_what_is_wrong_is_said_with_its_place(entry, where, got):
    with pytest.raises(InputError) as caught:
        as_columns(entry, truth=False)
    assert caught.value.where.startswith("prediction of image")
    assert where in caught.value.where
    assert got in caught.value.got


def test_errors_name_the_image_and_its_box():
    entries = [PREDICTIONS["lists"], {"boxes": [], "labels": [], "scores": []},
               {"boxes": XYXY, "labels": LABELS, "scores": [0.5, -np.inf]}]  # fmt: skip
    with pytest.raises(InputError, match="prediction of image 'c', box 1: score"):
        columns_of(entries, "abc", truth=False)
    with pytest.raises(InputError, match="target of image 'b', box 0: area"):
        columns_of([annotations(), {"boxes": XYXY, "labels": LABELS, "area": [np.nan, 1]}], "ab", truth=True)


@pytest.mark.parametrize("value", [1.5, None, True, np.array([1, 2]), [1]])
def test_ids_are_whole_numbers_or_text(value):
    if value is None:
        assert key_of({"image_id": None}) is None
        return
    with pytest.raises(InputError, match="whole number or text"):
        key_of({"image_id": value})
