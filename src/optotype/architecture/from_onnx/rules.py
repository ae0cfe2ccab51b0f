"""How the operators of ONNX pass on what a cell reads of the input: one rule each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial

from optotype.architecture.from_onnx.graph import Node, Value, known
from optotype.architecture.from_onnx.products import attention, product, recurrent
from optotype.architecture.from_onnx.step import Rule, Step, fitted, moved, numbers
from optotype.architecture.from_onnx.window import window
from optotype.architecture.reading import NO_AXES, broadcast, dimension, joined, reshaped, resized, shifted
from optotype.architecture.reading import Value as Traced
from optotype.theory.shapes import Field

_NEIGHBOURS = {b"nearest": 1, b"linear": 2, b"cubic": 4}


def _keep(step: Step) -> Traced | None:
    """Each cell is made from the cell at its place. Norms that go over positions count as such too, as is usual."""
    x = step[0]
    return None if x is None or len(step.shape) != len(x.places) else fitted(x, step.shape)


def _join(step: Step) -> Traced | None:
    """Sums, products, concatenations: what any of the parts reads."""
    parts = step.followed
    return Traced(joined([part.reading for part in parts]), broadcast(parts, step.shape), None, 0)


def _softmax(step: Step) -> Traced | None:
    """Each cell is divided by a sum over its dimension."""
    x = _keep(step)
    return None if x is None else replace(x, reading=x.mixed([step.attribute("axis", -1) % len(step.shape)]))


def _view(step: Step) -> Traced | None:
    x = step[0]
    return None if x is None else replace(x, places=reshaped(x.places, step.shape))


def _transpose(step: Step) -> Traced | None:
    x = step[0]
    order = step.node.attributes.get("perm", range(len(step.shape))[::-1])
    return None if x is None else replace(x, places=tuple(x.places[d] for d in order))


def _window(step: Step) -> Traced | None:
    """Convolutions mix the channels too, unless each has kernels of its own; poolings do not."""
    x, before = step[0], step.sizes(0)
    if x is None or len(step.shape) < 3 or len(step.followed) > 1:
        return None
    convolves = step.node.op in ("Conv", "ConvTranspose")
    at = window(step.node, before[2:], step.sizes(1) if convolves else None)
    after = Field.after_transposed if step.node.op == "ConvTranspose" else Field.after
    axes = zip(at.kernel, at.stride, at.begins, at.dilation, strict=True)
    rules = [partial(after, kernel=k, stride=s, padding=p, dilation=d) for k, s, p, d in axes]
    slid = moved(x, step.shape, range(2, len(step.shape)), rules)
    if not convolves or step.attribute("group", 1) == before[1] != 1:
        return slid
    channels = dimension(NO_AXES, step.shape[1])
    return replace(slid, reading=slid.mixed([1]), places=(slid.places[0], channels, *slid.places[2:]))


def _resize(step: Step) -> Traced | None:
    x, before = step[0], known(step.sizes(0))
    neighbours = _NEIGHBOURS.get(step.node.attributes.get("mode", b"nearest"))
    if x is None or before is None or neighbours is None or 0 in (*before, *step.shape):
        return None
    factors = {d: Fraction(n, m) for d, (n, m) in enumerate(zip(step.shape, before, strict=True)) if n != m}
    return moved(
        x, step.shape, factors, [partial(Field.enlarged, factor=f, neighbours=neighbours) for f in factors.values()]
    )


def _to_space(step: Step) -> Traced | None:
    """Channels laid out as cells, which read what the cell did that they come from."""
    x, factor = step[0], step.attribute("blocksize", 1)
    return None if x is None else moved(x, step.shape, (2, 3), [partial(_divided, by=factor)] * 2)


def _divided(field: Field, by: int) -> Field:
    return replace(field, jump=field.jump / by)


def _to_depth(step: Step) -> Traced | None:
    x, factor = step[0], step.attribute("blocksize", 1)
    return None if x is None else moved(x, step.shape, (2, 3), [partial(Field.after, kernel=factor, stride=factor)] * 2)


def _global(step: Step) -> Traced | None:
    x = step[0]
    return None if x is None else _reduced(x, range(2, len(step.shape)), kept=True)


def _reduce(step: Step) -> Traced | None:
    x, dims = step[0], reduced_dims(step.node, step.values)
    return None if x is None or dims is None else _reduced(x, dims, kept=bool(step.attribute("keepdims", 1)))


def reduced_dims(node: Node, values: Mapping[str, Value]) -> list[int] | None:
    """The dimensions that a Reduce or Arg operator goes over; None where that is not known."""
    rank = len(values[node.inputs[0]].shape or ())
    given: list[int] | None = [int(node.attributes.get("axis", 0))]
    if not node.op.startswith("Arg"):
        given = numbers(node, values, "axes", 1) if node.input(1) or "axes" in node.attributes else []
    if given is None or rank == 0:
        return None
    if not given and node.attributes.get("noop_with_empty_axes", 0):
        return []
    return sorted({d % rank for d in given}) or list(range(rank))


def _reduced(x: Traced, dims: Iterable[int], *, kept: bool) -> Traced:
    gone = set(dims)
    places = [resized(p, 1) if d in gone else p for d, p in enumerate(x.places) if kept or d not in gone]
    return replace(x, reading=x.mixed(gone), places=tuple(places))


def _shift(step: Step, x: Traced, begins: Mapping[int, tuple[int, int]]) -> Traced:
    """Behind a cut or padding that begins later along some dimensions: (cells, step).

    Along tokens and windows, whose order is not that of one of the input's axes, only the number of cells changes.
    """
    dims = [d for d in begins if len(x.places[d]) == 1 and not x.axes_of_window(d) & x.without([d])]
    return moved(x, step.shape, dims, [partial(shifted, cells=begins[d][0], step=begins[d][1]) for d in dims])


def _slice(step: Step) -> Traced | None:
    x, before = step[0], known(step.sizes(0))
    starts = step.numbers("starts", 1)
    axes = step.numbers("axes", 3) or list(range(len(starts or ())))
    steps = step.numbers("steps", 4) or [1] * len(axes)
    if x is None or before is None or starts is None or min(steps, default=1) < 1:
        return None
    begins = {}
    for first, dim, every in zip(starts, axes, steps, strict=True):
        n = before[dim]
        begins[dim % len(before)] = (min(max(first + n if first < 0 else first, 0), n), every)
    return _shift(step, x, begins)


def _pad(step: Step) -> Traced | None:
    x = step[0]
    pads = step.numbers("pads", 1)
    axes = step.numbers("axes", 3) or list(range(len(step.shape)))
    if x is None or pads is None or len(pads) != 2 * len(axes):
        return None
    return _shift(step, x, {d % len(step.shape): (-n, 1) for d, n in zip(axes, pads[: len(axes)], strict=True)})


def _split(step: Step) -> Traced | None:
    x, dim = step[0], step.attribute("axis", 0) % len(step.shape)
    shapes = [known(step.values[name].shape) for name in step.node.outputs[: step.place]]
    if x is None or None in shapes:
        return None
    return _shift(step, x, {dim: (sum(shape[dim] for shape in shapes if shape is not None), 1)})


def _gather(step: Step) -> Traced | None:
    """Rows of a table at places that the input names, or some positions of what depends on the input."""
    table, index = step[0], step[1]
    rank = len(step.sizes(0))
    dim = step.attribute("axis", 0) % max(rank, 1)
    new = len(step.shape) - rank + 1
    if table is not None and index is None:
        middle = [resized(table.places[dim], n) for n in step.shape[dim : dim + new]]
        return replace(table, places=(*table.places[:dim], *middle, *table.places[dim + 1 :]))
    if index is None or table is not None:
        return None
    places = [dimension(NO_AXES, n) for n in step.shape]
    return replace(index, places=(*places[:dim], *index.places, *places[dim + new :]))


_KEEPING = (
    "BatchNormalization", "GroupNormalization", "InstanceNormalization", "LRN", "LayerNormalization",
    "LpNormalization", "MeanVarianceNormalization", "RMSNormalization", "Cast", "CumSum", "DequantizeLinear",
    "Dropout", "DynamicQuantizeLinear", "Identity", "QuantizeLinear", "Tile", "Abs", "Acos", "Asin", "Atan", "Ceil",
    "Celu", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN",
    "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign",
    "Sin", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
)  # fmt: skip
_JOINING = (
    "Add", "And", "Concat", "Div", "Equal", "Expand", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max",
    "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor",
)  # fmt: skip
_REDUCING = (
    "ArgMax", "ArgMin", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip

RULES: dict[str, Rule] = {
    **dict.fromkeys(_KEEPING, _keep),
    **dict.fromkeys(_JOINING, _join),
    **dict.fromkeys(_REDUCING, _reduce),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), _softmax),
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), _view),
    **dict.fromkeys(("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"), _window),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    **dict.fromkeys(("MatMul", "Gemm", "Einsum"), product),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
    "Transpose": _transpose,
    "Slice": _slice,
    "Split": _split,
    "Pad": _pad,
    "Gather": _gather,
    "DepthToSpace": _to_space,
    "SpaceToDepth": _to_depth,
    "Attention": attention,
}
"""Operator → its rule; what has none is not followed."""
