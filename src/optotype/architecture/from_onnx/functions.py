"""Functions that an ONNX file defines, put in where they are called."""

from __future__ import annotations

from onnx import GraphProto, ModelProto, NodeProto

from optotype.errors import InputError

_MOST_NODES = 1_000_000


def inlined(model: ModelProto) -> ModelProto:
    """The model without functions.

    Raises InputError where they call themselves, or would become more than a million nodes: functions that call each
    other several times can make an enormous graph of a tiny file.
    """
    from onnx.inliner import inline_local_functions

    bodies = {(f.domain, f.name): list(f.node) for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}
    total = sum(_size(node, bodies, sizes, depth=0) for node in model.graph.node)
    if total > _MOST_NODES:
        got = "more" if total < 1 << 60 else "functions that call themselves"
        raise InputError("the file's functions", f"at most {_MOST_NODES} nodes in all", got, "Export it without them.")
    try:
        return inline_local_functions(model)
    except Exception as error:  # noqa: BLE001 — damaged functions raise nearly anything
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError("the file's functions", "functions that can be put in", reason, "Export it again.") from None


def _size(
    node: NodeProto, bodies: dict[tuple[str, str], list[NodeProto]], sizes: dict[tuple[str, str], int], *, depth: int
) -> int:
    """How many nodes a node becomes; enormous for functions that call themselves."""
    key = (node.domain, node.op_type)
    inner: list[GraphProto] = [g for a in node.attribute for g in (*a.graphs, a.g)]
    within = sum(_size(n, bodies, sizes, depth=depth + 1) for graph in inner for n in graph.node)
    if key not in bodies:
        return 1 + within
    if key not in sizes:
        sizes[key] = 1 << 60  # what calls itself finds this
        if depth < 200:
            sizes[key] = sum(_size(n, bodies, sizes, depth=depth + 1) for n in bodies[key])
    return sizes[key] + within
