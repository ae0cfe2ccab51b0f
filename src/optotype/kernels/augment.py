"""Random changes of one uint8 image: one affine resampling, colour operations in place, normalisation by table.

Images are (h, w, 3) RGB. The colour operations follow torchvision's functional v2 on uint8 tensors, truncation
included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Image = NDArray[np.uint8]

NONE, BRIGHTNESS, CONTRAST, SATURATION, HUE, SHARPNESS, POSTERIZE, SOLARIZE, AUTOCONTRAST, EQUALIZE = range(10)
"""Codes of the colour operations."""

_LANE, _LANES, _BYTE = np.uint64(21), np.uint64(42), np.uint64(255)
_RED_AT, _GREEN_AT, _BLUE_AT = np.uint64(13), np.uint64(34), np.uint64(55)
_ROUND = np.uint64((1 << 12) * (1 + (1 << 21) + (1 << 42)))
_HALF = np.float32(0.5)
_ONE = np.float32(1)
_TOP = np.float32(255)
_STEP = np.float32(1 / 255)
_SIXTH = np.float32(1 / 6)
_RED, _GREEN, _BLUE = np.float32(0.2989), np.float32(0.587), np.float32(0.114)


@jit("uint64[:,::1](uint8[:,:,::1])")
def _packed(image: Image) -> Any:
    """Each pixel in one word, 21 bits a channel, the outermost pixels repeated once around: (h + 2, w + 2)."""
    height, width = image.shape[0], image.shape[1]
    out = np.empty((height + 2, width + 2), np.uint64)
    for y in range(height):
        for x in range(width):
            red, green, blue = np.uint64(image[y, x, 0]), np.uint64(image[y, x, 1]), np.uint64(image[y, x, 2])
            out[y + 1, x + 1] = red | (green << _LANE) | (blue << _LANES)
        out[y + 1, 0], out[y + 1, width + 1] = out[y + 1, 1], out[y + 1, width]
    out[0], out[height + 1] = out[1], out[height]
    return out


@jit("void(uint8[:,:,::1],float64[:,::1],uint8[:,:,::1])")
def resample(source: Image, matrix: NDArray[np.float64], out: Image) -> None:
    """Bilinear resampling; black where ``matrix`` (2, 3) leads outside the source.

    ``matrix`` maps a point (x, y, 1) of ``out`` to one of ``source``; points are in pixels from the top left
    corner, so that the centre of the first pixel is (0.5, 0.5). Within half a pixel of the border the outermost
    pixel is repeated. Coordinates have 32 binary places, weights 13: 255 · 2¹³ fits a lane of 21 bits, so that
    one product weighs all three channels of a pixel. Within 0.6 grey levels of exact arithmetic.
    """
    height, width = np.int64(source.shape[0]) << 32, np.int64(source.shape[1]) << 32
    pixels = _packed(source)
    one, half = 1 << 13, 1 << 31
    step_x, step_y = np.int64(np.rint(matrix[0, 0] * 2.0**32)), np.int64(np.rint(matrix[1, 0] * 2.0**32))
    for y in range(out.shape[0]):
        sx = np.int64(np.rint((matrix[0, 0] * 0.5 + matrix[0, 1] * (y + 0.5) + matrix[0, 2]) * 2.0**32))
        sy = np.int64(np.rint((matrix[1, 0] * 0.5 + matrix[1, 1] * (y + 0.5) + matrix[1, 2]) * 2.0**32))
        for x in range(out.shape[1]):
            if 0 <= sx < width and 0 <= sy < height:
                px, py = sx + half, sy + half  # half a pixel back to the centre, one on for the repeated border
                x0, y0 = px >> 32, py >> 32
                fx, fy = (px >> 19) & (one - 1), (py >> 19) & (one - 1)
                w11 = (fx * fy) >> 13
                mixed = (
                    pixels[y0, x0] * np.uint64(one - fx - fy + w11)
                    + pixels[y0, x0 + 1] * np.uint64(fx - w11)
                    + pixels[y0 + 1, x0] * np.uint64(fy - w11)
                    + pixels[y0 + 1, x0 + 1] * np.uint64(w11)
                    + _ROUND
                )
                out[y, x, 0] = np.uint8((mixed >> _RED_AT) & _BYTE)
                out[y, x, 1] = np.uint8((mixed >> _GREEN_AT) & _BYTE)
                out[y, x, 2] = np.uint8(mixed >> _BLUE_AT)
            else:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = 0
            sx += step_x
            sy += step_y


@jit("void(uint8[:,::1],float64[:,::1],uint8,uint8[:,::1])")
def resample_labels(source: NDArray[np.uint8], matrix: NDArray[np.float64], outside: Any, out: Image) -> None:
    """Labels moved as ``resample`` moves pixels: each is the one of the source pixel that its centre lies in."""
    height, width = np.int64(source.shape[0]) << 32, np.int64(source.shape[1]) << 32
    step_x, step_y = np.int64(np.rint(matrix[0, 0] * 2.0**32)), np.int64(np.rint(matrix[1, 0] * 2.0**32))
    for y in range(out.shape[0]):
        sx = np.int64(np.rint((matrix[0, 0] * 0.5 + matrix[0, 1] * (y + 0.5) + matrix[0, 2]) * 2.0**32))
        sy = np.int64(np.rint((matrix[1, 0] * 0.5 + matrix[1, 1] * (y + 0.5) + matrix[1, 2]) * 2.0**32))
        for x in range(out.shape[1]):
            inside = 0 <= sx < width and 0 <= sy < height
            out[y, x] = source[sy >> 32, sx >> 32] if inside else outside
            sx += step_x
            sy += step_y


@jit("uint8(float32)")
def _truncated(value: Any) -> Any:
    return np.uint8(min(max(value, np.float32(0)), _TOP))


@jit("float32(uint8,uint8,uint8)")
def _grey(r: Any, g: Any, b: Any) -> Any:
    return np.floor(_RED * np.float32(r) + _GREEN * np.float32(g) + _BLUE * np.float32(b))


@jit("void(uint8[:,:,::1],uint8[:,::1])")
def _look_up(image: Image, table: Image) -> None:
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                image[y, x, c] = table[c, image[y, x, c]]


@jit("void(uint8[:,:,::1],float32,float32)")
def _blend_level(image: Image, level: Any, factor: Any) -> None:
    """Blend with one grey level: factor 1 keeps the image, 0 leaves the level."""
    table = np.empty((3, 256), np.uint8)
    for v in range(256):
        table[:, v] = _truncated(np.float32(v) * factor + level * (_ONE - factor))
    _look_up(image, table)


@jit("float64(uint8[:,:,::1])")
def _mean_grey(image: Image) -> Any:
    total = 0.0
    for y in range(image.shape[0]):
        row = np.int64(0)
        for x in range(image.shape[1]):
            row += np.int64(_grey(image[y, x, 0], image[y, x, 1], image[y, x, 2]))
        total += row
    return total / (image.shape[0] * image.shape[1])


@jit("void(uint8[:,:,::1],float32)")
def _saturate(image: Image, factor: Any) -> None:
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            rest = _grey(image[y, x, 0], image[y, x, 1], image[y, x, 2]) * (_ONE - factor)
            for c in range(3):
                image[y, x, c] = _truncated(np.float32(image[y, x, c]) * factor + rest)


@jit("void(uint8[:,:,::1],float32)")
def _turn_hue(image: Image, turn: Any) -> None:
    """Turn the hue by a share of the circle; value and saturation (hence maximum and minimum) stay.

    The way back to RGB is the one without branches: a channel is max − spread · clamp(min(k, 4 − k), 0, 1),
    where k is the hue in sixths of the circle plus 5, 3 and 1 for red, green and blue, modulo 6.
    """
    six, four, zero = np.float32(6), np.float32(4), np.float32(0)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            r, g, b = np.float32(image[y, x, 0]), np.float32(image[y, x, 1]), np.float32(image[y, x, 2])
            top, low = max(r, g, b), min(r, g, b)
            spread = top - low
            red, green = top == r, top == g
            ahead, behind = (g, b) if red else ((b, r) if green else (r, g))
            start = zero if red else (np.float32(2) if green else four)
            hue = start + six * turn + (ahead - behind) / max(spread, _ONE)
            for c in range(3):
                k = hue + np.float32(5 - 2 * c)
                k -= six * np.floor(k * _SIXTH)
                image[y, x, c] = np.uint8(top - spread * max(zero, min(k, four - k, _ONE)) + _HALF)


@jit("void(uint8[:,:,::1],float32)")
def _sharpen(image: Image, factor: Any) -> None:
    """Blend with the image smoothed by ((1,1,1),(1,5,1),(1,1,1))/13; the border stays."""
    height, width = image.shape[0], image.shape[1]
    source = image.copy()
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            for c in range(3):
                total = np.int32(4) * source[y, x, c]
                for dy in range(-1, 2):
                    for dx in range(-1, 2):
                        total += source[y + dy, x + dx, c]
                smooth = np.rint(np.float32(total) / np.float32(13))
                image[y, x, c] = _truncated(smooth + factor * (np.float32(source[y, x, c]) - smooth))


@jit("void(uint8[:,:,::1],int64)")
def _posterize(image: Image, bits: Any) -> None:
    mask = np.uint8((0xFF << (8 - bits)) & 0xFF)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                image[y, x, c] &= mask


@jit("void(uint8[:,:,::1],float32)")
def _solarize(image: Image, threshold: Any) -> None:
    table = np.empty((3, 256), np.uint8)
    for v in range(256):
        table[:, v] = 255 - v if np.float32(v) >= threshold else v
    _look_up(image, table)


@jit("int64[:,::1](uint8[:,:,::1])")
def _histogram(image: Image) -> Any:
    counts = np.zeros((3, 256), np.int64)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                counts[c, image[y, x, c]] += 1
    return counts


@jit("void(uint8[:,:,::1])")
def _stretch(image: Image) -> None:
    """Stretch each channel to 0…255; a flat channel stays."""
    counts = _histogram(image)
    table = np.empty((3, 256), np.uint8)
    for c in range(3):
        used = np.flatnonzero(counts[c])
        low, high = used[0], used[-1]
        for v in range(256):
            table[c, v] = v if high == low else _truncated(np.float32(v - low) / (np.float32(high - low) * _STEP))
    _look_up(image, table)


@jit("void(uint8[:,:,::1])")
def _equalize(image: Image) -> None:
    """Flatten each channel's histogram as Pillow does; a channel with too few levels stays."""
    counts = _histogram(image)
    table = np.empty((3, 256), np.uint8)
    for c in range(3):
        used = np.flatnonzero(counts[c])
        step = (counts[c].sum() - counts[c, used[-1]]) // 255
        below = step // 2
        for v in range(256):
            table[c, v] = v if step == 0 else min(below // step, 255)
            below += counts[c, v]
    _look_up(image, table)


@jit("void(uint8[:,:,::1],int64[::1],float32[::1])")
def recolour(image: Image, codes: NDArray[np.int64], values: NDArray[np.float32]) -> None:
    """Apply the colour operations ``codes`` with their ``values``, both (m,), one after the other, in place.

    Brightness, contrast, saturation and sharpness take a factor (1 = unchanged), hue a share of the circle,
    posterize the bits to keep, solarize the threshold; the others ignore their value.
    """
    for k in range(len(codes)):
        code, value = codes[k], values[k]
        if code == BRIGHTNESS:
            _blend_level(image, np.float32(0), value)
        elif code == CONTRAST:
            _blend_level(image, np.float32(_mean_grey(image)), value)
        elif code == SATURATION:
            _saturate(image, value)
        elif code == HUE:
            _turn_hue(image, value)
        elif code == SHARPNESS:
            _sharpen(image, value)
        elif code == POSTERIZE:
            _posterize(image, np.int64(value))
        elif code == SOLARIZE:
            _solarize(image, value)
        elif code == AUTOCONTRAST:
            _stretch(image)
        elif code == EQUALIZE:
            _equalize(image)


@jit(
    "void(uint8[:,:,:],float32[:,::1],float32[:,:,:])",
    "void(uint8[:,:,:],uint16[:,::1],uint16[:,:,:])",
    "void(uint8[:,:,:],uint8[:,::1],uint8[:,:,:])",
)
def normalise(image: NDArray[np.uint8], table: NDArray[Any], out: NDArray[Any]) -> None:
    """Write ``table[channel, value]`` of every pixel to ``out`` (h, w, 3), which may be a view of any layout."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            for c in range(3):
                out[y, x, c] = table[c, image[y, x, c]]
