"""What may be compared: the same items, truth, classes and conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.results import Result
from optotype.tables import Array


def check(
    results: Sequence[Result],
    evidences: Sequence[Evidence],
    names: Sequence[str],
    seed_groups: Sequence[str] | None,
) -> None:
    """Raise InputError, naming the difference, where the evaluations cannot be compared."""
    n = len(results)
    if n < 2 or n != len(evidences) or n != len(names) or (seed_groups is not None and n != len(seed_groups)):
        raise InputError("compare", "two or more evaluations, each with a name", f"{n}", "Name a second one.")
    if len(set(names)) < n:
        raise InputError("--names", "every name once", repr(list(names)), "Give each its own name.")
    for result, evidence, name in zip(results[1:], evidences[1:], names[1:], strict=True):
        _check_pair(names[0], name, results[0], result, evidences[0], evidence)


def _check_pair(first: str, name: str, a: Result, b: Result, one: Evidence, other: Evidence) -> None:
    where = f"comparing '{name}' with '{first}'"
    if a.task != b.task:
        raise InputError(where, f"task '{a.task}'", f"task '{b.task}'", "Compare evaluations of one task.")
    if a.provenance.truth.sha256 != b.provenance.truth.sha256:
        raise InputError(
            where, f"the same truth ({a.provenance.truth.path}, sha256 {a.provenance.truth.sha256[:12]}…)",
            f"another ({b.provenance.truth.path}, sha256 {b.provenance.truth.sha256[:12]}…)",
            "Evaluate both against the same truth and split.",
        )  # fmt: skip
    differing = [
        key for key in _conventions(a) | _conventions(b) if _conventions(a).get(key) != _conventions(b).get(key)
    ]
    if differing:
        key = sorted(differing)[0]
        raise InputError(
            where, f"the same protocol ({key}: {_conventions(a).get(key)!r})",
            f"{key}: {_conventions(b).get(key)!r}", "Evaluate both under the same protocol.",
        )  # fmt: skip
    if one.classes != other.classes:
        raise InputError(where, "the same classes", f"{other.classes[:5]}", "Evaluate both with one class list.")
    if len(one) != len(other) or not bool((one.keys == other.keys).all()):
        only = np.setxor1d(one.keys, other.keys)
        raise InputError(
            where, "the same items", f"{len(only)} on one side only, such as '{only[0]}'", "Evaluate again."
        )
    same_truth = all(np.array_equal(*sides) for sides in _truths(one, other))
    if not same_truth or not bool((one.groups == other.groups).all()):
        what = "groups" if same_truth else "truth"
        raise InputError(
            where, f"the same {what} of the items", "different ones", "Evaluate both against the same truth."
        )


def _truths(one: Evidence, other: Evidence) -> list[tuple[Array, Array]]:
    """Columns that say what is there, side by side."""
    if "labels" in one.tables:
        return [(one["labels"]["truth"], other["labels"]["truth"])]
    if "pixels" in one.tables:
        columns = {"rims": ("label", "n", "rim"), "components": ("label", "area", "box")}
        known = [(one[t][name], other[t][name]) for t, chosen in columns.items() for name in chosen]
        return [*((one[t].item, other[t].item) for t in columns), *known]
    names = ("frame", "id", "label", "box", "kept") if one.task == "track" else ("label", "box", "area", "crowd")
    return [(one["truth"].item, other["truth"].item), *((one["truth"][n], other["truth"][n]) for n in names)]


def _conventions(result: Result) -> dict[str, Any]:
    """The protocol without the settings of the intervals: those are drawn anew."""
    return {key: value for key, value in result.protocol.items() if key != "intervals"}
