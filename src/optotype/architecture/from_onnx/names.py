"""Readable names for the rows of an ONNX file, from what its exporter has left in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from optotype.architecture.from_onnx.graph import Node


def row_name(node: Node, weight: str = "") -> str:
    """The path of the module that made a node, where the file tells; else the node's name, else its output's.

    Torch's exporters write the path as ``/layer1/layer1.0/conv1/Conv``, as metadata of the node, or only into the
    weight's name (``layer1.0.conv1.weight``).
    """
    scopes = next((m.value for m in node.proto.metadata_props if m.key == "pkg.torch.onnx.name_scopes"), "")
    path = _from_slashes(node.name) or _from_weight(weight) or _from_scopes(scopes)
    return path or node.name or next((name for name in node.outputs if name), node.op)


def named_after(learned: Sequence[str], name: str, kind: str) -> str:
    """The name of a row where learned numbers are added or multiplied: theirs, if they belong to the module itself.

    >>> named_after(["blocks.0.gamma"], "blocks.0", "multiply"), named_after(["pos_embed"], "Add_1", "add")
    ('blocks.0.gamma', 'pos_embed')
    """
    if len(learned) != 1:
        return name
    inside, _, own = learned[0].rpartition(".")
    of_the_whole = not inside and "." not in name and own.isidentifier() and kind != "concat"
    return learned[0] if of_the_whole or (inside == name and own) else name


def _from_scopes(text: str) -> str:
    """The innermost module of a list such as ``['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_1']``.

    >>> _from_scopes("['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d_1']")
    'layer1.0.conv1'
    """
    try:
        scopes = ast.literal_eval(text) if text.startswith("[") and len(text) < 10_000 else []
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ""
    names = [scope for scope in scopes if isinstance(scope, str)]
    return names[-2] if len(names) > 1 else ""


def _from_slashes(name: str) -> str:
    """The module of a name such as ``/layer1/layer1.0/conv1/Conv``.

    >>> _from_slashes("/layer1/layer1.0/conv1/Conv"), _from_slashes("/features/0/Conv_1"), _from_slashes("Conv_3")
    ('layer1.0.conv1', 'features.0', '')
    """
    if "/" not in name:
        return ""
    path: list[str] = []
    for scope in name.strip("/").split("/")[:-1]:
        # torch writes the members of a list as 'layer1.0' below 'layer1'
        if path and scope.startswith(path[-1] + "."):
            path[-1] = scope
        else:
            path.append(scope)
    return ".".join(path) or name.strip("/")


def _from_weight(name: str) -> str:
    """The module of a weight such as ``layer1.0.conv1.weight``.

    >>> _from_weight("layer1.0.conv1.weight"), _from_weight("onnx::Conv_497")
    ('layer1.0.conv1', '')
    """
    found = re.fullmatch(r"(\w[\w.]*)\.(weight|kernel)(_quantized)?", name)
    return found[1] if found else ""
