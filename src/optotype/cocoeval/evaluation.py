"""``COCOeval``: matching, curves and the twelve lines."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optotype.cocoeval.annotations import COCO
from optotype.cocoeval.columns import Table
from optotype.cocoeval.params import MASKS, Params, check_type, chosen, rules_of
from optotype.errors import InputError
from optotype.evidence import Evidence, merge
from optotype.metrics import average_precision as ap
from optotype.metrics.average_precision import GRID, THRESHOLDS, Rules
from optotype.tables import Array, Boxes, Floats, Ints, Items
from optotype.tasks.detect.matching import match


@dataclass(frozen=True, eq=False)
class Shard:
    """What one ``evaluate`` found, under its rules; several processes may exchange it by pickling."""

    evidence: Evidence
    rules: Rules


class ImageEvaluation:
    """One image's part of an evaluation, an entry of ``evalImgs``: to be gathered and put together, not to be read."""

    __slots__ = ("row", "shard")

    def __init__(self, shard: Shard, row: int) -> None:
        self.shard, self.row = shard, row


class COCOeval:
    """pycocotools' ``COCOeval`` for boxes.

    ``evaluate``, ``accumulate`` and ``summarize`` leave ``evalImgs`` (K · A · I opaque entries, which several processes
    may gather), ``eval`` (``precision``, ``scores`` (T, R, K, A, M), ``recall`` (T, K, A, M), −1 where a category has
    no objects) and ``stats`` (12,). Objects with annotation id 0 count like others, which pycocotools gets wrong; under
    ``strict`` they are treated as there. As in pycocotools ``iouType`` is "segm" where nothing is said: say "bbox".
    """

    def __init__(
        self, cocoGt: COCO | None = None, cocoDt: COCO | None = None, iouType: str = "segm", *, strict: bool = False
    ) -> None:
        self.cocoGt, self.cocoDt, self.strict = cocoGt, cocoDt, strict
        self.params = Params(iouType)
        check_type(self.params)
        self.evalImgs: list[ImageEvaluation] = []
        self.eval: dict[str, Any] = {}
        self.stats: Any = []
        if cocoGt is not None:
            self.params.imgIds = sorted(cocoGt.getImgIds())
            self.params.catIds = sorted(cocoGt.getCatIds())

    def evaluate(self) -> None:
        """Match the detections of ``params.imgIds`` and ``params.catIds``; fills ``evalImgs``."""
        p = self.params
        if self.cocoGt is None or self.cocoDt is None:
            raise InputError("COCOeval.evaluate", "cocoGt and cocoDt", "None", "Set both before evaluate().")
        check_type(p)
        rules = rules_of(p, self.strict)
        p.imgIds = np.unique(np.asarray(p.imgIds)).tolist()
        p.catIds = np.unique(np.asarray(p.catIds)).tolist() if p.useCats else list(dict.fromkeys(p.catIds))
        p.maxDets = sorted(p.maxDets)
        sides, truth, found = _Sides(p), self.cocoGt.table, _detections(self.cocoDt)
        _check_truth(truth, self.strict)
        _check_categories(found, set(self.cocoGt.category_ids))
        evidence = match(sides.of(truth), sides.of(found), rules=rules)
        shard = Shard(evidence, rules)
        rows = [ImageEvaluation(shard, row) for row in range(len(evidence))]
        self.evalImgs = rows * (len(evidence.classes) * len(rules.ranges))
        self.eval = {}

    def accumulate(self, p: Params | None = None) -> None:
        """Precision and recall of the images in ``evalImgs``, into ``eval``."""
        p = self.params if p is None else p
        rules = rules_of(p, self.strict)
        evidence = _gathered(self.evalImgs, rules)
        rows, columns = chosen("iouThrs", p.iouThrs, THRESHOLDS), chosen("recThrs", p.recThrs, GRID)
        parts = [_curves(evidence, Rules(rules.ranges, (most,), rules.strict)) for most in rules.max_dets]
        precision, recall, scores = (np.stack(values, axis=-1)[rows] for values in zip(*parts, strict=True))
        precision, scores = precision[:, columns], scores[:, columns]
        self.eval = {
            "params": p,
            "counts": list(precision.shape),
            "date": time.strftime("%Y-%m-%d %H:%M:%S"),
            "precision": precision,
            "recall": recall,
            "scores": scores,
        }

    def summarize(self) -> None:
        """Print the twelve lines and keep their numbers in ``stats``; −1 for a number that does not exist."""
        if not self.eval:
            raise InputError("COCOeval.summarize", "an evaluation", "none", "Call evaluate() and accumulate() first.")
        caps = self.params.maxDets
        if len(caps) != 3:
            raise InputError("COCOeval.summarize", "three maxDets", repr(caps), "Read eval['precision'] instead.")
        few, some, most = caps
        self.stats = np.array(
            [
                self._line(True),
                self._line(True, most, iou=0.5),
                self._line(True, most, iou=0.75),
                *(self._line(True, most, area) for area in ("small", "medium", "large")),
                *(self._line(False, cap) for cap in (few, some, most)),
                *(self._line(False, most, area) for area in ("small", "medium", "large")),
            ]
        )

    def _line(self, precision: bool, most: int = 100, area: str = "all", iou: float | None = None) -> float:
        """Print one line; its number is one mean over the flattened block, as pycocotools'."""
        p = self.params
        block = self.eval["precision" if precision else "recall"]
        if iou is not None:
            block = block[np.flatnonzero(np.asarray(p.iouThrs) == iou)]
        areas = [a for a, name in enumerate(p.areaRngLbl) if name == area]
        caps = [m for m, cap in enumerate(p.maxDets) if cap == most]
        values = block[..., areas, caps]
        values = values[values > -1]
        mean = float(np.mean(values)) if len(values) else -1.0
        name, short = ("Average Precision", "(AP)") if precision else ("Average Recall", "(AR)")
        ious = f"{p.iouThrs[0]:0.2f}:{p.iouThrs[-1]:0.2f}" if iou is None else f"{iou:0.2f}"
        print(f" {name:<18} {short} @[ IoU={ious:<9} | area={area:>6s} | maxDets={most:>3d} ] = {mean:0.3f}")  # noqa: T201
        return mean


class _Sides:
    """Both sides as tables of the images and categories that are evaluated."""

    def __init__(self, p: Params) -> None:
        self.images, self.categories, self.pooled = p.imgIds, p.catIds, not p.useCats
        self.items = Items.of([_key(i) for i in p.imgIds])
        self.classes = ("all",) if self.pooled else tuple(str(category) for category in p.catIds)

    def of(self, table: Table) -> Boxes:
        """The rows of an image in the order of the file (without categories: by category first)."""
        rows, item, label = self._rows(table)
        box = table.box[rows]
        area = np.where(np.isnan(table.area[rows]), box[:, 2] * box[:, 3], table.area[rows])
        if table.score is None:
            return Boxes(self.items, self.classes, item, label, box, area, table.crowd[rows], table.id[rows])
        n = len(rows)
        return Boxes(self.items, self.classes, item, label, box, area, np.zeros(n, bool), rows, table.score[rows])

    def _rows(self, table: Table) -> tuple[Array, Ints, Ints]:
        """Rows of the table that are evaluated, with item and class of each."""
        none = np.zeros(0, np.int64)
        parts = [table.rows.get(image, none) for image in self.images]
        rows = np.concatenate([none, *parts])
        item = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
        position = {category: k for k, category in enumerate(self.categories)}
        known = np.array([position.get(category, -1) for category in table.categories], np.int32)
        label = known[table.category[rows]] if len(known) else np.zeros(0, np.int32)
        kept = label >= 0
        rows, item, label = rows[kept], item[kept], label[kept]
        if self.pooled:
            order = np.lexsort((label, item))
            rows, item, label = rows[order], item[order], np.zeros_like(label)
        return rows, item, label


def _curves(evidence: Evidence, rules: Rules) -> tuple[Floats, Floats, Floats]:
    """Precision (T, R, K, A), recall (T, K, A) and scores (T, R, K, A) for the one cap of the rules."""
    found, rows = ap.sweep(ap.lay_out(evidence, rules), evidence), evidence["detections"]
    scores = np.where(np.isnan(found.score), 0.0, found.score)
    best = np.full(len(evidence.classes), -np.inf)
    np.maximum.at(best, rows["label"], rows["score"])
    scores[:, 0] = np.where(np.isinf(best), 0.0, best)[:, None]  # recall 0 is reached before anything is found
    return found.precision, found.recall, np.where(found.precision < 0, -1.0, scores)


def _gathered(entries: Sequence[ImageEvaluation], rules: Rules) -> Evidence:
    """The evidence of all images, each of which stands in the list for every category and area range."""
    if not len(entries):
        raise InputError("COCOeval.accumulate", "at least one image and category", "none", "Call evaluate() first.")
    first = entries[0].shard
    if first.rules.ranges != rules.ranges:
        raise InputError("COCOeval.accumulate", "the areaRng of evaluate()", "others", "Call evaluate() again.")
    shards: dict[int, tuple[Shard, list[int]]] = {}
    for entry in entries[: len(entries) // (len(first.evidence.classes) * len(rules.ranges))]:
        shards.setdefault(id(entry.shard), (entry.shard, []))[1].append(entry.row)
    return merge(shard.evidence.take(np.array(rows)) for shard, rows in shards.values())


def _check_truth(table: Table, strict: bool) -> None:
    """Ids must be there once: of equal ones pycocotools takes the last for all. What else is unusual is warned of."""
    if table.score is not None:
        raise InputError("COCOeval, cocoGt", "a truth without scores", "annotations with scores", "Swap the two sides.")
    if len(np.unique(table.id)) < len(table.id):
        twice, _ = Counter(table.id.tolist()).most_common(1)[0]
        raise InputError("annotation ids", "every id once", f"{twice} again", "Number the annotations anew.")
    if missing := int(np.isnan(table.area).sum()):
        _warn(f"{missing} annotations have no area: width times height is taken.")
    if table.ignored:
        _warn("'ignore' in annotations has no effect, as in pycocotools; only iscrowd has.")
    if not strict and bool((table.id == 0).any()):
        _warn("An annotation has id 0: its detection counts here; COCOeval(…, strict=True) misses it as pycocotools.")


def _detections(side: COCO) -> Table:
    """The table of a side that was loaded with ``loadRes``, or filled by hand with scores, or is empty."""
    table = side.table
    n = len(table.box)
    if table.score is None and n:
        raise InputError("COCOeval, cocoDt", "detections with scores", "annotations without", "Use loadRes.")
    if not np.allclose(np.where(np.isnan(table.area), area := table.box[:, 2] * table.box[:, 3], table.area), area):
        raise InputError("COCOeval, cocoDt", "detections whose area is w · h", "another area", MASKS)
    return replace(table, score=np.zeros(0)) if table.score is None else table


def _check_categories(table: Table, known: set[Any]) -> None:
    if unknown := [category for category in table.categories if category not in known]:
        shown = ", ".join(sorted(map(str, unknown))[:8])
        _warn(f"Detections of {len(unknown)} categories that the truth lacks do not count: {shown}.")


def _key(image: Any) -> str:
    """A key whose order as text is that of the ids, numbers by value: it decides between equal scores."""
    if isinstance(image, str):
        return f"s{image}"
    return f"{int(image) + 2**63:020d}"


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
