"""Which declared faults an explanation found, and what it reported beside them."""

from __future__ import annotations

import numpy as np

from optotype.diagnose.causes import Causes
from optotype.diagnose.causes.wording import (
    effect_sentence,
    shown_effects,
    slice_sentence,
    special_slices,
    trust_sentence,
)
from optotype.diagnose.conditions import PREFIX
from optotype.studies.demo.classifier import Fault
from optotype.studies.demo.records import Finding, LabelFinding
from optotype.tables import Array


def find(faults: tuple[Fault, ...], causes: Causes) -> list[Finding]:
    """Each fault with what the explanation says of it: the recorded attribute, its end, and the class where it has one.

    Only what holds after the explanation's own corrections counts.
    """
    return [Finding(fault.says, *_told(fault, causes)) for fault in faults]


def _told(fault: Fault, causes: Causes) -> tuple[str, str]:
    key = PREFIX + fault.attribute
    if fault.truth:
        for found in special_slices(causes):
            pair = (found.truth, found.predicted or fault.taken_for) == (fault.truth, fault.taken_for)
            if pair and (found.condition, found.place) == (key, fault.direction):
                return slice_sentence(found).text, "slices"
        return "", ""
    if fault.overconfident:
        for trust in causes.trust:
            if (trust.condition, trust.place) == (key, fault.direction):
                return trust_sentence(trust).text, "slices"
        return "", ""
    for effect in shown_effects(causes):
        if (effect.condition, effect.place) == (key, fault.direction):
            return effect_sentence(causes, effect).text, "causes"
    return "", ""


def undeclared(faults: tuple[Fault, ...], causes: Causes) -> list[str]:
    """Conditions that the explanation holds up although no fault names them, in its words for them."""
    declared = {(PREFIX + fault.attribute, fault.direction) for fault in faults}
    return [e.label for e in shown_effects(causes) if (e.condition, e.place) not in declared]


def label_errors(keys: Array, swapped: Array, suspects: list[str]) -> LabelFinding:
    """Swapped labels (n,) of the items ``keys`` against the keys that the explanation suspects."""
    planted = set(keys[np.asarray(swapped, bool)].tolist())
    return LabelFinding(len(planted), len(suspects), len(planted & set(suspects)))
