"""What the report says of a tracker: every link leads somewhere, and what is drawn is what the evidence holds."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from optotype.report import text
from optotype.results import encode
from optotype.tasks import task_of
from optotype.tasks.track.codes import CAUSE_CODE, TYPE_CODE
from optotype.tasks.track.event_views import _parts, event_frames
from optotype.tasks.track.frames import Film, Shown
from optotype.tasks.track.timeline import Lives, timeline, why
from optotype.tasks.track.viewing import sections, verdict
from optotype.views import Chart, Frames, Page, Picture, Section, Sheet, Table, Timeline, Verdict
from track_evidence import judged, planted, table


def views(found: list[Section], kind: type) -> list:
    return [view for section in found for view in section.views if isinstance(view, kind)]


def nowhere(_key: str) -> Picture | None:
    return None


@pytest.fixture(scope="module")
def one():
    return judged(*planted(1))


@pytest.fixture(scope="module")
def several():
    return judged(*planted(2, sequences=5, classes=("car", "pedestrian"), switch=0.05))


@pytest.mark.parametrize("case", ["one", "several"])
def test_every_link_leads_to_something(case, request):
    result, evidence = request.getfixturevalue(case)
    found = sections(result, evidence, nowhere)
    named = {view.id: view for section in found for view in section.views if getattr(view, "id", "")}
    ids = {section.id for section in found} | set(named)
    assert len(ids) == len({section.id for section in found}) + len(named)
    assert {s.target for s in verdict(result, evidence) if s.target} <= ids
    links = [link for t in views(found, Table) for link in t.links if link]
    links += [lane.link for t in views(found, Timeline) for lane in t.lanes if lane.link]
    for link in links:
        view = named[link.gallery]
        entries = view.frames if isinstance(view, Frames) else view.lanes
        assert any(all(entry.facets.get(k) == v for k, v in link.filter.items()) for entry in entries), link
    for t in views(found, Table):
        assert len(t.links) in (0, len(t.rows))
        assert all(len(row) == len(t.columns) for row in t.rows), t.title
    for chart in views(found, Chart):
        assert all(len(s.x) == len(s.y) for s in chart.series), chart.title


def test_the_sections_come_in_the_order_of_questions(one, several):
    order = ["numbers", "events-section", "conditions", "sequences", "classes", "curves", "images"]
    assert [s.id for s in sections(*several, nowhere)] == order
    assert [s.id for s in sections(*one, nowhere)] == [name for name in order if name != "classes"]


@pytest.mark.parametrize("seed", range(3))
def test_lives_agree_with_what_was_counted(seed):
    result, evidence = judged(*planted(seed, classes=("a", "b"), switch=0.05, miss=0.1))
    lives = Lives.of(evidence)
    assert lives.switches.sum() == result["IDSW"].value
    assert lives.missed.sum() == result["FN"].value
    assert lives.frames.sum() == result.n.truth
    assert len(lives) == evidence["counts"]["truth_ids"].sum()
    assert (lives.missed <= lives.wrong).all()
    worst = lives.wrong[lives.worst()]
    assert (np.diff(worst) <= 0).all()


def slow_life(evidence, item: int, who: int) -> list[int]:
    """Which track has an object in each of its frames, row by row."""
    truth, said = evidence["truth"], evidence["predictions"]
    start = said.starts(len(evidence))[item]
    rows = [i for i in range(len(truth)) if truth.item[i] == item and truth["id"][i] == who and truth["kept"][i]]
    return [-1 if truth["match"][i] < 0 else int(said["id"][start + truth["match"][i]]) for i in rows]


@pytest.mark.parametrize("seed", range(3))
def test_lanes_hold_who_has_the_object_in_each_frame(seed):
    _, evidence = judged(*planted(seed, switch=0.1, miss=0.1, sequences=2, objects=4))
    lives = Lives.of(evidence)
    for lane in timeline(evidence, lives, set()).lanes:
        item = int(np.flatnonzero(evidence.keys == lane.group)[0])
        who = int(lane.title.removeprefix("id "))
        said = [
            -1 if by < 0 else int(lane.names[by].removeprefix("track "))
            for first, last, by in zip(lane.first, lane.last, lane.by, strict=True)
            for _ in range(first, last + 1)
        ]
        expected = slow_life(evidence, item, who)
        assert said == expected
        held = [track for track in expected if track >= 0]
        longest = max((held.count(track) for track in set(held)), default=0)
        i = int(np.flatnonzero((lives.item == item) & (lives.id == who))[0])
        assert lives.wrong[i] == len(expected) - longest
        assert dict(lane.facts)["switches"] == str(sum(a != b for a, b in pairwise(held)))
        assert max(lane.by, default=-1) == len(lane.names) - 1
        assert all(first <= last <= lane.length for first, last in zip(lane.first, lane.last, strict=True))
        assert all(note for by, note in zip(lane.by, lane.note, strict=True) if by < 0)


def test_moments_of_a_lane_are_its_events():
    _, evidence = judged(*planted(3, switch=0.1, miss=0.1))
    rows = evidence["events"]
    lanes = timeline(evidence, Lives.of(evidence), set()).lanes
    for kind, name in enumerate(("IDSW", "Frag")):
        shown = sum(moment.kind == kind for lane in lanes for moment in lane.moments)
        assert shown == (rows["type"] == TYPE_CODE[name]).sum() > 0


def test_event_frames_show_what_they_are_about(several):
    _, evidence = several
    shown = Shown(evidence, Film(nowhere))
    frames, linked = event_frames(shown, Lives.of(evidence))
    assert linked
    assert {frame.facets["type"] for frame in frames.frames} >= {"FN", "FP", "IDSW"}
    for frame in frames.frames:
        x, y, w, h = frame.focus
        assert min(x, y) >= 0
        assert x + w <= frame.width + 0.2
        assert y + h <= frame.height + 0.2
        facts, drawn = dict(frame.facts), frame.drawn
        assert len({len(getattr(drawn, name)) for name in drawn.__struct_fields__}) == 1
        scored = [score is not None for score in drawn.score]
        if frame.facets["type"] == "FN":
            assert drawn.role[0] == "missed"
            assert drawn.note[0] == facts["object"]
        if frame.facets["type"] == "FP":
            wrong = [note for note, role in zip(drawn.note, drawn.role, strict=True) if role == "wrong"]
            assert facts["track"] in wrong
        if frame.facets["type"] == "IDSW":
            assert facts["before"].split(" until ")[0] != f"track {facts['track']}"
            assert facts["object"] in [note for note, s in zip(drawn.note, scored, strict=True) if not s]
            assert facts["track"] in [note for note, s in zip(drawn.note, scored, strict=True) if s]


def test_boxes_are_drawn_from_pixel_0_over_the_picture_of_their_frame(tmp_path):
    for name, n in (("seq-a", 3), ("seq-b", 2)):
        (tmp_path / name).mkdir()
        for i in range(n):
            Image.new("RGB", (64, 48)).save(tmp_path / name / f"{i + 1:06d}.png")
    names, paths = ["seq-a", "seq-b"], [str(tmp_path / name) for name in ("seq-a", "seq-b")]
    truth = table(names, [3, 2], [(0, 2, 7, 11.0, 21.0, 8.0, 16.0), (1, 1, 8, 1.0, 1.0, 5.0, 5.0)], paths=paths)
    found = table(names, [3, 2], [], scored=True, paths=paths)
    result, evidence = judged(truth, found)
    where = dict(zip(names, paths, strict=True))
    made = sections(result, evidence, lambda key: Picture(where[key]))
    (frames,) = views(made, Frames)
    frame = next(frame for frame in frames.frames if frame.facets["sequence"] == "seq-a")
    assert frame.picture == Picture(str(tmp_path / "seq-a" / "000002.png"), 480)
    drawn = frame.drawn
    assert (drawn.x[0], drawn.y[0], drawn.w[0], drawn.h[0]) == (10.0, 20.0, 8.0, 16.0)
    (sheet,) = views(made, Sheet)
    assert [tile.picture.path for tile in sheet.tiles] == [str(tmp_path / n / "000001.png") for n in names]


def test_scores_that_are_no_shares_are_not_filtered_by():
    truth, found = planted(1)
    for factor, scored in ((1, True), (100, False)):
        _, evidence = judged(truth, replace(found, score=found.score * factor))
        drawn = Shown(evidence, Film(nowhere)).frame(0, 30, size=10).drawn
        assert any(score is not None for score in drawn.score) == scored


def test_pages_without_tracks_or_objects():
    rows = [(0, f, 1, 10.0, 10.0, 20.0, 40.0) for f in range(1, 9)]
    for said, there in (([], rows), (rows, []), ([], [])):
        result, evidence = judged(table(["s"], [8], there), table(["s"], [8], said, scored=True), resamples=10)
        found = [Section("v", "V", [Verdict(verdict(result, evidence))]), *sections(result, evidence, nowhere)]
        page = Page("x", found)
        assert "nan" not in text.markdown(page).lower()
        assert "NaN" not in json.dumps(json.loads(encode(result)))


def test_the_verdict_says_what_costs_and_which_sequence_is_worst():
    truth, found = planted(5, sequences=4, switch=0.0, miss=0.3, false=0.0)
    result, evidence = judged(truth, found)
    said = " ".join(sentence.text for sentence in verdict(result, evidence))
    assert "detection costs more" in said
    assert "identities switch 0 times" in said
    rows = result.slices["sequence"]
    least = min(rows, key=lambda row: row.metrics["HOTA"].value)
    assert f"The worst sequence is ‘{least.name}’" in said
    assert "With 4 independent scenes there are no valid intervals" in said
    truth, found = planted(5, switch=0.3, miss=0.0, false=0.0)
    said = " ".join(sentence.text for sentence in verdict(*judged(truth, found)))
    assert "association costs more" in said


def test_intervals_are_said_where_there_are_scenes_enough():
    result, evidence = judged(*planted(4, sequences=22, objects=3))
    said = verdict(result, evidence)
    assert f"HOTA is {result['HOTA'].value:.3f} [{result['HOTA'].low:.3f}, " in said[0].text
    assert not any("no valid intervals" in s.text for s in said)


def test_a_cause_is_told_with_its_fact():
    assert why(0, float("nan")) == "unexplained: no rule fits"
    assert why(CAUSE_CODE["swap"], 3.0, 4).endswith("(frames apart 3, id 4)")


def test_many_lanes_are_cut(monkeypatch):
    monkeypatch.setattr("optotype.tasks.track.timeline.MOST_LANES", 5)
    _, evidence = judged(*planted(1))
    view = timeline(evidence, Lives.of(evidence), set())
    assert len(view.lanes) == 5
    assert "The 5 of 18 of which most goes wrong" in view.caption


def test_track_is_in_the_table_of_tasks():
    assert task_of("track").sections is sections


def test_parts_of_a_condition_are_short_and_told_apart() -> None:
    assert _parts(["below 22.3 %", "22.3 % to below 55.6 %", "82.1 % or more"], 1.0) == ["< 22", "22–56", "≥ 82"]
    speed = ["below 0.00573 heights a frame", "0.00573 to below 0.00993 heights a frame", "0.00993 or more"]
    assert _parts(speed, 100.0) == ["< 0.57", "0.57–0.99", "≥ 0.99"]
    assert _parts(["below 10.1 px", "10.1 to below 10.4 px", "10.4 px or more"], 1.0) == [
        "< 10.1",
        "10.1–10.4",
        "≥ 10.4",
    ]
    assert _parts(["below 1.23e+03 px", "1.23e+03 px or more"], 1.0) == ["< 1,230", "≥ 1,230"]
    assert _parts(["below 8 boxes", "8 to below 10 boxes", "10 boxes or more"], 1.0) == ["< 8", "8–10", "≥ 10"]
