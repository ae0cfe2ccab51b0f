"""What the cells of a tensor read of the input, and along which of its dimensions the input's positions run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod
from typing import Literal

from optotype.theory.layers import FieldSize
from optotype.theory.shapes import Field

AxisField = Field | Literal["all"] | None
Reading = tuple[AxisField, ...]
"""One entry per axis of the input: a field, ``all`` of the axis, or None where the rules give no single size."""

Rule = Callable[[Field], Field]
"""What a window or a shift does to a field."""

Factor = tuple[frozenset[int], int]
Place = tuple[Factor, ...]
"""One dimension of a tensor as a product, outermost first: (input axes whose positions run along it, cells)."""

NO_AXES: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Value:
    """What is known of a tensor that depends on the input.

    ``row`` is the row of the table whose output it is, through views and scalings; ``number`` is the same for a
    tensor and for what scalars make of it; ``argument`` is the number of what an activation was applied to.
    """

    reading: Reading
    places: tuple[Place, ...]
    row: int | None
    number: int
    argument: int | None = None

    def axes(self, dims: Iterable[int]) -> frozenset[int]:
        """The input axes whose positions run along ``dims``."""
        return NO_AXES.union(*(axes for d in dims for axes, cells in self.places[d] if cells > 1))

    def without(self, dims: Iterable[int]) -> frozenset[int]:
        """The input axes whose positions run along the other dimensions."""
        left_out = {d % len(self.places) for d in dims} if self.places else set()
        return self.axes(d for d in range(len(self.places)) if d not in left_out)

    def mixed(self, dims: Iterable[int]) -> Reading:
        """The reading of what has gone over all positions along ``dims`` (a sum, a linear layer, attention).

        An axis that lies in those dimensions alone is then read as a whole; of an axis that also runs along another
        (windows) it is not known how much.
        """
        dims = list(dims)
        return mixed(self.reading, self.axes(dims), self.without(dims))

    def moved(self, dims: Sequence[int], rules: Sequence[Rule]) -> Reading:
        """The reading behind a window that moves along ``dims``, each with its rule for the field."""
        reading = list(self.reading)
        for d, rule in zip(dims, rules, strict=True):
            moves = rule(Field()) != Field()
            for axis in self.axes_of_window(d):
                field = reading[axis]
                if isinstance(field, Field) and moves:
                    reading[axis] = rule(field) if self._whole(d, axis) else None
        return tuple(reading)

    def axes_of_window(self, dim: int) -> frozenset[int]:
        """As ``axes``, single cells included: a window around one cell has its rule too."""
        return NO_AXES.union(*(axes for axes, _ in self.places[dim]))

    def _whole(self, dim: int, axis: int) -> bool:
        """Whether all positions of ``axis``, and nothing else, run along ``dim``."""
        alone = len(self.places[dim]) == 1 and self.places[dim][0][0] == {axis}
        return alone and axis not in self.without([dim])


def mixed(reading: Reading, axes: frozenset[int], kept: frozenset[int]) -> Reading:
    """The reading after all positions of ``axes`` were gone over; None for those that ``kept`` has as well."""
    return tuple(
        field if a not in axes or field == "all" else None if a in kept else "all" for a, field in enumerate(reading)
    )


def joined(readings: Sequence[Reading]) -> Reading:
    """The reading of a sum or concatenation: ``all`` wins, then None; fields join."""
    result = readings[0]
    for other in readings[1:]:
        result = tuple(_join(a, b) for a, b in zip(result, other, strict=True))
    return result


def unknown(reading: Reading) -> Reading:
    """The reading after an operation of which no rule is known."""
    return tuple("all" if field == "all" else None for field in reading)


def shifted(field: Field, cells: int, step: int = 1) -> Field:
    """The field of a map that begins ``cells`` later and takes every ``step``-th cell."""
    return replace(field, start=field.start + cells * field.jump, jump=field.jump * step)


def field_size(reading: Reading, input_cells: Sequence[int]) -> FieldSize:
    """A reading as a table shows it: cells per axis, ``all``, or None where an axis is not known."""
    if any(field is None for field in reading):
        return None
    if all(field == "all" for field in reading):
        return "all"
    return tuple(
        ceil(field.size) if isinstance(field, Field) else cells
        for field, cells in zip(reading, input_cells, strict=True)
    )


def dimension(axes: frozenset[int], cells: int) -> Place:
    """A dimension along which the positions of ``axes`` run in an order that is not known (none: channels)."""
    return ((axes, cells),)


def anywhere(axes: Iterable[int], shape: Sequence[int]) -> tuple[Place, ...]:
    """The places of a tensor of which nothing is known: any axis may run along any dimension."""
    every = frozenset(axes)
    return tuple(dimension(every if cells > 1 else NO_AXES, cells) for cells in shape)


def resized(place: Place, cells: int) -> Place:
    """The dimension with another number of cells (behind a window, a slice, a repetition)."""
    return place if prod(c for _, c in place) == cells else dimension(NO_AXES.union(*(a for a, _ in place)), cells)


def fitted(places: Sequence[Place], shape: Sequence[int]) -> tuple[Place, ...]:
    """The places of a tensor of which some dimensions changed their number of cells."""
    return tuple(resized(place, cells) for place, cells in zip(places, shape, strict=True))


def channels(places: Sequence[Place], shape: Sequence[int]) -> int | None:
    """The number of channels: the cells along the first dimension after the batch that holds no positions."""
    dims = zip(places[1:], shape[1:], strict=True)
    return next((cells for place, cells in dims if not any(axes for axes, _ in place)), None)


def window_rule(kernel: int, stride: int, padding: int, dilation: int) -> Rule:
    """What a convolution or pooling does to the field."""
    return lambda field: field.after(kernel, stride=stride, padding=padding, dilation=dilation)


def reshaped(places: Sequence[Place], shape: Sequence[int]) -> tuple[Place, ...]:
    """The places of a view of the same cells in another shape: factors are merged and split in their order."""
    factors = [factor for place in places for factor in place]
    if 0 in shape:
        return anywhere(NO_AXES, shape)
    result: list[Place] = []
    for cells in shape:
        taken = _take(factors, cells)
        if taken is None:
            return anywhere(NO_AXES.union(*(axes for place in places for axes, _ in place)), shape)
        result.append(taken)
    return tuple(result)


def broadcast(values: Sequence[Value], shape: Sequence[int]) -> tuple[Place, ...]:
    """The places of what is computed from tensors that are broadcast against each other."""
    result: list[Place] = []
    for back, cells in enumerate(reversed(shape), start=1):
        found = {value.places[-back] for value in values if back <= len(value.places)}
        full = {place for place in found if prod(c for _, c in place) == cells}
        moving = {place for place in full if any(axes for axes, _ in place)} or full
        union = NO_AXES.union(*(axes for place in found for axes, _ in place))
        result.append(moving.pop() if len(moving) == 1 else dimension(union, cells))
    return tuple(reversed(result))


def _take(factors: list[Factor], cells: int) -> Place | None:
    """Remove factors of ``cells`` cells in all from the front; None where they do not come out even."""
    if cells == 1:
        return (factors.pop(0),) if factors and factors[0][1] == 1 else dimension(NO_AXES, 1)
    taken: list[Factor] = []
    while cells > 1:
        while factors and factors[0][1] == 1:
            factors.pop(0)
        if not factors:
            return None
        axes, size = factors.pop(0)
        if cells % size and size % cells:
            return None
        part = min(size, cells)
        taken.append((axes, part))
        if part < size:
            factors.insert(0, (axes, size // part))
        cells //= part
    return tuple(taken)


def _join(a: AxisField, b: AxisField) -> AxisField:
    if a == "all" or b == "all":
        return "all"
    if a is None or b is None:
        return None
    return a.joined(b)
