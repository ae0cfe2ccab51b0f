"""Comparing trackers: paired by scene, antisymmetric, exact where scenes are few, and silent where nothing is shown."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from optotype.cli import run
from optotype.diagnose.compare import Comparison, compare, encode, gates, sections, verdict
from optotype.diagnose.compare.following import WITHIN, by_cause, held, switches
from optotype.diagnose.compare.swapping import least_p, swaps
from optotype.diagnose.compare.tracking import Scenes
from optotype.errors import InputError
from optotype.formats import write_tracks
from optotype.metrics.tracking import NUMBERS
from optotype.tasks.track import resample
from optotype.tasks.track.codes import TYPE_CODE
from optotype.tasks.track.intervals import of_trackers
from optotype.tasks.track.timeline import Lives
from optotype.views import Chart, Frames, Picture, Section, Table, Timeline
from track_evidence import judged, planted, table, write_tree

KEYS = [kind.key for kind in NUMBERS]


def two(scenes: int = 4, seed: int = 1, **worse):
    """A tracker, and one that fails as ``worse`` says, on the same truth."""
    settings = {"sequences": scenes, "objects": 5}
    good = judged(*planted(seed, **settings))
    return [judged(*planted(seed, tracker=1, **{**settings, **worse})), good]


def compared(sides, *, names=("a", "b"), resamples=60) -> Comparison:
    found = compare([r for r, _ in sides], [e for _, e in sides], list(names), resamples=resamples)
    return msgspec.json.decode(encode(found), type=Comparison)


def nowhere(_key: str) -> Picture | None:
    return None


def views(found: list[Section], kind: type) -> list:
    return [view for section in found for view in section.views if isinstance(view, kind)]


def test_differences_are_those_of_the_numbers_and_turn_with_the_order():
    sides = two(switch=0.1, miss=0.15)
    there, back = compared(sides).pairs[0], compared(sides[::-1]).pairs[0]
    for key in KEYS:
        a, b = (result[key].value for result, _ in sides)
        assert there.metrics[key].value == pytest.approx(b - a)
        assert back.metrics[key].value == pytest.approx(a - b)
        assert there.metrics[key].p == pytest.approx(back.metrics[key].p)
    assert (there.fixes, there.breaks) == (back.breaks, back.fixes)
    assert (there.followed.avoided, there.followed.made) == (back.followed.made, back.followed.avoided)
    assert (there.followed.held, there.followed.lost) == (back.followed.lost, back.followed.held)
    assert there.followed.better() == back.followed.better()[::-1]


def slow_swaps(a, b, numbers):
    """Every exchange by itself."""
    whole = numbers(b.sum(axis=0)[None])[0] - numbers(a.sum(axis=0)[None])[0]
    count = np.zeros(len(whole))
    for flips in itertools.product([False, True], repeat=len(a)):
        left, right = (np.where(np.array(flips)[:, None], x, y) for x, y in ((b, a), (a, b)))
        difference = numbers(right.sum(axis=0)[None])[0] - numbers(left.sum(axis=0)[None])[0]
        count += np.abs(difference) >= np.abs(whole) - 1e-12
    return count / 2 ** len(a)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_exchanging_scenes_agrees_with_doing_it_one_by_one(n):
    rng = np.random.default_rng(n)
    a, b = rng.integers(0, 20, (2, n, 3)).astype(float)
    ratio = lambda sums: np.column_stack([sums[:, 0] / (1 + sums[:, 1]), sums[:, 2]])  # noqa: E731
    p = swaps(a, b, ratio)
    assert p == pytest.approx(slow_swaps(a, b, ratio))
    assert (p >= least_p(n)).all()


def test_the_exact_test_keeps_its_level():
    """Of trackers that are alike it finds a difference in at most 5 % of cases."""
    rng = np.random.default_rng(0)
    p = [swaps(*rng.normal(size=(2, 7, 1)), lambda sums: sums)[0] for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.08


def test_scenes_give_the_numbers_of_the_whole_and_of_each_scene():
    result, evidence = judged(*planted(3, classes=("a", "b")))
    scenes = Scenes.of(evidence)
    whole = Scenes.numbers(scenes.columns.sum(axis=0)[None])[0]
    assert whole == pytest.approx([result[key].value for key in KEYS], nan_ok=True)
    each = Scenes.numbers(scenes.columns)
    for i, row in enumerate(result.slices["sequence"]):
        assert each[i] == pytest.approx([row.metrics[key].value for key in KEYS])
    of_class = Scenes.numbers(Scenes.of(evidence, 1).columns.sum(axis=0)[None])[0]
    assert of_class == pytest.approx([result.per_class[1].metrics[key].value for key in KEYS])


def test_few_scenes_have_p_values_and_no_intervals():
    pair = compared(two(6, switch=0.2, miss=0.3)).pairs[0]
    assert pair.followed.tests == "swaps"
    assert pair.followed.least_p == 2**-5
    assert all(d.low is None and d.p is not None for d in pair.metrics.values())
    assert pair.metrics["HOTA"].p == pair.followed.least_p
    assert pair.followed.better() == (6, 0)
    said = verdict(compared(two(6, switch=0.2, miss=0.3)))[0]
    assert said.tone == "good"
    assert "‘b’ is better than ‘a’" in said.text
    assert "higher in 6 of 6 scenes and lower in 0 (exact p = 0.031" in said.text
    assert "the least possible 0.0312" in said.text


def test_too_few_scenes_show_nothing():
    said = verdict(compared(two(3, switch=0.2, miss=0.3)))[0].text
    assert said.startswith("No difference in HOTA can be shown")
    assert "too few to show anything" in said


def test_many_scenes_have_paired_intervals():
    sides = two(22, switch=0.1, miss=0.2)
    pair = compared(sides, resamples=80).pairs[0]
    a, b = (resample(evidence, resamples=80, seed=0) for _, evidence in sides)
    value = b.value["HOTA"] - a.value["HOTA"]
    low, high = of_trackers(b.resampled["HOTA"] - a.resampled["HOTA"], value, 22)
    assert pair.followed.tests == "bootstrap"
    assert pair.followed.least_p is None
    assert (pair.metrics["HOTA"].low, pair.metrics["HOTA"].high) == (low, high)
    assert low > 0
    assert pair.metrics["IDSW"].low is None
    assert "is better than ‘a’" in verdict(compared(sides, resamples=80))[0].text
    assert pair.detectable > 0


def test_a_tracker_against_itself_differs_in_nothing():
    _, good = two()
    comparison = compared([good, good])
    pair = comparison.pairs[0]
    assert all(d.value == 0 and d.p == 1 for d in pair.metrics.values())
    assert (pair.fixes, pair.breaks, pair.followed.avoided, pair.followed.made) == (0, 0, 0, 0)
    assert pair.followed.both == good[0]["IDSW"].value
    assert not pair.frames
    assert not pair.followed.lanes
    assert "find exactly the same boxes" in verdict(comparison)[0].text
    assert "changes" not in [section.id for section in sections(comparison, nowhere)]


def tracks(*spans: tuple[int, int, int]):
    """One object of 40 frames; (identity, first, last) of the tracks that have it."""
    truth = [(0, f, 1, 10.0 + f, 10.0, 20.0, 40.0) for f in range(1, 41)]
    said = [(0, f, who, 10.0 + f, 10.0, 20.0, 40.0) for who, first, last in spans for f in range(first, last + 1)]
    return judged(table(["s"], [40], truth), table(["s"], [40], said, scored=True), resamples=0)


@pytest.mark.parametrize(("apart", "both"), [(0, 1), (WITHIN, 1), (WITHIN + 1, 0)])
def test_switches_pair_up_where_they_are_near(apart, both):
    one, other = tracks((5, 1, 20), (6, 21, 40)), tracks((5, 1, 20 + apart), (9, 21 + apart, 40))
    found = switches(one[1], other[1])
    assert found.both == both
    assert (found.avoided.sum(), found.made.sum()) == (1 - both, 1 - both)


def test_each_switch_pairs_up_once():
    one = tracks((1, 1, 10), (2, 11, 13), (3, 14, 16), (4, 17, 40))
    other = tracks((1, 1, 12), (2, 13, 40))
    found = switches(one[1], other[1])
    assert (found.avoided.sum(), found.made.sum(), found.both) == (2, 0, 1)
    back = switches(other[1], one[1])
    assert (back.avoided.sum(), back.made.sum(), back.both) == (0, 2, 1)


def test_objects_are_held_by_the_identity_that_has_them_longest():
    one, other = tracks((5, 1, 20), (6, 21, 40)), tracks((5, 1, 30), (6, 31, 40))
    lives = Lives.of(one[1]), Lives.of(other[1])
    assert held(lives).tolist() == [10]
    (first, second) = compared([one, other]).pairs[0].followed.lanes
    assert (first.title, second.title) == ("id 1 · a", "id 1 · b")
    assert first.last == [20, 40]
    assert second.last == [30, 40]


def test_boxes_are_fixed_and_broken_and_drawn_amid_their_run():
    one, other = tracks((5, 1, 30)), tracks((5, 11, 40))
    pair = compared([one, other]).pairs[0]
    assert (pair.fixes, pair.breaks, pair.both_right, pair.both_wrong) == (10, 10, 20, 0)
    (frame,) = pair.frames
    assert frame.facets["change"] in ("fixed", "broken")
    assert 1 <= int(frame.facets["frame"]) <= 40
    assert frame.drawn.role[0] == "missed"
    assert frame.drawn.note[0] == f"{frame.facets['change']}, id 1"
    assert frame.drawn.note[1].endswith("id 5")


def test_events_by_cause_add_up():
    sides = two(switch=0.1, miss=0.15)
    rows = by_cause(sides[0][1], sides[1][1])
    for k, (_, evidence) in enumerate(sides):
        for name, code in TYPE_CODE.items():
            counts = [(row.a, row.b)[k] for row in rows if row.type == name]
            assert sum(counts) == (evidence["events"]["type"] == code).sum()


def test_gates_close_on_a_difference_in_hota():
    comparison = compared(two(switch=0.1, miss=0.15)[::-1])
    assert gates(comparison, ["HOTA < -0.005"])
    assert gates(comparison, ["IDSW > 3"])
    assert not gates(comparison, ["HOTA > 0"])
    with pytest.raises(InputError, match="HOTA"):
        gates(comparison, ["HOTAA < 0"])


def test_another_truth_is_refused():
    one, _ = two(seed=1)
    other, _ = two(seed=2)
    with pytest.raises(InputError, match="truth"):
        compared([one, other])


@pytest.mark.parametrize("classes", [("pedestrian",), ("car", "pedestrian")])
def test_the_page_holds_together(classes):
    sides = (
        two(switch=0.1, miss=0.2, classes=classes)
        if len(classes) == 1
        else [judged(*planted(1, classes=classes, tracker=k, switch=0.03 + 0.1 * k)) for k in (1, 0)]
    )
    comparison = compared(sides, names=("<b>", "猫"))
    found = sections(comparison, nowhere)
    named = {view.id for section in found for view in section.views if getattr(view, "id", "")}
    ids = {section.id for section in found} | named
    assert {s.target for s in verdict(comparison) if s.target} <= ids
    assert ("class-differences" in ids) == (len(classes) > 1)
    for t in views(found, Table):
        assert all(len(row) == len(t.columns) for row in t.rows)
    for chart in views(found, Chart):
        assert all(len(s.x) == len(s.y) for s in chart.series)
    (lanes,), (frames,) = views(found, Timeline), views(found, Frames)
    assert len(lanes.lanes) % 2 == 0
    assert frames.frames
    assert "NaN" not in json.dumps(json.loads(encode(comparison)))


def test_three_trackers_are_compared_in_all_pairs():
    sides = [judged(*planted(1, tracker=k, switch=0.03 * k)) for k in range(3)]
    comparison = compared(sides, names=("a", "b", "c"))
    assert [(pair.a, pair.b) for pair in comparison.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    found = sections(comparison, nowhere)
    assert len(views(found, Timeline)) == 2
    assert len({view.id for view in views(found, Timeline)}) == 2


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, str, list[str]]:
    """A folder, a tree with pictures, and what two trackers say of it, the second worse."""
    folder = tmp_path_factory.mktemp("tracks")
    truth, _ = planted(1, sequences=2, objects=4)
    said = []
    for name, tracker, worse in (("good", 0, {}), ("bad", 1, {"switch": 0.2, "miss": 0.3})):
        write_tracks(folder / name, planted(1, sequences=2, objects=4, tracker=tracker, **worse)[1])
        said.append(str(folder / name))
    return folder, write_tree(folder / "truth", truth, pictures=True), said


def test_trackers_are_compared_from_files(files, capfd):
    folder, truth, said = files
    out = folder / "cmp"
    words = ["compare", "--task", "track", "--truth", truth, *said, "--out", str(out), "--protocol", "mot17"]
    assert run([*words, "--bootstrap", "20", "--fail-if", "HOTA < -0.005", "IDSW > 3"]) == 3
    told = capfd.readouterr()
    assert told.err.count("gate closed") == 2
    for word in ("HOTA", "bad minus good", "fixed, broken", "avoided, made"):
        assert word in told.out, word
    assert not re.search(r"\bnan\b|None", told.out)
    page = (out / "comparison" / "report.html").read_text()
    assert "comparison of 2 models on the same sequences" in page
    assert json.loads(re.search(r'id="page">(.*?)</script>', page, re.DOTALL)[1])["images"]
    assert run(["compare", str(out / "good"), str(out / "bad"), "--json"]) == 0
    found = msgspec.json.decode(capfd.readouterr().out, type=Comparison)
    assert found.pairs[0].metrics["HOTA"].value < 0
    assert run(["compare", str(out / "good"), str(out / "bad"), "--protocol", "mot17"]) == 1


def test_a_tracker_in_the_terminal_and_on_its_page(files, capfd):
    folder, truth, (file, _) = files
    out = folder / "one"
    assert run(["evaluate", "track", truth, file, "--out", str(out), "--bootstrap", "20", "--no-causes"]) == 0
    told = capfd.readouterr().out
    for word in ("HOTA", "num_switches", "seq-00", "seq-01", "commonest causes", "track: 2 sequences"):
        assert word in told, word
    assert not re.search(r"\bnan\b|None", told)
    page = json.loads(re.search(r'id="page">(.*?)</script>', (out / "report.html").read_text(), re.DOTALL)[1])
    assert page["subtitle"].startswith("track, 2 sequences, ")
    views = [view for section in page["sections"] for view in section["views"]]
    (sheet,) = [view for view in views if view["type"] == "sheet"]
    assert all(image >= 0 for image, _ in sheet["tiles"])
    (frames,) = [view for view in views if view["type"] == "frames"]
    assert all(image >= 0 for _, image, *_ in frames["items"])
