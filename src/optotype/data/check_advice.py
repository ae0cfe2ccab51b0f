"""What to do about what is wrong with images, which depends on the task."""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """What to do about the files, which depends on what they are for."""

    unreadable: str
    copies: str
    near: str
    rotated: str
    mode: str


CLASSIFY = Advice(
    "Repair or remove them; split, train and study leave them out.",
    "Remove the copies; split keeps them together.",
    "Look at them; split keeps them together.",
    "Nothing: they are turned upright wherever they are used.",
    "Nothing: all are converted to RGB; ask whether the mode gives the class away.",
)
DETECT = Advice(
    "Repair them, or take them out of the JSON file.",
    "Take the copies out of the JSON file: what is in them counts twice.",
    "Look at them: never let one be trained on and the other be tested on.",
    "Nothing, if the boxes are drawn on the picture as displayed.",
    "Nothing: all are converted to RGB.",
)
