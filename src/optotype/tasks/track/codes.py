"""What an event of tracking is, and what goes with it: the codes of the table ``events`` and their words."""

from __future__ import annotations

from typing import Final

TYPES: Final = ("FN", "FP", "IDSW", "Frag", "merged", "split")
"""Position = ``type``. FN and FP are runs of consecutive frames of one identity, IDSW and Frag single moments; a track
is merged that lies on several objects, an object is split that several tracks lie on."""

TYPE_NAMES: Final = {
    "FN": "missed",
    "FP": "false alarm",
    "IDSW": "identity switch",
    "Frag": "fragmentation",
    "merged": "merged track",
    "split": "split track",
}

CAUSES: Final = (
    "unexplained",
    "wrong class",
    "one box",
    "badly placed",
    "duplicate",
    "passed over",
    "size filter",
    "ratio filter",
    "low score",
    "not confirmed",
    "camera jerk",
    "swap",
    "buffer expired",
    "crossing",
    "occluded",
    "border",
    "detection missing",
    "carried on",
    "background",
    "moved far",
)
"""Position = ``cause``; 0 is ``unexplained``."""

CAUSE_NAMES: Final = {
    "unexplained": "no rule fits",
    "wrong class": "a box of another class lies there",
    "one box": "one box for two objects: it is matched to the other",
    "badly placed": "a box lies near, at an IoU from 0.1 to below 0.5",
    "duplicate": "a second box on an object that is found",
    "passed over": "on or at an object that the truth passes over",
    "size filter": "detected, but smaller than the tracker lets out",
    "ratio filter": "detected, but wider than the tracker lets out",
    "low score": "detected, with a score below what the tracker needs",
    "not confirmed": "detected, but the tracker had not yet confirmed the track",
    "camera jerk": "all boxes jumped: the camera jerked",
    "swap": "two objects exchanged their identities",
    "buffer expired": "unseen for longer than the tracker remembers",
    "crossing": "two objects met there",
    "occluded": "something nearer hid it",
    "border": "it enters or leaves the picture",
    "detection missing": "nothing was detected there",
    "carried on": "the track went on where nothing was detected",
    "background": "nothing is there",
    "moved far": "the boxes before and after overlap too little to be followed",
}

FACTS: Final = {
    "unexplained": "",
    "wrong class": "IoU",
    "one box": "IoU",
    "badly placed": "IoU",
    "duplicate": "IoU",
    "passed over": "IoU",
    "size filter": "square pixels",
    "ratio filter": "width / height",
    "low score": "score",
    "not confirmed": "frames",
    "camera jerk": "pixels",
    "swap": "frames apart",
    "buffer expired": "frames",
    "crossing": "share covered",
    "occluded": "share hidden",
    "border": "share outside",
    "detection missing": "frames",
    "carried on": "frames",
    "background": "score",
    "moved far": "IoU of both boxes",
}
"""What ``fact`` of an event with the cause measures; empty: NaN."""

UNEXPLAINED = 0
TYPE_CODE: Final = {name: code for code, name in enumerate(TYPES)}
CAUSE_CODE: Final = {name: code for code, name in enumerate(CAUSES)}
