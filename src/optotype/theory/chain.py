"""Shape and cost arithmetic of a chain of layers, as done with pencil and paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

from msgspec.structs import replace

from optotype.errors import InputError
from optotype.theory.layers import Architecture, FieldSize, Layer
from optotype.theory.shapes import Field, conv_macs, conv_output, conv_parameters, transposed_output
from optotype.theory.windows import Pair, pair

_FLOAT = 4


@dataclass(frozen=True)
class Conv:
    """A convolution with ``channels`` kernels."""

    channels: int
    kernel: Pair
    stride: Pair = 1
    padding: Pair = 0
    dilation: Pair = 1
    groups: int = 1
    bias: bool = True
    activation: str = ""


@dataclass(frozen=True)
class TransposedConv:
    """A transposed convolution with ``channels`` kernels."""

    channels: int
    kernel: Pair
    stride: Pair = 1
    padding: Pair = 0
    output_padding: Pair = 0
    dilation: Pair = 1
    groups: int = 1
    bias: bool = True
    activation: str = ""


@dataclass(frozen=True)
class MaxPool:
    """Max pooling; without a ``stride`` the windows lie side by side."""

    kernel: Pair
    stride: Pair | None = None
    padding: Pair = 0
    dilation: Pair = 1
    ceil: bool = False


@dataclass(frozen=True)
class AveragePool:
    """Average pooling; without a ``stride`` the windows lie side by side."""

    kernel: Pair
    stride: Pair | None = None
    padding: Pair = 0
    ceil: bool = False


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation with a learned scale and shift a channel."""

    activation: str = ""


@dataclass(frozen=True)
class Upsample:
    """Enlarging by a whole factor."""

    factor: Pair
    mode: Literal["nearest", "bilinear", "bicubic"] = "nearest"


@dataclass(frozen=True)
class Linear:
    """A fully connected layer; a map is flattened first."""

    features: int
    bias: bool = True
    activation: str = ""


Spec: TypeAlias = Conv | TransposedConv | MaxPool | AveragePool | BatchNorm | Upsample | Linear


@dataclass(frozen=True)
class _Map:
    """What flows from layer to layer: its shape, and per axis what its cells read (none: everything)."""

    shape: tuple[int, ...]
    fields: tuple[Field, ...]

    @property
    def field(self) -> FieldSize:
        return tuple(int(field.size) for field in self.fields) or "all"


def walk(shape: Sequence[int], chain: Sequence[Spec], *, name: str = "chain") -> Architecture:
    """The layer table of ``chain`` on an input of ``shape`` (C, H, W), or (features,).

    Sizes by ``shapes.conv_output``, costs by ``shapes.conv_parameters`` and ``shapes.conv_macs``. The peak is that
    of the network's input, which its caller keeps, a layer's input and its output together, activations being
    applied in place. Raises InputError, naming the layer, where a kernel is larger than its input, a channel count
    cannot be divided, or a convolution follows a fully connected layer.

    >>> table = walk((3, 256, 256), [Conv(5, 5), Conv(10, 7), MaxPool(3, stride=2), Conv(1, 13, stride=10),
    ...                              Linear(512), Linear(10)])
    >>> [layer.output for layer in table.layers]
    [(5, 252, 252), (10, 246, 246), (10, 122, 122), (1, 11, 11), (512,), (10,)]
    >>> [layer.parameters for layer in table.layers], table.parameters
    ([380, 2460, 0, 1691, 62464, 5130], 72125)
    """
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise InputError(
            "shape", "(channels, height, width) or (features,), each 1 or more", str(tuple(shape)), "Give such a shape."
        )
    at = _Map(tuple(int(n) for n in shape), tuple(Field() for _ in shape[1:]))
    layers, peak, held = [], prod(at.shape), 0
    for place, spec in enumerate(chain, 1):
        try:
            before, (layer, at) = at, _RULES[type(spec)](spec, at, str(place))
        except InputError as error:
            where = f"layer {place} ({type(spec).__name__}), {error.where}"
            raise InputError(where, error.expected, error.got, error.fix) from None
        layers.append(layer)
        peak = max(peak, held + prod(before.shape) + prod(at.shape))
        held = prod(shape)
    return Architecture(name, "arithmetic", tuple(shape), layers, peak * _FLOAT)


def _conv(spec: Conv, at: _Map, name: str) -> tuple[Layer, _Map]:
    channels, cells = _of_map(at)
    axes = list(zip(cells, *_window(spec), at.fields, strict=True))
    out = (spec.channels, *(conv_output(n, k, stride=s, padding=p, dilation=d) for n, k, s, p, d, _ in axes))
    after = _Map(out, tuple(f.after(k, stride=s, padding=p, dilation=d) for _, k, s, p, d, f in axes))
    macs = conv_macs(channels, out, pair(spec.kernel), groups=spec.groups)
    return _convolution(name, "conv", spec, channels, macs, after), after


def _transposed(spec: TransposedConv, at: _Map, name: str) -> tuple[Layer, _Map]:
    channels, cells = _of_map(at)
    axes = list(zip(cells, *_window(spec), pair(spec.output_padding), at.fields, strict=True))
    sides = (transposed_output(n, k, stride=s, padding=p, output_padding=o, dilation=d) for n, k, s, p, d, o, _ in axes)
    fields = tuple(f.after_transposed(k, stride=s, padding=p, dilation=d) for _, k, s, p, d, _, f in axes)
    after = _Map((spec.channels, *sides), fields)
    # every input cell meets every number of the kernels, so the two maps exchange their roles
    macs = conv_macs(spec.channels, at.shape, pair(spec.kernel), groups=spec.groups)
    return _convolution(name, "transposed conv", spec, channels, macs, after), after


def _convolution(name: str, kind: str, spec: Conv | TransposedConv, channels: int, macs: int, after: _Map) -> Layer:
    kernel, stride, padding, dilation = _window(spec)
    return Layer(
        name,
        kind,
        channels,
        spec.channels,
        kernel,
        stride,
        padding,
        dilation,
        spec.groups,
        spec.activation,
        output=after.shape,
        parameters=conv_parameters(channels, spec.channels, kernel, groups=spec.groups, bias=spec.bias),
        macs=macs,
        field=after.field,
    )


def _pool(spec: MaxPool | AveragePool, at: _Map, name: str) -> tuple[Layer, _Map]:
    channels, cells = _of_map(at)
    window = kernel, stride, padding, dilation = _window(spec)
    axes = list(zip(cells, *window, at.fields, strict=True))
    sides = (conv_output(n, k, stride=s, padding=p, dilation=d, ceil=spec.ceil) for n, k, s, p, d, _ in axes)
    after = _Map((channels, *sides), tuple(f.after(k, stride=s, padding=p, dilation=d) for _, k, s, p, d, f in axes))
    kind = "max pool" if isinstance(spec, MaxPool) else "average pool"
    columns = Layer(name, kind, channels, channels, kernel, stride, padding, dilation)
    return replace(columns, output=after.shape, field=after.field), after


def _batch_norm(spec: BatchNorm, at: _Map, name: str) -> tuple[Layer, _Map]:
    n = at.shape[0]
    row = Layer(name, "batch norm", n, n, activation=spec.activation, output=at.shape, parameters=2 * n, field=at.field)
    return row, at


def _upsample(spec: Upsample, at: _Map, name: str) -> tuple[Layer, _Map]:
    channels, cells = _of_map(at)
    factor, neighbours = pair(spec.factor), {"nearest": 1, "bilinear": 2, "bicubic": 4}[spec.mode]
    after = _Map(
        (channels, *(n * k for n, k in zip(cells, factor, strict=True))),
        tuple(field.enlarged(k, neighbours) for field, k in zip(at.fields, factor, strict=True)),
    )
    return Layer(name, "upsample", channels, channels, output=after.shape, field=after.field), after


def _linear(spec: Linear, at: _Map, name: str) -> tuple[Layer, _Map]:
    inputs = prod(at.shape)
    layer = Layer(
        name,
        "linear",
        inputs,
        spec.features,
        activation=spec.activation,
        output=(spec.features,),
        parameters=conv_parameters(inputs, spec.features, (), bias=spec.bias),
        macs=inputs * spec.features,
        field="all",
    )
    return layer, _Map((spec.features,), ())


_RULES: dict[type[Spec], Callable[[Any, _Map, str], tuple[Layer, _Map]]] = {
    Conv: _conv,
    TransposedConv: _transposed,
    MaxPool: _pool,
    AveragePool: _pool,
    BatchNorm: _batch_norm,
    Upsample: _upsample,
    Linear: _linear,
}


def _of_map(at: _Map) -> tuple[int, tuple[int, ...]]:
    """Channels and cells of a map, which features alone are not."""
    if len(at.shape) != 3:
        raise InputError(
            "its input",
            "a map of (channels, height, width)",
            f"{at.shape[0]} features",
            "Put it before the first Linear.",
        )
    return at.shape[0], at.shape[1:]


def _window(spec: Conv | TransposedConv | MaxPool | AveragePool) -> tuple[tuple[int, int], ...]:
    """Kernel, stride, padding and dilation, each for both axes."""
    stride = spec.kernel if spec.stride is None else spec.stride
    dilation = 1 if isinstance(spec, AveragePool) else spec.dilation
    return pair(spec.kernel), pair(stride), pair(spec.padding), pair(dilation)
