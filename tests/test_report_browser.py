"""The report in a browser: it draws every view, runs nothing but its own script, and does what its reader asks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chromium import Browser, Tab, find
from optotype.report import html
from optotype.views import Gallery, GalleryItem, Matrix, Page, Picture, Section, Table
from report_pages import HOSTILE, classification, hostile, write_images

NAMES = ["mantled howler", "patas monkey", "bald uakari", "Japanese macaque", "pygmy marmoset"]
VIEWS = {"verdict", "numbers", "table", "matrix", "chart", "gallery", "sheet", "note", "code"}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find()
    if not program:
        pytest.skip("no Chromium at hand: install one, or name it in OPTOTYPE_CHROMIUM")
    with Browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    opened = Tab(browser)
    yield opened
    opened.close()


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


def matrix_of(page: Page) -> Matrix:
    return next(view for section in page.sections for view in section.views if isinstance(view, Matrix))


def count_of(page: Page, **facets: str) -> int:
    (gallery,) = [view for section in page.sections for view in section.views if isinstance(view, Gallery)]
    return sum(all(item.facets[name] == value for name, value in facets.items()) for item in gallery.items)


def test_every_view_is_drawn_and_nothing_hostile_runs(tab: Tab, evil: Path) -> None:
    tab.open(evil)
    assert set(tab.run("[...document.querySelectorAll('[data-view]')].map(e => e.dataset.view)")) >= VIEWS
    assert tab.count("[data-view=failed]") == 0
    assert tab.count("main section") == 7
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
def test_no_width_makes_the_page_scroll_sideways(browser: Browser, evil: Path, width: int, dark: bool) -> None:
    tab = Tab(browser, width, 850, dark=dark)
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


def test_hostile_facets_can_be_filtered_by(tab: Tab, evil: Path) -> None:
    tab.open(evil)
    tab.run("document.querySelector('.table .link').click()")
    tab.settle()
    assert tab.text(".drawer .count").startswith("3 of 48")
    tab.open(evil, "#open/gallery%22%3E%3Cb%3E?truth=no+such+class")
    assert tab.text(".drawer .count").startswith("0 of 48")
    tab.open(evil, "#%E0%A4%A?=&&%")
    assert tab.count("main section") == 7
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
    assert tab.run("location.hash") == "#mistakes"
    tab.click(".gallery .more")
    assert 5 < tab.count(".gallery .tile") < 120
    tab.run("scrollTo(0, document.querySelector('.gallery').getBoundingClientRect().bottom + scrollY - innerHeight)")
    tab.settle()
    tab.wait("[...document.querySelectorAll('.gallery .tile')].some(tile => tile.dataset.index === '199')")


def test_tables_sort_with_missing_values_last(tab: Tab, tmp_path: Path) -> None:
    from optotype.views import Column, Span

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


def test_text_stands_out_from_its_background(browser: Browser, report: Path) -> None:
    for dark in (False, True):
        tab = Tab(browser, dark=dark)
        tab.open(report)
        assert tab.run(CONTRAST) == []
        tab.close()


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


def test_what_does_not_fit_is_said(tab: Tab, tmp_path: Path) -> None:
    paths = write_images(tmp_path / "photos", 120, (400, 300))
    gallery = Gallery(
        "g", [GalleryItem(path, Picture(path), {"half": str(i % 2)}) for i, path in enumerate(paths)], ["half"]
    )
    html.write(Page("t", [Section("s", "s", [gallery])]), tmp_path / "t.html", max_mb=0.13)
    assert (tmp_path / "t.html").stat().st_size <= 130_000
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
