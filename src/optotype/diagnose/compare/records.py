"""What a comparison holds, and its JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from optotype.results import Better, Counts, Metric
from optotype.views import Frame, Lane

FORMAT: Literal["optotype.comparison/1"] = "optotype.comparison/1"
MOST_CHANGED = 1000
"""Changed items or objects kept of each kind; the counts are of all."""


class Difference(msgspec.Struct, frozen=True):
    """B − A of one number with its paired 95 % interval; None where it does not exist or no interval is valid.

    ``p`` is the two-sided p-value, ``p_holm`` corrected for its family; None where none is given.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = "ratio"
    better: Better = "higher"
    p: float | None = None
    p_holm: float | None = None

    @property
    def shown(self) -> bool:
        """The interval leaves out 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class Changed(msgspec.Struct, frozen=True):
    """An item that one model has right and the other wrong; confidences are None without scores."""

    key: str
    truth: str
    a: str
    b: str
    confidence_a: float | None = None
    confidence_b: float | None = None


class ClassDifference(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """One class: recall (detect: AP, track: HOTA, segment: IoU) of A and B, differences, items or objects fixed and
    broken, p and p after Holm.

    ``recall`` and ``f1`` are of classifiers, ``ap`` is of detectors, ``hota`` of trackers, ``iou`` of segmentations.
    """

    name: str
    n: int
    a: float | None
    b: float | None
    recall: Difference | None = None
    f1: Difference | None = None
    ap: Difference | None = None
    fixes: int = 0
    breaks: int = 0
    p: float | None = None
    p_holm: float | None = None
    hota: Difference | None = None
    iou: Difference | None = None

    @property
    def difference(self) -> Difference:
        """The difference in what the class is judged by."""
        return self.recall or self.ap or self.hota or self.iou or Difference(None)


class Found(msgspec.Struct, frozen=True):
    """Objects that two detectors find (IoU 0.5, same class) at equal false detections an image.

    ``at`` names the detector whose best F1 sets ``false_per_image``; ``score_a`` and ``score_b`` are the thresholds
    (None: no score reaches it). ``p``: are fixes and breaks equally likely? Each group of images counts once, by the
    direction of its sum.
    """

    at: str
    false_per_image: float
    score_a: float | None
    score_b: float | None
    fixes: int
    breaks: int
    both_right: int
    both_wrong: int
    p: float


class ChangedObject(msgspec.Struct, frozen=True):
    """An object that one detector finds and the other misses; a score is None where nothing finds the object."""

    key: str
    label: str
    box: tuple[float, float, float, float]
    size: str
    a: float | None
    b: float | None


class SceneDifference(msgspec.Struct, frozen=True, rename={"name": "scene"}):
    """HOTA of A and B in one scene, their identity switches there, and boxes of the truth fixed and broken."""

    name: str
    a: float | None
    b: float | None
    switches_a: int
    switches_b: int
    fixes: int
    breaks: int


class EventDifference(msgspec.Struct, frozen=True):
    """Events of a type with a cause, of A and of B (``optotype.tasks.track.codes``)."""

    type: str
    cause: str
    a: int
    b: int


class Followed(msgspec.Struct, frozen=True):
    """What two trackers do to objects as wholes.

    ``avoided`` identity switches are A's alone, ``made`` are B's alone, ``both`` are those of the same object within
    ``within`` frames. ``held``: objects that B's main identity holds for more frames than A's, ``lost``: for fewer.
    ``tests`` says how differences are tested: ``swaps`` (A and B exchanged within scenes in every way), with the
    ``least_p`` that so many scenes allow, or ``bootstrap``. ``causes_alike``: what they were given is known of both
    or of neither, so that causes can be set against each other.
    """

    avoided: int
    made: int
    both: int
    within: int
    held: int
    lost: int
    alike: int
    tests: Literal["swaps", "bootstrap", "none"]
    least_p: float | None
    scenes: list[SceneDifference]
    events: list[EventDifference]
    lanes: list[Lane]
    causes_alike: bool = True

    def better(self) -> tuple[int, int]:
        """In how many scenes B's HOTA is higher, and in how many lower."""
        known = [(scene.a, scene.b) for scene in self.scenes if scene.a is not None and scene.b is not None]
        return sum(b > a for a, b in known), sum(b < a for a, b in known)


class GroupDifference(msgspec.Struct, frozen=True):
    """Mean IoU of A and B in one group of images, and components of the truth fixed and broken there."""

    name: str
    a: float | None
    b: float | None
    fixes: int
    breaks: int


class Painted(msgspec.Struct, frozen=True):
    """What two segmentations do to the same images.

    ``tests`` says how differences are tested: ``bootstrap`` over groups, or, with fewer than 20, ``swaps`` (A and B
    exchanged within groups in every way), with the ``least_p`` that so many groups allow. ``groups`` are empty where
    every image is its own. ``higher`` cells, (image, class) pairs, have a higher IoU with B, ``lower`` a lower one.
    """

    tests: Literal["swaps", "bootstrap", "none"]
    least_p: float | None
    groups: list[GroupDifference]
    higher: int
    lower: int
    alike: int


class Pair(msgspec.Struct, frozen=True):
    """B held against A.

    ``fixes``: items that A has wrong and B right; ``breaks``: the other way round. ``mcnemar_p`` is the exact
    binomial test's; each group of items counts once. ``detectable``: the accuracy difference seen in four of
    five samples of this size. ``fixed`` and ``broken`` list up to 1,000 items each. Of detectors items are objects,
    ``found`` counts them at A's best F1 and at B's, and ``frames`` shows the images that change most. Of trackers items
    are boxes of the truth, ``followed`` tells of whole objects, and ``frames`` shows the places that change most. Of
    segmentations items are components of the truth, ``painted`` tells of images, and ``frames`` shows components.
    """

    a: str
    b: str
    metrics: dict[str, Difference]
    fixes: int
    breaks: int
    both_right: int
    both_wrong: int
    mcnemar_p: float
    detectable: float | None
    per_class: list[ClassDifference]
    fixed: list[Changed]
    broken: list[Changed]
    same_setting: bool = False
    found: list[Found] = []
    fixed_objects: list[ChangedObject] = []
    broken_objects: list[ChangedObject] = []
    frames: list[Frame] = []
    followed: Followed | None = None
    painted: Painted | None = None


class Spread(msgspec.Struct, frozen=True):
    """A metric over runs that differ only in the seed: ``deviation`` is None for a single run."""

    mean: float
    least: float
    greatest: float
    deviation: float | None


class Setting(msgspec.Struct, frozen=True):
    """Runs that differ only in the seed, and each metric's spread over them."""

    runs: list[str]
    metrics: dict[str, Spread]


class SettingPair(msgspec.Struct, frozen=True):
    """Mean of the second setting's runs minus that of the first's, with intervals over the items only.

    ``apart``: of accuracy (segment: mean IoU), every run of one setting is better than every run of the other.
    """

    a: int
    b: int
    metrics: dict[str, Difference]
    apart: bool


class Run(msgspec.Struct, frozen=True):
    """One model and its headline numbers."""

    name: str
    metrics: dict[str, Metric]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found; the first run is what the others are held against."""

    format: Literal["optotype.comparison/1"] = FORMAT
    task: str
    n: Counts
    resamples: int
    seed: int
    runs: list[Run]
    pairs: list[Pair]
    settings: list[Setting]
    setting_pairs: list[SettingPair]
    warnings: list[str]

    @property
    def names(self) -> list[str]:
        """Names of the runs."""
        return [run.name for run in self.runs]


def encode(comparison: Comparison) -> bytes:
    """The comparison as JSON, two-space indent."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2) + b"\n"
