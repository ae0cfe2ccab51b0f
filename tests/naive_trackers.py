"""The trackers written plainly, a frame at a time, with SciPy's assignment of whole matrices: twins of the kernels.

``MatrixFilter`` is the Kalman filter with its matrices. ``SplitFilter`` does the arithmetic of the kernels in their
order, so that ties between predicted boxes are the same ties.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

LEAST = 1e-300


def iou(a: Any, b: Any, extra: float = 0.0) -> float:
    """IoU of corners."""
    w = min(a[2], b[2]) - max(a[0], b[0]) + extra
    h = min(a[3], b[3]) - max(a[1], b[1]) + extra
    if w <= 0 or h <= 0:
        return 0.0
    ours = (a[2] - a[0] + extra) * (a[3] - a[1] + extra)
    theirs = (b[2] - b[0] + extra) * (b[3] - b[1] + extra)
    return float(w * h / (ours + theirs - w * h))


def corners(box: Any) -> list[float]:
    x, y, w, h = map(float, box)
    return [x, y, x + w, y + h]


def best_pairs(weight: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of SciPy's assignment of the greatest sum, those of weight 0 left out."""
    if weight.size == 0:
        return []
    rows, columns = linear_sum_assignment(-weight)
    return [(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if weight[i, j] > 0]


class SplitFilter:
    """Four numbers with velocities, one filter each; ``noise`` is of the process, a pair a number."""

    def __init__(self, values: list[float], variances: list[float], of_velocities: list[float]) -> None:
        self.x, self.v = list(values), [0.0] * 4
        self.p = [[a, 0.0, b] for a, b in zip(variances, of_velocities, strict=True)]

    def predict(self, noise: list[float], of_velocities: list[float]) -> None:
        for k, p in enumerate(self.p):
            self.x[k] += self.v[k]
            p[0] += 2 * p[1] + p[2] + noise[k]
            p[1] += p[2]
            p[2] += of_velocities[k]

    def update(self, values: list[float], noise: list[float]) -> None:
        for k, p in enumerate(self.p):
            total = p[0] + noise[k]
            gain, of_velocity = p[0] / total, p[1] / total
            off = values[k] - self.x[k]
            self.x[k] += gain * off
            self.v[k] += of_velocity * off
            p[2] -= of_velocity * p[1]
            p[1] -= gain * p[1]
            p[0] -= gain * p[0]


class MatrixFilter:
    """The same as one filter of eight states."""

    def __init__(self, values: list[float], variances: list[float], of_velocities: list[float]) -> None:
        self.mean = np.array(list(values) + [0.0] * 4)
        self.covariance = np.diag(list(variances) + list(of_velocities))
        self.move = np.eye(8) + np.eye(8, k=4)
        self.look = np.eye(4, 8)

    @property
    def x(self) -> list[float]:
        return self.mean[:4].tolist()

    @property
    def v(self) -> np.ndarray:
        return self.mean[4:]

    def predict(self, noise: list[float], of_velocities: list[float]) -> None:
        self.mean = self.move @ self.mean
        self.covariance = self.move @ self.covariance @ self.move.T + np.diag(list(noise) + list(of_velocities))

    def update(self, values: list[float], noise: list[float]) -> None:
        s = self.look @ self.covariance @ self.look.T + np.diag(noise)
        gain = self.covariance @ self.look.T @ np.linalg.inv(s)
        self.mean = self.mean + gain @ (np.array(values) - self.look @ self.mean)
        self.covariance = self.covariance - gain @ s @ gain.T


class Track:
    """Whatever a tracker keeps of one."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


def iou_tracker(frames: list[Any], s: dict[str, Any]) -> list[list[tuple[Any, ...]]]:
    """Each frame is (box, score); of each come rows (id, box, score, row of the frame)."""
    tracks: list[Track] = []
    born, answer = 0, []
    for clock, (box, score) in enumerate(frames, 1):
        used: list[Track] = []
        for d in range(len(score)):
            if score[d] < s["low"]:
                continue
            here = corners(box[d])
            free = [t for t in tracks if t not in used]
            overlaps = [iou(t.corners, here) for t in free]
            best = int(np.argmax(overlaps)) if free else -1
            if free and overlaps[best] >= s["iou_threshold"] and overlaps[best] > 0:
                chosen = free[best]
            else:
                born += 1
                chosen = Track(id=born)
                tracks.append(chosen)
            chosen.corners, chosen.box, chosen.score, chosen.row, chosen.last = here, box[d], score[d], d, clock
            used.append(chosen)
        tracks = [t for t in tracks if clock - t.last <= s["max_lost"]]
        shown = [t for t in tracks if t.last == clock or s["reference"]]
        answer.append([(t.id, _wh(t.corners), t.score, t.row if t.last == clock else -1) for t in shown])
    return answer


def _wh(c: list[float]) -> list[float]:
    return [c[0], c[1], c[2] - c[0], c[3] - c[1]]


class _Byte:
    """A track of ByteTrack."""

    def __init__(self, kind: Any, box: Any, score: float, row: int, clock: int) -> None:
        x, y, w, h = map(float, box)
        place, speed = (2 * h / 20) ** 2, (10 * h / 160) ** 2
        values = [x + w / 2, y + h / 2, w / h, h]
        self.filter = kind(values, [place, place, 1e-2**2, place], [speed, speed, 1e-5**2, speed])
        self.score, self.row, self.start, self.last = float(score), row, clock, clock
        self.mode, self.active, self.struck, self.id = "tracked", False, False, None

    def predict(self) -> None:
        if self.mode != "tracked":
            self.filter.v[3] = 0.0
        h = self.filter.x[3]
        place, speed = (h / 20) ** 2, (h / 160) ** 2
        self.filter.predict([place, place, 1e-2**2, place], [speed, speed, 1e-5**2, speed])

    def take(self, box: Any, score: float, row: int, clock: int) -> None:
        x, y, w, h = map(float, box)
        place = (self.filter.x[3] / 20) ** 2
        self.filter.update([x + w / 2, y + h / 2, w / h, h], [place, place, 1e-1**2, place])
        self.score, self.row, self.last, self.mode, self.active = float(score), row, clock, "tracked", True

    def box(self) -> list[float]:
        cx, cy, a, h = self.filter.x
        w = a * h
        return [cx - w / 2, cy - h / 2, w, h]

    def corners(self) -> list[float]:
        x, y, w, h = self.box()
        return [x, y, x + w, y + h]


def byte_tracker(frames: list[Any], s: dict[str, Any], kind: Any = SplitFilter) -> list[list[tuple[Any, ...]]]:
    """ByteTrack with its lists, as parity/bytetrack.md numbers its rules."""
    reference = s["reference"]
    extra = 1.0 if reference else 0.0
    tracked: list[_Byte] = []
    lost: list[_Byte] = []
    born, clock, answer = 0, 0, []

    def confirm(t: _Byte) -> None:
        nonlocal born
        if t.id is None:
            born += 1
            t.id = born

    def match(tracks: list[_Byte], boxes: list[int], box: Any, score: Any, limit: float, fused: bool) -> dict[int, int]:
        weight = np.zeros((len(tracks), len(boxes)))
        for i, t in enumerate(tracks):
            for j, d in enumerate(boxes):
                overlap = iou(t.corners(), corners(box[d]), extra)
                cost = 1 - overlap
                if fused:
                    cost = 1 - (1 - cost) * float(score[d])
                if overlap > 0 and cost <= limit:
                    weight[i, j] = max(limit - cost, LEAST)
        return dict(best_pairs(weight))

    for box, score in frames:
        if reference and len(score) == 0:
            answer.append([])
            continue
        clock += 1
        if reference:
            highs = [d for d in range(len(score)) if score[d] > s["high"]]
        else:
            highs = [d for d in range(len(score)) if score[d] >= s["high"]]
        lows = [d for d in range(len(score)) if s["low"] < score[d] < s["high"]]
        fresh = [t for t in tracked if not t.active]
        pool = [t for t in tracked if t.active] + lost
        for t in pool:
            t.predict()
        pairs = match(pool, highs, box, score, s["match"], s["fuse_score"])
        rest = [t for i, t in enumerate(pool) if i not in pairs and t.mode == "tracked"]
        found = [pool[i] for i in sorted(pairs) if pool[i].mode != "tracked"]
        for i, j in pairs.items():
            pool[i].take(box[highs[j]], score[highs[j]], highs[j], clock)
        left = [d for j, d in enumerate(highs) if j not in pairs.values()]
        pairs = match(rest, lows, box, score, s["match_low"], False)
        for i, j in pairs.items():
            rest[i].take(box[lows[j]], score[lows[j]], lows[j], clock)
        missed = [t for i, t in enumerate(rest) if i not in pairs]
        for t in missed:
            t.mode = "lost"
        pairs = match(fresh, left, box, score, s["match_new"], s["fuse_score"])
        for i in sorted(pairs):
            d = left[pairs[i]]
            fresh[i].take(box[d], score[d], d, clock)
            confirm(fresh[i])
        for i, t in enumerate(fresh):
            if i not in pairs:
                t.mode = "removed"
        new = []
        for j, d in enumerate(left):
            if j not in pairs.values() and score[d] >= s["start"]:
                t = _Byte(kind, box[d], score[d], d, clock)
                t.active = clock == 1
                if reference or t.active:
                    confirm(t)
                new.append(t)
        late = [t for t in lost if t.mode != "tracked" and clock - t.last > s["buffer"]]
        for t in late:
            t.mode = "removed"
        tracked = [t for t in tracked if t.mode == "tracked"] + new + found
        lost = [t for t in lost if t not in tracked] + missed
        if reference:
            lost = [t for t in lost if not t.struck]
            for t in late:
                t.struck = True  # on the authors' list of removed tracks, which is subtracted before it grows
        else:
            lost = [t for t in lost if t.mode != "removed"]
        gone: list[_Byte] = []
        for t in tracked:
            for u in lost:
                if 1 - iou(t.corners(), u.corners(), extra) < s["duplicate"]:
                    gone.append(u if t.last - t.start > u.last - u.start else t)
        tracked = [t for t in tracked if t not in gone]
        lost = [t for t in lost if t not in gone]
        rows = []
        for t in tracked:
            x, y, w, h = t.box()
            if t.active and w * h > s["min_area"] and (s["max_ratio"] == 0 or w / h <= s["max_ratio"]):
                rows.append((t.id, [x, y, w, h], t.score, t.row))
        answer.append(rows)
    return answer


class _Sort:
    """A track of SORT and of OC-SORT."""

    def __init__(self, kind: Any, z: list[float], row: int, score: float, clock: int, number: int) -> None:
        self.filter = kind(z, [10.0] * 4, [1e4, 1e4, 1e4, 0.0])
        self.since, self.streak, self.age = 0, 0, 0
        self.row, self.score, self.id, self.start = row, float(score), number, clock
        self.seen: dict[int, list[float]] = {}  # OC-SORT: corners by age
        self.direction = (0.0, 0.0)
        self.observed, self.kept, self.history = False, None, []

    def predict(self) -> list[float]:
        f = self.filter
        if f.v[2] + f.x[2] <= 0:
            f.v[2] = 0.0
        f.predict([1.0] * 4, [0.01, 0.01, 0.0001, 0.0])
        self.age += 1
        if self.since > 0:
            self.streak = 0
        self.since += 1
        return self.corners()

    def update(self, z: list[float]) -> None:
        self.filter.update(z, [1.0, 1.0, 10.0, 10.0])

    def corners(self) -> list[float]:
        x, y, s, r = self.filter.x
        with np.errstate(all="ignore"):
            w = float(np.sqrt(np.float64(s * r)))
            h = float(np.float64(s) / np.float64(w))
        return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


def _dropped(overlap: np.ndarray, total: np.ndarray, threshold: float, direct: bool) -> list[tuple[int, int]]:
    """Pairs by the greatest total; or where nothing competes, those above the threshold; then too small overlaps go."""
    if overlap.size == 0:
        return []
    above = overlap > threshold
    if direct and above.sum(0).max() == 1 and above.sum(1).max() == 1:
        return list(zip(*(a.tolist() for a in np.where(above)), strict=True))
    if not direct and not above.any():
        return []
    rows, columns = linear_sum_assignment(-total)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(i, j) for i, j in pairs if overlap[i, j] >= threshold and overlap[i, j] > 0]


def sort_tracker(frames: list[Any], s: dict[str, Any], kind: Any = SplitFilter) -> list[list[tuple[Any, ...]]]:
    """SORT."""
    tracks: list[_Sort] = []
    born, answer = 0, []
    for clock, (box, score) in enumerate(frames, 1):
        places = [t.predict() for t in tracks]
        tracks = [t for t, place in zip(tracks, places, strict=True) if not np.isnan(place).any()]
        places = [t.corners() for t in tracks]
        seen = [d for d in range(len(score)) if score[d] >= s["low"] and min(box[d][2:]) > 0]
        overlap = np.array([[iou(corners(box[d]), p) for p in places] for d in seen]).reshape(len(seen), len(places))
        pairs = dict(_dropped(overlap, overlap, s["iou_threshold"], True))
        for q, d in enumerate(seen):
            x, y, w, h = map(float, box[d])
            z = [x + w / 2, y + h / 2, w * h, w / h]
            if q in pairs:
                t = tracks[pairs[q]]
                t.update(z)
                t.since, t.streak, t.row, t.score = 0, t.streak + 1, d, float(score[d])
            else:
                born += 1
                tracks.append(_Sort(kind, z, d, score[d], clock, born))
        tracks = [t for t in tracks if t.since <= s["max_age"]]
        shown = [t for t in tracks if t.since < 1 and (t.streak >= s["min_hits"] or clock <= s["min_hits"])]
        answer.append([(t.id, _wh(t.corners()), t.score, t.row) for t in shown])
    return answer


def _z(c: list[float]) -> list[float]:
    w, h = c[2] - c[0], c[3] - c[1]
    return [c[0] + w / 2, c[1] + h / 2, w * h, w / (h + 1e-6)]


def _before(t: _Sort, delta: int) -> list[float] | None:
    """What was observed delta frames ago, or as near to it as there is, or else last."""
    for back in range(delta, 0, -1):
        if t.age - back in t.seen:
            return t.seen[t.age - back]
    return t.seen[max(t.seen)] if t.seen else None


def _towards(a: list[float], b: list[float]) -> tuple[float, float]:
    dy, dx = (b[1] + b[3]) / 2 - (a[1] + a[3]) / 2, (b[0] + b[2]) / 2 - (a[0] + a[2]) / 2
    length = float(np.sqrt(dy * dy + dx * dx)) + 1e-6
    return dy / length, dx / length


def _observe(t: _Sort, c: list[float], d: int, score: float, s: dict[str, Any]) -> None:
    before = _before(t, s["delta"])
    if before is not None:
        t.direction = _towards(before, c)
    z = _z(c)
    t.history.append(z)
    if not t.observed and t.kept is not None:
        places = [k for k, v in enumerate(t.history) if v is not None]
        gap = places[-1] - places[-2]
        (x1, y1, s1, r1), (x2, y2, s2, r2) = t.history[places[-2]], z
        w1, h1, w2, h2 = (float(np.sqrt(v)) for v in (s1 * r1, s1 / r1, s2 * r2, s2 / r2))
        t.filter, t.kept = t.kept, None
        dx, dy, dw, dh = (x2 - x1) / gap, (y2 - y1) / gap, (w2 - w1) / gap, (h2 - h1) / gap
        for k in range(1, gap + 1):
            w, h = w1 + k * dw, h1 + k * dh
            if k < gap or s["reference"]:
                t.update([x1 + k * dx, y1 + k * dy, w * h, w / h])
            if k < gap:
                t.filter.predict([1.0] * 4, [0.01, 0.01, 0.0001, 0.0])
    t.observed = True
    t.update(z)
    t.seen[t.age] = c
    t.since, t.streak, t.row, t.score = 0, t.streak + 1, d, float(score)


def oc_tracker(frames: list[Any], s: dict[str, Any], kind: Any = SplitFilter) -> list[list[tuple[Any, ...]]]:
    """OC-SORT."""
    tracks: list[_Sort] = []
    born, answer, threshold = 0, [], s["iou_threshold"]
    for clock, (box, score) in enumerate(frames, 1):
        places = [t.predict() for t in tracks]
        tracks = [t for t, place in zip(tracks, places, strict=True) if not np.isnan(place).any()]
        places = [t.corners() for t in tracks]
        high = [d for d in range(len(score)) if score[d] > s["high"] or (score[d] == s["high"] and not s["reference"])]
        high = [d for d in high if min(box[d][2:]) > 0]
        here = [corners(box[d]) for d in high]
        overlap = np.array([[iou(c, p) for p in places] for c in here]).reshape(len(here), len(places))
        momentum = np.zeros_like(overlap)
        for q, c in enumerate(here):
            for p, t in enumerate(tracks):
                before = _before(t, s["delta"])
                if before is not None:
                    dy, dx = _towards(before, c)
                    cosine = min(max(t.direction[1] * dx + t.direction[0] * dy, -1.0), 1.0)
                    angle = (np.pi / 2 - abs(math.acos(cosine))) / np.pi
                    momentum[q, p] = angle * s["inertia"] * float(score[high[q]])
        if s["reference"]:
            pairs = dict(_dropped(overlap, overlap + momentum, threshold, True))
        else:
            allowed = (overlap >= threshold) & (overlap > 0)
            pairs = dict(best_pairs(np.where(allowed, np.maximum(overlap + momentum, LEAST), 0.0)))
        for q in sorted(pairs):
            _observe(tracks[pairs[q]], here[q], high[q], score[high[q]], s)
        left = [q for q in range(len(here)) if q not in pairs]
        lost = [t for t in tracks if t.since > 0 and t.seen]
        last = [t.seen[max(t.seen)] for t in lost]
        overlap = np.array([[iou(here[q], c) for c in last] for q in left]).reshape(len(left), len(last))
        if s["reference"]:
            again = _dropped(overlap, overlap, threshold, False)
        else:
            cost = 1 - overlap
            limit = 1 - threshold
            allowed = (cost <= limit) & (overlap > 0)
            again = best_pairs(np.where(allowed, np.maximum(limit - cost, LEAST), 0.0))
        for r, u in again:
            _observe(lost[u], here[left[r]], high[left[r]], score[high[left[r]]], s)
        left = [q for r, q in enumerate(left) if r not in dict(again)]
        for t in tracks:
            if t.since > 0:
                t.history.append(None)
                if t.observed:
                    t.kept = copy.deepcopy(t.filter)
                t.observed = False
        tracks = [t for t in tracks if t.since <= s["max_age"]]
        for q in left:
            born += 1
            t = _Sort(kind, _z(here[q]), high[q], score[high[q]], clock, born)
            t.first = here[q]
            tracks.append(t)
        rows = []
        for t in tracks:
            x, y, w, h = _wh(t.seen[max(t.seen)] if t.seen else t.first)
            out = t.since < 1 and (t.streak >= s["min_hits"] or clock <= s["min_hits"])
            if out and w * h > s["min_area"] and (s["max_ratio"] == 0 or w / h <= s["max_ratio"]):
                rows.append((t.id, [x, y, w, h], t.score, t.row))
        answer.append(rows)
    return answer


NAIVE = {"iou": iou_tracker, "sort": sort_tracker, "bytetrack": byte_tracker, "ocsort": oc_tracker}
