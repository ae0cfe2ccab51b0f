"""The report in a browser: it draws every view, runs nothing but its own script, and does what its reader asks."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from chromium import Browser, Tab
from optotype.report import html
from optotype.views import (
    Axis,
    Chart,
    Cloud,
    Column,
    Drawn,
    Frame,
    Frames,
    Gallery,
    GalleryItem,
    Lane,
    Matrix,
    Moment,
    Page,
    Picture,
    Scatter,
    Section,
    Sentence,
    Series,
    Span,
    Table,
    Timeline,
    Verdict,
)
from report_pages import HOSTILE, KINDS, ROLES, classification, detection, explained, hostile, tracking, write_images

NAMES = ["mantled howler", "patas monkey", "bald uakari", "Japanese macaque", "pygmy marmoset"]
VIEWS = {"verdict", "numbers", "table", "matrix", "chart", "gallery", "sheet", "frames", "scatter", "cases"}
VIEWS |= {"timeline", "note", "code"}


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    html.write(hostile(folder), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return classification(write_images(tmp_path_factory.mktemp("photos"), 200), NAMES)


@pytest.fixture(scope="module")
def report(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "re port #1?.html"
    html.write(page, path)
    return path


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with scatters and cases; the heat map is hot in its left half."""
    folder = tmp_path_factory.mktemp("explained")
    heat = np.zeros((10, 14), np.uint8)
    heat[:, :7] = 255
    Image.fromarray(heat).save(folder / "heat.png")
    paths = write_images(folder / "photos", 24)
    html.write(explained(paths, NAMES, str(folder / "heat.png")), folder / "report.html")
    return folder / "report.html"


PHOTOS, BOXES = 26, 12


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with frames, of which the fourth has no picture."""
    folder = tmp_path_factory.mktemp("detector")
    paths: list[str | None] = [*write_images(folder / "photos", PHOTOS)]
    paths[3] = None
    html.write(detection(paths, NAMES, BOXES), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with a timeline of eighty lanes in three sequences."""
    path = tmp_path_factory.mktemp("tracker") / "report.html"
    html.write(tracking(), path)
    return path


def frames_of(name: str) -> Frames:
    (found,) = [
        view
        for section in detection([None] * PHOTOS, NAMES, BOXES).sections
        for view in section.views
        if isinstance(view, Frames) and view.id == name
    ]
    return found


def matrix_of(page: Page) -> Matrix:
    return next(view for section in page.sections for view in section.views if isinstance(view, Matrix))


def count_of(page: Page, **facets: str) -> int:
    (gallery,) = [view for section in page.sections for view in section.views if isinstance(view, Gallery)]
    return sum(all(item.facets[name] == value for name, value in facets.items()) for item in gallery.items)


def test_every_view_is_drawn_and_nothing_hostile_runs(tab: Tab, evil: Path) -> None:
    tab.open(evil)
    assert set(tab.run("[...document.querySelectorAll('[data-view]')].map(e => e.dataset.view)")) >= VIEWS
    assert tab.count("[data-view=failed]") == 0
    assert tab.count("main section") == 9
    assert tab.count("script:not([type])") == 1
    assert tab.count("img[src=x], main script, main style, [onerror]") == 0
    assert tab.text("main h2").startswith(HOSTILE[0])
    longest = tab.run("Math.max(...[...document.querySelectorAll('[title]')].map(e => e.title.length))")
    assert longest == len("By " + HOSTILE[8])  # whole, though what is shown is short
    assert tab.run("Math.max(...[...document.querySelectorAll('main bdi')].map(e => e.textContent.length))") <= 1300
    assert tab.run("Object.prototype.truth === undefined && document.title.startsWith('<script>')")
    assert tab.troubles() == []


def test_the_troubles_that_these_tests_look_for_would_be_seen(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))")
    tab.run("document.body.append(Object.assign(new Image(), {src: 'https://example.invalid/a.png'}))")
    tab.run("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">')")
    tab.run("console.error('seen')")
    assert tab.run("window.x === undefined")
    found = "\n".join(tab.troubles())
    for word in ("script-src", "img-src", "style-src", "seen"):
        assert word in found


@pytest.mark.parametrize(("width", "dark"), [(400, False), (400, True), (800, False), (1440, True)])
def test_no_width_makes_the_page_scroll_sideways(
    browser: Browser, evil: Path, space: Path, detector: Path, tracker: Path, width: int, dark: bool
) -> None:
    tab = Tab(browser, width, 850, dark=dark)
    for file in (space, detector, tracker):
        tab.open(file)
        assert tab.run("document.documentElement.scrollWidth") <= width
    tab.open(evil)
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    assert tab.count("[data-view=failed]") == 0
    assert tab.troubles() == []
    tab.close()


def test_images_are_decoded(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.wait("[...document.images].every(image => image.complete)")
    assert tab.count(".sheet img") == 32
    assert tab.count(".gallery img") > 5
    assert tab.run("[...document.images].every(image => image.naturalWidth === 160 && image.src.startsWith('blob:'))")
    assert tab.count(".hole") == 0


def test_a_cell_of_the_matrix_opens_its_images(tab: Tab, report: Path, page: Page) -> None:
    counts = matrix_of(page).counts
    tab.open(report)
    tab.click('[data-at="1,2"]')
    assert tab.text(".drawer .count") == f"{counts[1][2]} of 200 images"
    assert tab.run("decodeURIComponent(location.hash)") == "#open/mistakes?truth=patas+monkey&prediction=bald+uakari"
    assert counts[1][2] == count_of(page, truth=NAMES[1], prediction=NAMES[2])
    tab.open(report, tab.run("location.hash"))
    assert tab.text(".drawer .count") == f"{counts[1][2]} of 200 images"
    tab.press("Escape")
    assert tab.count(".drawer") == 0
    assert tab.troubles() == []


def test_rows_are_truth_and_columns_are_prediction(tab: Tab, report: Path, page: Page) -> None:
    counts = matrix_of(page).counts
    tab.open(report)
    numbers = "[...row.querySelectorAll('button')].map(button => Number(button.textContent))"
    assert tab.run(f"[...document.querySelectorAll('.cells tbody tr')].map(row => {numbers})") == counts
    assert counts != np.transpose(counts).tolist()
    assert tab.text(".cells .corner") == "truth ↓"
    assert tab.text(".cells thead .axis-name:not(.corner)") == "prediction →"
    tab.run("document.querySelectorAll('.matrix [role=radio]')[1].click()")
    tab.settle()
    share = 100 * counts[1][2] / sum(counts[1])
    assert float(tab.text('[data-at="1,2"]')) == pytest.approx(share, abs=0.51)


def test_the_matrix_and_the_images_can_be_reached_by_keys(tab: Tab, report: Path, page: Page) -> None:
    tab.open(report)
    tab.run("document.querySelector('[data-at=\"0,0\"]').focus()")
    tab.press("ArrowDown")
    tab.press("ArrowRight")
    assert tab.run("document.activeElement.dataset.at") == "1,1"
    tab.press("Enter")
    n = matrix_of(page).counts[1][1]
    assert tab.text(".drawer .count") == f"{n} of 200 images"
    tab.click(".drawer .tile")
    tab.press("ArrowRight")
    tab.press("ArrowRight")
    assert tab.text(".lightbox .facts header p") == f"3 of {n}"
    assert NAMES[1] in tab.text(".lightbox dl")
    tab.press("Escape")
    assert (tab.count(".lightbox"), tab.count(".drawer")) == (0, 1)
    tab.press("Escape")
    assert tab.count(".drawer") == 0
    assert tab.run("document.activeElement.dataset.at") == "1,1"


def test_a_long_verdict_shows_its_first_sentences(tab: Tab, tmp_path: Path) -> None:
    verdict = Verdict([Sentence(f"Finding {i}.") for i in range(8)])
    html.write(Page("t", [Section("s", "s", [verdict])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    seen = "[...document.querySelectorAll('.verdict li p')].filter(text => text.offsetHeight > 0).length"
    assert tab.run(seen) == 5
    assert tab.text(".verdict .rest") == "3 more findings"
    tab.send("Emulation.setEmulatedMedia", media="print")
    assert tab.run(seen) == 8  # paper has them all
    tab.send("Emulation.setEmulatedMedia", media="screen")
    tab.click(".verdict .rest button")
    assert tab.run(seen) == 8


def test_hostile_facets_can_be_filtered_by(tab: Tab, evil: Path) -> None:
    tab.open(evil)
    tab.run("document.querySelector('.table .link').click()")
    tab.settle()
    assert tab.text(".drawer .count").startswith("3 of 48")
    tab.open(evil, "#open/gallery%22%3E%3Cb%3E?truth=no+such+class")
    assert tab.text(".drawer .count").startswith("0 of 48")
    tab.open(evil, "#%E0%A4%A?=&&%")
    assert tab.count("main section") == 9
    assert tab.troubles() == []


def test_a_gallery_is_filtered_by_the_address_and_draws_only_what_is_seen(tab: Tab, report: Path, page: Page) -> None:
    tab.open(report, "#mistakes?truth=pygmy+marmoset")
    n = count_of(page, truth="pygmy marmoset")
    assert tab.text(".gallery .count") == f"{n} of 200 images"
    tab.run(
        "(select => { select.value = ''; select.dispatchEvent(new Event('change', {bubbles: true})) })"
        "(document.querySelector('.gallery select'))"
    )
    tab.settle()
    assert tab.text(".gallery .count") == "200 images"
    tab.wait("location.hash === '#mistakes'")
    tab.click(".gallery .more")
    assert 5 < tab.count(".gallery .tile") < 120
    tab.run("scrollTo(0, document.querySelector('.gallery').getBoundingClientRect().bottom + scrollY - innerHeight)")
    tab.settle()
    tab.wait("[...document.querySelectorAll('.gallery .tile')].some(tile => tile.dataset.index === '199')")


def test_tables_sort_with_missing_values_last(tab: Tab, tmp_path: Path) -> None:
    rows = [["b", Span(0.2)], ["a", None], ["c10", Span(0.9, 0.8, 1.0)], ["c9", Span(-1.0)]]
    table = Table([Column("name"), Column("value", "ratio")], rows)
    html.write(Page("t", [Section("s", "s", [table])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")

    def order(column: int) -> list[str]:
        tab.click(f".table th:nth-child({column}) button")
        return tab.run("[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)")

    assert order(2) == ["c10", "b", "c9", "a"]
    assert order(2) == ["c9", "b", "c10", "a"]
    assert order(2) == ["b", "a", "c10", "c9"]
    assert order(1) == ["a", "b", "c9", "c10"]


def test_only_a_difference_whose_interval_leaves_out_zero_is_coloured(tab: Tab, tmp_path: Path) -> None:
    spans = [Span(-0.2, -0.3, -0.1), Span(0.2, 0.1, 0.3), Span(0.2, -0.1, 0.3), Span(0.2), 0.2, Span(0.2, 0.1), None]
    table = Table([Column("difference", "delta", better="lower")], [[span] for span in spans])
    html.write(Page("t", [Section("s", "s", [table])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    tones = tab.run("[...document.querySelectorAll('td .number')].map(e => e.classList[1] ?? '')")
    assert tones == ["good", "bad", "", "", "", "", ""]
    assert tab.text("td .interval") == "[−0.300, −0.100]"


def test_charts_show_values_under_the_arrow_keys(tab: Tab, report: Path) -> None:
    tab.open(report)
    loss = "[...document.querySelectorAll('.chart')].find(chart => chart.textContent.startsWith('Loss'))"
    tab.run(f"{loss}.querySelector('svg[role=img]').focus()")
    for _ in range(7):
        tab.press("ArrowRight")
    assert tab.text(".tip").replace(" ", "") == "epoch7train0.740validation1.130"


def test_links_lead_to_their_sections_and_the_navigation_follows(tab: Tab, report: Path) -> None:
    tab.open(report, "#training")
    assert abs(tab.run("document.getElementById('at-training').getBoundingClientRect().top")) < 60
    assert tab.text("nav [aria-current]") == "How it was trained"
    tab.click("nav li:nth-child(2) a")
    tab.wait("document.querySelector('nav [aria-current]').textContent === 'Where it fails'")
    assert tab.run("location.hash") == "#confusion"
    tab.run("history.back()")
    tab.wait("location.hash === '#training'")


def test_the_theme_follows_the_reader(tab: Tab, report: Path) -> None:
    tab.open(report)
    before = tab.run("getComputedStyle(document.body).backgroundColor")
    tab.click(".theme")
    assert tab.run("document.documentElement.dataset.theme") == "dark"
    assert tab.run("getComputedStyle(document.body).backgroundColor") != before
    tab.open(report)
    assert tab.run("document.documentElement.dataset.theme") == "dark"
    tab.click(".theme")
    assert tab.run("document.documentElement.dataset.theme") == "light"


def test_text_stands_out_from_its_background(
    browser: Browser, report: Path, space: Path, detector: Path, tracker: Path
) -> None:
    for dark in (False, True):
        tab = Tab(browser, dark=dark)
        for file in (report, space, detector, tracker):
            tab.open(file)
            assert tab.run(CONTRAST) == []
        tab.close()


# Scatters: what is drawn is read back from the canvas.


def drawn(tab: Tab, colour: str, scatter: str = "plane") -> int:
    """How many pixels of a scatter have nearly this colour."""
    return int(
        tab.run(
            f"""(() => {{
              const canvas = document.querySelector('#at-{scatter} canvas'), context = canvas.getContext('2d');
              const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
              const wanted = [{", ".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))}];
              let n = 0;
              for (let i = 0; i < data.length; i += 4)
                n += data[i + 3] > 200 && wanted.every((value, k) => Math.abs(value - data[i + k]) < 20);
              return n;
            }})()"""
        )
    )


def test_names_and_clouds_of_a_scatter_are_switched_off(tab: Tab, space: Path) -> None:
    tab.open(space)
    assert min(drawn(tab, "#1454a0"), drawn(tab, "#d9580d")) > 20
    tab.click("#at-plane .names li:nth-child(1) button")
    assert tab.count("#at-plane .names [aria-pressed=false]") == 1
    assert drawn(tab, "#1454a0") == 0
    assert drawn(tab, "#d9580d") > 20
    tab.click("#at-plane .names > button")
    assert drawn(tab, "#d9580d") == 0
    tab.click("#at-plane .names > button")
    assert drawn(tab, "#1454a0") > 20
    tab.click("#at-plane .keys > .legend li:nth-child(2) button")
    assert drawn(tab, "#1454a0") == 0  # the faint points of train stay
    tab.click(".theme")
    tab.click("#at-plane .keys > .legend li:nth-child(2) button")
    assert drawn(tab, "#70aefa") > 20
    tab.click(".theme")


def test_points_are_read_and_pinned_by_keys(tab: Tab, space: Path) -> None:
    tab.open(space)
    tab.run("document.querySelector('#at-plane canvas').focus()")
    tab.press("n")
    assert tab.text("#at-plane .tip") == "train 0mantled howlertrain"
    assert tab.run("document.querySelector('#at-plane .tip img').src.startsWith('blob:')")
    tab.press("w")
    assert tab.text("#at-plane .tip") == "train 3Japanese macaquetrain wrong"
    tab.press("Enter")
    tab.run("document.activeElement.blur()")
    tab.settle()
    assert tab.text("#at-plane .tip").endswith("wrong · pinned")
    tab.run("document.querySelector('#at-plane canvas').focus()")
    tab.press("Escape")
    assert tab.count("#at-plane .tip") == 0
    for _ in range(13):
        tab.click("#at-plane .plot-tools button:last-of-type")
    assert tab.text("#at-plane .tip").startswith("validation 24")  # the ninth of train's, then the fourth here
    assert tab.troubles() == []


def test_space_is_turned_by_dragging_and_by_keys_and_read_by_pointing(tab: Tab, space: Path) -> None:
    tab.open(space)
    tab.run("document.querySelector('#at-space').scrollIntoView()")
    picture = "document.querySelector('#at-space canvas').toDataURL()"
    first = tab.run(picture)
    left, top = tab.run(
        "(r => [r.left + 20, r.top + 20])(document.querySelector('#at-space canvas').getBoundingClientRect())"
    )
    tab.mouse("mousePressed", left, top)
    tab.mouse("mouseMoved", left + 60, top + 30)
    tab.mouse("mouseReleased", left + 60, top + 30)
    turned = tab.run(picture)
    assert turned != first
    tab.run("document.querySelector('#at-space canvas').focus()")
    tab.press("ArrowRight")
    assert tab.run(picture) != turned
    tab.press("0")
    assert tab.run(picture) == first
    tab.press("n")
    point = tab.run(
        """(() => {
          const tip = document.querySelector('#at-space .tip'), plot = tip.parentElement.getBoundingClientRect();
          const style = tip.style, edge = name => parseFloat(style[name]);
          return [style.left ? plot.left + edge('left') - 14 : plot.right - edge('right') + 14,
                  style.top ? plot.top + edge('top') - 8 : plot.bottom - edge('bottom') + 8];
        })()"""
    )
    tab.press("Escape")
    tab.mouse("mouseMoved", *point)
    assert tab.text("#at-space .tip").startswith("validation ")
    tab.mouse("mousePressed", *point)
    tab.mouse("mouseReleased", *point)
    tab.mouse("mouseMoved", left, top)
    assert tab.text("#at-space .tip").endswith("pinned")
    assert tab.troubles() == []


def test_the_wheel_scrolls_the_page_and_with_ctrl_comes_nearer(tab: Tab, space: Path) -> None:
    tab.open(space)
    picture = "document.querySelector('#at-plane canvas').toDataURL()"
    first = tab.run(picture)
    left, top = tab.run(
        "(r => [r.left + 200, r.top + 200])(document.querySelector('#at-plane canvas').getBoundingClientRect())"
    )
    turn = {"type": "mouseWheel", "x": left, "y": top, "deltaX": 0}
    tab.send("Input.dispatchMouseEvent", **turn, deltaY=-200, modifiers=2)
    tab.settle()
    near = tab.run(picture)
    assert near != first
    tab.press("Escape")
    tab.click("#at-plane .plot-tools button:nth-child(3)")
    assert tab.run(picture) == first
    tab.send("Input.dispatchMouseEvent", **turn, deltaY=120)
    tab.wait("scrollY > 0")
    assert tab.run(picture) == first


def test_twenty_thousand_points_turn_smoothly(tab: Tab, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 20_000
    x, y, z = (rng.normal(size=n).round(4).tolist() for _ in range(3))
    cloud = Cloud("validation", x, y, z, (np.arange(n) % 10).tolist(), [""] * n, [None] * n, [False] * n)
    names = [f"class {i}" for i in range(10)]
    html.write(Page("t", [Section("s", "s", [Scatter("space", names, [cloud], 3)])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    frame = (
        "new Promise(done => { const start = performance.now(); "
        "document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft'})); "
        "setTimeout(() => { document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1, 1); "
        "done(performance.now() - start) }, 0) })"
    )
    assert min(tab.run(frame) for _ in range(5)) < 400  # milliseconds; about a tenth of it on a quiet machine


# Cases


def test_heat_maps_are_coloured_and_can_be_hidden(tab: Tab, space: Path) -> None:
    tab.open(space)
    tab.wait("document.querySelector('.case .heat')?.width === 14")
    pixels = "[...document.querySelector('.case .heat').getContext('2d').getImageData(0, 5, 14, 1).data]"
    row = np.asarray(tab.run(pixels)).reshape(14, 4)
    assert row[2].tolist() == [252, 246, 90, 255]
    assert row[12, 3] == 0
    box = "(r => [r.width, r.height].map(Math.round))(document.querySelector('.case {}').getBoundingClientRect())"
    assert tab.run(box.format(".heat")) == tab.run(box.format("img"))
    strength = "document.querySelector('.case .heat').style.opacity"
    assert tab.run(strength) == "0.75"
    tab.run(
        "(range => { range.value = 30; range.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('input[type=range]'))"
    )
    tab.settle()
    assert tab.run(strength) == "0.3"
    n = tab.count(".case .heat")
    tab.click(".case .shot")
    assert tab.count(".case .heat") == n - 1
    assert tab.run("document.querySelector('.case .shot').getAttribute('aria-pressed')") == "false"
    assert tab.troubles() == []


def test_cases_tell_what_is_unusual(tab: Tab, space: Path) -> None:
    tab.open(space)
    assert tab.text(".case h4") == "mantled howler called patas monkey"
    assert tab.text(".case .badges") == "label suspect"
    assert tab.text(".case .readings .unusual") == "size24 pxsmaller than 92 % of its class"
    assert tab.text(".case .readings li:last-child") == "noise3.1above 50 % of its class"
    assert tab.run("document.querySelector('.case .share i').style.left") == "8%"
    assert tab.count(".cases li:first-child .near img") == 5


def test_examples_stand_beneath_the_verdict_and_lead_to_their_cases(tab: Tab, space: Path, tmp_path: Path) -> None:
    heat = tmp_path / "heat.png"
    Image.fromarray(np.full((7, 7), 200, np.uint8)).save(heat)
    paths = write_images(tmp_path / "photos", 12)
    page = explained(paths, NAMES, str(heat))
    head = Section("verdict", "Verdict", [Verdict([Sentence("It fails.", "bad")])])
    html.write(Page("t", [head, *page.sections]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    assert tab.count("#at-verdict .glance .tile img") == 4
    assert tab.text(".glance .tile").startswith("mantled howler")
    assert "size: smaller than 92 % of its class" in tab.text(".glance .tile")
    tab.click(".glance li:nth-child(2) .tile")
    assert tab.run("location.hash") == "#mistakes?truth=patas+monkey&predicted=bald+uakari"
    assert tab.text(".cases .count") == "3 of 12 cases"
    tab.open(space)
    assert tab.count(".glance") == 0  # no verdict: nothing to illustrate
    assert tab.troubles() == []


def test_cases_are_filtered_by_the_address_and_by_links_and_unfold(tab: Tab, space: Path) -> None:
    tab.open(space, "#mistakes?truth=patas+monkey")
    assert tab.text(".cases .count") == "3 of 12 cases"
    tab.open(space)
    assert tab.text(".cases .count") == "12 cases"
    tab.run("[...document.querySelectorAll('.table .link')].find(link => link.textContent === 'bald uakari').click()")
    tab.settle()
    assert tab.run("location.hash") == "#mistakes?truth=bald+uakari"
    assert tab.text(".cases .count") == "2 of 12 cases"
    tab.click(".cases .filters .quiet")
    shown = tab.count(".case")
    assert shown < 12
    tab.click(".cases .more")
    for _ in range(8):
        tab.run("scrollTo(0, document.documentElement.scrollHeight)")
        tab.settle()
    tab.wait("document.querySelectorAll('.case').length > 6")
    assert tab.troubles() == []


# Frames


def card(frames: str, index: int) -> str:
    """A script's expression for one of the first cards of frames."""
    return f"document.querySelector('#at-{frames} [data-index=\"{index}\"]')"


def drawn_boxes(tab: Tab, root: str) -> dict[str, int]:
    """How many boxes of each role an element shows."""
    script = (
        f"[...{root}.querySelectorAll('[data-boxes]')].map(g => [g.classList[1].slice(2), Number(g.dataset.boxes)])"
    )
    return dict(tab.run(script))


def boxes_at(frame: Frame, threshold: float) -> dict[str, int]:
    """The same, counted anew."""
    scored = zip(frame.drawn.role, frame.drawn.score, strict=True)
    return dict(Counter(role for role, score in scored if score is None or score >= threshold))


def slide(tab: Tab, frames: str, value: float) -> None:
    tab.run(
        f"(input => {{ input.value = {value}; input.dispatchEvent(new Event('input', {{bubbles: true}})) }})"
        f"(document.querySelector('#at-{frames} input[type=range]'))"
    )
    tab.settle()


def test_boxes_are_drawn_by_role_and_follow_the_slider(tab: Tab, detector: Path) -> None:
    tab.open(detector)
    frames = frames_of("worst").frames
    for threshold in (0.25, 0.8, 0.0):
        if threshold != 0.25:
            slide(tab, "worst", threshold)
        for index in (0, 1, 2):
            assert drawn_boxes(tab, card("worst", index)) == boxes_at(frames[index], threshold)
    assert tab.text("#at-worst output") == "0.00"
    assert drawn_boxes(tab, card("errors", 0)) != {}  # which have a slider of their own
    assert tab.text("#at-errors output") == "0.250"
    tab.click("#at-worst .box-sets .quiet")
    assert tab.text("#at-worst output") == "0.250"
    assert drawn_boxes(tab, card("worst", 2)) == boxes_at(frames[2], 0.25)
    assert tab.troubles() == []


def test_boxes_lie_where_the_data_say(tab: Tab, tmp_path: Path) -> None:
    shot = write_images(tmp_path / "photos", 1, (200, 100))[0]
    drawn = Drawn([20.0], [10.0], [50.0], [40.0], [0], [0.9], ["right"], [""])
    view = Frames("f", [Frame("a", 200, 100, drawn, Picture(shot, 640))], ["cat"])
    html.write(Page("t", [Section("s", "s", [view])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    tab.click(".frames .tile")
    for root in (".frames .scene", ".stage .scene"):
        corners = tab.run(
            f"""(scene => {{
              const [whole, picture] = [scene, scene.querySelector('image')].map(e => e.getBoundingClientRect());
              const box = scene.querySelector('.edge').getBBox();
              return [picture.width / whole.width, picture.height / whole.height,
                box.x / whole.width, box.y / whole.height, box.width / whole.width, box.height / whole.height];
            }})(document.querySelector('{root}'))"""
        )
        assert corners == pytest.approx([1, 1, 0.1, 0.1, 0.25, 0.4], abs=0.005)
        assert tab.text(f"{root} .box-label") == "cat 0.90"
    assert tab.run("document.querySelector('.stage image').href.baseVal.startsWith('blob:')")
    assert tab.troubles() == []


def test_roles_are_hidden_for_all_images(tab: Tab, detector: Path) -> None:
    tab.open(detector)
    tab.click("#at-worst .legend li:nth-child(5) button")
    expected = boxes_at(frames_of("worst").frames[0], 0.25)
    assert expected.pop("wrong") > 0
    assert drawn_boxes(tab, card("worst", 0)) == expected
    assert tab.count("#at-worst .legend [aria-pressed=false]") == 1
    sums = [boxes_at(frame, 0.25) for frame in frames_of("worst").frames]
    shown = tab.run("[...document.querySelectorAll('#at-worst .legend button .muted')].map(n => Number(n.textContent))")
    assert shown == [sum(one.get(role, 0) for one in sums) for role in ("truth", "missed", "right", "wrong", "ignored")]


def test_a_part_is_shown_until_the_whole_is_asked_for(tab: Tab, detector: Path) -> None:
    tab.open(detector)
    root = card("errors", 0)
    frame = frames_of("errors").frames[0]
    share = f"(s => s.querySelector('image').getBoundingClientRect().width / s.getBoundingClientRect().width)({root})"
    assert tab.run(share) > 1.5
    tab.run(f"{root}.parentElement.querySelector('.turn').click()")
    tab.settle()
    assert tab.run(share) == pytest.approx(1, abs=0.01)
    assert drawn_boxes(tab, root) == boxes_at(frame, 0.25)
    tab.click("#at-errors .segmented [role=radio]:nth-child(2)")  # the other way now
    assert tab.run(share) > 1.5
    tab.run(f"{root}.click()")
    tab.settle()
    stage = share.replace(root, "document.querySelector('.stage .scene')")
    assert tab.run(stage) == pytest.approx(1, abs=0.01)
    tab.click(".stage")
    assert tab.run(stage) > 1.5
    tab.click(".stage")
    assert tab.run(stage) == pytest.approx(1, abs=0.01)
    pressed = "document.querySelector('.stage .turn').ariaPressed"
    assert tab.run(pressed) == "false"
    tab.run("document.querySelector('.stage .turn').focus()")
    tab.press("Enter")
    assert tab.run(stage) > 1.5
    assert tab.run(pressed) == "true"
    assert tab.troubles() == []


def test_a_row_opens_the_frames_behind_it_and_keys_step_through_them(tab: Tab, detector: Path) -> None:
    tab.open(detector)
    tab.run("document.querySelector('#at-kinds tbody tr:nth-child(2) .link').focus()")
    tab.press("Enter")
    assert tab.run("location.hash") == f"#open/errors?type={KINDS[1]}"
    n = sum(frame.facets["type"] == KINDS[1] for frame in frames_of("errors").frames)
    assert tab.text(".drawer .count") == f"{n} of {PHOTOS} errors"
    tab.click(".drawer .tile")
    tab.press("ArrowRight")
    assert tab.text(".lightbox .facts header p") == f"2 of {n}"
    mine = [frame for frame in frames_of("errors").frames if frame.facets["type"] == KINDS[1]][1]
    assert tab.text(".lightbox h2").endswith(mine.title)
    listed = sum(boxes_at(mine, 0.25).values())
    assert tab.count(".box-list li") == listed
    assert sum(drawn_boxes(tab, "document.querySelector('.stage')").values()) == listed
    tab.press("Escape")
    assert (tab.count(".lightbox"), tab.count(".drawer")) == (0, 1)
    tab.press("Escape")
    assert tab.count(".drawer") == 0
    assert tab.run("document.activeElement.className") == "link"
    assert tab.troubles() == []


def test_a_box_says_what_it_is(tab: Tab, tmp_path: Path) -> None:
    drawn = Drawn(
        [10.0, 30.0], [10.0, 30.0], [80.0, 20.0], [80.0, 20.4], [0, 1], [0.5, 0.875], ["right", "wrong"], ["", "Loc"]
    )
    view = Frames("f", [Frame("a", 100, 100, drawn)], ["cat", "dog"])
    html.write(Page("t", [Section("s", "s", [view])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    tab.run("document.querySelector('.frames').scrollIntoView()")
    left, top, side = tab.run(
        "(r => [r.left, r.top, r.height])(document.querySelector('.frames .scene').getBoundingClientRect())"
    )
    tab.mouse("mouseMoved", left + 0.4 * side, top + 0.4 * side)  # in both: the smaller tells
    assert tab.text(".box-tip") == "dogscore 0.875 · prediction, wrong · Loc · 20 × 20 px"
    tab.mouse("mouseMoved", left + 0.2 * side, top + 0.8 * side)
    assert tab.text(".box-tip") == "catscore 0.500 · prediction, right · 80 × 80 px"
    tab.mouse("mouseMoved", left + 0.02 * side, top + 0.98 * side)
    assert tab.count(".box-tip") == 0
    assert tab.text(".blank") == "100 × 100"
    tab.click(".frames .tile")
    tab.run("document.querySelector('.box-list button').focus()")
    tab.settle()
    assert tab.text(".stage .box-tip").startswith("dogscore")
    tab.press("Enter")
    share = "(s => s.querySelector('.edge').getBBox().width / s.getBoundingClientRect().width)"
    assert tab.run(f"{share}(document.querySelector('.stage .scene'))") > 0.9  # drawn large, beyond its part
    assert tab.text(".box-list h3") == "2 boxes; detections from score 0.000"
    assert tab.text(".box-list button") == "dogscore 0.875 · prediction, wrong · Loc · 20 × 20 px"
    assert tab.troubles() == []


def one_scene(tab: Tab, folder: Path, *boxes: tuple[float, float, float, float, int, float | None, str, str]) -> None:
    """Opens a page with one frame of 100 × 100 pixels."""
    drawn = Drawn(*(list(column) for column in zip(*boxes, strict=True)))
    frame = Frame("Cls: teddy bear", 100, 100, drawn, facets={"type": "Cls", "truth": "bear"})
    other = msgspec.structs.replace(frame, title="Cls: cat", facets={"type": "Cls", "truth": "dog"})
    view = Frames("f", [frame, other], ["cat", "dog"], ["truth"], unit="error")
    html.write(Page("t", [Section("s", "s", [view])]), folder / "t.html")
    tab.open(folder / "t.html")


def test_every_box_of_an_error_is_labelled_though_they_share_a_corner(tab: Tab, tmp_path: Path) -> None:
    one_scene(
        tab,
        tmp_path,
        (5.0, 1.0, 90.0, 90.0, 0, None, "truth", ""),
        (4.0, 0.0, 80.0, 94.0, 1, 0.9, "wrong", "Cls"),
        (5.0, 0.0, 90.0, 91.0, 0, 0.8, "right", ""),
    )
    labels = "document.querySelector('.frames .scene').querySelectorAll('.box-label')"
    assert tab.run(f"[...{labels}].map(label => label.textContent)") == ["dog 0.90 Cls", "cat 0.80", "cat"]
    edges = tab.run(f"[...{labels}].map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])")
    for i, (left, top, right, bottom) in enumerate(edges):
        assert all(right <= a or c <= left or bottom <= b or d <= top for a, b, c, d in edges[:i])


def test_an_object_that_has_changed_comes_first_and_lies_on_top(tab: Tab, tmp_path: Path) -> None:
    same = (20.0, 20.0, 60.0, 60.0)
    one_scene(
        tab,
        tmp_path,
        (*same, 0, None, "missed", ""),
        (*same, 1, 0.9, "wrong", "a"),
        (*same, 0, None, "missed", "fixed"),
        (*same, 0, 0.8, "right", "b"),
        (*same, 1, None, "ignored", ""),
    )
    assert tab.text(".frames .box-label") == "cat fixed"
    assert list(drawn_boxes(tab, card("f", 0))) == ["ignored", "right", "wrong", "missed"]  # the last on top
    tab.click(".frames .tile")
    notes = [
        text.split(" · ")[-2]
        for text in tab.run("[...document.querySelectorAll('.box-list li')].map(l => l.textContent)")
    ]
    assert notes == ["fixed", "catobject, missed", "a", "b", "dognot counted"]


def test_a_card_says_briefly_what_it_is_and_once(tab: Tab, tmp_path: Path) -> None:
    boxes = [(10.0 * k, 10.0, 9.0, 40.0, 0, None, role, "") for k, role in enumerate(ROLES)]
    one_scene(tab, tmp_path, *boxes, boxes[0])
    assert tab.text(".frames .line-2") == "1 missed, 1 wrong, 1 right"
    assert spoken(tab, ".frames .tile") == "Cls: teddy bear 1 missed, 1 wrong, 1 right bear"
    tab.click(".frames .tile")
    assert spoken(tab, ".stage svg") == "Cls: teddy bear: 1 missed, 1 wrong, 1 right, 2 found, 1 not counted"
    assert tab.text(".box-list h3") == "6 boxes"  # none has a score
    assert tab.count(".least") == 0
    tab.run("document.querySelector('.box-list li:nth-child(2) button').focus()")
    for _ in range(2):  # it scrolls the list
        tab.press("ArrowDown")
        assert tab.text(".lightbox .facts header p") == "1 of 2"
    tab.press("ArrowRight")
    assert tab.text(".lightbox .facts header p") == "2 of 2"
    assert tab.troubles() == []


def test_frames_say_what_they_count(tab: Tab, detector: Path) -> None:
    tab.open(detector, "#errors?class=no+such+class")
    assert tab.text("#at-errors .count") == f"0 of {PHOTOS} errors"
    assert tab.text("#at-errors .empty") == "No error with this filter is here."
    assert tab.text("#at-worst .count") == f"{PHOTOS} images"
    assert spoken(tab, "#at-worst .least input").startswith("Score at least")


def spoken(tab: Tab, selector: str) -> str:
    """The name of an element as somebody hears it who does not see the page."""
    found = tab.send("Runtime.evaluate", expression=f"document.querySelector({selector!r})")["result"]["objectId"]
    (node,) = tab.send("Accessibility.getPartialAXTree", objectId=found, fetchRelatives=False)["nodes"]
    return str(node["name"]["value"])


def test_frames_can_be_read_on_paper_and_their_pictures_may_be_missing(tab: Tab, tmp_path: Path) -> None:
    page = detection([*write_images(tmp_path / "photos", 20, (640, 480))], NAMES, 40)
    html.write(page, tmp_path / "t.html", max_mb=0.3)
    tab.open(tmp_path / "t.html")
    text = tab.text("#at-worst > .small")
    assert text.endswith("blank canvas; --max-mb raises the limit.")
    left = int(text.split("The pictures of ")[1].split(" of ")[0])
    assert 0 < left <= 20
    assert "160 × 120left out" in tab.text("#at-worst")
    tab.send("Emulation.setEmulatedMedia", media="print")
    assert tab.run("getComputedStyle(document.querySelector('.least input')).display") == "none"
    assert tab.run("document.querySelector('.least output').offsetHeight > 0")
    tab.send("Emulation.setEmulatedMedia", media="screen")


def test_one_group_of_series_is_shown_at_a_time(tab: Tab, detector: Path) -> None:
    tab.open(detector)
    chart = "[...document.querySelectorAll('.chart')].at(-1)"
    names = f"[...{chart}.querySelectorAll('.legend .t')].map(name => name.textContent)"
    assert len(tab.run(names)) == 10
    assert tab.run(f"[...{chart}.querySelectorAll('option')].map(o => o.textContent)") == NAMES
    paths = f"[...{chart}.querySelectorAll('path.line')].map(p => p.getAttribute('d')).join()"
    before = tab.run(paths)
    tab.run(f"{chart}.querySelector('.legend button').click()")
    tab.settle()
    drawn = f"{chart}.querySelectorAll('.series').length"
    assert tab.run(drawn) == 9
    tab.run(
        f"(s => {{ s.value = '2'; s.dispatchEvent(new Event('change', {{bubbles: true}})) }})"
        f"({chart}.querySelector('select'))"
    )
    tab.settle()
    assert tab.run(drawn) == 9  # what is hidden stays hidden
    assert tab.run(paths) != before
    tab.run(f"{chart}.querySelector('svg[role=img]').focus()")
    for _ in range(2):
        tab.press("ArrowRight")
    assert tab.text(".tip").replace(" ", "").startswith("recall0.01IoU0.55")
    assert tab.troubles() == []


def test_series_of_one_name_are_hidden_one_by_one(tab: Tab, tmp_path: Path) -> None:
    series = [Series("loss", [0.0, 1.0], [float(k), 1.0], role=role) for k, role in enumerate(("a", "b"))]
    html.write(Page("t", [Section("s", "s", [Chart("line", Axis("x"), Axis("y"), series)])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    tab.click(".legend li:nth-child(2) button")
    assert tab.run("[...document.querySelectorAll('.series')].map(g => g.classList[1])") == ["r-a"]


def test_three_hundred_frames_of_sixty_boxes_are_quick(tab: Tab, tmp_path: Path) -> None:
    html.write(detection([None] * 300, NAMES, 60), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    tab.click("#at-errors .more")
    tab.run("document.querySelector('#at-errors .grid').scrollIntoView()")
    tab.settle()
    assert 10 < tab.count("#at-errors .tile") < 100
    start = time.perf_counter()
    for value in (0.1, 0.3, 0.5, 0.7):
        slide(tab, "errors", value)
    assert time.perf_counter() - start < 4  # about 0.5 s on a quiet machine with two cores
    assert tab.troubles() == []


# Every element with text of its own whose contrast with the nearest background is below WCAG's AA.
CONTRAST = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = rgb => rgb.slice(0, 3).map(v => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const low = [];
  for (const element of document.querySelectorAll('nav *, main *')) {
    if (![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (element.closest('option, :disabled, title')) continue;
    let behind = element;
    while (behind && rgba(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const style = getComputedStyle(element);
    const ink = rgba(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(rgba(getComputedStyle(behind ?? document.body).backgroundColor))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push([element.textContent.slice(0, 40), element.outerHTML.slice(0, 80), ratio]);
  }
  return low;
})()
"""


def test_lanes_are_filtered_by_a_link_and_drawn_in_their_colours(tab: Tab, tracker: Path) -> None:
    tab.open(tracker)
    assert tab.count(".lane-bars") == 30
    assert "30 of 80 tracks" in tab.text(".timeline .count")
    tab.click(".timeline .more")
    assert tab.count(".lane-bars") == 80
    tab.run("[...document.querySelectorAll('.table .link')].find(e => e.textContent === 'seq-1').click()")
    tab.settle()
    assert tab.run("location.hash") == "#tracks?sequence=seq-1"
    assert "27 tracks" in tab.text(".timeline .count")
    assert tab.count(".lane-name .link") == 3
    tab.click(".lane-name .link")
    assert tab.run("location.hash") == "#open/events?track=id+1"
    assert "1 of 9 events" in tab.text("[data-view=drawer] .count")
    assert tab.troubles() == []


def test_a_lane_lies_where_its_frames_are(tab: Tab, tmp_path: Path) -> None:
    lanes = [
        Lane("a", "s", 100, [1, 51], [50, 100], [0, 1], ["", ""], ["7", "8"], [Moment(51, 0, "crossing: 0.4 hidden")]),
        Lane("b", "s", 100, [26, 51], [50, 75], [-1, 0], ["occluded", ""], ["7"]),
    ]
    section = Section("s", "S", [Timeline("t", lanes, ["identity switch"])])
    html.write(Page("x", [section]), tmp_path / "report.html")
    tab.open(tmp_path / "report.html")

    def share(lane: int, role: str) -> list[float]:
        box = f"document.querySelector('[data-lane=\"{lane}\"] .{role}').getBBox()"
        whole = "document.querySelector('.lane-bars').clientWidth"
        return [float(v) for v in tab.run(f"[{box}.x / {whole}, ({box}.x + {box}.width) / {whole}]")]

    assert share(0, "r-a") == pytest.approx([0, 0.5], abs=0.01)
    assert share(0, "r-b") == pytest.approx([0.5, 1], abs=0.01)
    assert share(1, "r-missed") == pytest.approx([0.25, 0.5], abs=0.01)
    assert share(1, "r-a") == pytest.approx([0.5, 0.75], abs=0.01)


def test_a_lane_is_read_by_keys_and_by_pointing(tab: Tab, tracker: Path) -> None:
    tab.open(tracker)
    first = tracking().sections[0].views[1]
    assert isinstance(first, Timeline)
    lane = first.lanes[0]
    assert tab.count(".lane-bars[tabindex='0']") == 1
    tab.run("document.querySelector('.lane-bars').focus()")
    assert "id 0, seq-0: " in tab.run("document.activeElement.getAttribute('aria-label')")
    tab.press("ArrowRight")
    assert f"held by {lane.names[0]}" in tab.text(".lane .tip")
    assert tab.count(".same") >= 1
    while "identity switch" not in tab.text(".lane .tip"):
        tab.press("ArrowRight")
    switch = next(moment for moment in sorted(lane.moments, key=lambda m: m.frame) if moment.kind == 0)
    assert f"Frame {switch.frame}" in tab.text(".lane .tip")
    assert "crossing" in tab.run("document.activeElement.getAttribute('aria-label')")
    tab.press("ArrowDown")
    assert tab.run("document.activeElement.dataset.lane") == "1"
    assert tab.count(".lane .tip") == 0
    tab.press("Enter")
    assert tab.run("location.hash") == "#open/events?track=id+1"
    tab.press("Escape")
    edge = "document.querySelectorAll('.lane-bars')[2].getBoundingClientRect()"
    left, top = tab.run(f"[{edge}.left, {edge}.top]")
    width = tab.run("document.querySelector('.lane-bars').clientWidth")
    lane = first.lanes[2]
    middle = (lane.first[0] + lane.last[0]) / 2
    tab.mouse("mouseMoved", left + 1 + (width - 2) * (middle - 0.5) / lane.length, top + 17)
    assert f"held by {lane.names[0]}" in tab.text(".lane .tip")
    assert tab.troubles() == []


def test_what_does_not_fit_is_said(tab: Tab, tmp_path: Path) -> None:
    paths = write_images(tmp_path / "photos", 120, (400, 300))
    gallery = Gallery(
        "g", [GalleryItem(path, Picture(path), {"half": str(i % 2)}) for i, path in enumerate(paths)], ["half"]
    )
    html.write(Page("t", [Section("s", "s", [gallery])]), tmp_path / "t.html", max_mb=0.155)
    assert (tmp_path / "t.html").stat().st_size <= 155_000
    tab.open(tmp_path / "t.html", "#g?half=1")
    shown, whole = tab.text(".gallery .count").split(" images shown")[0].split(" of ")
    assert 0 < int(shown) < 60
    assert whole == "60"
    assert "--max-mb raises it" in tab.text(".gallery .count")


def test_hundreds_of_classes_are_drawn_on_a_canvas_and_read_by_keys(tab: Tab, tmp_path: Path) -> None:
    counts = np.eye(300, dtype=int) * 5
    counts[1, 1], counts[1, 2] = 2, 3
    names = [f"class {i}" for i in range(300)]
    gallery = Gallery("g", [GalleryItem("a", None, {"truth": names[1], "prediction": names[2]})], ["truth"])
    matrix = Matrix(names, counts.tolist(), gallery="g")
    html.write(Page("t", [Section("s", "s", [matrix, gallery])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    tab.run("document.querySelector('canvas').focus()")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        tab.press(key)
    assert tab.text(".readout").startswith(
        "3truth class 1, prediction class 260.0 % of this truth37.5 % of this prediction"
    )
    tab.press("Enter")
    assert tab.text(".drawer .count") == "1 of 1 image"
    assert tab.text(".pairs li") == "class 1 → class 23"
    assert tab.troubles() == []


@pytest.mark.slow
def test_ten_thousand_thumbnails_open_in_a_moment(tab: Tab, tmp_path: Path) -> None:
    def photo(path: str, size: int) -> NDArray[np.uint8]:
        seed = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big")
        return np.kron(
            np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8), np.ones((16, 16, 1), np.uint8)
        )

    page = classification([f"{i}.jpg" for i in range(10_000)], NAMES)
    file = tmp_path / "t.html"
    file.write_text(html.render(page, max_mb=100, decoder=photo), encoding="utf-8")
    best = min(_open_seconds(tab, file) for _ in range(3))
    assert tab.text(".gallery .count") == "10,000 images"
    assert best < 3  # about 0.6 s on a quiet machine with two cores
    assert tab.troubles() == []


def _open_seconds(tab: Tab, file: Path) -> float:
    tab.send("Page.navigate", url="about:blank")
    start = time.perf_counter()
    tab.send("Page.navigate", url=file.as_uri())
    tab.wait("document.readyState === 'complete' && document.querySelectorAll('.gallery .tile img').length > 5")
    tab.wait("[...document.querySelectorAll('.gallery .tile img')].every(image => image.complete)")
    return time.perf_counter() - start
