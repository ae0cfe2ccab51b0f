"""Arithmetic of layers along one axis: output sizes, parameters, multiply-accumulates, receptive fields.

The relations are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), and of
Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (Distill, 2019).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from optotype.errors import InputError


def extent(kernel: int, dilation: int = 1) -> int:
    """Cells from the first to the last tap of a kernel: d·(k − 1) + 1.

    >>> extent(3), extent(3, dilation=2)
    (3, 5)
    """
    return dilation * (kernel - 1) + 1


def conv_output(
    size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1, ceil: bool = False
) -> int:
    """Cells that a convolution or pooling gives: ⌊(n + 2p − d·(k − 1) − 1)/s⌋ + 1.

    ``padding`` is the number of cells on each side. ``ceil`` rounds up, as poolings can; a last window that would
    start in the right padding is then left out, as in torch. Raises InputError for numbers that no layer can have,
    and where the kernel is larger than the padded input.

    >>> conv_output(256, 5), conv_output(246, 3, stride=2), conv_output(224, 7, stride=2, padding=3)
    (252, 122, 112)
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    _not_negative(padding=padding)
    padded, reach = size + 2 * padding, extent(kernel, dilation)
    if reach > padded:
        raise InputError(
            "kernel",
            f"at most {padded}: the input has {size} cells and {padding} of padding on each side",
            f"a kernel of {kernel}" + (f" with dilation {dilation}, which spans {reach}" if dilation > 1 else ""),
            "Use a smaller kernel, a larger input, or padding.",
        )
    steps, rest = divmod(padded - reach, stride)
    if ceil and rest and (steps + 1) * stride < size + padding:
        steps += 1
    return steps + 1


def transposed_output(
    size: int, kernel: int, *, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Cells that a transposed convolution gives: (n − 1)·s − 2p + d·(k − 1) + 1 + output padding.

    Raises InputError for numbers that no layer can have, and where nothing is left.

    >>> transposed_output(7, 4, stride=2, padding=1)
    14
    """
    _positive(size=size, kernel=kernel, stride=stride, dilation=dilation)
    _not_negative(padding=padding, output_padding=output_padding)
    result = (size - 1) * stride - 2 * padding + extent(kernel, dilation) + output_padding
    if result < 1:
        raise InputError(
            "padding",
            f"less than half of the {result + 2 * padding} cells there are before it is cut off",
            str(padding),
            "Use less padding.",
        )
    return result


def conv_parameters(channels_in: int, channels_out: int, kernel: Iterable[int], *, groups: int = 1, bias: bool) -> int:
    """Learned numbers: C_out·(C_in/groups·k_h·k_w + 1 with a bias).

    Raises InputError where ``groups`` does not divide both channel counts.

    >>> conv_parameters(3, 5, (5, 5), bias=True)
    380
    """
    _positive(channels_in=channels_in, channels_out=channels_out, groups=groups)
    if channels_in % groups or channels_out % groups:
        raise InputError(
            "groups",
            f"a divisor of {channels_in} and {channels_out} channels",
            str(groups),
            "Each group takes as many channels.",
        )
    return channels_out * (channels_in // groups * prod(kernel) + bias)


def conv_macs(channels_in: int, cells_out: Iterable[int], kernel: Iterable[int], *, groups: int = 1) -> int:
    """Multiply-accumulates of a convolution for one item: C_out·H·W·(C_in/groups)·k_h·k_w.

    ``cells_out`` is the whole output shape (C_out, H, W).

    >>> conv_macs(3, (64, 112, 112), (7, 7))
    118013952
    """
    return prod(cells_out) * (channels_in // groups) * prod(kernel)


@dataclass(frozen=True)
class Field:
    """What the cells of a map read, along one axis of the input.

    A cell reads ``size`` input cells; neighbouring cells' fields lie ``jump`` apart; the first cell's is centred at
    ``start`` (the input's cells lie at 0, 1, …; padding before 0). Sizes are those of the layers' arithmetic: near
    the border a part of the field is padding.

    >>> Field().after(3, stride=2, padding=1).after(3)
    Field(size=Fraction(7, 1), jump=Fraction(2, 1), start=Fraction(2, 1))
    """

    size: Fraction = Fraction(1)
    jump: Fraction = Fraction(1)
    start: Fraction = Fraction(0)

    def after(self, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Field:
        """The field behind a convolution or pooling: size + d·(k − 1)·jump; the jump times the stride."""
        reach = extent(kernel, dilation) - 1
        return Field(
            self.size + reach * self.jump,
            self.jump * stride,
            self.start + (Fraction(reach, 2) - padding) * self.jump,
        )

    def after_transposed(self, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Field:
        """The field behind a transposed convolution, whose cells read up to ⌊d·(k − 1)/s⌋ + 1 neighbours; the
        largest of its cells' fields.
        """
        reach = extent(kernel, dilation) - 1
        return Field(
            self.size + reach // stride * self.jump,
            self.jump / stride,
            self.start + (padding - Fraction(reach, 2)) * self.jump / stride,
        )

    def enlarged(self, factor: Fraction | int, neighbours: int) -> Field:
        """The field behind an upsampling by ``factor`` that reads 1 (nearest), 2 (linear) or 4 (cubic)
        neighbours.
        """
        jump = self.jump / factor
        return Field(self.size + (neighbours - 1) * self.jump, jump, self.start + (jump - self.jump) / 2)

    def joined(self, other: Field) -> Field:
        """The field of a sum or concatenation of two maps: from the first cell that either reads to the last."""
        low = min(self.start - (self.size - 1) / 2, other.start - (other.size - 1) / 2)
        high = max(self.start + (self.size - 1) / 2, other.start + (other.size - 1) / 2)
        return Field(high - low + 1, min(self.jump, other.jump), (low + high) / 2)


def _positive(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 1:
            raise InputError(name.replace("_", " "), "1 or more", str(value), "Give a positive whole number.")


def _not_negative(**numbers: int) -> None:
    for name, value in numbers.items():
        if value < 0:
            raise InputError(name.replace("_", " "), "0 or more", str(value), "Give a whole number from 0 on.")
