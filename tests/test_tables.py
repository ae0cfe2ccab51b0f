"""Tables refuse what is wrong when they are built, and cannot be changed afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.tables import Items, Labels

CLASSES = ("a", "b", "c")


def labels(n: int = 4, scores: np.ndarray | None = None) -> Labels:
    return Labels(Items.of([f"{i}" for i in range(n)]), CLASSES, np.zeros(n, np.int32), scores)


def test_arrays_are_read_only():
    table = labels(scores=np.full((4, 3), 1 / 3))
    for array in (table.label, table.scores, table.items.key, table.items.group):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


def test_a_repeated_key_is_named():
    with pytest.raises(InputError, match="'x' 3 times"):
        Items.of(["x", "y", "x", "x"])


def test_ragged_columns_are_refused():
    with pytest.raises(InputError, match="column 'iso'"):
        Items.of(["x", "y"], columns={"iso": np.array([100])})


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_outside_the_classes_is_refused(label):
    with pytest.raises(InputError, match="class index in 0…2"):
        Labels(Items.of(["x"]), CLASSES, np.array([label], np.int32))


def test_a_repeated_class_is_refused():
    with pytest.raises(InputError, match="every name once"):
        Labels(Items.of(["x"]), ("a", "a"), np.zeros(1, np.int32))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ([np.nan, 0.5, 0.5], "finite"),
        ([np.inf, 0.0, 0.0], "finite"),
        ([0.5, 0.6, -0.1], "sum to 1"),
        ([0.3, 0.3, 0.3], "sum to 1"),
        ([2.0, -1.0, 0.0], "sum to 1"),
    ],
)
def test_scores_that_are_no_probabilities_are_refused_with_the_item(row, what):
    scores = np.full((4, 3), 1 / 3)
    scores[2] = row
    with pytest.raises(InputError, match=what) as caught:
        labels(scores=scores)
    assert "'2'" in str(caught.value)


def test_scores_of_another_shape_are_refused():
    with pytest.raises(InputError, match="items × classes"):
        labels(scores=np.full((4, 2), 0.5))


@given(st.lists(st.integers(0, 9), unique=True, max_size=10))
def test_take_keeps_rows_together(index):
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(3), 10)
    items = Items.of(
        [f"{i}" for i in range(10)], group=[f"g{i % 3}" for i in range(10)], columns={"iso": np.arange(10)}
    )
    whole = Labels(items, CLASSES, rng.integers(0, 3, 10).astype(np.int32), scores)
    part = whole.take(np.array(index, np.intp))
    assert part.items.key.tolist() == [f"{i}" for i in index]
    assert part.items.columns["iso"].tolist() == index
    assert part.items.group.tolist() == [f"g{i % 3}" for i in index]
    assert (part.scores == scores[index]).all()
    assert (part.label == whole.label[index]).all()


def test_an_item_without_group_stands_for_itself_and_never_meets_a_named_group():
    items = Items.of(["a", "b", "c"], group=["", "a", "a"])
    groups = items.groups()
    assert groups[1] == groups[2] == "a"
    assert groups[0] != "a"
