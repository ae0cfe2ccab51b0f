"""What the report says of a segmentation: every number and every label map against the pixels themselves."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optotype.cli import console
from optotype.cli.show import show_result
from optotype.errors import InputError
from optotype.formats import write_label_map
from optotype.report import label_runs, text
from optotype.results import Result, Source
from optotype.runs import RunFolder
from optotype.studies.evaluation import evaluate
from optotype.studies.judging import load, result_of
from optotype.studies.run_sections import pictures
from optotype.tables import OTHER, VOID, Items, Masks
from optotype.tasks.pictures import Pictures
from optotype.tasks.segment import match, measure, sections, verdict
from optotype.tasks.segment.cell_views import CELLS, LEAST, LOW
from optotype.tasks.segment.judged_maps import check
from optotype.tasks.segment.label_frames import MOST_RUNS, SIDES, reduced
from optotype.tasks.segment.rules import VOIDS, Rules
from optotype.tasks.segment.viewing import groups_of
from optotype.views import NO_CLASS, Areas, LabelMaps, Matrix, Note, Page, Section, Table, View

CLASSES = ("background", "road", "car")
COLOURS = np.array([[10, 20, 30], [128, 64, 128], [0, 0, 142]], np.uint8)
N, HEIGHT, WIDTH = 9, 24, 32


def masks_of(maps: list[np.ndarray], classes: tuple[str, ...] = CLASSES) -> Masks:
    items = Items.of([f"scene/{i:02}" for i in range(len(maps))])
    return Masks(items, classes, maps, COLOURS.copy())


@pytest.fixture(scope="module")
def sides() -> tuple[Masks, Masks]:
    """Blocks of classes with void, and a prediction with swaps, void and values of no class."""
    rng = np.random.default_rng(7)
    truth, said = [], []
    for i in range(N):
        labels = rng.choice([0, 0, 1, 2, VOID], (HEIGHT // 4, WIDTH // 4)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
        guess = labels.copy()
        wrong = rng.random(labels.shape) < 0.1 * i
        guess[wrong] = rng.choice([0, 1, 1, 1, VOID, OTHER], int(wrong.sum()))
        guess[guess == VOID] = 0 if i % 2 else VOID
        truth.append(labels)
        said.append(guess)
    return masks_of(truth), masks_of(said)


def judged(sides: tuple[Masks, Masks], rules: Rules | None = None):
    rules = rules or Rules()
    evidence = match(*sides, rules=rules)
    measured = measure(evidence, resamples=0, rules=rules)
    source = Source("truth", "0"), Source("said", "0")
    return result_of("segment", measured, (), source), evidence


def drawn(sides: tuple[Masks, Masks], rules: Rules | None = None) -> dict[str, Section]:
    result, evidence = judged(sides, rules)
    return {s.id: s for s in sections(result, evidence, Pictures(lambda _key: None, lambda: sides))}


def one(section: Section, kind: type[View]) -> View:
    return next(view for view in section.views if isinstance(view, kind))


def of_pixels(sides: tuple[Masks, Masks], k: int, i: int) -> tuple[int, int, int]:
    """Intersection, pixels of the truth and of the prediction, without void of the truth."""
    a, b = sides[0].maps[i], sides[1].maps[i]
    known = a < OTHER
    return int(((a == k) & (b == k)).sum()), int((a == k).sum()), int(((b == k) & known).sum())


def unpacked(encoded: str) -> list[tuple[int, int]]:
    """Label and length of each run, byte by byte."""
    data, found, i = base64.b64decode(encoded), [], 0
    while i < len(data):
        label, length, shift = data[i], 0, 0
        i += 1
        while True:
            length |= (data[i] & 127) << shift
            shift += 7
            i += 1
            if data[i - 1] < 128:
                break
        found.append((label, length))
    return found


@given(st.lists(st.tuples(st.integers(-1, 253), st.integers(1, 3_000_000)), min_size=1, max_size=30))
def test_runs_come_back_from_their_bytes(runs):
    areas = Areas(1, sum(n for _, n in runs), [label for label, _ in runs], [n for _, n in runs])
    assert unpacked(label_runs.encoded(areas)) == [(label if label >= 0 else 255, n) for label, n in runs]


def flat(areas: Areas) -> np.ndarray:
    return np.repeat(areas.label, areas.length).reshape(areas.height, areas.width)


def test_small_maps_are_carried_whole_and_large_ones_from_pixels_that_they_have():
    rng = np.random.default_rng(0)
    small = rng.choice([0, 1, VOID, OTHER], (40, 60)).astype(np.uint8)
    first, second = reduced(small, small[::-1])
    expected = np.where(small >= OTHER, NO_CLASS, small.astype(int))
    assert np.array_equal(flat(first), expected)
    assert np.array_equal(flat(second), expected[::-1])
    columns = np.arange(2000, dtype=np.int64) // 64
    wide = np.broadcast_to(columns.astype(np.uint8), (500, 2000))
    first, _ = reduced(wide, wide)
    assert (first.width, first.height) == (320, 80)
    assert np.array_equal(flat(first)[7], columns[np.arange(320) * 2000 // 320 + 3])


def test_a_map_of_noise_gives_way_until_its_runs_are_few():
    noise = np.random.default_rng(0).integers(0, 200, (480, 640)).astype(np.uint8)
    plain = np.zeros_like(noise)
    found = reduced(plain, noise)
    assert len(found[1].label) <= MOST_RUNS or found[1].width == SIDES[-1]
    assert (found[0].width, found[0].height) == (found[1].width, found[1].height)
    assert found[0].label == [0]


def test_the_matrix_counts_pixels_with_truth_in_rows(sides):
    matrix = one(drawn(sides)["confusion"], Matrix)
    a, b = (np.concatenate([m.ravel() for m in side.maps]) for side in sides)
    assert matrix.names == [*CLASSES, "no class"]
    for i in range(3):
        row = b[a == i]
        assert matrix.counts[i] == [*(int((row == k).sum()) for k in range(3)), int((row >= OTHER).sum())]
    assert matrix.counts[3] == [0, 0, 0, 0]  # void of the truth takes no part
    assert (matrix.unit, matrix.gallery, matrix.row_label) == ("pixel", CELLS, "truth")


@pytest.mark.parametrize("rule", VOIDS)
def test_the_matrix_agrees_with_the_metrics_under_every_rule(sides, rule):
    result, evidence = judged(sides, Rules(void=rule))
    found = {s.id: s for s in sections(result, evidence, Pictures(lambda _key: None, lambda: sides))}
    counts = np.array(one(found["confusion"], Matrix).counts)
    assert np.trace(counts[: result.n.classes]) / counts[: result.n.classes].sum() == pytest.approx(
        result["pixel_accuracy"].value if rule != "as-fp" else np.trace(counts) / counts[: result.n.classes].sum()
    )
    for k, row in enumerate(result.per_class):
        union = counts[k].sum() + counts[:, k].sum() - counts[k, k]
        assert counts[k, k] / union == pytest.approx(row.metrics["iou"].value)


def test_every_cell_is_told_as_its_pixels_are(sides):
    view = one(drawn(sides)["images"], LabelMaps)
    assert view.colours == [tuple(colour) for colour in COLOURS.tolist()]
    for frame in view.frames:
        i, k = int(frame.title[-2:]), frame.focus
        right, true, said = of_pixels(sides, k, i)
        facts = dict(frame.facts)
        assert facts["IoU"] == f"{right / (true + said - right):.3f}"
        assert facts["pixels"] == f"{true:,} of the truth, {said:,} predicted, {right:,} both"
        for areas, side in ((frame.truth, sides[0]), (frame.said, sides[1])):
            labels = side.maps[i]
            assert np.array_equal(flat(areas), np.where(labels >= OTHER, NO_CLASS, labels.astype(int)))


def test_of_each_class_the_cells_of_low_iou_are_shown_and_three_in_any_case(sides):
    view = one(drawn(sides)["images"], LabelMaps)
    for k, name in enumerate(CLASSES):
        parts = [(of_pixels(sides, k, i), i) for i in range(N)]
        low = {i for (right, true, said), i in parts if right <= LOW * (true + said - right)}
        shown = {int(f.title[-2:]) for f in view.frames if f.facets["class"] == name}
        assert low <= shown
        assert len(shown) >= LEAST


def test_the_largest_confusion_leads_to_an_image_with_it(sides):
    found = drawn(sides)
    counts = np.array(one(found["confusion"], Matrix).counts)[:3, :3]
    np.fill_diagonal(counts, 0)
    truth, said = divmod(int(counts.argmax()), 3)
    facets = {"class": CLASSES[truth], "taken for": CLASSES[said]}
    assert any(frame.facets == facets for frame in one(found["images"], LabelMaps).frames)


def test_other_maps_than_those_that_were_judged_are_not_shown(sides):
    result, evidence = judged(sides)
    turned = replace(sides[1], maps=[m[::-1] for m in sides[1].maps])
    section = {s.id: s for s in sections(result, evidence, Pictures(lambda _key: None, lambda: (sides[0], turned)))}
    note, table = section["images"].views
    assert isinstance(note, Note)
    assert "expected the label maps that were judged" in note.texts[0]
    assert isinstance(table, Table)
    assert table.id == CELLS
    check(evidence, 3, sides[0].maps[3], sides[1].maps[3])
    with pytest.raises(InputError, match="judged"):
        check(evidence, 3, sides[0].maps[3], sides[1].maps[4])


@pytest.mark.parametrize(("void", "label"), [("as-background", 0), ("as-class", 3)])
def test_void_that_counts_as_a_class_is_drawn_so(sides, void, label):
    view = one(drawn(sides, Rules(void=void))["images"], LabelMaps)
    assert len(view.names) == len(view.colours) > label
    frame = view.frames[0]
    labels = sides[0].maps[int(frame.title[-2:])]
    assert np.array_equal(flat(frame.truth), np.where(labels == VOID, label, labels))


def test_the_page_says_what_was_counted(sides):
    result, evidence = judged(sides, Rules(void="both-dropped"))
    shown = sections(result, evidence, lambda _key: None)
    said = text.markdown(Page("segmentation", shown))
    for words in (
        "no average precision",
        VOIDS["both-dropped"],
        "averaged over the 3 classes",
        "‘background’ everywhere",
        "both-dropped (used here)",
        "connected parts",
    ):
        assert words.replace("_", "\\_") in said, words
    for name, section in ((s.id, s) for s in shown):
        assert section.views, name


def test_the_verdict_names_the_worst_class_with_its_numbers(sides):
    result, evidence = judged(sides)
    worst = min(result.per_class, key=lambda row: row.metrics["iou"].value)
    told = verdict(result, evidence)
    assert f"{result['miou'].value:.3f}" in told[0].text
    assert f"‘{worst.name}’, IoU {worst.metrics['iou'].value:.3f}" in told[1].text
    assert f"{worst.n:,} pixels" in told[1].text
    assert {sentence.target for sentence in told} <= {s.id for s in sections(result, evidence, lambda _key: None)}


@pytest.fixture(scope="module")
def folder(sides, tmp_path_factory) -> RunFolder:
    """An evaluation of grey masks against masks in the classes' colours."""
    from PIL import Image

    root = tmp_path_factory.mktemp("maps")
    table = np.zeros((256, 3), np.uint8)
    table[:3] = COLOURS
    table[VOID] = (1, 2, 3)
    rows = [*zip(CLASSES, COLOURS.tolist(), strict=True), ("void", (1, 2, 3))]
    (root / "classes.csv").write_text("name,r,g,b\n" + "".join(f"{n},{r},{g},{b}\n" for n, (r, g, b) in rows))
    for key, truth, said in zip(sides[0].items.key.tolist(), sides[0].maps, sides[1].maps, strict=True):
        for side, labels in (("truth", truth), ("said", np.where(said == OTHER, VOID, said))):
            file = root / side / f"{key}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(table[labels]).save(file)
    out = root / "out"
    evaluate(
        "segment", root / "truth", root / "said", classes=root / "classes.csv", out=out, resamples=0, causes=False,
        report=False,
    )  # fmt: skip
    return RunFolder(out)


def test_a_folder_leads_back_to_the_maps_that_were_judged(folder, sides):
    maps = pictures(folder).label_maps
    assert maps is not None
    truth, said = maps()
    assert truth.items.key.tolist() == load(folder).evidence.keys.tolist()
    for i in range(N):
        assert np.array_equal(truth.maps[i], sides[0].maps[i])
        assert np.array_equal(said.maps[i], np.where(sides[1].maps[i] == OTHER, VOID, sides[1].maps[i]))


def test_maps_under_joint_names_are_found_again(sides, tmp_path):
    names = [*CLASSES[::-1]]
    for key, truth, said in zip(sides[0].items.key.tolist(), sides[0].maps, sides[1].maps, strict=True):
        turned = np.where(said < len(names), len(names) - 1 - said.astype(int), VOID).astype(np.uint8)
        write_label_map(tmp_path / "truth" / f"{key}.png", truth, COLOURS)
        write_label_map(tmp_path / "said" / f"{key}.png", turned, COLOURS)
    (tmp_path / "names.txt").write_text("\n".join(CLASSES))
    (tmp_path / "said" / "classes.txt").write_text("\n".join(names))
    (tmp_path / "map.csv").write_text(f"name,class\n{CLASSES[0]},x\n{CLASSES[1]},y\n{CLASSES[2]},y\n")
    evaluate(
        "segment", tmp_path / "truth", tmp_path / "said", classes=tmp_path / "names.txt", out=tmp_path / "out",
        map_classes=tmp_path / "map.csv", resamples=0, causes=False, report=False,
    )  # fmt: skip
    _truth, said = pictures(RunFolder(tmp_path / "out")).label_maps()
    joint = np.array([0, 1, 1, *[VOID] * 253], np.uint8)
    for i in range(N):
        assert np.array_equal(said.maps[i], joint[np.where(sides[1].maps[i] == OTHER, VOID, sides[1].maps[i])])


def test_the_terminal_shows_the_baseline_and_every_rule_in_eighty_columns(folder, monkeypatch, capsys):
    monkeypatch.setattr(console, "out", console.Console(width=80, highlight=False))
    result = load(folder).result
    show_result(result)
    shown = capsys.readouterr().out
    tables = [line for line in shown.splitlines() if "average" not in line and "void" not in line]
    assert max(map(len, tables)) <= 80
    assert "‘background’ everywhere" in shown
    assert "truth-dropped*" in shown
    assert "no average precision" in " ".join(shown.split())
    assert f"{result['miou'].value:.3f}" in shown
    assert all(f"{row.n:,}" in shown for row in result.per_class)


def test_the_terminal_calls_blocks_blocks(sides, capsys):
    for groups, said in ((["a#0000", "a#0001"], "by block of consecutive frames"), (["a", "b"], "by sequence")):
        items = replace(sides[0].items, group=np.array([groups[i % 2] for i in range(N)]))
        result = judged((replace(sides[0], items=items), replace(sides[1], items=items)))[0]
        assert groups_of(result) == ("2 blocks of consecutive frames" if "#" in groups[0] else "2 independent groups")
        show_result(result)
        assert said in capsys.readouterr().out


def test_results_are_equal_however_the_maps_were_reached(folder, sides):
    found: Result = load(folder).result
    void = replace(sides[1], maps=[np.where(m == OTHER, VOID, m) for m in sides[1].maps])
    assert found.metrics == judged((sides[0], void))[0].metrics
