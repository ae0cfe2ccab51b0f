"""What was found about the failures, as records that fit ``Result.causes`` and ``eval.json``."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["measured", "column", "model"]
"""Measured on images and truth; a column of the user; or seen through the judged model itself."""
Place: TypeAlias = Literal["low", "high", "middle", "category"]


class Spread(msgspec.Struct, frozen=True):
    """A difference of shares with its interval (None: no valid one)."""

    value: float
    low: float | None = None
    high: float | None = None


class Bin(msgspec.Struct, frozen=True):
    """One part of the items by a condition: how many fail, with Wilson's 95 % interval.

    Numbers from ``start`` on and below ``stop`` (the last bin holds ``stop``); None for a category.
    """

    name: str
    n: int
    failures: int
    rate: float
    low: float | None
    high: float | None
    start: float | None = None
    stop: float | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """How the failure rate goes with one condition: the worst part against the rest.

    ``difference`` of the rates, its interval valid for whichever of the bins is the worst. ``p``: is the rate the same
    in all bins? ``p_holm`` corrected for the number of conditions of the same kind. ``share`` of all failures lies in
    the worst part. ``adjusted``: the same difference with class and the other conditions held fixed, except those in
    ``entangled``, which are too alike to be told apart. ``missing`` items have no value.
    """

    condition: str
    label: str
    unit: str
    kind: Kind
    bins: list[Bin]
    worst: int
    place: Place
    where: str
    n: int
    failures: int
    rate: float
    rest_rate: float
    difference: Spread
    p: float | None
    p_holm: float | None
    share: float
    adjusted: Spread | None = None
    entangled: list[str] = []
    missing: int = 0


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A class (or a confused pair, where ``predicted`` is given) that fails more in a part of its items.

    ``fails`` says in which way, where that is no class (‘badly placed’); empty for any and for a pair.

    ``elsewhere`` is the same difference of failure rates over all other classes, each with its own thirds; None for a
    pair or a way to fail: a slice far above it is a matter of this class. ``p`` is corrected for the whole search; the
    interval of ``difference`` for the choice among all that was searched.
    """

    truth: str
    predicted: str | None
    condition: str
    label: str
    place: Place
    where: str
    n: int
    failures: int
    rate: float
    rest_n: int
    rest_failures: int
    rest_rate: float
    difference: Spread
    elsewhere: float | None = None
    p: float
    fails: str = ""


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Mean confidence minus share right, in the part of the items where it is largest, and elsewhere."""

    condition: str
    label: str
    place: Place
    where: str
    n: int
    confidence: float
    accuracy: float
    rest_confidence: float
    rest_accuracy: float
    difference: Spread
    p: float
    p_holm: float


class Band(msgspec.Struct, frozen=True):
    """The (image, class) cells of one part by a condition: how many, and their mean IoU with its 95 % interval."""

    name: str
    n: int
    iou: float
    low: float | None = None
    high: float | None = None


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """How the IoU of (image, class) cells goes with a condition of their components (mean, by pixels).

    ``rank`` is Spearman's correlation over all ``n`` cells, ``within`` that of ranks inside each class, so that it does
    not say which classes are hard; ``classes`` have cells enough for it (None: none has). ``p`` is of ``within``,
    ``p_holm`` corrected for the number of conditions.
    """

    condition: str
    label: str
    unit: str
    n: int
    bands: list[Band]
    rank: Spread
    within: Spread | None
    classes: int
    p: float | None
    p_holm: float | None


class Taken(msgspec.Struct, frozen=True):
    """What failures of a class are taken for (None: for no class), ``n`` of the class's ``failures``."""

    truth: str
    said: str | None
    n: int
    failures: int


class Causes(msgspec.Struct, frozen=True, kw_only=True):
    """What the failures of a ``task`` go with. ``adjustment`` says how effects were adjusted, or why they were not.

    ``searched`` class (or pair) × condition × direction combinations were looked at for ``slices``. ``skipped`` holds
    (condition, reason). Of a segmentation ``relations`` say how the IoU of (image, class) cells goes with conditions,
    and ``taken`` what components that fail are taken for, the commonest first.
    """

    n: int
    groups: int
    failures: int
    effects: list[Effect] = []
    slices: list[Slice] = []
    searched: int = 0
    trust: list[Trust] = []
    skipped: list[tuple[str, str]] = []
    adjustment: str = ""
    resamples: int
    seed: int
    warnings: list[str] = []
    task: str = "classify"
    relations: list[Relation] = []
    taken: list[Taken] = []
