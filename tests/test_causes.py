"""Causes: planted ones are found, nothing is found where nothing is, and the numbers are those of their sources."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from optotype import results
from optotype.diagnose.causes import Causes, adjusting, binning, causes, readings, sections, sentences, testing
from optotype.diagnose.causes.rates import Rates, Sample, difference, rates
from optotype.diagnose.causes.wording import shown_effects, special_slices, title
from optotype.diagnose.conditions import TABLE
from optotype.evidence import Evidence, Rows
from optotype.metrics.intervals import Z
from optotype.views import Chart, Page, Table

CLASSES = ("bus", "car", "rickshaw", "van")


def evidence(
    truth: np.ndarray,
    predicted: np.ndarray,
    columns: dict[str, np.ndarray],
    *,
    confidence: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> Evidence:
    n = len(truth)
    row = np.arange(n, dtype=np.int32)
    keys = np.array([f"{i:06}" for i in range(n)])
    labels = {"truth": truth.astype(np.int32), "predicted": predicted.astype(np.int32)}
    if confidence is not None:
        labels["confidence"] = confidence
    groups = keys if group is None else np.array([f"g{i:05}" for i in group])
    tables = {"labels": Rows(row, labels), TABLE: Rows(row, columns)}
    return Evidence("classify", CLASSES, keys, groups, tables)


def expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def planted(seed: int = 0, n: int = 2400, group: int = 0) -> Evidence:
    """Small items fail; sharpness only goes with size; rickshaws in the dark are called cars; rain misleads."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 4, n)
    size = np.exp(draw.normal(4, 0.5, n))
    sharpness = np.log(size) + draw.normal(0, 0.7, n)
    brightness = draw.normal(120, 30, n)
    weather = np.array(["rain", "clear", "fog"])[draw.integers(0, 3, n)]
    failed = draw.random(n) < expit(-2.2 + 2 * (size < np.quantile(size, 0.2)) + 0.9 * (weather == "rain"))
    predicted = np.where(failed, (truth + draw.integers(1, 4, n)) % 4, truth)
    dark = (truth == 2) & (brightness < np.quantile(brightness, 0.3)) & (draw.random(n) < 0.5)
    predicted[dark] = 1
    confidence = draw.beta(20, 3, n)
    columns = {"size": size, "sharpness": sharpness, "brightness": brightness, "column:weather": weather}
    groups = draw.integers(0, group, n) if group else None
    return evidence(truth, predicted, columns, confidence=confidence, group=groups)


@pytest.mark.parametrize("group", [0, 200])
def test_planted_causes_are_found(group):
    pytest.importorskip("sklearn")
    found = causes(planted(group=group))
    by_key = {effect.condition: effect for effect in found.effects}
    size, weather = by_key["size"], by_key["column:weather"]
    assert size.worst == 0
    assert size.place == "low"
    assert weather.where == "‘rain’"
    for effect in (size, weather):
        assert effect.p_holm < 0.01
        assert 0 < effect.difference.low < effect.difference.value < effect.difference.high
        assert effect.adjusted.low > 0
    assert size.share == pytest.approx(size.failures / found.failures)
    assert sum(b.failures for b in size.bins) == found.failures
    assert {effect.condition for effect in shown_effects(found)} >= {"size", "column:weather"}
    dark = special_slices(found)[0]
    assert (dark.truth, dark.predicted, dark.condition, dark.place) == ("rickshaw", "car", "brightness", "low")
    assert dark.difference.low > 0.1
    texts = [sentence.text for sentence in sentences(found)]
    assert len(texts) == 3
    assert "size" in texts[0]
    assert "‘rickshaw’ is called ‘car’ more often when it is darker" in texts[2]
    assert not any("because" in text or "cause" in text for text in texts)


def test_what_only_goes_with_a_cause_is_told_apart():
    """Sharpness fails the unadjusted test and passes the adjusted one: it only goes with size."""
    pytest.importorskip("sklearn")
    draw = np.random.default_rng(4)
    n = 6000
    truth = draw.integers(0, 4, n)
    size = draw.normal(0, 1, n)
    proxy = 0.6 * size + 0.8 * draw.normal(0, 1, n)
    predicted = np.where(draw.random(n) < expit(-1.5 - 1.2 * size), (truth + 1) % 4, truth)
    found = {e.condition: e for e in causes(evidence(truth, predicted, {"size": size, "sharpness": proxy})).effects}
    assert found["sharpness"].p_holm < 0.01
    assert found["sharpness"].difference.low > 0.1
    assert found["sharpness"].adjusted.low < 0 < found["sharpness"].adjusted.high
    assert found["size"].adjusted.low > 0.2


def test_conditions_that_cannot_be_told_apart_say_so():
    pytest.importorskip("sklearn")
    draw = np.random.default_rng(5)
    n = 1500
    truth, blur = draw.integers(0, 4, n), draw.normal(0, 1, n)
    predicted = np.where(draw.random(n) < expit(-1.5 + 1.5 * blur), (truth + 1) % 4, truth)
    columns = {"sharpness": -blur + draw.normal(0, 0.2, n), "column:blur": blur}
    found = causes(evidence(truth, predicted, columns))
    assert {e.condition: e.entangled for e in found.effects} == {
        "sharpness": ["column:blur"],
        "column:blur": ["sharpness"],
    }
    assert all(e.adjusted.low > 0.2 for e in found.effects)
    assert len(shown_effects(found)) == 1


def nothing(seed: int, n: int, rate: float, groups: int, wise: bool, strength: float) -> Evidence:
    """Failures that go with groups and with nothing else."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 4, n)
    group = draw.integers(0, groups, n) if groups else np.arange(n)
    of_group = draw.normal(size=(max(groups, n), 4))[group]
    numbers = of_group if wise else draw.normal(size=(n, 4)) + of_group * bool(groups)
    columns: dict[str, np.ndarray] = {f"column:{i}": numbers[:, i] for i in range(4)}
    columns["column:site"] = np.array(["a", "b", "c"])[draw.integers(0, 3, max(groups, n))[group]]
    logit = np.log(rate / (1 - rate)) + strength * draw.normal(size=max(groups, n))[group]
    predicted = np.where(draw.random(n) < expit(logit), (truth + 1) % 4, truth)
    return evidence(truth, predicted, columns, confidence=draw.beta(5, 2, n), group=group if groups else None)


@pytest.mark.parametrize(
    ("n", "rate", "groups", "wise", "strength"),
    [(400, 0.2, 0, False, 0.0), (400, 0.05, 0, False, 0.0), (500, 0.2, 50, False, 1.0), (500, 0.2, 30, True, 1.0)],
)
def test_nothing_is_found_where_nothing_is(n, rate, groups, wise, strength, monkeypatch):
    """Of 100 data sets at most 5 ± 3 standard deviations may report anything false of a kind."""
    monkeypatch.setattr(adjusting, "possible", lambda failed: "left out for time")
    said = {"effects": 0, "slices": 0, "trust": 0}
    for seed in range(100):
        found = causes(nothing(seed, n, rate, groups, wise, strength), resamples=300)
        said["effects"] += any(e.p_holm is not None and e.p_holm < 0.05 for e in found.effects)
        said["slices"] += bool(found.slices)
        said["trust"] += bool(found.trust)
    assert max(said.values()) <= 11, said


def test_the_error_rate_needs_the_groups(monkeypatch):
    """The same data without their groups is ‘explained’ most of the time: the test above has teeth."""
    monkeypatch.setattr(adjusting, "possible", lambda failed: "left out for time")
    false = 0
    for seed in range(30):
        grouped = nothing(seed, 500, 0.2, 30, True, 1.0)
        alone = Evidence("classify", CLASSES, grouped.keys, grouped.keys, grouped.tables)
        false += any(e.p_holm < 0.05 for e in causes(alone, resamples=300).effects)
    assert false > 10


def test_newcombes_example():
    """56/70 against 48/80: 0.0524 to 0.3339 (Newcombe 1998, table II, example a, method 10)."""
    a, b = (Rates(np.array([n]), np.array([x]), np.array([n])) for x, n in ((56.0, 70.0), (48.0, 80.0)))
    low, high = difference(a, b, Z)
    assert [round(float(x[0]), 4) for x in (low, high)] == [0.0524, 0.3339]


def test_copies_of_an_item_count_once():
    failed = np.random.default_rng(0).random(200) < 0.3
    code = np.arange(200) % 2
    once = rates(Sample(failed, np.arange(200), 200, True), code, 2)
    group = np.repeat(np.arange(200), 5)
    copies = rates(Sample(np.repeat(failed, 5), group, 200, False), np.repeat(code, 5), 2)
    assert copies.n.tolist() == (5 * once.n).tolist()
    assert copies.rate == pytest.approx(once.rate)
    assert copies.effective == pytest.approx(once.n, rel=0.02)
    alike = rates(Sample(np.zeros(1000, bool), group, 200, False), np.repeat(code, 5), 2)
    assert alike.effective == pytest.approx(once.n), "with no variance the sizes of the groups decide"


def test_the_test_of_association_deals_failures_as_permutations_do():
    draw = np.random.default_rng(1)
    code = np.repeat([0, 1, 2], [12, 20, 28])
    failed = draw.random(60) < np.array([0.5, 0.25, 0.2])[code]
    sample = Sample(failed, np.arange(60), 60, True)

    def statistic(y: np.ndarray) -> float:
        found = []
        for part in range(3):
            inside = code == part
            excess = y[inside].sum() - inside.sum() * y.mean()
            found.append(excess / np.sqrt(inside.sum() * (1 - inside.mean())))
        centred = code - code.mean()
        return max(*found, abs((y * centred).sum()) / np.sqrt((centred**2).sum()))

    null = np.array([statistic(draw.permutation(failed)) for _ in range(4000)])
    slow = float((null >= statistic(failed) - 1e-9).mean())
    fast = testing.association(sample, code, 3, True, resamples=20_000, seed=3)
    assert fast == pytest.approx(slow, abs=4 * np.sqrt(slow * (1 - slow) / 4000))
    assert 0.005 < slow < 0.5


def test_many_groups_have_the_null_distribution_of_few(monkeypatch):
    sums = np.random.default_rng(0).normal(size=(1500, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0], [0, 0, 1]])
    observed, signs = testing.flipped(sums, np.random.default_rng(1), 6000)
    monkeypatch.setattr(testing, "MANY_GROUPS", 1000)
    again, normal = testing.flipped(sums, np.random.default_rng(1), 6000)
    assert observed == pytest.approx(again)
    for q in (0.5, 0.9, 0.95, 0.99):
        assert np.quantile(normal.max(axis=1), q) == pytest.approx(np.quantile(signs.max(axis=1), q), abs=0.15)
    assert np.corrcoef(normal.T) == pytest.approx(np.corrcoef(signs.T), abs=0.06)


def test_adjustment_without_anything_to_adjust_for_is_the_raw_difference():
    pytest.importorskip("sklearn")
    draw = np.random.default_rng(2)
    inside = draw.random(800) < 0.3
    failed = draw.random(800) < np.where(inside, 0.5, 0.2)
    sample = Sample(failed, np.arange(800), 800, True)
    parts = binning.Parts(inside.astype(np.int32), ("no", "yes"))
    covariates = {"x": adjusting.covariate("x", parts, None)}
    every, label = np.ones(800, bool), np.zeros(800, np.int32)
    found = adjusting.adjusted(inside, "x", covariates, label, sample, every, Z)
    p, q = failed[inside].mean(), failed[~inside].mean()
    error = np.sqrt(p * (1 - p) / inside.sum() + q * (1 - q) / (~inside).sum())
    assert found.value == pytest.approx(p - q, abs=2e-3)
    assert (found.high - found.low) / 2 == pytest.approx(Z * error, rel=0.02)


def test_without_the_extra_effects_are_unadjusted_and_it_says_so(monkeypatch):
    monkeypatch.setattr(adjusting, "find_spec", lambda name: None)
    found = causes(planted())
    assert all(effect.adjusted is None for effect in found.effects)
    assert "optotype[explain]" in found.adjustment
    assert any("size" in sentence.text for sentence in sentences(found))
    tables = [v for s in sections(found) for v in s.views if isinstance(v, Table)]
    assert "optotype[explain]" in tables[0].caption
    assert "held fixed" not in [column.label for column in tables[0].columns]


def test_a_property_of_the_class_has_classes_for_items():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 4, 1200)
    predicted = np.where(draw.random(1200) < np.array([0.1, 0.3, 0.2, 0.4])[truth], (truth + 1) % 4, truth)
    counts = np.array([100.0, 50, 70, 20])[truth]
    effect = causes(evidence(truth, predicted, {"frequency": counts})).effects[0]
    assert effect.rate > effect.rest_rate
    assert (effect.p, effect.difference.low) == (None, None), "four classes cannot show it"


def test_what_the_model_itself_says_is_kept_apart():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 4, 900)
    novelty, size = draw.normal(0, 1, 900), draw.normal(0, 1, 900)
    predicted = np.where(draw.random(900) < expit(-1 + 2 * novelty), (truth + 1) % 4, truth)
    found = causes(evidence(truth, predicted, {"novelty": novelty, "lookalike": novelty, "size": size}))
    assert [e.kind for e in found.effects] == ["measured", "model", "model"]
    assert shown_effects(found) == []
    assert not any(s.condition in ("novelty", "lookalike") for s in found.slices)
    ids = [view.id for s in sections(found) for view in s.views if isinstance(view, Table)]
    assert "model-conditions" in ids


def test_misplaced_confidence_is_found():
    draw = np.random.default_rng(0)
    truth, brightness = draw.integers(0, 4, 1500), draw.normal(120, 30, 1500)
    sure = draw.beta(8, 2, 1500)
    right = draw.random(1500) < sure - 0.35 * (brightness < 90)
    predicted = np.where(right, truth, (truth + 1) % 4)
    found = causes(evidence(truth, predicted, {"brightness": brightness}, confidence=sure))
    trust = found.trust[0]
    assert (trust.condition, trust.place) == ("brightness", "low")
    assert trust.difference.low < 0.3 < trust.difference.high
    assert trust.confidence > trust.accuracy + 0.2
    assert abs(trust.rest_confidence - trust.rest_accuracy) < 0.1


@pytest.mark.parametrize("name", ["none", "few", "all", "groups", "conditions"])
def test_too_little_to_look_into_is_said(name):
    draw = np.random.default_rng(0)
    n = 30 if name == "few" else 200
    truth = draw.integers(0, 4, n)
    wrong = {"none": np.zeros(n, bool), "all": np.ones(n, bool)}.get(name, draw.random(n) < 0.5)
    group = np.arange(n) % 7 if name == "groups" else None
    made = evidence(truth, np.where(wrong, (truth + 1) % 4, truth), {"size": draw.normal(size=n)}, group=group)
    if name == "conditions":
        made = Evidence("classify", CLASSES, made.keys, made.groups, {"labels": made["labels"]})
    found = causes(made)
    assert len(found.warnings) == 1
    assert found.slices == []
    assert all(effect.p is None and effect.difference.low is None for effect in found.effects)
    assert len(sentences(found)) == 1
    msgspec.json.encode(Page("x", sections(found)))


def test_same_seed_same_bits_and_the_record_fits_the_result():
    made = planted(n=900)
    first, again = causes(made, seed=7), causes(made, seed=7)
    assert first == again
    plain = msgspec.to_builtins(first)
    empty = results.Counts(0, 0, 0, 0, 0)
    provenance = results.Provenance(results.Source("", ""), results.Source("", ""), "", "", "")
    result = results.Result(task="classify", protocol={}, n=empty, metrics={}, causes=plain, provenance=provenance)
    back = msgspec.json.decode(results.encode(result), type=results.Result)
    assert msgspec.convert(back.causes, Causes) == first


def test_sections_show_each_strong_condition():
    made = planted()
    found = causes(made)
    shown = sections(found)
    views = list(itertools.chain.from_iterable(section.views for section in shown))
    ids = [view.id for view in views if isinstance(view, Table | Chart)]
    assert len(set(ids)) == len(ids)
    charts = [view for view in views if isinstance(view, Chart)]
    assert [chart.x.label for chart in charts] == [title(effect.condition) for effect in shown_effects(found)][:4]
    for table in (view for view in views if isinstance(view, Table)):
        assert all(len(row) == len(table.columns) for row in table.rows)
    targets = {section.id for section in shown} | set(ids)
    assert {sentence.target for sentence in sentences(found)} <= targets
    slices = next(view for view in views if isinstance(view, Table) and view.id == "slice-table")
    assert all(set(link.filter) <= {"outcome", "truth", "predicted"} for link in slices.links)


def test_readings_set_an_item_against_its_class():
    made = planted()
    truth, size = made["labels"]["truth"], made[TABLE]["size"]
    mine = np.flatnonzero(truth == 2)
    smallest = int(mine[np.argmin(size[mine])])
    found = readings(made, smallest)
    first = next(reading for reading in found if reading.label == "size")
    assert (first.share, first.text) == (0, "smaller than all others of its class")
    tenth = int(mine[np.argsort(size[mine])[len(mine) // 10]])
    second = next(reading for reading in readings(made, tenth) if reading.label == "size")
    assert second.share == pytest.approx(len(mine) // 10 / (len(mine) - 1))
    assert second.text == "smaller than 90\N{NO-BREAK SPACE}% of its class"
    unusual = [abs(reading.share - 0.5) for reading in found if reading.share is not None]
    assert unusual == sorted(unusual, reverse=True)
    assert {reading.label for reading in found} == {"size", "sharpness", "brightness", "‘weather’"}
    assert readings(Evidence("classify", CLASSES, made.keys, made.groups, {"labels": made["labels"]}), 0) == []


def test_bins_hold_equal_values_together():
    values = np.array([0.0] * 70 + list(np.linspace(1, 2, 130)) + [np.nan] * 5)
    parts = binning.bin_numbers(values)
    assert (parts.code[200:] == -1).all()
    assert len(set(parts.code[:70])) == 1
    assert min(np.bincount(parts.code[:200])) >= binning.FEWEST_IN_BIN
    for b in range(len(parts)):
        inside = values[:200][parts.code[:200] == b]
        assert parts.edges[b] <= inside.min()
        assert inside.max() <= parts.edges[b + 1]
    assert binning.bin_numbers(np.ones(100)) is None
    assert binning.bin_numbers(np.arange(30.0)) is None
    texts = binning.bin_texts(np.array(["a"] * 50 + ["b"] * 30 + ["c"] * 10 + ["d"] * 12 + [""] * 4))
    assert texts.names == ("a", "b", "one of 2 rarer values")
    assert np.bincount(texts.code[:102]).tolist() == [50, 30, 22]


def test_thirds_of_values_that_are_mostly_the_least():
    """Nothing in front of 70 of 100 objects: those stand against the 30 that something hides."""
    values = np.r_[np.zeros(70), np.linspace(0.1, 0.9, 30)]
    parts = {place: mask for place, _, mask in binning.thirds(values)}
    assert parts["high"].tolist() == (values > 0).tolist()
    assert parts["low"].tolist() == (values == 0).tolist()
    assert binning.thirds(np.zeros(100)) == []
    assert binning.thirds(np.r_[np.zeros(95), np.ones(5)]) == []
    even = {place: mask.sum() for place, _, mask in binning.thirds(np.arange(99.0))}
    assert even["low"] == 32
    assert even["high"] == 34
