"""Small ONNX files for tests: nodes in, a path out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


class Net:
    """Collects nodes and stored tensors; arrays are called by the names that the methods give back."""

    def __init__(self, shape, *, opset=17, dtype=TensorProto.FLOAT, seed=0):
        self.nodes, self.stored, self.functions = [], [], []
        self.inputs = [helper.make_tensor_value_info("x", dtype, shape)]
        self.opset, self.rng, self.foreign = opset, np.random.default_rng(seed), []

    def store(self, values, name=None):
        """A stored tensor: an array as it is, or random float32 numbers of a shape."""
        array = values if isinstance(values, np.ndarray) else self.rng.normal(size=values).astype(np.float32)
        name = name or f"w{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op, *inputs, outputs=1, name="", domain="", **attributes):
        """A node; the name of its output, or a list of names."""
        names = [f"{op}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=name, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, x, channels_in, channels_out, kernel, *, bias=True, **attributes):
        """A convolution with square kernels."""
        groups = attributes.get("group", 1)
        weights = [self.store((channels_out, channels_in // groups, kernel, kernel))]
        weights += [self.store((channels_out,))] if bias else []
        return self.node("Conv", x, *weights, **attributes)

    def linear(self, x, wide, out):
        """A matrix product with a stored matrix, and a bias as an operation of its own."""
        return self.node("Add", self.node("MatMul", x, self.store((wide, out))), self.store((out,)))

    def ints(self, *numbers):
        """Stored whole numbers."""
        return self.store(np.array(numbers, np.int64))

    def model(self, *outputs):
        """The file's records."""
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "g", self.inputs, results, self.stored)
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(d, 1) for d in self.foreign)]
        return helper.make_model(graph, opset_imports=opsets, functions=self.functions)

    def save(self, folder: Path, *outputs) -> Path:
        """Write the file."""
        path = folder / "net.onnx"
        save(self.model(*outputs), path)
        return path
