"""From a folder or CSV to items that can be trained on: readable, labelled, each in a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from optotype.classes import ClassList
from optotype.data import duplicates
from optotype.data.duplicates import Components, unite
from optotype.data.groups import group as group_items
from optotype.data.inspection import Inspection, Progress, inspect
from optotype.data.split import DEFAULT_RATIOS, check_ratios, deviation, split
from optotype.data.statistics import class_counts, splits_of
from optotype.errors import InputError
from optotype.formats import manifest, read_listing
from optotype.listing import BAD_NAME, Listing, Skipped
from optotype.tables import Items, Labels


@dataclass(frozen=True)
class Prepared:
    """``labels``: readable items, each in a split; ``excluded``: what was left out, why; ``notes``: sentences."""

    labels: Labels
    excluded: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, labels: Labels) -> Prepared:
        """Labels taken as they are."""
        return cls(labels)


def prepare(
    path: Path,
    *,
    ratios: Sequence[float] = DEFAULT_RATIOS,
    keep_split: bool = True,
    seed: int = 0,
    classes: ClassList | None = None,
    max_unreadable: float = 0.01,
    group: str | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Prepared:
    """Read, look at every file, leave out what cannot be read, and see that every item is in a split.

    With ``keep_split``, splits given by folders or CSV stay: where a part is missing it is carved from train, and
    a validation part without a test part is taken as test. Without it, or where no splits are given, all items
    are divided by ``ratios``. (Near-)duplicates and groups stay together wherever items are divided. Raises
    InputError when more than the share ``max_unreadable`` of the files cannot be read, or fewer than two classes
    have images.
    """
    check_ratios(ratios)
    if not 0 <= max_unreadable <= 1:
        raise InputError("--max-unreadable", "a share from 0 to 1", str(max_unreadable), "Write 0.05 for 5 %.")
    listing = read_listing(path, classes=classes)
    items = listing.labels.items
    inspection = inspect([items.file(i) for i in range(len(items))], threads=threads, progress=progress)
    unreadable = _unreadable(listing, inspection)
    _check_share(path, unreadable, len(items), listing, max_unreadable)
    readable = inspection.readable
    usable = _usable(path, listing, inspection)
    near = duplicates.find(inspection).near[readable]
    notes = [*listing.notes, *_unreadable_notes(unreadable), *_empty_notes(listing, usable)]
    if group is not None:
        names, note = group_items(items, group, inspection)
        usable = _with_items(usable, replace(usable.items, group=names[readable]))
        notes.append(note)
    divided, more = divide(path, usable, near, ratios, seed, keep_split=keep_split)
    grouped, joined = _grouped(divided.items, near)
    return Prepared(_with_items(divided, grouped), (*listing.skipped, *unreadable), (*notes, *joined, *more))


def write_manifest(path: Path, prepared: Prepared, *, replace: bool = True) -> None:
    """Write ``path,label,split,group,excluded,…`` atomically; ``replace=False`` refuses to overwrite.

    Where the class list is not the one that the file by itself gives back (order, empty classes), it is written
    beside, as ``<name>.classes.json``, and read again with the manifest.
    """
    if not replace:
        check_new(path)
    manifest.write(path, prepared.labels, prepared.excluded)


def check_new(path: Path) -> None:
    """Refuse a manifest's name that is taken; to be called before long work and again before writing."""
    if path.is_dir():
        raise InputError(str(path), "the name of a file", "a folder", "Name a file in it, split.csv say.")
    if path.exists():
        raise InputError(str(path), "a new file", "one that exists", "Choose another name, or remove it.")


def _unreadable(listing: Listing, inspection: Inspection) -> tuple[Skipped, ...]:
    labels = listing.labels
    rows = np.flatnonzero(~inspection.readable).tolist()
    return tuple(
        Skipped(
            str(labels.items.key[i]),
            str(labels.items.path[i]),
            labels.classes[labels.label[i]],
            inspection.problem[i],
        )
        for i in rows
    )


def _check_share(path: Path, unreadable: Sequence[Skipped], n: int, listing: Listing, limit: float) -> None:
    unnamed = [file for file in listing.skipped if file.reason == BAD_NAME]
    bad = [*unnamed, *unreadable]
    of = n + len(unnamed)
    if len(bad) > limit * of:
        shown = "; ".join(f"{file.key}: {file.reason}" for file in bad[:3])
        raise InputError(
            str(path), f"at most {limit:.2%} unreadable images",
            f"{len(bad):,} of {of:,} ({len(bad) / of:.1%}): {shown}",
            "Look at them with 'optotype check'; repair or remove them, or raise --max-unreadable.",
        )  # fmt: skip


def _usable(path: Path, listing: Listing, inspection: Inspection) -> Labels:
    """The readable items, their sizes filled in; classes without an image go, unless a list declares them."""
    labels = _with_items(
        listing.labels, replace(listing.labels.items, width=inspection.width, height=inspection.height)
    ).take(np.flatnonzero(inspection.readable))
    filled = np.bincount(labels.label, minlength=len(labels.classes)) > 0
    if filled.sum() < 2:
        only = "".join(f" ('{labels.classes[c]}')" for c in np.flatnonzero(filled))
        raise InputError(
            str(path), "at least two classes with readable images", f"{filled.sum()}{only}",
            "Add images of another class: one folder a class, or one label a class in the CSV.",
        )  # fmt: skip
    if listing.declared or filled.all():
        return labels
    classes = tuple(name for name, kept in zip(labels.classes, filled, strict=True) if kept)
    return Labels(labels.items, classes, (np.cumsum(filled) - 1)[labels.label].astype(np.int32))


def divide(
    path: Path, labels: Labels, near: Components, ratios: Sequence[float], seed: int, *, keep_split: bool
) -> tuple[Labels, tuple[str, ...]]:
    """The items with a split each, and sentences about it."""
    given = splits_of(labels)
    if not keep_split or given in (("",), ("train",)):
        anew = split(labels, ratios, seed, ties=near)
        return anew, (_counted(anew, "divided by ratios"), *deviation(anew, ratios))
    if "" in given:
        n = int((labels.items.split == "").sum())
        raise InputError(
            str(path), "a split for every image, or for none", f"none for {n:,} of {len(labels):,}",
            "Fill in the column 'split', or divide all images anew.",
        )  # fmt: skip
    if "train" not in given:
        got = f"only {' and '.join(given)}"
        raise InputError(str(path), "images to train on", got, "Add a folder 'train', or divide all images anew.")
    if given == ("train", "val", "test"):
        return labels, (_counted(labels, "splits as given"), *_leaks(labels, near))
    renamed = "validation as given is used as test, " if given == ("train", "val") else ""
    carved = _carve(labels, near, ratios, seed)
    return carved, (_counted(carved, f"{renamed}validation is taken from train"), *_leaks(carved, near))


def _carve(labels: Labels, near: Components, ratios: Sequence[float], seed: int) -> Labels:
    """Validation taken from train in the ratio of the two; whatever else was given is test."""
    train, val, _ = check_ratios(ratios)
    share = val / (train + val) if val else Fraction(0)
    parts = np.where(labels.items.split == "train", "train", "test").astype("<U5")
    rows = np.flatnonzero(parts == "train")
    if share:
        inner = split(labels.take(rows), (float(1 - share), float(share), 0.0), seed, ties=near[rows])
        parts[rows] = inner.items.split
    return _with_items(labels, replace(labels.items, split=parts))


def _leaks(labels: Labels, near: Components) -> tuple[str, ...]:
    """What a given split shows twice."""
    inside = near[labels.items.split == "train"]
    notes = []
    for name in ("val", "test"):
        rows = labels.items.split == name
        n = int(np.isin(near[rows], inside).sum())
        if n:
            notes.append(
                f"{n:,} of {int(rows.sum()):,} images in {name} are (near-)duplicates of training images: results "
                "will look better than they are; divide all images anew to keep copies together"
            )
    return tuple(notes)


def _counted(labels: Labels, how: str) -> str:
    parts = ", ".join(f"{name} {int(counts.sum()):,}" for name, counts in class_counts(labels).items())
    return f"{how}: {parts}"


def _grouped(items: Items, near: Components) -> tuple[Items, tuple[str, ...]]:
    """Items with one group for all that had to stay together, and a sentence where copies joined given groups."""
    names = items.group.tolist()
    joined = 0
    for rows in duplicates.members(unite(len(items), items.groups(), near)):
        known = sorted({names[i] for i in rows.tolist()} - {""})
        joined += len(known) > 1
        name = known[0] if known else f"like {items.key[rows[0]]}"
        for i in rows.tolist():
            names[i] = name
    note = (f"{joined:,} groups are several joined into one, because they hold copies of the same picture",)
    return replace(items, group=np.array(names, np.str_)), note if joined else ()


def _with_items(labels: Labels, items: Items) -> Labels:
    return Labels(items, labels.classes, labels.label, labels.scores)


def _unreadable_notes(unreadable: Sequence[Skipped]) -> list[str]:
    if not unreadable:
        return []
    shown = "; ".join(f"{file.key}: {file.reason}" for file in unreadable[:3])
    return [f"{len(unreadable):,} unreadable left out: {shown}{' …' if len(unreadable) > 3 else ''}"]


def _empty_notes(listing: Listing, usable: Labels) -> list[str]:
    lost = [name for name in listing.labels.classes if name not in usable.classes]
    empty = [*listing.empty, *lost]
    return [f"classes without an image are left out: {', '.join(empty)}"] if empty else []
