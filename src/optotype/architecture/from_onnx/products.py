"""Matrix products of ONNX: which dimensions they sum over, and what their cells read of the input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from string import ascii_letters

from optotype.architecture.from_onnx.graph import Node, Value
from optotype.architecture.from_onnx.step import Step, fitted
from optotype.architecture.reading import NO_AXES, Place, dimension, joined, mixed, resized
from optotype.architecture.reading import Value as Traced


def labels(node: Node, values: Mapping[str, Value]) -> tuple[list[str], str]:
    """A letter for each dimension of the factors, and of the product, as in Einstein's notation.

    MatMul of (…, i, k) and (…, k, j), Gemm with its transpositions, Einsum as it is written.
    """
    ranks = [len(values[name].shape or ()) for name in node.inputs[:2]]
    if node.op == "Gemm":
        a = "ki" if node.attributes.get("transA", 0) else "ik"
        b = "jk" if node.attributes.get("transB", 0) else "kj"
        return [a, b], "ij"
    if node.op == "Einsum":
        return _einsum(node, values)
    batch = ascii_letters[26 : 26 + max(*ranks, 2) - 2]
    left = batch[len(batch) - max(ranks[0] - 2, 0) :] + "ik" if ranks[0] > 1 else "k"
    right = batch[len(batch) - max(ranks[1] - 2, 0) :] + "kj" if ranks[1] > 1 else "k"
    return [left, right], batch + "i" * (ranks[0] > 1) + "j" * (ranks[1] > 1)


def _einsum(node: Node, values: Mapping[str, Value]) -> tuple[list[str], str]:
    left, arrow, out = node.attributes["equation"].decode().replace(" ", "").partition("->")
    pairs = list(zip(left.split(","), (len(values[name].shape or ()) for name in node.inputs), strict=True))
    hidden = [max(rank - len(text) + 3, 0) if "..." in text else 0 for text, rank in pairs]
    free = "".join(c for c in reversed(ascii_letters) if c not in left)[: max(hidden)]
    factors = [text.replace("...", free[len(free) - n :]) for (text, _), n in zip(pairs, hidden, strict=True)]
    if not arrow:
        every = "".join(factors)
        out = "..." + "".join(sorted(c for c in set(every) - set(free) if every.count(c) == 1))
    return factors, out.replace("...", free)


def product(step: Step) -> Traced | None:
    """Each cell reads all positions along the dimensions that are summed over.

    A product of two arrays that have the same positions along dimensions of their own (queries times keys) reads, all
    cells together, all of them.
    """
    letters, out = labels(step.node, step.values)
    pairs = [(x, own) for name, own in zip(step.node.inputs, letters, strict=False) if (x := step.traced.get(name))]
    if any(len(x.places) != len(own) for x, own in pairs) or len(out) != len(step.shape) or not pairs:
        return None
    at: dict[str, Place] = {}
    axes: dict[str, frozenset[int]] = {}
    for x, own in pairs:
        for d, letter in enumerate(own):
            at[letter] = x.places[d] if letter not in at or x.axes([d]) else at[letter]
            axes[letter] = axes.get(letter, NO_AXES) | x.axes([d])
    shared = {c for c in out if all(c in own for own in letters)}
    alone = [_union(axes[c] for c in own if c in out and c not in shared) for _, own in pairs]
    reading = joined([x.reading for x, _ in pairs])
    if len(pairs) == 2:
        reading = mixed(reading, alone[0] & alone[1], _union(axes[c] for c in shared))
    summed = _union(axes[c] for c in axes if c not in out)
    reading = mixed(reading, summed, _union(axes[c] for c in axes if c in out))
    places = [resized(at[c], n) if c in at else dimension(NO_AXES, n) for c, n in zip(out, step.shape, strict=True)]
    return Traced(reading, tuple(places), None, 0)


def attention(step: Step) -> Traced | None:
    """Each query reads all positions of the keys."""
    query, key = step[0], step[1]
    if query is None or key is None or step.place or len(query.places) != len(step.shape):
        return None
    reading = mixed(joined([x.reading for x in step.followed]), key.axes([-2]), key.without([-2]))
    return replace(fitted(query, step.shape), reading=reading)


def recurrent(step: Step) -> Traced | None:
    """Each step reads all steps, as it does in both directions together."""
    x = step[0]
    if x is None or step.place or len(step.shape) != 4:
        return None
    channels = (dimension(NO_AXES, step.shape[1]), dimension(NO_AXES, step.shape[3]))
    places = (x.places[0], channels[0], x.places[1], channels[1])
    return replace(x, reading=x.mixed([0]), places=places)


def _union(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return NO_AXES.union(*sets)


def sizes_of(letters: Sequence[str], shapes: Sequence[Sequence[int | None] | None]) -> dict[str, int | None]:
    """How many cells run along each letter; of a dimension that is repeated the larger number."""
    sizes: dict[str, int | None] = {}
    for own, shape in zip(letters, shapes, strict=False):
        for letter, n in zip(own, shape or (None,) * len(own), strict=False):
            sizes[letter] = n if sizes.get(letter, 1) == 1 else sizes[letter]
    return sizes
