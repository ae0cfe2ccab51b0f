"""Convolution by hand: a kernel's map of each channel, their sum, and the way back (transposed convolution).

What networks call convolution is cross-correlation: the kernel is laid on the image as it is, not turned by 180°.
Sizes follow Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory import shapes
from optotype.theory.checks import Floats
from optotype.theory.windows import Pair, array, pair, planes, windows


class Maps(NamedTuple):
    """What one kernel makes of an image: a map of each channel (C, H', W'), and their sum with the bias (H', W')."""

    channels: Floats
    total: Floats


def maps(
    image: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    bias: float = 0.0,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Maps:
    """The map of each channel under one kernel, and their sum.

    channels[c, r, q] = Σ_ij kernel[c, i, j] · image[c, r·s − p + i·d, q·s − p + j·d],  total = Σ_c channels[c] + bias,
    for stride s, padding p (zeros) and dilation d, each one number or (rows, columns). ``image`` is (C, H, W) and
    ``kernel`` (C, kh, kw); one channel may be given as (H, W) and (kh, kw). Raises InputError where the channels
    differ or the kernel is larger than the padded image. Equal to ``torch.nn.functional.conv2d``.

    >>> picture = [[1, 0, -1], [1, 0, -1], [0, 1, 1]]
    >>> maps(picture, [[1, -1]]).total
    array([[ 1.,  1.],
           [ 1.,  1.],
           [-1.,  0.]])
    """
    x, w = planes("image", image), planes("kernel", kernel)
    _same_channels(len(x), len(w))
    at = windows(x.shape, w.shape, stride=stride, padding=padding, dilation=dilation)
    channels = np.zeros((len(x), *at.output))
    for i, j, cells in at.taps(at.padded(x)):
        channels += w[:, i, j, None, None] * cells
    return Maps(channels, channels.sum(axis=0) + bias)


def convolve(
    image: npt.ArrayLike,
    kernels: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Floats:
    """A convolutional layer: one map (K, H', W') for each of K kernels, each summed over the channels.

    ``image`` is (C, H, W) or (H, W), ``kernels`` (K, C, kh, kw), ``bias`` (K,). Sizes H' and W' are those of
    ``shapes.conv_output``. Raises InputError as ``maps``. Equal to ``torch.nn.functional.conv2d``.

    >>> convolve([[1, 2], [3, 4]], [[[[1, 1], [1, 1]]], [[[1, 0], [0, -1]]]], [0.5, 0])
    array([[[10.5]],
    <BLANKLINE>
           [[-3. ]]])
    """
    x, w = planes("image", image), array("kernels", kernels, ("K", "C", "kh", "kw"))
    b = _biases(bias, len(w))
    layers = [maps(x, w[k], bias=b[k], stride=stride, padding=padding, dilation=dilation).total for k in range(len(w))]
    return np.stack(layers)


def transposed(
    image: npt.ArrayLike,
    kernels: npt.ArrayLike,
    bias: npt.ArrayLike | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
) -> Floats:
    """Transposed convolution: every input cell stamps the kernel, times its value, onto the output (K, H', W').

    out[k, r·s − p + i·d, q·s − p + j·d] += image[c, r, q] · kernels[c, k, i, j]. It is the convolution with the same
    numbers read backwards: as a matrix the transpose of it (its gradient), not its inverse. ``image`` is (C, H, W) or
    (H, W), ``kernels`` (C, K, kh, kw) – the input's channels first, as in torch – and ``bias`` (K,). H' and W' are
    those of ``shapes.transposed_output``: ``padding`` cuts cells off, ``output_padding`` adds rows below and columns
    on the right, and is less than stride or dilation. Raises InputError for other shapes or numbers. Equal to
    ``torch.nn.functional.conv_transpose2d``.

    >>> transposed([[1, 2]], [[[[1, 1, 1]]]], stride=2)
    array([[[1., 1., 3., 2., 2.]]])
    """
    x, w = planes("image", image), array("kernels", kernels, ("C", "K", "kh", "kw"))
    _same_channels(len(x), len(w))
    b = _biases(bias, w.shape[1])
    size = _transposed_size(x.shape, w.shape, stride, padding, output_padding, dilation)
    at = windows(size, w.shape, stride=stride, padding=padding, dilation=dilation)
    canvas = at.padded(np.zeros((w.shape[1], *size)))
    (tall, wide), (sy, sx), (dy, dx) = x.shape[1:], at.stride, at.dilation
    for i, j in np.ndindex(at.kernel):
        stamped = np.tensordot(w[:, :, i, j], x, axes=(0, 0))
        y, z = i * dy, j * dx
        canvas[:, y : y + (tall - 1) * sy + 1 : sy, z : z + (wide - 1) * sx + 1 : sx] += stamped
    (top, left), (height, width) = at.padding, size
    return canvas[:, top : top + height, left : left + width] + b[:, None, None]


def stamps(
    image: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
) -> Floats:
    """The transposed convolution of one plane taken apart: what each input cell stamps, (H, W, H', W').

    ``image`` is (H, W), ``kernel`` (kh, kw). The sum over the first two axes is ``transposed``.

    >>> stamps([[1, 2]], [[1, 1, 1]], stride=2)[0, 1]
    array([[0., 0., 2., 2., 2.]])
    """
    x, w = array("image", image, ("H", "W")), array("kernel", kernel, ("kh", "kw"))
    alone = np.zeros((*x.shape, *x.shape))
    for r, q in np.ndindex(x.shape):
        alone[r, q, r, q] = x[r, q]
    made = [
        transposed(plane, w[None, None], stride=stride, padding=padding, output_padding=output_padding,
                   dilation=dilation)[0]
        for plane in alone.reshape(-1, *x.shape)
    ]  # fmt: skip
    return np.stack(made).reshape(*x.shape, *made[0].shape)


def _transposed_size(
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: Pair,
    padding: Pair,
    output_padding: Pair,
    dilation: Pair,
) -> tuple[int, int]:
    found = []
    for axis, (n, k) in enumerate(zip(size[-2:], kernel[-2:], strict=True)):
        s, p, o, d = (pair(value)[axis] for value in (stride, padding, output_padding, dilation))
        result = shapes.transposed_output(n, k, stride=s, padding=p, output_padding=o, dilation=d)
        if o >= max(s, d):
            rule = f"less than the stride or the dilation ({max(s, d)})"
            raise InputError("output padding", rule, str(o), "Use less output padding.")
        found.append(result)
    return found[0], found[1]


def _same_channels(image: int, kernel: int) -> None:
    if image != kernel:
        expected = f"as many channels as the image: {image}"
        raise InputError("kernel", expected, str(kernel), "A kernel has one plane of weights for each channel.")


def _biases(bias: npt.ArrayLike | None, count: int) -> Floats:
    if bias is None:
        return np.zeros(count)
    found = array("bias", bias, ("K",))
    if len(found) != count:
        raise InputError("bias", f"one number for each of {count} kernels", str(len(found)), "Give one for each.")
    return found
