"""Comparing detectors: paired, antisymmetric, at equal false detections, and silent where nothing can be shown."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from optotype.cli import run
from optotype.diagnose.compare import Comparison, compare, encode, gates, sections, verdict
from optotype.diagnose.compare.size_views import size_keys
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.metrics import operating
from optotype.metrics.average_precision import COCO, Rules
from optotype.metrics.intervals import percentile
from optotype.metrics.significance import holm, normal_p
from optotype.results import Provenance, Result, Source
from optotype.tables import Boxes, Items
from optotype.tasks import task_of
from optotype.tasks.detect import resample
from optotype.views import Chart, Frames, Picture, Table

NAMES = ("<b>cat</b>", "猫 \u202e")
SIDES = {"small": 20.0, "medium": 60.0, "large": 150.0}


def truth_of(images: int = 60, seed: int = 0, *, group: list[str] | None = None) -> Boxes:
    """In every image one object of each size, each of either class, far from each other."""
    rng = np.random.default_rng(seed)
    items = Items.of([str(100 + i) for i in range(images)], width=[640] * images, height=[480] * images, group=group)
    item = np.repeat(np.arange(images, dtype=np.int32), 3)
    side = np.tile(list(SIDES.values()), images)
    box = np.column_stack([np.tile([10.0, 200.0, 400.0], images), np.full(len(item), 20.0), side, side])
    label = rng.integers(0, 2, len(item)).astype(np.int32)
    area, n = side * side, len(item)
    return Boxes(items, NAMES, item, label, box, area, np.zeros(n, bool), np.arange(1, n + 1), None)


def detector(truth: Boxes, finds: dict[str, float], seed: int, *, false: float = 0.5) -> Boxes:
    """Finds a share of the objects of each size, with jitter, and says something false in a share of the images."""
    rng = np.random.default_rng(seed)
    share = np.tile([finds.get(size, 0.9) for size in SIDES], len(truth.items))
    kept = np.flatnonzero(rng.random(len(truth)) < share)
    box = truth.box[kept] * np.exp(rng.normal(0, 0.03, (len(kept), 4)))
    wrong = np.flatnonzero(rng.random(len(truth.items)) < false).astype(np.int32)
    stray = np.column_stack([rng.uniform(0, 80, (len(wrong), 2)) + np.array([0, 300]), np.full((len(wrong), 2), 40.0)])
    item = np.r_[truth.item[kept], wrong]
    order = np.argsort(item, kind="stable")
    label = np.r_[truth.label[kept], rng.integers(0, 2, len(wrong))].astype(np.int32)
    score = np.r_[rng.uniform(0.3, 1, len(kept)), rng.uniform(0.05, 0.7, len(wrong))]
    boxes = np.concatenate([box, stray])[order]
    return Boxes(
        truth.items, truth.classes, item[order], label[order], boxes, boxes[:, 2] * boxes[:, 3],
        np.zeros(len(order), bool), np.arange(len(order)), score[order],
    )  # fmt: skip


def judged(truth: Boxes, found: Boxes, *, sha: str = "aa", rules: Rules = COCO) -> tuple[Result, Evidence]:
    record = task_of("detect")
    evidence = record.match(truth, found, rules=rules)
    measured = record.measure(evidence, resamples=100, rules=rules)
    source = Source("gt.json", sha)
    fields = {name: getattr(measured, name) for name in measured.__struct_fields__}
    result = Result(task="detect", **fields, provenance=Provenance(source, source, "0", "", ""))
    return msgspec.json.decode(msgspec.json.encode(result), type=Result), evidence


def compared(*models: tuple[Result, Evidence], resamples: int = 100, **options) -> Comparison:
    names = [f"model {chr(65 + i)}" for i in range(len(models))]
    return compare([m[0] for m in models], [m[1] for m in models], names, resamples=resamples, **options)


def said(found: Comparison) -> str:
    return " ".join(sentence.text for sentence in verdict(found))


@pytest.fixture(scope="module")
def truth() -> Boxes:
    return truth_of()


@pytest.fixture(scope="module")
def blind(truth: Boxes) -> tuple[Result, Evidence]:
    """Loses most small objects."""
    return judged(truth, detector(truth, {"small": 0.1}, 1))


@pytest.fixture(scope="module")
def keen(truth: Boxes) -> tuple[Result, Evidence]:
    return judged(truth, detector(truth, {}, 2))


@pytest.fixture(scope="module")
def found(blind, keen) -> Comparison:
    return compared(blind, keen)


# ------------------------------------------------------------------------------------------------ numbers


def test_what_finds_the_small_objects_is_better_at_them(found):
    pair = found.pairs[0]
    small, large = pair.metrics["AP_small"], pair.metrics["AP_large"]
    assert small.low > 0.3
    assert small.p_holm < 0.001
    assert large.low < 0 < large.high
    miss = pair.metrics["tide.Miss"]
    assert (miss.unit, miss.better) == ("points", "lower")
    assert miss.high < -1
    assert "is better than" in said(found)
    assert "Miss −" in said(found)
    assert re.search(r"By size .*small AP \+\d", said(found))
    assert not re.search("large (AP|AR) ", said(found))
    sizes = [item.size for item in pair.fixed_objects]
    assert sizes.count("small") > 0.8 * len(sizes)


def test_swapping_the_models_turns_every_sign(blind, keen):
    forth, back = compared(blind, keen).pairs[0], compared(keen, blind).pairs[0]
    for key, there in forth.metrics.items():
        here = back.metrics[key]
        assert (there.value is None) == (here.value is None)
        if there.value is not None:
            assert there.value == pytest.approx(-here.value)
            assert there.p == pytest.approx(here.p)
        if there.low is not None:
            assert [there.low, there.high] == pytest.approx([-here.high, -here.low], abs=1e-12)
    one, other = ({f.at: f for f in pair.found} for pair in (forth, back))
    for name in ("model A", "model B"):
        turned = "model B" if name == "model A" else "model A"
        a, b = one[name], other[turned]
        assert (a.fixes, a.breaks, a.p, a.score_a, a.score_b) == (b.breaks, b.fixes, b.p, b.score_b, b.score_a)


def test_the_same_model_twice_is_no_difference_and_no_claim(keen):
    found = compared(keen, keen)
    pair = found.pairs[0]
    assert {d.value for d in pair.metrics.values()} <= {0.0, None}
    assert all(d.p is None and d.low is None for d in pair.metrics.values())
    assert all((f.fixes, f.breaks, f.p, f.score_a) == (0, 0, 1, f.score_b) for f in pair.found)
    assert not pair.frames
    assert not re.search("better|worse|after Holm|another verdict", said(found))


def test_intervals_are_percentiles_of_the_differences_of_paired_resamples(blind, keen, found):
    a, b = (resample(model[1], resamples=100, seed=0) for model in (blind, keen))
    pair = found.pairs[0]
    for key in ("AP", "AP_small", "AR_100", "tide.Miss", "tide.FN"):
        drawn = b.resampled[key] - a.resampled[key]
        difference = pair.metrics[key]
        assert [difference.low, difference.high] == pytest.approx([float(end) for end in percentile(drawn)])
        assert difference.value == pytest.approx(b.value[key] - a.value[key])
        assert difference.p == pytest.approx(normal_p(difference.value, drawn))
    drawn = b.class_resampled[:, 1] - a.class_resampled[:, 1]
    row = pair.per_class[1]
    assert [row.difference.low, row.difference.high] == pytest.approx([float(end) for end in percentile(drawn)])
    assert row.p == pytest.approx(normal_p(row.b - row.a, drawn))


def test_p_values_are_corrected_within_their_family(found):
    pair = found.pairs[0]
    errors = [pair.metrics[f"tide.{key}"] for key in ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss", "FP", "FN")]
    sizes = [pair.metrics[key] for key in size_keys(list(pair.metrics))]
    assert len(sizes) == 3 * (2 + 8 + 1)
    for family in (errors, sizes, pair.per_class):
        assert [d.p_holm for d in family] == pytest.approx(holm([d.p for d in family]))
        order = sorted((d for d in family if d.p is not None), key=lambda d: d.p)
        corrected = [d.p_holm for d in order]
        assert corrected == sorted(corrected)
        assert all(d.p_holm >= d.p for d in order)


def test_an_error_of_calibration_has_an_interval_only_where_both_have_one(blind, keen, found):
    for key in ("dece", "dece_small", "dece_medium", "dece_large"):
        size = key.removeprefix("dece_")
        errors = [m[0].calibration["dece"] if key == "dece" else m[0].calibration["size"][size]["dece"]
                  for m in (blind, keen)]  # fmt: skip
        both = all(error["low"] is not None for error in errors)
        assert (found.pairs[0].metrics[key].low is not None) == both, key


# ------------------------------------------------------------------------------------------------ objects


def finds(evidence: Evidence, score: float | None) -> np.ndarray:
    return operating.found_score(evidence) >= (math.inf if score is None else score)


def test_objects_are_counted_at_equally_many_false_detections(blind, keen, found):
    pair = found.pairs[0]
    assert [f.at for f in pair.found] == ["model A", "model B"]
    for point, own in zip(pair.found, (blind, keen), strict=True):
        best = operating.best_f1(own[1])
        assert point.false_per_image == best.false_per_image
        assert (point.score_a if own is blind else point.score_b) == best.score
        a, b = finds(blind[1], point.score_a), finds(keen[1], point.score_b)
        assert (point.fixes, point.breaks) == ((~a & b).sum(), (a & ~b).sum())
        assert (point.both_right, point.both_wrong) == ((a & b).sum(), (~a & ~b).sum())
        for _, evidence in (blind, keen):
            score = point.score_a if evidence is blind[1] else point.score_b
            rows = evidence["detections"]["score"] >= score
            wrong = operating.counts(evidence) & ~operating.right(evidence) & rows
            assert wrong.sum() <= point.false_per_image * len(evidence) + 1e-6
    first = pair.found[0]
    assert (pair.fixes, pair.breaks, pair.mcnemar_p) == (first.fixes, first.breaks, first.p)
    assert len(pair.fixed_objects) == pair.fixes
    assert len(pair.broken_objects) == pair.breaks
    assert sum(row.fixes for row in pair.per_class) == pair.fixes
    for item in pair.fixed_objects:
        assert item.b >= first.score_b
        assert item.a is None or item.a < first.score_a
    assert {item.label for item in pair.fixed_objects} <= set(NAMES)


def test_a_group_of_images_counts_once(truth):
    scenes = [f"scene {i // 3}" for i in range(60)]
    grouped = truth_of(group=scenes)
    alone = compared(*(judged(truth, detector(truth, {"small": s}, 1)) for s in (0.4, 0.95))).pairs[0]
    pair = compared(*(judged(grouped, detector(grouped, {"small": s}, 1)) for s in (0.4, 0.95))).pairs[0]
    assert (pair.fixes, pair.breaks) == (alone.fixes, alone.breaks)
    assert alone.mcnemar_p < pair.mcnemar_p < 0.05


def test_another_verdict_at_the_other_threshold_is_said(truth):
    """A finds the most before its first false detection, B only after some, but then all."""
    items = truth.items

    def boxes(rows: list[tuple[int, float]]) -> Boxes:
        """Rows (object, or −image − 1 for a false one; score)."""
        item = np.array([truth.item[i] if i >= 0 else -i - 1 for i, _ in rows], np.int32)
        order = np.argsort(item, kind="stable")
        box = np.array([truth.box[i] if i >= 0 else (0, 400, 9, 9) for i, _ in rows], np.float64)[order]
        label = np.array([truth.label[i] if i >= 0 else 0 for i, _ in rows], np.int32)[order]
        score = np.array([s for _, s in rows])[order]
        n = len(rows)
        return Boxes(items, NAMES, item[order], label, box, box[:, 2] * box[:, 3], np.zeros(n, bool), np.arange(n),
                     score)  # fmt: skip

    rest = [i for i in range(180) if not 50 <= i < 90]
    steep = [(i, 0.9) for i in range(100)] + [(-i - 1, 0.8) for i in range(60)]
    slow = [(i, 0.9) for i in range(50, 90)] + [(-i - 1, 0.8) for i in range(40)] + [(i, 0.7) for i in rest]
    found = compared(judged(truth, boxes(steep)), judged(truth, boxes(slow)))
    first, second = found.pairs[0].found
    assert (first.false_per_image, second.false_per_image) == (0, pytest.approx(40 / 60))
    assert first.fixes < first.breaks
    assert second.fixes > second.breaks
    assert "another verdict" in said(found)


def test_a_model_without_detections_finds_nothing(truth, keen):
    nothing = detector(truth, dict.fromkeys(SIDES, 0.0), 1, false=0.0)
    found = compared(judged(truth, nothing), keen, resamples=30)
    assert found.pairs[0].metrics["AP"].value > 0.3
    assert found.pairs[0].breaks == 0
    assert "NaN" not in encode(found).decode()
    assert sections(found, lambda key: None)


def test_few_images_have_no_interval_and_no_p_value():
    truth = truth_of(12)
    found = compared(*(judged(truth, detector(truth, {"small": s}, 3)) for s in (0.1, 0.9)))
    pair = found.pairs[0]
    assert all(d.low is None and d.p is None for d in pair.metrics.values())
    assert all(row.p is None and row.difference.low is None for row in pair.per_class)
    assert any("12 independent groups are too few" in warning for warning in found.warnings)
    assert not re.search("is better|is worse|after Holm", said(found))


@pytest.mark.parametrize("seed", range(6))
def test_the_verdict_says_no_more_than_the_interval(truth, seed):
    found = compared(*(judged(truth, detector(truth, {"small": 0.8}, s)) for s in (seed, seed + 50)))
    difference, text = found.pairs[0].metrics["AP"], verdict(found)[0].text
    assert bool(re.search("is (better|worse) than", text)) == difference.shown


# ------------------------------------------------------------------------------------------------ refusals, gates


def test_another_truth_or_protocol_is_refused(truth, keen):
    said_by = detector(truth, {}, 2)
    with pytest.raises(InputError, match="sha256 bb"):
        compared(keen, judged(truth, said_by, sha="bb"))
    moved = Boxes(truth.items, NAMES, truth.item, truth.label, truth.box + 0.5, truth.area, truth.crowd, truth.id)
    with pytest.raises(InputError, match="same"):
        compared(keen, judged(moved, said_by))
    with pytest.raises(InputError, match="same protocol"):
        compared(keen, judged(truth, said_by, rules=Rules(max_dets=(1, 10, 50))))


@pytest.mark.parametrize(
    ("condition", "closed"),
    [("AP < -0.005", False), ("AP > 0.005", True), ("tide.Miss > 0.5", False), ("tide.Miss<-.5", True),
     ("AP_small >= 0.1", True), ("dece > 1", False)],
)  # fmt: skip
def test_gates(found, condition, closed):
    assert bool(gates(found, [condition])) == closed


def test_an_unknown_gate_is_an_input_error(found):
    with pytest.raises(InputError, match=r"Did you mean 'tide\.Miss'"):
        gates(found, ["tide.Mis > 0"])


# ------------------------------------------------------------------------------------------------ views and files


def test_views_link_to_what_is_there_and_hold_both_models_boxes(blind, keen, found):
    shown = sections(found, lambda key: Picture(f"/nowhere/{key}.jpg"))
    views = [view for section in shown for view in section.views]
    named = [view.id for view in views if getattr(view, "id", "")]
    assert len(named) == len(set(named))
    assert {s.target for s in verdict(found)} <= {*named, *(section.id for section in shown)}
    frames = {view.id: view for view in views if isinstance(view, Frames)}
    for view in views:
        if isinstance(view, Table):
            assert all(len(row) == len(view.columns) for row in view.rows), view.id
            for link in filter(None, view.links):
                assert set(link.filter) <= set(frames[link.gallery].facets)
        if isinstance(view, Chart):
            assert all(len(s.x) == len(s.y) for s in view.series)
    (view,) = frames.values()
    assert list(view.names) == list(NAMES)
    fixed = sum(frame.drawn.note.count("fixed") for frame in view.frames)
    assert fixed == found.pairs[0].fixes
    notes = {note for frame in view.frames for note in frame.drawn.note}
    assert {"model A", "model B"} <= notes
    bare = sections(found, lambda key: None)
    assert all(f.picture is None for s in bare for v in s.views if isinstance(v, Frames) for f in v.frames)


def test_three_models_come_back_from_their_json(truth, blind, keen):
    third = judged(truth, detector(truth, {"large": 0.5}, 5))
    found = compared(blind, keen, third, resamples=40)
    assert len(found.pairs) == 3
    assert msgspec.json.decode(encode(found), type=Comparison) == found
    assert encode(compared(blind, keen, third, resamples=40, threads=2)) == encode(found)
    json.loads(encode(found), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    shown = sections(found, lambda key: None)
    ids = [view.id for section in shown for view in section.views if getattr(view, "id", "")]
    assert len(ids) == len(set(ids))
    assert {s.target for s in verdict(found)} <= {*ids, *(section.id for section in shown)}


def test_other_area_ranges_are_compared_too(truth):
    rules = Rules((COCO.ranges[0], ("tiny", 0.0, 900.0), ("rest", 900.0, 1e10)))
    found = compared(*(judged(truth, detector(truth, {"small": s}, 1), rules=rules) for s in (0.2, 0.9)), resamples=40)
    assert found.pairs[0].metrics["AP_tiny"].low > 0
    assert sections(found, lambda key: None)


# ------------------------------------------------------------------------------------------------ command line


def write_coco(folder: Path, truth: Boxes, **models: Boxes) -> tuple[str, list[str]]:
    ids = truth.items.key.tolist()
    gt = {
        "images": [{"id": int(i), "width": 640, "height": 480, "file_name": f"{i}.jpg"} for i in ids],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(truth.classes)],
        "annotations": [
            {"id": i + 1, "image_id": int(ids[truth.item[i]]), "category_id": int(truth.label[i]) + 1,
             "bbox": truth.box[i].tolist(), "area": float(truth.area[i]), "iscrowd": 0}
            for i in range(len(truth))
        ],
    }  # fmt: skip
    (folder / "gt.json").write_text(json.dumps(gt), encoding="utf-8")
    for name, found in models.items():
        rows = [
            {"image_id": int(ids[found.item[i]]), "category_id": int(found.label[i]) + 1, "bbox": found.box[i].tolist(),
             "score": float(found.score[i])}
            for i in range(len(found))
        ]  # fmt: skip
        (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    return str(folder / "gt.json"), [str(folder / f"{name}.json") for name in models]


def test_prediction_files_are_compared_on_the_command_line(truth, tmp_path, capfd):
    gt, files = write_coco(tmp_path, truth, old=detector(truth, {}, 2), new=detector(truth, {"small": 0.1}, 1))
    out = tmp_path / "cmp"
    words = ["compare", "--task", "detect", "--truth", gt, *files, "--names", "old", "new", "--out", str(out)]
    assert run([*words, "--bootstrap", "60", "--fail-if", "AP < -0.005", "tide.Miss > 0.5"]) == 3
    told = capfd.readouterr()
    assert "is worse than" in told.out
    assert told.err.count("gate closed") == 2
    assert not re.search(r"\bnan\b|-1\.000", told.out)
    assert (out / "comparison" / "report.html").is_file()
    assert run(["compare", str(out / "old"), str(out / "new"), "--bootstrap", "60", "--json"]) == 0
    found = msgspec.json.decode(capfd.readouterr().out, type=Comparison)
    assert found.pairs[0].fixes < found.pairs[0].breaks


def test_a_detector_in_the_terminal(truth, tmp_path, capfd):
    gt, (file,) = write_coco(tmp_path, truth, one=detector(truth, {"small": 0.5}, 2))
    words = ["evaluate", "detect", gt, file, "--out", str(tmp_path / "one"), "--no-causes", "--no-report"]
    assert run([*words, "--bootstrap", "40"]) == 0
    told = capfd.readouterr().out
    for text in ("mAP50-95", "APs", "TIDE", "Miss", "FN", "dece", "by size", "180 objects"):
        assert text in told, text
    assert not re.search(r"\bnan\b|-1\.000", told)


def test_numbers_that_do_not_exist_are_dashes_in_the_terminal(tmp_path, capfd):
    few = truth_of(3)
    large = few.take(np.arange(2, 9, 3))
    gt, (file,) = write_coco(tmp_path, large, one=detector(few, dict.fromkeys(SIDES, 0.0), 1, false=0.0))
    assert run(["evaluate", "detect", gt, file, "--out", str(tmp_path / "one"), "--no-causes", "--no-report"]) == 0
    told = capfd.readouterr().out
    assert "–" in told
    assert not re.search(r"\bnan\b|-1\.0|None", told)
