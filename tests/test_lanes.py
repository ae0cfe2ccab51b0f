"""The lanes of a timeline in the page: runs and moments survive the packing, lanes give way where a page is small."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from optotype.report import html, text
from optotype.report.budget import Selection
from optotype.report.lanes import fitting, lane_codes, moments, runs
from optotype.report.payload import Images, payload
from optotype.studies.prefixing import prefixed, view_id
from optotype.views import Lane, Moment, Page, Section, Timeline
from report_pages import tracking

STEPS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(-1, 3), st.sampled_from(["", "x"])))


def unpacked(packed: list[int]) -> list[tuple[int, int, int, int]]:
    """As the page's script reads it (``laneOf`` in lanes.tsx)."""
    found, end = [], 0
    for k in range(0, len(packed), 4):
        first = end + packed[k] + 1
        end = first + packed[k + 1] - 1
        found.append((first, end, packed[k + 2], packed[k + 3]))
    return found


@given(STEPS)
def test_runs_come_back_as_they_were(steps):
    spans, end = [], 0
    for gap, length, by, note in steps:
        spans.append((end + gap + 1, end + gap + length, by, note))
        end += gap + length
    lane = Lane("", "", max(1, end), *([s[k] for s in spans] for k in range(4)), ["a"])
    codes = {"": 0, "x": 1}
    assert unpacked(runs(lane, codes)) == [(a, b, by, codes[note]) for a, b, by, note in spans]
    assert sum(runs(lane, codes)[0::4]) + sum(runs(lane, codes)[1::4]) == end


def test_moments_are_in_order_of_time():
    lane = Lane("", "", 9, [], [], [], [], [], [Moment(7, 1, "b"), Moment(2, 0)])
    assert moments(lane, {"": 0, "b": 1}) == [2, 0, 0, 7, 1, 1]


def test_the_first_lanes_stay_where_not_all_fit():
    view = next(v for v in tracking(400).sections[0].views if isinstance(v, Timeline))
    (all_of,), whole = fitting([view], 10**7)
    assert all_of == 400
    (half,), used = fitting([view], whole // 2)
    assert 150 < half < 250
    assert used <= whole // 2
    assert fitting([view, view], whole)[0] == [half, half]
    assert fitting([view], 0) == ([0], 0)
    assert fitting([], 100) == ([], 0)


def test_what_lanes_take_is_close_to_what_was_reckoned():
    page = tracking(400)
    view = next(v for v in page.sections[0].views if isinstance(v, Timeline))
    only = Page("x", [Section("s", "S", [view])])
    sizes = [
        len(json.dumps(payload(only, Images(Selection({}, [], [n])))["sections"], separators=(",", ":")))
        for n in (0, 400)
    ]
    reckoned = fitting([view], 10**7)[1]
    assert sizes[1] - sizes[0] <= reckoned <= 1.3 * (sizes[1] - sizes[0])


def test_a_page_keeps_its_limit_and_says_how_many_lanes_there_are(tmp_path: Path):
    html.write(tracking(20_000), tmp_path / "small.html", max_mb=1)
    assert (tmp_path / "small.html").stat().st_size <= 1_000_000
    assert '"total":20000' in (tmp_path / "small.html").read_text()


def test_a_timeline_as_text_tells_the_first_lanes():
    said = text.markdown(tracking(35))
    assert "| track | switches | frames missed |" in said
    assert said.count("| id ") == 30
    assert "5 more tracks and all their frames are shown in report.html." in said
    assert "\\section" in text.latex(tracking(3))


def test_codes_are_of_all_texts_once():
    view = next(v for v in tracking(5).sections[0].views if isinstance(v, Timeline))
    codes = lane_codes(view)
    assert list(codes.values()) == list(range(len(codes)))
    assert {"", "crossing", "occluded by 4: 0.62 hidden"} == set(codes)


def test_timelines_of_two_runs_fit_on_one_page():
    (section,) = tracking(3).sections
    table, view, events = prefixed(section, "a-").views
    assert [view_id(one) for one in (view, events)] == ["a-tracks", "a-events"]
    assert {link.gallery for link in table.links} == {"a-tracks"}
    assert {lane.link.gallery for lane in view.lanes} == {"a-events"}
