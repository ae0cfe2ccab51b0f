"""Numbers that a program hands over in whatever holds them; no library is imported for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.tables import Array


def array_of(values: Any, name: str, where: str) -> Array:
    """An array of numbers from a list, an array or a tensor, wherever that lies; ``name`` and ``where`` are for the
    InputError about anything else.

    >>> array_of([[1, 2], [3, 4]], "boxes", "target").shape
    (2, 2)
    """
    if hasattr(values, "detach"):
        values = _of_tensor(values)
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError):  # rows of different lengths, or what is no number
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{where}: {name}", "numbers in rows of one length", short(values), f"Correct {name}.")
    return array


def _of_tensor(tensor: Any) -> Array:
    """What a tensor holds; one on another device, or that a gradient is computed for, says no at first."""
    try:
        return np.asarray(tensor.numpy())
    except (TypeError, RuntimeError):
        plain = tensor.detach().cpu()
    try:
        return np.asarray(plain.numpy())
    except TypeError:  # bfloat16, which NumPy lacks; float32 holds it exactly
        return np.asarray(plain.float().numpy())


def short(values: Any) -> str:
    """What was handed over, as an error can say it."""
    text = repr(values)
    return text if len(text) < 80 else f"{text[:77]}…"
