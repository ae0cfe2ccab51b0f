"""One output of one node, and what the rules for receptive fields need to know of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from optotype.architecture.from_onnx.graph import Known, Node, Shape, Value
from optotype.architecture.reading import Value as Traced
from optotype.architecture.reading import resized
from optotype.theory.shapes import Field


@dataclass(frozen=True)
class Step:
    """The output number ``place`` of ``node``, which has ``shape``; ``traced`` are the arrays that depend on the main
    input.
    """

    node: Node
    values: Mapping[str, Value]
    traced: Mapping[str, Traced]
    shape: Known
    place: int = 0

    def __getitem__(self, place: int) -> Traced | None:
        """What is followed of an input."""
        return self.traced.get(self.node.input(place))

    @property
    def followed(self) -> list[Traced]:
        """What is followed of all inputs."""
        return [self.traced[name] for name in self.node.inputs if name in self.traced]

    def sizes(self, place: int) -> Shape:
        """The shape of an input; empty where it is left out."""
        return self.values[self.node.inputs[place]].shape or () if self.node.input(place) else ()

    def attribute(self, name: str, default: int) -> int:
        """A whole number that the node carries."""
        return int(self.node.attributes.get(name, default))

    def numbers(self, name: str, place: int) -> list[int] | None:
        """Whole numbers that older operators have as an attribute and newer ones as an input; None if not known."""
        return numbers(self.node, self.values, name, place)


Rule = Callable[[Step], Traced | None]
"""What an output reads; None where that is not known."""


def numbers(node: Node, values: Mapping[str, Value], name: str, place: int) -> list[int] | None:
    """As ``Step.numbers``."""
    if name in node.attributes:
        return [int(n) for n in node.attributes[name]]
    content = values[node.inputs[place]].content if node.input(place) else None
    return None if content is None else [int(n) for n in content.reshape(-1)]


def fitted(x: Traced, shape: Known) -> Traced:
    """The same cells along dimensions of other sizes."""
    return replace(x, places=tuple(resized(p, n) for p, n in zip(x.places, shape, strict=True)))


def moved(x: Traced, shape: Known, dims: Iterable[int], rules: Sequence[Callable[[Field], Field]]) -> Traced:
    """Behind a window that moves along ``dims``, in an array of ``shape``."""
    return replace(fitted(x, shape), reading=x.moved(list(dims), rules))
