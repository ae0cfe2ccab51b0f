"""The graph of an ONNX file as plain records, in which fused and quantised operators read like the standard ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from optotype.architecture.from_onnx.functions import inlined
from optotype.errors import InputError

Shape = tuple[int | None, ...]
"""Sizes of an array; None where a size depends on what is computed."""

Known = tuple[int, ...]
"""Sizes that are all known."""


def known(shape: Shape | None) -> Known | None:
    """The sizes, where all are known."""
    return None if shape is None or None in shape else tuple(n or 0 for n in shape)


@dataclass(frozen=True)
class Value:
    """What is known of one array before anything runs.

    ``constant`` arrays do not depend on the inputs; ``content`` is there where they are small; ``roots`` are the
    stored tensors that they are made from.
    """

    shape: Shape | None
    dtype: int
    constant: bool = False
    content: np.ndarray[Any, Any] | None = None
    roots: frozenset[str] = frozenset()

    @property
    def size(self) -> int | None:
        """Number of elements; None where not known."""
        sizes = known(self.shape)
        return None if sizes is None else prod(sizes)


@dataclass(frozen=True)
class Node:
    """One operation. ``outside`` are the arrays that its subgraphs read; ``integer`` tells a quantised form."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: NodeProto
    outside: tuple[str, ...] = ()
    integer: bool = False

    @property
    def label(self) -> str:
        """How errors and notes call it."""
        return f"node '{self.name or (self.outputs[0] if self.outputs else '')}' ({self.op})"

    def input(self, place: int) -> str:
        """Name of an input; empty where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else ""


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of the file, stored tensors by name, and the names of inputs and outputs."""

    nodes: list[Node]
    stored: dict[str, TensorProto]
    sparse: dict[str, onnx.SparseTensorProto]
    inputs: list[onnx.ValueInfoProto]
    outputs: list[str]
    declared: dict[str, onnx.TypeProto]
    opsets: dict[str, int] = field(default_factory=dict)


class _Plain(NamedTuple):
    """A standard operator that computes the same sizes, and which inputs it takes of the fused or quantised one (none:
    every third from the third on).
    """

    op: str
    inputs: tuple[int, ...]
    integer: bool = False
    activation: str = ""


_PLAIN: dict[str, _Plain] = {
    "QLinearConv": _Plain("Conv", (0, 3, 8), integer=True),
    "ConvInteger": _Plain("Conv", (0, 1), integer=True),
    "QLinearMatMul": _Plain("MatMul", (0, 3), integer=True),
    "MatMulInteger": _Plain("MatMul", (0, 1), integer=True),
    "QGemm": _Plain("Gemm", (0, 3, 6), integer=True),
    "QLinearAdd": _Plain("Add", (0, 3), integer=True),
    "QLinearMul": _Plain("Mul", (0, 3), integer=True),
    "QLinearConcat": _Plain("Concat", (), integer=True),
    "QLinearSigmoid": _Plain("Sigmoid", (0,), integer=True),
    "QLinearLeakyRelu": _Plain("LeakyRelu", (0,), integer=True),
    "QLinearSoftmax": _Plain("Softmax", (0,), integer=True),
    "QLinearAveragePool": _Plain("AveragePool", (0,), integer=True),
    "QLinearReduceMean": _Plain("ReduceMean", (0,), integer=True),
    "QLinearGlobalAveragePool": _Plain("GlobalAveragePool", (0,), integer=True),
    "FusedConv": _Plain("Conv", (0, 1, 2)),
    "FusedGemm": _Plain("Gemm", (0, 1, 2)),
    "Gelu": _Plain("Gelu", (0,)),
    "BiasGelu": _Plain("Add", (0, 1), activation="Gelu"),
}
_STANDARD = ("", "ai.onnx")


def read(model: ModelProto) -> Graph:
    """The records of a model; functions that the file defines are put in where they are called.

    Raises InputError where the graph is empty, or a node breaks ONNX's own rules.
    """
    graph = (inlined(model) if model.functions else model).graph
    opsets = {"" if o.domain in _STANDARD else o.domain: o.version for o in model.opset_import}
    nodes = [node for proto in graph.node for node in _nodes(proto)]
    if not nodes:
        raise InputError("the file", "a graph with at least one node", "none", "Export the model again.")
    stored = {tensor.name: tensor for tensor in graph.initializer}
    sparse = {tensor.values.name: tensor for tensor in graph.sparse_initializer}
    return Graph(
        nodes,
        stored,
        sparse,
        [i for i in graph.input if i.name not in stored and i.name not in sparse],
        [o.name for o in graph.output],
        {v.name: v.type for v in (*graph.value_info, *graph.output)},
        opsets,
    )


@contextmanager
def consistent(where: str) -> Iterator[None]:
    """Tell what a damaged node makes Python's own operations raise as the InputError that it is."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        expected = "inputs and attributes as ONNX defines them"
        raise InputError(where, expected, reason, "Export the model again.") from error


def _nodes(proto: NodeProto) -> Iterator[Node]:
    """One node, or what a fused one stands for."""
    with consistent(f"node '{proto.name}' ({proto.op_type})"):
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute if not a.ref_attr_name}
    plain = _PLAIN.get(proto.op_type)
    if plain is None:
        yield Node(
            proto.op_type if proto.domain in _STANDARD else f"{proto.domain}::{proto.op_type}",
            proto.name,
            tuple(proto.input),
            tuple(proto.output),
            attributes,
            proto,
            tuple(_read_inside(proto)),
        )
        return
    places = plain.inputs or range(2, len(proto.input), 3)
    inputs = tuple(proto.input[place] if place < len(proto.input) else "" for place in places)
    inputs = inputs[: max((i + 1 for i, name in enumerate(inputs) if name), default=0)]
    activation = plain.activation or bytes(attributes.get("activation", b"")).decode(errors="replace")
    outputs = tuple(f"{name} before {activation}" for name in proto.output) if activation else tuple(proto.output)
    yield _plain_node(plain.op, proto, inputs, outputs, attributes, plain.integer)
    if activation:
        yield _plain_node(activation, proto, outputs, tuple(proto.output), {}, plain.integer)


def _plain_node(
    op: str, proto: NodeProto, inputs: tuple[str, ...], outputs: tuple[str, ...], given: dict[str, Any], integer: bool
) -> Node:
    """A node of the standard operator ``op``, with those attributes that it knows."""
    try:
        known = onnx.defs.get_schema(op).attributes
    except onnx.defs.SchemaError:
        known = {}
    attributes = {name: value for name, value in given.items() if name in known}
    copy = NodeProto(op_type=op, name=proto.name, input=inputs, output=outputs)
    copy.metadata_props.extend(proto.metadata_props)
    copy.attribute.extend(a for a in proto.attribute if a.name in attributes)
    return Node(op, proto.name, inputs, outputs, attributes, copy, (), integer)


def _read_inside(proto: NodeProto) -> Iterator[str]:
    """Names that the subgraphs of a node read (their own ones too, which do no harm)."""
    for attribute in proto.attribute:
        graphs: list[GraphProto] = list(attribute.graphs)
        if attribute.type == AttributeProto.GRAPH:
            graphs.append(attribute.g)
        for graph in graphs:
            for inner in graph.node:
                yield from inner.input
                yield from _read_inside(inner)
            yield from (o.name for o in graph.output)
