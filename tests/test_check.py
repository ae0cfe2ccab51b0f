"""The check: what it finds, what it does not, and that hostile data ends in a finding."""

import json
import os
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.catalog import CATALOG, digits, resolve
from optotype.cli import run
from optotype.data import duplicates
from optotype.data.check import Findings, check
from optotype.data.duplicates import LEAST_CORRELATION, RADIUS, members, near_components
from optotype.data.inspection import inspect
from optotype.errors import InputError, MissingExtraError


def scene(seed: int, side: int = 96) -> Image.Image:
    """A smooth random picture: like a photo to a perceptual hash."""
    coarse = np.random.default_rng([5, seed]).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def data_set(root: Path, sizes: dict[str, int]) -> Path:
    seed = 0
    for name, n in sizes.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            scene(seed := seed + 1).save(root / name / f"{i}.jpg", quality=92)
    return root


def kinds(found: Findings) -> dict[str, int]:
    return {finding.kind: finding.count for finding in found.findings}


def test_clean_data_has_no_findings(tmp_path):
    found = check(data_set(tmp_path, {"a": 8, "b": 8}))
    assert found.findings == []
    assert not found.failed
    assert found.summary == "2 classes, 16 images, classes even"
    assert [(row.name, row.n) for row in found.classes] == [("a", 8), ("b", 8)]


def test_everything_at_once(tmp_path):
    root = data_set(tmp_path / "p", {"train/a": 40, "train/b": 10, "test/a": 8, "test/b": 8})
    a, b = root / "train/a", root / "train/b"
    (a / "cut.jpg").write_bytes((a / "0.jpg").read_bytes()[:900])
    (a / "text.jpg").write_text("hello")
    (a / "notes.txt").write_text("hello")
    (a / "copy.jpg").write_bytes((a / "1.jpg").read_bytes())
    (b / "other.jpg").write_bytes((a / "2.jpg").read_bytes())
    scene(4).resize((60, 60)).save(a / "near.png")
    scene(5).save(root / "test/a/leak.jpg", quality=40)
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(900).save(b / "turned.jpg", exif=exif)
    scene(901).convert("L").save(b / "gray.jpg")
    scene(902, 500).save(b / "large.jpg")
    Image.new("RGB", (96, 96), (7, 7, 7)).save(b / "black.png")
    (root / "train/c").mkdir()
    found = check(root)
    expected = {
        "unreadable": 2, "not_image": 1, "exact_duplicates": 2, "duplicates_other_label": 1, "near_duplicates": 2,
        "leaks": 1, "rotated": 1, "mode_outliers": 1, "size_outliers": 1, "uniform": 1, "empty_class": 1,
    }  # fmt: skip
    assert kinds(found) == expected
    severities = [finding.severity for finding in found.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    text = json.dumps([msgspec.to_builtins(f) for f in found.findings], ensure_ascii=False)
    for part in (
        "cut.jpg: truncated",
        "text.jpg: not an image",
        "train/a/copy.jpg",
        "large.jpg: 500 × 500",
        "gray",
    ):
        assert part in text
    assert found.summary.startswith("3 classes, 74 images, 2 unreadable, 2 exact duplicates, 2 near duplicates")
    assert all(f.text.endswith(tuple("abcdefghijklmnopqrstuvwxyz)0123456789")) and f.fix for f in found.findings)


def test_absent_small_and_uneven_classes(tmp_path):
    found = check(data_set(tmp_path, {"train/a": 44, "train/b": 4, "val/a": 3}))
    assert kinds(found) == {"absent": 1, "small_class": 1, "uneven": 1}
    assert found.summary.endswith("classes uneven 1:12")
    assert check(tmp_path / "train", classes=("a", "b", "c")).count("empty_class") == 1


def test_one_class_is_an_error_and_nothing_readable_too(tmp_path):
    assert kinds(check(data_set(tmp_path / "one", {"a": 8}))) == {"one_class": 1}
    (tmp_path / "none/a").mkdir(parents=True)
    (tmp_path / "none/a/1.jpg").write_bytes(b"")
    found = check(tmp_path / "none")
    assert {"unreadable", "one_class", "empty_class"} <= kinds(found).keys()
    assert found.images == 0
    with pytest.raises(InputError, match="nothing is there"):
        check(tmp_path / "nowhere")


def test_tiny_and_uniform_pictures_do_not_make_near_duplicates(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(20):
            level = np.random.default_rng(i).integers(100, 103, (64, 64), dtype=np.uint8)
            Image.fromarray(level).save(tmp_path / name / f"flat{name}{i}.png")
            tiny = np.random.default_rng(i % 3).integers(0, 256, (8, 8), dtype=np.uint8)
            tiny[0, 0] = 12 * i + (name == "a")
            Image.fromarray(tiny).save(tmp_path / name / f"tiny{i}.png")
    found = check(tmp_path)
    assert found.count("near_duplicates") == 0
    assert found.count("tiny") == 40
    assert found.count("uniform") == 40


def hashes_and_pictures(seed: int, n: int, spread: int) -> tuple[np.ndarray, np.ndarray]:
    """Clusters of hashes a few bits apart, with pictures that correlate more or less."""
    draw = np.random.default_rng(seed)
    centres = draw.integers(0, 2**63, max(1, n // 4), dtype=np.uint64)
    hashes, pictures = np.empty(n, np.uint64), np.empty((n, 48), np.uint8)
    base = draw.integers(40, 216, (len(centres), 48))
    for i in range(n):
        c = draw.integers(len(centres))
        flips = draw.choice(64, draw.integers(0, spread), replace=False)
        hashes[i] = centres[c] ^ np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64), initial=np.uint64(0))
        pictures[i] = (base[c] + draw.normal(0, draw.choice([1, 14]), 48)).clip(0, 255)
    return hashes, pictures


def naive_components(hashes: np.ndarray, pictures: np.ndarray) -> list[int]:
    """All pairs, NumPy's own correlation, and repeated merging."""
    n = len(hashes)
    component = list(range(n))
    for i in range(n):
        for j in range(i):
            close = bin(int(hashes[i]) ^ int(hashes[j])).count("1") <= RADIUS
            if close and np.corrcoef(pictures[i], pictures[j])[0, 1] >= LEAST_CORRELATION:
                low, high = sorted((component[i], component[j]))
                component = [low if c == high else c for c in component]
    return component


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 16))
def test_the_banded_search_finds_what_all_pairs_find(seed, n, spread):
    hashes, pictures = hashes_and_pictures(seed, n, spread)
    assert near_components(hashes, pictures).tolist() == naive_components(hashes, pictures)


def test_the_search_has_cases_on_both_sides_of_both_thresholds():
    hashes, pictures = hashes_and_pictures(3, 200, 12)
    found = near_components(hashes, pictures)
    assert 1 < len(members(found)) < len(set(found.tolist())) < 200


def test_a_dense_cluster_does_not_explode():
    hashes = np.zeros(6000, np.uint64)
    pictures = np.tile(np.arange(768, dtype=np.uint8), (6000, 1))
    assert set(near_components(hashes, pictures).tolist()) == {0}


@pytest.mark.parametrize("change", ["quality", "half", "double", "bright", "png"])
def test_near_copies_are_found_and_others_are_not(tmp_path, change):
    paths = []
    for i in range(60):
        image = scene(i, 128)
        image.save(tmp_path / f"{i}.jpg", quality=95)
        changed = {
            "quality": lambda m=image: m,
            "half": lambda m=image: m.resize((64, 64)),
            "double": lambda m=image: m.resize((256, 256)),
            "bright": lambda m=image: m.point(lambda v: min(255, v * 1.15)),
            "png": lambda m=image: m,
        }[change]()
        target = tmp_path / f"{i}-again.{'png' if change == 'png' else 'jpg'}"
        changed.save(target, **({} if change == "png" else {"quality": 30}))
        paths += [tmp_path / f"{i}.jpg", target]
    found = duplicates.find(inspect(paths))
    groups = [rows.tolist() for rows in members(found.near)]
    assert all(len(rows) == 2 and rows[0] // 2 == rows[1] // 2 for rows in groups)
    assert len(groups) >= 58
    assert not members(found.exact)


def test_the_number_of_threads_changes_nothing(tmp_path):
    root = data_set(tmp_path, {"a": 20, "b": 20})
    (root / "a/x.jpg").write_bytes(b"x")
    assert check(root, threads=1) == check(root, threads=4)


def test_progress_counts_to_the_end(tmp_path):
    seen = []
    check(data_set(tmp_path, {"a": 60, "b": 5}), progress=lambda done, of: seen.append((done, of)))
    assert seen == [(50, 65), (65, 65)]


def test_the_summary_counts_in_english(tmp_path):
    found = check(data_set(tmp_path, {f"c{i}": 6 for i in range(21)}))
    assert found.summary == "21 classes, 126 images, classes even"
    (tmp_path / "c1" / "copy.jpg").write_bytes((tmp_path / "c1" / "0.jpg").read_bytes())
    assert "1 exact duplicate," in check(tmp_path).summary


# The command


def command(*argv: object) -> int:
    return run([str(a) for a in argv])


def test_command_prints_summary_table_and_exit_codes(tmp_path, capsys):
    root = data_set(tmp_path / "p", {"a": 8, "b": 8})
    assert command("check", root) == 0
    assert "2 classes, 16 images" in capsys.readouterr().out
    assert command("check", root, "--fail") == 0
    (root / "a" / "copy.jpg").write_bytes((root / "a" / "0.jpg").read_bytes())
    capsys.readouterr()
    assert command("check", root) == 0
    assert "1 file is an exact copy of another" in capsys.readouterr().out
    assert command("check", root, "--fail", "--json") == 1
    printed = capsys.readouterr().out
    assert msgspec.json.decode(printed, type=Findings).count("exact_duplicates") == 1
    assert command("check", tmp_path / "nowhere") == 1
    assert "to do:" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_hostile_names_neither_crash_nor_steer_the_terminal(tmp_path, capsys):
    root = data_set(tmp_path / "p", {"a": 8, "[bold]b\x1b[31m": 8})
    whole = (root / "a/0.jpg").read_bytes()
    for name in ("<script>.jpg", "new\nline.jpg", "\x1b[2J.jpg", "[red]markup.jpg", "🦌.jpg", "{n}{0}.jpg"):
        (root / "a" / name).write_bytes(whole)
    (root / "a" / "new\nline.jpg").write_bytes(b"x")
    (root / "a" / os.fsdecode(b"\xff\xfe.jpg")).write_bytes(whole)
    assert command("check", root) == 0
    out = capsys.readouterr().out
    assert "\x1b[2J" not in out
    assert r"new\nline.jpg" in out
    assert r"\xff\xfe.jpg" in out
    assert command("check", root, "--json") == 0
    found = msgspec.json.decode(capsys.readouterr().out, type=Findings)
    assert found.count("unreadable_name") == 1
    assert command("split", root, "--max-unreadable", 0.1, "--out", tmp_path / "s.csv") == 0
    assert command("check", tmp_path / "s.csv", "--json") == 0


def test_split_command_writes_once_and_says_what_it_did(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data_set(tmp_path / "p", {"a": 10, "b": 20})
    assert command("split", "p", "--ratios", 0.6, 0.2, 0.2, "--out", "s.csv", "--seed", 3) == 0
    captured = capsys.readouterr()
    assert "divided by ratios: train 18, val 6, test 6" in captured.err
    first = Path("s.csv").read_bytes()
    assert command("split", "p", "--out", "s.csv") == 1
    assert "one that exists" in capsys.readouterr().err
    assert Path("s.csv").read_bytes() == first
    assert command("split", "p", "--ratios", 0.6, 0.2, 0.2, "--out", "again.csv", "--seed", 3) == 0
    assert Path("again.csv").read_bytes() == first
    assert command("split", "s.csv", "--ratios", 0.5, 0.5, "--out", "two.csv") == 0
    assert "train 15, test 15" in capsys.readouterr().err
    assert command("split", "p", "--ratios", 0.5, 0.6, "--out", "bad.csv") == 1
    assert command("split", "p", "--group", "burst", "--out", "bad.csv") == 1
    assert not Path("bad.csv").exists()


def test_monkeys_have_copies_across_the_given_splits(real_data):
    found = check(real_data / "monkeys10")
    assert found.images == 1369
    assert found.count("exact_duplicates") == 68
    assert 80 <= found.count("near_duplicates") <= 110
    assert found.count("leaks") > 40
    assert found.count("unreadable") == 0


# The catalogue


def test_digits_are_written_once_as_they_are(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = resolve("digits")
    assert tmp_path in folder.parents
    found = check(folder)
    assert (found.images, len(found.classes)) == (1797, 10)
    assert found.count("near_duplicates") == 0
    assert kinds(found).keys() <= {"tiny", "exact_duplicates"}
    from sklearn.datasets import load_digits

    first = np.asarray(Image.open(folder / "0" / "0000.png"))
    assert np.array_equal(first, np.rint(load_digits().images[0] * 255 / 16))
    before = (folder / "0" / "0000.png").stat().st_mtime_ns
    assert resolve("digits") == folder
    assert (folder / "0" / "0000.png").stat().st_mtime_ns == before
    assert [p.name for p in folder.parent.iterdir()] == ["digits"]


def test_digits_say_which_extra_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match="explain"):
        digits(tmp_path)
    assert not list(tmp_path.iterdir())


def test_catalogue_names_and_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve(str(tmp_path)) == tmp_path
    with pytest.raises(InputError, match="Did you mean 'digits'"):
        resolve("digitz")
    assert all(entry.holds for entry in CATALOG.values())
