"""The slow twin of TIDE: one image, one detection, one list at a time, with rules that can be broken on purpose."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from optotype.tables import Boxes

TYPES = ("Cls", "Loc", "Both", "Dupe", "Bkg")
MUTATIONS = (
    "last of equal IoUs", "positive above 0.5", "Loc before the ignored", "ignored have no type", "Loc below 0.5",
    "Dupe before Cls", "Loc only to free objects", "a winner for each type", "Cls in its own class", "unclipped",
    "one order for all curves", "classes with truth only", "cap of each class", "crowd share of 0.5 is enough",
    "images by number", "background below 0.1",
)  # fmt: skip
RANGES = ((0.0, 1e10), (0.0, 1024.0), (1024.0, 9216.0), (9216.0, 1e10))
EDGES = (0.0, 1024.0, 9216.0, math.inf)


def naive(truth: Boxes, found: Boxes, variant, wrong: str = "") -> tuple[list[float], list[int]]:
    """The nine numbers and the counts of the six main errors, as tidecv counts them."""
    coco = variant.coco
    low, high = RANGES[variant.size] if coco or variant.convention == "coco-range" else (-math.inf, math.inf)
    if variant.convention == "size-filter":
        truth, found = (boxes.take(filtered(boxes, variant.size)) for boxes in (truth, found))
        low, high = -math.inf, math.inf
    images = range(len(truth.items))
    if coco or wrong == "images by number":
        images = sorted(images, key=lambda i: int(truth.items.key[i]))
    objects, detections = [], []
    for i in images:
        here = [_object(truth, g, low, high) for g in np.flatnonzero(truth.item == i)]
        there = [_detection(found, d) for d in np.flatnonzero(found.item == i)]
        there.sort(key=lambda d: -d["score"])
        there = _capped(there, coco or wrong == "cap of each class")
        real = [g for g in here if not g["ignored"]]
        _match(there, real, [g for g in here if g["ignored"]], coco, wrong)
        for d in there:
            if d["got"] is None and not low <= d["area"] <= high:
                d["away"] = True
            if d["got"] is None:
                d["type"], d["about"] = _type(d, real, wrong)
                if d["away"] and wrong == "ignored have no type":
                    d["type"], d["about"] = "Bkg", None
        objects += real
        detections += there
        for d in there:
            _nominate(d, wrong)
        for g in real:
            g["image"] = i
    return _numbers(objects, detections, images, coco, wrong), _counts(objects, detections)


def filtered(boxes: Boxes, size: int) -> np.ndarray:
    low, high = list(pairwise(EDGES))[size - 1]
    area = boxes.box[:, 2] * boxes.box[:, 3]
    return (low <= area) & (area < high)


def _object(truth: Boxes, g: int, low: float, high: float) -> dict:
    outside = not low <= truth.area[g] <= high
    return {
        "class": int(truth.label[g]), "box": truth.box[g].tolist(), "crowd": bool(truth.crowd[g]), "taken": False,
        "ignored": bool(truth.crowd[g]) or outside, "winners": {}, "pointed": False,
    }  # fmt: skip


def _detection(found: Boxes, d: int) -> dict:
    box = found.box[d].tolist()
    return {
        "class": int(found.label[d]), "box": box, "score": float(found.score[d]), "got": None, "away": False,
        "type": "", "about": None, "area": box[2] * box[3], "image": int(found.item[d]),
    }  # fmt: skip


def _capped(there: list[dict], by_class: bool) -> list[dict]:
    if not by_class:
        return there[:100]
    seen: dict[int, int] = {}
    kept = []
    for d in there:
        seen[d["class"]] = seen.get(d["class"], 0) + 1
        if seen[d["class"]] <= 100:
            kept.append(d)
    return kept


def iou(d: dict, g: dict) -> float:
    (x, y, w, h), (gx, gy, gw, gh) = d["box"], g["box"]
    wide, high = min(w + x, gw + gx) - max(x, gx), min(h + y, gh + gy) - max(y, gy)
    if wide <= 0 or high <= 0:
        return 0.0
    shared = wide * high
    return shared / (w * h if g["crowd"] else w * h + gw * gh - shared)


def _best(pairs, last: bool):
    """The (iou, object) of the greatest IoU, the first or last of equals; None where there is none."""
    top = None
    for value, g in pairs:
        if top is None or value > top[0] or (last and value == top[0]):
            top = (value, g)
    return top


def _match(there: list[dict], real: list[dict], ignored: list[dict], coco: bool, wrong: str) -> None:
    last = coco or wrong == "last of equal IoUs"
    for d in there:
        free = [(iou(d, g), g) for g in real if g["class"] == d["class"] and not g["taken"]]
        best = _best([(v, g) for v, g in free if v > 0.5 or (v == 0.5 and wrong != "positive above 0.5")], last)
        if best:
            best[1]["taken"], d["got"] = True, best[1]
    for d in there:
        if d["got"] is not None:
            continue
        if wrong == "Loc before the ignored" and _type(d, real, "")[0] == "Loc":
            continue
        soft = coco or wrong == "crowd share of 0.5 is enough"
        able = []
        for g in ignored:
            value = iou(d, g)
            if g["class"] != d["class"] or (g["taken"] and not g["crowd"]):
                continue
            if value > 0.5 or (value == 0.5 and (soft or not g["crowd"])):
                able.append((value, g))
        best = _best(able, last)
        if best:
            d["away"], best[1]["taken"] = True, True


def _type(d: dict, real: list[dict], wrong: str) -> tuple[str, dict | None]:
    if not real:
        return "Bkg", None
    same = [(iou(d, g), g) for g in real if g["class"] == d["class"]]
    same_loc = [(v, g) for v, g in same if not (g["taken"] and wrong == "Loc only to free objects")]
    other = _best([(iou(d, g), g) for g in real if g["class"] != d["class"]], False) or (0.0, None)
    best = _best(same_loc, False) or (0.0, None)
    used = _best([(v, g) for v, g in same if g["taken"]], False) or (0.0, None)
    if 0.1 <= best[0] < 0.5 or (best[0] == 0.5 and wrong != "Loc below 0.5"):
        return "Loc", best[1]
    if wrong == "Dupe before Cls" and used[0] >= 0.5:
        return "Dupe", used[1]
    if other[0] >= 0.5:
        return "Cls", other[1]
    if used[0] >= 0.5:
        return "Dupe", used[1]
    most = max(iou(d, g) for g in real)
    return ("Bkg" if most < 0.1 or (most == 0.1 and wrong != "background below 0.1") else "Both"), None


def _nominate(d: dict, wrong: str) -> None:
    g = d["about"]
    if d["type"] in ("Cls", "Loc") and g is not None and not g["taken"]:
        g["pointed"] = True
        g["winners"].setdefault(d["type"] if wrong == "a winner for each type" else "", d)


def _fixed(d: dict, wrong: str) -> tuple[int, float, bool] | None:
    """What a detection of the fixed type becomes: a true positive, or nothing."""
    g = d["about"]
    if d["type"] not in ("Cls", "Loc") or not any(winner is d for winner in g["winners"].values()):
        return None
    return (d["class"] if wrong == "Cls in its own class" else g["class"]), d["score"], True


def _numbers(objects, detections, images, coco: bool, wrong: str) -> list[float]:
    gt: dict[int, int] = {}
    for i in images:
        for g in objects:
            if g["image"] == i:
                gt[g["class"]] = gt.get(g["class"], 0) + 1
        for d in detections:
            if d["image"] == i and not d["away"]:
                gt.setdefault(d["class"], 0)
    right = [_point(d) for d in detections if d["got"] is not None]
    base = _mean_ap([_point(d) for d in detections if not d["away"]], gt, [], coco, wrong)
    missed, unfound = dict(gt), dict(gt)
    for g in objects:
        missed[g["class"]] -= not g["taken"] and not g["pointed"]
        unfound[g["class"]] -= not g["taken"]
    one = coco or wrong == "one order for all curves"

    def gain(key: str, gt: dict[int, int], sure: bool = False) -> float:
        """In a curve computed anew all errors come before all true positives, unless there is one order."""
        errors = [e for e in (_fixed(d, wrong) if d["type"] == key else _left(d) for d in detections) if e]
        points = [p for p in (_again(d, key, wrong) for d in detections) if p] if one else errors + right
        if sure:
            points = [(k, float(is_right), is_right) for k, _, is_right in points]
        return _mean_ap(points, gt, [k for k, _, _ in errors], coco, wrong) - base

    main = [gain(key, missed if key == "Miss" else gt) for key in (*TYPES, "Miss")]
    if wrong != "unclipped":
        main = [0.0 if value < 0 else value for value in main]
    return [base, *main, gain("", gt, sure=True), gain("", unfound)]


def _point(d: dict) -> tuple[int, float, bool]:
    return d["class"], d["score"], d["got"] is not None


def _left(d: dict) -> tuple[int, float, bool] | None:
    """An error that stays one; nothing where the detection is right or has left the AP."""
    return None if d["away"] or d["got"] is not None else _point(d)


def _again(d: dict, key: str, wrong: str) -> tuple[int, float, bool] | None:
    return _point(d) if d["got"] is not None else _fixed(d, wrong) if d["type"] == key else _left(d)


def _mean_ap(points, gt: dict[int, int], first: list[int], coco: bool, wrong: str) -> float:
    """Classes are added up in the order ``first``, then as in ``gt``."""
    of_class: dict[int, list] = {k: [] for k in (*first, *gt)}
    for k, score, right in points:
        of_class[k].append((score, right))
    if coco:
        known = [_precision(of_class[k], gt[k], True) for k in sorted(gt) if gt[k]]
        return 100 * float(np.array(known).T.ravel().mean()) if known else math.nan
    aps = []
    for k, ranked in of_class.items():
        if gt[k]:
            aps.append(sum(_precision(ranked, gt[k], False)) / 101 * 100)
        elif ranked and wrong != "classes with truth only":
            aps.append(0)
    return sum(aps) / len(aps) if aps else math.nan


def _precision(ranked: list, positives: int, coco: bool) -> list[float]:
    ranked = sorted(ranked, key=lambda point: -point[0])
    tp, heights, recalls = 0, [], []
    for n, (_, right) in enumerate(ranked, 1):
        tp += right
        heights.append(tp / (n + np.spacing(1)) if coco else tp / n)
        recalls.append(tp / positives)
    grid = np.linspace(0, 1, 101).tolist() if coco else [i / 100 for i in range(101)]
    out = []
    for r in grid:
        reached = next((j for j, recall in enumerate(recalls) if recall >= r), None)
        out.append(0.0 if reached is None else max(heights[reached:]))
    return out


def _counts(objects, detections) -> list[int]:
    of_type = [sum(d["got"] is None and d["type"] == key for d in detections) for key in TYPES]
    return [*of_type, sum(not g["taken"] and not g["pointed"] for g in objects)]
