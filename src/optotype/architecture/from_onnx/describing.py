"""From the bytes of an ONNX file to its layer table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto

from optotype.architecture.from_onnx.fields import start
from optotype.architecture.from_onnx.graph import read
from optotype.architecture.from_onnx.inputs import main_input, resolve_inputs
from optotype.architecture.from_onnx.memory import peak_bytes
from optotype.architecture.from_onnx.notes import notes
from optotype.architecture.from_onnx.shapes import resolve
from optotype.architecture.from_onnx.table import Table
from optotype.errors import InputError
from optotype.theory.layers import Architecture

_MOST_BYTES = 2**31


def describe_onnx(path: Path, *, input_shape: tuple[int, ...] | None = None) -> Architecture:
    """The layer table of an ONNX file for one item; ``input_shape`` (without the batch) where the file leaves it free.

    Nothing is executed, and files with external weights need not exist. Rows, MACs and fields are those of
    ``from_torch.tracing.trace``. A symbolic batch counts as 1. Parameters are the weights of layers, and constants in
    floating point of more than one element that are added to or multiplied with activations, unless they hold
    different whole or half numbers (grids, strides, masks); running means and variances, scales of quantisation and
    shapes are none.
    Raises InputError where the file is no ONNX graph, contradicts itself or ``input_shape``, or leaves sizes of the
    input free that ``input_shape`` does not give.
    """
    try:
        return _describe(path, _load(path), input_shape)
    except InputError as error:
        if error.where.startswith(str(path)):
            raise
        raise InputError(f"{path}, {error.where}", error.expected, error.got, error.fix) from None


def _describe(path: Path, model: ModelProto, input_shape: tuple[int, ...] | None) -> Architecture:
    graph = read(model)
    main = main_input(graph, input_shape)
    inputs, sizes = resolve_inputs(graph, main)
    values = resolve(graph, inputs, sizes)
    table = Table(graph, values, main.name, start(main.shape, main.spatial), batch=main.batch)
    for place, node in enumerate(graph.nodes):
        try:
            table.enter(place, node)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(
                node.label, "attributes and inputs as ONNX defines them", str(error), "Export the model again."
            ) from error
    peak = peak_bytes(graph.nodes, values, inputs, graph.outputs)
    architecture = Architecture(
        path.stem,
        _source(path, model),
        main.item,
        table.rows,
        None if peak is None else peak // main.batch,
        notes(graph, values, main, table.rows),
    )
    most = max(architecture.parameters, architecture.macs or 0, architecture.peak_bytes or 0)
    if most >= 1 << 62:
        raise InputError("the graph", "sizes that a machine can hold", f"{most}", "The file is damaged: get it again.")
    return architecture


def _load(path: Path) -> ModelProto:
    """The file's records; weights that lie in other files stay there."""
    expected = "an ONNX file"
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no such file"
        raise InputError(str(path), expected, got, "Give the path of a .onnx file.")
    size = path.stat().st_size
    if size >= _MOST_BYTES:
        fix = "Export the model with its weights in a file of their own (external data)."
        raise InputError(str(path), f"{expected} of less than 2 GiB, as the format allows", f"{size} bytes", fix)
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:  # noqa: BLE001 — damaged bytes raise nearly anything
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(str(path), expected, reason, "The file is cut off or no ONNX file: get it again.") from None
    if not _is_text(model):
        fix = "The file is damaged: get it again."
        raise InputError(str(path), f"{expected} with names in UTF-8", "other bytes in a name", fix)
    if not model.graph.node:
        raise InputError(str(path), f"{expected} with a graph of at least one node", "no nodes", "Export it again.")
    return model


def _is_text(message: Any) -> bool:
    """Whether all text in a record is text: protobuf gives bytes for what is not UTF-8."""
    for field, value in message.ListFields():
        if field.type not in (field.TYPE_STRING, field.TYPE_MESSAGE):
            continue
        single = isinstance(value, (str, bytes)) or hasattr(value, "ListFields")
        for one in [value] if single else value:
            if isinstance(one, bytes) or (field.type == field.TYPE_MESSAGE and not _is_text(one)):
                return False
    return True


def _source(path: Path, model: ModelProto) -> str:
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    maker = " ".join(part for part in (model.producer_name, model.producer_version) if part)
    parts = [path.name, "ONNX" if opset is None else f"ONNX opset {opset}", f"written by {maker}" if maker else ""]
    return ", ".join(part for part in parts if part)
