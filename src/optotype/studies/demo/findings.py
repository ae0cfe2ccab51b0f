"""Which declared faults an explanation found, and what it reported beside them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optotype.diagnose.causes import Causes
from optotype.diagnose.causes.wording import (
    effect_sentence,
    is_special,
    shown_effects,
    slice_sentence,
    trust_sentence,
)
from optotype.diagnose.domains import Crossing
from optotype.metrics.tide.codes import ERROR_NAMES
from optotype.results import Result
from optotype.studies.demo.faults import Fault, Shows
from optotype.studies.demo.records import Finding, LabelFinding
from optotype.studies.explained import causes_of
from optotype.tables import Array
from optotype.tasks.detect.size_views import size_sentences
from optotype.tasks.detect.sizing import ALPHA, contrasts_of
from optotype.tasks.wording import percent, quoted, within

WORTH = 0.5
"""AP points that an error must cost, with its whole interval, to be called found."""
WORTH_OF_RIM = 0.15
"""By how much, with both intervals, pixels near boundaries must be less often right for outlines to be called bad."""


def find(faults: tuple[Fault, ...], result: Result) -> list[Finding]:
    """Each fault with what the explanation says of it: the recorded attribute, its end, and the class where it has one.

    Only what holds after the explanation's own corrections counts.
    """
    return [Finding(fault.says, *_TOLD[fault.shows](fault, result)) for fault in faults]


def _causes(result: Result) -> Causes:
    found = causes_of(result)
    assert found is not None, "evaluate looks for causes"
    return found


def _effect(fault: Fault, result: Result) -> tuple[str, str]:
    causes = _causes(result)
    for effect in shown_effects(causes):
        if (effect.condition, effect.place) == (fault.named, fault.direction):
            return effect_sentence(causes, effect).text, "causes"
    return "", ""


def _slice(fault: Fault, result: Result) -> tuple[str, str]:
    causes = _causes(result)
    for found in filter(is_special, causes.slices):
        pair = (found.truth, found.predicted or "") == (fault.truth, fault.taken_for)
        if pair and (found.condition, found.place) == (fault.named, fault.direction):
            return slice_sentence(causes, found).text, "slices"
    return "", ""


def _trust(fault: Fault, result: Result) -> tuple[str, str]:
    for trust in _causes(result).trust:
        if (trust.condition, trust.place) == (fault.named, fault.direction):
            return trust_sentence(trust).text, "slices"
    return "", ""


def _size(fault: Fault, result: Result) -> tuple[str, str]:
    """Whether the error costs more in the size at the fault's end than in that at the other."""
    wanted = (f"tide.{fault.error}", "large", "small")
    ends = next((c for c in contrasts_of(result) if (c.key, c.a, c.b) == wanted), None)
    if ends is None or ends.p_holm is None or ends.p_holm >= ALPHA or (ends.value > 0) != (fault.direction == "high"):
        return "", ""
    return next(s.text for s in size_sentences(result) if s.text.startswith(f"{fault.error} errors")), "sizes"


def _error(fault: Fault, result: Result) -> tuple[str, str]:
    cost = result.errors["tide"][fault.error]
    if cost["low"] is None or cost["low"] < WORTH:
        return "", ""
    text = f"{fault.error} errors ({ERROR_NAMES[fault.error]}) cost {cost['value']:.1f} AP points"
    return f"{text} [{cost['low']:.1f}, {cost['high']:.1f}].", "errors"


def _rim(fault: Fault, result: Result) -> tuple[str, str]:  # noqa: ARG001 — outlines are of all things
    """Whether pixels near boundaries are surely less often right than others, by more than any outline costs."""
    near, inside = (part.metrics["accuracy"] for part in result.slices["part"])
    known = near.value is not None and inside.value is not None
    if not known or near.high is None or inside.low is None or inside.low - near.high < WORTH_OF_RIM:
        return "", ""
    ends = [f"{percent(m.value or 0.0)}{within(m.low, m.high)}" for m in (near, inside)]
    return f"Near boundaries {ends[0]} of the pixels are right, elsewhere {ends[1]}.", "near"


def find_across(fault: Fault, crossing: Crossing) -> Finding:
    """A fault of the second domain alone, with what the comparison of the domains says of its pair of classes."""
    for row in crossing.confusions:
        shown = row.difference.p_holm is not None and row.difference.p_holm < ALPHA and row.second > row.first
        if shown and (row.truth, row.said) == (fault.truth, fault.taken_for):
            first, second = (quoted(side.name) for side in crossing.sides)
            text = (
                f"{quoted(row.truth)} is called {quoted(row.said or '')} more often: {percent(row.second)} of its "
                f"pixels on {second}, {percent(row.first)} on {first} ({100 * (row.difference.value or 0):+.1f} points"
                f"{within(row.difference.low, row.difference.high)})."
            )
            return Finding(fault.says, text, "confusion-changes", across=True)
    return Finding(fault.says, "", "")


_TOLD: dict[Shows, Callable[[Fault, Result], tuple[str, str]]] = {
    "effect": _effect,
    "slice": _slice,
    "trust": _trust,
    "size": _size,
    "error": _error,
    "rim": _rim,
}


def undeclared(faults: tuple[Fault, ...], result: Result) -> list[str]:
    """Conditions that the explanation holds up although no fault names them, in its words for them."""
    declared = {(fault.named, fault.direction) for fault in faults}
    return [e.label for e in shown_effects(_causes(result)) if (e.condition, e.place) not in declared]


def label_errors(keys: Array, swapped: Array, suspects: list[str]) -> LabelFinding:
    """Swapped labels (n,) of the items ``keys`` against the keys that the explanation suspects."""
    planted = set(keys[np.asarray(swapped, bool)].tolist())
    return LabelFinding(len(planted), len(suspects), len(planted & set(suspects)))
