"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from optotype.classes import ClassList
from optotype.data import duplicates
from optotype.data.duplicates import Components, members
from optotype.data.inspection import LEAST_SIDE, Inspection, Progress, inspect
from optotype.data.split import DEFAULT_RATIOS, check_ratios, targets
from optotype.data.statistics import class_counts
from optotype.formats import read_listing
from optotype.listing import BAD_NAME, NO_IMAGE, OUTSIDE, SPLITS, Listing
from optotype.tables import Array, Labels

Severity: TypeAlias = Literal["error", "warning", "note"]

MAX_UNREADABLE = 0.01
"""Share of unreadable files above which they are an error: training would stop."""

UNEVEN = 10
"""Ratio of the largest to the smallest class from which on it is a warning."""

SIZE_FACTOR = 4
"""A picture is a size outlier when its shorter side is this many times smaller or larger than the median's."""

ASPECT = 4.0
"""… or when its sides are in a ratio above this."""

_EXAMPLES = 5


class Finding(msgspec.Struct, frozen=True):
    """One thing worth knowing: ``text`` says what, ``examples`` shows some of the ``count``, ``fix`` helps."""

    kind: str
    severity: Severity
    count: int
    text: str
    examples: list[str] = []
    fix: str = ""


class ClassCount(msgspec.Struct, frozen=True):
    """Readable images of one class, in all and per split ('' where there are no splits)."""

    name: str
    n: int
    splits: dict[str, int]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``check`` found; ``images`` are the readable ones. Worst findings first."""

    format: Literal["optotype.check/1"] = "optotype.check/1"
    path: str
    task: Literal["classify"] = "classify"
    images: int
    classes: list[ClassCount]
    findings: list[Finding]
    notes: list[str] = []

    def count(self, kind: str) -> int:
        """How many of a kind were found, 0 where there is none."""
        return sum(finding.count for finding in self.findings if finding.kind == kind)

    @property
    def failed(self) -> bool:
        """Whether anything worse than a note was found."""
        return any(finding.severity != "note" for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line: classes, images, and how many of what is wrong."""
        filled = [row.n for row in self.classes if row.n]
        parts = [f"{len(self.classes):,} classes", f"{self.images:,} images"]
        parts += [f"{n:,} {name}" for kind, name in _SUMMARY if (n := self.count(kind))]
        if filled:
            ratio = max(filled) / min(filled)
            parts.append("classes even" if ratio < 1.05 else f"classes uneven 1:{ratio:.{0 if ratio >= 10 else 1}f}")
        return ", ".join(parts).replace("1 classes", "1 class").replace(".0", "")


_SUMMARY = (
    ("unreadable", "unreadable"),
    ("unreadable_name", "with unreadable names"),
    ("exact_duplicates", "exact duplicates"),
    ("near_duplicates", "near duplicates"),
    ("leaks", "across splits"),
    ("duplicates_other_label", "under two labels"),
    ("empty_class", "empty classes"),
)

_RANK = {"error": 0, "warning": 1, "note": 2}


def check(
    path: str | Path,
    *,
    task: Literal["classify"] = "classify",
    classes: ClassList | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Findings:
    """Look at every file of a folder or CSV, once, and say what is there and what is wrong.

    Raises InputError only where there is nothing to look at (no such path, no image, a broken CSV).
    """
    listing = read_listing(Path(path), classes=classes)
    items = listing.labels.items
    inspection = inspect([items.file(i) for i in range(len(items))], threads=threads, progress=progress)
    found = duplicates.find(inspection)
    findings = [
        *_files(listing, inspection),
        *_classes(listing, inspection),
        *_copies(listing.labels, inspection, found.exact, found.near),
        *_pictures(listing.labels, inspection),
    ]
    readable = listing.labels.take(np.flatnonzero(inspection.readable))
    return Findings(
        path=str(path),
        task=task,
        images=len(readable),
        classes=_class_table(readable, listing.empty),
        findings=sorted(findings, key=lambda finding: _RANK[finding.severity]),
        notes=list(listing.notes),
    )


def _finding(
    kind: str, severity: Severity, examples: Iterable[str], text: str, fix: str, count: int | None = None
) -> list[Finding]:
    """The finding in a list, or nothing where nothing was found; braces in the text are count and plural."""
    shown = list(examples)
    n = len(shown) if count is None else count
    if not n:
        return []
    words = {
        "n": f"{n:,}",
        "s": "" if n == 1 else "s",
        "es": "" if n == 1 else "es",
        "is_": "is" if n == 1 else "are",
    }
    return [Finding(kind, severity, n, text.format(**words), shown[:_EXAMPLES], fix)]


def _files(listing: Listing, inspection: Inspection) -> list[Finding]:
    keys = listing.labels.items.key
    bad = np.flatnonzero(~inspection.readable)
    unnamed = [file.key for file in listing.skipped if file.reason == BAD_NAME]
    share = (len(bad) + len(unnamed)) / (len(keys) + len(unnamed))
    severity: Severity = "error" if share > MAX_UNREADABLE else "warning"
    return [
        *_finding(
            "unreadable", severity, [f"{keys[i]}: {inspection.problem[i]}" for i in bad.tolist()],
            "{n} image{s} cannot be read", "Repair or remove them; split, train and study leave them out.",
        ),
        *_finding(
            "unreadable_name", severity, unnamed, "{n} image{s} left out: the file name is not valid UTF-8",
            "Rename the files.",
        ),
        *_finding(
            "not_image", "note", [f.key for f in listing.ignored if f.reason == NO_IMAGE],
            "{n} file{s} {is_} not an image and ignored", "Nothing, unless it should be one.",
        ),
        *_finding(
            "outside", "warning", [f.key for f in listing.ignored if f.reason == OUTSIDE],
            "{n} image{s} outside the class folders {is_} ignored", "Move them into the folder of their class.",
        ),
    ]  # fmt: skip


def _classes(listing: Listing, inspection: Inspection) -> list[Finding]:
    labels = listing.labels.take(np.flatnonzero(inspection.readable))
    counts = np.bincount(labels.label, minlength=len(labels.classes))
    names = np.array(labels.classes, dtype=object)
    empty = [*listing.empty, *names[counts == 0].tolist()]
    findings = _finding(
        "empty_class", "warning", dict.fromkeys(empty), "{n} class{es} without a readable image",
        "Add images, or remove the class.",
    )  # fmt: skip
    if (counts > 0).sum() < 2:
        findings += _finding(
            "one_class", "error", names[counts > 0].tolist() or [""], "only one class has images",
            "Add images of another class: one folder a class.",
        )  # fmt: skip
    shares = check_ratios(DEFAULT_RATIOS)
    small = [c for c in np.flatnonzero(counts).tolist() if not targets([int(counts[c])], shares).all()]
    findings += _finding(
        "small_class", "warning", [f"{names[c]}: {counts[c]}" for c in small],
        "{n} class{es} too small to be divided .7/.1/.2", "Add images, or leave the class out.",
    )  # fmt: skip
    findings += _absent(labels)
    filled = counts[counts > 0]
    if len(filled) > 1 and filled.max() >= UNEVEN * filled.min():
        low, high = names[np.argmin(np.where(counts, counts, counts.max() + 1))], names[counts.argmax()]
        findings += _finding(
            "uneven", "warning", [f"{low}: {filled.min():,}", f"{high}: {filled.max():,}"],
            f"the largest class has {filled.max() / filled.min():.0f} times as many images as the smallest",
            "Read balanced accuracy and the rows per class; weigh classes in training (class_weights: inverse).", 1,
        )  # fmt: skip
    return findings


def _absent(labels: Labels) -> list[Finding]:
    """Classes that a split lacks."""
    counts = class_counts(labels)
    there = np.sum(list(counts.values()), axis=0) > 0 if counts else np.zeros(0, bool)
    lacking = [
        f"{labels.classes[c]} in {split}"
        for split, row in counts.items()
        if split
        for c in np.flatnonzero(there & (row == 0)).tolist()
    ]
    return _finding(
        "absent",
        "warning",
        lacking,
        "{n} time{s} a class has no image in a split",
        "Divide anew with 'optotype split'.",
    )


def _copies(labels: Labels, inspection: Inspection, exact: Components, near: Components) -> list[Finding]:
    keys, readable = labels.items.key, inspection.readable
    same, alike = members(exact, readable), members(near, readable)
    copies = sum(len(rows) - 1 for rows in same)
    nearly = sum(len(rows) - 1 for rows in alike) - copies
    near_only = [rows for rows in alike if len(set(exact[rows].tolist())) > 1]
    largest = max((len(rows) for rows in alike), default=0)
    conflict = [rows for rows in same if len(set(labels.label[rows].tolist())) > 1]
    doubtful = [rows for rows in near_only if len(set(labels.label[rows].tolist())) > 1]
    return [
        *_finding(
            "exact_duplicates", "warning", [" = ".join(keys[rows[:3]].tolist()) for rows in same],
            "{n} file{s} {is_} an exact copy of another",
            "Remove the copies; split keeps them together.", copies,
        ),
        *_finding(
            "near_duplicates", "warning",
            [" ≈ ".join(keys[_one_each(rows, exact)[:3]].tolist()) for rows in near_only],
            f"{{n}} image{{s}} {{is_}} a near copy of another (largest group: {largest:,} images)",
            "Look at them; split keeps them together.", nearly,
        ),
        *_finding(
            "duplicates_other_label", "error",
            [" = ".join(_labelled(labels, rows[:3])) for rows in conflict],
            "{n} picture{s} {is_} there under two or more labels", "Keep the right label of each.",
        ),
        *_finding(
            "near_duplicates_other_label", "warning",
            [" ≈ ".join(_labelled(labels, rows[:3])) for rows in doubtful],
            "{n} group{s} of near copies with two or more labels", "Look at them: is one of the labels wrong?",
        ),
        *_leaks(labels, alike),
    ]  # fmt: skip


def _labelled(labels: Labels, rows: Array) -> list[str]:
    return [f"{labels.items.key[i]} ({labels.classes[labels.label[i]]})" for i in rows.tolist()]


def _one_each(rows: Array, exact: Components) -> Array:
    """One row of each set of equal files."""
    return rows[np.unique(exact[rows], return_index=True)[1]]


def _leaks(labels: Labels, alike: Sequence[Array]) -> list[Finding]:
    """Copies, equal or near, on both sides of a split; counted in the later of train, val, test."""
    rank = {name: i for i, name in enumerate(SPLITS)}
    split = labels.items.split
    examples, count = [], 0
    for rows in alike:
        inside = [i for i in rows.tolist() if split[i]]
        first = min(inside, key=lambda i: rank[str(split[i])], default=-1)
        later = [i for i in inside if split[i] != split[first]]
        count += len(later)
        if later:
            examples.append(f"{labels.items.key[first]} ≈ {labels.items.key[later[0]]}")
    return _finding(
        "leaks", "error", examples,
        "{n} image{s} in a later split {is_} (nearly) the same as one in an earlier split",
        "Results on that split look better than they are: divide anew with 'optotype split'.", count,
    )  # fmt: skip


def _pictures(labels: Labels, inspection: Inspection) -> list[Finding]:
    keys, readable = labels.items.key, inspection.readable
    turned = np.flatnonzero(inspection.orientation > 1)
    tiny = np.flatnonzero(readable & (np.minimum(inspection.width, inspection.height) < LEAST_SIDE))
    uniform = np.flatnonzero(inspection.uniform)
    return [
        *_finding(
            "rotated", "note", keys[turned].tolist(), "{n} photo{s} stored rotated or mirrored (EXIF)",
            "Nothing: they are turned upright wherever they are used.",
        ),
        *_finding(
            "uniform", "warning", keys[uniform].tolist(), "{n} image{s} {is_} almost of one colour",
            "Look at them: lens cap, failed export?",
        ),
        *_finding(
            "tiny", "note", keys[tiny].tolist(),
            f"{{n}} image{{s}} below {LEAST_SIDE} pixels: too small to search for near copies",
            "Nothing, if images are meant to be that small.",
        ),
        *_sizes(labels, inspection),
        *_modes(labels, inspection),
    ]  # fmt: skip


def _sizes(labels: Labels, inspection: Inspection) -> list[Finding]:
    rows = np.flatnonzero(inspection.readable)
    if not len(rows):
        return []
    width, height = inspection.width[rows].astype(float), inspection.height[rows].astype(float)
    short, long = np.minimum(width, height), np.maximum(width, height)
    median = float(np.median(short))
    odd = (short * SIZE_FACTOR < median) | (short > SIZE_FACTOR * median) | (long > ASPECT * short)
    shown = [f"{labels.items.key[i]}: {inspection.width[i]} × {inspection.height[i]}" for i in rows[odd].tolist()]
    return _finding(
        "size_outliers", "note", shown,
        f"{{n}} image{{s}} of unusual size: shorter side {SIZE_FACTOR} times below or above the median of "
        f"{median:.0f} pixels, or longer than {ASPECT:g}:1",
        "Look at them: thumbnails, panoramas, scans?",
    )  # fmt: skip


def _modes(labels: Labels, inspection: Inspection) -> list[Finding]:
    rows = np.flatnonzero(inspection.readable).tolist()
    counts = Counter(inspection.mode[i] for i in rows)
    if len(counts) < 2:
        return []
    usual = counts.most_common(1)[0][0]
    odd = [f"{labels.items.key[i]}: {_MODES.get(inspection.mode[i], inspection.mode[i])}" for i in rows
           if inspection.mode[i] != usual]  # fmt: skip
    listed = ", ".join(f"{n:,} {_MODES.get(mode, mode)}" for mode, n in counts.most_common()[1:])
    return _finding(
        "mode_outliers", "note", odd, f"{{n}} image{{s}} not {_MODES.get(usual, usual)} as the others: {listed}",
        "Nothing: all are converted to RGB; ask whether the mode gives the class away.",
    )  # fmt: skip


_MODES = {
    "RGB": "colour (RGB)", "L": "gray", "1": "black and white", "P": "palette", "RGBA": "colour with transparency",
    "LA": "gray with transparency", "CMYK": "CMYK", "I;16": "16-bit gray", "I;16B": "16-bit gray",
    "I": "32-bit gray", "YCbCr": "YCbCr",
}  # fmt: skip


def _class_table(labels: Labels, empty: Sequence[str]) -> list[ClassCount]:
    counts = class_counts(labels)
    rows = [
        ClassCount(name, sum(int(row[c]) for row in counts.values()), {s: int(row[c]) for s, row in counts.items()})
        for c, name in enumerate(labels.classes)
    ]
    return [*rows, *(ClassCount(name, 0, dict.fromkeys(counts, 0)) for name in empty if name not in labels.classes)]
