"""How much memory the arrays of an ONNX graph take at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from onnx import helper

from optotype.architecture.from_onnx.graph import Node, Value

_SHARING = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"})
"""Give the same numbers in another shape, and so take no memory of their own."""


def peak_bytes(
    nodes: Sequence[Node], values: Mapping[str, Value], inputs: Collection[str], outputs: Iterable[str]
) -> int | None:
    """The most bytes of arrays that live at once when the nodes run in the order of the file.

    An array lives from the node that gives it to the last that reads it; the graph's inputs, which their caller keeps,
    and its outputs to the end. Constants are not counted. None where a size is not known.
    """
    owner: dict[str, str] = {name: name for name in inputs}
    last = {}
    for step, node in enumerate(nodes):
        shared = node.op in _SHARING and node.inputs and node.inputs[0] in owner
        for place, name in enumerate(node.outputs):
            owner[name] = owner[node.inputs[0]] if shared and place == 0 else name
        for name in (*node.inputs, *node.outside):
            if name in owner:
                last[owner[name]] = step
    last |= {owner[name]: len(nodes) for name in (*inputs, *outputs) if name in owner}
    dying: dict[int, list[str]] = {}
    for name, step in last.items():
        dying.setdefault(step, []).append(name)
    living = {name: _bytes(values[name]) for name in inputs if name in last}
    now = 0 if None in living.values() else sum(n or 0 for n in living.values())
    peak = now
    for step, node in enumerate(nodes):
        for name in node.outputs:
            # what nobody reads (the positions of a max pooling, say) is not asked for
            if name in last and owner[name] == name and not values[name].constant:
                living[name] = _bytes(values[name])
                now += living[name] or 0
        if None in living.values():
            return None
        peak = max(peak, now)
        for name in dying.get(step, ()):
            now -= living.pop(name, 0) or 0
    return peak


def _bytes(value: Value) -> int | None:
    try:
        width = helper.tensor_dtype_to_np_dtype(value.dtype).itemsize
    except KeyError:
        return None
    return None if value.size is None else value.size * width
