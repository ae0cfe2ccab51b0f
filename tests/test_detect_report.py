"""What the report says of a detector: every sentence and link leads somewhere, nothing says more than its numbers."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from optotype.metrics import operating
from optotype.metrics.average_precision import COCO, Rules
from optotype.report import text
from optotype.results import Provenance, Result, Source, encode
from optotype.tables import Items
from optotype.tasks import task_of
from optotype.tasks.detect.frames import EVENTS_EACH, Shown, error_events, worst_images
from optotype.tasks.detect.judging import match
from optotype.tasks.detect.measuring import measure
from optotype.tasks.detect.viewing import sections, verdict
from optotype.views import Chart, Frames, Page, Picture, Section, Table, Verdict
from test_detect_measuring import boxes, many_images


def judged(truth, found, *, resamples=100, rules=COCO):
    evidence = match(truth, found, rules=rules)
    m = measure(evidence, resamples=resamples, rules=rules)
    source = Source("x", "0")
    fields = {name: getattr(m, name) for name in m.__struct_fields__}
    result = Result(task="detect", **fields, provenance=Provenance(source, source, "1", "", ""))
    return msgspec.json.decode(encode(result), type=Result), evidence


def picture(key: str) -> Picture | None:
    return Picture(f"/nowhere/{key}.jpg") if int(key) % 2 else None


def views(found: list[Section], kind: type) -> list:
    return [view for section in found for view in section.views if isinstance(view, kind)]


def ids_of(found: list[Section]) -> set[str]:
    named = {section.id for section in found}
    return named | {view.id for section in found for view in section.views if getattr(view, "id", "")}


@pytest.mark.parametrize("seed", range(3))
def test_every_link_leads_to_something(seed):
    result, evidence = judged(*many_images(seed))
    found = sections(result, evidence, picture)
    ids = ids_of(found)
    sentences = verdict(result, evidence) + [s for v in views(found, Verdict) for s in v.sentences]
    assert {s.target for s in sentences if s.target} <= ids
    frames = {view.id: view for view in views(found, Frames)}
    for table in views(found, Table):
        assert len(table.links) in (0, len(table.rows))
        for link in filter(None, table.links):
            assert set(link.filter) <= set(frames[link.gallery].facets)
        assert all(len(row) == len(table.columns) for row in table.rows), table.id
    for chart in views(found, Chart):
        assert all(len(s.x) == len(s.y) for s in chart.series), chart.id


def test_the_sections_come_in_the_order_of_questions():
    result, evidence = judged(*many_images(1))
    assert [s.id for s in sections(result, evidence, picture)] == [
        "numbers", "errors", "sizes", "classes", "curves", "calibration", "images",
    ]  # fmt: skip


def test_frames_hold_what_the_evidence_holds():
    result, evidence = judged(*many_images(2))
    shown = Shown.of(evidence)
    frames = worst_images(shown, picture)
    assert frames.threshold == result.errors["best_f1"]["score"]
    missed = {str(evidence.keys[i]): 0 for i in range(len(evidence))}
    objects = evidence["truth"]
    for row in np.flatnonzero(operating.judged(evidence) & (operating.found_score(evidence) < shown.threshold)):
        missed[str(evidence.keys[objects.item[row]])] += 1
    for frame in frames.frames:
        assert frame.drawn.role.count("missed") == missed[frame.title]
        lengths = {len(getattr(frame.drawn, name)) for name in frame.drawn.__struct_fields__}
        assert len(lengths) == 1
        assert (frame.picture is None) == (int(frame.title) % 2 == 0)
    mistakes = [int(dict(f.facts)["missed"]) + int(dict(f.facts)["false detections"]) for f in frames.frames]
    assert mistakes == sorted(mistakes, reverse=True)


def test_events_are_of_their_type_and_in_view():
    result, evidence = judged(*many_images(3))
    events = error_events(Shown.of(evidence), picture)
    by_type = {}
    for frame in events.frames:
        by_type[frame.facets["type"]] = by_type.get(frame.facets["type"], 0) + 1
        x, y, w, h = frame.focus
        assert min(x, y) >= 0
        assert min(w, h) > 0
        assert x + w <= frame.width + 0.2
        assert y + h <= frame.height + 0.2
    counts = result.errors["counts"]["tide"]
    assert all(n <= min(EVENTS_EACH, counts[kind]) for kind, n in by_type.items())
    assert by_type


def test_a_blank_canvas_reaches_as_far_as_the_boxes():
    items = Items.of(["1"])
    truth, found = boxes(items, [(0, 0, 100, 50, 300, 200)]), boxes(items, [(0, 0, 0, 0, 10, 10, 0.9)], scores=True)
    (frame,) = worst_images(Shown.of(match(truth, found)), picture).frames
    assert (frame.width, frame.height) == (400, 250)


@pytest.mark.parametrize("rows", [[], [(0, 0, 5, 5, 20, 20, 0.5)]])
def test_pages_without_objects_or_detections(rows):
    items = Items.of(["1", "2"])
    for objects in ([], [(1, 1, 5, 5, 20, 20)]):
        result, evidence = judged(boxes(items, objects), boxes(items, rows, scores=True), resamples=20)
        page = Page(
            "x", [Section("v", "V", [Verdict(verdict(result, evidence))]), *sections(result, evidence, picture)]
        )
        assert "nan" not in text.markdown(page).lower().replace("unknown", "")
        assert "NaN" not in json.dumps(json.loads(encode(result)))


def test_a_page_with_other_area_ranges():
    rules = Rules((COCO.ranges[0], ("tiny", 0.0, 400.0)))
    result, evidence = judged(*many_images(5), rules=rules)
    (table,) = [view for view in views(sections(result, evidence, picture), Table) if view.id == "size-table"]
    assert [column.label for column in table.columns] == ["number", "all", "tiny"]


def test_the_verdict_names_the_costliest_error_and_the_weakest_class():
    items = Items.of([str(i) for i in range(40)])
    truth = [(i, i % 2, 100, 100, 120, 120) for i in range(40)]
    found = [(i, i % 2, 100, 100, 120, 120, 0.5 + i / 100) for i in range(40) if i % 2 == 0 or i % 3 == 0]
    result, evidence = judged(boxes(items, truth), boxes(items, found, scores=True))
    said = " ".join(sentence.text for sentence in verdict(result, evidence))
    assert "Miss costs most" in said
    assert "The weakest class is ‘b’" in said
    assert "it finds 68 % of the objects" in said.replace("\N{NO-BREAK SPACE}", " ")


def test_detect_is_in_the_table_of_tasks():
    assert task_of("detect").sections is sections


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_at_the_best_f1_and_what_is_right_agree(seed):
    """The detection that sets the threshold is shown at it, whatever the last digits of its score."""
    _, evidence = judged(*many_images(seed))
    shown = Shown.of(evidence)
    roles = [
        role
        for frame in worst_images(shown, picture).frames
        for role, score in zip(frame.drawn.role, frame.drawn.score, strict=True)
        if score is None or score >= shown.threshold
    ]
    assert roles.count("truth") == roles.count("right") > 0
    scores = [s for frame in worst_images(shown, picture).frames for s in frame.drawn.score]
    assert shown.threshold in scores
