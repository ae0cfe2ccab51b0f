"""Explaining segmentations: components are measured, what was planted is found, and nothing that is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mask_sets import case, masks
from optotype.diagnose.causes import Causes, causes, sections
from optotype.diagnose.causes.outcomes import outcomes
from optotype.diagnose.causes.questions import QUESTIONS, answers
from optotype.diagnose.causes.records import Effect, Spread
from optotype.diagnose.causes.relating import cell_rows, ranks, relations
from optotype.diagnose.causes.wording import PLAINER, shown_effects
from optotype.diagnose.conditions import BY_KEY, Objects, Regions, attach, measure, of_table
from optotype.evidence import Evidence
from optotype.label_maps import write_label_map
from optotype.runs import RunFolder
from optotype.studies.evaluation import evaluate
from optotype.studies.explained import causes_of
from optotype.studies.explaining import _components, explain
from optotype.studies.judging import load
from optotype.tables import Items, Masks
from optotype.tasks import segment
from optotype.tasks.segment.cells import cells
from optotype.tasks.segment.protocol import protocol
from optotype.tasks.segment.recalling import rules_of
from optotype.tasks.segment.rules import VOIDS, Rules
from optotype.views import Chart, Table

NAMES = ("sky", "road", "car", "person", "rider")
PROTOCOL = {"void": "truth-dropped"}


def street(
    images: int = 120, seed: int = 0, *, small: float = 0.0, aside: float = 0.0, cut: float = 0.0
) -> tuple[Masks, Masks]:
    """Squares of three classes on road and sky.

    Of the small ones ``small`` are overlooked, of persons in the lower half ``aside`` are called riders, of cars on the
    border ``cut`` are overlooked too; one in twenty of all is.
    """
    rng = np.random.default_rng(seed)
    truth, said = [], []
    for _ in range(images):
        one = np.zeros((120, 160), np.uint8)
        one[60:] = 1
        spoken = one.copy()
        for gx in range(4):
            for gy in range(2):
                k, side = int(rng.integers(2, 5)), int(np.clip(np.exp(rng.normal(2.5, 0.4)), 5, 26))
                high = min(26, max(5, int(side * np.exp(rng.normal(0, 0.3)))))
                x, y = gx * 40 + int(rng.integers(2, 12)), gy * 60 + int(rng.integers(2, 30))
                if k == 2 and gx == 0 and rng.random() < 0.7:
                    x = 0
                place = np.s_[y : y + high, x : x + side]
                one[place] = k
                gone = rng.random() < (small if side * high < 80 else 0.05)
                gone |= k == 2 and x == 0 and rng.random() < cut
                if not gone:
                    spoken[place] = 4 if k == 3 and gy == 1 and rng.random() < aside else k
        truth.append(one)
        said.append(spoken)
    items = Items.of([f"{i:03}" for i in range(images)], width=[160] * images, height=[120] * images)
    colours = np.arange(15, dtype=np.uint8).reshape(5, 3)
    return Masks(items, NAMES, truth, colours), Masks(items, NAMES, said, colours)


def explained(truth: Masks, said: Masks) -> tuple[Causes, Evidence]:
    evidence = segment.match(truth, said)
    conditions = measure("segment", _components(evidence), truth.items, images=False)
    evidence = attach(evidence, truth.items, conditions)
    return causes(evidence, skipped=conditions.skipped, protocol=PROTOCOL), evidence


@pytest.mark.parametrize("seed", range(30))
def test_outcomes_are_those_of_the_slow_way(seed: int) -> None:
    evidence = segment.match(*case(seed), rules=Rules(least=1))
    found = outcomes(evidence)
    assert found is not None
    rows, K = evidence["components"], len(evidence.classes)
    for i in range(len(rows)):
        share = int(rows["right"][i]) / int(rows["area"][i])
        assert found.failed[i] == (share < 0.5)
        expected = rows["label"][i] if share >= 0.5 else rows["said"][i] if rows["said"][i] < K else -1
        assert found.said[i] == expected


def test_conditions_of_components_by_hand() -> None:
    box = np.array([[0, 10, 10, 10], [12, 10, 4, 4], [60, 60, 8, 2], [62, 60, 4, 4]], np.float64)
    objects = Objects(
        np.zeros(4, np.int32), np.array([1, 1, 1, 0], np.int32), box,
        regions=Regions(np.array([81, 16, 8, 16]), np.array([9, 16, 4, 0])),
    )  # fmt: skip
    found = measure("segment", objects, Items.of(["a"], width=[100], height=[100]), images=False).values
    assert found["size"].tolist() == [9, 4, np.sqrt(8), 4]
    assert found["fill"].tolist() == [0.81, 1, 0.5, 1]
    assert found["rim"] == pytest.approx([1 / 9, 1, 0.5, 0])
    assert found["pieces"].tolist() == [1, 0, 0, 0], "only the large one reaches the other; other classes do not count"
    assert found["truncation"].tolist() == [0.25, 0, 0, 0]
    assert not {"overlap", "spacing"} & set(found)


@pytest.mark.parametrize("seed", range(20))
def test_cells_carry_the_means_of_their_components(seed: int) -> None:
    truth, said = case(seed)
    void = tuple(VOIDS)[seed % len(VOIDS)]
    evidence = segment.match(truth, said, rules=Rules(least=1))
    conditions = measure("segment", _components(evidence), truth.items, images=False)
    evidence = attach(evidence, truth.items, conditions)
    told = of_table(evidence["conditions"], "segment")
    if "rim" not in told.values or void == "as-class":
        return
    found = cell_rows(evidence, told, {"void": void})
    known = cells(evidence, Rules(void=void))
    rows, slow = evidence["components"], []
    for item, label, iou in zip(known.item.tolist(), known.label.tolist(), known.iou.tolist(), strict=True):
        mine = (rows.item == item) & (rows["label"] == label)
        if mine.any():
            slow.append((iou, np.average(told.values["rim"][mine], weights=rows["area"][mine])))
    assert found.iou == pytest.approx([iou for iou, _ in slow])
    assert found.values["rim"] == pytest.approx([rim for _, rim in slow])


def test_ranks_are_those_of_the_peer() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, 200).astype(float), rng.normal(size=200)
    a, b = ranks(x), ranks(y)
    expected = stats.spearmanr(x, y).statistic
    assert (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()) == pytest.approx(expected)


def test_planted_causes_are_found() -> None:
    pytest.importorskip("sklearn")
    found, evidence = explained(*street(small=0.7, aside=0.7))
    shown = {(e.condition, e.place) for e in shown_effects(found)}
    assert ("size", "low") in shown
    assert not set(PLAINER) & {condition for condition, _ in shown}, "the plainer condition speaks"
    pairs = {(s.truth, s.predicted) for s in found.slices}
    assert ("person", "rider") in pairs
    assert found.failures == int(outcomes(evidence).failed.sum())
    first = found.taken[0]
    assert (first.truth, first.said) == ("person", "rider")
    assert sum(t.n for t in found.taken) == found.failures
    told = {s.text.split("?")[0]: s.text for s in answers(found)}
    assert told["Too small"].startswith("Too small? Yes: where size is below")
    assert "rank correlation inside classes +" in told["Too small"]
    assert told["Occluded"].startswith("Occluded? The other way round: where share cut off by the border is below")
    assert "‘person’ for ‘rider’" not in told["Confused"]
    assert "‘person’ taken for ‘rider’" in told["Confused"]
    strongest = found.relations[0]
    assert strongest.condition in {"size", "rim"}
    assert strongest.p_holm is not None
    assert strongest.p_holm < 0.05
    size = next(r for r in found.relations if r.condition == "size")
    assert size.within is not None
    assert size.within.low > 0
    assert size.bands[0].iou < size.bands[-1].iou


def test_what_the_border_cuts_off_is_found() -> None:
    pytest.importorskip("sklearn")
    found, _ = explained(*street(200, cut=0.9))
    told = {s.text.split("?")[0]: s.text for s in answers(found)}
    assert told["Occluded"].startswith(
        "Occluded? Of one class, yes: ‘car’ is missed more often when it is more cut off"
    )
    assert told["Too small"].startswith("Too small? Not by itself: where size is from")


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_there_is_not_found(seed: int) -> None:
    found, _ = explained(*street(seed=seed, small=0.05))
    assert [s.text for s in answers(found) if "? Yes" in s.text] == []
    assert not [s for s in found.slices if s.predicted is None], "what is overlooked high up is sky, which is no fault"


def test_with_few_groups_nothing_is_said_to_be_shown() -> None:
    truth, said = street(60, small=0.8)
    grouped = replace(truth, items=replace(truth.items, group=np.array([f"g{i % 3}" for i in range(60)])))
    found, _ = explained(grouped, replace(said, items=grouped.items))
    told = [s.text for s in answers(found)]
    assert told[0].startswith("Too small? Untested, as there are too few groups: where size is below")
    assert not any("? Yes" in text or "? Not shown" in text for text in told)
    assert all(r.p is None and r.rank.low is None for r in found.relations)


def test_relations_to_nothing_are_seldom_shown() -> None:
    """A condition that IoU does not go with has p below 5 % about as often as that."""
    hits = []
    for seed in range(40):
        truth, said = street(40, seed=seed, small=0.3)
        evidence = segment.match(truth, said)
        noise = np.random.default_rng(seed).normal(size=len(evidence["components"]))
        conditions = measure("segment", _components(evidence), truth.items, images=False)
        told = replace(conditions, values={"column:noise": noise})
        (found,) = relations(cell_rows(evidence, told, PROTOCOL), resamples=200, seed=0)
        hits.append(found.p < 0.05)
    assert np.mean(hits) <= 0.15


def test_the_rules_are_recalled_from_the_protocol() -> None:
    for void in VOIDS:
        rules = Rules(void=void, thresholds=(3, 10))
        assert rules_of(protocol(rules, {"present": [], "truth": [], "absent": []}, True, resamples=0, seed=0)) == rules


def test_the_page_asks_and_answers() -> None:
    found, _ = explained(*street(small=0.7))
    shown = sections(found)
    assert [s.id for s in shown][:2] == ["causes", "cell-relations"]
    ids = [v.id for v in shown[1].views if isinstance(v, (Table, Chart))]
    assert ids[0] == "relation-table"
    assert ids[-1] == "taken"
    assert "relation-1" in ids
    assert {key for q in QUESTIONS for key, _ in q.conditions} <= set(BY_KEY)


SPREAD = Spread(0.2, 0.1, 0.3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Yes: where"),
        ({"place": "high"}, "The other way round: where"),
        ({"place": "middle"}, "Not at that end: where"),
        ({"p_holm": None}, "Untested"),
        ({"p_holm": 0.2}, "Not shown: where"),
        ({"adjusted": Spread(0.0, -0.1, 0.1)}, "Not by itself: where"),
        ({"difference": Spread(0.1, -0.01, 0.2)}, "Not shown, as the interval reaches 0: where"),
    ],
)
def test_what_is_said_of_a_condition_agrees_with_its_numbers(changes: dict[str, Any], said: str) -> None:
    effect = Effect(
        **{
            "condition": "size", "label": "size", "unit": "px", "kind": "measured", "place": "low", "where": "below 3",
            "n": 40, "failures": 20, "rate": 0.5, "rest_rate": 0.3, "difference": SPREAD, "p": 0.001, "p_holm": 0.007,
            "bins": [], "worst": 0, "share": 0.5, **changes,
        }
    )  # fmt: skip
    found = Causes(n=100, groups=30, failures=40, effects=[effect], resamples=10, seed=0, task="segment")
    (told,) = answers(found)
    assert told.text.startswith(f"Too small? {said}")
    assert ("after correction" in told.text) == ("Not shown: where" in said)


def test_from_files_with_images_to_causes(tmp_path: Path) -> None:
    truth, said = street(60, small=0.7)
    for side, folder in ((truth, "masks"), (said, "said")):
        for key, labels in zip(side.items.key.tolist(), side.maps, strict=True):
            write_label_map(tmp_path / folder / f"{key}.png", labels, side.colours)
    (tmp_path / "images").mkdir()
    for key, labels in zip(truth.items.key.tolist(), truth.maps, strict=True):
        Image.fromarray(np.repeat(labels[:, :, None] * 40 + 20, 3, axis=2)).save(tmp_path / "images" / f"{key}.png")
    lines = [f"{name},{r},{g},{b}" for name, (r, g, b) in zip(NAMES, truth.colours.tolist(), strict=True)]
    (tmp_path / "classes.csv").write_text("\n".join(["name,r,g,b", *lines, ""]))
    out = tmp_path / "out"
    result = evaluate("segment", tmp_path / "masks", tmp_path / "said", out=out, classes=tmp_path / "classes.csv",
                      resamples=50, report=False)  # fmt: skip
    found = causes_of(result)
    assert found is not None
    assert ("contrast", "needs the images: --images") in found.skipped
    again = causes_of(explain(out, images=tmp_path / "images"))
    assert again is not None
    assert {"contrast", "brightness"} <= set(load(RunFolder(out)).evidence["conditions"].columns)
    assert {"contrast"} <= {r.condition for r in again.relations}
    assert (out / "report.html").is_file()
    once_more = causes_of(explain(out, report=False))
    assert once_more == again, "where images lie is remembered, and label maps are still known"


def test_one_class_and_no_components() -> None:
    truth = masks([np.full((9, 9), 255, np.uint8)], 2)
    evidence = segment.match(truth, truth)
    conditions = measure("segment", _components(evidence), truth.items, images=False)
    found = causes(attach(evidence, truth.items, conditions), protocol=PROTOCOL)
    assert (found.n, found.relations, found.taken) == (0, [], [])
