"""Reading data sets, class lists and predictions, and refusing bad ones with a message that helps."""

import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.classes import natural_key, natural_order
from optotype.errors import InputError
from optotype.formats import (
    FORMATS,
    read_classes,
    read_columns,
    read_items,
    read_labels,
    read_listing,
    read_predictions,
    write_predictions,
)  # fmt: skip
from optotype.formats import manifest as manifest_format
from optotype.listing import Skipped
from optotype.tables import Items, Labels

HOSTILE = [
    "<script>alert(1)</script>.png",
    "quo\"te's.png",
    "new\nline.png",
    "comma, semi;tab\t.png",
    "🦌 олень.png",
]


def put(root: Path, *keys: str) -> Path:
    for i, key in enumerate(keys):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (i * 40 % 256, 99, 0)).save(path, "PNG")
    return root


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refuses(call, *parts: str) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    for part in parts:
        assert part in str(caught.value), str(caught.value)
    assert caught.value.fix
    return caught.value


# Folders


def test_a_folder_per_class_in_natural_order(tmp_path):
    put(tmp_path, "n10/a.png", "n2/b10.png", "n2/b9.png", "n2/deep/er/c.png")
    labels = read_labels(tmp_path)
    assert labels.classes == ("n2", "n10")
    assert labels.items.key.tolist() == ["n2/b9.png", "n2/b10.png", "n2/deep/er/c.png", "n10/a.png"]
    assert labels.label.tolist() == [0, 0, 0, 1]
    assert set(labels.items.split.tolist()) == {""}
    assert labels.items.file(0) == tmp_path / "n2/b9.png"


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "validation", "TEST"), ("train", "valid")])
def test_nested_splits(tmp_path, names):
    put(tmp_path, *(f"{name}/{c}/{i}.png" for name in names for c in "ab" for i in range(2)))
    labels = read_labels(tmp_path)
    assert labels.classes == ("a", "b")
    expected = ["train", "val", "test"][: len(names)]
    for name, split in zip(names, expected, strict=True):
        part = read_labels(tmp_path, split=split)
        assert all(key.startswith(name + "/") for key in part.items.key.tolist())
        assert len(part) == 4
    refuses(lambda: read_labels(tmp_path, split="tset"), "tset", "train")


def test_a_class_may_be_called_test_when_nothing_is_for_training(tmp_path):
    put(tmp_path, "test/a.png", "other/b.png")
    assert read_labels(tmp_path).classes == ("other", "test")


def test_content_decides_not_the_suffix(tmp_path):
    put(tmp_path, "a/1jpg", "a/2.png", "b/3.png")
    text(tmp_path / "a" / "notes.txt", "hello")
    text(tmp_path / "a" / "BM", "BM is not a bitmap here")
    text(tmp_path / "labels.csv", "path,label\n")
    put(tmp_path, "loose.png")
    listing = read_listing(tmp_path)
    assert listing.labels.items.key.tolist() == ["a/1jpg", "a/2.png", "b/3.png"]
    assert any("a/1jpg" in note for note in listing.notes)
    assert {file.key for file in listing.ignored} == {"a/notes.txt", "a/BM", "labels.csv", "loose.png"}


def test_hidden_files_and_litter_are_passed_over(tmp_path):
    put(tmp_path, "a/1.png", "b/2.png", "a/.hidden.png", "__MACOSX/a/._1.png", "a/Thumbs.db", ".git/x.png")
    text(tmp_path / ".DS_Store", "x")
    listing = read_listing(tmp_path)
    assert listing.labels.classes == ("a", "b")
    assert len(listing.labels) == 2
    assert not listing.ignored


def test_empty_classes_are_told(tmp_path):
    put(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "c").mkdir()
    listing = read_listing(tmp_path)
    assert listing.labels.classes == ("a", "b")
    assert listing.empty == ("c",)


def test_links_are_followed_but_not_for_ever(tmp_path):
    put(tmp_path, "data/a/1.png", "elsewhere/2.png")
    (tmp_path / "data" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "a" / "loop").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "a" / "broken.png").symlink_to(tmp_path / "nothing")
    keys = read_labels(tmp_path / "data").items.key.tolist()
    assert keys == ["a/1.png", "a/broken.png", "b/2.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_unicode_are_left_out_and_told(tmp_path):
    put(tmp_path, "a/1.png", "b/2.png")
    for name in (b"a/bad\xff.png", b"no\xfe/x.png"):
        target = tmp_path / os.fsdecode(name)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((tmp_path / "a/1.png").read_bytes())
    listing = read_listing(tmp_path)
    assert [file.key for file in listing.skipped] == [r"a/bad\xff.png", r"no\xfe/x.png"]
    assert listing.labels.classes == ("a", "b")
    for file in listing.skipped:
        (file.key + file.label + file.path).encode()


def test_folders_without_classes_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    refuses(lambda: read_labels(tmp_path / "empty"), "no image in it", "one folder")
    put(tmp_path / "flat", "1.png", "2.png")
    refuses(lambda: read_labels(tmp_path / "flat"), "outside class folders: 1.png, 2.png")
    refuses(lambda: read_labels(tmp_path / "flot"), "nothing is there", "Did you mean 'flat'?")
    assert read_items(tmp_path / "flat").key.tolist() == ["1.png", "2.png"]
    assert read_items(tmp_path / "flat" / "1.png").key.tolist() == ["1.png"]


def test_folder_names_must_be_in_a_given_class_list(tmp_path):
    put(tmp_path, "amur_tigr/1.png", "dog/2.png")
    refuses(lambda: read_labels(tmp_path, classes=read_classes("wildlife")), "amur_tigr", "Did you mean 'amur_tiger'?")
    labels = read_labels(tmp_path, classes=("dog", "cat", "amur_tigr"))
    assert labels.label.tolist() == [2, 0]


def test_monkeys(real_data):
    listing = read_listing(real_data / "monkeys10")
    assert listing.labels.classes == tuple(f"n{i}" for i in range(10))
    counts = {s: int((listing.labels.items.split == s).sum()) for s in ("train", "val")}
    assert counts == {"train": 1097, "val": 272}
    assert [file.key for file in listing.ignored] == ["monkey_labels.txt"]
    assert "training/n9/n9151jpg" in " ".join(listing.notes)


# CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_dialects(tmp_path, delimiter, encoding):
    rows = [
        ["Path", "LABEL", "split", "site, or so"],
        ["a/1.png", "кот", "Training", "x,y;z"],
        ["b.png", "dog", "val", ""],
    ]
    lines = [delimiter.join(f'"{value}"' for value in row) for row in rows]
    text(tmp_path / "t.csv", ("\r\n".join(lines) + "\r\n\r\n").encode(encoding))
    labels = read_labels(tmp_path / "t.csv")
    assert labels.items.key.tolist() == ["a/1.png", "b.png"]
    assert labels.classes == ("dog", "кот")
    assert labels.items.split.tolist() == ["train", "val"]
    assert labels.items.columns["site, or so"].tolist() == ["x,y;z", ""]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["line 1", "empty"]),
        ("path,label\n", ["at least one image"]),
        ("file,label\na,b\n", ["line 1", "path, label", "'file', 'label'"]),
        ("path,label\na.png,cat\nb.png\n", ["line 3", "2 values", "1 values"]),
        ('path,label\n"a\nb.png",cat\nc.png,,\n', ["line 4", "3 values"]),
        ("path,label\na.png,cat\n\n,dog\n", ["line 4", "'path'"]),
        ("path,label\na.png,cat\nb.png, \n", ["line 3", "'label'"]),
        ("path,label,split\na.png,cat,trian\n", ["line 2", "trian", "Did you mean 'train'?"]),
        ("path,label\na.png,cat\nb.png,dog\n./a.png,cat\n", ["line 4", "a.png", "line 2"]),
        ("path,label,label\na,b,c\n", ["line 1", "every column once", "'label' 2 times"]),
        ("path,label,Split,split\na,b,train,val\n", ["every column once"]),
        ('path,label\n"a.png,cat\n', ["line 2", "CSV"]),
        (b"path,label\na.png,cat\nb\xe4r.png,dog\n", ["line 3", "UTF-8", "0xe4"]),
        (b"path,label\na\0.png,cat\n", ["line 2", "NUL"]),
        ("path,label,width\na.png,cat,-3\n", ["line 2", "pixels"]),
        ("path,label,excluded\na.png,cat,broken\n", ["not excluded"]),
    ],
)
def test_bad_csv_names_the_line(tmp_path, content, parts):
    path = text(tmp_path / "t.csv", content)
    refuses(lambda: read_labels(path), str(path), *parts)


def test_csv_labels_must_be_in_a_given_class_list(tmp_path):
    path = text(tmp_path / "t.csv", "path,label\na.png,dog\nb.png,wild_bore\n")
    refuses(lambda: read_labels(path, classes=read_classes("wildlife")), "line 3", "wild_bore", "'wild_boar'")
    path = text(tmp_path / "i.csv", "path,label\na.png,5\nb.png,9\n")
    assert read_labels(path, classes=read_classes("wildlife")).label.tolist() == [5, 9]
    path = text(tmp_path / "j.csv", "path,label\na.png,5\nb.png,10\n")
    refuses(lambda: read_labels(path, classes=read_classes("wildlife")), "line 3", "'10'")


def test_windows_separators_work_where_only_they_lead_to_a_file(tmp_path):
    put(tmp_path, "a/1.png", "a/2.png")
    put(tmp_path, "odd\\name.png")
    path = text(tmp_path / "t.csv", "path,label\na\\1.png,x\nodd\\name.png,y\n")
    assert read_labels(path).items.key.tolist() == ["a/1.png", "odd\\name.png"]


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_manifests_round_trip_whatever_the_names(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("m")
    part = names.map(lambda t: t.replace("/", "_")).filter(lambda t: t.strip() == t and t not in (".", ".."))
    keys = data.draw(st.lists(part, min_size=1, max_size=6, unique=True))
    label_names = part.filter(lambda t: t.casefold() not in ("0", "false", "no"))
    classes = tuple(data.draw(st.lists(label_names, min_size=1, max_size=4, unique=True)))
    n = len(keys)
    label = np.array(data.draw(st.lists(st.integers(0, len(classes) - 1), min_size=n, max_size=n)), np.int32)
    splits = data.draw(st.lists(st.sampled_from(["", "train", "val", "test"]), min_size=n, max_size=n))
    groups = data.draw(st.lists(st.just("") | part, min_size=n, max_size=n))
    column = np.array(data.draw(st.lists(part, min_size=n, max_size=n)))
    root = data.draw(st.sampled_from([folder, folder / "in", folder.parent / "out"]))
    items = Items.of(
        keys, path=keys, split=splits, group=groups,
        width=range(n), height=range(n), columns={"note": column}, root=root,
    )  # fmt: skip
    labels = Labels(items, classes, label)
    skipped = [Skipped("gone \n.jpg", "gone.jpg", classes[0], "truncated, at byte 3")]
    manifest_format.write(folder / "m.csv", labels, skipped)
    again = read_listing(folder / "m.csv")
    assert again.labels.items.key.tolist() == keys
    assert again.labels.classes == classes
    assert again.labels.label.tolist() == label.tolist()
    for name in ("split", "group", "width", "height"):
        assert getattr(again.labels.items, name).tolist() == getattr(items, name).tolist()
    assert again.labels.items.columns["note"].tolist() == column.tolist()
    assert [again.labels.items.file(i) for i in range(n)] == [items.file(i) for i in range(n)]
    assert [(f.key, f.label, f.reason) for f in again.skipped] == [(f.key, f.label, f.reason) for f in skipped]


def test_a_manifest_reads_the_same_from_any_folder(tmp_path, monkeypatch):
    put(tmp_path, *(f"photos/a/{name}" for name in HOSTILE), "photos/b/1.png")
    monkeypatch.chdir(tmp_path)
    labels = read_labels(Path("photos"))
    (tmp_path / "sub").mkdir()
    manifest_format.write(Path("inside.csv"), labels)
    manifest_format.write(Path("sub/outside.csv"), labels)
    monkeypatch.chdir("/")
    for name in ("inside.csv", "sub/outside.csv"):
        again = read_labels(tmp_path / name)
        assert again.items.key.tolist() == labels.items.key.tolist()
        assert all(again.items.file(i).is_file() for i in range(len(again)))
    assert b"photos/a/" in (tmp_path / "inside.csv").read_bytes()
    assert os.fsencode(tmp_path) not in (tmp_path / "inside.csv").read_bytes()


def test_a_manifest_keeps_a_declared_class_list(tmp_path):
    items = Items.of(["a.png", "b.png"])
    labels = Labels(items, read_classes("wildlife"), np.array([9, 6], np.int32))
    manifest_format.write(tmp_path / "m.csv", labels)
    again = read_listing(tmp_path / "m.csv")
    assert again.labels.classes == labels.classes
    assert again.declared
    manifest_format.write(tmp_path / "m.csv", Labels(items, ("a", "b"), np.array([0, 1], np.int32)))
    assert read_labels(tmp_path / "m.csv").classes == ("a", "b")


# Class lists


def test_natural_order_of_hostile_numbers():
    huge = "9" * 5000
    assert natural_order([huge + "0", huge, "a", "2", "10", "02"]) == ("02", "2", "10", huge, huge + "0", "a")


@given(st.lists(st.text(max_size=8), unique=True))
def test_natural_order_is_a_total_order(words):
    ordered = natural_order(words)
    assert ordered == natural_order(reversed(words))
    assert sorted(ordered) == sorted(words)
    assert len({natural_key(word) for word in words}) == len(words)


def test_class_lists_in_every_form(tmp_path):
    expected = ("no", "1e3", "кот")
    files = {
        "a.txt": "\ufeffno\n1e3\n\nкот\n",
        "a.json": '["no", "1e3", "кот"]',
        "b.json": '{"кот": 2, "no": 0, "1e3": 1}',
        "c.json": '{"0": "no", "1": "1e3", "2": "кот"}',
        "a.yaml": "- no\n- 1e3\n- кот\n",
        "b.yml": "no: 0\n1e3: 1\nкот: 2\n",
        "a.csv": "class;index\nкот;2\nno;0\n1e3;1\n",
    }
    for name, content in files.items():
        assert read_classes(text(tmp_path / name, content)) == expected, name


def test_the_wildlife_map():
    wildlife = read_classes("wildlife")
    assert len(wildlife) == 10
    assert [wildlife.index(n) for n in ("amur_leopard", "amur_tiger", "dog", "wild_boar", "people")] == [
        0,
        1,
        5,
        8,
        9,
    ]


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("a.txt", "", "0 names"),
        ("a.txt", "x\nx\n", "'x' more than once"),
        ("a.json", '{"x": 0, "y": 2}', "0, 2"),
        ("a.json", '{"x": 0, "y": 0}', "0, 0"),
        ("a.json", '{"x": "first", "y": 1}', "'first'"),
        ("a.json", '"x"', "str"),
        ("a.json", "{", "list or map"),
        ("a.json", '["x", ["y"]]', "names"),
        ("a.yaml", "x: [1", "list or map"),
        ("a.csv", "class,index\nx,1\n", "indices"),
    ],
)
def test_bad_class_lists(tmp_path, name, content, part):
    path = text(tmp_path / name, content)
    refuses(lambda: read_classes(path), str(path), part)


def test_yaml_never_makes_objects(tmp_path):
    path = text(tmp_path / "a.yaml", "!!python/object/apply:os.system ['touch pwned', x]")
    assert read_classes(path) == ("touch pwned", "x")
    assert not Path("pwned").exists()


def test_a_missing_class_list_hints_at_shipped_ones():
    refuses(lambda: read_classes("wildlive"), "Did you mean 'wildlife'?")


# Predictions


@pytest.fixture
def truth(tmp_path) -> Labels:
    put(tmp_path / "photos", "cat/1.png", "cat/2.png", "dog/ö.png")
    return read_labels(tmp_path / "photos")


def test_predicted_labels_are_aligned(tmp_path, truth):
    path = text(tmp_path / "p.csv", "label;path\ncat;dog/ö.png\ndog;cat/1.png\ncat;cat/2.png\n")
    found = read_predictions(path, truth)
    assert found.items is truth.items
    assert found.label.tolist() == [1, 0, 0]
    assert found.scores is None


def test_keys_match_by_separator_absolute_path_and_unicode_form(tmp_path, truth):
    rows = [r".\cat\1.png", f"{tmp_path}/photos/cat/2.png", "dog/o\u0308.png"]
    path = text(tmp_path / "p.csv", "path,label\n" + "".join(f"{row},dog\n" for row in rows))
    assert read_predictions(path, truth).label.tolist() == [1, 1, 1]


def test_probabilities_in_any_column_order(tmp_path, truth):
    path = text(tmp_path / "p.csv", "path,dog,cat\ncat/1.png,.25,.75\ncat/2.png,.5,.5\ndog/ö.png,1,0\n")
    found = read_predictions(path, truth)
    assert found.scores is not None
    assert found.scores.tolist() == [[0.75, 0.25], [0.5, 0.5], [0, 1]]
    assert found.label.tolist() == [0, 0, 1]
    comma = text(tmp_path / "c.csv", "path;dog;cat\ncat/1.png;0,25;0,75\ncat/2.png;0,5;0,5\ndog/ö.png;1;0\n")
    assert np.array_equal(read_predictions(comma, truth).scores, found.scores)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("path,label\ncat/1.png,cat\ncat/2.png,cat\n", ["1 of 3", "dog/ö.png"]),
        ("path,label\ncat/1.png,cat\ncat/1.png,cat\n", ["line 3", "line 2", "cat/1.png"]),
        ("path,label\ncat/1.png,cat\nc/3.png,dog\n", ["line 3", "'c/3.png'", "'cat/1.png', 'cat/2.png'"]),
        ("path,label\ncat/1.png,dgo\n", ["line 2", "dgo", "Did you mean 'dog'?", "--classes"]),
        ("path\ncat/1.png\n", ["line 1", "label"]),
        ("image,label\ncat/1.png,dog\n", ["line 1", "path"]),
        ("path,dgo,cat\ncat/1.png,0,1\n", ["line 1", "dgo", "Did you mean 'dog'?"]),
        ("path,dog\ncat/1.png,1\n", ["line 1", "none for 'cat'"]),
        ("path,dog,cat\ncat/1.png,nan,1\n", ["line 2", "NaN"]),
        ("path,dog,cat\ncat/1.png,.5,.5\ncat/2.png,inf,0\n", ["line 3", "NaN or infinity"]),
        ("path,dog,cat\ncat/1.png,.5,.6\n", ["line 2", "sum 1.1"]),
        ("path,dog,cat\ncat/1.png,-.5,1.5\n", ["line 2", "least -0.5"]),
        ("path,dog,cat\ncat/1.png,high,.6\n", ["line 2", "'high'"]),
        ("path,dog,cat\ncat/1.png,,1\n", ["line 2", "''"]),
        ("path,label\n", ["3 of 3"]),
        ("path,dog,cat\n", ["3 of 3"]),
    ],
)
def test_bad_predictions_name_the_line(tmp_path, truth, content, parts):
    path = text(tmp_path / "p.csv", content)
    refuses(lambda: read_predictions(path, truth), "p.csv", *parts)


def test_missing_files_and_folders(tmp_path, truth):
    text(tmp_path / "predictions.csv", "x")
    refuses(lambda: read_predictions(tmp_path / "prediction.csv", truth), "Did you mean 'predictions.csv'?")
    refuses(lambda: read_predictions(tmp_path / "photos", truth), "a folder")


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_predictions_round_trip_bit_for_bit(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("p")
    clean = names.filter(lambda t: t.strip() == t and t.lower() not in ("path", "label"))
    keys = data.draw(st.lists(clean, min_size=1, max_size=5, unique=True))
    classes = tuple(data.draw(st.lists(clean, min_size=2, max_size=4, unique=True)))
    raw = data.draw(st.lists(st.lists(st.floats(1e-9, 1), min_size=len(classes), max_size=len(classes)),
                             min_size=len(keys), max_size=len(keys)))  # fmt: skip
    scores = np.array(raw) / np.sum(raw, axis=1, keepdims=True)
    label = np.array(data.draw(st.lists(st.integers(0, len(classes) - 1), min_size=len(keys), max_size=len(keys))))
    truth = Labels(Items.of(keys), classes, np.zeros(len(keys), np.int32))
    for kept in (scores, None):
        said = Labels(truth.items, classes, label.astype(np.int32), kept)
        for suffix in (".npz", ".csv"):
            write_predictions(folder / f"p{suffix}", said)
            again = read_predictions(folder / f"p{suffix}", truth)
            assert again.label.tolist() == said.label.tolist()
            assert (again.scores is None) == (kept is None)
            assert kept is None or np.array_equal(again.scores, kept)
        first = (folder / "p.npz").read_bytes()
        write_predictions(folder / "p.npz", said)
        assert (folder / "p.npz").read_bytes() == first


def test_npz_of_a_stranger(tmp_path, truth):
    keys = truth.items.key[::-1]
    np.savez(tmp_path / "a.npz", path=keys, label=np.array(["dog", "cat", "dog"]))
    assert read_predictions(tmp_path / "a.npz", truth).label.tolist() == [1, 0, 1]
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], np.float32)
    np.savez(tmp_path / "b.npz", path=keys, scores=scores, classes=np.array(["dog", "cat"]))
    found = read_predictions(tmp_path / "b.npz", truth)
    assert found.label.tolist() == [0, 0, 1]
    assert found.scores is not None
    assert np.allclose(found.scores[0], [0.7, 0.3])
    np.savez(tmp_path / "c.npz", path=keys, label=np.array([1, 0, 0]))
    assert read_predictions(tmp_path / "c.npz", truth).label.tolist() == [0, 0, 1]


def test_bad_npz(tmp_path, truth):
    keys, good = truth.items.key, np.array([0, 0, 1])
    cases = {
        "names": ({"paths": keys, "label": good}, "'path'"),
        "bytes": ({"path": np.array([1, 2, 3]), "label": good}, "texts"),
        "range": ({"path": keys, "label": np.array([0, 0, 2])}, "0…1"),
        "shape": ({"path": keys, "label": good[:2]}, "3 class names"),
        "float": ({"path": keys, "label": good / 2}, "float64"),
        "class": ({"path": keys, "scores": np.eye(3)[:, :2], "classes": np.array(["cat", "dgo"])}, "'dog'"),
        "width": ({"path": keys, "scores": np.eye(3)}, "shape"),
        "rows": ({"path": keys, "scores": np.ones((2, 2)) / 2}, "3 rows"),
        "nan": ({"path": keys, "scores": np.full((3, 2), np.nan)}, "finite"),
        "sum": ({"path": keys, "scores": np.ones((3, 2))}, "sum"),
        "key": ({"path": np.array(["a", "b", "c"]), "label": good}, "unknown items"),
    }
    for name, (arrays, part) in cases.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
        refuses(lambda name=name: read_predictions(tmp_path / f"{name}.npz", truth), part)
    np.savez(tmp_path / "pickle.npz", allow_pickle=True, path=keys.astype(object), label=good)
    refuses(lambda: read_predictions(tmp_path / "pickle.npz", truth), "plain arrays")
    refuses(lambda: read_predictions(text(tmp_path / "text.npz", "path,label"), truth), "plain arrays")
    with zipfile.ZipFile(tmp_path / "cut.npz", "w") as archive:
        archive.writestr("path.npy", b"\x93NUMPY cut")
    refuses(lambda: read_predictions(tmp_path / "cut.npz", truth), "plain arrays")


def test_every_format_reads_and_says_what_it_holds():
    for record in FORMATS.values():
        assert record.holds
        assert record.read.__doc__


def test_columns_join_by_path_in_any_order(tmp_path: Path):
    items = read_labels(text(tmp_path / "truth.csv", "path,label\na.jpg,x\nsub/b.jpg,y\nc.jpg,x\n")).items
    extra = text(tmp_path / "extra.csv", "path,camera,heat\nsub\\b.jpg,east,21.5\na.jpg,west,\nother.jpg,north,3\n")
    joined = read_columns(extra, items)
    assert joined.columns["camera"].tolist() == ["west", "east", ""]
    assert joined.columns["heat"].tolist() == ["", "21.5", ""]
    assert joined.key.tolist() == items.key.tolist()
    newer = read_columns(text(tmp_path / "newer.csv", "path,heat\na.jpg,9\n"), joined)
    assert newer.columns["heat"].tolist() == ["9", "", ""]


def test_columns_that_do_not_fit_are_refused(tmp_path: Path):
    items = read_labels(text(tmp_path / "truth.csv", "path,label,camera\na.jpg,x,1\nb.jpg,y,2\n")).items
    cases = {
        "path,heat\nz.jpg,1\n": "rows about other items",
        "path,heat\na.jpg,1\na.jpg,2\n": "'a.jpg' again",
        "camera\n1\n": "path",
    }
    for i, (content, part) in enumerate(cases.items()):
        file = text(tmp_path / f"{i}.csv", content)
        refuses(lambda file=file: read_columns(file, items), part)
