"""The rows that ONNX's operators have in a layer table: kind, columns, multiply-accumulates, and their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from optotype.architecture.from_onnx.graph import Node, Shape, Value, known
from optotype.architecture.from_onnx.products import labels, sizes_of
from optotype.architecture.from_onnx.window import POOLS, window
from optotype.theory.shapes import conv_macs

Values = Mapping[str, Value]


class Row(NamedTuple):
    """A row to be: its kind, the inputs that are its weights, its columns, and the MACs of the whole batch.

    ``awaits`` are the operations with weights of its own that may follow: a bias, or a scale and a shift.
    """

    kind: str
    weights: tuple[str, ...] = ()
    columns: Mapping[str, Any] = {}
    macs: int | None = 0
    awaits: tuple[str, ...] = ()


BIAS = ("Add",)
SCALE_AND_SHIFT = ("Mul", "Add")


def row_of(node: Node, values: Values) -> Row | None:
    """The row of an operator that always has one; None for all others."""
    rule = _ROWS.get(node.op)
    return None if rule is None else rule(node, values)


def channels(shape: Shape | None) -> int | None:
    """Size of the dimension after the batch: the channels of a map."""
    return shape[1] if shape is not None and len(shape) > 1 else None


def _convolution(node: Node, values: Values) -> Row:
    x, weight = values[node.inputs[0]].shape, values[node.inputs[1]].shape
    out = values[node.outputs[0]].shape
    groups, transposed = node.attributes.get("group", 1), node.op == "ConvTranspose"
    columns: dict[str, Any] = {"channels_in": channels(x), "channels_out": channels(out), "groups": groups}
    macs = None
    if weight is not None and None not in weight:
        if x is not None:
            at = window(node, x[2:], weight)
            columns |= {"kernel": at.kernel, "stride": at.stride, "padding": at.padding, "dilation": at.dilation}
        columns["channels_in"] = (weight[0] or 0) if transposed else (weight[1] or 0) * groups
        columns["channels_out"] = (weight[1] or 0) * groups if transposed else weight[0]
        # of a transposed convolution every input cell meets every number of the kernels
        cells, kernel = known(x if transposed else out), [n or 0 for n in weight[2:]]
        macs = conv_macs(weight[1] or 0, cells, kernel) if cells is not None else None
    bias = 3 if node.op == "DeformConv" else 2
    weights = tuple(name for name in (node.input(1), node.input(bias)) if name)
    return Row("transposed conv" if transposed else "conv", weights, columns, macs, BIAS if len(weights) == 1 else ())


def _pool(node: Node, values: Values) -> Row:
    x, out = values[node.inputs[0]].shape, values[node.outputs[0]].shape
    columns: dict[str, Any] = {"channels_in": channels(x), "channels_out": channels(out)}
    if x is not None:
        at = window(node, x[2:], None)
        columns |= {"kernel": at.kernel, "stride": at.stride, "padding": at.padding, "dilation": at.dilation}
    return Row(POOLS[node.op], (), columns)


def _global_pool(node: Node, values: Values) -> Row:
    kind = {"GlobalMaxPool": "max pool", "GlobalLpPool": "lp pool"}.get(node.op, "average pool")
    return Row(kind, (), _channels_of(node, values))


def _channels_of(node: Node, values: Values) -> dict[str, Any]:
    return {
        "channels_in": channels(values[node.inputs[0]].shape),
        "channels_out": channels(values[node.outputs[0]].shape),
    }


def _norm(kind: str) -> Callable[[Node, Values], Row]:
    def row(node: Node, values: Values) -> Row:
        weights = tuple(name for name in node.inputs[1:3] if name)
        scale = values[weights[0]].size if weights else None
        last = node.op in ("LayerNormalization", "RMSNormalization")
        n = scale if last else channels(values[node.inputs[0]].shape)
        columns = {"channels_in": n, "channels_out": n}
        if kind == "instance norm" and _does_nothing([values[name] for name in weights]):
            return Row(kind, (), columns, awaits=SCALE_AND_SHIFT)
        return Row(kind, weights, columns)

    return row


def _does_nothing(scale_and_shift: Sequence[Value]) -> bool:
    """Whether a scale of ones and a shift of zeros only stand where the operator wants some."""
    contents = [value.content for value in scale_and_shift]
    return all(c is not None and (c == 1 - place).all() for place, c in enumerate(contents))


def _resize(node: Node, values: Values) -> Row | None:
    same = values[node.inputs[0]].shape == values[node.outputs[0]].shape
    return None if same else Row("upsample", (), _channels_of(node, values))


def _shuffle(node: Node, values: Values) -> Row:
    return Row("pixel shuffle", (), _channels_of(node, values))


def _product(node: Node, values: Values) -> Row | None:
    """A linear layer where one factor is constant, else a product of two activations."""
    factors = [name for name in node.inputs[:2] if name]
    constant = [name for name in factors if values[name].constant]
    if len(factors) < 2 or (node.op == "Einsum" and len(node.inputs) > 2):
        return None
    letters, out = labels(node, values)
    sizes = sizes_of(letters, [values[name].shape for name in factors])
    summed = _product_of([sizes[c] for c in sizes if c not in out])
    cells = values[node.outputs[0]].size
    macs = None if cells is None or summed is None else cells * summed
    weight = constant[0] if constant else factors[1]
    free = [c for c in letters[factors.index(weight)] if c in out]
    columns = {"channels_in": summed, "channels_out": sizes.get(free[-1]) if free else None}
    weights = (*constant, *(node.inputs[2:3] if node.op == "Gemm" and node.input(2) else ()))
    awaits = BIAS if constant and len(weights) == 1 else ()
    return Row("linear" if constant else "matmul", weights, columns, macs, awaits)


def _product_of(sizes: Sequence[int | None]) -> int | None:
    given = known(tuple(sizes))
    return None if given is None else prod(given)


def _attention(node: Node, values: Values) -> Row:
    """Two matrix products: queries times keys, and the attention times the values."""
    q, k, v = (known(values[name].shape) for name in node.inputs[:3])
    macs = None
    if q is not None and k is not None and v is not None and len(q) == len(k) == len(v) > 2:
        heads = node.attributes.get("kv_num_heads", 1) if len(q) == 3 else k[1]
        shared = (node.attributes.get("q_num_heads", heads) if len(q) == 3 else q[1]) // max(heads, 1)
        values_wide = prod(v) // max(v[-2], 1) * shared
        macs = k[-2] * (prod(q) + q[-2] * values_wide)
    return Row("matmul", (), {"channels_in": q[-1] if q else None, "channels_out": v[-1] if v else None}, macs)


def _recurrent(node: Node, values: Values) -> Row:
    """W·x and R·h in every step."""
    weights = tuple(node.inputs[place] for place in (1, 2, 3, 7) if node.input(place))
    x, w, r = (known(values[name].shape) for name in node.inputs[:3])
    macs = x[0] * x[1] * (prod(w) + prod(r)) if x and w and r else None
    columns = {"channels_in": x[-1] if x else None, "channels_out": r[-1] * r[0] if r else None}
    return Row(node.op.lower(), weights, columns, macs)


def _embedding(node: Node, values: Values) -> Row | None:
    table, index = values[node.inputs[0]], values[node.inputs[1]]
    if not table.constant or index.constant or table.shape is None or len(table.shape) != 2:
        return None
    return Row("embedding", (node.inputs[0],), {"channels_in": table.shape[0], "channels_out": table.shape[1]})


_ROWS: dict[str, Callable[[Node, Values], Row | None]] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "DeformConv"), _convolution),
    **dict.fromkeys(POOLS, _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global_pool),
    **dict.fromkeys(("MatMul", "Gemm", "Einsum"), _product),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _shuffle),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "BatchNormalization": _norm("batch norm"),
    "LayerNormalization": _norm("layer norm"),
    "GroupNormalization": _norm("group norm"),
    "InstanceNormalization": _norm("instance norm"),
    "RMSNormalization": _norm("rms norm"),
    "Attention": _attention,
    "Gather": _embedding,
}
