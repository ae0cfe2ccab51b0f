"""What a pixel of the world can be, and what each public label set calls it."""

from __future__ import annotations

from typing import NamedTuple

VOID = 255


class Label(NamedTuple):
    """One kind of thing or surface.

    ``study`` is its name in the 18-class cross-domain study (empty: void there), ``camvid`` its name in CamVid's 32
    classes, ``cityscapes`` its Cityscapes id.
    """

    name: str
    study: str
    camvid: str
    cityscapes: int


LABELS = (
    Label("sky", "Sky", "Sky", 23),
    Label("road", "Road", "Road", 7),
    Label("lane marking", "Road", "LaneMkgsDriv", 7),
    Label("sidewalk", "Sidewalk", "Sidewalk", 8),
    Label("building", "Building", "Building", 11),
    Label("wall", "Wall", "Wall", 12),
    Label("fence", "Fence", "Fence", 13),
    Label("vegetation", "Vegetation", "Tree", 21),
    Label("pole", "Pole", "Column_Pole", 17),
    Label("traffic light", "Traffic Light", "TrafficLight", 19),
    Label("traffic sign", "Traffic Sign", "SignSymbol", 20),
    Label("person", "Person", "Pedestrian", 24),
    Label("rider", "Rider", "Bicyclist", 25),
    Label("bicycle", "Bicycle", "Bicyclist", 33),
    Label("motorbike", "Motorbike", "MotorcycleScooter", 32),
    Label("car", "Car", "Car", 26),
    Label("truck", "Truck", "Truck_Bus", 27),
    Label("bus", "Bus", "Truck_Bus", 28),
    Label("train", "Train", "Train", 31),
    Label("rickshaw", "", "OtherMoving", 0),
)
"""Position = value in the world's own label maps (``Frame.label``)."""

INDEX = {label.name: i for i, label in enumerate(LABELS)}

STUDY_CLASSES = (
    "Road", "Sidewalk", "Person", "Rider", "Motorbike", "Bicycle", "Car", "Truck", "Bus", "Train", "Wall", "Fence",
    "Traffic Sign", "Traffic Light", "Pole", "Building", "Vegetation", "Sky",
)  # fmt: skip
"""The 18 classes of the cross-domain study, in its order."""

OBJECT_CLASSES = (
    "person", "rider", "bicycle", "motorbike", "rickshaw", "car", "truck", "bus", "traffic light", "traffic sign",
)  # fmt: skip
"""The 10 classes that have instances, boxes and crops (trains stand in label maps only)."""

CAMVID_COLOURS = {
    "Animal": (64, 128, 64), "Archway": (192, 0, 128), "Bicyclist": (0, 128, 192), "Bridge": (0, 128, 64),
    "Building": (128, 0, 0), "Car": (64, 0, 128), "CartLuggagePram": (64, 0, 192), "Child": (192, 128, 64),
    "Column_Pole": (192, 192, 128), "Fence": (64, 64, 128), "LaneMkgsDriv": (128, 0, 192),
    "LaneMkgsNonDriv": (192, 0, 64), "Misc_Text": (128, 128, 64), "MotorcycleScooter": (192, 0, 192),
    "OtherMoving": (128, 64, 64), "ParkingBlock": (64, 192, 128), "Pedestrian": (64, 64, 0), "Road": (128, 64, 128),
    "RoadShoulder": (128, 128, 192), "Sidewalk": (0, 0, 192), "SignSymbol": (192, 128, 128), "Sky": (128, 128, 128),
    "SUVPickupTruck": (64, 128, 192), "TrafficCone": (0, 0, 64), "TrafficLight": (0, 64, 64), "Train": (192, 64, 128),
    "Tree": (128, 128, 0), "Truck_Bus": (192, 128, 192), "Tunnel": (64, 0, 64), "VegetationMisc": (192, 192, 0),
    "Void": (0, 0, 0), "Wall": (64, 192, 0),
}  # fmt: skip
"""CamVid's 32 classes and their colours, 8-bit R, G, B, in the order of its class list."""
