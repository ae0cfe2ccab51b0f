"""Label maps in a browser: every layer's pixels, what is under the pointer, the class in focus, and its drawer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromium import Browser, Tab
from optotype.report import html
from optotype.views import (
    NO_CLASS,
    Areas,
    Column,
    Labelled,
    LabelMaps,
    Link,
    Matrix,
    Page,
    Picture,
    Section,
    Table,
)
from report_pages import HOSTILE

NAMES = ["road", "car", "sky & <b>sun</b>"]
COLOURS = [(128, 64, 128), (0, 0, 200), (90, 180, 250)]
WIDTH, HEIGHT = 40, 30
CLEAR = [0, 0, 0, 0]
RIGHT, MISSED, EXTRA, BLANK = [38, 128, 96, 255], [255, 122, 60, 255], [122, 200, 255, 255], [20, 22, 28, 255]


def areas(labels: np.ndarray) -> Areas:
    flat = labels.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    lengths = np.diff(np.append(starts, flat.size))
    return Areas(labels.shape[1], labels.shape[0], flat[starts].tolist(), lengths.tolist())


def maps() -> tuple[np.ndarray, np.ndarray]:
    """Sky over road with a car and a strip of no class; the prediction has the car ten pixels further right."""
    truth = np.zeros((HEIGHT, WIDTH), int)
    truth[:12] = 2
    truth[28:] = NO_CLASS
    said = truth.copy()
    said[28:] = 0
    truth[15:25, 5:20] = 1
    said[15:25, 15:30] = 1
    return truth, said


def entry(focus: int, picture: Picture | None = None, **facets: str) -> Labelled:
    truth, said = maps()
    facts = [("IoU", "0.250"), ("pixels", "150 of the truth")]
    return Labelled(f"{NAMES[focus]}: a", 80, 60, areas(truth), areas(said), picture, focus, facets, facts, "bad")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("maps")
    Image.new("RGB", (80, 60), (200, 180, 40)).save(folder / "a.png")
    picture = Picture(str(folder / "a.png"), 448)
    entries = [
        entry(1, picture, **{"class": "car", "taken for": "road"}),
        entry(0, picture, **{"class": "road", "taken for": "car"}),
        entry(2, None, **{"class": NAMES[2], "taken for": "nothing else"}),
    ]
    view = LabelMaps("cells", entries, NAMES, COLOURS, ["class", "taken for"], title="Where", unit="pair")
    counts = [[12_345_678, 90_000, 0], [4_000_000, 1_500_000, 0], [0, 0, 999_999]]
    matrix = Matrix(NAMES, counts, gallery="cells", row_facet="class", column_facet="taken for", unit="pixel",
                    start="rows", title="Matrix", id="m")  # fmt: skip
    swatches = Table([Column("class"), Column("colour", "colour")], [["car", "#0000c8"], ["odd", "url(x)"]],
                     [Link("cells", {"class": "car"}), None])  # fmt: skip
    html.write(Page("maps", [Section("s", "s", [matrix, swatches, view])]), folder / "report.html")
    return folder / "report.html"


def pixels(tab: Tab, layer: str, tile: int = 0, where: str = ".view.maps") -> np.ndarray:
    """What a layer's canvas holds, uint8 (height, width, 4)."""
    found = tab.run(
        f"(canvas => [canvas.width, canvas.height, [...canvas.getContext('2d').getImageData(0, 0, canvas.width, "
        f"canvas.height).data]])(document.querySelectorAll('{where} [data-layer={layer}] canvas')[{tile}])"
    )
    return np.array(found[2], np.uint8).reshape(found[1], found[0], 4)


def painted(labels: np.ndarray) -> np.ndarray:
    table = np.array([*([*colour, 255] for colour in COLOURS), CLEAR], np.uint8)
    return table[labels]


def test_truth_and_prediction_are_in_the_classes_colours(tab: Tab, report: Path) -> None:
    tab.open(report)
    assert tab.count(".view.maps .tile") == 3
    truth, said = maps()
    for tile in range(3):
        assert np.array_equal(pixels(tab, "truth", tile), painted(truth))
        assert np.array_equal(pixels(tab, "said", tile), painted(said))
    assert tab.run("getComputedStyle(document.querySelector('.view.maps canvas')).imageRendering") == "pixelated"
    assert tab.text(".view.maps .count") == "3 pairs"
    assert tab.troubles() == []


def errors(focus: int) -> np.ndarray:
    truth, said = maps()
    found = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    found[(truth == focus) & (said == focus)] = RIGHT
    found[(truth == focus) & (said != focus)] = MISSED
    found[(truth != focus) & (said == focus)] = EXTRA
    found[truth == NO_CLASS] = BLANK
    return found


def test_errors_are_those_of_each_pairs_class_or_of_the_class_that_is_pressed(tab: Tab, report: Path) -> None:
    tab.open(report)
    for tile, focus in enumerate((1, 0, 2)):
        assert np.array_equal(pixels(tab, "errors", tile), errors(focus))
    press = (
        "[...document.querySelectorAll('.map-tools .legend button')].find(b => b.textContent.trim() === '{}').click()"
    )
    tab.run(press.format("car"))
    tab.settle()
    for tile in range(3):
        assert np.array_equal(pixels(tab, "errors", tile), errors(1))
    assert tab.text(".error-key").startswith("Errors of car")
    tab.run(press.format("all classes"))
    tab.settle()
    truth, said = maps()
    wrong = pixels(tab, "errors")
    assert (wrong[(truth != said) & (truth != NO_CLASS)] == MISSED).all()
    assert (wrong[truth == said] == CLEAR).all()


def test_pointing_at_a_pixel_tells_both_sides_in_every_layer(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.run("document.querySelector('.view.maps .tile').scrollIntoView({block: 'center'})")
    tab.settle()
    x, y, w, h = tab.run(
        "(r => [r.x, r.y, r.width, r.height])(document.querySelector('.view.maps [data-layer=said]')"
        ".getBoundingClientRect())"
    )
    tab.mouse("mouseMoved", x + w * 25.5 / WIDTH, y + h * 18.5 / HEIGHT)
    tab.settle()
    assert " ".join(tab.text(".map-tip").split()) == "truth roadprediction car"
    assert tab.count(".view.maps .spot") == 4
    tab.mouse("mouseMoved", x + w * 2.5 / WIDTH, y + h * 29.5 / HEIGHT)
    tab.settle()
    assert " ".join(tab.text(".map-tip").split()) == "truth no classprediction road"
    tab.mouse("mouseMoved", 2, 2)
    tab.settle()
    assert tab.count(".map-tip") == 0


def test_one_layer_can_be_shown_and_how_strongly_it_is_drawn_is_the_readers(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.run("[...document.querySelectorAll('.map-tools [role=radio]')].find(b => b.textContent === 'Truth').click()")
    tab.settle()
    layers = "[...new Set([...document.querySelectorAll('.view.maps [data-layer]')].map(e => e.dataset.layer))]"
    assert tab.run(layers) == ["truth"]
    assert tab.count(".error-key") == 0
    tab.run(
        "(input => { input.value = 20; input.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('.map-tools input'))"
    )
    tab.settle()
    opacity = "[...document.querySelectorAll('.view.maps canvas')].map(c => getComputedStyle(c).opacity)"
    assert tab.run(opacity) == ["0.2", "0.2", "1"]  # where there is no image, nothing lies beneath


def test_a_cell_of_the_matrix_and_a_row_of_a_table_open_their_pairs(tab: Tab, report: Path) -> None:
    tab.open(report)
    assert tab.text(".matrix [data-at='1,0']") == "73"  # by truth at first
    tab.click(".matrix [data-at='1,0']")
    assert tab.text(".drawer .count") == "1 of 3 pairs"
    assert tab.run("location.hash") == "#open/cells?class=car&taken+for=road"
    assert np.array_equal(pixels(tab, "truth", 0, ".drawer"), painted(maps()[0]))
    tab.press("Escape")
    tab.click(".table .link")
    assert tab.text(".drawer .count") == "1 of 3 pairs"
    assert tab.troubles() == []


def test_millions_of_pixels_fit_into_the_cells_of_a_matrix(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.run("document.querySelector('.matrix [role=radio]').click()")
    tab.settle()
    texts = tab.run("[...document.querySelectorAll('.matrix [data-at]')].map(e => e.textContent)")
    assert texts == ["12M", "90k", "", "4M", "2M", "", "", "", "1M"]
    tab.run("document.querySelector('.matrix [data-at=\"0,0\"]').focus()")
    tab.settle()
    assert "12,345,678 pixels" in tab.text(".readout")


def test_a_pair_is_shown_large_with_the_share_of_each_class(tab: Tab, report: Path) -> None:
    tab.open(report)
    tab.click(".view.maps .tile")
    assert tab.count(".lightbox [data-layer]") == 4
    rows = tab.run(
        "[...document.querySelectorAll('.map-list tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    truth, said = maps()
    for name, label in (("car", 1), (NAMES[2], 2), ("no class", NO_CLASS)):
        shares = [f"{100 * (side == label).mean():.1f} %" if (side == label).any() else "–" for side in (truth, said)]
        assert [name, *shares] in rows
    tab.run("[...document.querySelectorAll('.map-list button')].find(b => b.textContent.startsWith('sky')).click()")
    tab.settle()
    assert np.array_equal(pixels(tab, "errors", 0, ".lightbox"), errors(2))
    tab.press("ArrowRight")
    assert tab.text(".lightbox h2") == "road: a"
    assert tab.troubles() == []


def test_a_swatch_is_a_colour_and_nothing_else(tab: Tab, report: Path) -> None:
    tab.open(report)
    found = tab.run(
        "[...document.querySelectorAll('.table tbody tr')].map(r => (e => e && "
        "getComputedStyle(e).backgroundColor)(r.cells[1].querySelector('.dab')))"
    )
    assert found[0] == "rgb(0, 0, 200)"
    assert found[1] is None
    assert tab.text(".table tbody tr:nth-child(2) td:nth-child(2)") == "url(x)"


def test_hostile_names_are_names(tab: Tab, tmp_path: Path) -> None:
    truth = np.arange(len(HOSTILE)).repeat(20).reshape(len(HOSTILE), 20)
    both = areas(truth), areas(truth[::-1])
    entries = [Labelled(name, 20, 16, *both, None, k, {name: name}, [(name, name)]) for k, name in enumerate(HOSTILE)]
    colours = [(k, k, k) for k in range(len(HOSTILE))]
    view = LabelMaps(HOSTILE[0], entries, list(HOSTILE), colours, [HOSTILE[1]], HOSTILE[1], HOSTILE[2])
    html.write(Page("t", [Section("s", "s", [view])]), tmp_path / "t.html")
    tab.open(tmp_path / "t.html")
    assert tab.count("[data-view=failed]") == 0
    assert tab.count(".view.maps .tile") >= 4
    tab.click(".view.maps .tile")
    assert tab.count(".map-list tbody tr") == len(HOSTILE)
    assert tab.troubles() == []


def test_a_narrow_window_is_no_wider_than_it_is(browser: Browser, report: Path) -> None:
    narrow = Tab(browser, 360, 800)
    narrow.open(report)
    assert narrow.run("document.documentElement.scrollWidth") == 360
    narrow.click(".view.maps .tile")
    assert narrow.run("document.querySelector('.lightbox').scrollWidth <= 360")
    narrow.close()


def test_of_too_many_label_maps_those_of_every_class_stay(tab: Tab, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    entries = []
    for i in range(60):
        both = (areas(rng.integers(0, 3, (60, 80))) for _ in range(2))
        entries.append(Labelled(str(i), 80, 60, *both, None, i % 3, {"class": NAMES[i % 3]}, [("IoU", "0.1")]))
    view = LabelMaps("cells", entries, NAMES, COLOURS, ["class"], unit="pair")
    html.write(Page("t", [Section("s", "s", [view])]), tmp_path / "t.html", max_mb=0.4)
    assert (tmp_path / "t.html").stat().st_size <= 400_000
    tab.open(tmp_path / "t.html")
    shown = tab.text(".view.maps .count")
    assert shown.endswith("of 60 pairs shown; --max-mb raises it")
    assert 3 <= int(shown.split()[0]) < 60
    options = tab.run("[...document.querySelectorAll('.filters option')].map(o => o.textContent)")
    assert len(options) == 4
    assert not any(option.endswith("(0)") for option in options)
