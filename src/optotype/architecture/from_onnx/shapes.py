"""The sizes of every array in an ONNX graph, without running it.

ONNX's own shape inference is asked node by node. Sizes are often computed inside the graph (Shape → Gather → Concat →
Reshape), so small constant arrays are computed too, with ONNX's reference operators; never large ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, TypeProto, defs, helper, numpy_helper, shape_inference

from optotype.architecture.from_onnx.graph import Graph, Node, Shape, Value, consistent
from optotype.architecture.from_onnx.window import WINDOWED, check, window
from optotype.errors import InputError

SMALL = 4096
"""Constant arrays up to this many elements are computed."""

UNKNOWN = Value(None, TensorProto.UNDEFINED)

SAME_SHAPE = frozenset(
    {"GroupNormalization", "MeanVarianceNormalization", "LayerNormalization", "InstanceNormalization", "Gelu", "Relu",
     "Clip", "HardSwish", "Swish", "Mish", "Celu"}
)  # fmt: skip
"""Give the shape of what they get, also where this version of ONNX does not infer it."""

_COMPUTED = frozenset(
    {"Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Concat", "ConstantOfShape", "Div", "Equal", "Expand", "Flatten",
     "Floor", "Gather", "GatherElements", "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Max", "Min",
     "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Range", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape",
     "Round", "ScatterND", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tile", "Transpose", "Unsqueeze",
     "Where"}
)  # fmt: skip
_FIRST_INPUT_ONLY = frozenset(
    {"Cast", "DequantizeLinear", "Expand", "Gather", "GatherElements", "GatherND", "Identity", "Pad", "Reshape",
     "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
)  # fmt: skip
_LOGIC = frozenset(
    {"And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "NonZero", "Not", "Or", "ScatterElements",
     "ScatterND", "Where"}
)  # fmt: skip
"""Make masks, which are not learned, whatever they are made of."""

_TERM = rb"[A-Za-z]*(\.\.\.)?[A-Za-z]*"
_EQUATION = re.compile(_TERM + rb"(," + _TERM + rb")*(->" + _TERM + rb")?")

_RANDOM = frozenset({"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli"})


def resolve(graph: Graph, inputs: Mapping[str, Value], sizes: Mapping[str, int]) -> dict[str, Value]:
    """Every array of the graph by name; ``sizes`` gives the symbolic sizes a number.

    Raises InputError where a node reads what nothing gives, or arrays do not fit together.
    """
    values = {name: _stored(tensor) for name, tensor in graph.stored.items()}
    values |= {name: _sparse(tensor) for name, tensor in graph.sparse.items()}
    values |= inputs
    for node in graph.nodes:
        for name in node.inputs:
            if name and name not in values:
                raise InputError(node.label, "inputs that are given before it", f"'{name}'", "Export the model again.")
        with consistent(node.label):
            _enter(graph, node, values, sizes)
    return values


def _enter(graph: Graph, node: Node, values: dict[str, Value], sizes: Mapping[str, int]) -> None:
    """Note the outputs of one node; what is not inferred may be declared in the file."""
    declared = {name: _from_type(graph.declared.get(name, TypeProto()), sizes) for name in node.outputs}
    for name, value in _outputs(graph, node, values).items():
        known = value if value.shape is not None else declared.get(name, UNKNOWN)
        if any(n is not None and n < 0 for n in known.shape or ()):
            raise InputError(node.label, "an output of at least one cell", str(known.shape), "Try a larger --input.")
        values[name] = known


def _outputs(graph: Graph, node: Node, values: Mapping[str, Value]) -> dict[str, Value]:
    given = [values[name] for name in node.inputs if name]
    if node.op == "Constant":
        return {node.outputs[0]: _constant(node)}
    constant = all(v.constant for v in given) and not node.outside and node.op not in _RANDOM
    made_of = () if node.op in _LOGIC else given[:1] if node.op in _FIRST_INPUT_ONLY else given
    roots = frozenset().union(*(v.roots for v in made_of)) if constant else frozenset()
    if node.op in ("Shape", "Size") and given and (size := _size_of(node, given[0])) is not None:
        return {node.outputs[0]: Value(size.shape, TensorProto.INT64, constant=True, content=size)}
    inferred = _inferred(graph, node, values)
    if not constant:
        return inferred
    contents = _computed(graph, node, values, inferred)
    return {
        name: Value(v.shape, v.dtype, constant=True, content=contents.get(name), roots=roots)
        for name, v in inferred.items()
    }


def _size_of(node: Node, value: Value) -> np.ndarray[Any, Any] | None:
    """What Shape and Size give, where the whole shape is known."""
    if value.shape is None or None in value.shape:
        return None
    if node.op == "Size":
        return np.array(prod(n for n in value.shape if n is not None), np.int64)
    start, end = node.attributes.get("start", 0), node.attributes.get("end")
    return np.array(value.shape[slice(start, end)], np.int64)


def _inferred(graph: Graph, node: Node, values: Mapping[str, Value]) -> dict[str, Value]:
    unknown = {name: UNKNOWN for name in node.outputs if name}
    given = [values[name] for name in node.inputs if name]
    if node.op in WINDOWED:
        _check_window(node, values)
    if node.op == "Einsum":
        _check_equation(node)
    domain = "" if node.proto.domain == "ai.onnx" else node.proto.domain
    if not defs.has(node.op, graph.opsets.get(domain, 1), domain):
        same = Value(given[0].shape, given[0].dtype) if given and node.op in SAME_SHAPE else UNKNOWN
        return unknown | ({node.outputs[0]: same} if node.outputs and node.outputs[0] else {})
    read = (*node.inputs, *node.outside)
    types = {name: _type(values[name], integer=node.integer) for name in read if name in values}
    contents = {name: values[name].content for name in node.inputs if name}
    content = {name: numpy_helper.from_array(data) for name, data in contents.items() if data is not None}
    try:
        found = _asked(graph, node, domain, types, content)
    except (shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        if node.outside or any(value.shape is None for value in given):
            return unknown
        reason = str(error).strip().splitlines()[0]
        fix = "The file is made for another input size (give it with --input), or it is damaged: export it again."
        raise InputError(node.label, "inputs that fit together", reason, fix) from None
    result = unknown | {name: _from_type(t, {}) for name, t in found.items()}
    if node.integer:
        dtype = TensorProto.INT32 if node.proto.op_type.endswith("Integer") else given[0].dtype
        result = {name: Value(v.shape, dtype) for name, v in result.items()}
    if node.op in SAME_SHAPE and result[node.outputs[0]].shape is None and given:
        result[node.outputs[0]] = Value(given[0].shape, given[0].dtype)
    return result


def _asked(
    graph: Graph, node: Node, domain: str, types: dict[str, TypeProto], content: dict[str, TensorProto]
) -> dict[str, TypeProto]:
    """What ONNX infers by the rules of the file's version, or of the newest where the file is ahead of its own."""
    opsets = [helper.make_opsetid(d, v) for d, v in graph.opsets.items()]
    schema = defs.get_schema(node.op, graph.opsets.get(domain, 1), domain)
    try:
        return shape_inference.infer_node_outputs(schema, node.proto, types, content, opset_imports=opsets)
    except onnx.checker.ValidationError:
        schema = defs.get_schema(node.op, domain)
        return shape_inference.infer_node_outputs(schema, node.proto, types, content, opset_imports=opsets)


def _check_equation(node: Node) -> None:
    """Raise InputError for an equation that is none: ONNX's shape inference would never end on some."""
    equation = node.attributes.get("equation")
    if isinstance(equation, bytes) and not _EQUATION.fullmatch(equation.replace(b" ", b"")):
        raise InputError(node.label, "an equation such as ij,jk->ik", repr(equation)[1:],
                         "The file is damaged: export it again.")  # fmt: skip


def _check_window(node: Node, values: Mapping[str, Value]) -> None:
    """Raise InputError where channels do not fit, or a kernel is larger than what it slides over."""
    shape = values[node.inputs[0]].shape
    if shape is None or len(shape) < 3:
        return
    weight = values[node.inputs[1]].shape if len(node.inputs) > 1 and node.op != "MaxUnpool" else None
    at = window(node, shape[2:], weight)
    if node.op == "ConvTranspose":
        return
    check(node, shape[2:], at)
    groups = node.attributes.get("group", 1)
    if weight is not None and None not in (shape[1], weight[1]) and shape[1] != (weight[1] or 0) * groups:
        raise InputError(
            node.label,
            f"{(weight[1] or 0) * groups} channels, as its kernels have",
            f"{shape[1]} channels",
            "Give an --input with as many channels as the model takes.",
        )


def _computed(
    graph: Graph, node: Node, values: Mapping[str, Value], outputs: Mapping[str, Value]
) -> dict[str, np.ndarray[Any, Any]]:
    """Contents of the outputs of a constant node; empty where they are large or cannot be computed."""
    given = {name: values[name].content for name in node.inputs if name}
    small = all(v.size is not None and v.size <= SMALL for v in outputs.values())
    if node.op not in _COMPUTED or node.proto.domain not in ("", "ai.onnx") or not small or None in _nones(given):
        return {}
    from onnx.reference import ReferenceEvaluator

    info = [helper.make_tensor_value_info(n, values[n].dtype, None) for n in given]
    results = [helper.make_tensor_value_info(n, v.dtype, None) for n, v in outputs.items()]
    opsets = [helper.make_opsetid(d, v) for d, v in graph.opsets.items()]
    model = helper.make_model(helper.make_graph([node.proto], "one", info, results), opset_imports=opsets)
    try:
        with np.errstate(all="ignore"):
            answers = ReferenceEvaluator(model).run(list(outputs), given)
    except Exception:  # noqa: BLE001 — whatever damaged constants raise, their content is then not known
        return {}
    return {name: np.asarray(answer) for name, answer in zip(outputs, answers, strict=True)}


def _nones(given: Mapping[str, object]) -> list[None]:
    return [None for content in given.values() if content is None]


def _constant(node: Node) -> Value:
    """What a Constant node holds; it counts as a stored tensor of its output's name."""
    for key, content in node.attributes.items():
        if isinstance(content, TensorProto):
            value = _stored(content)
            return Value(value.shape, value.dtype, True, value.content, frozenset({node.outputs[0]}))
        if key in ("value_float", "value_floats", "value_int", "value_ints"):
            kind = TensorProto.FLOAT if "float" in key else TensorProto.INT64
            array = np.array(content, helper.tensor_dtype_to_np_dtype(kind))
            return Value(array.shape, kind, True, array if array.size <= SMALL else None, frozenset({node.outputs[0]}))
    return Value(None, TensorProto.UNDEFINED, constant=True)


def _stored(tensor: TensorProto) -> Value:
    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0:
        raise InputError(f"tensor '{tensor.name}'", "sizes of 0 or more", str(shape), "Export the model again.")
    content = array_of(tensor) if prod(shape) <= SMALL else None
    return Value(shape, tensor.data_type, True, content, frozenset({tensor.name}))


def _sparse(tensor: onnx.SparseTensorProto) -> Value:
    return Value(tuple(tensor.dims), tensor.values.data_type, True, None, frozenset({tensor.values.name}))


def array_of(tensor: TensorProto) -> np.ndarray[Any, Any] | None:
    """The numbers of a stored tensor; None where they lie in another file, or are damaged."""
    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return numpy_helper.to_array(tensor)
    except Exception:  # noqa: BLE001 — whatever damaged bytes raise, the content is then not known
        return None


def _type(value: Value, *, integer: bool) -> TypeProto:
    """Numbers of unknown type count as float32, and so does what enters a quantised form, whose standard one takes
    floats.
    """
    unknown = integer or value.dtype == TensorProto.UNDEFINED
    return helper.make_tensor_type_proto(TensorProto.FLOAT if unknown else value.dtype, value.shape)


def _from_type(proto: TypeProto, sizes: Mapping[str, int]) -> Value:
    tensor = proto.tensor_type
    if not tensor.HasField("shape"):
        return Value(None, tensor.elem_type)
    dims: list[int | None] = []
    for d in tensor.shape.dim:
        dims.append(d.dim_value if d.HasField("dim_value") else sizes.get(d.dim_param))
    return Value(tuple(dims), tensor.elem_type)


def shape_of(proto: TypeProto) -> Shape | None:
    """The shape that a type declares; None where a size is symbolic."""
    return _from_type(proto, {}).shape
