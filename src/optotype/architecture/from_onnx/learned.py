"""Which of the numbers that an ONNX file stores are learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from onnx import TensorProto

from optotype.architecture.from_onnx.graph import Graph, Node, Value
from optotype.architecture.from_onnx.shapes import array_of

_QUANTISED = (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT4, TensorProto.UINT4)
_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
_NUMBERS = (*_FLOATS, *_QUANTISED)


class Learned:
    """Counts learned numbers, each once.

    The weights that a layer has of its own (kernels, biases, scales and shifts, tables) are learned; running means
    and variances are not. A constant that is added to or multiplied with an activation is learned where it has more
    than one element, in floating point or quantised, and lies between layers, unless its numbers are different whole
    or half ones, as in grids, strides and masks. So neither a normalisation of the pixels counts nor the anchors of a
    detector. Files do not tell learned numbers apart in any better way.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._constants = {n.outputs[0]: n for n in graph.nodes if n.op == "Constant"}
        self._counted: set[str] = set()

    def weight(self, value: Value) -> list[str]:
        """The stored tensors that a weight is made of: itself, or all of more than one element that is no index."""
        if len(value.roots) == 1:
            return list(value.roots)
        return [name for name in sorted(value.roots) if self._type(name) in _NUMBERS and self._elements(name) > 1]

    def take(self, roots: Iterable[str]) -> int:
        """The elements of stored tensors that were not counted before."""
        new = set(roots) - self._counted
        self._counted |= new
        return sum(self._elements(name) for name in new)

    def among(self, roots: Iterable[str]) -> list[str]:
        """Those of the stored tensors that are learned, judged by what they hold."""
        return [name for name in roots if self._looks_learned(name)]

    def _tensor(self, name: str) -> TensorProto | None:
        if name in self._graph.stored:
            return self._graph.stored[name]
        node = self._constants.get(name)
        held = None if node is None else node.attributes.get("value")
        return held if isinstance(held, TensorProto) else None

    def _type(self, name: str) -> int:
        tensor = self._graph.sparse[name].values if name in self._graph.sparse else self._tensor(name)
        return TensorProto.FLOAT if tensor is None else tensor.data_type

    def _elements(self, name: str) -> int:
        if name in self._graph.sparse:
            return prod(self._graph.sparse[name].values.dims)
        tensor = self._tensor(name)
        return prod(tensor.dims) if tensor is not None else len(self._listed(name))

    def _looks_learned(self, name: str) -> bool:
        tensor = self._tensor(name)
        if tensor is None:
            return len(self._listed(name)) > 1 and not is_grid(np.array(self._listed(name)))
        if prod(tensor.dims) <= 1 or tensor.data_type not in _NUMBERS:
            return False
        content = array_of(tensor) if tensor.data_type in _FLOATS else None
        return content is None or not is_grid(content)

    def _listed(self, name: str) -> list[float]:
        """The numbers of a Constant node that holds a list of floats."""
        node = self._constants.get(name)
        return [] if node is None else list(node.attributes.get("value_floats", ()))


def is_grid(content: np.ndarray[Any, Any]) -> bool:
    """Whether the numbers are different whole or half ones, or infinite ones are among them.

    Equal ones may be weights before any training.

    >>> is_grid(np.array([0.5, 1.5, 2.5])), is_grid(np.array([1.0, 1.0])), is_grid(np.array([0.1, 0.3]))
    (True, False, False)
    """
    with np.errstate(all="ignore"):
        double = content.astype(np.float64).reshape(-1) * 2
        if not np.isfinite(double).all():
            return True
        return bool((double == np.round(double)).all() and (double != double[:1]).any())


def before_layers(nodes: Sequence[Node]) -> set[int]:
    """Places of the nodes behind which a layer with weights of its own still comes."""
    wanted: set[str] = set()
    found = set()
    for place in range(len(nodes) - 1, -1, -1):
        node = nodes[place]
        if not wanted.isdisjoint(node.outputs):
            found.add(place)
        if place in found or node.op in _LAYERS:
            wanted.update(name for name in (*node.inputs, *node.outside) if name)
    return found


_LAYERS = frozenset(
    {"Conv", "ConvTranspose", "DeformConv", "Gemm", "MatMul", "Einsum", "LSTM", "GRU", "RNN", "Attention",
     "BatchNormalization", "GroupNormalization", "InstanceNormalization", "LayerNormalization", "RMSNormalization",
     "ReduceMean"}
)  # fmt: skip
"""Operators that layers with weights are made of; a mean may begin a layer norm."""


def layer_norms(nodes: Iterable[Node]) -> tuple[set[int], set[int]]:
    """Layer norms that are written out, (x − mean)/√(mean of (x − mean)² + ε): places of the divisions that end them,
    and of the means.
    """
    made: dict[str, tuple[int, Node]] = {}
    ends, means = set(), set()
    for place, node in enumerate(nodes):
        if node.op == "Div" and len(node.inputs) == 2:
            first = _centred(made, _before(made, node.inputs[0]))
            rest = _deviation(made, _before(made, node.inputs[1]))
            if first is not None and rest is not None:
                ends.add(place)
                means |= {first, *rest}
        made |= dict.fromkeys(node.outputs, (place, node))
    return ends, means


_Made = tuple[int, Node] | None


def _before(made: Mapping[str, tuple[int, Node]], name: str) -> _Made:
    """The node that made an array, before casts and quantisation."""
    found = made.get(name)
    while found is not None and found[1].op in _COPIES and found[1].inputs:
        found = made.get(found[1].inputs[0])
    return found


_COPIES = ("Cast", "Identity", "QuantizeLinear", "DequantizeLinear")


def _centred(made: Mapping[str, tuple[int, Node]], found: _Made) -> int | None:
    """Place of the mean that is subtracted; None where this is no such difference."""
    if found is None or found[1].op != "Sub" or len(found[1].inputs) != 2:
        return None
    mean = _before(made, found[1].inputs[1])
    return mean[0] if mean is not None and mean[1].op == "ReduceMean" else None


def _deviation(made: Mapping[str, tuple[int, Node]], found: _Made) -> tuple[int, int] | None:
    """Places of the means in √(mean of (x − mean)² + ε); None where this is something else."""
    outer = -1
    for ops in (("Sqrt",), ("Add",), ("ReduceMean",), ("Pow", "Mul")):
        if found is None or found[1].op not in ops:
            return None
        outer = found[0] if found[1].op == "ReduceMean" else outer
        earlier = [_before(made, name) for name in found[1].inputs]
        found = next((one for one in earlier if one is not None and one[1].op != "Constant"), None)
    inner = _centred(made, found)
    return None if inner is None else (outer, inner)
