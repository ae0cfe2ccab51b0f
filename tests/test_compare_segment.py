"""Comparing segmentations: paired by group, antisymmetric, exact where groups are few, silent where nothing shows."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from mask_sets import masks
from optotype.cli.show import show_comparison
from optotype.diagnose.compare import Comparison, compare, encode, sections, verdict
from optotype.diagnose.compare.segmenting import found, resample
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.metrics.segmentation import SEGMENT
from optotype.results import Provenance, Result, Source
from optotype.tables import Masks
from optotype.tasks import segment
from optotype.views import Chart, Frames, Table

KEYS = [measure.key for measure in SEGMENT]
Known = tuple[Result, Evidence]


def street(images: int, groups: int, seed: int = 0) -> Masks:
    """Three classes: ground, sky, and squares of things."""
    rng = np.random.default_rng(seed)
    maps = []
    for _ in range(images):
        one = np.zeros((48, 64), np.uint8)
        one[24:] = 1
        for x in (4, 24, 44):
            side = int(rng.integers(6, 16))
            one[20 : 20 + side, x : x + side] = 2
        maps.append(one)
    return masks(maps, 3, group=[f"g{i % groups:02}" for i in range(images)])


def said(truth: Masks, share: float, seed: int) -> Masks:
    """A model that overlooks a share of the things, and has some noise."""
    rng = np.random.default_rng((seed, 5))
    maps = []
    for one in truth.maps:
        spoken = one.copy()
        for x in (0, 20, 40):
            if rng.random() < share:
                spoken[:24, x : x + 20], spoken[24:, x : x + 20] = 0, 1
        noise = rng.random(one.shape) < 0.05
        maps.append(np.where(noise, 0, spoken).astype(np.uint8))
    return replace(truth, maps=maps)


def judged(truth: Masks, prediction: Masks) -> Known:
    evidence = segment.match(truth, prediction)
    numbers = segment.measure(evidence, resamples=0)
    source = Source("truth", "0")
    fields = {name: getattr(numbers, name) for name in numbers.__struct_fields__}
    return Result(task="segment", provenance=Provenance(source, source, "0", "", ""), **fields), evidence


def two(images: int = 40, groups: int = 40, worse: float = 0.4, seed: int = 0) -> list[Known]:
    truth = street(images, groups, seed)
    return [judged(truth, said(truth, share, i + 10 * seed)) for i, share in enumerate((worse, 0.1))]


def compared(sides: list[Known], names=("a", "b"), **settings) -> Comparison:
    kept = compare([r for r, _ in sides], [e for _, e in sides], list(names), resamples=200, **settings)
    return msgspec.json.decode(encode(kept), type=Comparison)


def test_differences_are_those_of_the_numbers_and_turn_with_the_order():
    sides = two()
    there, back = compared(sides).pairs[0], compared(sides[::-1]).pairs[0]
    assert list(there.metrics) == KEYS
    for key in KEYS:
        a, b = (result.metrics[key].value for result, _ in sides)
        assert there.metrics[key].value == pytest.approx(b - a)
        assert back.metrics[key].value == pytest.approx(a - b)
        assert there.metrics[key].low == pytest.approx(-back.metrics[key].high)
        assert there.metrics[key].p == pytest.approx(back.metrics[key].p)
    assert (there.fixes, there.breaks) == (back.breaks, back.fixes)
    assert (there.painted.higher, there.painted.lower) == (back.painted.lower, back.painted.higher)
    thing = next(row for row in there.per_class if row.name == "class 2")
    assert thing.fixes == there.fixes
    assert thing.difference.value == pytest.approx(thing.b - thing.a)
    first, second = (found(evidence) for _, evidence in sides)
    assert there.fixes == int((~first & second).sum())
    assert there.both_right + there.both_wrong + there.fixes + there.breaks == len(first)


def test_intervals_and_p_are_those_of_samples():
    sides = two()
    pair = compared(sides).pairs[0]
    a, b = (resample(*side, resamples=200, seed=0, threads=1) for side in sides)
    for key in KEYS:
        assert (pair.metrics[key].low, pair.metrics[key].high) == pytest.approx(b.difference(a, key))
    for k, row in enumerate(pair.per_class):
        assert (row.difference.low, row.difference.high) == pytest.approx(b.class_difference(a, "iou", k))


def test_few_groups_have_exact_p_values_and_no_intervals():
    comparison = compared(two(30, 6, worse=0.8))
    pair = comparison.pairs[0]
    assert pair.painted.tests == "swaps"
    assert pair.painted.least_p == 2**-5
    assert all(d.low is None and d.p is not None for d in pair.metrics.values())
    assert pair.metrics["miou"].p == pair.painted.least_p
    assert len(pair.painted.groups) == 6
    text = verdict(comparison)[0].text
    assert text.startswith("‘b’ is better than ‘a’")
    assert "exact p = 0.031 over exchanged groups, the least possible 0.0312" in text


def test_the_terminal_tells_the_difference_that_the_verdict_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = compared(two(30, 30, worse=0.8))
    show_comparison(comparison)
    told = " ".join(capsys.readouterr().out.split())
    difference = comparison.pairs[0].metrics["miou"]
    assert "difference in miou" in told
    assert f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]" in told


def test_models_that_are_alike_are_not_told_apart():
    truth = street(40, 40)
    comparison = compared([judged(truth, said(truth, 0.2, seed)) for seed in (1, 2)])
    first = verdict(comparison)[0]
    assert first.tone == "neutral"
    assert first.text.startswith("No difference in mean IoU can be shown")
    one = judged(truth, said(truth, 0.2, 1))
    same = compared([one, one]).pairs[0]
    assert (same.fixes, same.breaks, same.mcnemar_p) == (0, 0, 1.0)
    assert same.metrics["miou"].value == 0
    assert same.painted.alike > 0
    assert same.painted.higher == same.painted.lower == 0


def test_settings_of_several_seeds_are_held_against_each_other():
    truth = street(40, 40)
    sides = [judged(truth, said(truth, share, seed)) for share in (0.5, 0.1) for seed in range(3)]
    names = [f"{name}_{seed}" for name in ("a", "b") for seed in range(3)]
    comparison = compared(sides, names, seed_groups=["a"] * 3 + ["b"] * 3)
    (pair,) = comparison.setting_pairs
    value = np.mean([r.metrics["miou"].value for r, _ in sides[3:]]) - np.mean(
        [r.metrics["miou"].value for r, _ in sides[:3]]
    )
    assert pair.apart
    assert pair.metrics["miou"].value == pytest.approx(value)
    assert pair.metrics["miou"].shown
    (sentence,) = verdict(comparison)
    assert "points of mean IoU on average" in sentence.text
    assert sentence.tone == "good"
    ids = [view.id for section in sections(comparison, lambda _: None) for view in section.views if hasattr(view, "id")]
    assert "settings" in ids


def test_the_page_has_every_part():
    comparison = compared(two(30, 6))
    made = sections(comparison, lambda _: None)
    assert [s.id for s in made] == ["comparison", "class-differences", "group-differences", "changes"]
    assert all(sentence.target in {s.id for s in made} | {"components"} for sentence in verdict(comparison))
    frames = next(v for s in made for v in s.views if isinstance(v, Frames))
    assert frames.frames[0].drawn.note[0].startswith(("fixed: a ", "broken: a "))
    assert frames.frames[0].width == 64
    charts = [v.id for s in made for v in s.views if isinstance(v, Chart)]
    assert charts == ["class-chart", "group-chart"]
    assert [v for s in made for v in s.views if isinstance(v, Table)]


def test_other_truth_is_refused():
    sides = two(20, 20)
    other = two(20, 20, seed=3)
    with pytest.raises(InputError, match="the same truth of the items"):
        compared([sides[0], other[1]])


def test_the_exact_test_keeps_its_level():
    """Of models that are alike it finds a difference in at most about 5 % of cases."""
    p = []
    for seed in range(60):
        truth = street(7, 7, seed)
        sides = [judged(truth, said(truth, 0.3, 100 + 2 * seed + i)) for i in range(2)]
        p.append(compared(sides).pairs[0].metrics["miou"].p)
    assert np.mean(np.array(p) <= 0.05) < 0.15
