"""What looking at one model on two data sets gives, and its JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from optotype.diagnose.compare.records import Difference
from optotype.results import Counts, Metric

FORMAT: Literal["optotype.crossing/1"] = "optotype.crossing/1"


class Unmapped(msgspec.Struct, frozen=True):
    """A class of one data set that the joint list lacks, and its share of that data set's labelled pixels."""

    name: str
    share: float


class Side(msgspec.Struct, frozen=True):
    """One of the two data sets.

    ``sources`` says which of its classes became which joint one; ``coverage`` is the share of its labelled pixels that
    lie in joint classes; ``elsewhere`` the share of those pixels that the model gave to no joint class.
    """

    name: str
    n: Counts
    sources: dict[str, list[str]]
    unmapped: list[Unmapped]
    coverage: float | None
    elsewhere: float | None


class Shift(msgspec.Struct, frozen=True):
    """One number on the first data set and on the second, and the second minus the first."""

    first: Metric
    second: Metric
    difference: Difference


class ClassShift(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """One class: its share of the pixels on either side, IoU, recall and precision."""

    name: str
    share_first: float | None
    share_second: float | None
    iou: Shift
    recall: Shift
    precision: Shift


class Confusion(msgspec.Struct, frozen=True):
    """The share of ``truth``'s pixels that the model calls ``said`` on either side; ``said`` None: no joint class."""

    truth: str
    said: str | None
    first: float
    second: float
    difference: Difference


class Mix(msgspec.Struct, frozen=True):
    """The change of pixel accuracy in two parts (Kitagawa 1955).

    ``recall``: each class is found differently often, at the mean of both sides' shares of the classes; ``shares``: the
    classes are differently frequent, at the mean of both sides' recalls. The two add up to the whole change.
    """

    recall: Difference
    shares: Difference


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found; the first data set is what the second is held against.

    ``counts`` are both sides' pixels by truth (rows) and prediction (columns, the last for no joint class).
    ``compared`` are the classes with truth on both sides, over which means are taken. ``per_class`` and ``confusions``
    begin with the greatest loss or change.
    """

    format: Literal["optotype.crossing/1"] = FORMAT
    task: str
    classes: list[str]
    compared: list[str]
    sides: tuple[Side, Side]
    counts: tuple[list[list[int]], list[list[int]]]
    metrics: dict[str, Shift]
    mix: Mix
    per_class: list[ClassShift]
    confusions: list[Confusion]
    resamples: int
    seed: int
    protocol: dict[str, str]
    warnings: list[str]

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two data sets."""
        return self.sides[0].name, self.sides[1].name


def encode(crossing: Crossing) -> bytes:
    """The crossing as JSON, two-space indent."""
    return msgspec.json.format(msgspec.json.encode(crossing), indent=2) + b"\n"
