"""What a check hands back: findings, counts of classes and objects, and the line that sums them up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

Severity: TypeAlias = Literal["error", "warning", "note"]
Task: TypeAlias = Literal["classify", "segment", "detect", "track"]

EXAMPLES = 5
"""Most examples that a finding shows."""


class Finding(msgspec.Struct, frozen=True):
    """One thing worth knowing: ``text`` says what, ``examples`` shows some of the ``count``, ``fix`` helps."""

    kind: str
    severity: Severity
    count: int
    text: str
    examples: list[str] = []
    fix: str = ""


class ClassCount(msgspec.Struct, frozen=True):
    """Images of one class, in all and per split ('' where there are no splits).

    Of classification: readable images. Of detection: images with an object of the class, and its ``objects`` and
    ``crowds`` (regions that hold any number of objects; they are not among the objects). Of tracking: frames with an
    object of the class, its boxes in ``objects``, its ``tracks``, and in ``crowds`` the boxes that do not count. Of
    segmentation: images with a pixel of the class, and all its ``pixels``.
    """

    name: str
    n: int
    splits: dict[str, int]
    objects: int = 0
    crowds: int = 0
    tracks: int = 0
    pixels: int = 0

    @property
    def images(self) -> int:
        """Images of the class: ``n`` by its full name."""
        return self.n


class Spread(msgspec.Struct, frozen=True):
    """Least, median and most of some numbers; all 0 where there are none."""

    least: float = 0.0
    median: float = 0.0
    most: float = 0.0


class BoxCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of a detection data set; crowds count in ``crowds`` only.

    ``sizes``: objects by COCO's limits of area, ``small`` up to 32², ``medium`` up to 96², ``large``. ``per_image``:
    objects an image. ``width``, ``height``: of boxes, pixels. ``without``: images without any annotation.
    """

    objects: int
    crowds: int
    without: int
    sizes: dict[str, int]
    per_image: Spread
    width: Spread
    height: Spread


class SequenceCount(msgspec.Struct, frozen=True, kw_only=True):
    """One sequence: its frames, frames a second (None: unknown), pixels (0: unknown), and the boxes that count."""

    name: str
    frames: int
    rate: float | None
    width: int
    height: int
    tracks: int
    boxes: int


class TrackCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Identities and boxes that count, boxes that are to be ``ignored``, and those of MOTChallenge's distractors."""

    tracks: int
    boxes: int
    ignored: int
    distractors: int


class MaskCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Label maps: what was recognised, all ``pixels``, those that are ``void`` or ``unknown``, and images by size."""

    layout: str
    pixels: int
    void: int
    unknown: int
    sizes: dict[str, int]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``check`` found. Worst findings first.

    ``images`` are the readable ones (classification), those that the file lists (detection), the frames (tracking) or
    those with a label map (segmentation). ``boxes`` counts the objects of detection, else None; ``sequences`` and
    ``tracks`` are those of tracking, ``masks`` the label maps of segmentation, else None.
    """

    format: Literal["optotype.check/1"] = "optotype.check/1"
    path: str
    task: Task = "classify"
    images: int
    classes: list[ClassCount]
    findings: list[Finding]
    notes: list[str] = []
    boxes: BoxCounts | None = None
    sequences: list[SequenceCount] | None = None
    tracks: TrackCounts | None = None
    masks: MaskCounts | None = None

    def count(self, kind: str) -> int:
        """How many of a kind were found, 0 where there is none."""
        return sum(finding.count for finding in self.findings if finding.kind == kind)

    @property
    def failed(self) -> bool:
        """Whether anything worse than a note was found."""
        return any(finding.severity != "note" for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line: classes, images, objects, and how many of what is wrong."""
        parts = [counted(len(self.classes), "class", "classes"), counted(self.images, "image")]
        if self.tracks is not None:
            parts = [counted(len(self.sequences or []), "sequence"), counted(self.images, "frame"),
                     counted(self.tracks.tracks, "track"), counted(self.tracks.boxes, "box", "boxes"),
                     counted(len(self.classes), "class", "classes")]  # fmt: skip
        if self.boxes is not None:
            parts += [counted(self.boxes.objects, "object")]
            parts += [counted(self.boxes.crowds, "crowd")] if self.boxes.crowds else []
        if self.masks is not None:
            parts = [self.masks.layout, counted(self.images, "image"), counted(self.masks.pixels, "pixel")]
        parts += [counted(n, *names) for kind, *names in _SUMMARY if (n := self.count(kind))]
        counts = [self._size(row) for row in self.classes]
        if filled := [n for n in counts if n]:
            ratio = max(filled) / min(filled)
            parts.append("classes even" if ratio < 1.05 else f"classes uneven 1:{_short(ratio)}")
        return ", ".join(parts)

    def _size(self, row: ClassCount) -> int:
        """What makes a class large: pixels, objects or images."""
        if self.masks is not None:
            return row.pixels
        return row.n if self.boxes is None and self.tracks is None else row.objects


_SUMMARY = (
    ("unreadable", "unreadable", "unreadable"),
    ("unreadable_name", "with an unreadable name", "with unreadable names"),
    ("missing", "missing image", "missing images"),
    ("exact_duplicates", "exact duplicate", "exact duplicates"),
    ("near_duplicates", "near duplicate", "near duplicates"),
    ("leaks", "across splits", "across splits"),
    ("duplicates_other_label", "under two labels", "under two labels"),
    ("duplicate_boxes", "box drawn twice", "boxes drawn twice"),
    ("near_duplicate_boxes", "box nearly drawn twice", "boxes nearly drawn twice"),
    ("boxes_other_class", "box under two classes", "boxes under two classes"),
    ("empty_class", "empty class", "empty classes"),
    ("repeated_id", "id twice in a frame", "ids twice in a frame"),
    ("outside", "box outside its sequence", "boxes outside their sequences"),
    ("zero_size", "box without a size", "boxes without a size"),
    ("leaps", "leap of an id", "leaps of ids"),
    ("missing_mask", "image without a label map", "images without label maps"),
    ("missing_image", "label map without an image", "label maps without images"),
    ("unknown_values", "with unknown values", "with unknown values"),
    ("size", "of another size than its image", "of other sizes than their images"),
    ("polygons", "polygon that covers nothing", "polygons that cover nothing"),
)

_RANK = {"error": 0, "warning": 1, "note": 2}


def worst_first(findings: list[Finding]) -> list[Finding]:
    """Errors, warnings, notes; among equals the order stays."""
    return sorted(findings, key=lambda finding: _RANK[finding.severity])


def any_finding(
    kind: str, severity: Severity, examples: Iterable[str], text: str, fix: str, count: int | None = None
) -> list[Finding]:
    """The finding in a list, or nothing where nothing was found; braces in the text are count and plural.

    ``{s}`` and ``{es}`` end a noun where there are more, ``{s_}`` and ``{es_}`` a verb where there is one.

    ``count`` is that of the examples where it is not given.

    >>> [found] = any_finding("tiny", "note", ["a.png", "b.png"], "{n} image{s} {is_} tiny", "Look at them.")
    >>> found.count, found.text
    (2, '2 images are tiny')
    """
    shown = list(examples)
    n = len(shown) if count is None else count
    if not n:
        return []
    words = {
        "n": f"{n:,}",
        "s": "" if n == 1 else "s",
        "es": "" if n == 1 else "es",
        "is_": "is" if n == 1 else "are",
        "s_": "s" if n == 1 else "",
        "es_": "es" if n == 1 else "",
    }
    return [Finding(kind, severity, n, text.format(**words), shown[:EXAMPLES], fix)]


def counted(n: int, one: str, more: str = "") -> str:
    """A number and what it counts.

    >>> counted(1, "image"), counted(21, "class", "classes")
    ('1 image', '21 classes')
    """
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}".removesuffix(".0")
