"""The simulated detector: what is declared is what is simulated, and the explanation finds it and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optotype.box_geometry import iou
from optotype.formats import coco, coco_results
from optotype.results import Result
from optotype.studies.demo import stills
from optotype.studies.demo.detect_leg import FAULTS
from optotype.studies.demo.detector import ALARMS, RECALL, Detected, simulate
from optotype.studies.demo.faults import Fault
from optotype.studies.demo.findings import find, undeclared
from optotype.studies.evaluation import evaluate
from optotype.tables import Boxes, Items
from optotype.tasks.detect.matching import match
from optotype.world.labels import OBJECT_CLASSES

BY_KEY = {fault.key: fault for fault in FAULTS}
WITHOUT_PIXELS = tuple(fault for fault in FAULTS if fault.key != "dark")


def street(seed: int = 0, images: int = 200) -> stills.Stills:
    """Boxes as of stills, without the pictures: no overlap but that of hidden things, brightness of its own."""
    rng = np.random.default_rng((seed, 7))
    n = rng.integers(12, 22, images)
    item = np.repeat(np.arange(images, dtype=np.int32), n)
    size = np.clip(np.exp(rng.normal(3.3, 0.75, len(item))), 8, 200)
    side = size[:, None] * np.exp(rng.normal(0, 0.2, len(item)))[:, None] ** np.array([1, -1])
    box = np.column_stack([rng.random((len(item), 2)) * (np.array([480, 360]) - side).clip(0), side])
    box[:, 2:] = np.minimum(side, [480, 360])
    items = Items.of([str(i + 1) for i in range(images)], width=[480] * images, height=[360] * images)
    crowd = rng.random(len(item)) < 0.02
    label = rng.integers(0, len(OBJECT_CLASSES), len(item)).astype(np.int32)
    truth = Boxes(
        items, OBJECT_CLASSES, item, label, box, box[:, 2] * box[:, 3], crowd,
        np.arange(1, len(item) + 1, dtype=np.int64),
    )  # fmt: skip
    attributes = {
        "size": np.sqrt(box[:, 2] * box[:, 3]),
        "brightness": rng.random(len(item)),
        "occlusion": covered(truth) + rng.normal(0, 0.01, len(item)).clip(0),
    }
    return stills.Stills(truth, {name: np.where(crowd, np.nan, values) for name, values in attributes.items()})


def covered(truth: Boxes) -> np.ndarray:
    found = np.zeros(len(truth))
    for i in range(len(truth)):
        x, y, w, h = truth.box[i]
        for j in np.flatnonzero((truth.item == truth.item[i]) & ~truth.crowd):
            if j != i:
                a, b, c, d = truth.box[j]
                wide, high = min(x + w, a + c) - max(x, a), min(y + h, b + d) - max(y, b)
                found[i] = max(found[i], max(wide, 0) * max(high, 0) / (w * h))
    return found


def only(key: str) -> tuple[Detected, stills.Stills, np.ndarray]:
    """One fault alone on 400 images: detections, the street, and the struck rows."""
    made = street(1, 400)
    done = simulate(made.truth, made.attributes, (BY_KEY[key],), seed=3)
    return done, made, done.struck.get(key, np.zeros(0, bool))


def evaluated(made: stills.Stills, faults: tuple[Fault, ...], folder: Path, *, seed: int = 0) -> Result:
    done = simulate(made.truth, made.attributes, faults, seed=seed)
    coco.write(folder / "truth.json", made.truth)
    coco_results.write(folder / "found.json", done.prediction)
    return evaluate(
        "detect", folder / "truth.json", folder / "found.json", out=folder / "out", resamples=200, report=False
    )


def matched(done: Detected, truth: Boxes) -> tuple[np.ndarray, np.ndarray]:
    """Best IoU (m,) of any detection, and of one of the object's class, by brute force."""
    best = np.zeros((2, len(truth)))
    found = done.prediction
    for i in range(len(truth)):
        rows = np.flatnonzero(found.item == truth.item[i])
        if len(rows):
            overlap = iou(np.repeat(truth.box[i : i + 1], len(rows), axis=0), found.box[rows])
            same = found.label[rows] == truth.label[i]
            best[0, i], best[1, i] = overlap.max(), overlap[same].max(initial=0)
    return best[0], best[1]


def test_the_simulation_does_what_is_declared() -> None:
    made = street(1, 150)
    real = ~made.truth.crowd
    done = simulate(made.truth, made.attributes, FAULTS, seed=0)
    any_class, same_class = matched(done, made.truth)
    for key in ("small", "dark", "large", "twice"):
        fault = BY_KEY[key]
        share = fault.share * fault.rate
        assert abs(done.struck[key][real].mean() - share) < 0.02, key
        assert not done.struck[key][~real].any(), "crowds are passed over"
    missed = done.struck["small"] | done.struck["dark"]
    assert np.median(any_class[missed]) < 0.3
    off = done.struck["large"] & ~missed
    assert (same_class[off] < 0.5).mean() > 0.9
    hidden = done.struck["hidden rickshaws"] & ~missed & ~off
    assert {OBJECT_CLASSES[k] for k in made.truth.label[hidden].tolist()} == {"rickshaw"}
    assert np.median(same_class[hidden]) < 0.5 < np.median(any_class[hidden])
    untouched = real & ~np.any(list(done.struck.values()), axis=0)
    assert abs((same_class[untouched] > 0.6).mean() - RECALL) < 0.02
    again = simulate(made.truth, made.attributes, FAULTS, seed=0).prediction
    assert np.array_equal(again.box, done.prediction.box)
    assert np.array_equal(again.score, done.prediction.score)
    other = simulate(made.truth, made.attributes, FAULTS, seed=1).prediction
    assert len(other) != len(again) or not np.array_equal(other.score, again.score)


def test_what_is_found_twice_and_what_is_imagined_is_there() -> None:
    done, made, struck = only("twice")
    plain = simulate(made.truth, made.attributes, (), seed=3).prediction
    more = len(done.prediction) - len(plain)
    assert abs(more - RECALL * struck.sum()) < 0.2 * struck.sum()
    done, made, _ = only("alarms")
    assert done.struck == {}
    alarms = len(done.prediction) - RECALL * (~made.truth.crowd).sum()
    assert abs(alarms / 400 - ALARMS - BY_KEY["alarms"].rate) < 0.3


def test_detections_stay_in_the_image_and_are_matched_at_all() -> None:
    made = street(2, 40)
    done = simulate(made.truth, made.attributes, FAULTS, seed=0).prediction
    assert (done.box[:, :2] >= 0).all()
    assert (done.box[:, :2] + done.box[:, 2:] <= np.array([480, 360]) + 0.01).all()
    assert len(match(made.truth, done)["detections"]) == len(done)


@pytest.mark.parametrize("seed", range(2))
def test_declared_faults_are_found(seed: int, tmp_path: Path) -> None:
    """Without pictures all but that of the dark things, which is in no number then."""
    pytest.importorskip("sklearn")
    result = evaluated(street(seed), WITHOUT_PIXELS, tmp_path, seed=seed)
    assert [fault.key for fault, f in zip(FAULTS, find(FAULTS, result), strict=True) if not f.told] == ["dark"]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    result = evaluated(street(5), (), tmp_path)
    assert [finding.told for finding in find(FAULTS, result)] == [""] * len(FAULTS)
    assert undeclared(FAULTS, result) == []


def test_the_other_end_is_not_a_finding(tmp_path: Path) -> None:
    """Large things overlooked, small ones badly placed: neither is what is declared."""
    turned = [replace(BY_KEY["small"], direction="high"), replace(BY_KEY["large"], direction="low", share=0.3)]
    result = evaluated(street(6), tuple(turned), tmp_path)
    assert [f.told for f in find((BY_KEY["small"], BY_KEY["large"]), result)] == ["", ""]


def test_stills_are_the_worlds_own_truth(tmp_path: Path) -> None:
    made = stills.render_stills(tmp_path / "images", 3, seed=1, domain="south")
    truth = made.truth
    assert [path.name for path in sorted((tmp_path / "images").iterdir())] == truth.items.path.tolist()
    assert len(truth.items) == 3
    real = ~truth.crowd
    assert (truth.area[real] <= truth.box[real, 2] * truth.box[real, 3]).all()
    for name, values in made.attributes.items():
        assert np.isfinite(values[real]).all(), name
    assert ((made.attributes["occlusion"][real] >= 0) & (made.attributes["occlusion"][real] <= 0.85)).all()
    again = stills.render_stills(tmp_path / "again", 3, seed=1, domain="south")
    assert np.array_equal(again.truth.box, truth.box)
    assert (tmp_path / "again" / "0001.jpg").read_bytes() == (tmp_path / "images" / "0001.jpg").read_bytes()
