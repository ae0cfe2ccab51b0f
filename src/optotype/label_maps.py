"""Label maps in files: what the values or colours of a file mean, and files that are decoded when asked for."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, UnidentifiedImageError

from optotype.errors import InputError, and_more
from optotype.files import write_atomic
from optotype.tables import OTHER, VOID, Array

LabelMap: TypeAlias = NDArray[np.uint8]
Unknown: TypeAlias = Literal["error", "void"]

_INDEX_MODES, _WIDE_MODES = ("P", "L", "1"), ("I;16", "I;16B", "I;16L", "I")


class Indexed(msgspec.Struct, frozen=True, tag="indexed"):
    """Grey and palette images whose values are numbers of classes: ``values`` maps them to indices, or to ``VOID``."""

    values: dict[int, int]


class Coloured(msgspec.Struct, frozen=True, tag="coloured"):
    """Images whose colours, ``r,g,b``, are those of classes: ``colours`` maps them to indices, or to ``VOID``.

    Palette images are read by the colours of their palettes.
    """

    colours: dict[str, int]


class Polygons(msgspec.Struct, frozen=True, tag="polygons"):
    """JSON with ``imgWidth``, ``imgHeight`` and ``objects`` (``label``, ``polygon``), the last one on top.

    ``names`` maps labels to indices, or to ``VOID``; objects whose label is one of ``passed`` are not drawn. What lies
    under no object is void.
    """

    names: dict[str, int]
    passed: list[str] = []


Coding: TypeAlias = Indexed | Coloured | Polygons


@dataclass(frozen=True, eq=False)
class MaskFiles(Sequence[LabelMap]):
    """The label maps in ``paths``, each decoded anew when asked for.

    A value that ``coding`` does not know is an InputError that names file and place, or with ``unknown`` ``"void"``
    the pixel becomes ``OTHER``.
    """

    paths: tuple[Path, ...]
    coding: Coding
    unknown: Unknown = "error"

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> LabelMap: ...

    @overload
    def __getitem__(self, index: slice) -> MaskFiles: ...

    def __getitem__(self, index: int | slice) -> LabelMap | MaskFiles:
        if isinstance(index, slice):
            return MaskFiles(self.paths[index], self.coding, self.unknown)
        return decode(self.paths[index], self.coding, self.unknown)


def decode(path: Path, coding: Coding, unknown: Unknown = "error") -> LabelMap:
    """The label map in a file, uint8 (height, width), read-only."""
    match coding:
        case Polygons():
            return _polygons(path, coding, unknown)
        case Indexed():
            return _indexed(path, coding, unknown)
        case Coloured():
            return _coloured(path, coding, unknown)


def write_label_map(path: Path, labels: LabelMap, colours: Array) -> None:
    """Write class indices (height, width) as a PNG whose palette holds the classes' ``colours`` (K, 3); atomic.

    Void is 255 and black.
    """
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(colours)] = colours
    image = Image.fromarray(np.ascontiguousarray(labels, np.uint8))
    image.putpalette(palette.tobytes())
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=3)
    write_atomic(path, stream.getvalue())


def palette_of(path: Path) -> Array | None:
    """The palette of an image, (k, 3) uint8; None for an image without."""
    with _open(path) as image:
        return _palette(image) if image.mode == "P" else None


def mode_of(path: Path) -> str:
    """Pillow's mode of an image, such as ``P``, ``L`` or ``RGB``."""
    with _open(path) as image:
        return str(image.mode)


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a label map, of which nothing else is decoded."""
    if path.suffix.lower() == ".json":
        told = _told(path)
        return told.width, told.height
    with _open(path) as image:
        return int(image.width), int(image.height)


def _indexed(path: Path, coding: Indexed, unknown: Unknown) -> LabelMap:
    with _open(path) as image:
        if image.mode in _WIDE_MODES:
            _load(path, image)
            return _wide(path, np.asarray(image).astype(np.int64), coding, unknown)
        if image.mode not in _INDEX_MODES:
            raise _no_numbers(path, str(image.mode))
        _load(path, image)
        raw = image.convert("L") if image.mode == "1" else image
        size, values = (image.height, image.width), raw.tobytes()
    table = _value_table(tuple(sorted(coding.values.items())))
    found = values if table is None else values.translate(table)
    labels = np.frombuffer(found, np.uint8).reshape(size)
    if unknown == "error" and table is not None and (at := found.find(OTHER)) >= 0:
        _refuse(path, labels, at, f"the value {values[at]}", _known_values(coding))
    return labels


def _wide(path: Path, values: NDArray[np.int64], coding: Indexed, unknown: Unknown) -> LabelMap:
    known = np.array(sorted(coding.values), np.int64)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    index = np.array([coding.values[v] for v in known.tolist()], np.uint8)
    labels = np.where(known[place] == values, index[place], OTHER).astype(np.uint8)
    if unknown == "error" and (labels == OTHER).any():
        at = int(np.argmax(labels.ravel() == OTHER))
        _refuse(path, labels, at, f"the value {values.ravel()[at]} (16 bits)", _known_values(coding))
    return labels


def _no_numbers(path: Path, mode: str) -> InputError:
    coloured = mode in ("RGB", "RGBA")
    fix = "Give a class file with colours (name,r,g,b)." if coloured else "Write class numbers as PNG of 8 or 16 bits."
    got = f"{'a colour image' if coloured else 'another kind of image'} (mode {mode})"
    return InputError(str(path), "a grey or palette image of class numbers", got, fix)


def _known_values(coding: Indexed) -> str:
    """The values that a file may hold, runs of them shortened.

    >>> _known_values(Indexed({0: 0, 1: 1, 2: 2, 7: 3, 255: 255}))
    'a value of the class list: 0 to 2, 7, 255'
    """
    runs: list[list[int]] = []
    for value in sorted(coding.values):
        if runs and value == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], value]
        else:
            runs.append([value])
    shown = [" to ".join(map(str, run)) for run in runs[:_RUNS]]
    return f"a value of the class list: {', '.join(shown)}{' …' if len(runs) > _RUNS else ''}"


_RUNS = 6


def _coloured(path: Path, coding: Coloured, unknown: Unknown) -> LabelMap:
    with _open(path) as image:
        _load(path, image)
        if image.mode == "P":
            return _by_palette(path, image, coding, unknown)
        if image.mode not in ("RGB", "RGBA"):
            raise InputError(
                str(path), "an image in the colours of the classes", f"no colours (mode {image.mode})",
                "Give a class file without colours where values are class numbers.",
            )  # fmt: skip
        size = (image.height, image.width)
        pixels = np.frombuffer(bytearray(image.convert("RGB").tobytes()), np.uint8)  # the kernel takes no read-only one
    from optotype.kernels.colours import index_colours

    n = size[0] * size[1]
    out = np.empty(n, np.uint8)
    wide = len(pixels) // 8 * 8
    index_colours(
        pixels, pixels[:wide].view(np.uint64), _colour_table(tuple(sorted(coding.colours.items()))), out,
        out[: n // 8 * 8].view(np.uint64),
    )  # fmt: skip
    labels = out.reshape(size)
    if unknown == "error" and (labels == OTHER).any():
        at = int(np.argmax(out == OTHER))
        r, g, b = pixels[3 * at : 3 * at + 3].tolist()
        _refuse(path, labels, at, f"the colour {r},{g},{b}", "a colour of the class file")
    return labels


def _by_palette(path: Path, image: Image.Image, coding: Coloured, unknown: Unknown) -> LabelMap:
    palette = _palette(image)
    found = [coding.colours.get(colour_key(c), OTHER) for c in palette.tolist()]
    values = image.tobytes()
    mapped = values.translate(bytes([*found, *[OTHER] * (256 - len(found))]))
    labels = np.frombuffer(mapped, np.uint8).reshape(image.height, image.width)
    if unknown == "error" and (at := mapped.find(OTHER)) >= 0:
        value = values[at]
        told = f"the palette's colour {colour_key(palette[value].tolist())}" if value < len(palette) else "no colour"
        _refuse(path, labels, at, f"{told} (value {value})", "a colour of the class file")
    return labels


def _palette(image: Image.Image) -> Array:
    flat = image.getpalette("RGB") or []
    return np.array(flat, np.uint8).reshape(-1, 3)


class _Object(msgspec.Struct):
    label: str
    polygon: list[list[float]]
    deleted: bool | int = 0


class _Told(msgspec.Struct):
    width: int = msgspec.field(name="imgWidth")
    height: int = msgspec.field(name="imgHeight")
    objects: list[_Object]


def _told(path: Path) -> _Told:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Told)
    except OSError as error:
        raise InputError(str(path), "a readable file", error.strerror or str(error), "Check the path.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            str(path), "JSON with imgWidth, imgHeight and objects of label and polygon", str(error), "Check the file."
        ) from None


def _polygons(path: Path, coding: Polygons, unknown: Unknown) -> LabelMap:
    """Polygons one over the other, by Pillow's filling, as the data set's own tools do it."""
    told = _told(path)
    image = Image.new("L", (told.width, told.height), VOID)
    pencil = ImageDraw.Draw(image)
    for number, found in enumerate(told.objects):
        if found.deleted or found.label in coding.passed:
            continue
        index = class_of(found.label, coding.names)
        if index is None:
            if unknown == "error":
                raise InputError(f"{path}, object {number}", "a label of the class list", repr(found.label),
                                 "Check the label, or count such objects with --unknown void.")  # fmt: skip
            index = OTHER
        corners = [(x, y) for x, y, *_ in (corner for corner in found.polygon if len(corner) >= 2)]
        if len(corners) >= MIN_CORNERS:
            pencil.polygon(corners, fill=index)
    return np.asarray(image)


MIN_CORNERS = 3
"""Polygons of fewer corners have no area."""


def class_of(label: str, names: Mapping[str, int]) -> int | None:
    """Index of a polygon's label; ``cargroup`` is a group of cars, and a car where the list has no groups."""
    if label in names:
        return names[label]
    return names.get(label.removesuffix("group")) if label.endswith("group") else None


def polygon_faults(path: Path) -> list[str]:
    """What is wrong with the polygons of a file, a sentence each; ``check`` asks for it."""
    told = _told(path)
    faults = []
    for number, found in enumerate(told.objects):
        corners = np.array([c[:2] for c in found.polygon if len(c) >= 2], np.float64).reshape(-1, 2)
        if len(corners) < MIN_CORNERS:
            faults.append(f"object {number} ('{found.label}'): {len(corners)} corners enclose nothing")
            continue
        low, high = corners.min(0), corners.max(0)
        if low[0] >= told.width or low[1] >= told.height or high[0] < 0 or high[1] < 0:
            faults.append(f"object {number} ('{found.label}'): lies outside the image")
    return faults


def colour_key(colour: Sequence[int]) -> str:
    """``r,g,b`` of a colour, as ``Coloured`` has it.

    >>> colour_key((0, 128, 192))
    '0,128,192'
    """
    return ",".join(str(int(part)) for part in colour)


@cache
def _value_table(values: tuple[tuple[int, int], ...]) -> bytes | None:
    """Index of each 8-bit value; None where every value stands for itself."""
    table = bytearray([OTHER] * 256)
    for value, index in values:
        if 0 <= value < 256:
            table[value] = index
    return None if bytes(table) == bytes(range(256)) else bytes(table)


@cache
def _colour_table(colours: tuple[tuple[str, int], ...]) -> Array:
    """Index of each of the 2²⁴ colours, by r + 256 g + 65,536 b."""
    table = np.full(1 << 24, OTHER, np.uint8)
    for text, index in colours:
        r, g, b = (int(part) for part in text.split(","))
        table[r | g << 8 | b << 16] = index
    return table


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except FileNotFoundError:
        raise InputError(str(path), "a label map", "no such file", "Check the path.") from None
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(str(path), "a label map (PNG)", str(error), "Check that the file is whole.") from None


def _load(path: Path, image: Image.Image) -> None:
    """Decode the pixels; what is damaged behind an intact header shows here."""
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's words for damaged bytes
        raise InputError(str(path), "a label map (PNG)", str(error), "Check that the file is whole.") from None


def _refuse(path: Path, labels: LabelMap, at: int, got: str, expected: str) -> Any:
    y, x = divmod(at, labels.shape[1])
    more = int((labels == OTHER).sum()) - 1
    fix = "Correct the mask or the class file, or count such pixels as void with --unknown void."
    if path.suffix.lower() in (".jpg", ".jpeg"):
        fix = "JPEG changes values and colours when it is written: take the masks from where they are PNG."
    raise InputError(f"{path}, x {x}, y {y}", expected, f"{got}{and_more(more, 'unknown pixels')}", fix)
