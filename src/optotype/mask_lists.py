"""The class lists of public street and object data sets, as their own tools have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from optotype.label_maps import colour_key
from optotype.mask_classes import MaskClasses, listed
from optotype.tables import VOID

Colour = tuple[int, int, int]

CAMVID_11: tuple[tuple[str, Colour], ...] = (
    ("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)), ("Void", (0, 0, 0)),
)  # fmt: skip
"""The usual reduction, in the order of SegNet's label maps; value 11 is void."""

CAMVID_32: tuple[tuple[str, Colour], ...] = (
    ("Animal", (64, 128, 64)), ("Archway", (192, 0, 128)), ("Bicyclist", (0, 128, 192)), ("Bridge", (0, 128, 64)),
    ("Building", (128, 0, 0)), ("Car", (64, 0, 128)), ("CartLuggagePram", (64, 0, 192)), ("Child", (192, 128, 64)),
    ("Column_Pole", (192, 192, 128)), ("Fence", (64, 64, 128)), ("LaneMkgsDriv", (128, 0, 192)),
    ("LaneMkgsNonDriv", (192, 0, 64)), ("Misc_Text", (128, 128, 64)), ("MotorcycleScooter", (192, 0, 192)),
    ("OtherMoving", (128, 64, 64)), ("ParkingBlock", (64, 192, 128)), ("Pedestrian", (64, 64, 0)),
    ("Road", (128, 64, 128)), ("RoadShoulder", (128, 128, 192)), ("Sidewalk", (0, 0, 192)),
    ("SignSymbol", (192, 128, 128)), ("Sky", (128, 128, 128)), ("SUVPickupTruck", (64, 128, 192)),
    ("TrafficCone", (0, 0, 64)), ("TrafficLight", (0, 64, 64)), ("Train", (192, 64, 128)), ("Tree", (128, 128, 0)),
    ("Truck_Bus", (192, 128, 192)), ("Tunnel", (64, 0, 64)), ("VegetationMisc", (192, 192, 0)), ("Void", (0, 0, 0)),
    ("Wall", (64, 192, 0)),
)  # fmt: skip
"""All colours of the data set, in the order of its class file."""

VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


class Label(NamedTuple):
    """A label of Cityscapes or IDD: its number in full maps, in training maps, IDD's level 3, and its colour.

    ``train`` and ``level3`` are −1 where the label is void there.
    """

    name: str
    id: int
    train: int
    level3: int
    colour: Colour


CITYSCAPES: tuple[Label, ...] = (
    Label("road", 7, 0, -1, (128, 64, 128)), Label("sidewalk", 8, 1, -1, (244, 35, 232)),
    Label("building", 11, 2, -1, (70, 70, 70)), Label("wall", 12, 3, -1, (102, 102, 156)),
    Label("fence", 13, 4, -1, (190, 153, 153)), Label("pole", 17, 5, -1, (153, 153, 153)),
    Label("traffic light", 19, 6, -1, (250, 170, 30)), Label("traffic sign", 20, 7, -1, (220, 220, 0)),
    Label("vegetation", 21, 8, -1, (107, 142, 35)), Label("terrain", 22, 9, -1, (152, 251, 152)),
    Label("sky", 23, 10, -1, (70, 130, 180)), Label("person", 24, 11, -1, (220, 20, 60)),
    Label("rider", 25, 12, -1, (255, 0, 0)), Label("car", 26, 13, -1, (0, 0, 142)),
    Label("truck", 27, 14, -1, (0, 0, 70)), Label("bus", 28, 15, -1, (0, 60, 100)),
    Label("train", 31, 16, -1, (0, 80, 100)), Label("motorcycle", 32, 17, -1, (0, 0, 230)),
    Label("bicycle", 33, 18, -1, (119, 11, 32)),
)  # fmt: skip
"""The 19 classes that are evaluated; the other numbers from 0 to 33 are void."""

CITYSCAPES_IDS = 34
"""Numbers of full maps are below this."""

IDD: tuple[Label, ...] = (
    Label("road", 0, 0, 0, (128, 64, 128)), Label("parking", 1, -1, 1, (250, 170, 160)),
    Label("drivable fallback", 2, -1, 1, (81, 0, 81)), Label("sidewalk", 3, 1, 2, (244, 35, 232)),
    Label("rail track", 4, -1, 3, (230, 150, 140)), Label("non-drivable fallback", 5, 9, 3, (152, 251, 152)),
    Label("person", 6, 11, 4, (220, 20, 60)), Label("animal", 7, -1, 4, (246, 198, 145)),
    Label("rider", 8, 12, 5, (255, 0, 0)), Label("motorcycle", 9, 17, 6, (0, 0, 230)),
    Label("bicycle", 10, 18, 7, (119, 11, 32)), Label("autorickshaw", 11, -1, 8, (255, 204, 54)),
    Label("car", 12, 13, 9, (0, 0, 142)), Label("truck", 13, 14, 10, (0, 0, 70)),
    Label("bus", 14, 15, 11, (0, 60, 100)),
    Label("caravan", 15, -1, 12, (0, 0, 90)), Label("trailer", 16, -1, 12, (0, 0, 110)),
    Label("train", 17, 16, 12, (0, 80, 100)), Label("vehicle fallback", 18, -1, 12, (136, 143, 153)),
    Label("curb", 19, -1, 13, (220, 190, 40)), Label("wall", 20, 3, 14, (102, 102, 156)),
    Label("fence", 21, 4, 15, (190, 153, 153)), Label("guard rail", 22, -1, 16, (180, 165, 180)),
    Label("billboard", 23, -1, 17, (174, 64, 67)), Label("traffic sign", 24, 7, 18, (220, 220, 0)),
    Label("traffic light", 25, 6, 19, (250, 170, 30)), Label("pole", 26, 5, 20, (153, 153, 153)),
    Label("polegroup", 27, -1, 20, (153, 153, 153)), Label("obs-str-bar-fallback", 28, -1, 21, (169, 187, 214)),
    Label("building", 29, 2, 22, (70, 70, 70)), Label("bridge", 30, -1, 23, (150, 100, 100)),
    Label("tunnel", 31, -1, 23, (150, 120, 90)), Label("vegetation", 32, 8, 24, (107, 142, 35)),
    Label("sky", 33, 10, 25, (70, 130, 180)), Label("fallback background", 34, -1, 25, (169, 187, 214)),
)  # fmt: skip
"""IDD's labels; its ``unlabeled``, ``ego vehicle``, ``rectification border``, ``out of roi`` are void."""

IDD_VOID = ("unlabeled", "ego vehicle", "rectification border", "out of roi")
IDD_PASSED = ("license plate",)
"""Labels that the data set's own tools do not draw."""
IDD_IDS = 40


def voc_colour(value: int) -> Colour:
    """Colour of a value in PASCAL VOC's palette: its bits, three by three, fill R, G and B from the top.

    >>> voc_colour(1), voc_colour(15)
    ((128, 0, 0), (192, 128, 128))
    """
    rgb = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            rgb[channel] |= (value >> (3 * bit + channel) & 1) << (7 - bit)
    return rgb[0], rgb[1], rgb[2]


def camvid11() -> MaskClasses:
    """CamVid's 11 classes by their values in SegNet's label maps."""
    return listed(CAMVID_11)


def camvid32() -> MaskClasses:
    """CamVid's 31 classes and void by their colours."""
    return listed(CAMVID_32)


def voc() -> MaskClasses:
    """PASCAL VOC's background and 20 objects; 255 is the boundary."""
    found = listed([(name, voc_colour(value)) for value, name in enumerate(VOC_NAMES)])
    return MaskClasses(found.names, found.colours, found.values,
                       {**found.painted, colour_key(voc_colour(VOID)): VOID}, ("boundary",))  # fmt: skip


def cityscapes() -> MaskClasses:
    """Cityscapes' 19 classes by ``labelIds``."""
    return _numbered(CITYSCAPES, CITYSCAPES_IDS)


def idd() -> MaskClasses:
    """IDD's 35 labels by their full numbers."""
    return _numbered(IDD, IDD_IDS)


def idd_level3() -> MaskClasses:
    """IDD's 26 classes of level 3, each named after the labels that it joins."""
    return listed([("/".join(label.name for label in group), group[0].colour) for group in level3_groups()])


def level3_groups() -> list[list[Label]]:
    """IDD's labels by level 3."""
    count = max(label.level3 for label in IDD) + 1
    return [[label for label in IDD if label.level3 == k] for k in range(count)]


def _numbered(labels: Iterable[Label], ids: int) -> MaskClasses:
    """Classes whose values are the labels' ids; all other ids are void."""
    labels = tuple(labels)
    names = tuple(label.name for label in labels)
    own = {label.id: i for i, label in enumerate(labels)}
    values = {VOID: VOID, **{i: own.get(i, VOID) for i in range(ids)}}
    painted: dict[str, int] = {}
    for i, label in enumerate(labels):
        painted.setdefault(colour_key(label.colour), i)
    return MaskClasses(names, np.array([label.colour for label in labels], np.uint8), values, painted, ("unlabeled",))


SHIPPED: dict[str, Callable[[], MaskClasses]] = {
    "camvid11": camvid11,
    "camvid32": camvid32,
    "voc": voc,
    "cityscapes": cityscapes,
    "idd": idd,
    "idd-level3": idd_level3,
}
"""Name → class list, for ``--classes``."""
