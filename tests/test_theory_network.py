"""The two-layer network, descent, first weights and batch norm: finite differences, laws, and torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.theory import batch_norm, descent, initialise, network
from optotype.theory.network import Parameters

seeds = st.integers(0, 10_000)
sizes = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
few = settings(max_examples=25, deadline=None)


def case(seed, inputs=3, hidden=4, classes=3, items=5):
    rng = np.random.default_rng(seed)
    parameters = network.initial(inputs, hidden, classes, rng)
    biased = parameters._replace(b1=rng.normal(size=(hidden, 1)), b2=rng.normal(size=(classes, 1)))
    return biased, rng.normal(size=(inputs, items)), rng.dirichlet(np.ones(classes), items).T


def differences(function, at, width=1e-6):
    """The slope of a function of an array by central differences."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        moved = at.copy()
        moved[place] += width
        above = function(moved)
        moved[place] -= 2 * width
        found[place] = (above - function(moved)) / (2 * width)
    return found


# the network


@given(seeds, sizes)
@few
def test_gradients_of_the_network_equal_finite_differences(seed, size):
    parameters, X, Y = case(seed, *size)
    activations = network.forward(parameters, X)
    if np.abs(activations.z1).min() < 1e-4:
        return  # the kink of LeakyReLU lies within the difference
    gradients = network.backward(parameters, X, Y, activations)
    for name, gradient in gradients._asdict().items():
        expected = differences(
            lambda value, name=name: network.loss(Y, network.forward(parameters._replace(**{name: value}), X)),
            getattr(parameters, name),
        )
        assert gradient == pytest.approx(expected, abs=1e-8), name


@given(seeds, sizes)
@few
def test_the_network_equals_torch(seed, size):
    torch = pytest.importorskip("torch")
    parameters, X, Y = case(seed, *size)
    leaves = [torch.tensor(p, requires_grad=True) for p in parameters]
    W1, b1, W2, b2 = leaves
    z2 = W2 @ torch.nn.functional.leaky_relu(W1 @ torch.tensor(X) + b1) + b2
    loss = torch.nn.functional.cross_entropy(z2.T, torch.tensor(Y.T))
    loss.backward()
    activations = network.forward(parameters, X)
    assert network.loss(Y, activations) == pytest.approx(loss.item(), abs=1e-12)
    assert activations.probabilities == pytest.approx(z2.softmax(0).detach().numpy(), abs=1e-12)
    for ours, leaf in zip(network.backward(parameters, X, Y, activations), leaves, strict=True):
        assert ours == pytest.approx(leaf.grad.numpy(), abs=1e-12)


def test_leaky_relu_at_its_kink_is_torchs():
    torch = pytest.importorskip("torch")
    z = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64, requires_grad=True)
    out = torch.nn.functional.leaky_relu(z)
    out.sum().backward()
    assert network.leaky_relu(z.detach().numpy()) == pytest.approx(out.detach().numpy())
    assert network.leaky_relu_slope(z.detach().numpy()) == pytest.approx(z.grad.numpy())


def test_class_indices_are_one_hot_columns():
    parameters, X, _ = case(1)
    truth = np.array([0, 2, 1, 1, 0])
    activations = network.forward(parameters, X)
    columns = np.eye(3)[:, truth]
    assert network.loss(truth, activations) == network.loss(columns, activations)
    by_index, by_column = (network.backward(parameters, X, Y, activations).W1 for Y in (truth, columns))
    assert by_index == pytest.approx(by_column)


def test_the_loss_of_huge_logits_is_finite():
    parameters = Parameters([[1e4]], [[0.0]], [[1.0], [-1.0]], [[0.0], [0.0]])
    assert network.loss([1], network.forward(parameters, [[1.0]])) == pytest.approx(2e4)


@pytest.mark.parametrize(
    ("change", "where", "names"),
    [
        ({"W2": np.zeros((3, 5))}, "W2", ["(K, 4)", "(3, 5)"]),
        ({"b1": np.zeros(4)}, "b1", ["(4, 1)", "(4,)"]),
        ({"b2": np.zeros((1, 3))}, "b2", ["(3, 1)", "(1, 3)"]),
        ({"W1": np.zeros(4)}, "W1, W2", ["(4,)"]),
        ({"W1": np.full((4, 3), np.nan)}, "W1", ["nan"]),
    ],
)
def test_parameters_that_do_not_fit_are_named(change, where, names):
    parameters, X, _ = case(0)
    with pytest.raises(InputError) as error:
        network.forward(parameters._replace(**change), X)
    assert error.value.where == where
    assert all(name in str(error.value) for name in names)


@pytest.mark.parametrize(
    ("Y", "words"),
    [
        ([0, 1, 2, 0], "5 class indices, or distributions of shape \\(3, 5\\)"),
        ([0, 1, 2, 0, 3], "0 … 2"),
        (np.full((3, 5), 0.5), "sum to 1"),
        (np.full((5, 3), 1 / 3), "shape \\(5, 3\\)"),
    ],
)
def test_truth_that_does_not_fit_is_refused(Y, words):
    parameters, X, _ = case(0)
    with pytest.raises(InputError, match=words):
        network.loss(Y, network.forward(parameters, X))


def test_items_or_activations_of_another_network_are_refused():
    parameters, X, Y = case(0)
    activations = network.forward(parameters, X)
    with pytest.raises(InputError, match="shape \\(3, m\\)"):
        network.forward(parameters, X.T)
    with pytest.raises(InputError, match="Run forward"):
        network.backward(parameters, X[:, :2], Y, activations)


# descent


def test_the_two_penalties_differ_by_a_factor_of_two_in_lambda():
    w, gradient = np.array([[1.0, -2.0]]), np.array([[0.5, 0.25]])
    half = descent.step(w, gradient, rate=0.1, l2=0.6)
    assert half == pytest.approx(w - 0.1 * (gradient + 0.6 * w))
    assert descent.step(w, gradient, rate=0.1, l2=0.3, penalty="full") == pytest.approx(half)
    assert descent.step(w, np.zeros_like(w), rate=0.1, l2=0.5) == pytest.approx((1 - 0.05) * w)
    assert w.tolist() == [[1.0, -2.0]]


@pytest.mark.parametrize(("penalty", "share"), [("half", 0.5), ("full", 1.0)])
def test_a_step_follows_the_gradient_of_its_penalty(penalty, share):
    """The decay is the slope of λ/2·‖w‖² or λ·‖w‖²."""
    w, l2 = np.array([1.5, -0.5, 2.0]), 0.7
    slope = differences(lambda value: share * l2 * float((value**2).sum()), w)
    stepped = descent.step(w, np.zeros(3), rate=0.2, l2=l2, penalty=penalty)
    assert stepped == pytest.approx(w - 0.2 * slope, abs=1e-9)


def test_descent_equals_torchs_sgd_with_weight_decay():
    torch = pytest.importorskip("torch")
    parameters, X, Y = case(3)
    ours = descent.descend(
        network.objective(X, Y), parameters._asdict(), weights=["W1", "W2"], rate=0.3, steps=7, l2=0.05
    )
    W1, b1, W2, b2 = leaves = [torch.tensor(p, requires_grad=True) for p in parameters]
    groups = [{"params": [W1, W2], "weight_decay": 0.05}, {"params": [b1, b2]}]
    optimizer = torch.optim.SGD(groups, lr=0.3)
    losses = []
    for _ in range(7):
        optimizer.zero_grad()
        z2 = W2 @ torch.nn.functional.leaky_relu(W1 @ torch.tensor(X) + b1) + b2
        loss = torch.nn.functional.cross_entropy(z2.T, torch.tensor(Y.T))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert ours.losses[:-1] == pytest.approx(losses, abs=1e-12)
    for value, leaf in zip(ours.parameters.values(), leaves, strict=True):
        assert value == pytest.approx(leaf.detach().numpy(), abs=1e-12)


def test_weights_stay_smaller_with_a_penalty_and_the_start_is_not_touched():
    parameters, X, _ = case(5, items=30)
    Y, start = np.arange(30) % 3, parameters._asdict()
    before = {name: value.copy() for name, value in start.items()}
    free, held = (
        descent.descend(network.objective(X, Y), start, weights=["W1", "W2"], rate=0.5, steps=150, l2=l2)
        for l2 in (0.0, 0.05)
    )
    assert free.norms[0] == held.norms[0] == descent.norm([parameters.W1, parameters.W2])
    assert held.norms[-1] < 0.7 * free.norms[-1]
    assert free.losses[-1] < held.losses[-1] < free.losses[0]
    assert len(free.losses) == len(free.norms) == 151
    assert all((start[name] == before[name]).all() for name in start)


def test_biases_do_not_decay():
    def flat(at):
        return 0.0, {name: np.zeros_like(value) for name, value in at.items()}

    found = descent.descend(flat, {"W": [[2.0]], "b": [[2.0]]}, weights=["W"], rate=0.5, steps=1, l2=1.0)
    assert found.parameters["W"].item() == 1.0
    assert found.parameters["b"].item() == 2.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": 0.0}, "learning rate above 0"),
        ({"l2": -1.0}, "0 or more"),
        ({"penalty": "third"}, "half .* or full"),
        ({"steps": -1}, "0 or more"),
        ({"weights": ["v"]}, "names of parameters"),
        ({"rate": 1e200}, "smaller learning rate"),
    ],
)
def test_a_descent_that_cannot_be_is_refused(change, words):
    def bowl(at):
        with np.errstate(over="ignore"):
            return float((at["w"] ** 2).sum()), {"w": 2 * at["w"]}

    settings_ = {"weights": ["w"], "rate": 0.1, "steps": 3, **change}
    with pytest.raises(InputError, match=words):
        descent.descend(bowl, {"w": np.array([1.0])}, **settings_)


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(InputError, match="the shape of the weights, \\(2, 1\\)"):
        descent.step([[1.0], [2.0]], [1.0, 2.0], rate=0.1)


# first weights


@pytest.mark.parametrize("shape", [(64, 300), (300, 64), (16, 12, 5, 3)])
@pytest.mark.parametrize("slope", [0.0, 0.01, 0.5])
def test_first_weights_follow_torchs_formulas(shape, slope):
    torch = pytest.importorskip("torch")
    init, rng = torch.nn.init, np.random.default_rng(0)
    fan_in, _ = initialise.fans(shape)
    assert initialise.fans(shape) == init._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert initialise.leaky_gain(slope) == pytest.approx(init.calculate_gain("leaky_relu", slope))
    he = init.calculate_gain("leaky_relu", slope) / np.sqrt(fan_in)
    xavier = np.sqrt(2 / sum(initialise.fans(shape)))
    for drawn, std, uniform in (
        (initialise.he_normal(shape, rng, slope=slope), he, False),
        (initialise.he_uniform(shape, rng, slope=slope), he, True),
        (initialise.xavier_normal(shape, rng), xavier, False),
        (initialise.xavier_uniform(shape, rng), xavier, True),
        (initialise.xavier_normal(shape, rng, gain=2.0), 2 * xavier, False),
    ):
        assert drawn.shape == shape
        assert drawn.std() == pytest.approx(std, rel=0.05)
        assert abs(drawn.mean()) < 4 * std / np.sqrt(drawn.size)
        largest = np.abs(drawn).max() / std
        assert 1.68 < largest <= np.sqrt(3) if uniform else largest > 2.5


def deep(weights, slope, layers=30, width=200):
    """Mean square of the activations behind a deep stack that starts with mean square 1."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(width, 100))
    for _ in range(layers):
        x = network.leaky_relu(weights((width, width), rng) @ x, slope)
    return float((x**2).mean())


def test_he_keeps_the_size_of_activations_through_a_deep_stack_and_xavier_does_not():
    slope = 0.2
    assert 0.3 < deep(lambda shape, rng: initialise.he_normal(shape, rng, slope=slope), slope) < 3
    assert 0.3 < deep(lambda shape, rng: initialise.he_uniform(shape, rng, slope=slope), slope) < 3
    lost = (0.5 * (1 + slope**2)) ** 30  # what 30 LeakyReLUs leave of the variance
    assert 0.3 < deep(initialise.xavier_normal, slope) / lost < 3
    assert 0.3 < deep(initialise.xavier_uniform, 1.0) < 3


@pytest.mark.parametrize("shape", [(5,), (3, 0), ()])
def test_shapes_without_a_fan_in_are_refused(shape):
    with pytest.raises(InputError, match="fan-in"):
        initialise.fans(shape)


# batch norm

batches = st.sampled_from([(4, 3), (2, 1), (3, 2, 4, 5), (1, 2, 2, 1)])


@given(seeds, batches, st.sampled_from([1e-5, 1e-2]))
@few
def test_batch_norm_equals_torch(seed, shape, epsilon):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x, out = rng.normal(3, 2, shape), rng.normal(size=shape)
    g, b = rng.normal(size=(2, shape[1]))
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    layer = kind(shape[1], eps=epsilon, momentum=0.3, dtype=torch.float64)
    layer.weight.data, layer.bias.data = torch.tensor(g), torch.tensor(b)
    leaf = torch.tensor(x, requires_grad=True)
    theirs = layer(leaf)
    theirs.backward(torch.tensor(out))

    ours = batch_norm.train(x, g, b, epsilon=epsilon)
    assert ours.output == pytest.approx(theirs.detach().numpy(), abs=1e-10)
    by = batch_norm.backward(out, g, ours)
    assert by.x == pytest.approx(leaf.grad.numpy(), rel=1e-7, abs=1e-8)
    assert by.scale == pytest.approx(layer.weight.grad.numpy(), abs=1e-10)
    assert by.shift == pytest.approx(layer.bias.grad.numpy(), abs=1e-10)

    running = batch_norm.update(batch_norm.start(shape[1]), ours, momentum=0.3)
    assert running.mean == pytest.approx(layer.running_mean.numpy(), abs=1e-12)
    assert running.variance == pytest.approx(layer.running_var.numpy(), abs=1e-12)
    expected = layer.eval()(torch.tensor(x)).detach().numpy()
    assert batch_norm.infer(x, g, b, running, epsilon=epsilon) == pytest.approx(expected, abs=1e-10)


@given(seeds)
@few
def test_batch_norm_gradients_equal_finite_differences(seed):
    rng = np.random.default_rng(seed)
    x, out, g, b = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)), rng.normal(size=2), rng.normal(size=2)
    by = batch_norm.backward(out, g, batch_norm.train(x, g, b, epsilon=0.1))

    def loss(x=x, g=g, b=b):
        return float((batch_norm.train(x, g, b, epsilon=0.1).output * out).sum())

    assert by.x == pytest.approx(differences(lambda v: loss(x=v), x), abs=1e-7)
    assert by.scale == pytest.approx(differences(lambda v: loss(g=v), g), abs=1e-7)
    assert by.shift == pytest.approx(differences(lambda v: loss(b=v), b), abs=1e-7)


@given(seeds, st.floats(-1e6, 1e6), st.floats(0.1, 1e3))
@few
def test_batch_norm_ignores_an_offset_and_a_factor(seed, offset, factor):
    x = np.random.default_rng(seed).normal(size=(8, 2))
    plain = batch_norm.train(x, [1, 1], [0, 0], epsilon=0.0)
    moved = batch_norm.train(factor * x + offset, [1, 1], [0, 0], epsilon=0.0)
    assert moved.output == pytest.approx(plain.output, abs=1e-6)
    assert plain.output.mean(0) == pytest.approx([0, 0], abs=1e-12)
    assert plain.output.var(0) == pytest.approx([1, 1])


def test_a_channel_that_is_constant_needs_epsilon():
    x = np.ones((3, 1))
    assert batch_norm.train(x, [2], [7]).output.ravel().tolist() == [7, 7, 7]
    with pytest.raises(InputError, match="constant needs ε > 0"):
        batch_norm.train(x, [2], [7], epsilon=0.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: batch_norm.train(np.ones((1, 3)), np.ones(3), np.ones(3)), "at least 2 numbers"),
        (lambda: batch_norm.train(np.ones((4, 3)), np.ones(2), np.ones(3)), "one number for each channel"),
        (lambda: batch_norm.train(np.ones((4, 3, 2)), np.ones(3), np.ones(3)), "\\(m, C, H, W\\)"),
        (lambda: batch_norm.train(np.full((4, 1), np.inf), [1], [1]), "finite"),
        (lambda: batch_norm.infer([[1.0]], [1], [1], batch_norm.Running(np.zeros(1), -np.ones(1))), "0 or more"),
        (
            lambda: batch_norm.update(batch_norm.start(1), batch_norm.train([[1], [2]], [1], [0]), momentum=1.5),
            "share in \\[0, 1\\]",
        ),
        (lambda: batch_norm.backward([[1.0]], [1], batch_norm.train([[1], [2]], [1], [0])), "shape \\(2, 1\\)"),
    ],
)
def test_batches_that_cannot_be_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
