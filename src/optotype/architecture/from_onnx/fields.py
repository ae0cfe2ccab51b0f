"""What the cells of every array in an ONNX graph read of its main input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optotype.architecture.from_onnx.graph import Known, Node, Value, known
from optotype.architecture.from_onnx.rules import RULES
from optotype.architecture.from_onnx.step import Step
from optotype.architecture.reading import NO_AXES, anywhere, dimension, joined, unknown
from optotype.architecture.reading import Value as Traced
from optotype.theory.shapes import Field


def start(shape: Known, spatial: Sequence[int]) -> Traced:
    """The input itself, whose positions run along the axes ``spatial``."""
    places = [dimension(NO_AXES, n) for n in shape]
    for axis, dim in enumerate(spatial):
        places[dim] = dimension(frozenset((axis,)), shape[dim])
    return Traced(tuple(Field() for _ in spatial), tuple(places), None, 0)


def follow(node: Node, values: Mapping[str, Value], traced: Mapping[str, Traced]) -> dict[str, Traced]:
    """What the outputs of ``node`` read, for those that depend on the main input."""
    given = [traced[name] for name in (*node.inputs, *node.outside) if name in traced]
    return {
        name: _one(node, place, values, traced, given)
        for place, name in enumerate(node.outputs)
        if given and name and not values[name].constant
    }


def _one(
    node: Node, place: int, values: Mapping[str, Value], traced: Mapping[str, Traced], given: Sequence[Traced]
) -> Traced:
    shape = known(values[node.outputs[place]].shape)
    rule = RULES.get(node.op)
    sizes = [known(values[name].shape) for name in node.inputs if name in traced]
    found = None
    if shape is not None and rule is not None and None not in sizes and len(sizes) == len(given):
        found = rule(Step(node, values, traced, shape, place))
    if found is not None:
        return found
    reading = unknown(joined([one.reading for one in given]))
    return Traced(reading, anywhere(range(len(reading)), shape or ()), None, 0)
