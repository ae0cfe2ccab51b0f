"""One model on two data sets, on evidence that is made by hand or drawn."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optotype.class_maps import ClassMap, plain
from optotype.diagnose.domains import Crossing, cross, encode
from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.results import Counts, Provenance, Result, Source

VOID, OTHER = 255, 254
Cell = tuple[int, int, int, int]


def evidence_of(
    classes: Sequence[str], cells: Sequence[Cell], items: int, groups: Sequence[str] | None = None
) -> Evidence:
    """Evidence of (item, truth, said, n)."""
    rows = np.array(sorted(cells), np.int64).reshape(-1, 4)
    columns = {"truth": rows[:, 1].astype(np.uint8), "said": rows[:, 2].astype(np.uint8), "n": rows[:, 3]}
    keys = np.array([f"{i:04}" for i in range(items)])
    return Evidence("segment", tuple(classes), keys, keys, {"pixels": Rows(rows[:, 0].astype(np.int32), columns)})


def result_of(evidence: Evidence, void: str = "truth-dropped") -> Result:
    n = Counts(len(evidence), len(set(evidence.groups.tolist())), 0, 0, len(evidence.classes))
    source = Source("x", "0")
    provenance = Provenance(source, source, "0", "", "")
    return Result(task="segment", protocol={"void": void}, n=n, metrics={}, provenance=provenance)


def crossed(first: Evidence, second: Evidence, *, void: str = "truth-dropped", **options: object) -> Crossing:
    results = [result_of(first, void), result_of(second)]
    return cross(results, [first, second], ["north", "south"], **{"resamples": 200, **options})  # type: ignore[arg-type]


def drawn(rng: np.random.Generator, items: int, K: int = 3, right: float = 0.8, classes: str = "abc") -> Evidence:
    """Every class in every image, right with a probability that varies from image to image."""
    cells = []
    for item, truth in itertools.product(range(items), range(K)):
        share = np.clip(rng.normal(right, 0.05), 0, 1)
        said = rng.multinomial(1000, [share if k == truth else (1 - share) / K for k in range(K + 1)])
        cells += [(item, truth, k if k < K else OTHER, int(n)) for k, n in enumerate(said) if n]
    return evidence_of(classes, cells, items)


def naive(evidence: Evidence, joint: Sequence[str], to: dict[str, str]) -> tuple[dict[str, float], float]:
    """IoU of each class with truth, and pixel accuracy, counted pixel kind by pixel kind."""
    rows, found = evidence["pixels"], Counter()
    for truth, said, n in zip(rows["truth"].tolist(), rows["said"].tolist(), rows["n"].tolist(), strict=True):
        name = to.get(evidence.classes[truth]) if truth < len(evidence.classes) else None
        other = to.get(evidence.classes[said]) if said < len(evidence.classes) else None
        if name is not None:
            found[name, other] += n
    iou = {}
    for name in joint:
        truth = sum(n for (t, _), n in found.items() if t == name)
        said = sum(n for (_, s), n in found.items() if s == name)
        if truth:
            iou[name] = found[name, name] / (truth + said - found[name, name])
    return iou, sum(found[name, name] for name in joint) / max(sum(found.values()), 1)


SETS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([0, 1, 2, OTHER, VOID]), st.sampled_from([0, 1, 2, OTHER, VOID]),
        st.integers(1, 90),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@given(first=SETS, second=SETS)
def test_numbers_are_those_of_counting_one_by_one(first: list[Cell], second: list[Cell]) -> None:
    sides = [evidence_of("xyz", list({cell[:3]: cell for cell in cells}.values()), 4) for cells in (first, second)]
    joint = ClassMap(("P", "Q"), {"x": "P", "z": "P", "y": "Q"})
    told = [naive(side, joint.classes, {"x": "P", "z": "P", "y": "Q"}) for side in sides]
    both = sorted(set(told[0][0]) & set(told[1][0]))
    if not both:
        with pytest.raises(InputError, match="--map-classes"):
            crossed(*sides, classes=joint)
        return
    found = crossed(*sides, classes=joint, resamples=0)
    assert sorted(found.compared) == both
    for row in found.per_class:
        for value, (iou, _) in zip((row.iou.first.value, row.iou.second.value), told, strict=True):
            assert value == (pytest.approx(iou[row.name]) if row.name in iou else None)
    accuracy, miou = found.metrics["pixel_accuracy"], found.metrics["miou"]
    assert (accuracy.first.value, accuracy.second.value) == pytest.approx((told[0][1], told[1][1]))
    assert miou.first.value == pytest.approx(np.mean([told[0][0][name] for name in both]))
    parts = (found.mix.recall.value or 0.0) + (found.mix.shares.value or 0.0)
    assert parts == pytest.approx(accuracy.difference.value, abs=1e-12), "the parts add up to the whole"


def test_the_same_data_twice_shows_nothing() -> None:
    side = drawn(np.random.default_rng(0), 40)
    found = crossed(side, side)
    assert all(shift.difference.value == 0 and not shift.difference.shown for shift in found.metrics.values())
    assert not any(row.iou.difference.shown for row in found.per_class)


def test_a_planted_confusion_comes_first() -> None:
    rng = np.random.default_rng(1)
    first, second = drawn(rng, 60), drawn(rng, 50)
    rows = second["pixels"]
    moved = rows["n"].copy()
    a_right, a_as_b = ((rows["truth"] == 0) & (rows["said"] == said) for said in (0, 1))
    take = moved[a_right] // 2
    moved[a_right] -= take
    moved[np.flatnonzero(a_as_b)] += take[: a_as_b.sum()]
    planted = Rows(rows.item, {**rows.columns, "n": moved})
    found = crossed(first, Evidence("segment", second.classes, second.keys, second.groups, {"pixels": planted}))
    top = found.confusions[0]
    assert (top.truth, top.said) == ("a", "b")
    assert top.difference.shown
    assert top.difference.p_holm is not None
    assert top.difference.p_holm < 0.001
    assert found.per_class[0].name in "ab", "b gains false pixels, a loses right ones"
    assert found.mix.recall.value == pytest.approx(found.metrics["pixel_accuracy"].difference.value), "same shares"


def test_intervals_hold_the_truth_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(2)
    held = []
    for _ in range(60):
        first, second = drawn(rng, 40, right=0.8), drawn(rng, 60, right=0.7)
        found = crossed(first, second, threads=1, resamples=100)
        row = next(row for row in found.per_class if row.name == "b")
        low, high = row.recall.difference.low, row.recall.difference.high
        assert low is not None
        assert high is not None
        held.append(low <= -0.1 <= high)
    assert np.mean(held) >= 0.87


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads() -> None:
    rng = np.random.default_rng(3)
    first, second = drawn(rng, 30), drawn(rng, 30)
    assert encode(crossed(first, second, threads=1)) == encode(crossed(first, second, threads=3))
    assert encode(crossed(first, second, seed=1)) != encode(crossed(first, second))


def test_few_groups_get_no_interval_and_are_told() -> None:
    rng = np.random.default_rng(4)
    first, few = drawn(rng, 40), drawn(rng, 40)
    tied = Evidence("segment", few.classes, few.keys, np.repeat(["g", "h"], 20), dict(few.tables))
    found = crossed(first, tied)
    assert found.metrics["miou"].difference.low is None
    assert found.metrics["miou"].difference.value is not None
    assert any("2 groups are too few" in text for text in found.warnings)


def test_a_class_in_few_images_gets_no_interval() -> None:
    rng = np.random.default_rng(5)
    first, second = drawn(rng, 40), drawn(rng, 40)
    rows = second["pixels"]
    kept = (rows["truth"] != 2) | (rows.item < 5)
    rare = Rows(rows.item[kept], {name: values[kept] for name, values in rows.columns.items()})
    found = crossed(first, Evidence("segment", second.classes, second.keys, second.groups, {"pixels": rare}))
    spans = {row.name: row.iou.difference.low is not None for row in found.per_class}
    assert spans == {"a": True, "b": True, "c": False}


def test_names_are_mapped_and_what_is_not_is_listed() -> None:
    first = evidence_of(["car", "sky", "animal"], [(0, 0, 0, 60), (0, 1, 2, 20), (0, 2, 2, 20)], 1)
    second = evidence_of(["Sky", "Car"], [(0, 0, 0, 7), (0, 1, 0, 3)], 1)
    found = crossed(first, second)
    assert found.classes == ["car", "sky"]
    one, other = found.sides
    assert [(gone.name, gone.share) for gone in one.unmapped] == [("animal", 0.2)]
    assert (one.coverage, one.elsewhere) == (0.8, 0.25)
    assert (other.coverage, other.elsewhere, other.unmapped) == (1.0, 0.0, [])
    assert other.sources == {"car": ["Car"], "sky": ["Sky"]}
    assert found.counts == ([[60, 0, 0], [0, 0, 20]], [[0, 3, 0], [0, 7, 0]])
    assert [(c.truth, c.said) for c in found.confusions] == [("car", "sky"), ("sky", None)]


def test_a_class_that_one_side_lacks_has_no_part_in_means() -> None:
    first = evidence_of("ab", [(0, 0, 0, 5), (0, 1, 1, 5)], 1)
    second = evidence_of("ab", [(0, 0, 0, 4), (0, 0, 1, 1)], 1)
    found = crossed(first, second)
    assert found.compared == ["a"]
    assert found.metrics["miou"].first.value == 1.0
    assert {row.name: row.iou.second.value for row in found.per_class} == {"a": 0.8, "b": None}
    assert "‘b’ has no truth on ‘south’ and no part in means." in found.warnings


def test_another_void_rule_is_told() -> None:
    side = drawn(np.random.default_rng(6), 20)
    assert any("as-background" in text for text in crossed(side, side, void="as-background").warnings)


def test_other_tasks_and_foreign_classes_are_refused() -> None:
    side = drawn(np.random.default_rng(7), 3)
    with pytest.raises(InputError, match="--map-classes"):
        crossed(side, evidence_of(["p", "q"], [(0, 0, 0, 1)], 1))
    boxes = Evidence("detect", side.classes, side.keys, side.groups, {})
    with pytest.raises(InputError, match="‘detect’ and ‘segment’"):
        crossed(boxes, side)


def test_the_record_is_json_and_back() -> None:
    rng = np.random.default_rng(8)
    found = crossed(drawn(rng, 25), drawn(rng, 25))
    assert msgspec.json.decode(encode(found), type=Crossing) == found
    assert plain(found.classes[0]) == "a"
