"""Dividing items into train, validation and test: stratified, seeded, with groups kept together."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from optotype.data.duplicates import Components, members, unite
from optotype.errors import InputError
from optotype.listing import SPLITS
from optotype.tables import Array, Labels

Counts = NDArray[np.int64]

DEFAULT_RATIOS = (0.7, 0.1, 0.2)


def split(
    labels: Labels, ratios: Sequence[float] = DEFAULT_RATIOS, seed: int = 0, *, ties: Components | None = None
) -> Labels:
    """The same items, each in train, val or test.

    ``ratios`` are the shares of train, val and test (0: none), or of train and test. Every class is divided by
    the largest-remainder rule (``targets``), exactly, as long as nothing ties items together. Items of one group
    (``items.group``), and those with equal values in ``ties`` (n,), stay together; then the counts come as near
    as a seeded greedy search gets, and ``deviation`` says how far off they are. The outcome depends on keys,
    classes, groups and seed, not on the order of the rows. Raises InputError for a class too small to be in every
    split.
    """
    shares = check_ratios(ratios)
    tied = unite(len(labels), labels.items.groups(), *([] if ties is None else [ties]))
    _check_sizes(labels, shares, tied)
    order = np.argsort(labels.items.key, kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    part = _divide(labels.take(order), _renumber(tied[order]), shares, seed)[position]
    names = np.array(SPLITS)[part]
    return Labels(replace(labels.items, split=names), labels.classes, labels.label, labels.scores)


def check_ratios(ratios: Sequence[float]) -> tuple[Fraction, Fraction, Fraction]:
    """Shares of train, val and test as exact fractions that sum to 1; two numbers are train and test."""
    fix = "Give three shares of train, val and test, such as 0.7 0.1 0.2, or two of train and test."
    got = " ".join(str(r) for r in ratios)
    if len(ratios) not in (2, 3) or not all(math.isfinite(r) and r >= 0 for r in ratios):
        raise InputError("--ratios", "three shares, or two", got or "none", fix)
    exact = [Fraction(str(r)) for r in ratios]
    total = sum(exact, Fraction(0))
    if abs(total - 1) > Fraction(1, 10**6) or not exact[0]:
        raise InputError("--ratios", "shares that sum to 1, the first above 0", f"{got} (sum {float(total):g})", fix)
    train, val, test = exact if len(exact) == 3 else (exact[0], Fraction(0), exact[1])
    return train / total, val / total, test / total


def targets(counts: Sequence[int], shares: Sequence[Fraction]) -> Counts:
    """Items of each class in each split by the largest-remainder rule, shape (K, parts).

    Of equal remainders the earlier split's goes first.

    >>> targets([10, 6], [Fraction(7, 10), Fraction(1, 10), Fraction(2, 10)]).tolist()
    [[7, 1, 2], [4, 1, 1]]
    """
    rows = []
    for n in counts:
        exact = [n * share for share in shares]
        row = [math.floor(value) for value in exact]
        by_remainder = sorted(range(len(row)), key=lambda s: row[s] - exact[s])
        for s in by_remainder[: n - sum(row)]:
            row[s] += 1
        rows.append(row)
    return np.array(rows, np.int64).reshape(len(rows), len(shares))


def deviation(labels: Labels, ratios: Sequence[float] = DEFAULT_RATIOS) -> tuple[str, ...]:
    """Sentences that say how far a split is from the exact counts; none where it is exact."""
    k = len(labels.classes)
    wanted = targets(np.bincount(labels.label, minlength=k).tolist(), check_ratios(ratios))
    got = np.stack([np.bincount(labels.label[labels.items.split == s], minlength=k) for s in SPLITS], axis=1)
    off = np.abs(got - wanted)
    if not off.any():
        return ()
    worst, where = divmod(int(off.argmax()), len(SPLITS))
    total = ", ".join(f"{s} {g:,} instead of {w:,}" for s, g, w in zip(SPLITS, got.sum(0), wanted.sum(0), strict=True))
    sentences = [
        f"groups that stay together put {int(off.sum()) // 2:,} of {len(labels):,} images in another split than "
        f"exact ratios would ({total}); farthest off: class '{labels.classes[worst]}' has "
        f"{got[worst, where]:,} instead of {wanted[worst, where]:,} in {SPLITS[where]}"
    ]
    for c, s in zip(*np.nonzero((got == 0) & (wanted > 0)), strict=True):
        sentences.append(f"class '{labels.classes[c]}' has no image in {SPLITS[s]}: its groups are too large")
    return tuple(sentences)


def _check_sizes(labels: Labels, shares: Sequence[Fraction], tied: Components) -> None:
    used = [s for s, share in enumerate(shares) if share]
    counts = np.bincount(labels.label, minlength=len(labels.classes))
    for c in np.flatnonzero(counts).tolist():
        n, name = int(counts[c]), labels.classes[c]
        row = targets([n], shares)[0]
        groups = len(np.unique(tied[labels.label == c]))
        shown = " ".join(f"{float(share):g}" for share in shares)
        if not row[used].all():
            lost = next(SPLITS[s] for s in used if not row[s])
            enough = math.ceil(1 / min(shares[s] for s in used))
            tried = range(n, min(n + 100, enough))
            least = next((m for m in tried if targets([m], shares)[0][used].all()), enough)
            raise InputError(
                f"class '{name}'", f"at least {least} images for the ratios {shown}",
                f"{n} (none would be in {lost})",
                "Add images, leave the class out, or choose other ratios.",
            )  # fmt: skip
        if groups < len(used):
            got = f"{n} images in {groups} group{'s' if groups > 1 else ''} (duplicates and groups stay together)"
            raise InputError(
                f"class '{name}'", f"at least {len(used)} separate groups, one for each split", got,
                "Add images of other groups, group more finely, or leave the class out.",
            )  # fmt: skip


def _renumber(tied: Components) -> Components:
    """Component numbers by first row, so that they do not depend on how the components were found."""
    _, first, inverse = np.unique(tied, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], np.int64)


def _divide(labels: Labels, tied: Components, shares: Sequence[Fraction], seed: int) -> Array:
    """Split number of each item, shape (n,): first components of several items, then single items exactly."""
    k = len(labels.classes)
    wanted = targets(np.bincount(labels.label, minlength=k).tolist(), shares)
    part = np.full(len(labels), -1, np.int64)
    groups = members(tied)
    if groups:
        content = np.stack([np.bincount(labels.label[rows], minlength=k) for rows in groups])
        single = np.bincount(labels.label, minlength=k) - content.sum(axis=0)
        for rows, s in zip(groups, _place(content, wanted, single, np.random.default_rng([seed, 1])), strict=True):
            part[rows] = s
    for c in range(k):
        alone = np.flatnonzero((labels.label == c) & (part < 0))
        inside = part[(labels.label == c) & (part >= 0)]
        need = _rest(wanted[c] - np.bincount(inside, minlength=len(shares)), len(alone))
        draw = np.random.default_rng([seed, zlib.crc32(labels.classes[c].encode())])
        part[draw.permutation(alone)] = np.repeat(np.arange(len(shares)), need)
    return part


def _rest(need: Counts, n: int) -> Counts:
    """Where ``n`` single items of a class go: as needed, less the largest needs where other splits are too full."""
    need = np.maximum(need, 0)
    while (surplus := int(need.sum()) - n) > 0:
        need[need.argmax()] -= min(surplus, max(1, int(need.max() - np.sort(need)[-2])))
    return need


def _place(content: Counts, wanted: Counts, single: Counts, draw: np.random.Generator) -> list[int]:
    """Split of each group; content (G, K), wanted (K, parts) and single (K,), those in no group, count items.

    Largest group first, ties at random: to the split that it overfills least and, among these, that needs it most
    in proportion. Then groups move one by one as long as that lessens the overfull, and last into splits that
    would be without a class.
    """
    chosen = np.full(len(content), -1, np.int64)
    filled = np.zeros_like(wanted)
    shuffled = draw.permutation(len(content))
    order = shuffled[np.argsort(-content.sum(axis=1)[shuffled], kind="stable")]
    usable = np.flatnonzero(wanted.sum(axis=0))
    weight = 1 / np.maximum(wanted, 1)
    for g in order.tolist():
        chosen[g] = _best(content[g], wanted - filled, weight, usable)
        filled[:, chosen[g]] += content[g]
    for _ in range(_PASSES):
        moved = False
        for g in order.tolist():
            here = int(chosen[g])
            filled[:, here] -= content[g]
            there = _best(content[g], wanted - filled, weight, usable)
            gain = _overfill(content[g], wanted - filled)
            chosen[g] = there if gain[there] < gain[here] else here
            moved |= chosen[g] != here
            filled[:, chosen[g]] += content[g]
        if not moved:
            break
    _fill_gaps(chosen, content, wanted, single)
    return [int(s) for s in chosen]


def _fill_gaps(chosen: Array, content: Counts, wanted: Counts, single: Counts) -> None:
    """Move the smallest group there is into a split that has neither a group nor enough single items of a class."""
    for c in range(len(wanted)):
        holds = np.flatnonzero(content[:, c])
        groups = np.stack([(chosen[holds] == s) for s in range(wanted.shape[1])]).sum(axis=1)
        gaps = np.flatnonzero((wanted[c] > 0) & (groups == 0))
        for s in gaps[int(single[c]) :].tolist():
            spare = holds[groups[chosen[holds]] > 1]
            if len(spare):
                g = spare[content[spare].sum(axis=1).argmin()]
                groups[chosen[g]] -= 1
                groups[s] += 1
                chosen[g] = s


_PASSES = 20


def _overfill(content: Counts, need: Counts) -> Counts:
    """By how many items a group would overfill each split beyond what is overfull already, shape (parts,)."""
    return np.asarray((np.maximum(content[:, None] - need, 0) - np.maximum(-need, 0)).sum(axis=0), np.int64)


def _best(content: Counts, need: Counts, weight: Array, usable: Array) -> int:
    over = _overfill(content, need)[usable]
    urgency = (content[:, None] * need * weight).sum(axis=0)[usable]
    return int(usable[np.lexsort((-urgency, over))[0]])
