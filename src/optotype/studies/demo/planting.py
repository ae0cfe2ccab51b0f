"""Planted faults of a tracker's detections against the events that were explained: is the planted cause named?"""

from __future__ import annotations

import numpy as np

from optotype.box_geometry import iou
from optotype.evidence import Evidence
from optotype.studies.demo.records import Finding, PlantedEvents
from optotype.studies.demo.tracker import Fault, Planted
from optotype.tables import Array, Tracks
from optotype.tasks.track.causes.boxes import SOON
from optotype.tasks.track.codes import CAUSE_CODE, CAUSES, TYPE_CODE
from optotype.tasks.wording import percent, plural

WORTH = 0.8
"""Share of the events of a fault that must have the planted cause for it to be called found."""
TARGET = "events-section"


def outcomes(
    model: str, evidence: Evidence, truth: Tracks, faults: tuple[Fault, ...], planted: dict[str, Planted]
) -> list[PlantedEvents]:
    """What became of each fault; ``planted`` counts sequences as the ``truth`` does.

    Of several events at one place that with most frames in common with the planted run counts; of identity switches,
    which may come up to ``SOON`` frames later, the first of those whose thing was lost no sooner than it was planted.
    """
    return [_outcome(model, evidence, truth, fault, planted[fault.key]) for fault in faults]


def _outcome(model: str, evidence: Evidence, truth: Tracks, fault: Fault, planted: Planted) -> PlantedEvents:
    rows = evidence["events"]
    item = np.searchsorted(evidence.keys, truth.items.key)[planted.item]
    chosen = np.flatnonzero(rows["type"] == TYPE_CODE[fault.type])
    causes = []
    for i in range(len(planted)):
        first, last = int(planted.first[i]), int(planted.last[i]) + (SOON if fault.type == "IDSW" else 0)
        here = chosen[
            (rows.item[chosen] == item[i]) & (rows["first"][chosen] <= last) & (rows["last"][chosen] >= first)
        ]
        if planted.id[i] >= 0:
            here = here[rows["truth_id"][here] == planted.id[i]]
        else:
            here = here[
                np.isin(rows["prediction_id"][here], _tracks(evidence, int(item[i]), first, last, planted.box[i]))
            ]
        if fault.type == "IDSW":
            here = here[rows["first"][here] >= first - 1]
        if len(here) and fault.type == "IDSW":
            causes.append(int(rows["cause"][here[np.argmin(rows["last"][here])]]))
        elif len(here):
            shared = np.minimum(rows["last"][here], last) - np.maximum(rows["first"][here], first)
            causes.append(int(rows["cause"][here[np.argmax(shared)]]))
    named = causes.count(CAUSE_CODE[fault.cause])
    rest = [CAUSES[c] for c in causes if c != CAUSE_CODE[fault.cause]]
    others = {cause: rest.count(cause) for cause in sorted(set(rest))}
    return PlantedEvents(model, fault.says, fault.type, fault.cause, len(planted), len(causes), named, others)


def _tracks(evidence: Evidence, item: int, first: int, last: int, box: Array) -> Array:
    """Ids of the tracks that lie on a box in some frames."""
    said = evidence["predictions"]
    there = (said.item == item) & (said["frame"] >= first) & (said["frame"] <= last)
    rows = np.flatnonzero(there)
    return np.unique(said["id"][rows[iou(said["box"][rows], np.repeat(box[None], len(rows), axis=0)) >= 0.5]])


def findings(found: list[PlantedEvents]) -> list[Finding]:
    """Each fault with what the explanation says of it; found is one whose cause stands at ``WORTH`` of its events."""
    made = []
    for fault in found:
        told = ""
        if fault.events and fault.named >= WORTH * fault.events:
            share = percent(fault.named / fault.events, 0)
            told = f"{fault.named} of {plural(fault.events, f'{fault.type} event')} there ({share}): ‘{fault.cause}’."
        made.append(Finding(fault.says, told, TARGET if told else ""))
    return made
