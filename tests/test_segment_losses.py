"""Losses of label maps are theory's, pixels of no class left out; class weights by hand; scores of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from optotype.tables import VOID
from optotype.theory import losses as theory
from optotype.training import segmenting
from optotype.training.balance import Frequencies, class_weights
from optotype.training.losses import loss_of, weighted_sum
from segment_training_tools import settings

K = 4
WEIGHTS = np.array([0.5, 2.0, 1.0, 0.25], np.float32)


def batch(seed: int = 0, shape: tuple[int, int, int] = (3, 5, 6)) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Logits and label maps, a quarter of the pixels of no class."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 3, (shape[0], K, *shape[1:])).astype(np.float32)
    labels = draw.integers(0, K, shape).astype(np.uint8)
    labels[draw.random(shape) < 0.25] = VOID
    return logits, labels


def ours(
    logits: NDArray[np.float32],
    labels: NDArray[np.uint8],
    weights: NDArray[np.float32] | None = None,
    **changes: object,
) -> tuple[float, NDArray[np.float32]]:
    """Loss and its gradient by the logits."""
    leaf = torch.tensor(logits, requires_grad=True)
    fed, targets = segmenting.prepare(leaf, torch.from_numpy(labels), K, settings(), (0,))
    loss = loss_of(fed, targets, settings(**changes), None if weights is None else torch.from_numpy(weights))
    loss.backward()
    assert leaf.grad is not None
    return loss.item(), leaf.grad.numpy()


def by_item(function, logits, labels):  # type: ignore[no-untyped-def]
    """Theory's mean over the labelled pixels of each item, summed over items, with the gradient."""
    value, gradient = 0.0, np.zeros_like(logits, np.float64)
    for i in range(len(logits)):
        inside = labels[i] != VOID
        rows = logits[i].transpose(1, 2, 0)[inside].astype(np.float64)
        found = function(rows, labels[i][inside].astype(np.int64))
        value += found.value
        gradient[i].transpose(1, 2, 0)[inside] = found.gradient
    return value, gradient


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_theorys(weights: NDArray[np.float32] | None, smoothing: float) -> None:
    logits, labels = batch()

    def expected(rows, truth):  # type: ignore[no-untyped-def]
        found = theory.cross_entropy(rows, truth, class_weights=weights, label_smoothing=smoothing, reduction="sum")
        return theory.Loss(found.value / len(rows), found.gradient / len(rows))

    value, gradient = ours(logits, labels, weights, label_smoothing=smoothing)
    theirs = by_item(expected, logits, labels)
    assert value == pytest.approx(theirs[0], rel=1e-5)
    np.testing.assert_allclose(gradient, theirs[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_is_theorys(weights: NDArray[np.float32] | None, gamma: float) -> None:
    logits, labels = batch(1)
    value, gradient = ours(logits, labels, weights, loss="focal", focal_gamma=gamma)
    theirs = by_item(
        lambda rows, truth: theory.multiclass_focal(rows, truth, gamma=gamma, alpha=weights), logits, labels
    )
    assert value == pytest.approx(theirs[0], rel=1e-5)
    np.testing.assert_allclose(gradient, theirs[1], rtol=1e-4, atol=1e-6)


def test_focal_of_a_sure_and_right_pixel_is_nothing_with_a_finite_gradient() -> None:
    logits, labels = np.zeros((1, K, 1, 2), np.float32), np.array([[[1, 1]]], np.uint8)
    logits[0, 1] = 100.0
    value, gradient = ours(logits, labels, loss="focal", focal_gamma=0.5)
    assert value == pytest.approx(0.0, abs=1e-12)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("absent", [False, True])
def test_dice_is_theorys_over_the_labelled_pixels_of_the_batch(absent: bool) -> None:
    logits, labels = batch(2)
    if absent:
        labels[labels == 3] = 0
    value, _ = ours(logits, labels, loss="dice")
    inside = labels != VOID
    rows = np.moveaxis(logits.astype(np.float64), 1, -1)[inside]
    shares = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    expected = theory.dice(shares.T[None], np.eye(K)[labels[inside]].T[None])
    assert value == pytest.approx(len(logits) * expected.value, rel=1e-5)


def test_sums_are_sums() -> None:
    logits, labels = batch(3)
    parts = [ours(logits, labels, WEIGHTS, loss=name)[0] for name in ("cross_entropy", "focal", "dice")]
    mixed = ours(logits, labels, WEIGHTS, loss="cross_entropy+0.5*focal+2*dice")[0]
    assert mixed == pytest.approx(parts[0] + 0.5 * parts[1] + 2 * parts[2], rel=1e-6)
    assert weighted_sum("2*dice+.5*focal") == [(2.0, "dice"), (0.5, "focal")]


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "dice"])
def test_items_without_a_labelled_pixel_add_nothing(loss: str) -> None:
    logits, labels = batch(4)
    value, _ = ours(logits[:2], labels[:2], WEIGHTS, loss=loss)
    labels[2] = VOID
    more, gradient = ours(logits, labels, WEIGHTS, loss=loss)
    scale = 3 / 2 if loss == "dice" else 1.0
    assert more == pytest.approx(value * scale, rel=1e-6)
    assert (gradient[2] == 0).all()


# Class weights


def test_weights_by_hand() -> None:
    # class 0: 60 of 100 pixels in two images; class 1: 30 of 50 in one of them; class 2: 10 of 100; class 3: nowhere
    found = Frequencies(np.array([60, 30, 10, 0]), np.array([100, 50, 100, 0]), 50.0)
    inverse = class_weights(found, settings(class_weights="inverse"))
    assert inverse is not None
    assert inverse.tolist() == pytest.approx([100 / 180, 100 / 90, 100 / 30, 0.0])
    assert (inverse * found.counts).sum() / 100 == pytest.approx(1.0)
    median = class_weights(found, settings(class_weights="median"))
    assert median is not None
    assert median.tolist() == pytest.approx([1.0, 1.0, 6.0, 0.0])
    effective = class_weights(found, settings(class_weights="effective", effective_beta=0.9))
    assert effective is not None
    raw = np.array([(1 - 0.9) / (1 - 0.9**n) for n in (60 / 50, 30 / 50, 10 / 50)])
    assert effective.tolist() == pytest.approx([*(raw * 3 / raw.sum()), 0.0], rel=1e-6)
    assert class_weights(found, settings()) is None
    even = class_weights(found, settings(class_weights="effective", effective_beta=0.0))
    assert even is not None
    assert even.tolist() == [1.0, 1.0, 1.0, 0.0]


# Scores


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_scores_are_those_of_one_confusion_matrix(seed: int, cut: int) -> None:
    logits, labels = batch(seed, (4, 3, 5))
    parts = [
        segmenting.addends(torch.from_numpy(logits[part]), torch.from_numpy(labels[part]))
        for part in (slice(0, cut), slice(cut, 4))
    ]
    found = segmenting.score((parts[0] + segmenting.nothing(K) + parts[1]).tolist())
    said, inside = logits.argmax(1), labels != VOID
    ious = []
    for k in range(K):
        both = ((labels == k) & (said == k)).sum()
        either = (((labels == k) | (said == k)) & inside).sum()
        if either:
            ious.append(both / either)
    assert found.miou == pytest.approx(np.mean(ious))
    assert found.accuracy == pytest.approx((said == labels)[inside].mean())
    losses = by_item(lambda rows, truth: theory.cross_entropy(rows, truth), logits, labels)[0]
    assert found.n == 4
    assert found.loss == pytest.approx(losses / 4, rel=1e-5)


def test_void_in_the_truth_of_training() -> None:
    ignored, background = (segmenting.values(settings(void=rule)) for rule in ("ignore", "background"))
    assert ignored[[0, 7, 254, 255]].tolist() == [0, 7, 255, 255]
    assert background[[0, 7, 254, 255]].tolist() == [0, 7, 0, 0]
