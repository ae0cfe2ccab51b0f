"""The report without a browser: what the file holds, that nothing in it can become code, and its size."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.report import html, markup, text
from optotype.report.boxes import FINENESS, note_codes, scene
from optotype.report.budget import SMALLER_FRAMES, select
from optotype.report.payload import LEFT_OUT, UNREADABLE, printable, to_json
from optotype.report.thumbnails import encode
from optotype.report.wanted import galleries, priority
from optotype.studies.prefixing import prefixed, view_id
from optotype.views import (
    Axis,
    Case,
    Cases,
    Chart,
    Cloud,
    Drawn,
    Frame,
    Frames,
    Gallery,
    GalleryItem,
    Link,
    Matrix,
    Page,
    Picture,
    Scatter,
    Section,
    Series,
    Sheet,
    Table,
    Tile,
    View,
)
from report_pages import HOSTILE, ROLES, classification, detection, explained, hostile, write_images

WEB = Path(html.__file__).parent / "web"


class Parsed(HTMLParser):
    """The tags of a file in order, their attributes, and the text of scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open = False
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[-1] += data

    def contents(self, tag: str) -> list[str]:
        return [content for (name, _), content in zip(self.tags, self.texts, strict=True) if name == tag]

    def page(self) -> dict:
        return json.loads(self.contents("script")[0])


def stand_in(path: str, size: int) -> NDArray[np.uint8]:
    """Pixels that depend on the path alone; paths that say so cannot be read."""
    if "broken" in path:
        raise OSError(path)
    seed = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big")
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((20, 20, 1), np.uint8))


def render(*views: View, max_mb: float = 20, title: str = "t") -> Parsed:
    return Parsed(html.render(Page(title, [Section("s", "s", list(views))]), max_mb=max_mb, decoder=stand_in))


def items(n: int, classes: int = 4, size: int = 160) -> list[GalleryItem]:
    return [
        GalleryItem(
            f"{i}.jpg", Picture(f"{i}.jpg", size), {"truth": f"c{i % classes}", "half": f"{i * 2 // max(1, n)}"}
        )
        for i in range(n)
    ]


def view_of(parsed: Parsed, place: int = 0) -> dict:
    return parsed.page()["sections"][0]["views"][place]


# The bundle


def test_bundle_is_small_and_can_stand_inside_an_html_file() -> None:
    script, style = ((WEB / "dist" / name).read_text("utf-8") for name in ("report.js", "report.css"))
    assert len(script) + len(style) <= 200_000
    assert script.isascii()
    assert "</script" not in script.lower()
    assert "<!--" not in script
    assert "</style" not in style.lower()
    assert "Permission is hereby granted" in script  # Preact's licence goes where its code goes
    assert not re.search(r"url\(|@import|@font-face", style)
    assert not re.search(r"\b(eval|fetch|XMLHttpRequest|WebSocket|importScripts|innerHTML\s*=)\(?", _own(script))


def _own(script: str) -> str:
    """Without the one place where Preact itself can set innerHTML, which no view of ours asks for."""
    assert script.count(".innerHTML=") <= 2
    source = "".join(path.read_text("utf-8") for path in (WEB / "src").rglob("*.ts*"))
    assert "dangerouslySetInnerHTML" not in source
    return script.replace(".innerHTML=", "")


def test_lockfile_pins_by_hash_and_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {"node_modules/preact", "node_modules/esbuild", "node_modules/typescript"} <= set(packages)
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "resolved" not in json.dumps(lock)


# The file


def test_policy_names_exactly_the_script_and_style_of_the_file() -> None:
    parsed = render()
    (policy,) = [a["content"] for tag, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))
    runs = [content for (tag, a), content in zip(parsed.tags, parsed.texts, strict=True) if tag == "script" and not a]
    assert rules.pop("script-src") == f"'{_digest(runs[0])}'"
    assert rules.pop("style-src") == f"'{_digest(parsed.contents('style')[0])}'"
    assert len(runs) == len(parsed.contents("style")) == 1
    assert rules == {
        "default-src": "'none'",
        "img-src": "data: blob:",
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def test_hostile_text_adds_no_tag_and_no_attribute(tmp_path: Path) -> None:
    plain = render(title="plain")
    attacked = Parsed(html.render(hostile(tmp_path)))
    without_blocks = [entry for entry in attacked.tags if not (entry[1].get("id") or "").startswith("block-")]
    assert [(tag, sorted(a)) for tag, a in without_blocks] == [(tag, sorted(a)) for tag, a in plain.tags]
    attributes = [(name, value or "") for _, a in attacked.tags for name, value in a.items()]
    assert not any(name == "style" or name.startswith("on") for name, _ in attributes)
    assert all(value.startswith("data:") for name, value in attributes if name in ("src", "href"))
    assert attacked.contents("title") == [printable(HOSTILE[0] + HOSTILE[4])]


def test_hostile_text_arrives_unharmed(tmp_path: Path) -> None:
    page = hostile(tmp_path)
    parsed = Parsed(html.render(page)).page()
    assert [section["title"] for section in parsed["sections"]] == [printable(s.title) for s in page.sections]
    matrix = next(view for view in parsed["sections"][2]["views"] if view["type"] == "matrix")
    assert matrix["names"] == [printable(name) for name in HOSTILE]


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(), lambda inner: st.lists(inner)))
def test_json_round_trips_and_holds_nothing_that_ends_a_script(value: object) -> None:
    encoded = to_json(value)
    assert json.loads(encoded) == value
    assert not set("<>&\u2028\u2029") & set(encoded)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_printable_leaves_unicode_alone_and_makes_the_rest_unicode(value: str) -> None:
    assert printable(value) == value
    printable(value + "\udcff" + value).encode("utf-8")


def test_numbers_that_do_not_exist_and_numpy_numbers() -> None:
    matrix = Matrix(["a"], [[np.int64(7)]])  # type: ignore[list-item]
    assert view_of(render(matrix))["counts"] == [[7]]
    assert json.loads(to_json([float("nan"), float("inf"), -0.5, np.float64(0.25)])) == [None, None, -0.5, 0.25]


def test_same_page_same_bytes_whatever_the_threads() -> None:
    page = Page("t", [Section("s", "s", [Gallery("g", items(60), ["truth"])])])
    one, four = (html.render(page, decoder=stand_in, threads=threads, max_mb=0.3) for threads in (1, 4))
    assert one == four


def test_file_is_written_as_rendered_with_the_projects_own_decoder(tmp_path: Path) -> None:
    paths = write_images(tmp_path / "photos", 3, (300, 200))
    page = Page("t", [Section("s", "s", [Sheet([Tile(Picture(path, 100)) for path in paths])])])
    html.write(page, tmp_path / "deep" / "report.html")
    parsed = Parsed((tmp_path / "deep" / "report.html").read_text("utf-8"))
    assert [entry[3:] for entry in parsed.page()["images"]] == [[100, 67]] * 3
    assert [tile[0] for tile in view_of(parsed)["tiles"]] == [0, 1, 2]


# Thumbnails


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_thumbnails_keep_their_shape_and_are_never_enlarged(width: int, height: int, size: int) -> None:
    shot = encode(np.zeros((height, width, 3), np.uint8), size)
    assert max(shot.width, shot.height) == min(size, max(width, height))
    scale = min(1.0, size / max(width, height))
    assert abs(shot.width - width * scale) <= 1
    assert abs(shot.height - height * scale) <= 1


def test_small_thumbnails_are_exact() -> None:
    import io

    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    decoded = Image.open(io.BytesIO(encode(pixels, 96).data)).convert("RGB")
    np.testing.assert_array_equal(np.asarray(decoded), pixels)


def test_equal_images_are_stored_once_and_blocks_hold_what_the_index_says() -> None:
    def decoder(path: str, size: int) -> NDArray[np.uint8]:
        return stand_in(path.removeprefix("copy of "), size)

    tiles = [Tile(Picture(prefix + f"{i}.jpg", 64)) for prefix in ("", "copy of ", "") for i in range(5)]
    page = Page("t", [Section("s", "s", [Sheet(tiles)])])
    parsed = Parsed(html.render(page, decoder=decoder))
    assert [tile[0] for tile in view_of(parsed)["tiles"]] == [0, 1, 2, 3, 4] * 3
    blocks = [base64.b64decode(block) for block in parsed.contents("script")[2:]]
    for block, start, length, _, _ in parsed.page()["images"]:
        shot = blocks[block][start : start + length]
        assert shot[:4] == b"RIFF"
        assert int.from_bytes(shot[4:8], "little") + 8 == length


def test_unreadable_images_are_placeholders() -> None:
    table = Table(columns=[], rows=[[Picture("broken.jpg")], [Picture("1.jpg")]])
    gallery = Gallery("g", [GalleryItem("a", Picture("broken.png")), GalleryItem("b", None)])
    parsed = render(table, gallery, Sheet([Tile(Picture("broken.jpg"))]))
    assert view_of(parsed, 0)["rows"] == [[{"picture": UNREADABLE}], [{"picture": 0}]]
    assert [item[1] for item in view_of(parsed, 1)["items"]] == [UNREADABLE, None]
    assert view_of(parsed, 2)["tiles"][0][0] == UNREADABLE


# Scatters and cases


def cloud(x: list[float], y: list[float], z: list[float], size: int = 500, name: str = "validation") -> Cloud:
    n = len(x)
    shots = [Picture(f"point {name} {i}.jpg", size) for i in range(n)]
    return Cloud(name, x, y, z, [0] * n, [str(i) for i in range(n)], shots, [i % 4 == 1 for i in range(n)])


def test_points_keep_their_shape_whatever_their_scale() -> None:
    flat = cloud([100.0, 300.0, float("nan")], [-7.0, 93.0, 0.0], [])
    far = cloud([200.0], [43.0], [], name="train")
    first, second = view_of(render(Scatter("s", ["a"], [flat, far])))["clouds"]
    assert first["x"] == [-10_000, 10_000, None]
    assert first["y"] == [-5_000, 5_000, -4_300]  # the same scale along both axes
    assert (second["x"], second["y"]) == ([0], [0])
    assert "z" not in first
    assert view_of(render(Scatter("s", ["a"], [cloud([1e300], [5.0], [0.0])], 3)))["clouds"][0]["z"] == [0]


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3), min_size=2, max_size=20))
@settings(max_examples=25, deadline=None)
def test_distances_between_points_survive(points: list[tuple[float, float, float]]) -> None:
    placed = np.asarray(points)
    drawn = view_of(render(Scatter("s", ["a"], [cloud(*placed.T.tolist())], 3)))["clouds"][0]
    where = np.column_stack([drawn[axis] for axis in "xyz"])
    half = np.ptp(placed, axis=0).max() / 2 or 1
    for i in range(len(points)):
        wanted = np.abs(placed - placed[i]) / half * 10_000
        assert np.abs(np.abs(where - where[i]) - wanted).max() <= 1.001
    assert np.abs(where).max() <= 10_000


def test_images_of_points_are_small_and_shared_ones_are_stored_once() -> None:
    points = cloud([0.0, 1.0], [0.0, 1.0], [])
    shared = Gallery("g", [GalleryItem("a", Picture("point validation 0.jpg", 192))])
    parsed = render(Scatter("s", ["a"], [points]), shared, Scatter("t", ["a"], [points]))
    assert [view_of(parsed, k)["clouds"][0]["picture"] for k in (0, 2)] == [[0, 1]] * 2
    assert [max(entry[3:]) for entry in parsed.page()["images"]] == [192, 64]


def test_a_scatter_gives_way_first_and_its_wrong_points_last(tmp_path: Path) -> None:
    scatter = Scatter("s", ["a"], [cloud([float(i) for i in range(200)], [0.0] * 200, [])])
    view = Gallery("g", items(60))
    whole = len(json.dumps(view_of(render(scatter, view), 1)))
    page = Page("t", [Section("s", "s", [scatter, view])])
    bare = len(html.render(Page("t", [Section("s", "s", [scatter])]), decoder=stand_in, max_mb=0.001))
    room = len(html.render(Page("t", [Section("s", "s", [view])]), decoder=stand_in)) - whole
    max_mb = (bare + room) / 1e6
    parsed = Parsed(html.render(page, max_mb=max_mb, decoder=stand_in))
    shown = view_of(parsed)["clouds"][0]
    kept = [place != LEFT_OUT for place in shown["picture"]]
    assert 0 < sum(kept) < 200
    assert len(view_of(parsed, 1)["items"]) == 60
    wrong = [flag for flag, here in zip(shown["wrong"], kept, strict=True) if here]
    assert sum(wrong) == min(50, len(wrong))


@pytest.mark.parametrize("max_mb", [0.4, 1.0, 3.0, 20.0])
def test_three_thousand_points_and_three_hundred_cases_fit(max_mb: float) -> None:
    names = [f"class {i}" for i in range(10)]
    paths = [f"{i}.jpg" for i in range(400)]
    base = explained(paths, names, "heat.png", n=2000, cases=300)
    page = Page("t", [*base.sections, Section("g", "g", [Gallery("g", items(240), ["truth"])])])
    whole = html.render(page, max_mb=max_mb, decoder=stand_in)
    text_alone = len(html.render(page, max_mb=1e-6, decoder=stand_in))
    assert len(whole.encode()) <= max(max_mb * 1e6, text_alone)
    sections = Parsed(whole).page()["sections"]
    assert len(sections[1]["views"][0]["items"]) == 300
    assert len(sections[2]["views"][0]["items"]) == 240 or max_mb < 20
    points = [place for cloud in sections[0]["views"][0]["clouds"] for place in cloud["picture"]]
    assert (LEFT_OUT in points) == (max_mb < 3)


def test_cases_lose_neighbours_then_heat_maps_then_images() -> None:
    cases = [
        Case(
            str(i),
            Picture(f"case {i}.jpg", 150),
            Picture(f"heat {i}.png", 90),
            neighbours=[Tile(Picture(f"near {i} {k}.jpg", 90)) for k in range(3)],
        )
        for i in range(30)
    ]
    view = Cases("c", cases)
    least = len(html.render(Page("t", [Section("s", "s", [view])]), decoder=stand_in, max_mb=1e-6)) + 4_400
    amounts = []
    for more in (20_000, 70_000, 200_000, 900_000):
        found = view_of(render(view, max_mb=(least + more) / 1e6))["items"]
        marks = [[case["picture"] for case in found], [case["overlay"] for case in found]]
        marks.append([place for case in found for place, _ in case["neighbours"]])
        lost = [[place == LEFT_OUT for place in places] for places in marks]
        assert all(places == sorted(places) for places in lost)  # those at the end are missing
        amounts.append([len(places) - sum(places) for places in lost])
        full = [len(places) for places in marks]
        for earlier, later, whole in zip(amounts[-1], amounts[-1][1:], full, strict=False):
            assert later <= 1 or earlier == whole
    assert amounts[0][0] < 30
    assert amounts[-1] == [30, 30, 90]
    assert all(few <= many for a, b in itertools.pairwise(amounts) for few, many in zip(a, b, strict=True))


def test_cases_arrive_whole() -> None:
    page = explained([f"{i}.jpg" for i in range(20)], ["cat", "dog"], "heat.png", cases=6)
    parsed = Parsed(html.render(page, decoder=stand_in)).page()
    found = parsed["sections"][1]["views"][0]
    assert found["facets"] == [
        {"name": "truth", "shown": True, "values": ["cat", "dog"], "codes": [0, 1] * 3},
        {"name": "predicted", "shown": False, "values": ["dog", "cat"], "codes": [0, 1] * 3},
    ]
    first = found["items"][0]
    assert (first["title"], first["facts"][1], first["badges"]) == (
        "photo 0",
        ["confidence", "0.91"],
        [["label suspect", "caution"]],
    )
    assert first["readings"][0] == {
        "label": "size",
        "value": "24 px",
        "share": 0.08,
        "text": "smaller than 92 % of its class",
    }
    assert parsed["images"][first["overlay"]][3:] == [14, 10]
    assert len(first["neighbours"]) == 5


# Frames


def one_frame(**changes: object) -> Frame:
    drawn = Drawn(
        x=[1.04, 20.0, float("nan"), 5.0],
        y=[2.06, 30.0, 1.0, 6.0],
        w=[10.0, 7.96, 1.0, -3.0],
        h=[12.0, 8.0, 1.0, 4.0],
        label=[1, 0, 0, 1],
        score=[None, 0.29, 0.5, float("nan")],
        role=["missed", "wrong", "right", "ignored"],
        note=["", "Loc", "", "crowd"],
    )
    fields = {"title": "a", "width": 64, "height": 48, "drawn": drawn, "facets": {"type": "Loc"}, **changes}
    return Frame(**fields)  # type: ignore[arg-type]


def test_boxes_are_whole_numbers_in_columns() -> None:
    quiet = Drawn([1.0], [2.0], [3.0], [4.0], [0], [None], ["truth"], [""])
    frames = [one_frame(focus=(1.0, 2.0, 3.04, 4.0)), one_frame(drawn=quiet, focus=(0.0, float("inf"), 1.0, 1.0))]
    found = view_of(render(Frames("f", frames, ["cat", "dog"], ["type"], threshold=0.25)))
    assert (found["names"], found["notes"], found["threshold"]) == (["cat", "dog"], ["", "Loc", "crowd"], 0.25)
    places = [[10, 200, 50], [21, 300, 60], [100, 80, 0], [120, 80, 40]]
    assert found["scenes"][0][:7] == [64, 48, [10, 20, 30, 40], *places]
    assert found["scenes"][0][7:] == [[1, 0, 1], [-1, 28999, -1], [1, 3, 4], [0, 1, 2]]  # without the box at NaN
    assert found["scenes"][1] == [64, 48, None, [10], [20], [30], [40], [0], [], [0], []]
    assert found["facets"] == [{"name": "type", "shown": True, "values": ["Loc"], "codes": [0, 0]}]


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0, 1) | st.integers(0, 100).map(lambda k: k / 100))
@settings(deadline=None)
def test_no_score_at_a_threshold_or_above_falls_below_it_by_rounding(scores: list[float], threshold: float) -> None:
    n = len(scores)
    zeros = [0.0] * n
    drawn = Drawn(zeros, zeros, zeros, zeros, [0] * n, list(scores), ["right"] * n, [""] * n)
    kept = [score >= int(threshold * FINENESS) for score in scene(one_frame(drawn=drawn), {"": 0})[8]]
    assert len(kept) == n
    for score, here in zip(scores, kept, strict=True):
        assert here == (score >= threshold) or (here and threshold - score < 1.01 / FINENESS)


def many_frames(n: int, boxes: int, size: int = 640) -> Frames:
    rng = np.random.default_rng(n)
    frames = []
    for i in range(n):
        sides = [np.round(rng.uniform(0, 500, boxes), 1).tolist() for _ in range(4)]
        score = np.round(rng.random(boxes), 4).tolist()
        role = [ROLES[k % 5] for k in range(boxes)]
        note = ["Loc" if k % 2 else "" for k in range(boxes)]
        drawn = Drawn(*sides, [k % 9 for k in range(boxes)], score, role, note)
        picture = Picture(f"frame {i}.jpg", size)
        frames.append(Frame(f"{i}", 640, 480, drawn, picture, None, {"type": f"t{i % 5}"}, [("n", str(i))]))
    return Frames("f", frames, [f"class {k}" for k in range(9)], ["type"], 0.3)


@pytest.mark.parametrize("max_mb", [0.158, 0.2, 0.4, 1.0, 20.0])
def test_frames_keep_to_the_size_and_lose_pictures_before_boxes(max_mb: float) -> None:
    whole = html.render(Page("t", [Section("s", "s", [many_frames(60, 40)])]), max_mb=max_mb, decoder=stand_in)
    assert len(whole.encode()) <= max_mb * 1e6
    found = view_of(Parsed(whole))
    assert found["total"] == 60
    assert len(found["items"]) == len(found["scenes"])
    left = [item[1] == LEFT_OUT for item in found["items"]]
    if len(found["items"]) < 60:
        assert sum(left) >= len(left) - 2  # of a few boxes less there may be room for one picture
        kept = Counter(found["facets"][0]["codes"])
        assert max(kept.values()) - min(kept.values()) <= 1 or len(kept) < 5
        assert sum(count for _, count in found["totals"]) == 60
    assert (max_mb < 1.0) == any(left)
    assert (max_mb < 0.3) == (len(left) < 60)


def test_pictures_of_frames_shrink_before_they_are_left_out() -> None:
    def noise(path: str, size: int) -> NDArray[np.uint8]:
        return np.kron(stand_in(path, size)[::10, ::10], np.ones((20, 20, 1), np.uint8))

    sizes = []
    for max_mb in (20.0, 0.52, 0.4, 0.3):
        page = Page("t", [Section("s", "s", [many_frames(40, 2)])])
        parsed = Parsed(html.render(page, max_mb=max_mb, decoder=noise))
        sizes.append(max(entry[3] for entry in parsed.page()["images"]))
        assert [item[1] for item in view_of(parsed)["items"]].count(LEFT_OUT) == 0 or sizes[-1] == SMALLER_FRAMES[-1]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (640, SMALLER_FRAMES[-1])


def test_frames_leave_room_for_galleries() -> None:
    views = (many_frames(60, 40), Gallery("g", items(240), ["truth"]))
    parsed = render(*views, max_mb=0.5)
    frames, gallery = view_of(parsed, 0), view_of(parsed, 1)
    assert len(frames["items"]) == 60
    assert 50 < len(gallery["items"]) < 240
    assert [item[0] for item in view_of(render(*reversed(views), max_mb=0.5), 0)["items"]] == [
        item[0] for item in gallery["items"]
    ]


def test_frames_without_pictures_have_their_boxes() -> None:
    broken = one_frame(picture=Picture("broken.jpg"))
    found = view_of(render(Frames("f", [one_frame(), broken], ["cat", "dog"])))
    assert [item[1] for item in found["items"]] == [None, UNREADABLE]
    assert found["scenes"][0] == found["scenes"][1]


def test_text_counts_the_boxes_of_each_frame_at_the_threshold() -> None:
    frames = [one_frame(facts=[("camera", "a|b")]), one_frame(title="b")]
    view = Frames("f", frames, ["cat", "dog"], threshold=0.4, title="Worst", caption="Drawn from data.", unit="error")
    written = text.markdown(Page("t", [Section("s", "s", [view])]))
    assert "### Worst" in written
    assert "| error | camera | missed | right | not counted |" in written
    assert "| a | a\\|b | 1 | 1 | 1 |" in written
    assert "| b |  | 1 | 1 | 1 |" in written
    assert "a score of at least 0.4 are counted" in written
    assert "Drawn from data." in written
    assert "{b} & {} & {1}" in text.latex(Page("t", [Section("s", "s", [view])]))


def test_text_of_a_chart_has_its_first_group_and_says_so() -> None:
    series = [Series("p", [0.0, 1.0], [0.1, 0.2], group=g) for g in ("cat", "dog", "eel")]
    always = Series("ideal", [0.0], [0.9])
    chart = Chart("line", Axis("x"), Axis("y", unit="ratio"), [always, *series])
    written = text.markdown(Page("t", [Section("s", "s", [chart])]))
    assert "Of cat; report.html can show 2 more in its place." in written
    assert "| x | ideal | p |\n| ---: | ---: | ---: |\n| 0 | 0.900 | 0.100 |\n| 1 | – | 0.200 |" in written


def test_frames_of_two_runs_fit_on_one_page() -> None:
    table = Table([], [[]], [Link("f", {"type": "Loc"})], id="t")
    section = prefixed(Section("s", "s", [many_frames(1, 1), table]), "a-")
    frames, linked = section.views
    assert [view_id(view) for view in section.views] == ["a-f", "a-t"]
    assert isinstance(linked, Table)
    assert linked.links[0] == Link(view_id(frames), {"type": "Loc"})


def test_notes_are_shared() -> None:
    assert note_codes(many_frames(3, 4)) == {"": 0, "Loc": 1}


# Size


@pytest.mark.parametrize("max_mb", [0.178, 0.195, 0.3, 1.0, 20.0])
def test_size_is_honoured_and_what_is_left_out_is_counted(max_mb: float) -> None:
    view = Gallery("g", items(240), ["truth", "half"])
    page = Page("t", [Section("s", "s", [view, Gallery("h", items(60, size=64), ["truth"])])])
    whole = html.render(page, max_mb=max_mb, decoder=stand_in)
    assert len(whole.encode()) <= max_mb * 1e6
    shown = view_of(Parsed(whole))
    assert shown["total"] == 240
    assert [item[0] for item in shown["items"]] == sorted(
        (item[0] for item in shown["items"]), key=lambda t: int(t[:-4])
    )
    kept = Counter(tuple(facet["codes"][i] for facet in shown["facets"]) for i in range(len(shown["items"])))
    if len(shown["items"]) >= 8:
        assert len(kept) == 8  # every combination of facets still has an image
        assert max(kept.values()) - min(kept.values()) <= 1
    if len(shown["items"]) < 240:
        assert {tuple(codes): count for codes, count in shown["totals"]} == dict.fromkeys(kept, 30)
    if max_mb >= 1:
        assert len(shown["items"]) == 240


def test_thumbnails_shrink_before_galleries_are_thinned() -> None:
    view = Gallery("g", items(240, size=320))
    sizes = {}
    for max_mb in (20.0, 0.9, 0.2):
        parsed = render(view, max_mb=max_mb)
        sizes[max_mb] = (max(entry[3] for entry in parsed.page()["images"]), len(view_of(parsed)["items"]))
    assert sizes[20.0] == (320, 240)
    assert sizes[0.9][0] < 320
    assert sizes[0.9][1] == 240
    assert sizes[0.2][0] == 96
    assert 0 < sizes[0.2][1] < 240


def test_sheets_and_tables_give_way_last() -> None:
    tiles = [Tile(Picture(f"tile {i}.jpg", 300)) for i in range(80)]
    parsed = render(Sheet(tiles), Gallery("g", items(50)), max_mb=0.2)
    shown = [tile[0] for tile in view_of(parsed)["tiles"]]
    assert LEFT_OUT in shown
    assert shown == sorted(shown, key=lambda place: place == LEFT_OUT)  # those at the end are missing
    assert view_of(parsed, 1)["items"] == []
    assert max(entry[3] for entry in parsed.page()["images"]) == 96


def test_text_alone_never_gives_way() -> None:
    parsed = render(Table(columns=[], rows=[["x" * 1000]] * 200), max_mb=0.1)
    assert len(view_of(parsed)["rows"]) == 200


@pytest.mark.parametrize("max_mb", [0, -1, float("nan")])
def test_a_size_must_be_positive(max_mb: float) -> None:
    with pytest.raises(InputError, match="max-mb"):
        html.render(Page("t", []), max_mb=max_mb)


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_priority_is_a_permutation_that_deals_out_combinations_in_turn(truths: list[str]) -> None:
    order = priority(Gallery("g", [GalleryItem("", None, {"truth": truth}) for truth in truths]))
    assert sorted(order) == list(range(len(truths)))
    for end in range(len(order) + 1):
        seen = Counter(truths[place] for place in order[:end])
        for truth, n in Counter(truths).items():
            assert seen[truth] >= min(n, max(seen.values(), default=0) - 1)


@given(st.integers(0, 120_000), st.integers(0, 120_000))
@settings(max_examples=15, deadline=None)
def test_more_room_never_means_fewer_images(a: int, b: int) -> None:
    page = Page("t", [Section("s", "s", [Gallery("g", items(30, size=96)), Gallery("h", items(9, size=96))])])
    small, large = (select(page, room, stand_in, 1) for room in sorted((a, b)))
    assert all(set(few) <= set(many) for few, many in zip(small.kept, large.kept, strict=True))
    assert small.picture_bytes() <= min(a, b) or not any(small.kept)


def test_galleries_are_found_in_order() -> None:
    page = Page("t", [Section("a", "", [Gallery("1", []), Sheet([])]), Section("b", "", [Gallery("2", [])])])
    assert [view.id for view in galleries(page)] == ["1", "2"]


# Text


def pages(folder: Path) -> list[Page]:
    names = ["cat", "dog|", "c_1"]
    paths = [f"{i}.jpg" for i in range(40)]
    return [hostile(folder), classification(paths, names), detection(paths, names)]


def test_markdown_has_every_number_and_no_markup_from_outside(tmp_path: Path) -> None:
    for page in pages(tmp_path):
        written = text.markdown(page)
        outside_code = re.sub(r"(`{3,})\n.*?\n\1\n", "", written, flags=re.S)
        assert not re.search(r"<\w|javascript:[^a]", outside_code)
        for block in re.findall(r"(?:^\|.*\|$\n)+", outside_code, flags=re.M):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(widths) == 1
        for view in (view for section in page.sections for view in section.views):
            if isinstance(view, Matrix):
                assert all(f" {max(map(max, view.counts)):,} " in outside_code for _ in view.counts[:1])
            if isinstance(view, Chart):
                assert all(markup._md(mark.label) in outside_code for mark in view.marks)


def test_latex_is_balanced_and_runs_no_command_from_outside(tmp_path: Path) -> None:
    evil = Page("\\input{/etc/passwd} $x$ 100% #1 ~ ^ _ & {", [Section("s", "\\write18{rm}", [])])
    for page in [*pages(tmp_path), evil]:
        written = text.latex(page)
        bare = re.sub(r"\\[\\{}$&#%_]", "", written)
        assert bare.count("{") == bare.count("}")
        commands = set(re.findall(r"\\([a-zA-Z]+)", bare))
        assert commands <= {
            "section", "subsection", "subsubsection", "begin", "end", "item", "hline", "ttfamily", "textbackslash",
            "textasciicircum", "textasciitilde", "textless", "textgreater", "rightarrow", "downarrow", "top",
            "scriptsize", "setlength", "tabcolsep",
        }  # fmt: skip
        assert written.count(r"\begin{") == written.count(r"\end{")


def test_a_long_latex_table_goes_on_and_a_wide_one_is_small() -> None:
    def written(columns: int, rows: int) -> str:
        header = [f"c{i}" for i in range(columns)]
        return markup.latex(markup.Rows(header, [[str(row)] * columns for row in range(rows)], [True] * columns))

    assert written(3, 45).count(r"\begin{tabular}") == 1
    assert written(3, 46).count(r"\begin{tabular}") == written(3, 46).count("{c0}") == 2
    assert "scriptsize" in written(9, 2)
    assert "scriptsize" not in written(8, 2)
    assert written(2, 0).count(r"\begin{tabular}") == 1


def test_text_has_the_counts_of_a_scatter_and_the_words_of_each_case() -> None:
    page = explained([f"{i}.jpg" for i in range(20)], ["cat", "dog"], "heat.png", cases=5)
    written = text.markdown(page)
    assert "|  | train | train, wrong | validation | validation, wrong |" in written
    assert "| cat | 30 | 4 | 15 | 2 |" in written
    assert written.count("size 24 px (smaller than 92 % of its class); noise 3.1") == 5
    assert written.count("label suspect; size") == 2
    assert "photo 4 & dog" not in text.latex(page)
    assert "{photo 4} & {dog} & {0.91}" in text.latex(page)
    (cases,) = [view for section in page.sections for view in section.views if isinstance(view, Cases)]
    assert f"The images of these {len(cases.cases)} cases" in written


def test_text_says_the_same_numbers_as_the_page() -> None:
    written = text.markdown(classification([f"{i}.jpg" for i in range(40)], ["a", "b"]))
    assert "| expected calibration error | 0.061 |  | no valid interval: the estimate is biased |" in written
    assert "| top 5 | 0.989 | 0.974 to 0.997 |  |" in written
