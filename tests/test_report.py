"""The report without a browser: what the file holds, that nothing in it can become code, and its size."""

from __future__ import annotations

import base64
import hashlib
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
from optotype.report import html, text
from optotype.report.budget import galleries, priority, select
from optotype.report.payload import LEFT_OUT, UNREADABLE, printable, to_json
from optotype.report.thumbnails import encode
from optotype.views import (
    Chart,
    Gallery,
    GalleryItem,
    Matrix,
    Page,
    Picture,
    Section,
    Sheet,
    Table,
    Tile,
    View,
)
from report_pages import HOSTILE, classification, hostile, write_images

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


@given(st.text(st.characters(), max_size=40))
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


# Size


@pytest.mark.parametrize("max_mb", [0.11, 0.15, 0.3, 1.0, 20.0])
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
    return [hostile(folder), classification([f"{i}.jpg" for i in range(40)], ["cat", "dog|", "c_1"])]


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
                assert all(text._md(mark.label) in outside_code for mark in view.marks)


def test_latex_is_balanced_and_runs_no_command_from_outside(tmp_path: Path) -> None:
    evil = Page("\\input{/etc/passwd} $x$ 100% #1 ~ ^ _ & {", [Section("s", "\\write18{rm}", [])])
    for page in [*pages(tmp_path), evil]:
        written = text.latex(page)
        bare = re.sub(r"\\[\\{}$&#%_]", "", written)
        assert bare.count("{") == bare.count("}")
        commands = set(re.findall(r"\\([a-zA-Z]+)", bare))
        assert commands <= {
            "section", "subsection", "subsubsection", "begin", "end", "item", "hline", "ttfamily", "textbackslash",
            "textasciicircum", "textasciitilde", "textless", "textgreater", "rightarrow", "downarrow",
        }  # fmt: skip
        assert written.count(r"\begin{") == written.count(r"\end{")


def test_text_says_the_same_numbers_as_the_page() -> None:
    written = text.markdown(classification([f"{i}.jpg" for i in range(40)], ["a", "b"]))
    assert "| expected calibration error | 0.061 |  | no valid interval: the estimate is biased |" in written
    assert "| top 5 | 0.989 | 0.974 – 0.997 |  |" in written
