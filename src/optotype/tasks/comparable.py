"""What a task says about itself so that two models on the same data can be compared, alike in every task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Evidence
from optotype.results import Better, Metric, Result
from optotype.tables import Array, Floats
from optotype.views import Drawn, Unit


@dataclass(frozen=True)
class Kind:
    """One number: its key among the samples, what it is called, and which way is better."""

    key: str
    label: str
    unit: Unit = "ratio"
    better: Better = "higher"


@dataclass(frozen=True)
class Family:
    """Numbers of the whole data that have a section of their own; their p-values are corrected together.

    ``axis`` names the chart's axis, ``said`` starts a sentence about what differs (with ``{a}`` and ``{b}``).
    """

    key: str
    title: str
    lead: str
    axis: str
    said: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Slices:
    """Numbers of parts of the data, all corrected together: ``keys`` maps a part to its samples' keys by kind."""

    key: str
    title: str
    lead: str
    said: str
    kinds: tuple[Kind, ...]
    keys: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, eq=False)
class Sampled:
    """The numbers of one model and of each resample of the groups; those of two models are paired.

    ``value`` and ``resampled`` (R,) by key, ``class_value`` (K,) and ``class_resampled`` (R, K) those of the classes;
    nothing is resampled where ``resampled`` is empty. ``class_groups`` (K,): groups with something of the class;
    ``support`` (K,): objects or items of it. A key of ``distances`` has the interval of the triangle inequality: the
    distances (R,) of its resamples from the value, and what chance alone explains. A key in ``no_interval`` has none.
    """

    groups: int
    independent: bool
    support: Array
    class_groups: Array
    value: Mapping[str, float]
    resampled: Mapping[str, Floats]
    class_value: Mapping[str, Floats]
    class_resampled: Mapping[str, Floats]
    distances: Mapping[str, tuple[Floats, float]] = field(default_factory=dict)
    no_interval: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Thresholds:
    """Scores from which on detections of A and B count, and the false ones an image; ``of``: whose best F1 it is.

    A score is infinite where nothing counts.
    """

    of: Literal["a", "b"]
    score_a: float
    score_b: float
    false_a: float
    false_b: float


@dataclass(frozen=True, eq=False)
class Counted:
    """What A and B have right, one row an item or object.

    ``item`` (m,) is the position in the evidence, ``label`` (m,) the true class. ``said_a`` and ``said_b`` (m,) index
    ``names``; ``score_a`` and ``score_b`` (m,) are None where there are no scores, and −inf where a row has none.
    ``fixed_first`` and ``broken_first`` (m,): the larger, the earlier in a list. ``box`` (m, 4) and ``size`` (m,) of
    objects, an index into ``sizes``.
    """

    item: Array
    label: Array
    right_a: NDArray[np.bool_]
    right_b: NDArray[np.bool_]
    said_a: Array
    said_b: Array
    names: tuple[str, ...]
    score_a: Floats | None
    score_b: Floats | None
    fixed_first: Array
    broken_first: Array
    box: Floats | None = None
    size: Array | None = None
    sizes: tuple[str, ...] = ()
    at: Thresholds | None = None


class SceneChange(msgspec.Struct, frozen=True, rename={"label": "class"}):
    """So many objects of a class are fixed or broken in an image."""

    change: Literal["fixed", "broken"]
    label: str
    n: int


class Scene(msgspec.Struct, frozen=True):
    """An image with the boxes of the truth and of both models, and what changed in it."""

    key: str
    width: int
    height: int
    changes: list[SceneChange]
    drawn: Drawn


class Sampling(Protocol):
    """``sample`` of ``Comparable``."""

    def __call__(
        self, result: Result, evidence: Evidence, *, resamples: int, seed: int, threads: int
    ) -> Sampled:
        """Numbers and resamples of one model."""


@dataclass(frozen=True)
class Comparable:
    """What two models of a task are compared by.

    ``one``, ``unit``: what is right or wrong, and what an evaluation holds many of. ``headline``, ``said``: the key of
    the number that decides and its name in a sentence; ``same``: what is said of two that do not differ; ``test`` names
    the test of fixes against breaks. ``truth``, ``columns``, ``truth_said``: the table of the evidence that must be
    equal, in these columns, and what they hold. ``class_kinds``: the first one's values are shown; ``class_test``:
    whether p-values of classes come from changed items or from the difference's resamples. ``kinds`` and ``slices``
    take the protocol. ``aliases``: other names of the headline numbers by key.
    """

    one: str
    unit: str
    headline: str
    said: str
    same: str
    test: str
    truth: str
    columns: tuple[str, ...]
    truth_said: str
    class_kinds: tuple[Kind, ...]
    class_test: Literal["changes", "difference"]
    kinds: Callable[[dict[str, Any]], tuple[Kind, ...]]
    numbers: Callable[[Result], dict[str, Metric]]
    sample: Sampling
    count: Callable[[Evidence, Evidence], list[Counted]]
    families: tuple[Family, ...] = ()
    slices: Callable[[dict[str, Any]], tuple[Slices, ...]] = lambda _protocol: ()
    scenes: Callable[[Evidence, Evidence, Counted, tuple[str, str]], list[Scene]] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
