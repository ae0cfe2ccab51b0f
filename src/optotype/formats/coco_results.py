"""What a detector found as COCO's results: a JSON list of records with a score."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype import category_maps
from optotype import coco_records as records
from optotype.box_checks import check_numbers, items_of, sorted_boxes, unusual
from optotype.coco_records import Document
from optotype.errors import InputError, and_more
from optotype.files import replacing
from optotype.kernels.record_keys import BOX, CATEGORY, IMAGE, SCORE
from optotype.listing import BoxListing
from optotype.tables import Array, Boxes, Items


def read(
    path: Path, truth: BoxListing, *, mapping: str | Path | Mapping[Any, Any] | None = None, threads: int = 0
) -> BoxListing:
    """Detections on the truth's items and classes, with scores; ``id`` is the position in the file, ``area`` w · h.

    Ids are the truth's unless ``mapping`` says otherwise (``category_maps.labels``). Images that the truth lacks,
    unknown categories and numbers that are none are InputErrors; what is only unusual is counted in ``warnings``.
    """
    document = records.read(path, IMAGE | CATEGORY | BOX | SCORE, threads=threads)
    records.require(document, IMAGE | CATEGORY | BOX | SCORE)
    found, items = document.records, truth.boxes.items
    check_numbers(found.box, document.where)
    said = [] if document.listed else ["The results are an object whose 'annotations' were read; COCO's are a list."]
    said += _check_scores(document)
    item = items_of(found.image, items.key)
    _check_known(document, item, items)
    given = category_maps.Detections(path, found.category, item, found.box, found.score, truth.boxes, truth.category)
    label, more = category_maps.labels(given, mapping)
    area, crowd = found.box[:, 2] * found.box[:, 3], np.zeros(len(found), np.bool_)
    columns: tuple[Array, ...] = (item, label, found.box, area, crowd, np.arange(len(found)))
    score = found.score
    if len(label) and int(label.min()) < 0:
        columns, score = tuple(values[label >= 0] for values in columns), score[label >= 0]
    boxes = sorted_boxes(items, truth.boxes.classes, columns, score)
    return BoxListing(boxes, truth.category, (*said, *more), tuple(unusual(boxes, "detections")))


def _check_scores(document: Document) -> list[str]:
    score = document.records.score
    if not len(score) or (score.min() >= 0 and score.max() <= 1):
        return []
    if len(bad := np.flatnonzero(~np.isfinite(score))):
        got = f"{score[bad[0]]}{and_more(len(bad) - 1, 'such scores')}"
        where = f"{document.where(int(bad[0]))}, 'score'"
        raise InputError(where, "a finite number", got, "Correct or drop the detection.")
    outside = int(np.count_nonzero((score < 0) | (score > 1)))
    return [
        f"{outside:,} of {len(score):,} scores are outside 0 … 1 (from {score.min():.4g} to {score.max():.4g}); "
        "they are kept and rank as they are, but are no probabilities."
    ]


def _check_known(document: Document, item: Array, items: Items) -> None:
    if not len(item) or int(item.min()) >= 0:
        return
    rows = np.flatnonzero(item < 0)
    ids = list(dict.fromkeys(document.records.image[rows].tolist()))
    shown = ", ".join(map(str, ids[:5])) + (" …" if len(ids) > 5 else "")
    fix = "Give the truth that the detector ran on, or leave out the detections on other images."
    if not {Path(str(name)).stem for name in ids}.isdisjoint(Path(name).stem for name in items.path.tolist()):
        fix = "The ids look like names of the images' files: write the ids that the truth's 'images' give those files."
    raise InputError(
        f"{document.where(int(rows[0]))}, 'image_id'", "ids of the truth's images",
        f"{shown} (unknown images: {len(ids):,}; detections on them: {len(rows):,} of {len(item):,})",
        fix,
    )  # fmt: skip


def write(path: Path, boxes: Boxes, category: NDArray[np.int64] | None = None) -> None:
    """Write detections atomically, in the order of the table; ``category`` (K,) gives the classes' ids, else 1 … K.

    Read back against truth of the same items and ids they are the same, with new ids.
    """
    if boxes.score is None:
        raise InputError(str(path), "detections with scores", "boxes without", "Write truth with the format 'coco'.")
    ids = list(range(1, len(boxes.classes) + 1)) if category is None else category.tolist()
    keys = [records.id_of(key) for key in boxes.items.key.tolist()]
    columns = (boxes.item, boxes.label, boxes.box, boxes.score)
    with replacing(path) as stream:
        stream.write(b"[")
        for row, (item, label, box, score) in enumerate(zip(*(values.tolist() for values in columns), strict=True)):
            line = {"image_id": keys[item], "category_id": ids[label], "bbox": box, "score": score}
            stream.write((b",\n" if row else b"\n") + msgspec.json.encode(line))
        stream.write(b"]\n")
