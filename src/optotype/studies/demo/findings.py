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
from optotype.metrics.tide.codes import ERROR_NAMES
from optotype.results import Result
from optotype.studies.demo.faults import Fault, Shows
from optotype.studies.demo.records import Finding, LabelFinding
from optotype.studies.explained import causes_of
from optotype.tables import Array
from optotype.tasks.detect.size_views import size_sentences
from optotype.tasks.detect.sizing import ALPHA, contrasts_of

WORTH = 0.5
"""AP points that an error must cost, with its whole interval, to be called found."""


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


_TOLD: dict[Shows, Callable[[Fault, Result], tuple[str, str]]] = {
    "effect": _effect,
    "slice": _slice,
    "trust": _trust,
    "size": _size,
    "error": _error,
}


def undeclared(faults: tuple[Fault, ...], result: Result) -> list[str]:
    """Conditions that the explanation holds up although no fault names them, in its words for them."""
    declared = {(fault.named, fault.direction) for fault in faults}
    return [e.label for e in shown_effects(_causes(result)) if (e.condition, e.place) not in declared]


def label_errors(keys: Array, swapped: Array, suspects: list[str]) -> LabelFinding:
    """Swapped labels (n,) of the items ``keys`` against the keys that the explanation suspects."""
    planted = set(keys[np.asarray(swapped, bool)].tolist())
    return LabelFinding(len(planted), len(suspects), len(planted & set(suspects)))
