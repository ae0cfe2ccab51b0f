"""Where tensors of torch meet, are normalised, or pass through a function cell by cell."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from optotype.architecture.from_torch.activations import ACTIVATIONS
from optotype.architecture.from_torch.ledger import Call, Ledger
from optotype.architecture.gating import gated
from optotype.architecture.reading import NO_AXES, Value, broadcast, channels, dimension, fitted, joined


def norm(kind: str) -> Callable[[Ledger, Call], None]:
    """Normalisations: each cell is taken to read its own position, though the statistics of some read them all."""

    def handle(ledger: Ledger, call: Call) -> None:
        value = ledger.value(call.source)
        if value is None:
            ledger.give_unknown(call)
            return
        # Statistics of the batch itself, which is one item, are those of instance normalisation.
        own = kind == "batch norm" and call.get("training", False)
        wide = (call.get("normalized_shape") or [channels(value.places, call.output.shape)])[-1]
        row = ledger.add("instance norm" if own else kind, call, value.reading, channels_in=wide, channels_out=wide)
        ledger.give(call, value.reading, value.places, row=row)

    return handle


def meeting(kind: str) -> Callable[[Ledger, Call], None]:
    """Sums and products of two tensors: a row where two rows' outputs meet, or where parameters take part."""

    def handle(ledger: Ledger, call: Call) -> None:
        values = ledger.values([call["self"], call["other"]])
        if len(values) == 2 and _gates(ledger, call, *values):
            return
        if len(values) == 1 and kind == "add" and _is_bias(ledger, call, values[0]):
            ledger.keep(call, values[0])
            return
        reading = joined([v.reading for v in values])
        places = broadcast(values, call.output.shape)
        row, number = values[0].row, values[0].number
        names = ledger.made_of(t for t in call.tensors() if ledger.value(t) is None)
        if names or any(v.row != row for v in values):
            wide = channels(places, call.output.shape)
            row = ledger.add(kind, call, reading, channels_in=wide, channels_out=wide)
            number = ledger.number()
        elif any(v.number != number for v in values):
            number = ledger.number()
        argument = values[0].argument if number == values[0].number else None
        ledger.set(call.output, Value(reading, places, row, number, argument))

    return handle


def concat(ledger: Ledger, call: Call) -> None:
    """Concatenation (and stacking): a row where several rows' outputs meet, or where parameters take part."""
    tensors, dim = call["tensors"], call["dim"] % call.output.ndim
    values = ledger.values(tensors)
    reading = joined([v.reading for v in values])
    places = list(values[0].places)
    if call.name == "stack":
        places.insert(dim, dimension(NO_AXES, len(tensors)))
    else:
        places[dim] = dimension(NO_AXES.union(*(v.axes([dim]) for v in values)), call.output.shape[dim])
    row = values[0].row
    names = ledger.made_of(t for t in tensors if ledger.value(t) is None)
    if names or any(v.row != row for v in values):
        row = ledger.add("concat", call, reading, channels_out=channels(places, call.output.shape))
    ledger.give(call, reading, places, row=row)


def activation(ledger: Ledger, call: Call) -> None:
    """What is applied cell by cell (or over one dimension) to a row's output goes into that row."""
    tensor, value = call.source, ledger.known(call)
    word = ACTIVATIONS[call.name](call)
    reading, places = value.reading, value.places
    if "dim" in call.arguments:
        reading = value.mixed([call["dim"]])
        places = fitted(places, call.output.shape)
    names = ledger.made_of(t for t in call.tensors() if t is not tensor)
    row = value.row
    if row is None and names:
        row = ledger.add("parameter", call, reading)
    if row is not None:
        before = ledger.rows[row]
        # The same one twice, for two readers of the row's output, is one.
        new = value.argument is not None or not before.activation.endswith(word)
        words = f"{before.activation}, {word}" if before.activation and new else before.activation or word
        ledger.change(row, activation=words, parameters=before.parameters + ledger.take(names))
    argument = value.number if value.argument is None else value.argument
    ledger.set(call.output, Value(reading, places, row, ledger.number(), argument))


def pointwise(ledger: Ledger, call: Call) -> None:
    """Any operation cell by cell: it reads what its arguments read."""
    values = ledger.values(call.tensors())
    same = values[0].row if all(v.row == values[0].row for v in values) else None
    if call.name in _SCALINGS and len(call.tensors()) == 1:
        ledger.keep(call, values[0])
        return
    reading, places = joined([v.reading for v in values]), broadcast(values, call.output.shape)
    if ledger.made_of(t for t in call.tensors() if ledger.value(t) is None):
        wide = channels(places, call.output.shape)
        kind = _WITH_PARAMETERS.get(call.name, "parameter")
        same = ledger.add(kind, call, reading, channels_in=wide, channels_out=wide)
    ledger.give(call, reading, places, row=same)


def _is_bias(ledger: Ledger, call: Call, value: Value) -> bool:
    """Add the bias of the linear layer before, where torch adds it as an operation of its own."""
    other = call["other"] if ledger.value(call["self"]) is not None else call["self"]
    if value.row is None or not isinstance(other, Tensor):
        return False
    row, names = ledger.rows[value.row], ledger.made_of([other])
    fits = row.kind in ("linear", "conv", "transposed conv") and other.numel() == row.channels_out
    if not names or not fits or row.activation or value.row != len(ledger.rows) - 1:
        return False
    ledger.change(value.row, parameters=row.parameters + ledger.take(names))
    return True


def _gates(ledger: Ledger, call: Call, a: Value, b: Value) -> bool:
    """Write x·f(x) as the one activation that it is: x·sigmoid(x) is silu."""
    if call.name != "mul" or (a.number != b.argument and b.number != a.argument):
        return False
    row = a.row
    if row is not None:
        ledger.change(row, activation=gated(ledger.rows[row].activation))
    ledger.give(call, joined([a.reading, b.reading]), broadcast([a, b], call.output.shape), row=row)
    return True


_SCALINGS = frozenset({"add", "mul", "sub", "rsub", "div", "pow", "neg", "square", "true_divide"})
_WITH_PARAMETERS = {"addcmul": "multiply", "addcdiv": "multiply", "div": "multiply", "lerp": "add"}
