"""The report's sections about a classifier: true to the numbers, linked, bounded, and plain text throughout."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.evidence import Evidence
from optotype.results import Provenance, Result, Source
from optotype.tables import Items, Labels
from optotype.tasks import task_of
from optotype.tasks.classify import match, measure, sections, verdict
from optotype.tasks.classify.gallery import RIGHT_PER_CLASS, choose
from optotype.views import Chart, Gallery, Matrix, Picture, Section, Table

HOSTILE = ("<script>alert('x')</script>", "a\"b'c", "猫 \u202e", "&amp;", "plain", "{0}%s")


def evaluated(
    n: int = 300,
    K: int = 6,
    *,
    seed: int = 0,
    scored: bool = True,
    skill: float = 1.5,
    names=None,
    resamples: int = 60,
) -> tuple[Result, Evidence]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, K, n).astype(np.int32)
    logits = rng.normal(size=(n, K))
    logits[np.arange(n), truth] += skill
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    items = Items.of([f"{i:05d}<img src=x>.jpg" for i in range(n)])
    classes = names or (HOSTILE[:K] if len(HOSTILE) >= K else tuple(f"class {k}" for k in range(K)))
    said = Labels(items, classes, scores.argmax(axis=1).astype(np.int32), scores if scored else None)
    evidence = match(Labels(items, classes, truth), said)
    found = measure(evidence, said, resamples=resamples)
    source = Source("truth", "aa")
    result = Result(
        task="classify", protocol=found.protocol, n=found.n, metrics=found.metrics, per_class=found.per_class,
        calibration=found.calibration, warnings=found.warnings, provenance=Provenance(source, source, "0", "", ""),
    )  # fmt: skip
    return result, evidence


def views(shown: list[Section], kind):
    return [view for section in shown for view in section.views if isinstance(view, kind)]


def picture(key: str) -> Picture:
    return Picture(f"/photos/{key}")


@pytest.mark.parametrize("scored", [True, False])
def test_sections_and_links(scored):
    result, evidence = evaluated(scored=scored)
    shown = sections(result, evidence, picture)
    expected = ["numbers", "classes", "confusion", "calibration", "images"]
    assert [s.id for s in shown] == (expected if scored else [x for x in expected if x != "calibration"])
    (gallery,) = views(shown, Gallery)
    for table in views(shown, Table):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert len(table.links) in (0, len(table.rows))
        for link in filter(None, table.links):
            assert link.gallery == gallery.id
            assert set(link.filter) <= set(gallery.facets)
            assert any(item.facets.items() >= link.filter.items() for item in gallery.items)
    targets = {s.id for s in shown}
    assert {sentence.target for sentence in verdict(result, evidence)} <= targets
    assert msgspec.json.encode(shown)


def test_the_matrix_has_truth_in_rows_and_agrees_with_the_metrics():
    result, evidence = evaluated()
    (matrix,) = views(sections(result, evidence, picture), Matrix)
    counts = np.array(matrix.counts)
    rows = evidence["labels"]
    assert counts.sum() == 300
    assert counts.trace() / 300 == pytest.approx(result["accuracy"].value)
    assert counts.sum(axis=1).tolist() == [row.n for row in result.per_class]
    assert counts[1, 2] == int(((rows["truth"] == 1) & (rows["predicted"] == 2)).sum())
    assert matrix.names == list(HOSTILE)
    assert (matrix.row_label, matrix.column_label) == ("truth", "prediction")


def test_every_filled_cell_opens_an_image():
    result, evidence = evaluated(1500)
    shown = sections(result, evidence, picture, limit=200)
    (matrix,), (gallery,) = views(shown, Matrix), views(shown, Gallery)
    assert len(gallery.items) <= 200
    have = {(item.facets["truth"], item.facets["predicted"]) for item in gallery.items}
    for i, row in enumerate(matrix.counts):
        for j, count in enumerate(row):
            assert ((matrix.names[i], matrix.names[j]) in have) == (count > 0)
    errors = int((evidence["labels"]["truth"] != evidence["labels"]["predicted"]).sum())
    assert f"of {errors:,} wrongly classified" in gallery.caption


@given(st.integers(1, 200), st.integers(1, 8), st.integers(0, 60), st.booleans(), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_choice_of_images_is_bounded_fair_and_ordered(n, K, limit, scored, seed):
    rng = np.random.default_rng(seed)
    items, classes = Items.of([f"{i:04d}" for i in range(n)]), tuple("abcdefgh"[:K])
    scores = rng.dirichlet(np.ones(K), n)
    truth = Labels(items, classes, rng.integers(0, K, n).astype(np.int32))
    evidence = match(truth, Labels(items, classes, scores.argmax(axis=1).astype(np.int32), scores if scored else None))
    wrong, right = choose(evidence, limit)
    rows = evidence["labels"]
    assert len(wrong) + len(right) <= limit
    assert len(set(wrong.tolist()) | set(right.tolist())) == len(wrong) + len(right)
    assert (rows["truth"][wrong] != rows["predicted"][wrong]).all()
    assert (rows["truth"][right] == rows["predicted"][right]).all()
    assert np.bincount(rows["truth"][right], minlength=K).max(initial=0) <= RIGHT_PER_CLASS
    if scored:
        assert (np.diff(rows["confidence"][wrong]) <= 0).all()
    code = rows["truth"].astype(int) * K + rows["predicted"]
    errors = np.bincount(code[rows["truth"] != rows["predicted"]], minlength=K * K)
    taken = np.bincount(code[wrong], minlength=K * K)
    cut = taken < errors
    assert not cut.any() or taken.max() - taken[cut].min() <= 1


def test_names_are_carried_as_they_are():
    result, evidence = evaluated()
    shown = sections(result, evidence, picture)
    (gallery,) = views(shown, Gallery)
    assert {item.facets["truth"] for item in gallery.items} == set(HOSTILE)
    assert all(item.title.endswith("<img src=x>.jpg") for item in gallery.items)
    assert all(item.picture == picture(item.title) for item in gallery.items)
    wrong = [item for item in gallery.items if item.facets["outcome"] == "wrong"]
    facts = dict(wrong[0].facts)
    assert facts["truth"] != facts["predicted"]
    assert len(facts["top 5"].split(", ")) == 5


def test_many_classes_show_those_with_most_mistakes():
    result, evidence = evaluated(3000, 80)
    shown = sections(result, evidence, picture)
    (matrix,) = views(shown, Matrix)
    assert len(matrix.names) == 50
    assert "50 of 80 classes" in matrix.caption
    rows = evidence["labels"]
    names = np.array(evidence.classes)
    i, j = 3, 7
    inside = (names[rows["truth"]] == matrix.names[i]) & (names[rows["predicted"]] == matrix.names[j])
    assert matrix.counts[i][j] == int(inside.sum())


def test_the_reliability_chart_shows_the_diagonal_the_bins_and_their_counts():
    result, evidence = evaluated()
    charts = {chart.id: chart for chart in views(sections(result, evidence, picture), Chart)}
    ideal, plain, cooled = charts["reliability"].series
    assert (ideal.x, ideal.y, ideal.role) == ([0.0, 1.0], [0.0, 1.0], "ideal")
    assert all(low <= y <= high for low, y, high in zip(plain.low, plain.y, plain.high, strict=True))
    assert "temperature" in cooled.name
    assert sum(charts["reliability-counts"].series[0].y) == 300


@pytest.mark.parametrize(("sharpness", "word"), [(6.0, "over-confident"), (0.15, "under-confident")])
def test_the_verdict_says_which_way_the_confidences_are_off(sharpness, word):
    rng = np.random.default_rng(0)
    n, K = 2000, 4
    p = rng.dirichlet(np.ones(K), n)
    truth = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, K - 1).astype(np.int32)
    scores = p**sharpness / (p**sharpness).sum(axis=1, keepdims=True)
    result, evidence = _evaluate(truth, scores)
    (sentence,) = (s for s in verdict(result, evidence) if s.target == "calibration")
    assert word in sentence.text
    assert "lowers that error" in sentence.text
    calm, same = _evaluate(truth, p)
    (sentence,) = (s for s in verdict(calm, same) if s.target == "calibration")
    assert "cannot be shown to be wrong" in sentence.text


def _evaluate(truth: np.ndarray, scores: np.ndarray) -> tuple[Result, Evidence]:
    items, classes = Items.of([f"{i:05d}" for i in range(len(truth))]), tuple("abcd")
    said = Labels(items, classes, scores.argmax(axis=1).astype(np.int32), scores)
    evidence = match(Labels(items, classes, truth), said)
    found = measure(evidence, said, resamples=100)
    source = Source("truth", "aa")
    result = Result(
        task="classify", protocol=found.protocol, n=found.n, metrics=found.metrics, per_class=found.per_class,
        calibration=found.calibration, warnings=found.warnings, provenance=Provenance(source, source, "0", "", ""),
    )  # fmt: skip
    return result, evidence


def test_the_verdict_carries_the_numbers():
    result, evidence = evaluated()
    sentences = verdict(result, evidence)
    assert 3 <= len(sentences) <= 5
    accuracy = result["accuracy"]
    value, low, high = (f"{100 * number:.1f}" for number in (accuracy.value, accuracy.low, accuracy.high))
    assert f"{value}\N{NO-BREAK SPACE}% [{low}, {high}] of 300 items" in sentences[0].text
    weakest = min(result.per_class, key=lambda row: row.metrics["recall"].value)
    assert weakest.name in sentences[1].text
    assert "calling" in sentences[2].text


def test_a_useless_model_is_not_called_better_than_the_commonest_class():
    result, evidence = evaluated(skill=0.0)
    assert "not shown to be better than always answering" in verdict(result, evidence)[0].text


@pytest.mark.parametrize("n", [1, 3, 19])
def test_tiny_data_make_a_page_and_a_caveat(n):
    result, evidence = evaluated(n)
    assert sections(result, evidence, lambda key: None)
    assert any("no valid intervals" in s.text for s in verdict(result, evidence))


def test_a_perfect_model_makes_a_page():
    result, evidence = evaluated(skill=99.0)
    assert "No item is classified wrongly." in [s.text for s in verdict(result, evidence)]
    (gallery,) = views(sections(result, evidence, picture), Gallery)
    assert {item.facets["outcome"] for item in gallery.items} == {"right"}


def test_the_task_is_in_the_table_of_tasks():
    assert task_of("classify").sections is sections
    assert task_of("classify").match is match
