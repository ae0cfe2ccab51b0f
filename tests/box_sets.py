"""Generated truth and detections for the tests of detection: ties, crowds, empties and boundary values on purpose."""

from __future__ import annotations

import numpy as np

from optotype.tables import Boxes, Items


def box_set(seed: int, *, images: int = 6, classes: int = 4, grid: bool = True, most: int = 12) -> tuple[Boxes, Boxes]:
    """A truth and detections: boxes on a coarse grid, scores in few steps, so that overlaps and scores tie."""
    rng = np.random.default_rng(seed)
    n_images = int(rng.integers(1, images + 1))
    ids = rng.choice(np.arange(1, 3000), n_images, replace=False)
    items = Items.of([str(i) for i in ids], width=[640] * n_images, height=[480] * n_images)
    names = tuple(f"class {k}" for k in range(classes))
    present = rng.random(classes) < 0.8
    m, n = int(rng.integers(0, most * n_images + 1)), int(rng.integers(0, 2 * most * n_images + 1))
    item, label = rng.integers(0, n_images, m), rng.integers(0, classes, m)
    kept = present[label]
    item, label = item[kept], label[kept]
    box = _boxes(rng, len(item), grid=grid)
    area = np.where(
        rng.random(len(item)) < 0.3, rng.choice([1024.0, 9216.0, 0.0, 1e10], len(item)), box[:, 2] * box[:, 3]
    )
    truth = _table(items, names, item, label, box, area, rng.random(len(item)) < 0.12, None)
    found_item, found_label = rng.integers(0, n_images, n), rng.integers(0, classes, n)
    found = _boxes(rng, n, grid=grid)
    if len(truth):
        copied = rng.random(n) < 0.6
        row = rng.integers(0, len(truth), n)
        jitter = rng.choice([0.0, 0.0, 4.0, 8.0, 16.0], (n, 4)) * rng.choice([-1, 1], (n, 4))
        moved = np.maximum(truth.box[row] + jitter, [0, 0, 1, 1])
        found = np.where(copied[:, None], moved, found)
        found_item = np.where(copied, truth.item[row], found_item)
        found_label = np.where(copied & (rng.random(n) < 0.85), truth.label[row], found_label)
    score = rng.choice([0.1, 0.25, 0.5, 0.5, 0.75, 0.9], n) if grid else rng.random(n)
    return truth, _table(items, names, found_item, found_label, found, found[:, 2] * found[:, 3], None, score)


def _boxes(rng: np.random.Generator, n: int, *, grid: bool) -> np.ndarray:
    if not grid:
        return np.column_stack([rng.uniform(0, 400, (n, 2)), rng.uniform(1, 200, (n, 2))])
    return np.column_stack([rng.integers(0, 10, (n, 2)) * 16.0, rng.choice([8.0, 16.0, 32.0, 64.0, 96.0], (n, 2))])


def _table(items, names, item, label, box, area, crowd, score) -> Boxes:
    order = np.argsort(item, kind="stable")
    n = len(item)
    return Boxes(
        items, names, item[order].astype(np.int32), label[order].astype(np.int32), box[order].astype(np.float64),
        area[order].astype(np.float64), np.zeros(n, bool) if crowd is None else crowd[order],
        np.arange(1, n + 1, dtype=np.int64) if score is None else np.arange(n, dtype=np.int64),
        None if score is None else score[order],
    )  # fmt: skip
