"""Splitting: exact where nothing is tied, together where something is, the same for the same seed."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.data.duplicates import unite
from optotype.data.groups import bursts, group
from optotype.data.inspection import inspect
from optotype.data.prepare import Prepared, prepare, write_manifest
from optotype.data.split import check_ratios, deviation, split, targets
from optotype.data.statistics import class_counts
from optotype.errors import InputError
from optotype.formats import read_labels, read_listing
from optotype.listing import SPLITS
from optotype.tables import Items, Labels

RATIOS = [(0.7, 0.1, 0.2), (0.8, 0.0, 0.2), (0.6, 0.4, 0.0), (0.34, 0.33, 0.33), (0.8, 0.2)]


def labels_of(sizes, groups=None) -> Labels:
    label = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    keys = [f"{c}/{i:04}" for c, n in enumerate(sizes) for i in range(n)]
    return Labels(Items.of(keys, group=groups), tuple(f"c{i}" for i in range(len(sizes))), label)


def counts_of(labels: Labels) -> np.ndarray:
    k = len(labels.classes)
    return np.stack([np.bincount(labels.label[labels.items.split == s], minlength=k) for s in SPLITS], axis=1)


def largest_remainder(n: int, shares: list[Fraction]) -> list[int]:
    """Hamilton's method by the book: whole quotas, then one seat each to the largest fractions."""
    quota = [n * share for share in shares]
    seats = [int(q) for q in quota]
    for _ in range(n - sum(seats)):
        rest = [q - s for q, s in zip(quota, seats, strict=True)]
        seats[rest.index(max(rest))] += 1
    return seats


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5), st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_targets_follow_the_largest_remainder_rule(sizes, weights):
    assume(sum(weights))
    shares = [Fraction(w, sum(weights)) for w in weights]
    found = targets(sizes, shares)
    assert found.sum(axis=1).tolist() == sizes
    assert found.tolist() == [largest_remainder(n, shares) for n in sizes]
    assert all(abs(found[i, s] - sizes[i] * shares[s]) < 1 for i in range(len(sizes)) for s in range(3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(10, 90), min_size=1, max_size=5), st.integers(0, 9), st.sampled_from(RATIOS), st.randoms())
def test_exact_and_seeded_and_independent_of_the_order_of_rows(sizes, seed, ratios, random):
    labels = labels_of(sizes)
    found = split(labels, ratios, seed)
    assert counts_of(found).tolist() == targets(sizes, check_ratios(ratios)).tolist()
    assert deviation(found, ratios) == ()
    shuffled = list(range(len(labels)))
    random.shuffle(shuffled)
    again = split(labels.take(np.array(shuffled)), ratios, seed)
    assert dict(zip(again.items.key, again.items.split, strict=True)) == dict(
        zip(found.items.key, found.items.split, strict=True)
    )


def test_the_seed_matters_and_other_classes_do_not():
    labels = labels_of([50, 50])
    first, second = split(labels, seed=0), split(labels, seed=1)
    assert (first.items.split != second.items.split).any()
    alone = split(labels.take(np.arange(50)), seed=0)
    assert alone.items.split.tolist() == first.items.split[:50].tolist()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_groups_stay_together_and_every_split_gets_every_class(data):
    k = data.draw(st.integers(1, 4))
    sizes = data.draw(st.lists(st.integers(12, 60), min_size=k, max_size=k))
    largest = data.draw(st.integers(1, 9))
    groups = [f"{c}-{i // largest}" for c, n in enumerate(sizes) for i in range(n)]
    assume(all(n / largest >= 4 for n in sizes))
    labels = labels_of(sizes, groups)
    found = split(labels, seed=data.draw(st.integers(0, 5)))
    for name in set(groups):
        assert len(set(found.items.split[labels.items.group == name].tolist())) == 1
    counts, wanted = counts_of(found), targets(sizes, check_ratios((0.7, 0.1, 0.2)))
    assert (counts > 0).all()
    assert counts.sum(axis=1).tolist() == sizes
    assert np.abs(counts - wanted).max() <= 2 * largest
    assert bool(deviation(found)) == (counts != wanted).any()
    if largest == 1:
        assert counts.tolist() == wanted.tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(30, 80), min_size=1, max_size=3), st.integers(0, 10), st.integers(0, 5))
def test_a_few_duplicates_leave_the_counts_exact(sizes, pairs, seed):
    labels = labels_of(sizes)
    ties = np.arange(len(labels))
    ties[1 : 2 * pairs : 2] = ties[: 2 * pairs : 2]
    found = split(labels, seed=seed, ties=ties)
    assert deviation(found) == ()
    for i in range(pairs):
        assert found.items.split[2 * i] == found.items.split[2 * i + 1]


def test_ties_join_groups():
    labels = labels_of([40], ["a"] * 3 + ["b"] * 3 + [""] * 34)
    ties = np.arange(40)
    ties[5] = ties[0]
    found = split(labels, ties=ties)
    assert len(set(found.items.split[:6].tolist())) == 1


def test_groups_over_several_classes():
    groups = [f"site{i % 12}" for i in range(240)]
    labels = labels_of([120, 120], groups)
    found = split(labels)
    assert all(len(set(found.items.split[labels.items.group == g].tolist())) == 1 for g in set(groups))
    assert (counts_of(found) > 0).all()
    assert "instead of" in deviation(found)[0]


def test_unite_is_the_connected_components():
    found = unite(7, np.array([0, 1, 0, 3, 4, 5, 6]), np.array(list("abcbdef")))
    assert found.tolist() == [0, 1, 0, 1, 4, 5, 6]


@pytest.mark.parametrize("ratios", [(0.7, 0.1, 0.1), (0.7,), (), (1.2, -0.2), (float("nan"), 0.5, 0.5), (0, 0.5, 0.5)])
def test_bad_ratios(ratios):
    with pytest.raises(InputError, match="--ratios"):
        split(labels_of([20]), ratios)


def test_ratios_are_exact_decimals():
    assert check_ratios((0.7, 0.1, 0.2)) == (Fraction(7, 10), Fraction(1, 10), Fraction(2, 10))
    assert targets([10_000_000], check_ratios((0.7, 0.1, 0.2))).tolist() == [[7_000_000, 1_000_000, 2_000_000]]


def test_a_class_too_small_is_refused():
    with pytest.raises(InputError) as caught:
        split(labels_of([50, 4]))
    assert "class 'c1'" in str(caught.value)
    assert "at least 6" in str(caught.value)
    assert counts_of(split(labels_of([50, 6]))).tolist()[1] == [4, 1, 1]
    with pytest.raises(InputError, match="30 images in 2 groups"):
        split(labels_of([30], ["a"] * 15 + ["b"] * 15))
    empty = Labels(labels_of([20]).items, ("c0", "nothing"), np.zeros(20, np.int32))
    assert counts_of(split(empty)).tolist() == [[14, 2, 4], [0, 0, 0]]


# Groups


def test_groups_by_column_pattern_and_nothing_that_fits(tmp_path):
    items = Items.of(["s1/a_1.jpg", "s1/a_2.jpg", "s2/b.jpg"], columns={"site": np.array(["x", "y", "x"])})
    nothing = inspect([])
    assert group(items, "site", nothing)[0].tolist() == ["x", "y", "x"]
    assert group(items, r"^s\d", nothing)[0].tolist() == ["s1", "s1", "s2"]
    names, note = group(items, r"(\w+)_\d", nothing)
    assert names.tolist() == ["a", "a", ""]
    assert "1 groups" in note
    assert "1 images of their own" in note
    for bad, part in (("(", "unterminated"), ("site7", "Did you mean 'site'?"), ("zzz", "no path has")):
        with pytest.raises(InputError) as caught:
            group(items, bad, nothing)
        assert part in str(caught.value)


def shot(path, time: str | None, model: str = "trap", seed: int = 0):
    exif = Image.Exif()
    exif[0x0110] = model
    if time is not None:
        exif.get_ifd(0x8769)[0x9003] = time
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path, exif=exif)
    return path


def test_bursts_by_exif_time(tmp_path):
    times = [
        "2024:01:01 00:00:50",
        "2024:01:01 00:00:00",
        "2024:01:01 00:01:51",
        None,
        "rubbish",
        "2024:01:01 00:00:55",
    ]
    models = ["trap"] * 5 + ["other"]
    found = inspect([shot(tmp_path / f"{i}.jpg", t, models[i]) for i, t in enumerate(times)])
    names = bursts(found, 60).tolist()
    assert names[0] == names[1] != names[2]
    assert names[3] == names[4] == ""
    assert names[5] not in names[:5]
    assert len(set(bursts(found, 61).tolist())) == 3
    with pytest.raises(InputError, match="EXIF times"):
        bursts(inspect([shot(tmp_path / "none.jpg", None)]), 60)


# prepare


def photos(root, layout: dict[str, int], side: int = 40):
    for at, (folder, n) in enumerate(layout.items()):
        (root / folder).mkdir(parents=True)
        for i in range(n):
            noise = np.random.default_rng([at, i]).integers(0, 256, (5, 5, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC).save(root / folder / f"{i}.png")
    return root


def test_prepare_divides_keeps_copies_together_and_leaves_out_the_unreadable(tmp_path):
    root = photos(tmp_path / "p", {"a": 60, "b": 60})
    (root / "a" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (root / "a" / "0 copy.png").write_bytes((root / "a" / "0.png").read_bytes())
    Image.open(root / "b" / "1.png").resize((80, 80)).convert("RGB").save(root / "b" / "1 again.jpg", quality=80)
    found = prepare(root)
    assert counts_of(found.labels).tolist() == targets([61, 61], check_ratios((0.7, 0.1, 0.2))).tolist()
    split_of = dict(zip(found.labels.items.key.tolist(), found.labels.items.split.tolist(), strict=True))
    group_of = dict(zip(found.labels.items.key.tolist(), found.labels.items.group.tolist(), strict=True))
    assert split_of["a/0.png"] == split_of["a/0 copy.png"]
    assert split_of["b/1.png"] == split_of["b/1 again.jpg"]
    assert group_of["b/1.png"] == group_of["b/1 again.jpg"] != ""
    assert Counter(group_of.values())[""] == 118
    assert [(file.key, file.label) for file in found.excluded] == [("a/broken.jpg", "a")]
    assert "not an image" in found.excluded[0].reason or "damaged" in found.excluded[0].reason
    assert any("1 unreadable left out: a/broken.jpg" in note for note in found.notes)
    write_manifest(tmp_path / "m.csv", found, replace=False)
    again = read_listing(tmp_path / "m.csv")
    assert again.labels.items.split.tolist() == found.labels.items.split.tolist()
    assert again.labels.items.width.tolist() == found.labels.items.width.tolist()
    assert [file.reason for file in again.skipped] == [found.excluded[0].reason]
    with pytest.raises(InputError, match="one that exists"):
        write_manifest(tmp_path / "m.csv", found, replace=False)
    kept = prepare(tmp_path / "m.csv", max_unreadable=0)
    assert kept.labels.items.split.tolist() == found.labels.items.split.tolist()
    assert [file.key for file in kept.excluded] == ["a/broken.jpg"]


def test_prepare_stops_above_the_share_of_unreadable_files(tmp_path):
    root = photos(tmp_path / "p", {"a": 20, "b": 20})
    (root / "a" / "broken.jpg").write_bytes(b"x")
    with pytest.raises(InputError) as caught:
        prepare(root)
    assert "1 of 41 (2.4%): a/broken.jpg" in str(caught.value)
    assert len(prepare(root, max_unreadable=0.03).labels) == 40
    with pytest.raises(InputError, match="--max-unreadable"):
        prepare(root, max_unreadable=5)


def test_prepare_needs_two_classes(tmp_path):
    root = photos(tmp_path / "p", {"a": 20})
    with pytest.raises(InputError, match=r"at least two classes"):
        prepare(root)


def test_classes_that_lose_all_images_go_unless_declared(tmp_path):
    root = photos(tmp_path / "p", {"a": 20, "c": 20})
    (root / "b").mkdir()
    (root / "b" / "x.png").write_bytes(b"x")
    found = prepare(root, max_unreadable=0.1)
    assert found.labels.classes == ("a", "c")
    assert set(found.labels.label.tolist()) == {0, 1}
    assert any("without an image" in note and "b" in note for note in found.notes)
    assert prepare(root, max_unreadable=0.1, classes=("c", "b", "a")).labels.classes == ("c", "b", "a")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"train": 30, "val": 10, "test": 10}, {"train": 60, "val": 20, "test": 20}),
        ({"train": 32, "validation": 8}, {"train": 56, "val": 8, "test": 16}),
        ({"train": 32, "test": 8}, {"train": 56, "val": 8, "test": 16}),
        ({"train": 40}, {"train": 56, "val": 8, "test": 16}),
    ],
)
def test_given_splits_are_kept_and_missing_parts_carved(tmp_path, given, expected):
    root = photos(tmp_path / "p", {f"{split}/{c}": n for split, n in given.items() for c in "ab"})
    found = prepare(root)
    assert {s: int(n.sum()) for s, n in class_counts(found.labels).items()} == expected
    if "test" in given:
        in_test = found.labels.items.key[found.labels.items.split == "test"].tolist()
        assert all(key.startswith("test/") for key in in_test)
    if "validation" in given:
        assert any("validation as given is used as test" in note for note in found.notes)
    anew = prepare(root, keep_split=False)
    n = sum(expected.values()) // 2
    assert counts_of(anew.labels).tolist() == targets([n, n], check_ratios((0.7, 0.1, 0.2))).tolist()


def test_leaks_between_given_splits_are_told(tmp_path):
    root = photos(tmp_path / "p", {"train/a": 12, "train/b": 12, "test/b": 5})
    (root / "test/a").mkdir()
    (root / "test/a/0.png").write_bytes((root / "train/a/0.png").read_bytes())
    assert any("1 of 6 images in test are (near-)duplicates" in note for note in prepare(root).notes)


def test_a_half_filled_or_missing_train_split_is_refused(tmp_path):
    root = photos(tmp_path / "p", {"a": 12, "b": 12})
    rows = [f"p/{c}/{i}.png,{c}," for c in "ab" for i in range(12)]
    (tmp_path / "half.csv").write_text(
        "path,label,split\n" + "\n".join(row + "train" * (i < 9) for i, row in enumerate(rows))
    )
    with pytest.raises(InputError, match="none for 15 of 24"):
        prepare(tmp_path / "half.csv")
    (tmp_path / "test.csv").write_text("path,label,split\n" + "\n".join(row + "test" for row in rows))
    with pytest.raises(InputError, match="images to train on"):
        prepare(tmp_path / "test.csv")
    assert len(prepare(tmp_path / "half.csv", keep_split=False).labels) == 24
    assert Prepared.of(read_labels(root)).excluded == ()


def test_groups_of_a_csv_are_honoured_and_joined_by_copies(tmp_path):
    photos(tmp_path / "p", {"a": 30, "b": 30})
    (tmp_path / "p/a/1.png").write_bytes((tmp_path / "p/a/29.png").read_bytes())
    rows = [f"p/{c}/{i}.png,{c},{c}{i // 3}" for c in "ab" for i in range(30)]
    (tmp_path / "g.csv").write_text("path,label,group\n" + "\n".join(rows))
    found = prepare(tmp_path / "g.csv")
    items = found.labels.items
    assert all(len(set(items.split[items.group == g].tolist())) == 1 for g in set(items.group.tolist()))
    assert (items.group == "a0").sum() == 6
    assert any("joined" in note for note in found.notes)


def test_monkeys_leak(real_data):
    found = prepare(real_data / "monkeys10", keep_split=False)
    assert (
        counts_of(found.labels).tolist()
        == targets(np.bincount(found.labels.label).tolist(), check_ratios((0.7, 0.1, 0.2))).tolist()
    )
    assert not found.excluded
    items = found.labels.items
    tied = [g for g in set(items.group.tolist()) if g]
    assert len(tied) > 100
    assert all(len(set(items.split[items.group == g].tolist())) == 1 for g in tied)
