"""What the folder of a look at two data sets remembers."""

from __future__ import annotations

from typing import Literal

import msgspec

from optotype.diagnose.domains import Crossing

CROSSING_FILE = "crossing.json"
VERSUS, CROSSING = "versus", "crossing"
"""Folders inside a run of a study: its evaluation on the other data set, and what holding the two together found."""


class CrossingFile(msgspec.Struct, frozen=True):
    """Which folders were held against each other, and what was found."""

    folders: list[str]
    crossing: Crossing
    command: str = ""
    format: Literal["optotype.versus/1"] = "optotype.versus/1"
