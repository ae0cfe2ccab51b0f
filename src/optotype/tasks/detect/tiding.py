"""TIDE's numbers of one evidence, in all variants, as they stand in ``eval.json``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from optotype.evidence import Evidence
from optotype.machine import usable_cores
from optotype.metrics import tide
from optotype.results import Metric
from optotype.tables import Floats
from optotype.tasks.measured import number

ERRORS = ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss")
"""The six main errors, in tidecv's order."""
BY_SIZE = "coco-range"
"""The convention of the sizes that carry intervals; its ranges are those of AP by size."""

Interval = Callable[[str], tuple[float | None, float | None]]


@dataclass(frozen=True, eq=False)
class Tides:
    """Layouts and values of all variants, by the variant's key.

    Resampled are protocol ``tide`` as a whole and by size (``coco-range``), and ``tide-coco`` as a whole.
    """

    layouts: dict[str, tide.Layout]
    found: dict[str, tide.Values]

    @classmethod
    def of(cls, evidence: Evidence, threads: int = 0) -> Tides:
        """Lay out and sweep every variant, by ``threads`` threads (0: all cores)."""

        def one(variant: tide.Variant) -> tuple[tide.Layout, tide.Values]:
            layout = tide.lay_out(evidence, variant)
            return layout, tide.values(layout)

        with ThreadPoolExecutor(threads or usable_cores()) as pool:
            made = dict(zip([v.key for v in tide.VARIANTS], pool.map(one, tide.VARIANTS), strict=True))
        return cls({key: layout for key, (layout, _) in made.items()}, {key: found for key, (_, found) in made.items()})

    @property
    def resampled(self) -> list[str]:
        """Keys of the variants that carry intervals."""
        return [v.key for v in tide.VARIANTS if v.size == 0 or (not v.coco and v.convention == BY_SIZE)]

    @property
    def keys(self) -> list[str]:
        """Names of what ``lanes`` gives, such as ``tide.Cls`` and ``tide/coco-range/small.Cls``."""
        return [f"{variant}.{key}" for variant in self.resampled for key in tide.KEYS]

    @property
    def values(self) -> dict[str, float]:
        """The same of the data as they are, in points."""
        return {f"{v}.{key}": self._value(v, key) for v in self.resampled for key in tide.KEYS}

    def lanes(self, weights: Floats) -> Floats:
        """The numbers of ``keys`` under the weights of resamples, (m, LANES)."""
        return np.concatenate([tide.lanes(self.layouts[v], weights) for v in self.resampled])

    def _value(self, variant: str, key: str) -> float:
        return float(self.found[variant].headline[tide.KEYS.index(key)])

    def numbers(self, variant: str, interval: Interval) -> dict[str, Metric]:
        """A variant's numbers under their short keys."""
        return {
            key: points(self._value(variant, key), key, interval(f"{variant}.{key}")) for key in tide.KEYS
        }  # fmt: skip

    def of_size(self, size: str, interval: Interval) -> dict[str, Metric]:
        """Protocol ``tide`` of one size in the convention that carries intervals; empty for a size that COCO lacks."""
        variant = f"tide/{BY_SIZE}/{size}"
        return self.numbers(variant, interval) if variant in self.found else {}

    def of_class(self, k: int) -> dict[str, Metric]:
        """Protocol ``tide`` of one class."""
        row = self.found["tide"].per_class[k]
        return {key: points(float(row[i]), key) for i, key in enumerate(tide.KEYS)}

    def as_errors(self, interval: Interval) -> dict[str, Any]:
        """All variants for ``eval.json``: the two protocols, then ``sizes`` by convention, each with its counts."""
        sizes: dict[str, dict[str, Any]] = {}
        whole: dict[str, Any] = {}
        for v in tide.VARIANTS:
            if v.size == 0:
                whole[v.key] = _plain(self.numbers(v.key, interval))
                whole.setdefault("counts", {})[v.key] = self._counts(v.key)
            else:
                of = sizes.setdefault(f"{v.protocol}/{v.convention}", {})
                of[tide.SIZES[v.size]] = _plain(self.numbers(v.key, interval)) | {"counts": self._counts(v.key)}
        return whole | {"sizes": sizes}

    def _counts(self, variant: str) -> dict[str, int]:
        """Objects, ignored regions and detections, errors of each type, and those that the AP does not hold."""
        tally = self.found[variant].tally
        errors = tally.errors.sum(axis=0).tolist()
        return {
            "truth": int(tally.objects.sum()),
            "regions": int(tally.regions.sum()),
            "predictions": int(tally.detections.sum()),
            **{name: int(n) for name, n in zip(ERRORS, errors, strict=True)},
            "ignored": int(tally.ignored.sum()),
        }


def points(value: float, key: str, ends: tuple[float | None, float | None] = (None, None)) -> Metric:
    """A number of TIDE in AP points: of errors less is better."""
    known = number(value)
    low, high = ends if known is not None else (None, None)
    return Metric(known, low, high, "points", "higher" if key == "AP50" else "lower")


def _plain(metrics: dict[str, Metric]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(metrics)
    return plain
