"""Which category of the detections is which of the truth: as asked for, and finding out when the numbering is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from optotype import delimited
from optotype.box_checks import index_of
from optotype.box_geometry import iou, pairs_within
from optotype.classes import natural_order
from optotype.errors import InputError, did_you_mean
from optotype.tables import Array, Boxes, Floats

NAMED = {
    "coco80-to-91": "the 80 classes of COCO, numbered from 0 or from 1 without gaps",
    "contiguous": "the truth's categories, numbered from 0 or from 1 without gaps",
    "known-only": "ids as they are; detections of categories that the truth lacks are left out, as pycocotools does",
}
"""What ``--map-categories`` takes by name; anything else is a file."""

COCO_IDS = np.array([i for i in range(1, 91) if i not in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)], np.int64)
"""COCO's ids of its 80 classes."""

_OPTION = "--map-categories"
_FILE = 'Write a JSON or YAML object, or a CSV with the columns detection,truth: {"17": "cat", "5": null}; null drops.'
_CONFIDENT, _OVERLAP = 2000, 0.5
_LEAST_HITS, _CLEARLY = 10, 2.0


@dataclass(frozen=True, eq=False)
class Detections:
    """What the numbering of a file's categories is judged by.

    ``category`` (n,) int64 or text as in the file, ``item`` (n,) rows of the truth's items, ``box`` (n, 4), ``score``
    (n,); ``truth`` and its ``ids`` (K,), ascending.
    """

    path: Path
    category: Array
    item: Array
    box: Floats
    score: Floats
    truth: Boxes
    ids: NDArray[np.int64]

    @cached_property
    def _overlaps(self) -> tuple[Array, Array, Array]:
        """The most confident detections, and pairs (place among them, truth row) that overlap by half or more."""
        n = min(_CONFIDENT, len(self.score))
        chosen = np.argpartition(-self.score, n - 1)[:n] if n else np.zeros(0, np.intp)
        pair, row = pairs_within(self.item[chosen], self.truth.item)
        near = iou(self.box[chosen[pair]], self.truth.box[row]) >= _OVERLAP
        return chosen, pair[near], row[near]

    def hits(self, label: Array) -> int:
        """How many of the most confident detections overlap an object of the class that ``label`` (n,) says."""
        chosen, pair, row = self._overlaps
        return len(np.unique(pair[label[chosen[pair]] == self.truth.label[row]]))

    @property
    def looked_at(self) -> int:
        """Number of detections that ``hits`` looks at."""
        return len(self._overlaps[0])


def labels(found: Detections, mapping: str | Path | Mapping[Any, Any] | None) -> tuple[Array, list[str]]:
    """Class of each detection (n,), −1 for those to be left out, and sentences on what was done or looks wrong.

    Ids are the truth's unless ``mapping`` says otherwise: a name (``NAMED``), a file, or a dict from the detections'
    ids to names or ids of the truth, None for those to be left out. InputErrors say what the ids look like and what to
    type.
    """
    if mapping is None:
        return _as_they_are(found)
    if isinstance(mapping, Mapping):
        return _by_table(found, "mapping", {_text(key): value for key, value in mapping.items()})
    if str(mapping) == "known-only":
        label = index_of(_whole(found), found.ids)
        return label, _left_out(label)
    if str(mapping) in NAMED:
        return _counted(found, str(mapping))
    return _by_table(found, str(mapping), _file(Path(mapping)))


def _whole(found: Detections) -> Array:
    if found.category.dtype.kind == "U":
        names = natural_order(found.category.tolist())
        got = ", ".join(map(repr, names[:5])) + (f" … ({len(names)} in all)" if len(names) > 5 else "")
        raise InputError(f"{found.path}, 'category_id'", "whole numbers, the truth's category ids", got,
                         f"Say which is which with {_OPTION} FILE. {_FILE}")  # fmt: skip
    return found.category


def _numberings(found: Detections, used: Array, ids: Array) -> dict[int, Array]:
    """Classes (n,) under numberings of ``ids`` without gaps from 0 or from 1, where the ``used`` ids allow them."""
    place = index_of(ids, found.ids)
    given = found.category
    return {
        base: np.where(given >= base, place[np.clip(given - base, 0, len(ids) - 1)], -1)
        for base in (0, 1)
        if len(used) and used[0] >= base and used[-1] < len(ids) + base
    }


def _best(found: Detections, numberings: dict[int, Array]) -> int:
    """The numbering under which most detections agree with the truth; from 0 where nothing tells."""
    return max(numberings, key=lambda base: (found.hits(numberings[base]), -base))


def _as_they_are(found: Detections) -> tuple[Array, list[str]]:
    given = _whole(found)
    label = index_of(given, found.ids)
    unknown = label < 0
    if not unknown.any():
        return label, _suspicion(found, label)
    used = np.unique(given)
    lacking = used[index_of(used, found.ids) < 0]
    shown = ", ".join(map(str, lacking[:10].tolist())) + (" …" if len(lacking) > 10 else "")
    got = (
        f"{shown} (unknown ids: {len(lacking)}; detections with them: {np.count_nonzero(unknown):,} of {len(given):,})"
    )
    fix = (
        f"Correct the ids, or pass {_OPTION}: a file, or known-only to leave those detections out as pycocotools does."
    )
    plausible = {base: other for base, other in _numberings(found, used, found.ids).items() if base not in _span(found)}
    if plausible:
        base = _best(found, plausible)
        if found.hits(plausible[base]) >= found.hits(label):
            got += f". The ids lie between {used[0]} and {used[-1]}, as those of {_numbered(found, base)}"
            fix = f"Pass {_OPTION} {_name(found)}. Or, if the ids are right, {_OPTION} known-only."
    raise InputError(f"{found.path}, 'category_id'", f"ids of the truth: {_listed(found.ids)}", got, fix)


def _span(found: Detections) -> tuple[int, ...]:
    """The base of the truth's own ids if they have no gaps: that numbering is none other."""
    return (int(found.ids[0]),) if len(found.ids) and found.ids[-1] - found.ids[0] == len(found.ids) - 1 else ()


def _suspicion(found: Detections, label: Array) -> list[str]:
    """A warning where known ids agree far better with the truth under another numbering."""
    at = np.flatnonzero(np.bincount(label, minlength=len(found.ids)))
    numberings = _numberings(found, found.ids[at], found.ids)
    others = {base: other for base, other in numberings.items() if base not in _span(found)}
    if not others:
        return []
    base = _best(found, others)
    there, here, n = found.hits(others[base]), found.hits(label), found.looked_at
    if there < _LEAST_HITS or there < _CLEARLY * here:
        return []
    return [
        f"The detections' category ids look like {_numbered(found, base)}, not like the truth's: of the {n:,} most "
        f"confident, {there / n:.0%} overlap an object of their class if so, and {here / n:.0%} as the ids stand. "
        f"If it is so, pass {_OPTION} {_name(found)}."
    ]


def _name(found: Detections) -> str:
    return "coco80-to-91" if np.array_equal(found.ids, COCO_IDS) else "contiguous"


def _numbered(found: Detections, base: int) -> str:
    n = len(found.ids)
    return f"models that number the {n} classes from {base} to {n - 1 + base} without gaps"


def _listed(ids: Array) -> str:
    if len(ids) <= 12:
        return ", ".join(map(str, ids.tolist())) or "none"
    return f"{len(ids)} from {ids[0]} to {ids[-1]}" + ("" if ids[-1] - ids[0] == len(ids) - 1 else ", with gaps")


def _counted(found: Detections, name: str) -> tuple[Array, list[str]]:
    """Ids that count classes, COCO's or the truth's."""
    given = _whole(found)
    ids = COCO_IDS if name == "coco80-to-91" and len(found.ids) != len(COCO_IDS) else found.ids
    if not len(given):
        return np.zeros(0, np.int64), []
    used = np.unique(given)
    numberings = _numberings(found, used, ids)
    if not numberings:
        expected = f"ids from 0 to {len(ids) - 1}, or from 1 to {len(ids)}, for {name}"
        fix = f"Leave {_OPTION} out if the ids are the truth's."
        raise InputError(f"{found.path}, 'category_id'", expected, f"ids from {used[0]} to {used[-1]}", fix)
    base = _best(found, numberings)
    label = numberings[base]
    said = [f"Category ids were taken as numbers from {base} on of {NAMED[name].split(',')[0]} ({_OPTION} {name})."]
    as_given = index_of(given, found.ids)
    there, here = found.hits(label), found.hits(as_given)
    if here >= _LEAST_HITS and here >= _CLEARLY * there:
        said.append(
            f"Without {_OPTION} {name} the detections agree better with the truth; are the ids its own already?"
        )
    return label, said + _left_out(label)


def _left_out(label: Array) -> list[str]:
    if not (dropped := int(np.count_nonzero(label < 0))):
        return []
    return [f"{dropped:,} of {len(label):,} detections are of categories that the truth lacks; they were left out."]


def _by_table(found: Detections, where: str, table: dict[str, Any]) -> tuple[Array, list[str]]:
    used, at = np.unique(found.category, return_inverse=True)
    names = [str(value) for value in used.tolist()]
    if lacking := [name for name in names if name not in table]:
        got = ", ".join(lacking[:10]) + (f" … ({len(lacking)} in all)" if len(lacking) > 10 else "")
        raise InputError(where, f"every category of {found.path}", f"nothing for {got}", _FILE)
    by_name = {name: row for row, name in enumerate(found.truth.classes)}
    by_id = {str(number): row for row, number in enumerate(found.ids.tolist())}
    target = np.array([_target(by_name, by_id, f"{where}, '{name}'", table[name]) for name in names], np.int64)
    label = target[at] if len(target) else np.zeros(0, np.int64)
    dropped = int(np.count_nonzero(label < 0))
    said = [f"{dropped:,} of {len(label):,} detections are of categories that {where} drops."] if dropped else []
    return label, said


def _target(by_name: dict[str, int], by_id: dict[str, int], where: str, value: Any) -> int:
    """The class that a name or an id of the truth stands for; a number is an id first, a text a name first."""
    if value is None or value == "":
        return -1
    first, second = (by_name, by_id) if isinstance(value, str) else (by_id, by_name)
    row = first.get(_text(value), second.get(_text(value)))
    if row is None:
        raise InputError(where, "a class of the truth, its name or id", repr(value),
                         did_you_mean(_text(value), by_name))  # fmt: skip
    return row


def _text(value: Any) -> str:
    return str(value).strip()


def _file(path: Path) -> dict[str, Any]:
    """A map from a file, keys as text."""
    if not path.is_file():
        choices = f"{', '.join(NAMED)}, or a file"
        raise InputError(_OPTION, choices, repr(str(path)), did_you_mean(str(path), NAMED))
    try:
        match path.suffix.lower():
            case ".csv" | ".tsv":
                table = delimited.read(path, required=("detection", "truth"), fix=_FILE)
                pairs = zip(table.column("detection"), table.column("truth"), strict=True)
                return {_text(key): _text(value) for key, value in pairs}
            case ".yaml" | ".yml":
                found = yaml.safe_load(path.read_text(encoding="utf-8"))
            case _:
                found = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise InputError(str(path), "a map of categories", str(error), _FILE) from error
    if not isinstance(found, dict):
        raise InputError(str(path), "a map of categories", f"{found!r:.80}", _FILE)
    return {_text(key): value for key, value in found.items()}
