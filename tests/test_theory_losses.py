"""Softmax and the losses of theory: known numbers, gradients by finite differences, identities, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optotype.errors import InputError
from optotype.theory import information, losses
from optotype.theory.softmax import log_sigmoid, log_softmax, log_sum_exp, sigmoid, softmax, softmax_jacobian
from optotype.theory.units import convert

ITEMS, CLASSES = 3, 4
scores = st.floats(-8, 8, allow_subnormal=False)
logits_of_items = arrays(np.float64, (ITEMS, CLASSES), elements=scores)
indices = arrays(np.int64, (ITEMS,), elements=st.integers(0, CLASSES - 1))
positives = arrays(np.float64, (CLASSES,), elements=st.floats(0.1, 5))
seeds = st.integers(0, 2**31)


def rows_of_probabilities(seed):
    return np.random.default_rng(seed).dirichlet(np.ones(CLASSES), ITEMS)


def slopes(function, at, h=1e-5):
    """∂function/∂at by central differences; ``function`` gives a number."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = h
        found[place] = (function(at + step) - function(at - step)) / (2 * h)
    return found


def assert_gradient(loss, at, h=1e-5):
    """The gradient of every reduction is that of its value."""
    for reduction in ("mean", "sum"):
        found = loss(at, reduction=reduction).gradient
        assert found == pytest.approx(
            slopes(lambda x, r=reduction: loss(x, reduction=r).value, at, h), rel=1e-5, abs=1e-7
        )
    each = loss(at, reduction="none")
    assert each.gradient == pytest.approx(loss(at, reduction="sum").gradient, rel=1e-12, abs=1e-15)
    assert each.value.sum() == pytest.approx(loss(at, reduction="sum").value, rel=1e-12)
    assert (np.asarray(each.value) >= 0).all()


# Softmax and sigmoid


@given(logits_of_items, st.floats(-600, 600))
def test_softmax_keeps_the_sum_and_ignores_a_shift(z, shift):
    y = softmax(z)
    assert y.sum(axis=1) == pytest.approx(np.ones(ITEMS), abs=1e-14)
    assert softmax(z + shift) == pytest.approx(y, abs=1e-12)
    assert log_softmax(z) == pytest.approx(np.log(y), abs=1e-12)
    assert softmax(z.T, axis=0).transpose() == pytest.approx(y, abs=1e-15)
    assert log_sum_exp(z + shift) == pytest.approx(np.log(np.exp(z).sum(axis=1)) + shift, abs=1e-11)


@given(logits_of_items)
def test_the_jacobian_is_that_of_softmax(z):
    found = softmax_jacobian(z)
    for item in range(ITEMS):
        for k in range(CLASSES):
            assert found[item, k] == pytest.approx(slopes(lambda x, k=k: softmax(x)[k], z[item]), rel=1e-5, abs=1e-9)
    assert found.sum(axis=1) == pytest.approx(np.zeros((ITEMS, CLASSES)), abs=1e-15)
    assert found == pytest.approx(found.transpose(0, 2, 1), abs=1e-15)


@given(st.floats(-700, 700))
def test_sigmoid_is_the_softmax_of_two(z):
    assert float(sigmoid(z)) == pytest.approx(softmax([z, 0.0])[0], rel=1e-14)
    assert float(log_sigmoid(z)) == pytest.approx(log_softmax([z, 0.0])[0], rel=1e-12, abs=1e-15)
    assert float(sigmoid(z) + sigmoid(-z)) == pytest.approx(1, abs=1e-15)


def test_softmax_overflows_as_it_is_written_and_not_here():
    z = np.array([1000.0, 999.0])
    with np.errstate(all="ignore"):
        assert np.isnan(np.exp(z) / np.exp(z).sum()).all()
    assert softmax(z) == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)], rel=1e-15)
    for extreme in (np.array([1e308, -1e308]), np.array([-1e308, -1e308]), np.array([5e-324, 0.0])):
        assert softmax(extreme).sum() == 1
        assert not np.isnan(log_softmax(extreme)).any()
    assert sigmoid([-800.0, 800.0]).tolist() == [0, 1]
    assert log_sigmoid([-1e308, 1e308]).tolist() == [-1e308, 0]


# Known numbers


def test_binary_cross_entropy_of_the_course():
    assert losses.binary_cross_entropy([0.9], [0]).value == pytest.approx(2.302585, abs=5e-7)
    Y, predicted = [1, 0, 0], [0.1, 0.2, 0.7]
    for unit, value in {"nats": 1.24323, "bits": 1.79361, "digits": 0.53993}.items():
        assert losses.binary_cross_entropy(predicted, Y, unit=unit).value == pytest.approx(value, abs=5e-6)
    by_hand = -(math.log(0.1) + math.log(0.8) + math.log(0.3)) / 3
    assert losses.binary_cross_entropy(predicted, Y).value == pytest.approx(by_hand, rel=1e-15)


def test_the_gradient_of_cross_entropy_is_what_is_said_less_what_is_true():
    z = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0]])
    found = losses.cross_entropy(z, [2, 0], reduction="sum").gradient
    assert found == pytest.approx(softmax(z) - np.eye(3)[[2, 0]], abs=1e-15)


def test_certain_and_wrong_is_infinite_from_probabilities_and_finite_from_logits():
    assert losses.binary_cross_entropy([1.0, 0.5], [0, 1]).value == math.inf
    each = losses.binary_cross_entropy([0.0, 1.0, 0.0, 1.0], [1, 0, 0, 1], reduction="none")
    assert each.value.tolist() == [math.inf, math.inf, 0, 0]
    assert each.gradient.tolist() == [-math.inf, math.inf, 1, -1]
    assert (
        losses.binary_cross_entropy_of_logits([-5000.0, 5000.0], [1, 0], reduction="none").value.tolist() == [5000] * 2
    )
    assert losses.cross_entropy([[0.0, 5000.0]], [0]).value == 5000


def test_tiny_probabilities_are_not_rounded_away():
    assert losses.binary_cross_entropy(1e-20, 0).value == pytest.approx(1e-20, rel=1e-12, abs=0)
    assert losses.binary_cross_entropy_of_logits(-60.0, 0).value == pytest.approx(math.exp(-60), rel=1e-12, abs=0)
    assert losses.focal([60.0], [1]).value == pytest.approx(math.exp(-180), rel=1e-12, abs=0)
    assert losses.multiclass_focal([[60.0, 0.0]], [0]).value == pytest.approx(math.exp(-180), rel=1e-12, abs=0)
    assert losses.mean_squared_error_of_sigmoid(60.0, 1).value == pytest.approx(math.exp(-120), rel=1e-12, abs=0)


def test_a_single_number_is_an_item():
    assert losses.binary_cross_entropy(0.5, 1).value == pytest.approx(math.log(2))
    assert losses.focal(0.0, 1, gamma=0).gradient == pytest.approx(-0.5)


@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.multiclass_focal])
@given(z=logits_of_items, y=indices)
def test_a_unit_changes_the_base_of_value_and_gradient(loss, z, y):
    nats = loss(z, y)
    for unit, base in (("bits", 2), ("digits", 10)):
        other = loss(z, y, unit=unit)
        assert other.value == pytest.approx(nats.value / math.log(base), rel=1e-14)
        assert other.gradient == pytest.approx(nats.gradient / math.log(base), rel=1e-14)


def test_binary_focal_loss_has_units():
    assert losses.focal(0.0, 1, gamma=0, unit="bits").value == pytest.approx(1.0)


# Gradients against finite differences


@given(arrays(np.float64, (5,), elements=st.floats(0.02, 0.98)), arrays(np.float64, (5,), elements=st.floats(0, 1)))
@settings(max_examples=40)
def test_gradient_of_binary_cross_entropy_by_the_probability(p, y):
    assert_gradient(lambda x, **options: losses.binary_cross_entropy(x, y, **options), p, h=1e-6)


@given(arrays(np.float64, (5,), elements=scores), arrays(np.float64, (5,), elements=st.floats(0, 1)))
@settings(max_examples=40)
def test_gradients_by_a_single_logit(z, y):
    for loss in (losses.binary_cross_entropy_of_logits, losses.mean_squared_error_of_sigmoid):
        assert_gradient(lambda x, loss=loss, **options: loss(x, y, **options), z)


@given(logits_of_items, indices, seeds, st.floats(0, 0.99), st.none() | positives)
@settings(max_examples=40)
def test_gradient_of_cross_entropy(z, y, seed, epsilon, weights):
    for target in (y, rows_of_probabilities(seed)):
        assert_gradient(
            lambda x, target=target, **options: losses.cross_entropy(
                x, target, label_smoothing=epsilon, class_weights=weights, **options
            ),
            z,
        )


@given(logits_of_items, indices, seeds)
@settings(max_examples=40)
def test_gradient_of_the_squared_error_of_softmax(z, y, seed):
    for target in (y, rows_of_probabilities(seed)):
        assert_gradient(
            lambda x, target=target, **options: losses.mean_squared_error_of_softmax(x, target, **options), z
        )


@given(logits_of_items, indices, st.floats(0, 5), st.none() | st.floats(0, 1), st.none() | positives)
@settings(max_examples=40)
def test_gradients_of_the_focal_losses(z, y, gamma, alpha, weights):
    masks = np.eye(CLASSES)[y]
    assert_gradient(lambda x, **options: losses.focal(x, masks, gamma=gamma, alpha=alpha, **options), z)
    assert_gradient(lambda x, **options: losses.multiclass_focal(x, y, gamma=gamma, alpha=weights, **options), z)


@given(seeds, st.floats(0, 2))
@settings(max_examples=30)
def test_gradient_of_dice(seed, smooth):
    rng = np.random.default_rng(seed)
    p, y = rng.uniform(0.01, 0.99, (2, 3, 4)), rng.integers(0, 2, (2, 3, 4)) * np.array([1, 1, 0])[:, None]
    found = losses.dice(p, y, smooth=smooth)
    expected = slopes(lambda x: losses.dice(x, y, smooth=smooth).value, p)
    assert found.gradient == pytest.approx(expected, rel=1e-5, abs=1e-9)
    assert 0 <= found.value <= 1
    assert (found.gradient[:, 2] == 0).all()


# Identities


@given(logits_of_items, indices, st.floats(0, 0.99))
def test_the_closed_form_of_label_smoothing(z, y, epsilon):
    for reduction in ("mean", "sum", "none"):
        whole = losses.cross_entropy(z, y, label_smoothing=epsilon, reduction=reduction)
        split = losses.label_smoothing_closed_form(z, y, epsilon, reduction=reduction)
        assert split.value == pytest.approx(whole.value, rel=1e-12, abs=1e-14)
        assert split.gradient == pytest.approx(whole.gradient, abs=1e-14)
    p = losses.smoothed(y, CLASSES, epsilon)
    assert p[np.arange(ITEMS), y] == pytest.approx(np.full(ITEMS, 1 - epsilon + epsilon / CLASSES))
    assert np.sort(p, axis=1)[:, :-1] == pytest.approx(np.full((ITEMS, CLASSES - 1), epsilon / CLASSES))
    assert losses.cross_entropy(z, p).value == pytest.approx(whole.value.mean(), rel=1e-12, abs=1e-14)


@given(st.integers(2, 50), st.floats(0.001, 0.99))
def test_the_smoothed_loss_is_least_at_the_optimal_gap(classes, epsilon):
    gap = losses.optimal_logit_gap(classes, epsilon)
    share = epsilon / classes
    assert gap == pytest.approx(math.log((1 - epsilon + share) / share), rel=1e-12)
    z = gap * np.eye(classes)[:1]
    best = losses.cross_entropy(z, [0], label_smoothing=epsilon)
    assert best.gradient == pytest.approx(np.zeros_like(z), abs=1e-14)
    assert best.value == pytest.approx(
        information.entropy(losses.smoothed([0], classes, epsilon)[0]), rel=1e-12, abs=1e-14
    )
    for other in (gap - 0.1, gap + 0.1):
        assert losses.cross_entropy(other * np.eye(classes)[:1], [0], label_smoothing=epsilon).value > best.value


def test_without_smoothing_the_logits_are_driven_apart_for_ever():
    assert losses.optimal_logit_gap(10, 0.0) == math.inf
    falling = [losses.cross_entropy([[gap, 0.0]], [0]).value for gap in (1, 10, 30)]
    assert falling[0] > falling[1] > falling[2] > 0
    assert losses.smoothed([1], 3, 0).tolist() == [[0, 1, 0]]


@given(logits_of_items, indices)
def test_focal_is_cross_entropy_where_gamma_is_0(z, y):
    plain, focal = losses.cross_entropy(z, y), losses.multiclass_focal(z, y, gamma=0)
    assert focal.value == pytest.approx(plain.value, rel=1e-12, abs=1e-14)
    assert focal.gradient == pytest.approx(plain.gradient, abs=1e-14)
    masks = np.eye(CLASSES)[y]
    plain, focal = losses.binary_cross_entropy_of_logits(z, masks), losses.focal(z, masks, gamma=0)
    assert focal.value == pytest.approx(plain.value, rel=1e-12, abs=1e-14)
    assert focal.gradient == pytest.approx(plain.gradient, abs=1e-14)
    half = losses.focal(z, masks, gamma=2, alpha=0.5)
    assert half.value == pytest.approx(losses.focal(z, masks, gamma=2).value / 2, rel=1e-12)


@given(arrays(np.float64, (5,), elements=scores), arrays(np.int64, (5,), elements=st.integers(0, 1)))
def test_two_classes_are_one_logit(z, y):
    """The difference of two logits is the logit of the second class."""
    both = np.stack([np.zeros_like(z), z], axis=1)
    one, two = losses.binary_cross_entropy_of_logits(z, y), losses.cross_entropy(both, y)
    assert two.value == pytest.approx(one.value, rel=1e-12, abs=1e-14)
    assert two.gradient[:, 1] == pytest.approx(one.gradient, abs=1e-14)
    assert two.gradient.sum(axis=1) == pytest.approx(np.zeros(5), abs=1e-15)
    assert losses.binary_cross_entropy(sigmoid(z), y).value == pytest.approx(one.value, rel=1e-9, abs=1e-14)
    focal = losses.focal(z, y, gamma=1.5)
    assert losses.multiclass_focal(both, y, gamma=1.5).value == pytest.approx(focal.value, rel=1e-12, abs=1e-14)


@given(logits_of_items, seeds)
def test_cross_entropy_is_that_of_information(z, seed):
    p = rows_of_probabilities(seed)
    each = losses.cross_entropy(z, p, reduction="none").value
    assert each == pytest.approx(information.cross_entropy(p, softmax(z)), rel=1e-12, abs=1e-14)


def test_the_squared_errors_gradient_vanishes_where_the_model_is_surely_wrong():
    for z in (10.0, 30.0, 300.0):
        squared = abs(float(losses.mean_squared_error_of_sigmoid(-z, 1).gradient))
        assert squared == pytest.approx(2 * math.exp(-z), rel=1e-3)
        assert losses.binary_cross_entropy_of_logits(-z, 1).gradient == pytest.approx(-1, abs=1e-4)
        assert np.abs(losses.mean_squared_error_of_softmax([[z, 0.0]], [1]).gradient).max() < 2.1 * math.exp(-z)
        assert losses.cross_entropy([[z, 0.0]], [1]).gradient[0] == pytest.approx([1, -1], abs=1e-4)


@given(logits_of_items, indices, positives)
def test_weights_that_are_equal_change_no_mean(z, y, weights):
    plain = losses.cross_entropy(z, y)
    same = losses.cross_entropy(z, y, class_weights=np.full(CLASSES, weights[0]))
    assert same.value == pytest.approx(plain.value, rel=1e-12)
    each = losses.cross_entropy(z, y, class_weights=weights, reduction="none").value
    assert each == pytest.approx(weights[y] * losses.cross_entropy(z, y, reduction="none").value, rel=1e-12)
    mean = losses.cross_entropy(z, y, class_weights=weights).value
    assert mean == pytest.approx(each.sum() / weights[y].sum(), rel=1e-12)


def test_dice_of_hard_masks_is_that_of_counts():
    said, truth = np.array([[[1, 1, 1, 0, 0]]]), np.array([[[1, 1, 0, 0, 1]]])
    assert losses.dice(said, truth).value == pytest.approx(1 - 2 * 2 / (3 + 3))
    assert losses.dice(truth, truth).value == 0
    assert losses.dice(1 - truth, truth).value == 1
    assert losses.dice(said, np.zeros_like(truth)).value == 0


def test_inputs_are_left_as_they_are():
    z, y, w, p = np.array([[1.0, 2.0, 0.5]]), np.array([1]), np.array([1.0, 2.0, 3.0]), np.array([[0.2, 0.5, 0.3]])
    kept = [a.copy() for a in (z, y, w, p)]
    for array in (z, y, w, p):
        array.flags.writeable = False
    losses.cross_entropy(z, y, label_smoothing=0.1, class_weights=w, reduction="none")
    losses.cross_entropy(z, p)
    losses.multiclass_focal(z, y, alpha=w)
    losses.mean_squared_error_of_softmax(z, p)
    losses.label_smoothing_closed_form(z, y, 0.1)
    losses.dice(p[:, :, None], np.eye(3)[y][:, :, None])
    assert all((a == b).all() for a, b in zip((z, y, w, p), kept, strict=True))
    losses.one_hot(p, 3)[:] = 0
    assert (p == kept[3]).all()


# Bad input


BAD = {
    "a probability above 1": (lambda: losses.binary_cross_entropy([0.2, 1.2], [0, 1]), "1.2 at index 1", "[0, 1]"),
    "a probability below 0": (lambda: losses.binary_cross_entropy(-0.1, 1), "-0.1", "[0, 1]"),
    "a target above 1": (lambda: losses.binary_cross_entropy_of_logits([0.0], [2]), "2 at index 0", "[0, 1]"),
    "a sum that is not 1": (lambda: losses.cross_entropy([[0.0, 1.0]], [[0.5, 0.4]]), "0.9 at index 0", "sum to 1"),
    "ε of 1": (lambda: losses.cross_entropy([[0.0, 1.0]], [0], label_smoothing=1), "1", "[0, 1)"),
    "ε below 0": (lambda: losses.smoothed([0], 2, -0.1), "-0.1", "[0, 1)"),
    "ε that is NaN": (lambda: losses.optimal_logit_gap(3, math.nan), "nan", "finite"),
    "ε in words": (lambda: losses.smoothed([0], 2, "some"), "could not convert", "numbers"),
    "one target for a table": (lambda: losses.cross_entropy([[0.0, 1.0]], 0), "()", "(b, 2)"),
    "many γ": (lambda: losses.focal([0.0], [1], gamma=[1, 2]), "(2,)", "one number"),
    "a class too many": (lambda: losses.cross_entropy([[0.0, 1.0]], [2]), "2 at index 0", "0 … 1"),
    "a class below 0": (lambda: losses.multiclass_focal([[0.0, 1.0]], [-1]), "-1 at index 0", "0 … 1"),
    "classes that are no integers": (lambda: losses.cross_entropy([[0.0, 1.0]], [0.5]), "float64", "integers"),
    "NaN": (lambda: losses.cross_entropy([[0.0, math.nan]], [0]), "nan at index (0, 1)", "finite"),
    "an infinite logit": (lambda: softmax([0.0, math.inf]), "inf at index 1", "finite"),
    "words": (lambda: softmax(["a"]), "could not convert", "numbers"),
    "ragged rows": (lambda: losses.cross_entropy([[0.0], [0.0, 1.0]], [0, 0]), "inhomogeneous", "numbers"),
    "shapes that differ": (lambda: losses.binary_cross_entropy([0.1, 0.2], [0]), "(1,)", "(2,)"),
    "one row of logits": (lambda: losses.cross_entropy([0.0, 1.0], [0]), "(2,)", "(b, K)"),
    "too few targets": (lambda: losses.cross_entropy([[0.0, 1.0]] * 3, [0, 1]), "2", "3 targets"),
    "distributions over too few classes": (lambda: losses.cross_entropy([[0.0] * 3], [[1.0, 0.0]]), "(1, 2)", "(b, 3)"),
    "too few weights": (lambda: losses.cross_entropy([[0.0, 1.0]], [0], class_weights=[1.0]), "(1,)", "(2,)"),
    "a weight below 0": (
        lambda: losses.multiclass_focal([[0.0, 1.0]], [0], alpha=[-1, 1]),
        "-1 at index 0",
        "0 or more",
    ),
    "weights of nothing": (lambda: losses.cross_entropy([[0.0, 1.0]], [0], class_weights=[0, 1]), "none", "above 0"),
    "no items": (lambda: losses.binary_cross_entropy([], []), "none", "items"),
    "γ below 0": (lambda: losses.focal([0.0], [1], gamma=-1), "-1", "0 or more"),
    "α above 1": (lambda: losses.focal([0.0], [1], alpha=2), "2", "[0, 1]"),
    "a mask of halves": (lambda: losses.dice([[[0.5]]], [[[0.5]]]), "0.5 at index (0, 0, 0)", "0 or 1"),
    "maps without classes": (lambda: losses.dice([0.5], [1]), "(1,)", "(b, K, …)"),
    "one class has no gap": (lambda: losses.optimal_logit_gap(1, 0.1), "1", "2 or more"),
    "a unit that is none": (lambda: convert(1.0, "bit"), "'bit'", "nats, bits or digits"),
    "a reduction that is none": (lambda: losses.binary_cross_entropy(0.5, 1, reduction="average"), "'average'", "mean"),
    "no axis": (lambda: softmax(1.0), "()", "axis"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_with_its_rule(name):
    call, got, expected = BAD[name]
    with pytest.raises(InputError) as error:
        call()
    assert got in error.value.got
    assert expected in error.value.expected
    assert error.value.fix
