"""How often classes occur, and the weights that a loss gives them for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.training.config import TrainConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Of K classes: ``counts`` (K,) of items or labelled pixels; ``among`` (K,) how many there are in the images that
    show the class at all; ``unit``, how many make an image.
    """

    counts: NDArray[np.int64]
    among: NDArray[np.int64]
    unit: float = 1.0

    @classmethod
    def of_labels(cls, labels: NDArray[np.int32], classes: int) -> Frequencies:
        """Of items, each of one class."""
        counts = np.bincount(labels, minlength=classes)
        return cls(counts, np.full(classes, counts.sum()))


def class_weights(found: Frequencies, config: TrainConfig) -> NDArray[np.float32] | None:
    """Weight of each class, shape (K,), or None; a class that does not occur has weight 0.

    - ``inverse``: n / (classes present · n of the class). Their mean over items or pixels is 1, so the loss keeps its
      scale.
    - ``median``: the median of the classes' frequencies over that of the class, a frequency being its share of the
      pixels of the images that show it (Eigen and Fergus 2015, arXiv:1411.4734); of items, its share of all.
    - ``effective``: (1 − β) / (1 − βⁿ), scaled to a mean of 1 over the classes present (Cui et al. 2019,
      arXiv:1901.05555); n counts items, or pixels in units of an image.
    """
    if config.class_weights == "none":
        return None
    present = found.counts > 0
    weights = np.zeros(len(present))
    weights[present] = WEIGHTS[config.class_weights](
        found.counts[present].astype(np.float64), found.among[present].astype(np.float64), found.unit, config
    )
    return weights.astype(np.float32)


def _inverse(counts: Floats, _among: Floats, _unit: float, _config: TrainConfig) -> Floats:
    return np.asarray(counts.sum() / (len(counts) * counts))


def _median(counts: Floats, among: Floats, _unit: float, _config: TrainConfig) -> Floats:
    shares = counts / among
    return np.median(shares) / shares


def _effective(counts: Floats, _among: Floats, unit: float, config: TrainConfig) -> Floats:
    beta = config.effective_beta
    # βⁿ by expm1, as 1 − βⁿ of a rare class is small; β = 0 gives every class the same.
    number = -np.expm1(counts / unit * np.log(beta)) if beta else np.ones(len(counts))
    return np.asarray(len(counts) / number / (1 / number).sum())


WEIGHTS = {"inverse": _inverse, "median": _median, "effective": _effective}
"""Setting → function of counts and what they are counted among."""
