"""Operations of torch that have no row of their own: views, copies, slices, padding, reductions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from optotype.architecture.from_torch.ledger import Call, Ledger
from optotype.architecture.reading import (
    NO_AXES,
    Reading,
    Rule,
    Value,
    anywhere,
    broadcast,
    channels,
    dimension,
    fitted,
    joined,
    mixed,
    reshaped,
    resized,
    shifted,
    unknown,
)


def view(ledger: Ledger, call: Call) -> None:
    """The same cells in another shape."""
    value = ledger.known(call)
    ledger.keep(call, value, reshaped(value.places, call.output.shape))


def strided(ledger: Ledger, call: Call) -> None:
    """Any view of memory; where only dimensions of one cell come or go it is a reshaping."""
    before, after = ([n for n in t.shape if n > 1] for t in (call.source, call.output))
    if before == after:
        view(ledger, call)
    else:
        ledger.give_unknown(call)


def permute(ledger: Ledger, call: Call) -> None:
    """Dimensions in another order."""
    value = ledger.known(call)
    ledger.keep(call, value, [value.places[d] for d in call["dims"]])


def transpose(ledger: Ledger, call: Call) -> None:
    """Two dimensions exchanged."""
    value = ledger.known(call)
    places = list(value.places)
    if len(places) > 1:
        a, b = call.get("dim0", 0), call.get("dim1", 1)
        places[a], places[b] = places[b], places[a]
    ledger.keep(call, value, places)


def unsqueeze(ledger: Ledger, call: Call) -> None:
    """A new dimension of one cell."""
    value = ledger.known(call)
    places = list(value.places)
    places.insert(call["dim"] % call.output.ndim, dimension(NO_AXES, 1))
    ledger.keep(call, value, places)


def squeeze(ledger: Ledger, call: Call) -> None:
    """Without dimensions of one cell."""
    value, shape = ledger.known(call), call.source.shape
    dims = _dims(call, len(shape))
    ledger.keep(call, value, [p for d, p in enumerate(value.places) if d not in dims or shape[d] != 1])


def expand(ledger: Ledger, call: Call) -> None:
    """Cells repeated along dimensions."""
    value = ledger.known(call)
    ledger.keep(call, value, broadcast([value], call.output.shape))


def select(ledger: Ledger, call: Call) -> None:
    """One cell along a dimension."""
    value, dim = ledger.known(call), call["dim"] % call.source.ndim
    places = [p for d, p in enumerate(value.places) if d != dim]
    ledger.keep(call, value, places, number=ledger.number())


def slice_(ledger: Ledger, call: Call) -> None:
    """Every step-th cell of a range along a dimension."""
    value, tensor = ledger.known(call), call.source
    dim = call["dim"] % tensor.ndim
    start = min(
        max((call["start"] or 0) + (tensor.shape[dim] if (call["start"] or 0) < 0 else 0), 0), tensor.shape[dim]
    )
    _cut(ledger, call, value, dim, [(start, call["step"])])


def split(ledger: Ledger, call: Call) -> None:
    """Pieces along a dimension."""
    value, dim = ledger.known(call), call["dim"] % call.source.ndim
    sizes = [t.shape[dim] for t in call.outputs]
    _cut(ledger, call, value, dim, [(start, 1) for start in accumulate([0, *sizes[:-1]])])


def unbind(ledger: Ledger, call: Call) -> None:
    """One tensor for each cell along a dimension."""
    value, dim = ledger.known(call), call["dim"] % call.source.ndim
    places = tuple(p for d, p in enumerate(value.places) if d != dim)
    for tensor in call.outputs:
        ledger.set(tensor, replace(value, places=places, number=ledger.number()))


def pad(ledger: Ledger, call: Call) -> None:
    """Cells added around."""
    value, tensor = ledger.known(call), call.source
    sides = call.get("pad", call.get("padding"))
    dims = [tensor.ndim - 1 - i for i in range(len(sides) // 2)]
    reading = value.moved(dims, [_shift(-begin) for begin in sides[::2]])
    ledger.keep(call, value, fitted(value.places, call.output.shape), reading=reading, number=ledger.number())


def reorder(ledger: Ledger, call: Call) -> None:
    """Positions exchanged (a cyclic shift, a mirroring): the rules then give no field."""
    value = ledger.known(call)
    axes = value.axes(call["dims"] or range(len(value.places)))
    ledger.keep(call, value, reading=mixed(value.reading, axes, axes), number=ledger.number())


def index(ledger: Ledger, call: Call) -> None:
    """Cells picked by a list of indices; along positions the rules give no field."""
    value = ledger.known(call)
    if "indices" in call.arguments:
        indices: Sequence[object] = call["indices"]
    else:
        indices = [call["index"] if d == call["dim"] % len(value.places) else None for d in range(len(value.places))]
    dims = [d for d, chosen in enumerate(indices) if chosen is not None]
    axes = value.axes(dims)
    reading = joined([mixed(value.reading, axes, axes), *(unknown(v.reading) for v in ledger.values(indices))])
    alike = len(dims) == 1 and call.output.ndim == len(value.places)
    places = fitted(value.places, call.output.shape) if alike else anywhere(range(len(reading)), call.output.shape)
    ledger.keep(call, value, places, reading=reading, number=ledger.number())


def repeat(ledger: Ledger, call: Call) -> None:
    """Tiles; along positions the rules give no field."""
    value = ledger.known(call)
    new = call.output.ndim - len(value.places)
    tiled = [d - new for d, times in enumerate(call["repeats"]) if times > 1 and d >= new]
    axes = value.axes(tiled)
    places = [dimension(NO_AXES, n) for n in call.output.shape[:new]]
    places += [resized(p, n) for p, n in zip(value.places, call.output.shape[new:], strict=True)]
    ledger.keep(call, value, places, reading=mixed(value.reading, axes, axes))


def reduce(ledger: Ledger, call: Call) -> None:
    """A sum, mean, largest value … over dimensions; over positions a mean or largest value is a pooling."""
    value, shape = ledger.known(call), call.source.shape
    dims = _dims(call, len(shape))
    reading = value.mixed(dims)
    places = [dimension(NO_AXES, 1) if d in dims else p for d, p in enumerate(value.places)]
    if not call.get("keepdim", False):
        places = [p for d, p in enumerate(value.places) if d not in dims]
    row = value.row
    kind = _POOLINGS.get(call.name)
    if kind is not None and any(value.axes_of_window(d) for d in dims):
        wide = channels(value.places, call.source.shape)
        row = ledger.add(kind, call, reading, channels_in=wide, channels_out=wide)
    for tensor in call.outputs:
        ledger.set(tensor, Value(reading, tuple(places), row, ledger.number()))


def copy(ledger: Ledger, call: Call) -> None:
    """A copy, or the same tensor by another name."""
    value = ledger.value(call.get("src", call.source))
    if value is None:
        ledger.give_unknown(call)
    else:
        ledger.keep(call, value, broadcast([value], call.output.shape))


def overwrite(ledger: Ledger, call: Call) -> None:
    """Cells of another tensor written into this one."""
    value = ledger.value(call["src"])
    if value is None:
        ledger.give_unknown(call)
    else:
        ledger.keep(call, value, broadcast([value], call.output.shape), number=ledger.number())


def constant(ledger: Ledger, call: Call) -> None:
    """A new tensor of which only the shape comes from the argument."""


def _cut(ledger: Ledger, call: Call, value: Value, dim: int, cuts: Sequence[tuple[int, int]]) -> None:
    for tensor, (start, step) in zip(call.outputs, cuts, strict=True):
        reading: Reading = value.moved([dim], [_shift(start, step)])
        places = list(value.places)
        places[dim] = resized(places[dim], tensor.shape[dim])
        whole = tensor.shape[dim] == call.source.shape[dim]
        number = value.number if whole else ledger.number()
        ledger.set(tensor, replace(value, reading=reading, places=tuple(places), number=number))


def _shift(cells: int, step: int = 1) -> Rule:
    return lambda field: shifted(field, cells, step)


def _dims(call: Call, ndim: int) -> frozenset[int]:
    """The dimensions that a call names; all where it names none."""
    dim = call.get("dim")
    given = () if dim is None else (dim,) if isinstance(dim, int) else dim
    return frozenset(d % ndim for d in given) if given else frozenset(range(ndim))


_POOLINGS = {"mean": "average pool", "amax": "max pool", "max": "max pool"}
