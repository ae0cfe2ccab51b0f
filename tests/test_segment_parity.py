"""Numbers of a segmentation against scikit-learn and cityscapesScripts, and proof that the comparison has teeth."""

from __future__ import annotations

import math
import warnings
from functools import cache

import numpy as np
import pytest
from PIL import Image

from mask_sets import case, flat
from optotype.metrics import segmentation
from optotype.tables import OTHER, VOID, Masks
from optotype.tasks.segment import match, measure
from optotype.tasks.segment.pairs import pairs

sklearn = pytest.importorskip("sklearn.metrics")

TOLERANCE = 1e-12
CASES = 240
CITYSCAPES = 60


def ours(seed: int) -> tuple[dict[str, float | None], list[dict[str, float | None]]]:
    found = measure(match(*case(seed), threads=1), resamples=0)
    classes = [{key: metric.value for key, metric in row.metrics.items()} | {"n": row.n} for row in found.per_class]
    return {key: metric.value for key, metric in found.metrics.items()}, classes


def labelled(truth: Masks, said: Masks) -> tuple[np.ndarray, np.ndarray]:
    """Pixels whose truth is a class; what was said of them that is no class as one more label."""
    a, b = flat(truth).astype(int), flat(said).astype(int)
    kept = a < OTHER
    return a[kept], np.where(b >= OTHER, len(truth.classes), b)[kept]


@cache
def theirs(seed: int) -> tuple[dict[str, float | None], list[dict[str, float | None]]]:
    truth, said = case(seed)
    y, p = labelled(truth, said)
    K = len(truth.classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _headline(y, p, K), _classes(y, p, K)


def _headline(y: np.ndarray, p: np.ndarray, K: int) -> dict[str, float | None]:
    names = [m.key for m in segmentation.SEGMENT if m.key not in ("map", "success_mean")]
    if not len(y):
        return dict.fromkeys(names)
    some = [k for k in range(K) if (y == k).any() or (p == k).any()]
    real = [k for k in range(K) if (y == k).any()]
    macro = {"labels": some, "average": "macro", "zero_division": 0}
    values = (
        sklearn.accuracy_score(y, p),
        sklearn.recall_score(y, p, labels=real, average="macro", zero_division=0),
        sklearn.jaccard_score(y, p, **macro),
        sklearn.jaccard_score(y, p, labels=some, average="micro", zero_division=0),
        sklearn.jaccard_score(y, p, labels=some, average="weighted", zero_division=0),
        sklearn.f1_score(y, p, **macro),
        sklearn.precision_score(y, p, **macro),
        sklearn.recall_score(y, p, **macro),
    )
    return dict(zip(names, map(float, values), strict=True))


def _classes(y: np.ndarray, p: np.ndarray, K: int) -> list[dict[str, float | None]]:
    truth, said = (np.bincount(side, minlength=K + 1)[:K] for side in (y, p))
    if not len(y):
        return [dict.fromkeys(("iou", "dice", "precision", "recall", "accuracy")) | {"n": 0}] * K
    one = {"labels": range(K), "average": None, "zero_division": np.nan}
    values = {
        "iou": sklearn.jaccard_score(y, p, labels=range(K), average=None, zero_division=0),
        "dice": sklearn.f1_score(y, p, **one),
        "precision": sklearn.precision_score(y, p, **one),
        "recall": sklearn.recall_score(y, p, **one),
        "accuracy": sklearn.multilabel_confusion_matrix(y, p, labels=range(K))[:, [0, 1], [0, 1]].sum(axis=1) / len(y),
    }
    values["iou"] = np.where(truth + said > 0, values["iou"], np.nan)
    values["accuracy"] = np.where(truth + said > 0, values["accuracy"], np.nan)
    return [
        {key: None if np.isnan(row[k]) else float(row[k]) for key, row in values.items()} | {"n": int(truth[k])}
        for k in range(K)
    ]


def differ(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is not b
    return abs(a - b) > TOLERANCE


def differences(found, expected) -> list[str]:
    headline = [key for key, value in expected[0].items() if differ(found[0][key], value)]
    classes = [
        f"{k}.{key}"
        for k, row in enumerate(expected[1])
        for key, value in row.items()
        if differ(found[1][k][key], value)
    ]
    return headline + classes


@pytest.mark.parametrize("seed", range(CASES))
def test_confusion_matrix_equals_scikit_learns(seed):
    truth, said = case(seed)
    evidence = match(truth, said, threads=1)
    y, p = labelled(truth, said)
    K = len(truth.classes)
    found = pairs(evidence, "truth-dropped")
    matrix = np.zeros((K + 1, K + 1), int)
    np.add.at(matrix, (found.truth, np.where(found.said < 0, K, found.said)), found.n)
    expected = sklearn.confusion_matrix(y, p, labels=range(K + 1)) if len(y) else np.zeros((K + 1, K + 1), int)
    assert (matrix == expected).all()


@pytest.mark.parametrize("seed", range(CASES))
def test_numbers_equal_scikit_learns(seed):
    assert differences(ours(seed), theirs(seed)) == []


def test_generated_cases_cover_what_is_odd():
    """Else the comparison would say little: nothing to judge, absent classes, classes of one side, void, no class."""
    values = [theirs(seed) for seed in range(CASES)]
    assert sum(headline["miou"] is None for headline, _ in values) >= 10
    rows = [row for _, classes in values for row in classes]
    for what in ("iou", "precision", "recall"):
        assert sum(row[what] is None for row in rows) >= 50
    sides = [(flat(truth), flat(said)) for truth, said in map(case, range(CASES))]
    assert sum(((a < OTHER) & (b == OTHER)).any() for a, b in sides) >= 50
    assert sum(((a < OTHER) & (b == VOID)).any() for a, b in sides) >= 50
    assert sum((a == OTHER).any() for a, _ in sides) >= 20


WRONG = {
    "iou_per_class": lambda intersection, truth, said: np.divide(intersection, truth + said - intersection + 1e-6),
    "miou": lambda intersection, truth, said: segmentation._mean(
        segmentation.iou_per_class(intersection, truth, said), truth > 0
    ),
    "miou_micro": lambda intersection, truth, said: segmentation.divide(intersection.sum(-1), truth.sum(-1)),
    "fwiou": lambda intersection, truth, said: segmentation.divide(
        (np.nan_to_num(segmentation.iou_per_class(intersection, truth, said)) * said).sum(-1), said.sum(-1)
    ),
    "precision": lambda intersection, truth, said: np.nanmean(
        np.append(segmentation.precision_per_class(intersection, said), 0.0)
    ),
    "pixel_accuracy": lambda intersection, truth: segmentation.divide(intersection.sum(-1), truth.sum(-1) + 1.0),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_formula_is_caught(name, monkeypatch):
    """Each of these is a mistake that somebody published, or off by a hair."""
    measures = tuple(
        segmentation.Measure(m.key, m.label, WRONG[name], task="segment") if m.function.__name__ == name else m
        for m in (*segmentation.SEGMENT, *segmentation.SEGMENT_CLASS)
    )
    cut = len(segmentation.SEGMENT)
    monkeypatch.setattr(segmentation, "SEGMENT", measures[:cut])
    monkeypatch.setattr(segmentation, "SEGMENT_CLASS", measures[cut:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        caught = [seed for seed in range(40) if differences(ours(seed), theirs(seed))]
    assert len(caught) >= 3


@pytest.fixture(scope="module")
def cityscapes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")


@pytest.mark.parametrize("seed", range(CITYSCAPES))
def test_iou_equals_cityscapes_scripts(seed, tmp_path, cityscapes):
    """19 classes as label ids in files; void and values of no class as ids that are ignored in its evaluation."""
    truth, said = case(seed, classes=19)
    evaluated = [label for label in cityscapes.labels if not label.ignoreInEval]
    table = np.zeros(256, np.uint8)
    for k, label in enumerate(sorted(evaluated, key=lambda label: label.trainId)):
        table[k] = label.id
    arguments = cityscapes.args
    arguments.evalInstLevelScore = False
    matrix = cityscapes.generateMatrix(arguments)
    for i, (a, b) in enumerate(zip(truth.maps, said.maps, strict=True)):
        files = [str(tmp_path / f"{side}{i}.png") for side in ("said", "truth")]
        for file, labels in zip(files, (b, a), strict=True):
            Image.fromarray(table[labels]).save(file)
        cityscapes.evaluatePair(*files, matrix, {}, {}, arguments)
    scores = {k: cityscapes.getIouScoreForLabel(int(table[k]), matrix, arguments) for k in range(19)}
    headline, classes = ours_of(truth, said)
    for k, score in scores.items():
        assert (classes[k] is None) == math.isnan(score)
        assert classes[k] is None or classes[k] == pytest.approx(score, abs=TOLERANCE)
    mean = cityscapes.getScoreAverage(scores, arguments)
    assert headline is None if math.isnan(mean) else headline == pytest.approx(mean, abs=TOLERANCE)


def ours_of(truth: Masks, said: Masks) -> tuple[float | None, list[float | None]]:
    found = measure(match(truth, said, threads=1), resamples=0)
    return found.metrics["miou"].value, [row.metrics["iou"].value for row in found.per_class]
