"""Reading and writing tracks: every spelling of the rows, every layout of the folders, everything that is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.data.check_tracks import check_tracks
from optotype.errors import InputError
from optotype.formats import read_track_detections, read_track_results, read_tracks, tracks_npz, write_tracks
from optotype.formats.mot import MOT_CLASSES, frame_files, scene_of
from optotype.kernels import mot_scan
from optotype.kernels.json_float import powers
from optotype.sequences import first_number, select
from optotype.tables import Items, Tracks
from optotype.track_rows import read as read_rows

ROW = "1,1,10,20,30,40,1,1,1\n"
COLUMNS = ("item", "frame", "id", "label", "box", "counts", "visibility", "row", "score")


def sequence(root: Path, name: str, rows: str, *, length: int | None = 10, labels: str = "gt/gt.txt") -> Path:
    folder = root / name
    (folder / labels).parent.mkdir(parents=True, exist_ok=True)
    (folder / labels).write_bytes(rows.encode())
    if length is not None:
        text = f"[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength={length}\nimWidth=640\nimHeight=480\n"
        (folder / "seqinfo.ini").write_text(text)
    return folder


def results(root: Path, **files: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        (root / f"{name}.txt").write_text(rows)
    return root


def truth_of(tmp_path: Path, rows: str = ROW, **options) -> Tracks:
    sequence(tmp_path / "gt", "a", rows)
    return read_tracks(tmp_path / "gt", **options).tracks


# Rows


def slow(text: str) -> list[list[float]]:
    """The rows as Python reads them."""
    lines = [line for line in re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff")) if line.strip()]
    ended = [re.sub(r"[ \t]*[,;]?[ \t]*$", "", line.strip(" \t")) for line in lines]
    return [[float(word) for word in re.split(r"[ \t]*[,;][ \t]*|[ \t]+", line)] for line in ended]


plain_number = st.one_of(
    st.integers(0, 10**6).map(str),
    st.floats(-1e4, 1e4).map(repr),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:.3f}"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1e3", "+3", "3.0", "7.", ".5", "007", "-0", "1E-2", "-.25e+1", "123456789012345678901234567890"]),
)
delimiter = st.sampled_from([",", " ", "\t", ", ", " ,", "  ", " \t "])


@st.composite
def files(draw) -> str:
    width, text = draw(st.integers(7, 12)), draw(st.sampled_from(["", "\ufeff"]))
    for _ in range(draw(st.integers(0, 6))):
        words = [draw(st.integers(1, 99).map(str)), draw(st.sampled_from(["3", "3.0", "+4", "5e0"]))]
        words += [draw(plain_number) for _ in range(4)]
        words += [draw(st.sampled_from(["1", "0.5", "-1"])) for _ in range(width - 6)]
        text += draw(st.sampled_from(["", " ", "\t"])) + words[0]
        text += "".join(draw(delimiter) + word for word in words[1:])
        text += draw(st.sampled_from(["", ",", " ", ", "])) + draw(
            st.sampled_from(["\n", "\r\n", "\n\n", "\r", "\n \n"])
        )
    return text.rstrip("\r\n") if draw(st.booleans()) else text


@settings(max_examples=150, deadline=None)
@given(files())
def test_rows_are_those_that_float_reads(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.txt"
    path.write_bytes(text.encode())
    found = read_rows(path, least=7, what="seven columns")
    expected = slow(text)
    assert len(found) == len(expected)
    if expected:
        values = np.array(expected).T[:9]
        assert found.values.tobytes() == np.ascontiguousarray(values).tobytes()


def test_many_odd_numbers_and_semicolons(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1.;2.;3.;4.;5.;6.;7.\n" * 500)
    found = read_rows(tmp_path / "a.txt", least=7, what="")
    assert found.values.shape == (7, 500)
    assert (np.arange(1, 8) == found.values.T).all()


def test_repeated_against_sets() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        frame, number = np.sort(rng.integers(0, 6, 12)), rng.integers(0, 9, 12)
        seen: set[tuple[int, int]] = set()
        first = -1
        for i, pair in enumerate(zip(frame.tolist(), number.tolist(), strict=True)):
            if pair in seen:
                first = i
                break
            seen.add(pair)
        assert mot_scan.repeated(frame, number, np.full(9, -1)) == first


def test_scan_stops_at_each_end() -> None:
    """A text that is cut anywhere neither hangs nor runs on."""
    text = b" 1,2 ,3\t4;5 ,-6.5e1,7,\r\n\n8,9,1,2,3,4,5x\n"
    for end in range(len(text) + 1):
        padded = np.zeros(end + 8, np.uint8)
        padded[:end] = np.frombuffer(text[:end], np.uint8)
        code, rows, _, _, place = mot_scan.scan(padded, 0, 6, powers(), np.empty((9, 4)), np.empty((4, 4), np.int64))
        assert place <= end
        assert rows <= 2
        assert code in (mot_scan.WHOLE, mot_scan.FEW, mot_scan.RAGGED)


@pytest.mark.parametrize(
    ("rows", "line", "match"),
    [
        ("1,1,1,1,1,1\n", 1, "at least 7 columns"),
        (ROW + "\n1,2,3\n", 3, "at least 7 columns"),
        (ROW + "2,1,10,20,30,40,1\n", 2, "as many columns as in the lines above"),
        (ROW + "2,1,10,20,nan,40,1,1,1\n", 2, "a finite number as width"),
        (ROW + "2,1,10,inf,30,40,1,1,1\n", 2, "a finite number as top"),
        (ROW + "2,1,10,1e999,30,40,1,1,1\n", 2, "a finite number as top"),
        (ROW + "2,1,10,20,,40,1,1,1\n", 2, "nothing as width"),
        (ROW + "2,1,10,20,3x,40,1,1,1\n", 2, "'3x' as width"),
        (ROW + "2,1,10,20,1_0,40,1,1,1\n", 2, "'1_0' as width"),
        ("frame,id,x,y,w,h,conf,class,vis\n" + ROW, 1, "Remove a header"),
        (ROW + "11,1,10,20,30,40,1,1,1\n", 2, "1 … 10"),
        (ROW + "0,1,10,20,30,40,1,1,1\n11,1,1,1,1,1,1,1,1\n", 2, "1 … 10"),
        (ROW + "-1,1,10,20,30,40,1,1,1\n", 2, "1 … 10"),
        (ROW + "2,-1,10,20,30,40,1,1,1\n", 2, "an id, 0 or more"),
        (ROW + "2,1,10,20,30,40,1,1,1\n1,1.5,0,0,1,1,1,1,1\n", 3, "id 1 again in frame 1"),
        (ROW + "2,1,10,20,-30,40,1,1,1\n", 2, "width ≥ 0"),
        (ROW + "1e300,1,10,20,30,40,1,1,1\n", 2, "a finite number as frame"),
    ],
)
def test_truth_that_cannot_be_meant_names_the_line(tmp_path: Path, rows: str, line: int, match: str) -> None:
    with pytest.raises(InputError) as caught:
        truth_of(tmp_path, rows)
    assert match in str(caught.value)
    assert caught.value.where.split(", column")[0].endswith(f"gt.txt, line {line}")


def test_decimal_commas_and_utf16_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="decimal points"):
        truth_of(tmp_path, "1;1;10,5;20;30;40;1;1;1\n")
    sequence(tmp_path / "gt", "a", "")
    (tmp_path / "gt" / "a" / "gt" / "gt.txt").write_bytes(ROW.encode("utf-16"))
    with pytest.raises(InputError, match="UTF-8"):
        read_tracks(tmp_path / "gt")


def test_duplicates_count_large_ids(tmp_path: Path) -> None:
    rows = "".join(f"1,{9007199254740000 + i % 3},{i},0,5,5,1,1,1\n" for i in range(8))
    with pytest.raises(InputError, match="and 4 more such rows"):
        truth_of(tmp_path, rows)


# What the columns mean


def test_columns_of_the_truth(tmp_path: Path) -> None:
    rows = "2,7,1.5,2,3,4,0.7,7,0.25\n1,3.0,5,6,7,8,-1,1,-1\n1,2,9,9,1,1,1,13,1\n"
    found = truth_of(tmp_path, rows, protocol="mot17")
    assert found.classes == MOT_CLASSES
    assert found.frame.tolist() == [1, 1, 2]
    assert found.id.tolist() == [3, 2, 7]
    assert found.label.tolist() == [0, 12, 6]
    assert found.counts.tolist() == [True, True, False]
    assert found.row.tolist() == [1, 2, 0]
    assert found.box[2].tolist() == [1.5, 2, 3, 4]
    assert np.array_equal(found.visibility, [np.nan, 1, 0.25], equal_nan=True)
    assert (found.score, found.rate[0], found.length[0]) == (None, 25, 10)
    assert (found.items.width[0], found.items.height[0]) == (640, 480)


def test_protocols_and_columns_of_the_truth(tmp_path: Path) -> None:
    seven = "1,1,10,20,30,40,1\n"
    for protocol, classes in (("plain", ("object",)), ("mot15", ("pedestrian",))):
        found = truth_of(tmp_path, seven, protocol=protocol)
        assert (found.classes, found.label.tolist()) == (classes, [0])
    with pytest.raises(InputError, match="at least 8 columns"):
        truth_of(tmp_path, seven, protocol="mot16")
    found = truth_of(tmp_path, "1,1,10,20,30,40,1,12.5,3,1\n", protocol="mot15")  # positions in the world
    assert found.label.tolist() == [0]
    assert np.isnan(found.visibility).all()
    for number in (0, 14, -1):
        with pytest.raises(InputError, match=r"line 1, column 8[\s\S]*1 pedestrian, 2 person on vehicle"):
            truth_of(tmp_path, f"1,1,10,20,30,40,1,{number},1\n", protocol="mot20")


def test_classes_of_plain(tmp_path: Path) -> None:
    rows = "1,1,0,0,9,9,1,7,1\n1,2,0,0,9,9,1,3,1\n"
    found = truth_of(tmp_path, rows)
    assert (found.classes, found.label.tolist()) == (("class 3", "class 7"), [1, 0])
    names = tuple("abcdefg")
    assert truth_of(tmp_path, rows, classes=names).label.tolist() == [6, 2]
    with pytest.raises(InputError, match=r"line 1, column 8"):
        truth_of(tmp_path, rows, classes=names[:6])
    (tmp_path / "gt" / "a" / "gt" / "labels.txt").write_text("\n".join(names) + "\n")
    assert truth_of(tmp_path, rows).classes == names
    with pytest.raises(InputError, match="line 2, column 8"):
        truth_of(tmp_path, rows.replace(",3,", ",-1,"))
    with pytest.raises(InputError, match="one of 7 classes by its number"):
        truth_of(tmp_path, "1,1,0,0,9,9,1\n")
    sequence(tmp_path / "gt", "b", ROW)
    (tmp_path / "gt" / "b" / "gt" / "labels.txt").write_text("x\ny\n")
    with pytest.raises(InputError, match="--classes"):
        read_tracks(tmp_path / "gt")


def test_frames_from_0_are_moved_and_told(tmp_path: Path) -> None:
    sequence(tmp_path / "gt", "a", "0,1,0,0,9,9,1\n9,1,0,0,9,9,1\n")
    sequence(tmp_path / "gt", "b", "3,1,0,0,9,9,1\n")
    found = read_tracks(tmp_path / "gt")
    assert found.tracks.frame.tolist() == [1, 10, 4]
    assert found.zero_based
    assert any("counts frames from 0" in text for text in found.warnings)
    said = read_track_results(results(tmp_path / "r", a="0,1,0,0,9,9,1\n", b="9,1,0,0,9,9,1\n"), found.tracks)
    assert said.tracks.frame.tolist() == [1, 10]
    assert any("count frames from 0" in text for text in said.warnings)


def test_flat_boxes_and_cut_numbers_are_told(tmp_path: Path) -> None:
    sequence(tmp_path / "gt", "a", "1,3.7,0,0,0,9,1\n1.2,2,0,0,9,9,1\n")
    found = read_tracks(tmp_path / "gt")
    assert found.tracks.id.tolist() == [3, 2]
    assert any("2 frames and ids of the truth are no whole numbers" in text for text in found.warnings)
    assert any("1 of 2 boxes of the truth have no width" in text for text in found.warnings)


# Where files lie


def test_layouts_of_the_truth(tmp_path: Path) -> None:
    for name in ("MOT17-10-SDP", "MOT17-02-DPM", "MOT17-02-FRCNN"):
        sequence(tmp_path / "gt" / "mot_challenge" / "MOT17-train", name, ROW)
    tree = tmp_path / "gt" / "mot_challenge" / "MOT17-train"
    every = ["MOT17-02-DPM", "MOT17-02-FRCNN", "MOT17-10-SDP"]
    for path in (tree, tree.parent, tmp_path / "gt", tmp_path):
        found = read_tracks(path, protocol="mot17").tracks
        assert found.items.key.tolist() == every
        assert found.items.group.tolist() == ["MOT17-02", "MOT17-02", "MOT17-10"]
    one = tree / "MOT17-02-DPM"
    for path in (one, one / "gt", one / "gt" / "gt.txt"):
        found = read_tracks(path).tracks
        assert (found.items.key.tolist(), found.length.tolist()) == (["MOT17-02-DPM"], [10])
    (tree.parent / "seqmaps").mkdir()
    seqmap = tree.parent / "seqmaps" / "MOT17-train.txt"
    seqmap.write_text("name\nMOT17-10-SDP\nMOT17-02-DPM\n")
    listing = read_tracks(tree)
    assert listing.tracks.items.key.tolist() == ["MOT17-10-SDP", "MOT17-02-DPM"]
    assert any("left out: MOT17-02-FRCNN" in text for text in listing.warnings)
    assert read_tracks(seqmap).tracks.items.key.tolist() == ["MOT17-10-SDP", "MOT17-02-DPM"]
    seqmap.write_text("name\nMOT17-10-SPD\n")
    with pytest.raises(InputError, match="Did you mean 'MOT17-10-SDP'"):
        read_tracks(tree)


def test_a_choice_of_trees_is_asked_for(tmp_path: Path) -> None:
    sequence(tmp_path / "one", "a", ROW)
    sequence(tmp_path / "two", "a", ROW)
    with pytest.raises(InputError, match="several: one, two"):
        read_tracks(tmp_path)
    for path in (tmp_path / "nowhere", tmp_path / "one" / "a" / "seqinfo.ini"):
        with pytest.raises(InputError):
            read_tracks(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="an empty folder"):
        read_tracks(tmp_path / "empty")


def test_a_folder_of_files_is_truth_too(tmp_path: Path) -> None:
    folder = results(tmp_path / "flat", b=ROW, a="", README="Boxes of two sequences, drawn by hand in June\n")
    (folder / "a.txt").write_text(ROW)
    assert read_tracks(folder).tracks.items.key.tolist() == ["a", "b"]
    (folder / "a.txt").write_text("frame,id,x,y,w,h,considered\n" + ROW)
    with pytest.raises(InputError, match="line 1"):  # never passed over in silence
        read_tracks(folder)


def test_a_sequence_without_truth_is_told(tmp_path: Path) -> None:
    sequence(tmp_path, "a", ROW)
    (sequence(tmp_path, "b", ROW) / "gt" / "gt.txt").unlink()
    found = read_tracks(tmp_path)
    assert found.tracks.items.key.tolist() == ["a"]
    assert found.warnings == ("Left out, for they have no gt/gt.txt: b.",)


def test_sequences_are_chosen(tmp_path: Path) -> None:
    for name in ("a-1", "a-2", "b-1"):
        sequence(tmp_path / "gt", name, ROW)
    assert read_tracks(tmp_path / "gt", sequences=["a-*"]).tracks.items.key.tolist() == ["a-1", "a-2"]
    (tmp_path / "some.txt").write_text("name\nb-1\n")
    assert select(["a-1", "b-1"], [str(tmp_path / "some.txt")]) == ["b-1"]
    with pytest.raises(InputError, match="Did you mean 'a-1'"):
        read_tracks(tmp_path / "gt", sequences=["a_1"])


def test_lengths_without_seqinfo(tmp_path: Path) -> None:
    folder = sequence(tmp_path, "a", "3,1,0,0,9,9,1\n", length=None)
    found = read_tracks(folder)
    assert found.tracks.length.tolist() == [3]
    assert any("its last labelled frame, 3" in text for text in found.warnings)
    (folder / "img1").mkdir()
    for i in (2, 10, 1, 9, 0):
        Image.new("RGB", (32, 24)).save(folder / "img1" / f"{i}.png")
    found = read_tracks(folder)
    assert found.tracks.length.tolist() == [5]
    assert (found.tracks.items.width[0], found.tracks.items.height[0]) == (32, 24)
    assert np.isnan(found.tracks.rate[0])
    names = [path.name for path in frame_files(found.tracks.items.file(0))]
    assert names == ["0.png", "1.png", "2.png", "9.png", "10.png"]
    assert first_number([Path(name) for name in names]) == 0
    (folder / "gt" / "gt.txt").write_text("7,1,0,0,9,9,1\n")
    found = read_tracks(folder)
    assert found.tracks.length.tolist() == [7]
    assert any("5 images, but boxes up to frame 7" in text for text in found.warnings)


@pytest.mark.parametrize(
    "text",
    ["", "no section", "[Sequence]\nseqLength=ten\n", "[Sequence]\nseqLength=0\n", "[Sequence]\nseqLength=2.5\n"],
)
def test_seqinfo_that_is_none(tmp_path: Path, text: str) -> None:
    folder = sequence(tmp_path, "a", ROW)
    (folder / "seqinfo.ini").write_text(text)
    with pytest.raises(InputError, match=r"seqinfo\.ini"):
        read_tracks(folder)


def test_an_empty_truth(tmp_path: Path) -> None:
    found = read_tracks(sequence(tmp_path, "a", ""))
    assert (len(found.tracks), found.tracks.classes) == (0, ("object",))
    assert any("holds no box" in text for text in found.warnings)
    with pytest.raises(InputError, match="at least one frame"):
        read_tracks(sequence(tmp_path, "b", "", length=None))


def test_scenes() -> None:
    names = ("MOT17-02-DPM", "MOT17-02-SDP", "MOT20-01", "SDP", "a-FRCNN-b")
    assert [scene_of(name) for name in names] == ["MOT17-02", "MOT17-02", "MOT20-01", "SDP", "a-FRCNN-b"]


# Results


def test_results_lie_in_the_folder_or_its_data(tmp_path: Path) -> None:
    truth = truth_of(tmp_path)
    folder = results(tmp_path / "T", a="2,5,1,2,3,4,0.5,-1,-1,-1\n1,4,1,2,3,4,0.25,-1,-1,-1\n")
    (folder / "track.json").write_text("{}")
    found = read_track_results(folder, truth)
    assert found.warnings == ()
    assert found.tracks.score.tolist() == [0.25, 0.5]
    assert found.tracks.row.tolist() == [1, 0]
    results(tmp_path / "U" / "data", a=ROW)
    assert read_track_results(tmp_path / "U", truth).tracks.id.tolist() == [1]
    assert read_track_results(tmp_path / "U" / "data" / "a.txt", truth).tracks.id.tolist() == [1]
    with pytest.raises(InputError, match="Name one of the trackers in it: T, U"):
        read_track_results(tmp_path, truth)


def test_missing_sequences_are_never_scored_as_empty_unasked(tmp_path: Path) -> None:
    for name in ("MOT17-02", "MOT17-04", "MOT17-05"):
        sequence(tmp_path / "gt", name, ROW)
    truth = read_tracks(tmp_path / "gt").tracks
    folder = results(tmp_path / "T", **{"MOT17-02": ROW, "MOT17-4": ROW})
    with pytest.raises(InputError) as caught:
        read_track_results(folder, truth)
    assert "none for 2: MOT17-04, MOT17-05" in str(caught.value)
    assert "Did you mean 'MOT17-4'?" in str(caught.value)
    assert "--missing empty" in str(caught.value)
    found = read_track_results(folder, truth, missing="empty")
    assert found.tracks.item.tolist() == [0]
    assert "No results for MOT17-04, MOT17-05: counted as empty." in found.warnings
    assert any("belongs to no sequence that is judged: MOT17-4" in text for text in found.warnings)
    with pytest.raises(InputError, match="none for 3"):
        read_track_results(results(tmp_path / "U", x=ROW), truth, missing="empty")


def test_an_empty_result_file_scores_0_and_is_told(tmp_path: Path) -> None:
    found = read_track_results(results(tmp_path / "T", a="\n"), truth_of(tmp_path))
    assert len(found.tracks) == 0
    assert found.tracks.score is not None
    assert any("scores 0" in text for text in found.warnings)


def test_the_only_class_of_the_truth_is_asked_of_results(tmp_path: Path) -> None:
    truth = truth_of(tmp_path, "1,1,0,0,9,9,1,3,1\n")
    folder = results(tmp_path / "T", a="1,1,0,0,9,9,1,-1\n1,2,0,0,9,9,1,3\n1,3,0,0,9,9,1,0\n")
    assert read_track_results(folder, truth).tracks.label.tolist() == [0, 0, 0]
    results(folder, a="1,1,0,0,9,9,1,-1\n1,2,0,0,9,9,1,1\n")
    with pytest.raises(InputError, match=r"line 2, column 8[\s\S]*3, 0 or −1[\s\S]*class 1"):
        read_track_results(folder, truth)


def test_classes_of_results(tmp_path: Path) -> None:
    several = truth_of(tmp_path, "1,1,0,0,9,9,1,7,1\n1,2,0,0,9,9,1,3,1\n")
    folder = results(tmp_path / "T", a="1,1,0,0,9,9,1,7\n1,2,0,0,9,9,1,3\n")
    assert read_track_results(folder, several).tracks.label.tolist() == [1, 0]
    for word, match in (("-1", "by its number"), ("0", "by its number"), ("4", "class 3, class 7"), ("3.5", "")):
        results(folder, a=f"1,1,0,0,9,9,1,7\n1,2,0,0,9,9,1,{word}\n")
        with pytest.raises(InputError, match=rf"a\.txt, line 2, column 8[\s\S]*{match}"):
            read_track_results(folder, several)
    results(folder, a="1,1,0,0,9,9,1\n")
    with pytest.raises(InputError, match=r"line 1, column 8[\s\S]*no class"):
        read_track_results(folder, several)
    one = truth_of(tmp_path, ROW)
    for last in ("", ",-1,-1,-1", ",0", ",1"):
        assert read_track_results(results(folder, a=f"1,1,0,0,9,9,1{last}\n"), one).tracks.label.tolist() == [0]
    with pytest.raises(InputError, match="line 1, column 8"):
        read_track_results(results(folder, a="1,1,0,0,9,9,1,2\n"), one)


def test_mot_takes_pedestrians_alone(tmp_path: Path) -> None:
    truth = truth_of(tmp_path, ROW, protocol="mot17")
    folder = results(tmp_path / "T", a="1,1,0,0,9,9,1,1\n1,2,0,0,9,9,1,0\n1,3,0,0,9,9,1,-1\n")
    assert read_track_results(folder, truth, protocol="mot17").tracks.label.tolist() == [0, 0, 0]
    with pytest.raises(InputError, match=r"line 2, column 8[\s\S]*pedestrians alone"):
        read_track_results(results(folder, a="1,1,0,0,9,9,1,1\n1,2,0,0,9,9,1,2\n"), truth, protocol="mot17")
    plain = truth_of(tmp_path, ROW + "1,2,0,0,9,9,1,7,1\n")
    with pytest.raises(InputError, match="--protocol mot17"):
        read_track_results(results(folder, a="1,1,0,0,9,9,1,-1,-1,-1\n"), plain)


# Detections


def test_detections_without_truth(tmp_path: Path) -> None:
    rows = "2,-1,1,2,3,4,9.5\n1,-1,1,2,3,4,-3\n"
    tree = sequence(tmp_path / "tree", "a", rows, labels="det/det.txt").parent
    found = read_track_detections(tree).tracks
    assert (found.id.tolist(), found.score.tolist(), found.length.tolist()) == ([-1, -1], [-3, 9.5], [10])
    flat = results(tmp_path / "flat", a=rows, b=rows)
    assert read_track_detections(flat).tracks.length.tolist() == [2, 2]
    assert read_track_detections(flat, sequences=["b"]).tracks.items.key.tolist() == ["b"]
    assert read_track_detections(flat / "b.txt").tracks.items.key.tolist() == ["b"]
    with pytest.raises(InputError, match="the frames of 'b'"):
        read_track_detections(flat, images=tree)
    found = read_track_detections(flat, images=tree, sequences=["a"]).tracks
    assert (found.length.tolist(), found.items.width.tolist()) == ([10], [640])
    classes = results(tmp_path / "classes", a="1,5,0,0,1,1,1,2\n1,5,0,0,1,1,1,1\n")
    found = read_track_detections(classes).tracks
    assert (found.classes, found.label.tolist(), found.id.tolist()) == (("class 1", "class 2"), [1, 0], [-1, -1])
    assert read_track_detections(classes, classes=("cat", "dog")).tracks.classes == ("cat", "dog")
    with pytest.raises(InputError, match="at least 7 columns"):
        read_track_detections(results(tmp_path / "six", a="1,-1,0,0,1,1\n"))


def test_detections_on_the_truths_sequences(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sequence(tmp_path / "gt", name, ROW)
    truth = read_tracks(tmp_path / "gt").tracks
    flat = results(tmp_path / "flat", b="1,-1,1,2,3,4,1\n", c="1,-1,1,2,3,4,1\n")
    found = read_track_detections(flat, like=truth)
    assert found.tracks.items is truth.items
    assert found.tracks.item.tolist() == [1]
    assert found.warnings == ("No detections of a.",)


# Writing and columns


def random_tracks(seed: int, *, classes: tuple[str, ...] = ("cat", "dog")) -> Tracks:
    rng = np.random.default_rng(seed)
    rows = []
    for item, length in enumerate((5, 1, 9)):
        for frame in range(1, length + 1):
            rows += [(item, frame, number) for number in rng.permutation(12)[: rng.integers(0, 6)].tolist()]
    item, frame, number = np.array(rows).T
    n = len(rows)
    box = rng.normal(0, 300, (n, 4))
    box[:, 2:] = np.abs(box[:, 2:])
    row = np.concatenate([np.arange(k) for k in np.bincount(item, minlength=3)])
    return Tracks(
        Items.of(["a", "b", "c"], group=["a", "b", "c"]), classes, np.array([5, 1, 9], np.int32), np.full(3, np.nan),
        item.astype(np.int32), frame.astype(np.int32), number, rng.integers(0, len(classes), n).astype(np.int32), box,
        np.ones(n, bool), np.full(n, np.nan), row, rng.random(n),
    )  # fmt: skip


@pytest.mark.parametrize("classes", [("cat", "dog"), ("object",), ("class 4", "class 9")])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_is_read_back(tmp_path: Path, seed: int, classes: tuple[str, ...]) -> None:
    tracks = random_tracks(seed, classes=classes)
    write_tracks(tmp_path / "full", tracks, digits=None)
    found = read_track_results(tmp_path / "full", tracks).tracks
    for name in COLUMNS:
        assert np.array_equal(getattr(found, name), getattr(tracks, name), equal_nan=name == "visibility"), name
    write_tracks(tmp_path / "short", tracks)
    found = read_track_results(tmp_path / "short", tracks).tracks
    assert np.abs(found.box - tracks.box).max() <= 0.005 + 1e-9
    assert np.abs(found.score - tracks.score).max() <= 0.00005 + 1e-9
    last = -1 if len(classes) == 1 else 1
    assert re.fullmatch(rf"\d+,\d+(,-?\d+\.\d\d){{4}},\d\.\d{{4}},({last}|\d),-1,-1",
                        (tmp_path / "short" / "a.txt").read_text().splitlines()[0])  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_read_back(tmp_path: Path, seed: int) -> None:
    tracks = random_tracks(seed)
    write_tracks(tmp_path / "t.npz", tracks)
    for found in (tracks_npz.read(tmp_path / "t.npz"), read_track_results(tmp_path / "t.npz", tracks).tracks):
        assert found.classes == tracks.classes
        for name in COLUMNS:
            assert np.array_equal(getattr(found, name), getattr(tracks, name), equal_nan=name == "visibility"), name
    chosen = read_tracks(tmp_path / "t.npz", sequences=["a", "c"]).tracks
    assert chosen.items.key.tolist() == ["a", "c"]
    assert len(chosen) == int((tracks.item != 1).sum())
    assert read_track_detections(tmp_path / "t.npz").tracks.id.tolist() == [-1] * len(tracks)


def test_columns_that_are_none(tmp_path: Path) -> None:
    good = {"sequence": ["a"], "length": [2], "classes": ["x"], "item": [0], "frame": [1], "box": [[0.0, 0, 1, 1]]}
    np.savez(tmp_path / "t.npz", **good)
    assert tracks_npz.read(tmp_path / "t.npz").id.tolist() == [-1]
    bad = [({"frame": [3]}, "the frame"), ({"item": [0.5]}, "whole numbers"), ({"sequence": [1]}, "text"),
           ({"box": [["a"] * 4]}, "numbers"), ({"classes": np.array([{}])}, "plain arrays"),
           ({"box": [[0.0, 0, np.nan, 1]]}, "finite")]  # fmt: skip
    for change, match in bad:
        np.savez(tmp_path / "t.npz", **(good | change))
        with pytest.raises(InputError, match=match):
            tracks_npz.read(tmp_path / "t.npz")
    np.savez(tmp_path / "t.npz", **{name: value for name, value in good.items() if name != "box"})
    with pytest.raises(InputError, match="no 'box'"):
        tracks_npz.read(tmp_path / "t.npz")
    (tmp_path / "t.npz").write_text("no archive")
    with pytest.raises(InputError, match=r"a \.npz of plain arrays"):
        tracks_npz.read(tmp_path / "t.npz")


def test_columns_on_the_truths_sequences(tmp_path: Path) -> None:
    tracks = random_tracks(0)
    write_tracks(tmp_path / "t.npz", tracks)
    swapped = tracks.items.take(np.array([2, 0, 1]))
    length = tracks.length[[2, 0, 1]]
    empty = random_tracks(0).take(np.zeros(len(tracks), bool))
    truth = replace(empty, items=swapped, length=length, classes=("dog", "cat"))
    found = read_track_results(tmp_path / "t.npz", truth).tracks
    c = found.item == 0
    assert np.array_equal(found.box[c], tracks.box[tracks.item == 2])
    assert np.array_equal(1 - found.label[c], tracks.label[tracks.item == 2])
    with pytest.raises(InputError, match="those of the truth"):
        read_track_results(tmp_path / "t.npz", replace(truth, classes=("dog", "cow")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": [3, 3, 3]}, r"sequence 'a', row 1[\s\S]*id 3 again in frame 1"),
        ({"id": [3, -1, 3]}, r"sequence 'a', row 1[\s\S]*id -1"),
        ({"sequence": ["../a", "b"]}, r"names that files can have"),
        ({"frame": 1}, r"column 'frame'"),
    ],
)
def test_columns_that_are_no_tracks(tmp_path: Path, change: dict[str, object], said: str) -> None:
    columns: dict[str, object] = {
        "sequence": ["a", "b"], "length": [3, 3], "classes": ["cat"], "item": [0, 0, 1], "frame": [1, 1, 1],
        "box": np.ones((3, 4)), "id": [3, 4, 3],
    }  # fmt: skip
    np.savez(tmp_path / "t.npz", **{name: np.array(value) for name, value in columns.items()})
    assert len(read_tracks(tmp_path / "t.npz").tracks) == 3
    np.savez(tmp_path / "t.npz", **{name: np.array(value) for name, value in {**columns, **change}.items()})
    with pytest.raises(InputError, match=said):
        read_tracks(tmp_path / "t.npz")


def test_detections_without_a_class_are_not_all_of_the_first(tmp_path: Path) -> None:
    truth = truth_of(tmp_path, "1,1,0,0,9,9,1,1,1\n1,2,50,0,9,9,1,2,1\n")
    results(tmp_path / "det", a="1,-1,50,0,9,9,0.9\n")
    with pytest.raises(InputError, match="one of 2 classes by its number"):
        read_track_detections(tmp_path / "det", like=truth)
    results(tmp_path / "det", a="0,-1,50,0,9,9,0.9,2\n")
    found = read_track_detections(tmp_path / "det", like=truth)
    assert found.tracks.label.tolist() == [1]
    assert any("count frames from 0" in text for text in found.warnings)


def test_many_sequences_without_lengths_are_told_of_in_one_line(tmp_path: Path) -> None:
    for name in "abcdefg":
        sequence(tmp_path / "gt", name, "1,1,0,0,9,9,1\n", length=None)
    said = read_tracks(tmp_path / "gt").warnings
    assert said == ("7 sequences (a, b, c, d, e …) have no seqinfo.ini and no images: the last labelled frame of each "
                    "is taken as its end.",)  # fmt: skip


# KITTI

LINE = "{} {} {} 0 0 -1.5 {} {} {} {} 1.5 1.6 3.9 1.0 2.0 30.0 -1.6"


def test_kitti(tmp_path: Path) -> None:
    folder = tmp_path / "training" / "label_02"
    folder.mkdir(parents=True)
    lines = [LINE.format(0, 4, "Car", 10, 20, 50, 40), LINE.format(0, -1, "DontCare", 0, 0, 9, 9),
             LINE.format(0, -1, "DontCare", 5, 0, 9, 9), LINE.format(2, 4, "Pedestrian", 10.5, 20, 50, 40)]  # fmt: skip
    (folder / "0000.txt").write_text("\n".join(lines) + "\n")
    (folder / "0001.txt").write_text("")
    for path in (folder, tmp_path / "training", tmp_path):
        found = read_tracks(path).tracks
        assert found.items.key.tolist() == ["0000", "0001"]
    assert (found.classes, found.frame.tolist(), found.length.tolist()) == (("Car", "Pedestrian"), [1, 1, 1, 3], [3, 1])
    assert found.counts.tolist() == [True, False, False, True]
    assert len(set(found.id[:3].tolist())) == 3
    assert found.box[3].tolist() == [11.5, 21, 39.5, 20]
    said = tmp_path / "said"
    results(said, **{"0000": LINE.format(1, 3, "Car", 1, 2, 4, 8) + " 0.75\n", "0001": ""})
    answer = read_track_results(said, found)
    assert (answer.tracks.frame.tolist(), answer.tracks.score.tolist()) == ([2], [0.75])
    assert answer.tracks.box.tolist() == [[2, 3, 3, 6]]
    assert any("scores 0" in text for text in answer.warnings)
    with pytest.raises(InputError, match="plain"):
        read_tracks(folder, protocol="mot17")
    results(said, **{"0000": LINE.format(1, 3, "Cat", 1, 2, 4, 8) + "\n"})
    with pytest.raises(InputError, match=r"0000\.txt, line 1[\s\S]*Did you mean 'Car'"):
        read_track_results(said, found)
    results(said, **{"0000": LINE.format(1, 3, "Car", 1, "x", 4, 8) + "\n"})
    with pytest.raises(InputError, match=r"line 1, column 8"):
        read_track_results(said, found)
    results(said, **{"0000": LINE.format(10**12, 3, "Car", 1, 2, 4, 8) + "\n"})
    with pytest.raises(InputError, match=r"line 1, column 1"):
        read_track_results(said, found)
    (said / "0000.txt").write_bytes(b"0 3 Car 0 0 0 1 1 2 2 \xff\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_track_results(said, found)


def test_kittis_faulty_rows_are_found_by_check(tmp_path: Path) -> None:
    folder = tmp_path / "label_02"
    folder.mkdir()
    rows = [(0, 4, "Car", 10, 20, 50, 40), (0, 4, "Car", 60, 20, 90, 40), (-1, 4, "Car", 60, 20, 90, 40),
            (1, 4, "Car", 60, 20, 50, 40), (2, 5, "Dog", 60, 20, 90, 40)]  # fmt: skip
    (folder / "0000.txt").write_text("\n".join(LINE.format(*row) for row in rows) + "\n")
    with pytest.raises(InputError, match=r"line 3[\s\S]*frame -1"):
        read_tracks(folder)
    found = check_tracks(folder, None, ("Car",))
    kinds = ("repeated_id", "outside", "negative_size", "unknown_class")
    assert {kind: found.count(kind) for kind in kinds} == dict.fromkeys(kinds, 1)
    assert found.tracks is not None
    assert found.tracks.boxes == 1


# Real files


def test_real_files(real_data: Path) -> None:
    truth = read_tracks(real_data / "mot17_half", protocol="mot17").tracks
    assert (len(truth.items), int(truth.length.sum())) == (7, 2652)
    assert len(set(truth.items.group.tolist())) == 7
    found = read_track_detections(real_data / "mot17_half" / "det", images=real_data / "mot17_half" / "gt").tracks
    assert found.length.tolist() == truth.length.tolist()
    campus = read_tracks(real_data / "tud_campus").tracks
    assert (len(campus), campus.length.tolist(), campus.classes) == (359, [71], ("object",))
    assert campus.counts.all()
    assert len(frame_files(campus.items.file(0))) == 71
