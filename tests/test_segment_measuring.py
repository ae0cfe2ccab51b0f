"""The numbers of a segmentation: void, thresholds, parts, what is said, laws of the evidence, and errors."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mask_sets import case, flat, masks
from optotype import evidence as evidences
from optotype.errors import InputError
from optotype.evidence import Evidence, merge
from optotype.label_maps import Indexed, MaskFiles
from optotype.mapped_masks import Translated
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.metrics.segmentation import SEGMENT, SEGMENT_CLASS
from optotype.tables import OTHER, VOID, Chosen, Masks
from optotype.tasks.segment import match, measure, resample
from optotype.tasks.segment.cells import cells
from optotype.tasks.segment.rules import VOIDS, Rules

FULL = np.array([[0, 0, 1, 1], [0, 0, 1, VOID]], np.uint8)


def tiny(a: list[list[int]], b: list[list[int]], classes: int = 2) -> tuple[Masks, Masks]:
    return masks([np.array(a, np.uint8)], classes), masks([np.array(b, np.uint8)], classes)


def values(truth: Masks, said: Masks, **rules) -> dict[str, float | None]:
    found = measure(match(truth, said), resamples=0, rules=Rules(**rules))
    return {key: metric.value for key, metric in found.metrics.items()}


def same(one: Evidence, other: Evidence) -> bool:
    return (
        (one.keys == other.keys).all()
        and (one.groups == other.groups).all()
        and one.tables.keys() == other.tables.keys()
        and all(
            np.array_equal(one[name].item, other[name].item)
            and one[name].columns.keys() == other[name].columns.keys()
            and all(np.array_equal(one[name][c], other[name][c]) for c in one[name].columns)
            and all(one[name][c].dtype == other[name][c].dtype for c in one[name].columns)
            for name in one.tables
        )
    )


def test_by_hand():
    truth, said = tiny([[0, 0, 1, 1], [0, 0, 1, VOID]], [[0, 1, 1, 1], [0, VOID, 0, 1]])
    found = values(truth, said)
    # class 0: I 2, T 4, P 3, U 5; class 1: I 2, T 3, P 3, U 4
    assert found["pixel_accuracy"] == 4 / 7
    assert found["mean_accuracy"] == pytest.approx((2 / 4 + 2 / 3) / 2, abs=1e-15)
    assert found["miou"] == (2 / 5 + 2 / 4) / 2
    assert found["miou_micro"] == 4 / 9
    assert found["fwiou"] == pytest.approx((4 * 2 / 5 + 3 * 2 / 4) / 7, abs=1e-15)
    assert found["dice"] == pytest.approx((4 / 7 + 4 / 6) / 2, abs=1e-15)
    assert found["map"] == found["success_mean"] == (4 / 10 + 5 / 10) / 2


@pytest.mark.parametrize(
    ("void", "sums", "pixels"),
    [
        ("truth-dropped", {"a": (2, 4, 3), "b": (2, 3, 3)}, 7),
        ("both-dropped", {"a": (2, 3, 3), "b": (2, 3, 3)}, 6),
        ("as-fp", {"a": (2, 4, 3), "b": (2, 3, 4)}, 8),
        ("as-class", {"a": (2, 4, 3), "b": (2, 3, 4), "void": (0, 1, 1)}, 8),
        ("as-background", {"a": (3, 5, 4), "b": (2, 3, 4)}, 8),
    ],
)
def test_each_void_rule_by_hand(void, sums, pixels):
    truth, said = tiny([[0, 0, 1, 1], [0, 0, 1, VOID]], [[0, 1, 1, 1], [0, VOID, 0, 1]])
    truth, said = replace(truth, classes=("a", "b")), replace(said, classes=("a", "b"))
    found = measure(match(truth, said), resamples=0, rules=Rules(void=void))
    assert [row.name for row in found.per_class] == list(sums)
    for row, (hit, t, p) in zip(found.per_class, sums.values(), strict=True):
        assert (row.n, row.metrics["iou"].value) == (t, hit / (t + p - hit))
        assert row.metrics["accuracy"].value == (pixels - (t + p - 2 * hit)) / pixels
    assert found.metrics["pixel_accuracy"].value == sum(hit for hit, *_ in sums.values()) / pixels
    assert found.protocol["void"] == void
    assert found.protocol["void_means"] == VOIDS[void]
    assert found.n.classes == len(sums)


@pytest.mark.parametrize("seed", range(20))
def test_void_as_a_class_gives_the_numbers_of_maps_that_have_it_as_one(seed):
    truth, said = case(seed)
    K = len(truth.classes)
    turned = [
        masks([np.where(m == VOID, K, m).astype(np.uint8) for m in side.maps], K + 1, keys=truth.items.key.tolist())
        for side in (truth, said)
    ]
    one = measure(match(truth, said), resamples=0, rules=Rules(void="as-class"))
    other = measure(match(*turned), resamples=0)
    assert one.per_class[-1].name == "void"
    if any((m == OTHER).any() for m in truth.maps):
        return  # truth of unknown value is void, and in the turned maps left out
    assert one.metrics == other.metrics
    assert [row.metrics for row in one.per_class] == [row.metrics for row in other.per_class]
    assert one.slices["size"] == measure(match(truth, said), resamples=0).slices["size"], "void has no components"


@pytest.mark.parametrize("seed", range(40))
def test_void_rules_differ_only_where_there_is_void(seed):
    truth, said = case(seed)
    found = measure(match(truth, said), resamples=0)
    other = {void: measure(match(truth, said), resamples=0, rules=Rules(void=void)).metrics for void in VOIDS}
    for void, number in found.errors["void"].items():
        assert number == other[void]["miou"].value
    if not (flat(truth) >= OTHER).any() and not (flat(said) == VOID).any():
        assert len({repr(metrics) for void, metrics in other.items() if void != "as-class"}) == 1
    told = {void: metrics["miou"].value for void, metrics in other.items()}
    if told["truth-dropped"] is not None:
        assert told["as-fp"] is None or told["as-fp"] <= told["truth-dropped"]


def test_void_and_the_class_of_that_name():
    truth, said = tiny([[0, VOID]], [[0, 0]])
    truth, said = replace(truth, classes=("void", "road")), replace(said, classes=("void", "road"))
    found = measure(match(truth, said), resamples=0, rules=Rules(void="as-class"))
    assert [row.name for row in found.per_class] == ["void", "road"]
    assert found.metrics["pixel_accuracy"].value == 1.0


def threshold_twin(truth: Masks, said: Masks, tenths: tuple[int, ...]) -> tuple[list, float | None, float | None]:
    """Read from the definition, a class, an image and a threshold at a time."""
    K, rows = len(truth.classes), []
    maps = [(a[a < OTHER], b[a < OTHER]) for a, b in zip(truth.maps, said.maps, strict=True)]
    for k in range(K):
        row = []
        for t in tenths:
            hits = union = p = g = 0
            for a, b in maps:
                i, u = int(((a == k) & (b == k)).sum()), int(((a == k) | (b == k)).sum())
                union += u > 0
                g += bool((a == k).any())
                p += bool((b == k).any())
                hits += (a == k).any() and (b == k).any() and 10 * i >= t * u
            row.append((hits, union, p, g))
        rows.append(row)
    real = [row for row in rows if row[0][3]]
    if not real:
        return rows, None, None
    precision = np.mean([np.mean([h / p if p else 0.0 for h, _, p, _ in row]) for row in real])
    success = np.mean([np.mean([h / u for h, u, _, _ in row]) for row in real])
    return rows, float(precision), float(success)


@pytest.mark.parametrize("seed", range(60))
def test_thresholds_against_the_definition(seed):
    truth, said = case(seed)
    tenths = (tuple(range(1, 11)), tuple(range(11)), (5,))[seed % 3]
    found = measure(match(truth, said), resamples=0, rules=Rules(thresholds=tenths))
    rows, precision, success = threshold_twin(truth, said, tenths)
    told = found.errors["thresholds"]
    assert told["t"] == [t / 10 for t in tenths]
    for row, expected in zip(told["classes"], rows, strict=True):
        for key, place in (("success", 1), ("precision", 2), ("recall", 3)):
            assert row[key] == [counts[0] / counts[place] if counts[place] else None for counts in expected]
        assert (row["cells"], row["saids"], row["truths"]) == expected[0][1:]
    for key, value in (("map", precision), ("success_mean", success)):
        assert found.metrics[key].value == (None if value is None else pytest.approx(value, abs=1e-12))
    assert ("t = 0" in told["definition"]) == (0 in tenths)


@pytest.mark.parametrize(("right", "tenth"), [(3, 3), (6, 6), (7, 7)])
def test_a_hit_at_the_threshold_itself_counts(right, tenth):
    """3/10 ≥ 0.3 is lost by binary fractions: 0.1 · 3 is above it."""
    truth, said = tiny([[0] * 10], [[0] * right + [1] * (10 - right)])
    found = measure(match(truth, said), resamples=0, rules=Rules(thresholds=(tenth, tenth + 1)))
    assert found.errors["thresholds"]["classes"][0]["success"] == [1.0, 0.0]
    histogram = found.errors["iou_histogram"]
    assert histogram["classes"][tenth] == ["class 0"]
    assert histogram["classes"][0] == ["class 1"]


@pytest.mark.parametrize("seed", range(30))
def test_cells_are_what_the_maps_hold(seed):
    truth, said = case(seed)
    found = cells(match(truth, said), Rules())
    expected = []
    for i, (a, b) in enumerate(zip(truth.maps, said.maps, strict=True)):
        a, b = a[a < OTHER], b[a < OTHER]
        for k in range(len(truth.classes)):
            if u := int(((a == k) | (b == k)).sum()):
                both = int(((a == k) & (b == k)).sum())
                expected.append((i, k, both, int((a == k).sum()), int((b == k).sum()), u, both / u))
    columns = (found.item, found.label, found.intersection, found.truth, found.said, found.union, found.iou)
    assert list(zip(*(c.tolist() for c in columns), strict=True)) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("seed", range(30))
def test_parts_are_what_the_maps_hold(seed):
    truth, said = case(seed)
    evidence = match(truth, said, rules=Rules(rim=2, least=1))
    found = measure(evidence, resamples=0).slices
    near, inside = found["part"]
    assert (near.name, inside.name) == ("boundary", "interior")
    a, b = flat(truth), flat(said)
    assert near.n + inside.n == (a < OTHER).sum()
    right = [(part.metrics["accuracy"].value or 0) * part.n for part in (near, inside)]
    assert sum(right) == pytest.approx(((a == b) & (a < OTHER)).sum(), abs=1e-6)
    assert [part.name for part in found["size"]] == ["small", "medium", "large"]
    assert sum(part.n for part in found["size"]) == len(evidence["components"])
    assert evidence["components"]["area"].sum() == (a < OTHER).sum()


def test_a_component_is_found_with_half_of_it():
    truth, said = tiny([[0] * 8, [1] * 8, [0] * 8], [[0] * 4 + [1] * 4, [1] * 3 + [0] * 5, [0] * 8])
    small = measure(match(truth, said, rules=Rules(least=8)), resamples=0).slices["size"][0]
    assert small.n == 3
    assert small.metrics["found"].value == 2 / 3
    assert small.metrics["recall"].value == 15 / 24


def test_baseline_is_the_background_or_what_is_commonest():
    truth, said = tiny([[0, 1, 1, 2]], [[0, 0, 0, 0]], 3)
    assert measure(match(truth, said), resamples=0).errors["baseline"]["class"] == "class 1"
    names = ("background", "cat", "dog")
    truth, said = replace(truth, classes=names), replace(said, classes=names)
    found = measure(match(truth, said), resamples=0)
    baseline = found.errors["baseline"]
    assert baseline.pop("class") == "background"
    assert baseline == {key: metric.value for key, metric in found.metrics.items()}
    assert list(baseline) == [m.key for m in SEGMENT]


@pytest.mark.parametrize("seed", range(20))
def test_baseline_is_what_such_a_model_gets(seed):
    truth, said = case(seed)
    for void in VOIDS:
        rules = Rules(void=void)
        baseline = measure(match(truth, said), resamples=0, rules=rules).errors["baseline"]
        name = baseline.pop("class")
        label = truth.classes.index(name) if name in truth.classes else VOID
        constant = masks([np.full_like(a, label) for a in truth.maps], len(truth.classes))
        assert baseline == values(truth, constant, void=void)


def test_absent_classes_are_told_and_not_averaged():
    truth, said = tiny([[0, 0, 1, 1]], [[0, 0, 2, 1]], 5)
    found = measure(match(truth, said), resamples=0)
    assert found.metrics["miou"].value == pytest.approx((1 + 1 / 2 + 0) / 3, abs=1e-15)
    assert found.metrics["mean_accuracy"].value == (1 + 1 / 2) / 2
    averaged = found.protocol["averaged_over"]
    assert averaged["miou, dice, precision, recall"] == ["class 0", "class 1", "class 2"]
    assert averaged["mean_accuracy, map, success_mean"] == ["class 0", "class 1"]
    assert averaged["absent"] == ["class 3", "class 4"]
    assert found.per_class[3].metrics["iou"].value is None
    assert found.per_class[3].metrics["images"].value == 0
    assert any("class 3, class 4" in w and "absent" in w for w in found.warnings)
    assert any("class 2" in w and "not in the truth" in w for w in found.warnings)


def test_maps_may_be_read_only_or_turned():
    truth, said = shards(5)
    turned = [np.asfortranarray(m) for m in truth.maps]
    frozen = [m.copy() for m in said.maps]
    for m in frozen:
        m.flags.writeable = False
    assert same(match(truth, said), match(replace(truth, maps=turned), replace(said, maps=frozen)))


def test_nothing_but_void_gives_no_numbers_and_no_noise():
    truth, said = tiny([[VOID, VOID]], [[0, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measure(match(truth, said), resamples=10)
    assert all(metric.value is None for metric in found.metrics.values())
    assert found.n.truth == 0


def test_unknown_values_are_counted_aloud():
    truth, said = tiny([[0, OTHER, 1, 1]], [[OTHER, 0, OTHER, 1]])
    evidence = match(truth, said)
    assert evidence["images"]["unknown_truth"].tolist() == [1]
    assert evidence["images"]["unknown_said"].tolist() == [2]
    assert set(evidence["pixels"]["truth"].tolist()) == {0, 1, VOID}
    found = measure(evidence, resamples=0)
    assert found.errors["unknown"] == {"truth": 1, "said": 2, "images": 1}
    assert found.metrics["pixel_accuracy"].value == 1 / 3
    assert any("1 pixel of the truth in 1 image has a value" in w for w in found.warnings)
    assert any("2 pixels of the predictions in 1 image have values" in w for w in found.warnings)


def test_unknown_and_void_truth_are_one_row():
    truth, said = tiny([[VOID, OTHER, OTHER, 1, 0]], [[0, 0, 1, 1, 0]])
    rows = match(truth, said)["pixels"]
    found = list(zip(*(rows[c].tolist() for c in ("truth", "said", "n")), strict=True))
    assert found == [(0, 0, 1), (1, 1, 1), (VOID, 0, 2), (VOID, 1, 1)]


def shards(seed: int, n: int = 9) -> tuple[Masks, Masks]:
    pairs = [case(seed + j, classes=5, images=1) for j in range(n)]
    keys, group = [f"s/{j}" for j in range(n)], [f"g{j % 4}" for j in range(n)]
    sides = ([side.maps[0] for side in both] for both in zip(*pairs, strict=True))
    truth, said = (masks(list(maps), 5, keys=keys, group=group) for maps in sides)
    return truth, replace(said, items=truth.items)


def part(table: Masks, index: list[int]) -> Masks:
    return replace(table, items=table.items.take(np.array(index, np.intp)), maps=[table.maps[i] for i in index])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), order=st.permutations(range(9)), cut=st.integers(1, 8), threads=st.integers(1, 3))
def test_shards_in_any_order_give_the_same_evidence(seed, order, cut, threads):
    truth, said = shards(seed)
    whole = match(truth, said, threads=1)
    halves = [match(part(truth, ids), part(said, ids), threads=threads) for ids in (order[:cut], order[cut:])]
    assert same(whole, merge(halves))
    assert same(whole, merge(reversed(halves)))
    assert same(whole, match(part(truth, order), part(said, order), threads=threads))
    assert same(whole.take(np.arange(9) < 4), match(part(truth, [0, 1, 2, 3]), part(said, [0, 1, 2, 3])))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), perm=st.permutations(range(5)))
def test_names_of_classes_do_not_matter(seed, perm):
    truth, said = shards(seed)
    table = np.arange(256, dtype=np.uint8)
    table[:5] = perm
    renamed = [replace(side, maps=[table[m] for m in side.maps]) for side in (truth, said)]
    a, b = (measure(match(*sides), resamples=0) for sides in ((truth, said), renamed))
    for key, metric in a.metrics.items():
        other = b.metrics[key].value
        assert metric.value == (None if other is None else pytest.approx(other, abs=1e-15))
    for k in range(5):
        assert a.per_class[k].metrics == b.per_class[perm[k]].metrics


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_images_seen_from_the_other_side(seed):
    """Mirrored and turned maps have the same pixels, rims and components; only where these lie changes."""
    truth, said = shards(seed)
    plain = match(truth, said)
    for turn in (np.fliplr, np.flipud, np.transpose):
        sides = [replace(side, maps=[np.ascontiguousarray(turn(m)) for m in side.maps]) for side in (truth, said)]
        turned = match(*sides)
        for name in ("pixels", "rims"):
            for column in plain[name].columns:
                assert (plain[name][column] == turned[name][column]).all()
        columns = ("label", "area", "right", "said", "said_n", "rim")
        one, two = (
            sorted(zip(e["components"].item.tolist(), *(e["components"][c].tolist() for c in columns), strict=True))
            for e in (plain, turned)
        )
        assert one == two


def test_evidence_is_written_and_read(tmp_path):
    evidence = match(*shards(3))
    evidences.save(evidence, tmp_path / "evidence.npz")
    assert same(evidence, evidences.load(tmp_path / "evidence.npz"))


def many(n: int = 24, groups: int = 24) -> tuple[Masks, Masks]:
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 3, (10, 10)).astype(np.uint8) for _ in range(n)]
    noisy = [np.where(rng.random(m.shape) < 0.3, rng.integers(0, 3, m.shape), m).astype(np.uint8) for m in maps]
    group = None if groups == n else [f"g{j % groups}" for j in range(n)]
    truth = masks(maps, 3, group=group)
    return truth, replace(masks(noisy, 3), items=truth.items)


def test_intervals_hold_their_values_and_their_unit():
    evidence = match(*many())
    found = measure(evidence, resamples=200)
    for metric in [*found.metrics.values(), *(row.metrics["iou"] for row in found.per_class)]:
        assert metric.low < metric.value < metric.high
    assert found.protocol["intervals"]["unit"] == "image"
    assert "sequence" not in found.slices
    assert found == measure(evidence, resamples=200, threads=1)
    assert found.metrics["miou"] != measure(evidence, resamples=200, seed=1).metrics["miou"]


def test_few_groups_have_no_intervals_and_are_told():
    found = measure(match(*many(24, 6)), resamples=50)
    assert all(metric.low is None for metric in found.metrics.values())
    assert any(f"6 groups are too few (at least {FEWEST_GROUPS})" in w and "blocks:N" in w for w in found.warnings)
    assert [row.name for row in found.slices["sequence"]] == [f"g{j}" for j in range(6)]
    assert sum(row.n for row in found.slices["sequence"]) == 2400


def test_samples_are_of_the_groups():
    evidence = match(*many(48, 24))
    samples = resample(evidence, resamples=30)
    for g, name in enumerate(np.unique(evidence.groups)):
        alone = measure(evidence.take(evidence.groups == name), resamples=0)
        for key, metric in alone.metrics.items():
            assert samples.per_group[key][g] == pytest.approx(metric.value, abs=1e-15)
    assert samples.class_resampled["iou"].shape == (30, 3)
    assert list(samples.class_value) == [m.key for m in SEGMENT_CLASS]


def test_a_resample_is_the_numbers_of_the_images_drawn():
    from optotype.metrics.intervals import resample_weights

    evidence = match(*many())
    samples = resample(evidence, resamples=3, seed=7)
    for r, weights in enumerate(resample_weights(24, 7, range(3))):
        drawn = np.repeat(np.arange(24), weights)
        tables = {}
        for name in evidence.tables:
            rows = evidence[name]
            at = [np.flatnonzero(rows.item == i) for i in drawn]
            item = np.repeat(np.arange(24, dtype=np.int32), [len(a) for a in at])
            index = np.concatenate(at)
            tables[name] = evidences.Rows(item, {c: v[index] for c, v in rows.columns.items()})
        copied = Evidence("segment", evidence.classes, evidence.keys, evidence.groups, tables)
        found = measure(copied, resamples=0)
        for key, metric in found.metrics.items():
            assert samples.resampled[key][r] == pytest.approx(metric.value, abs=1e-13)
        for k, row in enumerate(found.per_class):
            assert samples.class_resampled["iou"][r, k] == pytest.approx(row.metrics["iou"].value, abs=1e-13)
        for (table, name, key), drawn_values in samples.part_resampled.items():
            value = next(part for part in found.slices[table] if part.name == name).metrics[key].value
            assert value is None if np.isnan(drawn_values[r]) else drawn_values[r] == pytest.approx(value, abs=1e-13)


def test_what_does_not_fit_together_is_refused():
    truth, said = tiny([[0, 1]], [[0, 1]])
    with pytest.raises(InputError, match="same class list"):
        match(truth, replace(said, classes=("a", "b")))
    with pytest.raises(InputError, match="the truth's images"):
        match(truth, masks([FULL], 2, keys=["other"]))
    with pytest.raises(InputError, match=r"2 × 1 pixels, as the truth '000'\n.*1 × 2"):
        match(truth, masks([np.zeros((2, 1), np.uint8)], 2))
    with pytest.raises(InputError, match="at least one image"):
        match(masks([], 2), masks([], 2))
    with pytest.raises(InputError, match="at least one image"):
        measure(Evidence.empty("segment", ("a",)))


@pytest.mark.parametrize("side", [0, 1])
def test_a_value_beyond_the_classes_is_refused_at_its_place(side):
    sides = list(tiny([[0, 1, 1], [0, 0, 1]], [[0, 1, 1], [0, 0, 1]]))
    maps = [sides[side].maps[0].copy()]
    maps[0][1, 2] = 7
    sides[side] = replace(sides[side], maps=maps)
    with pytest.raises(InputError) as caught:
        match(*sides)
    assert "x 2, y 1" in str(caught.value)
    assert "7" in str(caught.value)


def test_sizes_are_refused_by_the_names_of_the_files(tmp_path):
    for side, shape in (("truth", (1, 2)), ("said", (1, 1))):
        Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / f"{side}.png")
    truth, said = tiny([[0, 1]], [[0]])
    files = [MaskFiles((tmp_path / f"{side}.png",), Indexed({0: 0})) for side in ("truth", "said")]
    chosen = Chosen(files[0], np.array([0]))
    turned = Translated(files[1], np.arange(256, dtype=np.uint8))
    with pytest.raises(InputError) as caught:
        match(replace(truth, maps=chosen), replace(said, maps=turned))
    assert "said.png" in str(caught.value)
    assert "2 × 1 pixels, as the truth " in str(caught.value)
    assert "truth.png" in str(caught.value)
