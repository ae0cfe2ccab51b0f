"""What an evaluator of segmentations does with its batches: label maps are matched as they come, none is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, did_you_mean
from optotype.evidence import Evidence, merge
from optotype.results import Result, Source
from optotype.studies.evaluator_boxes import SOURCE, classes_of
from optotype.studies.judging import result_of
from optotype.tables import OTHER, VOID, Array, Items, Masks
from optotype.tasks.handing import array_of
from optotype.tasks.segment import match, measure
from optotype.tasks.segment.rules import VOIDS, Rules, Void

FARTHEST = 1 << 20
"""Labels lie less than this apart, so that what each becomes can be looked up."""


class Batch(NamedTuple):
    """What a batch left: its evidence, and the hash of each image's label map on both sides."""

    evidence: Evidence
    hashes: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class MapSide:
    """Classes by label, the label of void pixels, and the rules."""

    classes: Mapping[int, str]
    ignore: int
    rules: Rules

    @classmethod
    def of(cls, classes: Sequence[str] | Mapping[int, str] | int | None, ignore: int, void: Void) -> MapSide:
        """From what the user says, checked."""
        known = classes_of(classes)
        if known is None or len(known) >= OTHER:
            raise InputError("Evaluator, classes", f"1 to {OTHER - 1} classes of a segmentation", repr(classes),
                             "Name the classes: classes=…")  # fmt: skip
        if ignore in known:
            raise InputError("Evaluator, ignore", "a label that is no class", f"{ignore}, '{known[ignore]}'",
                             "Leave void out of classes.")  # fmt: skip
        if max(far := [*known, ignore]) - min(far) >= FARTHEST:
            raise InputError("Evaluator, classes and ignore", f"labels less than {FARTHEST:,} apart",
                             f"{min(far)} … {max(far)}", "Number the classes anew.")  # fmt: skip
        if void not in VOIDS:
            raise InputError("Evaluator, void", f"one of {', '.join(VOIDS)}", repr(void), did_you_mean(void, VOIDS))
        return cls(known, ignore, Rules(void))

    def entries(self, given: Any) -> Sequence[object]:
        """One entry an image, also of a batch in one array or tensor."""
        return list(given) if hasattr(given, "shape") and len(given.shape) >= 3 else given

    def batch(self, predictions: Sequence[object], targets: Sequence[object], names: Sequence[str]) -> Batch | None:
        """The evidence of a batch; None of an empty one."""
        if not names:
            return None
        truth = [self._map(entry, name, truth=True) for entry, name in zip(targets, names, strict=True)]
        said = [self._map(entry, name, truth=False) for entry, name in zip(predictions, names, strict=True)]
        items, K = Items.of(names), len(self.classes)
        sides = (Masks(items, tuple(self.classes.values()), maps, np.zeros((K, 3), np.uint8)) for maps in (truth, said))
        found = match(*sides, rules=self.rules)
        hashes = {name: (_hash(a), _hash(b)) for name, a, b in zip(names, truth, said, strict=True)}
        return Batch(found, hashes)

    def headline(self, batches: Sequence[Batch], groups: Mapping[str, str]) -> dict[str, float | None]:
        """Pixel accuracy, mean IoU and so on."""
        found = measure(_whole(batches, groups), resamples=0, rules=self.rules)
        return {key: metric.value for key, metric in found.metrics.items()}

    def result(self, batches: Sequence[Batch], groups: Mapping[str, str], *, resamples: int, seed: int) -> Result:
        """Everything, with intervals."""
        measured = measure(_whole(batches, groups), resamples=resamples, seed=seed, rules=self.rules)
        return result_of("segment", measured, (), _sources(batches))

    def _map(self, entry: Any, name: str, *, truth: bool) -> NDArray[np.uint8]:
        """A label map in positions of the classes, VOID and OTHER."""
        where = f"{'target' if truth else 'prediction'} of image '{name}'"
        if not truth and getattr(entry, "ndim", 2) == 3:
            if len(entry) != len(self.classes):
                got = f"shape {tuple(entry.shape)}"
                raise InputError(
                    where, f"a label map, or scores of {len(self.classes)} classes", got, "Check the head."
                )
            entry = entry.argmax(0)
        values = array_of(entry, "label map", where)
        if values.ndim != 2 or values.dtype.kind not in "iub":
            raise InputError(where, "a label map of whole numbers (height, width)",
                             f"{values.dtype} of shape {values.shape}", "Give class indices.")  # fmt: skip
        low, table = self._places
        found = table[np.clip(values.astype(np.int64), low, low + len(table) - 1) - low]
        if truth and (found == OTHER).any():
            y, x = np.argwhere(found == OTHER)[0].tolist()
            labels = list(self.classes)
            expected = f"one of {labels[0]} … {labels[-1]}, {len(labels)} classes, or {self.ignore} for void"
            fix = "Name all classes, give classes={label: name}, or say with ignore= what void is."
            raise InputError(f"{where}, x {x}, y {y}", expected, str(values[y, x]), fix)
        return found

    @cached_property
    def _places(self) -> tuple[int, NDArray[np.uint8]]:
        """What each value becomes, from the first one of the table on; both its ends are no labels."""
        known = [*self.classes, self.ignore]
        low = min(known) - 1
        table = np.full(max(known) + 2 - low, OTHER, np.uint8)
        table[self.ignore - low] = VOID
        table[np.array(list(self.classes), np.int64) - low] = np.arange(len(self.classes))
        return low, table


def _whole(batches: Sequence[Batch], groups: Mapping[str, str]) -> Evidence:
    """The evidence of all batches, its images in their groups."""
    found = merge(batch.evidence for batch in batches)
    items = Items.of(found.keys, group=[groups[key] for key in found.keys.tolist()])
    return replace(found, groups=items.groups())


def _hash(labels: Array) -> str:
    return hashlib.sha256(f"{labels.shape}".encode() + labels.tobytes()).hexdigest()


def _sources(batches: Sequence[Batch]) -> tuple[Source, Source]:
    """Hashes of both sides, whatever the order of arrival."""
    hashes = sorted((name, *both) for batch in batches for name, both in batch.hashes.items())
    sides = [hashlib.sha256("\n".join(f"{row[0]} {row[side]}" for row in hashes).encode()) for side in (1, 2)]
    return Source(SOURCE, sides[0].hexdigest()), Source(SOURCE, sides[1].hexdigest())
