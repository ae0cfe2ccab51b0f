"""Assignment against SciPy's, pair by pair, on matrices full of ties."""

from __future__ import annotations

import numpy as np
import pytest

from optotype.kernels.assignment import assign, assign_sparse
from optotype.kernels.identity import heaviest

optimize = pytest.importorskip("scipy.optimize")


def matrix(seed: int) -> np.ndarray:
    """Up to 12 × 12: small integers, multiples of a third, reals, or mostly zeros with repeated values and rows."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(0, 13, 2))
    kind = seed % 6
    if kind == 0:
        return rng.integers(0, 4, shape).astype(float)
    if kind == 1:
        return rng.integers(-3, 4, shape) / 3
    if kind == 2:
        return rng.normal(size=shape)
    if kind == 3:
        return np.zeros(shape)
    sparse = np.where(rng.random(shape) < 0.25, rng.choice([0.5, 2 / 3, 0.7, 1.0], shape), 0.0)
    if kind == 4 and shape[0] > 1:
        sparse[-1] = sparse[0]
    return sparse + 1000 * (sparse > 0) * (rng.random(shape) < 0.2)


def theirs(cost: np.ndarray, *, maximize: bool = False) -> np.ndarray:
    partner = np.full(cost.shape[0], -1)
    rows, columns = optimize.linear_sum_assignment(cost, maximize=maximize)
    partner[rows] = columns
    return partner


def ours(cost: np.ndarray) -> np.ndarray:
    partner = np.full(cost.shape[0], 7)
    assign(np.ascontiguousarray(cost), partner)
    return partner


def sparse(weight: np.ndarray) -> tuple[np.ndarray, bool]:
    row, column = (np.ascontiguousarray(index) for index in np.nonzero(weight > 0))
    partner = np.full(weight.shape[0], 7)
    settled = assign_sparse(*weight.shape, len(row), row, column, np.ascontiguousarray(weight[row, column]), partner)
    return partner, settled


def weighing(weight: np.ndarray) -> np.ndarray:
    """SciPy's partners of the whole matrix whose weight is above 0."""
    partner = theirs(weight, maximize=True)
    for i, j in enumerate(partner):
        if j >= 0 and weight[i, j] <= 0:
            partner[i] = -1
    return partner


def test_every_choice_is_scipys():
    differing = [seed for seed in range(6000) if not np.array_equal(ours(matrix(seed)), theirs(matrix(seed)))]
    assert not differing


def test_maximising_is_minimising_the_negative():
    for seed in range(600):
        assert np.array_equal(ours(-matrix(seed)), theirs(matrix(seed), maximize=True))


def test_sparse_gives_the_weighing_pairs_of_the_whole_matrix_and_often_without_solving_it():
    unsolved = 0
    for seed in range(6000):
        weight = np.maximum(matrix(seed), 0)
        partner, settled = sparse(weight)
        assert np.array_equal(partner, weighing(weight)), seed
        unsolved += settled and bool((weight > 0).any())
    assert unsolved > 1000


def test_what_settles_a_pair_is_more_than_being_the_best_of_row_and_column():
    """3 is the best of its row and its column, but 2 + 2 is more."""
    weight = np.array([[3.0, 2.0], [2.0, 0.0]])
    assert sparse(weight)[0].tolist() == [1, 0]


def test_a_lead_within_rounding_settles_nothing():
    weight = np.array([[0.5, 0.5 + 1e-16 * 4]])
    assert not sparse(weight)[1]
    assert np.array_equal(sparse(weight)[0], weighing(weight))


def test_large_matrices():
    rng = np.random.default_rng(1)
    for shape in [(150, 140), (90, 200), (1, 300)]:
        cost = np.round(rng.random(shape), 2)
        assert np.array_equal(ours(cost), theirs(cost))


def test_the_heaviest_sum_of_whole_numbers():
    for seed in range(3000):
        rng = np.random.default_rng(seed)
        shape = tuple(rng.integers(1, 25, 2))
        weight = rng.integers(1, 5, shape) * (rng.random(shape) < rng.choice([0.05, 0.15, 0.5])) * 1.0
        row, column = (np.ascontiguousarray(index) for index in np.nonzero(weight))
        found = heaviest(*shape, row, column, np.ascontiguousarray(weight[row, column]))
        assert found == weight[optimize.linear_sum_assignment(weight, maximize=True)].sum(), seed
