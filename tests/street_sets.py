"""Small data sets in the layouts of CamVid, PASCAL VOC, IDD and Cityscapes: a few rectangles in each image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from optotype.world.labels import CAMVID_COLOURS

WIDTH, HEIGHT = 96, 64
Scene = list[tuple[str, tuple[int, int, int, int]]]
"""Names with left, top, right, bottom, the nearest last."""

CITYSCAPES = {
    "road": 7,
    "sidewalk": 8,
    "building": 11,
    "vegetation": 21,
    "terrain": 22,
    "sky": 23,
    "person": 24,
    "car": 26,
}
CAMVID = {"road": "Road", "sidewalk": "Sidewalk", "building": "Building", "vegetation": "Tree",
          "terrain": "RoadShoulder", "sky": "Sky", "person": "Pedestrian", "car": "Car"}  # fmt: skip
HUES = {"road": (90, 90, 95), "sidewalk": (150, 140, 130), "building": (120, 70, 60), "vegetation": (50, 120, 50),
        "terrain": (130, 150, 80), "sky": (150, 180, 230), "person": (200, 60, 60), "car": (40, 60, 160)}  # fmt: skip


def scene(rng: np.random.Generator) -> Scene:
    """A street: sky, houses, trees, ground, a car and a person somewhere."""
    horizon = int(rng.integers(24, 36))
    x, y = int(rng.integers(5, 60)), int(rng.integers(5, 80))
    return [
        ("sky", (0, 0, WIDTH, horizon)), ("building", (0, 8, 40, horizon)), ("vegetation", (60, 10, WIDTH, horizon)),
        ("road", (0, horizon, WIDTH, HEIGHT)), ("sidewalk", (0, horizon, 20, HEIGHT)),
        ("terrain", (80, horizon, WIDTH, HEIGHT)), ("car", (x, horizon - 4, x + 26, horizon + 12)),
        ("person", (y, horizon - 8, y + 8, horizon + 14)),
    ]  # fmt: skip


def image_of(found: Scene, rng: np.random.Generator, dim: float = 1.0) -> Image.Image:
    pixels = np.zeros((HEIGHT, WIDTH, 3))
    for name, (left, top, right, bottom) in found:
        pixels[top:bottom, left:right] = HUES[name]
    noisy = dim * (pixels + rng.normal(0, 12, pixels.shape))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def map_of(found: Scene, value: dict[str, int], void: int) -> np.ndarray:
    labels = np.full((HEIGHT, WIDTH), void, np.uint8)
    for name, (left, top, right, bottom) in found:
        if name in value:
            labels[top:bottom, left:right] = value[name]
    return labels


def camvid(root: Path, n: int = 4, seed: int = 0) -> Path:
    """``train/`` and ``train_labels/`` and so on, colour masks, ``class_dict.csv``."""
    rng = np.random.default_rng(seed)
    colour = {name: i for i, name in enumerate(CAMVID_COLOURS)}
    palette = np.array(list(CAMVID_COLOURS.values()), np.uint8)
    for number, split in enumerate(("train", "val", "test")):
        for folder in (root / split, root / f"{split}_labels"):
            folder.mkdir(parents=True)
        for i in range(n):
            found, stem = scene(rng), f"{('0001TP', '0006R0', '0016E5')[number]}_{i:06}"
            image_of(found, rng).save(root / split / f"{stem}.png")
            labels = map_of(found, {own: colour[name] for own, name in CAMVID.items()}, colour["Void"])
            Image.fromarray(palette[labels]).save(root / f"{split}_labels" / f"{stem}_L.png")
    rows = [f"{name}, {r}, {g}, {b}" for name, (r, g, b) in CAMVID_COLOURS.items()]
    (root / "class_dict.csv").write_text("\n".join(["name,r,g,b", *rows, ""]))
    return root


def voc(root: Path, n: int = 4, seed: int = 0) -> Path:
    """``JPEGImages``, ``SegmentationClass`` with a palette and 255 around objects, and list files."""
    rng = np.random.default_rng(seed)
    palette = [channel for k in range(256) for channel in _voc_colour(k)]
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    for number, split in enumerate(("train", "val", "test")):
        stems = [f"{number:02}{i:04}" for i in range(n)]
        for stem in stems:
            found = scene(rng)
            image_of(found, rng).save(root / "JPEGImages" / f"{stem}.jpg", quality=95)
            labels = map_of(found, {"car": 7, "person": 15}, 0)
            edge = np.zeros(labels.shape, bool)
            edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
            labels[edge] = 255
            mask = Image.fromarray(labels, "P")
            mask.putpalette(palette)
            mask.save(root / "SegmentationClass" / f"{stem}.png")
        (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("".join(f"{stem}\n" for stem in stems))
    return root


def _voc_colour(k: int) -> tuple[int, int, int]:
    """The bits of k, three by three, from the top of R, G and B down."""
    rgb = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            rgb[channel] |= (k >> (3 * bit + channel) & 1) << (7 - bit)
    return rgb[0], rgb[1], rgb[2]


def idd(root: Path, n: int = 10, seed: int = 0) -> Path:
    """Polygons as JSON, in sequences of two frames."""
    rng = np.random.default_rng(seed)
    for number, split in enumerate(("train", "val")):
        for i in range(n):
            sequence = str(100 * number + i // 2)
            images, truth = root / "leftImg8bit" / split / sequence, root / "gtFine" / split / sequence
            images.mkdir(parents=True, exist_ok=True)
            truth.mkdir(parents=True, exist_ok=True)
            found, stem = scene(rng), f"{i:06}"
            image_of(found, rng).save(images / f"{stem}_leftImg8bit.png")
            objects = [
                {"label": "parking" if name == "terrain" else name,
                 "polygon": [[a, b], [c, b], [c, d], [a, d]]} for name, (a, b, c, d) in found
            ]  # fmt: skip
            told = {"imgHeight": HEIGHT, "imgWidth": WIDTH, "objects": objects}
            (truth / f"{stem}_gtFine_polygons.json").write_text(json.dumps(told))
    return root


def cityscapes(root: Path, n: int = 4, seed: int = 0, dim: float = 0.6) -> Path:
    """``labelIds`` of the validation images of one city, darker than the others."""
    rng = np.random.default_rng(seed)
    images, truth = root / "leftImg8bit" / "val" / "ulm", root / "gtFine" / "val" / "ulm"
    images.mkdir(parents=True)
    truth.mkdir(parents=True)
    for i in range(n):
        found, base = scene(rng), f"ulm_{i:06}_000019"
        image_of(found, rng, dim).save(images / f"{base}_leftImg8bit.png")
        Image.fromarray(map_of(found, CITYSCAPES, 0)).save(truth / f"{base}_gtFine_labelIds.png")
    return root
