"""The losses of theory, values and gradients, against torch, torchvision, segmentation_models_pytorch and training."""

from __future__ import annotations

import numpy as np
import pytest

from optotype.theory import losses
from optotype.theory.softmax import softmax

torch = pytest.importorskip("torch")

REDUCTIONS = ("mean", "sum", "none")


def autograd(function, at):
    """Value and gradient of a torch loss at a float64 array."""
    leaf = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    value = function(leaf)
    value.sum().backward()
    return value.detach().numpy(), leaf.grad.numpy()


def assert_equal(ours, theirs, tolerance=1e-12):
    value, gradient = theirs
    assert ours.value == pytest.approx(value, rel=tolerance, abs=tolerance)
    assert ours.gradient == pytest.approx(gradient, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy_is_torchs(reduction, epsilon, weighted, soft):
    rng = np.random.default_rng(0)
    z = rng.normal(0, 5, (7, 5))
    target = rng.dirichlet(np.ones(5), 7) if soft else rng.integers(0, 5, 7)
    weights = np.array([0.0, 0.5, 1.0, 2.0, 7.5]) if weighted else None
    theirs = autograd(
        lambda x: torch.nn.functional.cross_entropy(
            x,
            torch.tensor(target),
            None if weights is None else torch.tensor(weights),
            reduction=reduction,
            label_smoothing=epsilon,
        ),
        z,
    )
    assert_equal(
        losses.cross_entropy(z, target, label_smoothing=epsilon, class_weights=weights, reduction=reduction), theirs
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_other_losses_are_torchs(reduction):
    rng = np.random.default_rng(0)
    functional = torch.nn.functional
    z, y = rng.normal(0, 5, 20), rng.random(20)
    p = rng.uniform(0.01, 0.99, 20)
    hot = torch.tensor(y)
    pairs = [
        (losses.binary_cross_entropy(p, y, reduction=reduction), functional.binary_cross_entropy, p),
        (
            losses.binary_cross_entropy_of_logits(z, y, reduction=reduction),
            functional.binary_cross_entropy_with_logits,
            z,
        ),
        (
            losses.mean_squared_error_of_sigmoid(z, y, reduction=reduction),
            lambda x, t, reduction: functional.mse_loss(x.sigmoid(), t, reduction=reduction),
            z,
        ),
    ]
    for ours, theirs, at in pairs:
        assert_equal(ours, autograd(lambda x, f=theirs: f(x, hot, reduction=reduction), at))


def test_the_squared_error_of_softmax_is_torchs():
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 5, (7, 5)), rng.integers(0, 5, 7)
    hot = torch.tensor(np.eye(5)[y])
    theirs = autograd(lambda x: torch.nn.functional.mse_loss(x.softmax(1), hot), z)
    assert_equal(losses.mean_squared_error_of_softmax(z, y), theirs)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("alpha", [None, 0.0, 0.25, 1.0])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_focal_is_torchvisions(reduction, alpha, gamma):
    ops = pytest.importorskip("torchvision.ops")
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 3, (4, 6)), rng.integers(0, 2, (4, 6))
    theirs = autograd(
        lambda x: ops.sigmoid_focal_loss(
            x, torch.tensor(y, dtype=x.dtype), -1 if alpha is None else alpha, gamma, reduction
        ),
        z,
    )
    assert_equal(losses.focal(z, y, gamma=gamma, alpha=alpha, reduction=reduction), theirs)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_multiclass_focal_is_its_formula_under_autograd(gamma):
    rng = np.random.default_rng(0)
    z, y, weights = rng.normal(0, 3, (7, 5)), rng.integers(0, 5, 7), rng.random(5)

    def formula(x):
        log_p = x.log_softmax(1)[range(7), y]
        return (-torch.tensor(weights)[y] * (1 - log_p.exp()) ** gamma * log_p).mean()

    assert_equal(losses.multiclass_focal(z, y, gamma=gamma, alpha=weights), autograd(formula, z), 1e-10)


@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("absent", [False, True])
def test_dice_is_segmentation_models_pytorchs(smooth, absent):
    smp = pytest.importorskip("segmentation_models_pytorch")
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 2, (3, 4, 5, 6)), rng.integers(0, 3 if absent else 4, (3, 5, 6))
    masks = np.moveaxis(np.eye(4)[y], -1, 1)
    p = softmax(z, axis=1)
    loss = smp.losses.DiceLoss("multiclass", from_logits=False, smooth=smooth)
    ours = losses.dice(p, masks, smooth=smooth)
    assert_equal(ours, autograd(lambda x: loss(x, torch.tensor(y)), p))
    item_by_item = np.mean([losses.dice(p[i : i + 1], masks[i : i + 1], smooth=smooth).value for i in range(3)])
    assert abs(ours.value - item_by_item) > 1e-4  # teeth: that is another convention
    binary = smp.losses.DiceLoss("binary", from_logits=False, smooth=smooth)
    one, mask = p[:, :1], masks[:, :1]
    assert_equal(losses.dice(one, mask, smooth=smooth), autograd(lambda x: binary(x, torch.tensor(mask)), one))


def test_focal_is_segmentation_models_pytorchs_one_class_against_the_rest():
    smp = pytest.importorskip("segmentation_models_pytorch")
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 2, (3, 4, 5, 6)), rng.integers(0, 4, (3, 5, 6))
    masks = np.moveaxis(np.eye(4)[y], -1, 1)
    for alpha in (None, 0.25):
        loss = smp.losses.FocalLoss("multiclass", alpha=alpha, gamma=2.0)
        theirs = autograd(lambda x, loss=loss: loss(x, torch.tensor(y)), z)
        assert_equal(losses.focal(z, masks, gamma=2.0, alpha=alpha), theirs)


@pytest.mark.parametrize("epsilon", [0.0, 0.1])
@pytest.mark.parametrize("weights", ["none", "inverse"])
@pytest.mark.parametrize("mixed", [False, True])
def test_the_loss_of_training_is_this_one(epsilon, weights, mixed):
    """``classify_loss`` as the loop calls it: summed, smoothed, class shares weighted, targets of mixup."""
    from optotype.training.balance import Frequencies, class_weights
    from optotype.training.config import TrainConfig
    from optotype.training.task import classify_loss, classify_prepare

    config = TrainConfig(
        data="photos", model="resnet18", label_smoothing=epsilon, class_weights=weights, mixup=0.4 if mixed else 0.0
    )
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 8).astype(np.int32)
    z = rng.normal(0, 4, (8, 5)).astype(np.float32)
    images, shares = torch.zeros(8, 3, 4, 4), class_weights(Frequencies.of_labels(labels, 5), config)
    _, targets = classify_prepare(images, torch.tensor(labels, dtype=torch.int64), 5, config, (0, 1, 2))
    assert targets.ndim == (2 if mixed else 1)
    leaf = torch.tensor(z, requires_grad=True)
    loss = classify_loss(leaf, targets, config, None if shares is None else torch.tensor(shares))
    loss.backward()
    ours = losses.cross_entropy(z, targets.numpy(), label_smoothing=epsilon, class_weights=shares, reduction="sum")
    assert ours.value == pytest.approx(loss.item(), rel=2e-6)
    assert ours.gradient == pytest.approx(leaf.grad.numpy(), rel=2e-5, abs=2e-6)
    unlike = losses.cross_entropy(z, targets.numpy(), label_smoothing=0.2, class_weights=shares, reduction="sum")
    assert abs(unlike.value - loss.item()) > 1e-3


def test_the_numbers_of_an_epoch_are_these():
    """Loss, spread and accuracy that training writes down, from the addends of two batches."""
    from optotype.training.task import classify_addends, classify_score, classify_scores

    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 3, (9, 4)), rng.integers(0, 4, 9)
    batches = [classify_addends(torch.tensor(z[part]), torch.tensor(y[part])) for part in (slice(0, 5), slice(5, 9))]
    score = classify_score(torch.stack(batches).sum(0).tolist())
    each = losses.cross_entropy(z, y, reduction="none").value
    assert score.loss == pytest.approx(each.mean(), rel=1e-12)
    assert score.spread == pytest.approx(each.std(), rel=1e-12)
    assert score.accuracy == pytest.approx((z.argmax(axis=1) == y).mean())
    assert classify_scores(torch.tensor(z)).numpy() == pytest.approx(softmax(z), rel=1e-12)
