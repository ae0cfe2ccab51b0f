"""The conditions, as one table that can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from optotype.diagnose.conditions import geometry, learning, motion, photometry
from optotype.diagnose.conditions.known import Known
from optotype.tables import Floats

Need: TypeAlias = Literal["truth", "images", "training", "model"]


@dataclass(frozen=True)
class Condition:
    """A property of an object that can be measured.

    ``low`` and ``high`` say how an object with a low or high value compares with others (‘smaller’); ``range`` is the
    values that can occur, ``needs`` what it is measured from, ``absent`` why it may not exist, ``source`` where the
    definition is from.
    """

    key: str
    label: str
    unit: str
    tasks: tuple[str, ...]
    range: tuple[float, float]
    needs: Need
    low: str
    high: str
    absent: str
    source: str
    measure: Callable[[Known], Floats]


ALL = ("classify", "segment", "detect", "track")
MANY = ("segment", "detect", "track")
BOXED = ("detect", "track")
"""Tasks whose objects are boxes: those around parts of label maps nearly always cover each other."""
PARTS = ("segment",)
STILLS = ("classify", "segment", "detect")
"""Tasks whose items are images: no pixels of sequences are looked at."""
MOVING = ("track",)
TRAINED = ("classify",)
"""Tasks whose models are trained here, so that there is training data to compare with."""
INF = float("inf")
BOXLESS = "the items have no boxes (columns box_x, box_y, box_w, box_h)"
UNSIZED = "the images' sizes are not known: --images"
_ALONE = "every object is alone in its image"
_BRIEF = "no object is in two frames that follow each other"

# fmt: off
CONDITIONS = (
    Condition("size", "size", "px", ALL, (0, INF), "truth", "smaller", "larger", UNSIZED,
              "√(w h) of the box, or of the image; √ of the pixels of a component", geometry.size),
    Condition("fill", "share of its box that it fills", "share", PARTS, (0, 1), "truth", "thinner or more ragged",
              "more compact", UNSIZED, "pixels over w h of the box", geometry.fill),
    Condition("rim", "share near a boundary", "share", PARTS, (0, 1), "truth", "further from boundaries",
              "closer to boundaries", UNSIZED, "of its pixels, those near one of another class", geometry.rim),
    Condition("pieces", "other pieces of its class beside it", "pieces", PARTS, (0, INF), "truth", "more in one piece",
              "in more pieces", _ALONE, "components of its class whose boxes meet its own, grown by ¼ √(w h)",
              geometry.pieces),
    Condition("aspect", "width / height", "", ALL, (0, INF), "truth", "narrower", "wider", UNSIZED,
              "w / h of the box, or of the image", geometry.aspect),
    Condition("position", "distance from the image centre", "share", ALL, (0, INF), "truth", "nearer to the centre",
              "further from the centre", BOXLESS, "of half the diagonal", geometry.position),
    Condition("height", "height in the image", "share", ALL, (-INF, INF), "truth", "lower in the image",
              "higher in the image", BOXLESS, "of the image's height, from its lower edge", geometry.height),
    Condition("truncation", "share cut off by the border", "share", ALL, (0, 1), "truth", "less cut off",
              "more cut off", BOXLESS, "share of the box's outline on the image's border or beyond",
              geometry.truncation),
    Condition("overlap", "overlap with others", "share", BOXED, (0, 1), "truth", "freer", "more covered", _ALONE,
              "largest share of the box that another box covers", geometry.overlap),
    Condition("spacing", "distance to others", "sizes", BOXED, (0, INF), "truth", "closer to others",
              "further from others", _ALONE, "nearest other centre, in units of √(w h)", geometry.spacing),
    Condition("others", "other objects in the image", "objects", MANY, (0, INF), "truth", "with fewer others",
              "among more others", _ALONE, "count", geometry.others),
    Condition("occlusion", "hidden", "share", MOVING, (0, 1), "truth", "less hidden", "more hidden", _ALONE,
              "1 − visibility of the truth, else the share that boxes with a lower foot cover", motion.occlusion),
    Condition("speed", "speed", "heights", MOVING, (0, INF), "truth", "slower", "faster", _BRIEF,
              "the centre's way since the frame before, in heights of the box", motion.speed),
    Condition("camera", "camera motion", "px", MOVING, (0, INF), "truth", "with a calmer camera",
              "with more camera motion", "fewer than 3 boxes in two frames that follow each other",
              "way of the image's centre since the frame before; without images, the median way of all boxes",
              motion.camera),
    Condition("age", "time since it appeared", "frames", MOVING, (0, INF), "truth", "sooner after it appears",
              "longer after it appears", _BRIEF, "frames since the object was first there", motion.age),
    Condition("contrast", "contrast to the surroundings", "ΔE", STILLS, (0, 375), "images", "of lower contrast",
              "of higher contrast", BOXLESS, "CIE 1976 ΔE*ab of the mean colours in the box and in a ring around it",
              photometry.contrast),
    Condition("sharpness", "sharpness", "", STILLS, (0, INF), "images", "less sharp", "sharper", "no image can be read",
              "variance of the Laplacian (Pech-Pacheco et al. 2000)", photometry.sharpness),
    Condition("brightness", "brightness", "levels", STILLS, (0, 255), "images", "darker", "brighter",
              "no image can be read", "mean grey, Rec. 601", photometry.brightness),
    Condition("spread", "contrast within", "levels", STILLS, (0, 127.5), "images", "flatter", "richer in contrast",
              "no image can be read", "standard deviation of grey", photometry.spread),
    Condition("saturation", "saturation", "share", STILLS, (0, 1), "images", "less colourful", "more colourful",
              "no image can be read", "mean HSV saturation", photometry.saturation),
    Condition("noise", "noise", "levels", STILLS, (0, 127), "images", "less noisy", "noisier", "no image can be read",
              "mask of Immerkær (1996), by the median", photometry.noise),
    Condition("quality", "JPEG quality", "", STILLS, (1, 100), "images", "more compressed", "less compressed",
              "no image is a JPEG", "nearest quantisation table of the Independent JPEG Group", photometry.quality),
    Condition("frequency", "items of its class in training", "items", TRAINED, (0, INF), "training", "of a rarer class",
              "of a commoner class", "no training data", "count", learning.frequency),
    Condition("novelty", "distance to the training data", "", TRAINED, (0, INF), "model", "more like the training data",
              "less like the training data", "no training features",
              "mean Euclidean distance in feature space to the 5 nearest training samples", learning.novelty),
    Condition("lookalike", "likeness to another class", "share", TRAINED, (0, 1), "model", "less like another class",
              "more like another class", "no training features",
              "a / (a + b), distances to the nearest training sample of the own class and of another",
              learning.lookalike),
)
# fmt: on

BY_KEY = {condition.key: condition for condition in CONDITIONS}

FLAGS: dict[Need, str] = {
    "truth": "needs the truth's boxes or sizes",
    "images": "needs the images: --images",
    "training": "needs the training data: explain a training run",
    "model": "needs a model and its training data: explain a training run",
}
"""Why a condition was not measured, by what it needs."""
