"""Copies of images, equal or near: how many, under which labels, in which splits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optotype.data.check_advice import Advice
from optotype.data.duplicates import Components, Duplicates, members
from optotype.data.findings import Finding, any_finding
from optotype.data.inspection import Inspection
from optotype.listing import SPLITS
from optotype.tables import Array, Labels, Strings


def find(names: Strings, inspection: Inspection, found: Duplicates, advice: Advice) -> list[Finding]:
    """Findings about equal files and near copies."""
    exact = found.exact
    same, alike = members(exact, inspection.readable), members(found.near, inspection.readable)
    copies = sum(len(rows) - 1 for rows in same)
    nearly = sum(len(rows) - 1 for rows in alike) - copies
    largest = max((len(rows) for rows in alike), default=0)
    return [
        *any_finding(
            "exact_duplicates", "warning", [" = ".join(names[rows[:3]].tolist()) for rows in same],
            "{n} file{s} {is_} an exact copy of another", advice.copies, copies,
        ),
        *any_finding(
            "near_duplicates", "warning",
            [" ≈ ".join(names[_one_each(rows, exact)[:3]].tolist()) for rows in alike if _differ(exact, rows)],
            f"{{n}} image{{s}} {{is_}} a near copy of another (largest group: {largest:,} images)",
            advice.near, nearly,
        ),
    ]  # fmt: skip


def find_contradictions(labels: Labels, inspection: Inspection, found: Duplicates) -> list[Finding]:
    """Copies with more than one label, or in more than one split."""
    same, alike = members(found.exact, inspection.readable), members(found.near, inspection.readable)
    conflict = [rows for rows in same if _differ(labels.label, rows)]
    doubtful = [rows for rows in alike if _differ(found.exact, rows) and _differ(labels.label, rows)]
    return [
        *any_finding(
            "duplicates_other_label", "error",
            [" = ".join(_labelled(labels, rows[:3])) for rows in conflict],
            "{n} picture{s} {is_} there under two or more labels", "Keep the right label of each.",
        ),
        *any_finding(
            "near_duplicates_other_label", "warning",
            [" ≈ ".join(_labelled(labels, rows[:3])) for rows in doubtful],
            "{n} group{s} of near copies with two or more labels", "Look at them: is one of the labels wrong?",
        ),
        *_leaks(labels, alike),
    ]  # fmt: skip


def _differ(values: Array, rows: Array) -> bool:
    return len(set(values[rows].tolist())) > 1


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
    return any_finding(
        "leaks", "error", examples,
        "{n} image{s} in a later split {is_} (nearly) the same as one in an earlier split",
        "Results on that split look better than they are: divide anew with 'optotype split'.", count,
    )  # fmt: skip
