"""Annotations and results as columns, from a COCO file or from dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype import coco_records
from optotype.box_checks import check_numbers
from optotype.coco_records import Document
from optotype.errors import InputError
from optotype.kernels.record_keys import AREA, BOX, CATEGORY, ID, IGNORE, IMAGE, SCORE
from optotype.tables import Array, Floats, Ints

Record = dict[str, Any]
Records = Sequence[Mapping[str, Any]]

_NO_FLAGS, _NO_IDS = np.zeros(0, np.bool_), np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Table:
    """Annotations as columns, in the order of their list.

    ``rows`` of each image by its id; ``category`` (n,) positions in ``categories``, the ids that occur; ``area`` is NaN
    where there is none; ``score`` None: the truth, of which alone there are ``crowd`` and ``id``. ``ignored``: some
    have ``ignore`` set.
    """

    rows: dict[Any, Array]
    categories: list[Any]
    category: Ints
    box: Floats
    area: Floats
    crowd: Array
    id: Array
    score: Floats | None
    ignored: bool

    @classmethod
    def of(cls, image: Any, category: Any, *columns: Any) -> Table:
        """From image and category id of each row, and the other columns as they stand above."""
        images, place = _coded(image)
        order = np.argsort(place, kind="stable")
        ends = np.searchsorted(place[order], np.arange(len(images) + 1)).tolist()
        rows = {name: order[first:last] for name, first, last in zip(images, ends, ends[1:], strict=False)}
        return cls(rows, *_coded(category), *columns)

    @classmethod
    def of_records(cls, records: Records, where: str, *, results: bool = False) -> Table:
        """From dicts; of results the area is w · h. An InputError names the first dict that is wrong."""
        image, category = (ids_of(records, name, where) for name in ("image_id", "category_id"))
        box = _numbers(records, "bbox", where, shape=(4,))
        check_numbers(box, lambda row: f"{where} {row}")
        if results:
            score = _numbers(records, "score", where)
            return cls.of(image, category, box, box[:, 2] * box[:, 3], _NO_FLAGS, _NO_IDS, score, False)
        area = _numbers(records, "area", where, optional=True)
        if any("score" in record for record in records):
            return cls.of(image, category, box, area, _NO_FLAGS, _NO_IDS, _numbers(records, "score", where), False)
        crowd = np.array([bool(record.get("iscrowd", 0)) for record in records], np.bool_)
        number = _whole_numbers(records, "id", where)
        ignored = any(record.get("ignore") and not record.get("iscrowd") for record in records)
        return cls.of(image, category, box, area, crowd, number, None, ignored)

    @classmethod
    def of_document(cls, document: Document, *, results: bool) -> Table:
        """From a file."""
        coco_records.require(document, IMAGE | CATEGORY | BOX | (SCORE if results else ID))
        found = document.records
        check_numbers(found.box, document.where)
        if results:
            if len(bad := np.flatnonzero(~np.isfinite(found.score))):
                raise InputError(f"{document.where(int(bad[0]))}, 'score'", "a finite number",
                                 str(found.score[bad[0]]), "Correct or drop it.")  # fmt: skip
            area = found.box[:, 2] * found.box[:, 3]
            return cls.of(found.image, found.category, found.box, area, _NO_FLAGS, _NO_IDS, found.score, False)
        area = np.where(found.has & AREA, found.area, np.nan)
        ignored = bool((found.has & IGNORE > 0)[~found.crowd].any())
        return cls.of(found.image, found.category, found.box, area, found.crowd, found.id, None, ignored)


def _coded(values: list[Any] | Array) -> tuple[list[Any], Ints]:
    """The distinct values, and the position of each value among them."""
    if isinstance(values, np.ndarray):
        known, code = np.unique(values, return_inverse=True)
        return known.tolist(), code.astype(np.int32)
    place: dict[Any, int] = {}
    codes = [place.setdefault(value, len(place)) for value in values]
    return list(place), np.array(codes, np.int32)


def ids_of(records: Records, name: str, where: str) -> list[Any]:
    """A column of ids, whole numbers or text; an InputError names the first record that has none."""
    values = _column(records, name, where)
    if wrong := {kind for kind in {*map(type, values)} if not issubclass(kind, str | int | float | np.integer)}:
        row = next(row for row, value in enumerate(values) if type(value) in wrong)
        raise InputError(f"{where} {row}, '{name}'", "a whole number or text", f"{values[row]!r:.80}", "Correct it.")
    return values


def _column(records: Records, name: str, where: str) -> list[Any]:
    try:
        return [record[name] for record in records]
    except (KeyError, TypeError):
        i = next(i for i, record in enumerate(records) if not isinstance(record, Mapping) or name not in record)
    got = f"keys {', '.join(map(str, records[i]))}" if isinstance(records[i], Mapping) else type(records[i]).__name__
    raise InputError(f"{where} {i}", f"a dict with {name}", got, "Complete it.")


def _numbers(records: Records, name: str, where: str, *, shape: tuple[int, ...] = (), optional: bool = False) -> Floats:
    """A column of finite numbers, (n, *shape); NaN where an ``optional`` one is absent, None or NaN."""
    values = [record.get(name) for record in records] if optional else _column(records, name, where)
    numbers = _as_numbers(values, (len(values), *shape), optional) if values else np.zeros((0, *shape))
    if numbers is not None:
        return numbers
    row = next(row for row, value in enumerate(values) if _as_numbers(value, shape, optional) is None)
    expected = "four finite numbers x, y, w, h" if shape else "a finite number"
    raise InputError(f"{where} {row}, '{name}'", expected, f"{values[row]!r:.80}", "Correct or drop it.")


def _as_numbers(value: Any, shape: tuple[int, ...], optional: bool) -> Floats | None:
    """Finite numbers of this shape, or NaN where they are optional; None for anything else."""
    try:
        numbers = np.asarray(value, np.float64)  # makes None NaN
    except (TypeError, ValueError, OverflowError):
        return None
    fine = np.isfinite(numbers) | (optional & np.isnan(numbers))
    return numbers if numbers.shape == shape and bool(fine.all()) else None


def _whole_numbers(records: Records, name: str, where: str) -> NDArray[np.int64]:
    """A column of whole numbers; not by way of floats, which have them to 2⁵³ only."""
    values = _column(records, name, where)
    row = next((row for row, value in enumerate(values) if not _is_whole(value)), None)
    if row is None:
        return np.array(values, np.int64)
    raise InputError(f"{where} {row}, '{name}'", "a whole number of at most 64 bits", f"{values[row]!r:.80}",
                     "Correct it.")  # fmt: skip


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float | np.integer) and bool(-(1 << 63) <= value < 1 << 63 and value % 1 == 0)
