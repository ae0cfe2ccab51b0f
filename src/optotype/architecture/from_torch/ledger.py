"""What a trace writes down: the rows, which tensor came from which, and which parameters were counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import prod
from typing import Any

import msgspec
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils.weak import WeakTensorKeyDictionary

from optotype.architecture.reading import Place, Reading, Value, anywhere, field_size, joined, reshaped, unknown
from optotype.theory.layers import Layer
from optotype.theory.shapes import Field


@dataclass(frozen=True)
class Call:
    """One operation: its name, its arguments by name (defaults filled in), the tensors it gave, and the module."""

    name: str
    arguments: Mapping[str, Any]
    outputs: Sequence[Tensor]
    path: str

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    def get(self, argument: str, default: Any = None) -> Any:
        """An argument that some variants of the operation do not have."""
        return self.arguments.get(argument, default)

    @property
    def source(self) -> Any:
        """The tensor that it works on: the first of its arguments."""
        return self.get("self", self.get("input"))

    @property
    def output(self) -> Tensor:
        """The first tensor that it gave."""
        return self.outputs[0]

    def tensors(self) -> list[Tensor]:
        """The tensors among the arguments, those in lists too."""
        nested = (v if isinstance(v, (list, tuple)) else (v,) for v in self.arguments.values())
        return [tensor for group in nested for tensor in group if isinstance(tensor, Tensor)]


class Ledger:
    """The rows so far and what is known of the living tensors.

    A tensor is one of three: it depends on the input (``value``), it was made of parameters (``made_of``), or it is
    another constant.
    """

    def __init__(self, module: nn.Module, inputs: Sequence[Tensor]) -> None:
        self.rows: list[Layer] = []
        self.foreign: set[str] = set()
        self.sizes = {name: p.numel() for name, p in module.named_parameters()}
        self.uncounted = set(self.sizes)
        self._numbers = count()
        self._values: Any = WeakTensorKeyDictionary()
        self._made_of: Any = WeakTensorKeyDictionary()
        self._written: dict[int, tuple[StorageWeakRef, list[Value]]] = {}
        for name, parameter in module.named_parameters():
            self._made_of[parameter] = frozenset({name})
        self.input_cells = _axes(inputs[0]) if inputs else ()
        for tensor in inputs:
            self._enter(tensor)

    def value(self, tensor: object) -> Value | None:
        """What is known of a tensor; None for one that does not depend on the input, and for what is no tensor."""
        if not isinstance(tensor, Tensor):
            return None
        value: Value | None = self._values.get(tensor)
        _, writers = self._written.get(tensor.untyped_storage()._cdata, (None, ()))
        for writer in writers:
            value = _overwritten(tensor, value, writer)
        return value

    def values(self, tensors: Iterable[object]) -> list[Value]:
        """What is known of those tensors that depend on the input."""
        return [value for value in map(self.value, tensors) if value is not None]

    def known(self, call: Call) -> Value:
        """What is known of the tensor that a call works on; LookupError where it does not depend on the input."""
        value = self.value(call.source)
        if value is None:
            raise LookupError(call.name)
        return value

    def made_of(self, tensors: Iterable[object]) -> frozenset[str]:
        """The names of the parameters that constants were made of."""
        found = (self._made_of.get(t, frozenset()) for t in tensors if isinstance(t, Tensor))
        return frozenset().union(*found)

    def number(self) -> int:
        """A number for a new value."""
        return next(self._numbers)

    def set(self, tensor: Tensor, value: Value) -> None:
        """Note what is known of a tensor."""
        self._values[tensor] = value

    def wrote(self, tensor: Tensor) -> None:
        """Note that a tensor was changed in place: every other view of its memory then reads what it reads."""
        value = self._values.get(tensor)
        if value is not None:
            storage = tensor.untyped_storage()
            # The weak reference keeps the key from being given to another storage.
            self._written.setdefault(storage._cdata, (StorageWeakRef(storage), []))[1].append(value)  # type: ignore[no-untyped-call]

    def derive(self, call: Call) -> None:
        """Note that constants make constants, and which parameters those are made of."""
        names = self.made_of(call.tensors())
        if names:
            for tensor in call.outputs:
                self._made_of[tensor] = names

    def give(self, call: Call, reading: Reading, places: Sequence[Place], *, row: int | None) -> None:
        """Note the first output as a new value."""
        self.set(call.output, Value(reading, tuple(places), row, self.number()))

    def keep(self, call: Call, value: Value, places: Sequence[Place] | None = None, **changes: Any) -> None:
        """Note the first output as the same value in another guise (a view, a copy)."""
        self.set(call.output, replace(value, places=tuple(value.places if places is None else places), **changes))

    def give_unknown(self, call: Call) -> None:
        """Note the outputs of an operation without a rule: they may read anything."""
        values = self.values(call.tensors())
        reading, rows = unknown(joined([v.reading for v in values])), {v.row for v in values}
        for tensor in call.outputs:
            places = anywhere(range(len(reading)), tensor.shape)
            self.set(tensor, Value(reading, places, rows.pop() if len(rows) == 1 else None, self.number()))

    def add(self, kind: str, call: Call, reading: Reading, *, suffix: str = "", **columns: Any) -> int:
        """Write a row for a call; its parameters are those of the constants among its arguments. Gives its index."""
        names = self.made_of(t for t in call.tensors() if self.value(t) is None)
        self.rows.append(
            Layer(
                name=_name(call.path, names, kind) + suffix,
                kind=kind,
                output=item_shape(call.output),
                parameters=self.take(names),
                field=field_size(reading, self.input_cells),
                **columns,
            )
        )
        return len(self.rows) - 1

    def change(self, row: int, **columns: Any) -> None:
        """Change columns of a row."""
        self.rows[row] = msgspec.structs.replace(self.rows[row], **columns)

    def merge(self, first: int, kind: str, tensor: Tensor, **columns: Any) -> None:
        """Make one row of all from ``first`` on, whose output is ``tensor``."""
        parts = self.rows[first:]
        self.rows[first:] = [
            msgspec.structs.replace(
                parts[0],
                kind=kind,
                output=item_shape(tensor),
                parameters=sum(layer.parameters for layer in parts),
                **{"activation": "", **columns},
            )
        ]

    def take(self, names: Iterable[str]) -> int:
        """Count parameters; those that were counted before give 0."""
        new = self.uncounted.intersection(names)
        self.uncounted -= new
        return sum(self.sizes[name] for name in new)

    def _enter(self, tensor: Tensor) -> None:
        axes = range(len(self.input_cells))
        first = tensor.ndim - len(self.input_cells)
        places: list[Place] = [((frozenset(), cells),) for cells in tensor.shape]
        if first > 0 and _axes(tensor):
            for axis in axes:
                places[first + axis] = ((frozenset({axis}), tensor.shape[first + axis]),)
            self.set(tensor, Value(tuple(Field() for _ in axes), tuple(places), None, self.number()))
        else:
            self.set(tensor, Value((None,) * len(axes), anywhere(axes, tensor.shape), None, self.number()))


def _overwritten(tensor: Tensor, value: Value | None, writer: Value) -> Value:
    if value is None:
        whole = prod(tensor.shape) == prod(cells for place in writer.places for _, cells in place)
        axes = range(len(writer.reading))
        places = reshaped(writer.places, tensor.shape) if whole else anywhere(axes, tensor.shape)
        return replace(writer, places=places)
    if writer.number <= value.number:
        return value
    return replace(value, reading=joined([value.reading, writer.reading]), row=writer.row, number=writer.number)


def item_shape(tensor: Tensor) -> tuple[int, ...]:
    """The shape for one item: without a first dimension of 1.

    A first dimension of more belongs to the item (windows or tokens that a model has folded into it).
    """
    return tuple(tensor.shape[1:] if tensor.ndim and tensor.shape[0] == 1 else tensor.shape)


def _axes(tensor: Tensor) -> tuple[int, ...]:
    """Sizes of the axes along which positions run: all after batch and channels; of a plain vector its features."""
    return tuple(tensor.shape[2:] if tensor.ndim > 2 else tensor.shape[1:])


def _name(path: str, parameters: frozenset[str], kind: str) -> str:
    """The module's path; the parameter's name where the module itself holds it and is no layer of its own."""
    own = {name for name in parameters if name.rpartition(".")[0] == path}
    if kind in ("add", "multiply", "concat", "parameter") and len(own) == 1:
        return own.pop()
    return path or kind
