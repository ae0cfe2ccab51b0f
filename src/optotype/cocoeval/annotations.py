"""``COCO``: annotations in memory, and their index."""
# ruff: noqa: N802 — the names are pycocotools'

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from optotype import coco_records, jsonfile
from optotype.cocoeval.columns import Record, Table, ids_of
from optotype.cocoeval.params import MASKS
from optotype.errors import InputError
from optotype.kernels.record_keys import AREA, BOX, CATEGORY, CROWD, ID, IGNORE, IMAGE, SCORE
from optotype.tables import Array, Floats


class COCO:
    """Annotations in memory, as pycocotools' ``COCO``: from a JSON file, a dict, or filled by hand.

    ``dataset`` holds what was read; ``anns``, ``imgs``, ``cats``, ``imgToAnns`` and ``catToImgs`` are its index, made
    when first asked for. After changing ``dataset`` call ``createIndex``.

    >>> boxes = COCO({"images": [{"id": 3}], "categories": [{"id": 1, "name": "car"}], "annotations": []})
    >>> boxes.getImgIds(), boxes.loadCats([1])[0]["name"]
    ([3], 'car')
    """

    def __init__(self, annotation_file: str | Path | Mapping[str, Any] | None = None) -> None:
        self._made: dict[str, Any] = {}
        self._pending: Callable[[], dict[str, Any]] | None = None
        self._dataset: dict[str, Any] = dict(annotation_file) if isinstance(annotation_file, Mapping) else {}
        if annotation_file is not None and not isinstance(annotation_file, Mapping):
            path = Path(annotation_file)
            document = coco_records.read(path, IMAGE | CATEGORY | BOX | AREA | CROWD | ID | IGNORE)
            if document.listed:
                raise InputError(str(path), "a COCO file: an object with images and annotations", "a list",
                                 "Load results with loadRes.")  # fmt: skip
            self._pending = partial(_decoded, path, path.stat().st_mtime_ns)
            self._made = {
                "table": Table.of_document(document, results=False),
                "image ids": [image.id for image in document.images or []],
                "category ids": [category.id for category in document.categories or []],
            }

    @property
    def dataset(self) -> dict[str, Any]:
        """Lists of dicts under ``images``, ``annotations`` and ``categories``; of a file, decoded when asked for."""
        if self._pending is not None:
            self._dataset, self._pending = self._pending(), None
        return self._dataset

    @dataset.setter
    def dataset(self, dataset: dict[str, Any]) -> None:
        self._dataset, self._pending = dataset, None
        self.createIndex()

    def createIndex(self) -> None:
        """Make the index anew, after ``dataset`` was changed."""
        self._made = {}

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _by_id(self, kind: str) -> dict[Any, Record]:
        return dict(zip(self._ids(kind, "id"), self.dataset.get(kind, []), strict=True))

    def _ids(self, kind: str, name: str) -> list[Any]:
        return ids_of(self.dataset.get(kind, []), name, f"COCO.dataset, {kind}, record")

    @property
    def anns(self) -> dict[Any, Record]:
        """Annotations by id."""
        found: dict[Any, Record] = self._once("anns", lambda: self._by_id("annotations"))
        return found

    @property
    def imgs(self) -> dict[Any, Record]:
        """Images by id."""
        found: dict[Any, Record] = self._once("imgs", lambda: self._by_id("images"))
        return found

    @property
    def cats(self) -> dict[Any, Record]:
        """Categories by id."""
        found: dict[Any, Record] = self._once("cats", lambda: self._by_id("categories"))
        return found

    @property
    def imgToAnns(self) -> defaultdict[Any, list[Record]]:
        """Annotations of each image."""

        def make() -> defaultdict[Any, list[Record]]:
            found: defaultdict[Any, list[Record]] = defaultdict(list)
            images = self._ids("annotations", "image_id")
            for image, record in zip(images, self.dataset.get("annotations", []), strict=True):
                found[image].append(record)
            return found

        found: defaultdict[Any, list[Record]] = self._once("imgToAnns", make)
        return found

    @property
    def catToImgs(self) -> defaultdict[Any, list[Any]]:
        """Image ids of each category, once for every annotation."""

        def make() -> defaultdict[Any, list[Any]]:
            found: defaultdict[Any, list[Any]] = defaultdict(list)
            categories, images = (self._ids("annotations", name) for name in ("category_id", "image_id"))
            for category, image in zip(categories, images, strict=True):
                found[category].append(image)
            return found

        found: defaultdict[Any, list[Any]] = self._once("catToImgs", make)
        return found

    @property
    def table(self) -> Table:
        """The annotations as columns."""
        found: Table = self._once("table", lambda: Table.of_records(self.dataset.get("annotations", []), "annotation"))
        return found

    @property
    def image_ids(self) -> list[Any]:
        """Ids of all images."""
        found: list[Any] = self._once("image ids", lambda: list(self.imgs))
        return found

    @property
    def category_ids(self) -> list[Any]:
        """Ids of all categories."""
        found: list[Any] = self._once("category ids", lambda: self._ids("categories", "id"))
        return found

    def getAnnIds(
        self, imgIds: Any = (), catIds: Any = (), areaRng: Sequence[float] = (), iscrowd: bool | None = None
    ) -> list[Any]:
        """Ids of the annotations that fit all that is given."""
        imgIds, catIds = _listed(imgIds), _listed(catIds)
        found: Iterable[Record] = self.dataset.get("annotations", [])
        if len(imgIds):
            found = [record for i in imgIds if i in self.imgToAnns for record in self.imgToAnns[i]]
        if len(catIds):
            found = [record for record in found if record["category_id"] in catIds]
        if len(areaRng):
            found = [record for record in found if areaRng[0] < record["area"] < areaRng[1]]
        return [record["id"] for record in found if iscrowd is None or record.get("iscrowd", 0) == iscrowd]

    def getCatIds(self, catNms: Any = (), supNms: Any = (), catIds: Any = ()) -> list[Any]:
        """Ids of the categories that fit all that is given: names, names of supercategories, ids."""
        if not any(len(_listed(given)) for given in (catNms, supNms, catIds)):
            return list(self.category_ids)
        found = self.dataset.get("categories", [])
        for name, allowed in (("name", _listed(catNms)), ("supercategory", _listed(supNms)), ("id", _listed(catIds))):
            found = [record for record in found if not len(allowed) or record[name] in allowed]
        return [record["id"] for record in found]

    def getImgIds(self, imgIds: Any = (), catIds: Any = ()) -> list[Any]:
        """Ids of the images among ``imgIds`` that have all of the categories."""
        imgIds, catIds = _listed(imgIds), _listed(catIds)
        if not len(imgIds) and not len(catIds):
            return list(self.image_ids)
        ids = set(imgIds)
        for i, category in enumerate(catIds):
            of_category = set(self.catToImgs[category])
            ids = of_category if i == 0 and not ids else ids & of_category
        return list(ids)

    def loadAnns(self, ids: Any = ()) -> list[Record]:
        """The annotations with these ids."""
        return [self.anns[i] for i in _listed(ids)]

    def loadCats(self, ids: Any = ()) -> list[Record]:
        """The categories with these ids."""
        return [self.cats[i] for i in _listed(ids)]

    def loadImgs(self, ids: Any = ()) -> list[Record]:
        """The images with these ids."""
        return [self.imgs[i] for i in _listed(ids)]

    def loadRes(self, resFile: str | Path | Sequence[Mapping[str, Any]] | Array) -> COCO:
        """Detections on these images: a results file, a list of results, or an array (n, 7).

        Results are dicts with ``image_id``, ``category_id``, ``bbox`` (x, y, w, h) and ``score``; an array's columns
        are image id, x, y, w, h, score, category id. The list is not changed. It may be empty.
        """
        loaded = COCO()
        if isinstance(resFile, str | Path):
            path = Path(resFile)
            document = coco_records.read(path, IMAGE | CATEGORY | BOX | SCORE)
            if not document.listed:
                raise InputError(str(path), "a COCO results file: a list of detections", "an object", "Name another.")
            table, where = Table.of_document(document, results=True), document.where
            records: Callable[[], Any] = partial(_decoded, path, path.stat().st_mtime_ns)
        else:
            given = _as_records(resFile) if isinstance(resFile, np.ndarray) else resFile
            _check_results(given)
            table, where = Table.of_records(given, "loadRes, result", results=True), "loadRes, result {}".format
            records = partial(list, given)
        known = set(self.image_ids)
        if unknown := [image for image in table.rows if image not in known]:
            raise InputError(where(int(table.rows[unknown[0]][0])), "an image_id of the truth", repr(unknown[0]),
                             "Detect on the images of the truth, and number them as it does.")  # fmt: skip
        loaded._pending = partial(_completed, self, records, table.area)
        loaded._made["table"] = table
        return loaded


def _check_results(records: Any) -> None:
    if not isinstance(records, list | tuple):
        raise InputError("loadRes", "a list of results", type(records).__name__, "Give a list of dicts, a dict a box.")
    first = records[0] if records else {"bbox": ()}
    if isinstance(first, Mapping) and "bbox" not in first and {"segmentation", "keypoints"} & first.keys():
        raise InputError("loadRes, result 0", "a dict with bbox", f"keys {', '.join(map(str, first))}", MASKS)


def _as_records(array: Array) -> list[Record]:
    """Results in an array (n, 7) as dicts."""
    if array.ndim != 2 or array.shape[1] != 7:
        raise InputError("loadRes", "an array of shape (n, 7): image, x, y, w, h, score, category", str(array.shape),
                         "Give these seven columns.")  # fmt: skip
    return [
        {"image_id": int(row[0]), "bbox": row[1:5], "score": row[5], "category_id": int(row[6])}
        for row in array.tolist()
    ]


def _decoded(path: Path, changed: int) -> Any:
    """What is in a file that was read before, and must be as it was."""
    if not path.is_file() or path.stat().st_mtime_ns != changed:
        raise InputError(str(path), "the file as it was when it was loaded", "another or none",
                         "Keep the file, or ask for its annotations before it changes.")  # fmt: skip
    return jsonfile.decode(jsonfile.load(path))


def _completed(truth: COCO, records: Callable[[], list[Record]], area: Floats) -> dict[str, Any]:
    """Results as a dataset, on the truth's images and with what loadRes adds."""
    annotations = [
        {**record, "area": size, "id": i, "iscrowd": 0}
        for i, (record, size) in enumerate(zip(records(), area.tolist(), strict=True), 1)
    ]
    shared = {name: truth.dataset.get(name, []) for name in ("images", "categories")}
    return {**shared, "annotations": annotations}


def _listed(values: Any) -> Any:
    """One id or name as a list of it, as pycocotools allows."""
    several = hasattr(values, "__iter__") and hasattr(values, "__len__") and not isinstance(values, str)
    return values if several else [values]
