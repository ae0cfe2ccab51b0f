"""What a reader of an ONNX file's layer table must know about its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onnx import TensorProto, defs

from optotype.architecture.from_onnx.graph import Graph, Node, Value
from optotype.architecture.from_onnx.inputs import Main
from optotype.architecture.from_onnx.rules import RULES
from optotype.theory.layers import Layer


def notes(graph: Graph, values: Mapping[str, Value], main: Main, rows: Sequence[Layer]) -> list[str]:
    """Sentences, those that matter most first."""
    found = [
        _unknown_shapes(graph, values),
        _inside(graph),
        _foreign(graph),
        _batch(main),
        _others(main),
        _merged_norms(rows),
        _external(graph),
    ]
    return [note for note in found if note]


def _unknown_shapes(graph: Graph, values: Mapping[str, Value]) -> str:
    for node in graph.nodes:
        if any(name and (values[name].size is None) for name in node.outputs):
            return (
                f"What {node.label} gives has a size that is not known without running it: costs behind it are missing."
            )
    return ""


def _inside(graph: Graph) -> str:
    nodes = [node.label for node in graph.nodes if node.outside]
    return f"What is computed inside {_some(nodes)} is not counted." if nodes else ""


def _foreign(graph: Graph) -> str:
    foreign = sorted({node.op for node in graph.nodes if node.op not in RULES and not _is_known(graph, node)})
    return f"Passed over with their weights, as they are not part of ONNX: {_some(foreign)}." if foreign else ""


def _is_known(graph: Graph, node: Node) -> bool:
    domain = "" if node.proto.domain == "ai.onnx" else node.proto.domain
    return bool(defs.has(node.op, graph.opsets.get(domain, 1), domain))


def _batch(main: Main) -> str:
    if main.batch == 1:
        return ""
    return f"The file fixes a batch of {main.batch}; MACs and memory are those of one item, 1/{main.batch} of a run's."


def _others(main: Main) -> str:
    if not main.others:
        return ""
    return f"Receptive fields are those in the input '{main.name}'; further inputs: {_some(main.others)}."


def _merged_norms(rows: Sequence[Layer]) -> str:
    if any("norm" in row.kind for row in rows) or all(row.kind != "conv" for row in rows):
        return ""
    return (
        "The file holds no normalisation. Where the model has batch norm, its exporter has merged it into the "
        "convolutions: one learned number a channel instead of two, or of three with the bias."
    )


def _external(graph: Graph) -> str:
    outside = any(tensor.data_location == TensorProto.EXTERNAL for tensor in graph.stored.values())
    return (
        "Weights that lie in other files were not read; they are counted by the sizes that this file states."
        if outside
        else ""
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (f" … ({len(listed)} in all)" if len(listed) > 5 else "")
