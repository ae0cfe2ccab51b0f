"""The data of a study: read and divided once for all its runs, thinned for a smoke test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from optotype import class_maps
from optotype.catalog import resolve
from optotype.data.prepare import Prepared, prepare, write_manifest
from optotype.data.split import DEFAULT_RATIOS
from optotype.formats import read_classes, read_masks, write_mask_manifest
from optotype.mapped_masks import mapped, unmapped
from optotype.runs import RunFolder
from optotype.studies.declared import Declared, Preparation
from optotype.studies.saying import Say
from optotype.tables import Array, Items, Labels, Masks

TINY_ITEMS = 12
SPLITS = ("train", "val", "test")

StudyData: TypeAlias = Prepared | Labels | Masks


def begin(
    declared: Declared,
    folder: RunFolder,
    *,
    ratios: Sequence[float] | None,
    keep_split: bool,
    classes: str | None,
    max_unreadable: float,
    say: Say,
) -> Prepared | Masks:
    """The data of a study, written down as ``data.csv`` in its folder."""
    tiny = declared.name.endswith("-tiny")
    if declared.task == "segment":
        masks = label_maps(declared, ratios=ratios, keep_split=keep_split, classes=classes, say=say)
        if tiny:
            masks = masks.take(_few(masks.items, np.zeros(len(masks), np.int32)))
        write_mask_manifest(folder.data, masks)
        return masks
    first = declared.runs[0].config
    prepared = prepare(
        resolve(first.data),
        ratios=tuple(ratios or DEFAULT_RATIOS),
        keep_split=keep_split,
        seed=first.seed,
        classes=None if classes is None else read_classes(classes),
        max_unreadable=max_unreadable,
    )
    if tiny:
        labels = prepared.labels
        prepared = replace(prepared, labels=labels.take(_few(labels.items, labels.label)))
    for note in prepared.notes:
        say(note)
    write_manifest(folder.data, prepared)
    return prepared


def label_maps(
    declared: Declared, *, ratios: Sequence[float] | None, keep_split: bool, classes: str | None, say: Say
) -> Masks:
    """The study's label maps under its class names, the share of each split that it takes.

    The split of the data set stays unless ``ratios`` are given without ``keep_split``.
    """
    from optotype.data.prepare_masks import prepare_masks

    first = declared.runs[0].config
    prepared = prepare_masks(
        resolve(first.data), classes=classes, ratios=ratios or DEFAULT_RATIOS, keep_split=keep_split or not ratios,
        seed=first.seed,
    )  # fmt: skip
    for note in prepared.notes:
        say(note)
    masks = renamed(prepared.masks, declared.preparation, say)
    rows = share(masks.items, declared.preparation.share, first.seed)
    if len(rows) < len(masks):
        say(f"{len(rows):,} of {len(masks):,} images are taken, {100 * declared.preparation.share:g} % of each split")
    return masks.take(rows)


def other_maps(declared: Declared, path: Path, say: Say) -> Masks:
    """The validation images of the data set that a study is held against (all, where it has none), under the study's
    class names.
    """
    found = read_masks(path)
    for warning in found.warnings:
        say(warning)
    masks = renamed(found.masks, declared.preparation, say)
    chosen = np.flatnonzero(masks.items.split == "val")
    masks = masks.take(chosen) if len(chosen) else masks
    return masks.take(np.arange(min(TINY_ITEMS, len(masks)))) if declared.name.endswith("-tiny") else masks


def renamed(masks: Masks, preparation: Preparation, say: Say) -> Masks:
    """The label maps under the class names of the study; says which classes become void."""
    if preparation.map_classes is None:
        return masks
    names = class_maps.read(preparation.map_classes)
    if gone := unmapped(masks, names):
        say(f"classes without a name in the map {preparation.map_classes} become void: {', '.join(gone)}")
    return mapped(masks, names)


def share(items: Items, part: float, seed: int) -> Array:
    """Rows of a part of each split, at least one of it, drawn from the items in the order of their keys.

    >>> share(Items.of(["a", "b", "c", "d"], split=["train"] * 4), 0.5, 0).tolist()
    [0, 2]
    """
    generator, chosen = np.random.default_rng(seed), []
    for split in np.unique(items.split):
        rows = np.flatnonzero(items.split == split)
        rows = rows[np.argsort(items.key[rows])]
        chosen.append(generator.permutation(rows)[: max(1, round(part * len(rows)))])
    return np.sort(np.concatenate(chosen))


def _few(items: Items, label: Array) -> Array:
    """Rows of a few items of each class and split, for a smoke test."""
    kept = [
        np.flatnonzero((label == k) & (items.split == split))[:TINY_ITEMS]
        for k in range(int(label.max()) + 1)
        for split in SPLITS
    ]
    return np.sort(np.concatenate(kept))
