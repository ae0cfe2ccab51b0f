"""Reading what a segmentation is judged by."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np

from optotype import class_maps
from optotype.data.frame_groups import grouped
from optotype.errors import InputError, did_you_mean
from optotype.formats import read_mask_classes, read_mask_predictions, read_masks, write_mask_manifest
from optotype.label_maps import Unknown
from optotype.machine import usable_cores
from optotype.mapped_masks import mapped, unmapped
from optotype.tables import Masks
from optotype.tasks.reading import Asked, Read
from optotype.tasks.segment.rules import THRESHOLDS, VOIDS, Rules

UNKNOWN = ("error", "void")
_THRESHOLDS = re.compile(r"(0(?:\.\d+)?|1(?:\.0+)?):(0(?:\.\d+)?|1(?:\.0+)?):(0\.\d+|1)")
TENTH = Fraction(1, 10)


def read(asked: Asked) -> Read:
    """Label maps of both sides: a data set's folder or a folder of PNG files, against a folder of PNG files."""
    asked.only("segment", "split", "classes", "void", "unknown", "group", "map_classes", "thresholds")
    asked.check_protocol("plain")
    rules = rules_of(asked)
    unknown = _unknown(asked.unknown)
    classes = None if asked.classes is None else read_mask_classes(asked.classes)
    source = Path(asked.truth)
    found = read_masks(source, classes=classes, split=asked.split, unknown=unknown)
    truth, warnings = found.masks, list(found.warnings)
    known = found.classes if found.classes.values else classes
    names = None if asked.map_classes is None else class_maps.read(asked.map_classes).used(truth.classes)
    answers = read_mask_predictions(asked.predictions, truth, classes=known, unknown=unknown, names=names)
    said = answers.masks
    warnings += answers.warnings
    if names is not None:
        if gone := unmapped(truth, names):
            many = "1 class has" if len(gone) == 1 else f"{len(gone)} classes have"
            warnings.append(f"--map-classes: {many} no name there; such truth is void: {', '.join(gone)}.")
        truth, said = mapped(truth, names), mapped(said, names)
    items, told = grouped(truth.items, asked.group)
    warnings += told
    truth, said = replace(truth, items=items), replace(said, items=items)
    return Read(truth, said, items, source, tuple(warnings), {"rules": rules})


def rules_of(asked: Asked) -> Rules:
    """The conventions with the user's changes.

    >>> rules_of(Asked("truth", Path("said"), void="as-fp", thresholds="0.5:1:0.1")).thresholds
    (5, 6, 7, 8, 9, 10)
    """
    rules = Rules()
    if asked.void is not None:
        if asked.void not in VOIDS:
            raise InputError("--void", f"one of {', '.join(VOIDS)}", repr(asked.void), did_you_mean(asked.void, VOIDS))
        rules = replace(rules, void=asked.void)
    if asked.thresholds is not None:
        rules = replace(rules, thresholds=_thresholds(asked.thresholds))
    return rules


def _thresholds(text: str) -> tuple[int, ...]:
    """Tenths of ``LOW:HIGH:0.1``, both ends in it."""
    found = _THRESHOLDS.fullmatch(text.strip())
    tenths = [Fraction(part) / TENTH for part in found.groups()] if found else []
    if not tenths or any(part.denominator != 1 for part in tenths) or not tenths[2] or tenths[0] > tenths[1]:
        raise InputError("--thresholds", "LOW:HIGH:STEP in tenths, such as 0.1:1:0.1", repr(text),
                         f"Leave it out for {THRESHOLDS[0] / 10:g} … {THRESHOLDS[-1] / 10:g}.")  # fmt: skip
    low, high, step = (int(part) for part in tenths)
    return tuple(range(low, high + 1, step))


def _unknown(text: str | None) -> Unknown:
    if text is not None and text not in UNKNOWN:
        raise InputError("--unknown", f"one of {', '.join(UNKNOWN)}", repr(text), "Leave it out to have them refused.")
    return cast(Unknown, text or "error")


def keep(path: Path, truth: Masks) -> None:
    """Write the frames that were judged and where their label maps lie, for the report and for 'explain'."""
    write_mask_manifest(path, truth)


def digest(masks: Masks) -> str:
    """Hash of keys, classes and pixels in key order: equal label maps are equal in whatever files they came."""
    order = np.argsort(masks.items.key, kind="stable").tolist()

    def hashed(i: int) -> bytes:
        labels = np.ascontiguousarray(masks.maps[i])
        return hashlib.blake2b(repr(labels.shape).encode() + labels.tobytes(), digest_size=32).digest()

    found = hashlib.sha256("\0".join(masks.classes).encode())
    with ThreadPoolExecutor(usable_cores()) as pool:
        for i, pixels in zip(order, pool.map(hashed, order), strict=True):
            found.update(f"\0{masks.items.key[i]}\0".encode(errors="surrogateescape") + pixels)
    return found.hexdigest()
