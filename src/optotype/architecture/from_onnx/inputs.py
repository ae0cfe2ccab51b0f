"""The inputs of an ONNX graph: which one is the image, and what sizes they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import TensorProto, ValueInfoProto

from optotype.architecture.from_onnx.graph import Graph, Known, Shape, Value
from optotype.errors import InputError


@dataclass(frozen=True)
class Main:
    """The input that receptive fields are about. ``spatial`` are its dimensions along which positions run; ``batch``
    is the number of items at once; ``item`` is the shape of one.
    """

    name: str
    shape: Known
    spatial: tuple[int, ...]
    batch: int
    item: Known
    others: tuple[str, ...]


def main_input(graph: Graph, input_shape: Sequence[int] | None) -> Main:
    """The image-like input, with the sizes that the file or ``input_shape`` gives.

    Raises InputError where the file leaves sizes free that ``input_shape`` does not give, or the two contradict.
    """
    tensors = [i for i in graph.inputs if i.type.HasField("tensor_type")]
    if not tensors:
        raise InputError("the graph", "an input", "none", "Give a file that holds a network, not only weights.")
    chosen = max(tensors, key=_likeness)
    where = f"input '{chosen.name}'"
    if input_shape is not None and min(input_shape, default=0) < 1:
        raise InputError("--input", "sizes of 1 or more", _text(input_shape), "Write it as in 3x640x640.")
    declared = _declared(chosen)
    if declared is None:
        if input_shape is None:
            raise InputError(where, "its sizes", "none in the file", "Give them, as in --input 3x640x640.")
        declared = (None,) * (len(input_shape) + 1)
    item = _agreed(chosen, where, declared[1:] if _has_batch(declared) else declared, input_shape)
    batch = (declared[0] or 1) if _has_batch(declared) else 1
    shape = (batch, *item) if _has_batch(declared) else item
    others = tuple(i.name for i in graph.inputs if i.name != chosen.name)
    return Main(chosen.name, shape, _spatial(shape, has_batch=_has_batch(declared)), batch, item, others)


def resolve_inputs(graph: Graph, main: Main) -> tuple[dict[str, Value], dict[str, int]]:
    """All inputs as values, and the numbers that symbolic sizes have."""
    sizes: dict[str, int] = {}
    for proto in graph.inputs:
        dims = proto.type.tensor_type.shape.dim
        numbers: Sequence[int | None] = main.shape if proto.name == main.name else (None,) * len(dims)
        for place, (d, n) in enumerate(zip(dims, numbers, strict=False)):
            if d.dim_param and n is not None:
                sizes[d.dim_param] = n
            elif d.dim_param and place == 0:
                sizes.setdefault(d.dim_param, main.batch)
    values = {}
    for proto in graph.inputs:
        tensor = proto.type.tensor_type
        shape: Shape | None = _declared(proto)
        if shape is not None:
            named = [sizes.get(d.dim_param) for d in tensor.shape.dim]
            shape = tuple(n if n is not None else m for n, m in zip(shape, named, strict=True))
            shape = tuple(main.batch if n is None and i == 0 else n for i, n in enumerate(shape))
        values[proto.name] = Value(main.shape if proto.name == main.name else shape, tensor.elem_type)
    return values, sizes


def _likeness(proto: ValueInfoProto) -> tuple[int, int]:
    """How much an input looks like an image: by its type and number of dimensions, the first of equals."""
    shape = _declared(proto)
    rank = len(shape) if shape is not None else 4
    pixels = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.DOUBLE, TensorProto.BFLOAT16)
    return ({4: 4, 5: 3, 3: 2, 2: 1}.get(rank, 0), int(proto.type.tensor_type.elem_type in pixels))


def _declared(proto: ValueInfoProto) -> Shape | None:
    tensor = proto.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in tensor.shape.dim)


def _has_batch(shape: Shape) -> bool:
    """A vector has none; nor has an input of three dimensions whose first are three colours."""
    return len(shape) > 1 and not (len(shape) == 3 and shape[0] == 3 and shape[1] != 3)


def _agreed(proto: ValueInfoProto, where: str, declared: Shape, given: Sequence[int] | None) -> Known:
    """The sizes of one item."""
    if given is None:
        free = [d.dim_param or "?" for d in proto.type.tensor_type.shape.dim][-len(declared) :] if declared else []
        open_ = [name for name, n in zip(free, declared, strict=True) if n is None]
        if open_:
            example = "x".join(str(n or (3 if i == 0 else 640)) for i, n in enumerate(declared))
            raise InputError(
                where, f"a size for {', '.join(open_)}", _text(declared), f"Give the sizes: --input {example}."
            )
        return tuple(n or 0 for n in declared)
    if len(given) != len(declared) or any(n is not None and n != m for n, m in zip(declared, given, strict=False)):
        fix = "Leave --input out, or give the sizes that the file fixes (? may be any)."
        raise InputError(where, f"{_text(declared)}, as the file fixes", _text(given), fix)
    return tuple(int(n) for n in given)


def _spatial(shape: Known, *, has_batch: bool) -> tuple[int, ...]:
    """The dimensions along which positions run: all after batch and channels, or all between batch and channels
    where only the last could be colours; of a plain vector its features.
    """
    first = int(has_batch)
    if len(shape) - first < 2:
        return tuple(range(first, len(shape)))
    if len(shape) - first > 2 and shape[-1] in (1, 3) and min(shape[first:-1]) > shape[-1]:
        return tuple(range(first, len(shape) - 1))
    return tuple(range(first + 1, len(shape)))


def _text(shape: Sequence[int | None]) -> str:
    return "x".join("?" if n is None else str(n) for n in shape)
