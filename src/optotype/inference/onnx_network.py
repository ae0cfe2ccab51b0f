"""An ONNX file of segmentation as a network: run by onnxruntime, called like any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from optotype.errors import InputError, require

_FIX = "Export the network of segmentation itself."
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxNetwork(nn.Module):
    """Images (b, 3, h, w) → logits (b, K, h', w'); a file that gives label maps gives ones and zeros.

    ``classes`` is K, found by one run on zeros. ``size`` is the (height, width) that the file fixes, or None. Raises
    MissingExtraError without onnxruntime, InputError for a file that is none of segmentation.
    """

    def __init__(self, path: Path, *, classes: int | None, threads: int) -> None:
        super().__init__()
        require("an ONNX file", "onnx", "onnxruntime")
        self.path, self.session = path, _session(path, threads)
        inputs = self.session.get_inputs()
        shape = inputs[0].shape
        if len(inputs) != 1 or len(shape) != 4 or shape[1] not in (3, None) or inputs[0].type not in _TYPES:
            got = "; ".join(f"{each.name} {each.shape} {each.type}" for each in inputs)
            raise self._error("one input of RGB images, float (n, 3, height, width)", got)
        self.batch = shape[0] if isinstance(shape[0], int) else None
        fixed = [side if isinstance(side, int) else None for side in shape[2:]]
        self.size = (fixed[0], fixed[1]) if fixed[0] and fixed[1] else None
        self.kind = _TYPES[inputs[0].type]
        self.output = self._find_output()
        self.given = classes
        self.classes = self._count()

    def forward(self, images: Tensor) -> Tensor:
        """Logits, or for label maps one map of ones and zeros a class, float32."""
        b, step = len(images), self.batch or len(images)
        padded = functional.pad(images.float(), (0, 0, 0, 0, 0, 0, 0, -b % step))
        outputs = [self._run(padded[i : i + step].cpu().numpy()) for i in range(0, len(padded), step)]
        found = torch.from_numpy(np.concatenate(outputs)[:b])
        return found.float() if self._gives_logits(found.shape) else self._hot(found)

    def _run(self, images: Any) -> Any:
        name = self.session.get_inputs()[0].name
        expected = f"a network that takes images of {images.shape[2]} × {images.shape[3]}"
        with _refused(self.path, expected, _FIX):
            return self.session.run([self.output], {name: np.ascontiguousarray(images, self.kind)})[0]

    def _find_output(self) -> str:
        """The output with logits or label maps: the only one of the right shape, or the first of them."""
        for each in self.session.get_outputs():
            if len(each.shape) == 4 or (len(each.shape) == 3 and "int" in each.type):
                return str(each.name)
        got = "; ".join(f"{each.name} {each.shape} {each.type}" for each in self.session.get_outputs())
        raise self._error("an output (n, classes, height, width) or of whole numbers (n, height, width)", got)

    def _count(self) -> int:
        height, width = self.size or (64, 64)
        found = self._run(np.zeros((self.batch or 1, 3, height, width)))
        if self._gives_logits(found.shape):
            return int(found.shape[1])
        if self.given is None:
            raise InputError(str(self.path), "classes for a network that gives label maps", "none", "Give --classes.")
        return self.given

    def _gives_logits(self, shape: Any) -> bool:
        return len(shape) == 4 and shape[1] > 1

    def _hot(self, labels: Tensor) -> Tensor:
        labels = (labels[:, 0] if labels.ndim == 4 else labels).long()
        if int(labels.max()) >= self.classes or int(labels.min()) < 0:
            raise self._error(f"class numbers in 0…{self.classes - 1}", f"{int(labels.min())} … {int(labels.max())}")
        return functional.one_hot(labels, self.classes).permute(0, 3, 1, 2).float()

    def _error(self, expected: str, got: str) -> InputError:
        return InputError(str(self.path), expected, got, _FIX)


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    with _refused(path, "a whole ONNX file", "Export it again."):
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@contextmanager
def _refused(path: Path, expected: str, fix: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 — onnxruntime has errors of its own, which share no base
        got = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise InputError(str(path), expected, got, fix) from None
