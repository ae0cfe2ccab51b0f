"""The kernels of label maps against slow twins."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np
import pytest

from mask_sets import case
from optotype.kernels import label_pairs, label_parts
from optotype.tables import OTHER, VOID
from optotype.tasks.segment.rims import rims
from optotype.tasks.segment.room import Room

SEEDS = range(60)


def maps(seed: int):
    truth, said = case(seed)
    return len(truth.classes), zip(truth.maps, said.maps, strict=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_are_counted_and_drained(seed):
    K, pairs = maps(seed)
    values = np.array([*range(K), OTHER, VOID], np.uint8)
    for a, b in pairs:
        table = np.zeros((label_pairs.LANES, 65536), np.int32)
        truth, said, n = (np.empty(len(values) ** 2, kind) for kind in (np.uint8, np.uint8, np.int64))
        label_pairs.count(a.ravel(), b.ravel(), table)
        rows = label_pairs.drain(table, values, truth, said, n)
        expected = Counter(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
        found = zip(truth[:rows].tolist(), said[:rows].tolist(), n[:rows].tolist(), strict=True)
        assert [((t, s), m) for t, s, m in found] == sorted(expected.items())
        assert not table.any()


def test_pairs_add_to_what_is_there():
    table = np.zeros((label_pairs.LANES, 65536), np.int32)
    a, b = np.full(21, 3, np.uint8), np.full(21, 7, np.uint8)
    for _ in range(2):
        label_pairs.count(a, b, table)
    assert table[:, 3 * 256 + 7].sum() == 42 == table.sum()


def rims_twin(labels: np.ndarray, classes: int, reach: int) -> np.ndarray:
    h, w = labels.shape
    rim = np.zeros((h, w), bool)
    for y in range(h):
        for x in range(w):
            if labels[y, x] < classes:
                window = labels[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
                rim[y, x] = ((window != labels[y, x]) & (window < classes)).any()
    return rim


@pytest.mark.parametrize("seed", SEEDS)
def test_rims(seed):
    K, pairs = maps(seed)
    for a, _ in pairs:
        for reach in (0, 1, 3, 8):
            assert (rims(a, K, reach, Room()) == rims_twin(a, K, reach)).all()


def parts_twin(a: np.ndarray, b: np.ndarray, rim: np.ndarray, classes: int, least: int) -> list[tuple]:
    """Flooded pixel by pixel."""
    h, w = a.shape
    seen = np.zeros((h, w), bool)
    found = []
    for y, x in np.ndindex(h, w):
        if seen[y, x] or a[y, x] >= classes:
            continue
        queue, members = deque([(y, x)]), []
        seen[y, x] = True
        while queue:
            v, u = queue.popleft()
            members.append((v, u))
            for j in range(max(0, v - 1), min(h, v + 2)):
                for i in range(max(0, u - 1), min(w, u + 2)):
                    if not seen[j, i] and a[j, i] == a[y, x]:
                        seen[j, i] = True
                        queue.append((j, i))
        rows, columns = np.array(members).T
        if len(rows) < least:
            continue
        wrong = Counter(b[rows, columns][b[rows, columns] != a[y, x]].tolist())
        most = min(wrong, key=lambda value: (-wrong[value], value)) if wrong else VOID
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        right = int((b[rows, columns] == a[y, x]).sum())
        near = int(rim[rows, columns].sum())
        found.append((int(a[y, x]), box, [len(rows), right, wrong[most], near], most))
    return found


def scratch(labels: np.ndarray) -> np.ndarray:
    return np.full((label_parts.SCRATCH, labels.size), 77, np.int32)


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_and_their_sums(seed):
    K, pairs = maps(seed)
    least = (1, 2, 16)[seed % 3]
    for a, b in pairs:
        rim = rims_twin(a, K, 2)
        room = a.size // least + 1
        sums, box, counts = np.zeros((K, 4), np.int64), np.empty((room, 4)), np.empty((room, 4), np.int64)
        label, confused = np.empty(room, np.uint8), np.empty(room, np.uint8)
        m = label_parts.parts(a, b, rim.view(np.uint8), K, least, scratch(a), sums, label, box, counts, confused)
        found = [(int(label[i]), box[i].tolist(), counts[i].tolist(), int(confused[i])) for i in range(m)]
        assert found == parts_twin(a, b, rim, K, least)
        right = a == b
        masks = np.ones(a.shape, bool), right, rim, right & (rim)
        assert sums.tolist() == [[int((mask & (a == k)).sum()) for mask in masks] for k in range(K)]


@pytest.mark.parametrize("shape", ["spiral", "comb", "chequers"])
def test_parts_that_join_late(shape):
    a = np.ones((33, 41), np.uint8)
    if shape == "spiral":
        for i in range(0, 16, 2):
            a[i : 33 - i, i : 41 - i] = 0
            a[i + 1 : 32 - i, i + 1 : 40 - i] = 1
            a[i + 1, i] = 1
    elif shape == "comb":
        a[:-1, ::2] = 0
    else:
        a[::2, ::2] = a[1::2, 1::2] = 0
    rim, sums = np.zeros(a.shape, bool), np.zeros((2, 4), np.int64)
    box, counts = np.empty((a.size + 1, 4)), np.empty((a.size + 1, 4), np.int64)
    label, confused = np.empty(a.size + 1, np.uint8), np.empty(a.size + 1, np.uint8)
    m = label_parts.parts(a, a, rim.view(np.uint8), 2, 1, scratch(a), sums, label, box, counts, confused)
    found = [(int(label[i]), box[i].tolist(), counts[i].tolist(), int(confused[i])) for i in range(m)]
    assert found == parts_twin(a, a, rim, 2, 1)
