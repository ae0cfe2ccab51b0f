"""Comparing: paired, antisymmetric, honest about what cannot be shown, and fussy about what may be compared."""

from __future__ import annotations

import math
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.diagnose.compare import Comparison, compare, encode, gates, sections, verdict
from optotype.diagnose.compare.significance import holm, mcnemar
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.results import Provenance, Result, Source
from optotype.tables import Items, Labels
from optotype.tasks.classify import match, measure
from optotype.views import Chart, Gallery, Table

HOSTILE = ("<script>alert('x')</script>", "a\"b'c", "猫 \u202e", "&amp;")


def truth_of(n: int = 300, K: int = 4, seed: int = 0, group: list[str] | None = None) -> Labels:
    rng = np.random.default_rng(seed)
    items = Items.of([f"{i:04d}<b>.jpg" for i in range(n)], group=group)
    return Labels(items, HOSTILE[:K], rng.integers(0, K, n).astype(np.int32))


def model(truth: Labels, right: float, seed: int, *, scored: bool = True) -> tuple[Result, Evidence]:
    """A model that is right with this probability."""
    rng = np.random.default_rng(seed)
    n, K = len(truth), len(truth.classes)
    label = np.where(rng.random(n) < right, truth.label, (truth.label + rng.integers(1, K, n)) % K).astype(np.int32)
    scores = None
    if scored:
        scores = rng.dirichlet(np.full(K, 0.5), n)
        scores[np.arange(n), label] += 1
        scores /= scores.sum(axis=1, keepdims=True)
    said = Labels(truth.items, truth.classes, label, scores)
    return judged(truth, said)


def judged(truth: Labels, said: Labels, *, sha: str = "aa") -> tuple[Result, Evidence]:
    evidence = match(truth, said)
    found = measure(evidence, said, resamples=50)
    source = Source("truth", sha)
    result = Result(
        task="classify", protocol=found.protocol, n=found.n, metrics=found.metrics, per_class=found.per_class,
        calibration=found.calibration, warnings=found.warnings, provenance=Provenance(source, source, "0", "", ""),
    )  # fmt: skip
    return result, evidence


def compared(*models: tuple[Result, Evidence], resamples: int = 300, **options) -> Comparison:
    names = [f"model {chr(65 + i)}" for i in range(len(models))]
    return compare([m[0] for m in models], [m[1] for m in models], names, resamples=resamples, **options)


# ------------------------------------------------------------------------------------------------ significance


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(fixes, breaks):
    n, least = fixes + breaks, min(fixes, breaks)
    exact = min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / 2**n)
    assert mcnemar(fixes, breaks) == pytest.approx(exact, rel=1e-9)
    assert mcnemar(breaks, fixes) == mcnemar(fixes, breaks)


def test_mcnemar_of_a_million_changes():
    assert mcnemar(500_000, 500_000) == 1
    assert mcnemar(501_000, 499_000) == pytest.approx(math.erfc(1999 / 1000 / math.sqrt(2)), rel=1e-3)
    assert 0 <= mcnemar(0, 100_000) < 1e-300


@given(st.lists(st.none() | st.floats(0, 1), max_size=12))
def test_holm_equals_its_twin(p):
    known = [x for x in p if x is not None]
    for value, corrected in zip(p, holm(p), strict=True):
        if value is None:
            assert corrected is None
            continue
        steps = sorted(known)
        twin = max(min(1.0, x * (len(steps) - i)) for i, x in enumerate(steps) if x <= value)
        assert corrected == pytest.approx(twin)
        assert corrected >= value


# ------------------------------------------------------------------------------------------------ comparing


@pytest.mark.parametrize("scored", [True, False])
def test_swapping_the_models_turns_every_sign(scored):
    truth = truth_of()
    a, b = model(truth, 0.7, 1, scored=scored), model(truth, 0.8, 2, scored=scored)
    forth, back = compared(a, b).pairs[0], compared(b, a).pairs[0]
    assert forth.metrics["accuracy"].low is not None
    for key, there in forth.metrics.items():
        here = back.metrics[key]
        assert there.value == pytest.approx(-here.value)
        if there.low is not None:
            assert [there.low, there.high] == pytest.approx([-here.high, -here.low], abs=1e-12)
    assert (forth.fixes, forth.breaks, forth.mcnemar_p) == (back.breaks, back.fixes, back.mcnemar_p)
    assert {item.key for item in forth.fixed} == {item.key for item in back.broken}


def test_fixes_and_breaks_are_those_items():
    truth = truth_of(200)
    a, b = model(truth, 0.6, 1), model(truth, 0.7, 2)
    pair = compared(a, b).pairs[0]
    right_a = a[1]["labels"]["predicted"] == a[1]["labels"]["truth"]
    right_b = b[1]["labels"]["predicted"] == b[1]["labels"]["truth"]
    keys = a[1].keys
    assert {item.key for item in pair.fixed} == set(keys[~right_a & right_b].tolist())
    assert {item.key for item in pair.broken} == set(keys[right_a & ~right_b].tolist())
    assert pair.fixes + pair.breaks + pair.both_right + pair.both_wrong == 200
    assert pair.metrics["accuracy"].value == pytest.approx((pair.fixes - pair.breaks) / 200)
    assert sum(row.fixes for row in pair.per_class) == pair.fixes
    confidences = [item.confidence_b for item in pair.broken]
    assert confidences == sorted(confidences, reverse=True)


def test_pairing_narrows_the_interval():
    """Two models that differ on few items are told apart far better than their own intervals suggest."""
    truth = truth_of(400)
    first = model(truth, 0.7, 1)
    label = first[1]["labels"]["predicted"].copy()
    label[:40] = truth.label[:40]
    second = judged(truth, Labels(truth.items, truth.classes, label.astype(np.int32)))
    bare = judged(truth, Labels(truth.items, truth.classes, first[1]["labels"]["predicted"]))
    found = compared(bare, second)
    difference = found.pairs[0].metrics["accuracy"]
    alone = bare[0]["accuracy"]
    assert difference.low > 0
    assert difference.high - difference.low < 0.5 * (alone.high - alone.low)
    assert found.pairs[0].breaks == 0
    assert "better" in verdict(found)[0].text


def test_the_same_model_twice_is_no_difference():
    truth = truth_of()
    a = model(truth, 0.7, 1)
    found = compared(a, a)
    assert all(d.value == 0 for d in found.pairs[0].metrics.values())
    assert "exactly the same items right" in verdict(found)[0].text
    assert found.pairs[0].mcnemar_p == 1


@given(st.floats(0.3, 0.95), st.floats(0.3, 0.95), st.integers(5, 80), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_the_verdict_says_no_more_than_the_interval(first, second, n, seed):
    truth = truth_of(n, seed=seed)
    found = compared(model(truth, first, seed), model(truth, second, seed + 1), resamples=100)
    difference, text = found.pairs[0].metrics["accuracy"], verdict(found)[0].text
    claims = bool(re.search(r"is (better|worse) than", text))
    assert claims == difference.shown
    if claims:
        assert ("is better" in text) == (difference.value > 0)
    if n < 20:
        assert difference.low is None
        assert not claims


def test_classes_are_corrected_for_their_number():
    truth = truth_of(800)
    a, b = model(truth, 0.5, 1), model(truth, 0.9, 2)
    rows = compared(a, b).pairs[0].per_class
    assert all(row.p_holm >= row.p for row in rows)
    assert all(row.recall.low > 0 for row in rows)
    assert any("Holm" in s.text for s in verdict(compared(a, b)))
    null = [
        compared(model(truth, 0.7, s), model(truth, 0.7, s + 500), resamples=50).pairs[0].per_class for s in range(40)
    ]
    assert sum(any(row.p_holm < 0.05 for row in rows) for rows in null) <= 6


def test_mcnemar_counts_each_group_once():
    truth = truth_of(group=[f"site {i // 4}" for i in range(300)])
    found = compared(model(truth, 0.5, 1), model(truth, 0.9, 2))
    pair, alone = found.pairs[0], compared(model(truth_of(), 0.5, 1), model(truth_of(), 0.9, 2)).pairs[0]
    assert (pair.fixes, pair.breaks) == (alone.fixes, alone.breaks)
    assert alone.mcnemar_p < pair.mcnemar_p < 0.001
    assert any("each group once" in w for w in found.warnings)


def test_copies_of_every_item_do_not_make_it_more_significant():
    once = truth_of(150)
    a, b = (model(once, share, seed)[1]["labels"]["predicted"] for share, seed in ((0.5, 1), (0.7, 2)))

    def p_of(copies: int) -> float:
        keys = [f"{i:04d} {copy}" for i in range(150) for copy in range(copies)]
        items = Items.of(keys, group=[key[:4] for key in keys])
        truth, *said = (Labels(items, once.classes, np.repeat(x, copies)) for x in (once.label, a, b))
        return compared(*(judged(truth, labels) for labels in said)).pairs[0].mcnemar_p

    assert p_of(3) == p_of(1) < 0.05


def test_runs_of_one_setting_are_grouped_and_must_stand_apart():
    truth = truth_of(600)
    weak, strong = [model(truth, 0.6, s) for s in (1, 2)], [model(truth, 0.8, s) for s in (3, 4)]
    found = compared(weak[0], strong[0], weak[1], strong[1], seed_groups=["w", "s", "w", "s"])
    assert [setting.runs for setting in found.settings] == [["model A", "model C"], ["model B", "model D"]]
    spread = found.settings[0].metrics["accuracy"]
    values = [m[0]["accuracy"].value for m in weak]
    assert (spread.mean, spread.least, spread.greatest) == pytest.approx((np.mean(values), min(values), max(values)))
    assert spread.deviation == pytest.approx(np.std(values, ddof=1))
    assert found.setting_pairs[0].apart
    assert "better" in verdict(found)[0].text
    assert {p.a + p.b for p in found.pairs if p.same_setting} == {"model Amodel C", "model Bmodel D"}
    mixed = compared(weak[0], strong[0], strong[1], weak[1], seed_groups=["x", "x", "y", "y"])
    assert not mixed.setting_pairs[0].apart
    assert "No difference" in verdict(mixed)[0].text


def test_more_than_four_runs_are_held_against_the_first():
    truth = truth_of(60)
    runs = [model(truth, 0.6, s) for s in range(6)]
    assert len(compared(*runs[:4], resamples=20).pairs) == 6
    found = compared(*runs, resamples=20)
    assert [(p.a, p.b) for p in found.pairs] == [("model A", f"model {x}") for x in "BCDEF"]
    assert len(verdict(found)) <= 5


def test_a_comparison_comes_back_from_its_json():
    truth = truth_of(100)
    found = compared(model(truth, 0.5, 1), model(truth, 0.7, 2), resamples=30)
    assert msgspec.json.decode(encode(found), type=Comparison) == found
    again = compared(model(truth, 0.5, 1), model(truth, 0.7, 2), resamples=30, threads=3)
    assert encode(again) == encode(found)


# ------------------------------------------------------------------------------------------------ refusals


def test_other_truth_items_classes_groups_and_protocol_are_refused():
    truth = truth_of(50)
    a = model(truth, 0.7, 1)
    said = Labels(truth.items, truth.classes, truth.label)
    with pytest.raises(InputError, match="sha256 bb"):
        compared(a, judged(truth, said, sha="bb"))
    fewer = truth.take(np.arange(40))
    with pytest.raises(InputError, match="10 on one side only"):
        compared(a, judged(fewer, said.take(np.arange(40))))
    renamed = tuple(reversed(truth.classes))
    with pytest.raises(InputError, match="same classes"):
        compared(a, judged(Labels(truth.items, renamed, truth.label), Labels(truth.items, renamed, truth.label)))
    other = Labels(truth.items, truth.classes, ((truth.label + 1) % 4).astype(np.int32))
    with pytest.raises(InputError, match="same truth"):
        compared(a, judged(other, said))
    grouped = Items.of(truth.items.key, group=["g"] * 50)
    with pytest.raises(InputError, match="groups"):
        compared(a, judged(Labels(grouped, truth.classes, truth.label), Labels(grouped, truth.classes, truth.label)))
    strict = msgspec.structs.replace(a[0], protocol={**a[0].protocol, "brier": "halved"})
    with pytest.raises(InputError, match="same protocol"):
        compared(a, (strict, a[1]))


def test_other_settings_of_the_intervals_may_differ():
    truth = truth_of(50)
    a = model(truth, 0.7, 1)
    protocol = {**a[0].protocol, "intervals": {**a[0].protocol["intervals"], "seed": 9, "resamples": 7}}
    assert compared(a, (msgspec.structs.replace(a[0], protocol=protocol), a[1]), resamples=20).pairs[0].fixes == 0


def test_one_model_and_repeated_names_are_refused():
    truth = truth_of(30)
    a = model(truth, 0.7, 1)
    with pytest.raises(InputError, match="two or more"):
        compared(a)
    with pytest.raises(InputError, match="every name once"):
        compare([a[0]] * 2, [a[1]] * 2, ["x", "x"])


# ------------------------------------------------------------------------------------------------ gates


@pytest.fixture(scope="module")
def worse() -> Comparison:
    truth = truth_of(400)
    return compared(model(truth, 0.8, 1), model(truth, 0.6, 2), model(truth, 0.9, 3), resamples=30)


@pytest.mark.parametrize(
    ("condition", "closed"),
    [
        ("accuracy < -0.005", ["model B"]),
        ("accuracy<-.005", ["model B"]),
        (" accuracy  >  0 ", ["model C"]),
        ("accuracy < -0.9", []),
        ("f1_macro <= 1", ["model B", "model C"]),
        ("nll > 1e-3", ["model B"]),
        ("accuracy >= -1e0", ["model B", "model C"]),
    ],
)
def test_gates_close_where_the_condition_holds_against_the_first(worse, condition, closed):
    found = gates(worse, [condition])
    assert [re.search(r"of '(.*?)' minus 'model A'", text)[1] for text in found] == closed
    assert all(text.startswith(condition.strip()) for text in found)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("acuracy < 0", "Did you mean 'accuracy'"),
        ("accuracy", "--fail-if 'accuracy < -0.005'"),
        ("accuracy < ", "METRIC"),
        ("accuracy == 0", "METRIC"),
        ("accuracy < 5 %", "METRIC"),
        ("accuracy < nan", "METRIC"),
        ("top5 < 0", "does not exist"),
        ("", "METRIC"),
    ],
)
def test_a_gate_that_cannot_be_judged_is_an_input_error(worse, condition, said):
    with pytest.raises(InputError, match=re.escape(said)):
        gates(worse, [condition])


# ------------------------------------------------------------------------------------------------ views


def test_the_sections_hold_every_change_and_only_plain_names(worse):
    shown = sections(worse, lambda key: None)
    assert [section.id for section in shown] == ["comparison", "class-differences", "changes"]
    views = [view for section in shown for view in section.views]
    ids = [view.id for view in views if getattr(view, "id", "")]
    assert len(ids) == len(set(ids))
    (gallery,) = (view for view in views if isinstance(view, Gallery))
    assert len(gallery.items) == sum(p.fixes + p.breaks for p in worse.pairs)
    assert {item.facets["truth"] for item in gallery.items} == set(HOSTILE)
    for view in views:
        if isinstance(view, Table):
            assert all(len(row) == len(view.columns) for row in view.rows)
            for link in filter(None, view.links):
                assert link.gallery == gallery.id
                assert set(link.filter) <= set(gallery.facets)
    (chart,) = (view for view in views if isinstance(view, Chart))
    assert sorted(chart.x.categories) == sorted(HOSTILE)
    assert len(chart.series) == 2
    targets = {*ids, *(section.id for section in shown)}
    assert {sentence.target for sentence in verdict(worse)} <= targets
    assert msgspec.json.encode(shown)
