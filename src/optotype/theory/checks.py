"""What the functions of theory ask of their inputs; each check says which value breaks which rule."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optotype.errors import InputError

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

TOLERANCE = 1e-6
"""A distribution may miss a sum of 1 by this much: what float32 leaves after a softmax over many classes."""


def finite(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array, every one a finite number.

    >>> finite("logits", [1, 2])
    array([1., 2.])
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(where, "an array of numbers", str(error), "Give numbers in rows of equal length.") from None
    _every(where, array, np.isfinite(array), "finite numbers", "Find out where the NaN or infinity comes from.")
    return array


def number(where: str, value: ArrayLike) -> float:
    """The value as one finite float."""
    array = finite(where, value)
    if array.ndim:
        raise InputError(where, "one number", f"an array of shape {array.shape}", "Give a single number.")
    return float(array)


def not_negative(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array, every one finite and 0 or more."""
    array = finite(where, values)
    _every(where, array, array >= 0, "numbers of 0 or more", "Give numbers that are not negative.")
    return array


def positive(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array, every one finite and above 0."""
    array = finite(where, values)
    _every(where, array, array > 0, "numbers above 0", "Give numbers above 0.")
    return array


def probabilities(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array, every one in [0, 1].

    >>> print(probabilities("prediction", [0.5, 1.2]))
    Traceback (most recent call last):
    ...
    optotype.errors.InputError: prediction
      expected: probabilities in [0, 1]
      got:      1.2 at index 1
      to do:    Give probabilities. Scores without bounds are logits: sigmoid or softmax turns them into probabilities.
    """
    array = finite(where, values)
    fix = "Give probabilities. Scores without bounds are logits: sigmoid or softmax turns them into probabilities."
    _every(where, array, (array >= 0) & (array <= 1), "probabilities in [0, 1]", fix)
    return array


def zeros_and_ones(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array, every one 0 or 1."""
    array = finite(where, values)
    _every(where, array, (array == 0) | (array == 1), "0 or 1", "Give 1 for the class and 0 for all else.")
    return array


def distributions(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array of shape (…, K): probabilities that sum to 1 over the last axis.

    A sum may miss 1 by ``TOLERANCE``; the values are not rescaled.

    >>> print(distributions("P", [0.5, 0.4]))
    Traceback (most recent call last):
    ...
    optotype.errors.InputError: P
      expected: probabilities that sum to 1 (± 1e-06)
      got:      a sum of 0.9
      to do:    Divide by the sum, or look for a class that is missing.
    """
    array = probabilities(where, values)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise InputError(where, "one probability a class", f"shape {array.shape}", "Give an array of shape (…, K).")
    sums = array.sum(axis=-1)
    wrong = np.abs(sums - 1) > TOLERANCE
    if wrong.any():
        raise InputError(
            where,
            f"probabilities that sum to 1 (± {TOLERANCE:g})",
            f"a sum of {float(sums[wrong].ravel()[0]):.12g}{_place(wrong)}",
            "Divide by the sum, or look for a class that is missing.",
        )
    return array


def same_shape(**arrays: NDArray[Any]) -> None:
    """Every array has the shape of the first; the keywords are the names that an error shows."""
    (first, model), *others = arrays.items()
    for name, array in others:
        if array.shape != model.shape:
            raise InputError(
                name.replace("_", " "),
                f"shape {model.shape}, that of {first.replace('_', ' ')}",
                f"shape {array.shape}",
                "Give one value for each.",
            )


def smoothing(where: str, epsilon: float) -> float:
    """ε of label smoothing, in [0, 1)."""
    share = number(where, epsilon)
    if not 0 <= share < 1:
        raise InputError(where, "a number in [0, 1)", f"{share:g}", "Give the share that is spread over all classes.")
    return share


def rows(where: str, values: ArrayLike) -> Floats:
    """The values as a float64 array of shape (b, K), every one finite: a row an item, a column a class."""
    array = finite(where, values)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(where, "shape (b, K): a row an item", f"shape {array.shape}", "Give one row an item.")
    return array


def class_weights(where: str, weights: ArrayLike | None, classes: int) -> Floats:
    """One weight a class (K,), every one finite and 0 or more; None is 1 for each."""
    if weights is None:
        return np.ones(classes)
    array = not_negative(where, weights)
    if array.shape != (classes,):
        raise InputError(where, f"shape ({classes},)", f"shape {array.shape}", "Give one weight a class.")
    return array


def class_indices(where: str, values: ArrayLike, classes: int) -> Indices:
    """The values as an array of whole numbers in 0 … K − 1."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(where, "class indices (integers)", f"numbers of type {array.dtype}", "Give integers.")
    _every(
        where,
        array,
        (array >= 0) & (array < classes),
        f"class indices in 0 … {classes - 1}",
        f"There are {classes} classes, counted from 0.",
    )
    return array.astype(np.intp)


def _every(where: str, array: NDArray[Any], right: NDArray[np.bool_] | np.bool_, expected: str, fix: str) -> None:
    wrong = np.asarray(~right)
    if wrong.any():
        raise InputError(where, expected, f"{array[wrong].ravel()[0]:.12g}{_place(wrong)}", fix)


def _place(wrong: NDArray[np.bool_]) -> str:
    """Where the first True is, in words; nothing for a single value."""
    if wrong.ndim == 0:
        return ""
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f" at index {at[0] if len(at) == 1 else at}"
