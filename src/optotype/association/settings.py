"""The settings of the trackers, checked, and what each sequence makes of them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, ClassVar, TypeAlias

from optotype.errors import InputError

FLAGS = frozenset((
    "high", "low", "start", "match", "iou_threshold", "buffer", "max_lost", "max_age", "min_hits", "min_area",
    "max_ratio",
))  # fmt: skip
"""Settings that have an option of their own on the command line; all others are given by ``--set``."""

RATE = 30.0
"""Frames a second where the sequence does not say; the authors' evaluator of ByteTrack takes it always."""


@dataclass(frozen=True)
class Checked:
    """Settings whose fields lie in the ranges of ``RANGES`` (ends included)."""

    NAME: ClassVar[str]
    RANGES: ClassVar[dict[str, tuple[float, float]]]

    def __post_init__(self) -> None:
        for name, (least, most) in self.RANGES.items():
            value = getattr(self, name)
            if not isfinite(value) or not least <= value <= most:
                upper = "" if most == LARGE else f" and at most {most:g}"
                option = f"--{name.replace('_', '-')}" if name in FLAGS else f"--set {name}=…"
                raise InputError(f"setting '{name}' of tracker '{self.NAME}'", f"a number of at least {least:g}{upper}",
                                 str(value), f"Correct {option}.")  # fmt: skip

    def resolved(self, sequence: str = "", rate: float = RATE, *, reference: bool = False) -> dict[str, Any]:
        """What holds in a sequence of ``rate`` frames a second (NaN: 30), by name; ``buffer`` in frames.

        >>> ByteTrack().resolved("corridor", 15.0)["buffer"]
        15
        >>> ByteTrack.reference().resolved("MOT17-13-FRCNN", reference=True)["buffer"]
        25
        """
        found = {**asdict(self), "reference": reference}
        if "buffer" in found:
            found["buffer"] = round(found["buffer"] * (RATE if reference or not isfinite(rate) else rate))
        if found.get("evaluator"):
            found |= _of_evaluator(sequence)
        return found


LARGE = 1e9


@dataclass(frozen=True)
class IoU(Checked):
    """Each box, in the order of the input, continues the unused track whose last box it overlaps most.

    ``iou_threshold`` is the least overlap; other boxes begin a track. A track is forgotten after more than ``max_lost``
    frames without a box. Boxes with scores below ``low`` are passed over. In reference mode the last box of a track is
    put out again while the track is lost.

    >>> IoU(max_lost=-1)
    Traceback (most recent call last):
    optotype.errors.InputError: setting 'max_lost' of tracker 'iou'
      expected: a number of at least 0
      got:      -1
      to do:    Correct --max-lost.
    """

    iou_threshold: float = 0.5
    max_lost: int = 1
    low: float = -LARGE

    NAME: ClassVar[str] = "iou"
    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        "iou_threshold": (0, 1), "max_lost": (0, LARGE), "low": (-LARGE, LARGE),
    }  # fmt: skip

    @classmethod
    def reference(cls) -> IoU:
        """The course's tracker; run it with ``reference=True``."""
        return cls()

    def vector(self, resolved: dict[str, Any]) -> list[float]:
        """As the kernel wants them."""
        return [resolved["iou_threshold"], resolved["low"], resolved["max_lost"], float(resolved["reference"])]


@dataclass(frozen=True)
class ByteTrack(Checked):
    """ByteTrack: boxes of high score first, then those of low score for tracks that were there in the frame before.

    Boxes with scores from ``high`` on are matched with all tracks at a cost of 1 − IoU · score (1 − IoU where
    ``fuse_score`` is off) of at most ``match``; those between ``low`` and ``high`` with tracks that had a box in the
    frame before, at 1 − IoU of at most ``match_low``. What is left continues tracks of one box (``match_new``), or
    begins one where its score is at least ``start``. Tracks are forgotten after ``buffer`` seconds without a box. Of a
    tracked and a lost track whose 1 − IoU is below ``duplicate`` the shorter one goes. Boxes of at most ``min_area``
    square pixels, or wider than ``max_ratio`` times their height (0: no limit), are tracked but not put out.

    Unlike the authors' code (``reference=True``), IoU has no +1 pixel, the clock goes on in frames without boxes, a
    score of exactly ``high`` is high, the buffer is in seconds of the sequence's own rate, tracks are forgotten when
    they are too old and not a frame or two later, and an identity is given when a track is let out, so that
    identities have no gaps.
    """

    high: float = 0.6
    low: float = 0.1
    start: float = 0.7
    match: float = 0.9
    match_low: float = 0.5
    match_new: float = 0.7
    buffer: float = 1.0
    min_area: float = 10.0
    max_ratio: float = 0.0
    duplicate: float = 0.15
    fuse_score: bool = True
    evaluator: bool = False
    """Take the values that the authors' evaluator has for sequences of MOT17 and MOT20, by their names."""

    NAME: ClassVar[str] = "bytetrack"
    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        **dict.fromkeys(("high", "low", "start", "match", "match_low", "match_new", "duplicate"), (0, 1)),
        "buffer": (0, LARGE), "min_area": (0, LARGE), "max_ratio": (0, LARGE),
    }  # fmt: skip

    @classmethod
    def reference(cls) -> ByteTrack:
        """The authors' settings for MOT17 and MOT20; run them with ``reference=True``."""
        return cls(min_area=100.0, max_ratio=1.6, evaluator=True)

    def vector(self, resolved: dict[str, Any]) -> list[float]:
        """As the kernel wants them."""
        names = ("high", "low", "start", "match", "match_low", "match_new", "buffer", "min_area", "max_ratio",
                 "fuse_score", "duplicate", "reference")  # fmt: skip
        return [float(resolved[name]) for name in names]


_BUFFERS = {"05": 14, "06": 14, "13": 25, "14": 25}
_HIGHS = {"01": 0.65, "06": 0.65, "12": 0.7, "14": 0.67}


def _of_evaluator(sequence: str) -> dict[str, Any]:
    """What the authors' evaluator changes for a sequence."""
    found: dict[str, Any] = {}
    if named := re.match(r"MOT17-(\d\d)", sequence):
        number = named[1]
        if number in _BUFFERS:
            found["buffer"] = _BUFFERS[number]
        if number in _HIGHS:
            found |= {"high": _HIGHS[number], "start": _HIGHS[number] + 0.1}
    elif sequence.startswith("MOT20-"):
        found["fuse_score"] = False
        if sequence[6:8] in ("06", "08"):
            found |= {"high": 0.3, "start": 0.3 + 0.1}
    return found


@dataclass(frozen=True)
class Sort(Checked):
    """SORT: a Kalman filter of centre, area and ratio, and the assignment with the greatest sum of overlaps.

    Pairs that overlap less than ``iou_threshold`` are not made. A track is put out in frames where it has a box, once
    it had ``min_hits`` in a row after its first (all are in the first ``min_hits`` frames), and is forgotten after more
    than ``max_age`` frames without a box. Boxes with scores below ``low`` are passed over. Written from the paper
    (Bewley et al. 2016); reference mode is the same, with boxes and scores rounded as the other evaluators do.
    """

    iou_threshold: float = 0.3
    max_age: int = 1
    min_hits: int = 3
    low: float = -LARGE

    NAME: ClassVar[str] = "sort"
    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        "iou_threshold": (0, 1), "max_age": (0, LARGE), "min_hits": (0, LARGE), "low": (-LARGE, LARGE),
    }  # fmt: skip

    @classmethod
    def reference(cls) -> Sort:
        """The values of the paper."""
        return cls()

    def vector(self, resolved: dict[str, Any]) -> list[float]:
        """As the kernel wants them."""
        return [float(resolved[name]) for name in ("iou_threshold", "low", "max_age", "min_hits")]


@dataclass(frozen=True)
class OCSort(Checked):
    """OC-SORT: SORT that trusts what it observed: direction of motion, last place, and a straight way through gaps.

    Boxes with scores from ``high`` on are matched by IoU (at least ``iou_threshold``) and, weighted with ``inertia``,
    by how well they lie in the direction that the track took over the last ``delta`` frames; what is left, by IoU with
    the last box observed. A track is put out in frames where it has a box, once it had ``min_hits`` in a row after its
    first (all are in the first ``min_hits`` frames), and is forgotten after more than ``max_age`` frames without a box.
    ``min_area`` and ``max_ratio`` as in ``ByteTrack``.

    Unlike the authors' code (``reference=True``), pairs that overlap too little take no part in the assignment, a
    score of exactly ``high`` is high, and after a gap the box that ends it is measured once, not twice.
    """

    high: float = 0.6
    iou_threshold: float = 0.3
    delta: int = 3
    inertia: float = 0.2
    max_age: int = 30
    min_hits: int = 3
    min_area: float = 10.0
    max_ratio: float = 0.0

    NAME: ClassVar[str] = "ocsort"
    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        "high": (-LARGE, LARGE), "iou_threshold": (0, 1), "delta": (1, 10), "inertia": (0, 1), "max_age": (0, LARGE),
        "min_hits": (0, LARGE), "min_area": (0, LARGE), "max_ratio": (0, LARGE),
    }  # fmt: skip

    @classmethod
    def reference(cls) -> OCSort:
        """The authors' settings for MOT17; run them with ``reference=True``."""
        return cls(min_area=100.0, max_ratio=1.6)

    def vector(self, resolved: dict[str, Any]) -> list[float]:
        """As the kernel wants them."""
        names = (
            "high",
            "iou_threshold",
            "delta",
            "inertia",
            "max_age",
            "min_hits",
            "min_area",
            "max_ratio",
            "reference",
        )
        return [float(resolved[name]) for name in names]


Settings: TypeAlias = IoU | Sort | ByteTrack | OCSort
