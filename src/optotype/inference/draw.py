"""Tracks over a frame: boxes in the colour of their identity, trails, and what a truth says of them."""

from __future__ import annotations

import colorsys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from optotype.tables import Floats

Colour: TypeAlias = tuple[int, int, int]

TRAIL = 30
"""Frames that a trail reaches back."""

BLANK: Colour = (38, 41, 48)
"""What boxes lie on where there is no image."""

FALSE = "false"
"""What is wrong with a box that lies on nothing."""

_ROOM = 1.5
"""Widths of a box that a text about it may take, unless it is its identity."""

_TRUTH: Colour = (255, 255, 255)
_WRONG: Colour = (255, 59, 48)
_DARK, _LIGHT = (16, 18, 22), (255, 255, 255)
_GOLDEN = (5**0.5 - 1) / 2
_TONES = ((0.78, 1.0), (0.5, 1.0), (0.9, 0.74))


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn on one frame, in pixels of the whole image from its upper left corner.

    ``box`` (n, 4) x, y, w, h with ``id`` (n,) and ``text`` (n, or empty: the ids alone); ``wrong`` says of each box
    what is wrong with it (empty: nothing, or not known). ``truth`` (m, 4) are the objects that are there, ``missed``
    (m,) those that no box lies on.
    """

    box: Floats
    id: NDArray[np.int64]
    text: Sequence[str] = ()
    wrong: Sequence[str] = ()
    truth: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    missed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))


def colour(identity: int) -> Colour:
    """Always the same for an identity, and far from those of its neighbours.

    >>> len({colour(i) for i in range(60)})
    60
    """
    saturation, value = _TONES[identity % len(_TONES)]
    red, green, blue = colorsys.hsv_to_rgb(identity * _GOLDEN % 1, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def fitted(width: int, height: int, longest: int) -> tuple[int, int]:
    """Even width and height of a picture whose longer side is at most ``longest``, none below 16.

    >>> fitted(1920, 1080, 960), fitted(641, 480, 960)
    ((960, 540), (640, 480))
    """
    scale = min(1.0, longest / max(width, height))
    return max(16, round(width * scale) // 2 * 2), max(16, round(height * scale) // 2 * 2)


class Painter:
    """Draws the frames of one sequence in their order, at ``size`` (w, h); it remembers where the boxes have been.

    ``whole`` (w, h) is the size that boxes are measured in. Of identities that are gone for ``trail`` frames nothing
    is kept.
    """

    def __init__(self, whole: tuple[int, int], size: tuple[int, int], *, trail: int = TRAIL) -> None:
        self._size, self._trail = size, trail
        self._scale = np.array([size[0] / whole[0], size[1] / whole[1]])
        self._line = max(2, round(max(size) / 400))
        self._font = _font(max(11, round(max(size) / 64)))
        self._been: dict[int, deque[tuple[int, float, float]]] = {}
        self._frame = 0

    def paint(self, pixels: NDArray[np.uint8] | None, shown: Shown, caption: str = "") -> Image.Image:
        """The next frame with its boxes; without ``pixels`` on a blank canvas."""
        self._frame += 1
        picture = Image.new("RGB", self._size, BLANK) if pixels is None else Image.fromarray(pixels)
        if picture.size != self._size:
            picture = picture.resize(self._size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        draw = ImageDraw.Draw(picture)
        boxes = shown.box * np.tile(self._scale, 2)
        self._remember(boxes, shown.id)
        self._paint_trails(draw)
        self._paint_truth(draw, shown)
        texts = shown.text or [str(i) for i in shown.id.tolist()]
        wrong = shown.wrong or [""] * len(boxes)
        for box, identity, text, fault in zip(boxes.tolist(), shown.id.tolist(), texts, wrong, strict=True):
            self._paint_box(draw, box, colour(identity), text, fault)
        if caption:
            self._write(draw, 0, self._size[1], caption, _DARK)
        return picture

    def _remember(self, boxes: Floats, ids: NDArray[np.int64]) -> None:
        feet = np.column_stack([boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3]])
        for identity, (x, y) in zip(ids.tolist(), feet.tolist(), strict=True):
            self._been.setdefault(identity, deque(maxlen=self._trail + 1)).append((self._frame, x, y))
        gone = self._frame - self._trail
        for identity in [i for i, places in self._been.items() if places[-1][0] < gone]:
            del self._been[identity]
        for places in self._been.values():
            while places[0][0] < gone:
                places.popleft()

    def _paint_trails(self, draw: ImageDraw.ImageDraw) -> None:
        """Of those that are in this frame; a gap is left open."""
        for identity, places in self._been.items():
            if places[-1][0] == self._frame:
                for (before, *start), (now, *end) in pairwise(places):
                    if now - before == 1:
                        draw.line([*start, *end], fill=colour(identity), width=self._line)

    def _paint_truth(self, draw: ImageDraw.ImageDraw, shown: Shown) -> None:
        for box, missed in zip((shown.truth * np.tile(self._scale, 2)).tolist(), shown.missed.tolist(), strict=True):
            _dashed(draw, box, _WRONG if missed else _TRUTH, self._line if missed else 1)
            if missed and self._fits("missed", box):
                self._write(draw, box[0], box[1] + box[3], "missed", _WRONG)

    def _paint_box(
        self, draw: ImageDraw.ImageDraw, box: Sequence[float], outline: Colour, text: str, fault: str
    ) -> None:
        x, y, w, h = box
        draw.rectangle([x, y, x + max(w, 1), y + max(h, 1)], outline=outline, width=self._line)
        if fault:
            thick = self._line + 1
            draw.rectangle([x - thick, y - thick, x + w + thick, y + h + thick], outline=_WRONG, width=self._line)
            if fault != FALSE or self._fits(fault, box):
                self._write(draw, x, y + h, fault, _WRONG)
        self._write(draw, x, y, text if self._fits(text, box) else text.split(" ")[0], outline, above=True)

    def _fits(self, text: str, box: Sequence[float]) -> bool:
        """Whether a text is not much wider than its box; in a crowd longer ones would hide what they are about."""
        return _extent(self._font, text)[0] <= _ROOM * box[2]

    def _write(
        self, draw: ImageDraw.ImageDraw, x: float, y: float, text: str, ground: Colour, *, above: bool = False
    ) -> None:
        """A line of text on a plate, above a box's upper edge or below y, moved into the picture."""
        width, height = _extent(self._font, text)
        x = min(max(0.0, x), self._size[0] - width)
        y = min(max(0.0, y - height if above else y), self._size[1] - height)
        draw.rectangle([x, y, x + width, y + height], fill=ground)
        bright = 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] > 140
        draw.text((x + 2, y + height / 2), text, fill=_DARK if bright else _LIGHT, font=self._font, anchor="lm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _extent(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, text: str) -> tuple[float, float]:
    """Width and height of the plate of a text; the height is that of any text."""
    _, top, _, bottom = font.getbbox("Ag1")
    return font.getlength(text) + 4, bottom - top + 4


def _dashed(draw: ImageDraw.ImageDraw, box: Sequence[float], fill: Colour, width: int) -> None:
    x, y, w, h = box
    corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]
    for (x1, y1), (x2, y2) in pairwise(corners):
        length = max(abs(x2 - x1), abs(y2 - y1))
        for at in np.arange(0, length, 8.0).tolist():
            a, b = at / length, min(1.0, (at + 4) / length)
            draw.line([x1 + a * (x2 - x1), y1 + a * (y2 - y1), x1 + b * (x2 - x1), y1 + b * (y2 - y1)], fill, width)


def canvas_of(boxes: Floats, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height to draw on: the image's, or where that is not known what the boxes (n, 4) reach to.

    >>> canvas_of(np.array([[10.0, 20, 30.5, 40]]), (0, 0))
    (41, 60)
    """
    if min(size) > 0 or not len(boxes):
        return (size[0] or 640, size[1] or 480)
    reach = np.ceil((boxes[:, :2] + boxes[:, 2:]).max(axis=0)).clip(16)
    return int(reach[0]), int(reach[1])


def counted_from_0(box: Floats) -> Floats:
    """Boxes of MOTChallenge's files, whose first pixel is 1, in pixels from the upper left corner."""
    shifted: Floats = box - np.array([1.0, 1, 0, 0])
    return shifted
