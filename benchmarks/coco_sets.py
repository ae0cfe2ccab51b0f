"""Seeded truth and detections of the size and shape of COCO's val2017, as JSON files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from optotype.category_maps import COCO_IDS

CATEGORIES = COCO_IDS.tolist()
SIDES = np.array([(640, 480), (640, 427), (480, 640), (500, 375), (427, 640), (612, 612)], np.float64)


def write(
    folder: Path, *, images: int = 5000, objects: int = 36_500, detections: int = 180_000, seed: int = 17
) -> None:
    """``gt.json`` with polygons and ``dt.json``: found, doubled and background boxes, scores shuffled in an image."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(np.arange(1, 120 * images), images, replace=False))
    side = SIDES[rng.integers(0, len(SIDES), images)]
    share = np.r_[0.3, 1.0 / (np.arange(len(CATEGORIES) - 1) + 3.0) ** 0.85]
    share[1:] *= 0.7 / share[1:].sum()
    busy = rng.gamma(1.1, 1.0, images)
    item = np.sort(rng.choice(images, objects, p=busy / busy.sum()))
    few = rng.choice(len(CATEGORIES), (images, 4), p=share)
    label = few[item, rng.integers(0, 4, objects)]
    box = _boxes(rng, side[item])
    crowd = rng.random(objects) < 0.012
    area = np.round(box[:, 2] * box[:, 3] * rng.uniform(0.45, 0.85, objects), 4)
    _truth(folder / "gt.json", rng, ids, side, item, label, box, area, crowd)
    _detections(folder / "dt.json", rng, ids, side, item, label, box, area, crowd, share, detections)


def _boxes(rng: np.random.Generator, side: np.ndarray) -> np.ndarray:
    n = len(side)
    size = np.exp(rng.choice([3.0, 4.0, 5.0], n, p=[0.41, 0.34, 0.25]) + rng.normal(0, 0.35, n))
    aspect = np.exp(rng.normal(-0.15, 0.5, n))
    wh = np.minimum(np.column_stack([size * np.sqrt(aspect), size / np.sqrt(aspect)]), 0.99 * side)
    return np.round(np.column_stack([rng.random((n, 2)) * (side - wh), np.maximum(wh, 1.0)]), 2)


def _truth(path, rng, ids, side, item, label, box, area, crowd) -> None:
    annotations = []
    for k in range(len(item)):
        angle = np.sort(rng.random(int(rng.integers(10, 36)))) * 2 * np.pi
        x, y, w, h = box[k]
        polygon = np.round(
            np.column_stack([x + w * (0.5 + 0.5 * np.cos(angle)), y + h * (0.5 + 0.5 * np.sin(angle))]), 2
        )
        annotations.append(
            {
                "segmentation": [polygon.ravel().tolist()], "area": float(area[k]), "iscrowd": int(crowd[k]),
                "image_id": int(ids[item[k]]), "bbox": box[k].tolist(), "category_id": CATEGORIES[label[k]],
                "id": k + 1,
            }
        )  # fmt: skip
    images = [
        {"file_name": f"{i:012d}.jpg", "height": int(h), "width": int(w), "id": int(i)}
        for i, (w, h) in zip(ids, side, strict=True)
    ]
    categories = [{"id": c, "name": f"class {c:02d}"} for c in CATEGORIES]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def _detections(path, rng, ids, side, item, label, box, area, crowd, share, target) -> None:
    size = np.digitize(area, [1024, 9216])
    found = np.flatnonzero(~crowd & (rng.random(len(item)) < np.array([0.62, 0.82, 0.91])[size]))
    spread = rng.gamma(1.6, 0.045, len(found)) * np.array([1.5, 1.0, 0.8])[size[found]]
    twice = np.repeat(found, rng.poisson(1.1, len(found)))
    rows = np.concatenate([found, twice])
    sigma = np.concatenate([spread, rng.gamma(2.5, 0.09, len(twice))])[:, None] * rng.normal(size=(len(rows), 4))
    score = np.concatenate(
        [np.clip(rng.beta(5, 2.2, len(found)) - 1.6 * spread, 0.01, 0.999), rng.beta(1.6, 6, len(twice))]
    )
    wh = box[rows, 2:] * np.exp(sigma[:, 2:])
    xy = box[rows, :2] + box[rows, 2:] / 2 + box[rows, 2:] * sigma[:, :2] - wh / 2
    wrong = rng.random(len(rows)) < 0.1
    said = np.where(wrong, rng.choice(len(CATEGORIES), len(rows), p=share), label[rows])
    more = max(target - len(rows), 0)
    other = rng.integers(0, len(ids), more)
    at = np.concatenate([item[rows], other])
    boxes = np.concatenate([np.column_stack([xy, wh]), _boxes(rng, side[other])])
    said = np.concatenate([said, rng.choice(len(CATEGORIES), more, p=share)])
    score = np.concatenate([score, np.clip(rng.beta(1.0, 14, more), 0.0005, 0.9)])
    low = np.clip(boxes[:, :2], 0, side[at] - 1)
    boxes = np.column_stack([low, np.maximum(np.minimum(boxes[:, :2] + boxes[:, 2:], side[at]) - low, 1)])
    order = np.lexsort((rng.random(len(at)), at))
    results = [
        {"image_id": int(ids[at[k]]), "category_id": CATEGORIES[said[k]], "bbox": np.round(boxes[k], 2).tolist(),
         "score": round(float(score[k]), 5)}
        for k in order
    ]  # fmt: skip
    path.write_text(json.dumps(results))
