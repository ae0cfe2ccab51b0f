"""Kernel, stride, padding and dilation of an ONNX node, with its quirks: ``auto_pad`` and sizes left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from optotype.architecture.from_onnx.graph import Node, Shape
from optotype.errors import InputError
from optotype.theory.shapes import conv_output, extent

CONVOLUTIONS = ("Conv", "DeformConv")
POOLS = {"MaxPool": "max pool", "AveragePool": "average pool", "LpPool": "lp pool"}
WINDOWED = (*CONVOLUTIONS, "ConvTranspose", *POOLS)


@dataclass(frozen=True)
class Window:
    """What slides over a map; one number an axis. ``begins`` and ``ends`` are the padding of the two sides."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def padding(self) -> tuple[int, ...]:
        """One number an axis, or all begins and then all ends where they differ."""
        return self.begins if self.begins == self.ends else self.begins + self.ends


def window(node: Node, cells: Shape, weight: Shape | None) -> Window:
    """The window of a convolution or pooling over a map of ``cells`` (its sizes without batch and channels).

    ``weight`` is the shape of the kernels, from which a missing ``kernel_shape`` is taken. Raises InputError where
    the numbers of axes do not fit together, or a number is out of range.
    """
    n = len(cells)
    kernel = _whole(node, "kernel_shape", weight[2:] if weight is not None else (None,), n)
    stride = _whole(node, "strides", (1,) * n, n)
    dilation = _whole(node, "dilations", (1,) * n, n)
    pads = _whole(node, "pads", (0,) * 2 * n, 2 * n, least=0)
    auto = node.attributes.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        axes = zip(kernel, stride, dilation, strict=True)
        pads = _same(node, cells, axes, upper=auto == b"SAME_UPPER")
    elif auto == b"VALID":
        pads = (0,) * 2 * n
    return Window(kernel, stride, pads[:n], pads[n:], dilation)


def check(node: Node, cells: Shape, at: Window) -> None:
    """Raise InputError where the kernel of a convolution or pooling is larger than its padded input."""
    for size, kernel, stride, begin, end, dilation in zip(
        cells, at.kernel, at.stride, at.begins, at.ends, at.dilation, strict=True
    ):
        if size is None:
            continue
        uneven = end - begin
        try:
            conv_output(size + uneven, kernel, stride=stride, padding=begin, dilation=dilation)
        except InputError as error:
            fix = "Describe it at a larger size: --input CHANNELSxHEIGHTxWIDTH."
            raise InputError(f"{node.label}, {error.where}", error.expected, error.got, fix) from None


def _whole(node: Node, name: str, default: Iterable[int | None], count: int, *, least: int = 1) -> tuple[int, ...]:
    numbers = tuple(node.attributes.get(name, default))
    if len(numbers) != count or any(n is None or n < least for n in numbers):
        raise InputError(
            f"{node.label}, {name}", f"{count} whole numbers from {least}", str(numbers), "The file is damaged."
        )
    return tuple(int(n) for n in numbers if n is not None)


def _same(node: Node, cells: Shape, axes: Iterable[tuple[int, int, int]], *, upper: bool) -> tuple[int, ...]:
    """Padding so that the output has ⌈n/s⌉ cells (n·s for a transposed convolution); the odd cell where ``upper``
    says. ``axes`` are kernel, stride and dilation.
    """
    begins, ends = [], []
    for n, (k, s, d) in zip(cells, axes, strict=True):
        if n is None or node.op == "ConvTranspose":  # where the size is not known: that of one which s divides
            total = max(extent(k, d) - s, 0)
        else:
            total = max((-(-n // s) - 1) * s + extent(k, d) - n, 0)
        begins.append(total // 2 if upper else total - total // 2)
        ends.append(total - begins[-1])
    return (*begins, *ends)
