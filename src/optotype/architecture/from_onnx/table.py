"""The rows of an ONNX graph, one node after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

import msgspec

from optotype.architecture.from_onnx.activations import activation
from optotype.architecture.from_onnx.fields import follow
from optotype.architecture.from_onnx.graph import Graph, Node, Shape, Value
from optotype.architecture.from_onnx.learned import Learned, before_layers, layer_norms
from optotype.architecture.from_onnx.names import named_after, row_name
from optotype.architecture.from_onnx.ops import SCALE_AND_SHIFT, Row, channels, row_of
from optotype.architecture.from_onnx.rules import reduced_dims
from optotype.architecture.gating import gated
from optotype.architecture.reading import Value as Traced
from optotype.architecture.reading import field_size
from optotype.theory.layers import Layer

_MEETING = {"Add": "add", "Sum": "add", "Mul": "multiply", "Concat": "concat"}
_SCALINGS = frozenset({"Add", "Mul", "Sub", "Div", "Pow", "Neg", "Sum"})
_SAME = frozenset(
    {"Cast", "DequantizeLinear", "Dropout", "DynamicQuantizeLinear", "Expand", "Flatten", "Identity", "QuantizeLinear",
     "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)  # fmt: skip
"""Give the same cells in another guise."""


class Table:
    """The rows so far and what is known of the arrays that depend on the main input."""

    def __init__(self, graph: Graph, values: Mapping[str, Value], main: str, start: Traced, *, batch: int) -> None:
        self.rows: list[Layer] = []
        self._graph, self._values, self._batch = graph, values, batch
        self._learned = Learned(graph)
        self._norms, self._means = layer_norms(graph.nodes)
        self._before_layers = before_layers(graph.nodes)
        self._numbers = count(1)
        self._traced: dict[str, Traced] = {main: start}
        self._cells = tuple(places[0][1] for places in start.places if places[0][0])
        self._awaited: dict[int, tuple[str, ...]] = {}
        self._applied: dict[int, tuple[int, str]] = {}

    def enter(self, place: int, node: Node) -> None:
        """Write down one node, the ``place``-th of the graph."""
        outputs = [name for name in node.outputs if name]
        if not outputs or all(self._values[name].constant for name in outputs):
            return
        found = follow(node, self._values, self._traced)
        self._traced |= found
        row = self._planned(place, node)
        if row is not None:
            self._give(found, self._add(node, row, found.get(outputs[0])))
        elif activation(node, self._values):
            self._activate(node, found)
        elif node.op in _MEETING:
            self._meet(place, node, found)
        else:
            self._pass(node, found)

    def _planned(self, place: int, node: Node) -> Row | None:
        """The row of a node that has one whatever it meets."""
        n = (self._values[node.outputs[0]].shape or (None,))[-1]
        if place in self._norms:
            return Row("layer norm", (), {"channels_in": n, "channels_out": n}, awaits=SCALE_AND_SHIFT)
        if node.op in ("ReduceMean", "ReduceMax") and place not in self._means:
            x, dims = self._traced.get(node.inputs[0]), reduced_dims(node, self._values)
            if x is not None and x.places and any(x.axes_of_window(d) for d in dims or ()):
                n = self._channels(node.inputs[0])
                kind = "average pool" if node.op == "ReduceMean" else "max pool"
                return Row(kind, (), {"channels_in": n, "channels_out": n})
        return row_of(node, self._values)

    def _add(self, node: Node, row: Row, traced: Traced | None) -> int:
        """Write a row; gives its index."""
        roots = [root for name in row.weights for root in self._learned.weight(self._values[name])]
        macs = row.macs
        layer = Layer(
            name=row_name(node, roots[0] if roots else ""),
            kind=row.kind,
            output=self._item(self._values[node.outputs[0]].shape),
            parameters=self._learned.take(roots),
            macs=None if macs is None else macs // self._batch,
            field=None if traced is None else field_size(traced.reading, self._cells),
        )
        self.rows.append(msgspec.structs.replace(layer, name=layer.name + self._role(node, row), **row.columns))
        index = len(self.rows) - 1
        self._awaited[index] = row.awaits
        return index

    def _role(self, node: Node, row: Row) -> str:
        """Which of the two products of attention a product of activations is."""
        a, b = self._traced.get(node.inputs[0]), self._traced.get(node.inputs[-1])
        if row.kind != "matmul" or len(node.inputs) != 2 or a is None or b is None or not (a.places and b.places):
            return ""
        if a.row is not None and self.rows[a.row].activation.endswith("softmax"):
            return " (attention·v)"
        return " (q·kᵀ)" if a.axes([-2]) & b.axes([-1]) else ""

    def _give(self, found: Mapping[str, Traced], row: int | None) -> None:
        """Note the outputs of a node as new values of a row."""
        for name, traced in found.items():
            self._traced[name] = replace(traced, row=row, number=next(self._numbers))

    def _activate(self, node: Node, found: Mapping[str, Traced]) -> None:
        """What is applied cell by cell (or over one dimension) to a row's output goes into that row."""
        x = self._traced.get(node.inputs[0])
        if x is None:
            return
        roots = self._learned.weight(self._values[node.inputs[1]]) if node.op == "PRelu" else []
        row, word = x.row, activation(node, self._values)
        if row is None and roots:
            row = self._add(node, Row("parameter"), x)
        if row is not None:
            before = self.rows[row]
            # the same one twice, for two readers of the row's output, is one
            new = x.number in self._applied or not before.activation.endswith(word)
            words = f"{before.activation}, {word}" if before.activation and new else before.activation or word
            self._change(row, activation=words, parameters=before.parameters + self._learned.take(roots))
        self._give(found, row)
        for name in found:
            self._applied[self._traced[name].number] = (x.number, word)

    def _meet(self, place: int, node: Node, found: Mapping[str, Traced]) -> None:
        """Sums, products, concatenations: a row where two rows' outputs meet, or where learned numbers take part."""
        parts = self._parts(node)
        kind = _MEETING[node.op]
        if not found or not parts:
            self._give(found, None)
            return
        if len(parts) == 2 and kind == "multiply" and self._gates(*parts):
            self._give(found, parts[0].row)
            return
        # what is added to the pixels, or to the numbers behind the last layer, is not learned
        roots = self._roots(node) if place in self._before_layers and parts[0].row is not None else []
        first = next(iter(found.values()))
        if len(parts) == 1 and self._absorbs(node, parts[0]):
            self._pass(node, found)
        elif roots or any(part.row != parts[0].row for part in parts):
            n = self._channels(node.outputs[0])
            columns = {"channels_out": n} if kind == "concat" else {"channels_in": n, "channels_out": n}
            row = self._add(node, Row(kind, (), columns), first)
            layer = self.rows[row]
            self._change(row, name=named_after(roots, layer.name, kind), parameters=self._learned.take(roots))
            self._give(found, row)
        else:
            self._pass(node, found)

    def _parts(self, node: Node) -> list[Traced]:
        """What is followed of the inputs that are more than one number."""
        followed = [name for name in node.inputs if name in self._traced]
        return [self._traced[name] for name in followed if self._values[name].size != 1] or [
            self._traced[name] for name in followed
        ]

    def _roots(self, node: Node) -> list[str]:
        """The learned stored tensors among the constants that a node reads."""
        constants = [self._values[name] for name in node.inputs if name and self._values[name].constant]
        return self._learned.among(sorted(frozenset().union(*(v.roots for v in constants if v.size != 1))))

    def _gates(self, a: Traced, b: Traced) -> bool:
        """Write x·f(x) as the one activation that it is: x·sigmoid(x) is silu."""
        words = self._words(a.number, b.number) or self._words(b.number, a.number)
        if a.row is not None and words:
            before = self.rows[a.row].activation
            self._change(a.row, activation=before.removesuffix(words) + gated(words))
        return bool(words)

    def _words(self, argument: int, number: int) -> str:
        """The activations that made ``number`` of ``argument``; empty where something else did."""
        words: list[str] = []
        while number != argument and number in self._applied:
            number, word = self._applied[number]
            words.insert(0, word)
        return ", ".join(words) if number == argument else ""

    def _absorbs(self, node: Node, x: Traced) -> bool:
        """Add the bias of the row before (or a layer norm's scale), which the file has as an operation of its own."""
        constants = [self._values[name] for name in node.inputs if name and self._values[name].constant]
        if x.row is None or len(constants) != 1:
            return False
        row, awaited = self.rows[x.row], self._awaited[x.row]
        size, grouped = constants[0].size, row.kind == "instance norm"
        fitting = (row.channels_out, self._channels(node.outputs[0]) if grouped else None)
        if node.op not in awaited or size not in fitting or row.activation:
            return False
        self._awaited[x.row] = awaited[awaited.index(node.op) + 1 :]
        self._change(x.row, parameters=row.parameters + self._learned.take(self._learned.weight(constants[0])))
        if grouped and size != row.channels_out:  # exporters write a group norm as one of groups
            shape = self._item(self._values[node.outputs[0]].shape)
            self._change(x.row, kind="group norm", channels_in=size, channels_out=size, output=shape)
        return True

    def _pass(self, node: Node, found: Mapping[str, Traced]) -> None:
        """No row: the outputs belong to the row of the inputs."""
        given = self._parts(node)
        rows = {x.row for x in given}
        row = rows.pop() if len(rows) == 1 else None
        same = len({x.number for x in given}) == 1 and (node.op in _SAME or node.op in _SCALINGS)
        for name, traced in found.items():
            number = given[0].number if same else next(self._numbers)
            self._traced[name] = replace(traced, row=row, number=number)

    def _change(self, row: int, **columns: object) -> None:
        self.rows[row] = msgspec.structs.replace(self.rows[row], **columns)

    def _channels(self, name: str) -> int | None:
        """Cells along the first dimension after the batch that holds no positions of the input."""
        shape, x = self._values[name].shape, self._traced.get(name)
        if shape is None or x is None or len(x.places) != len(shape):
            return channels(shape)
        return next((n for d, n in enumerate(shape) if d and not x.axes_of_window(d)), None)

    def _item(self, shape: Shape | None) -> Shape:
        """The shape for one item."""
        if shape is None:
            return ()
        return shape[1:] if shape and shape[0] == self._batch else shape
