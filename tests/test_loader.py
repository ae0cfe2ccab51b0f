"""The image cache under kills, rivals and full disks; batches that depend on (seed, epoch, row) alone; sheets."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.errors import InputError
from optotype.machine import usable_cores
from optotype.runs import RunFolder
from optotype.training import cache as caching
from optotype.training.augment import apply, draw
from optotype.training.cache import ImageCache
from optotype.training.config import Augment

torch = pytest.importorskip("torch")
from optotype.training.loader import AHEAD, IMAGENET_MEAN, IMAGENET_STD, Batches, level_table, shuffled  # noqa: E402
from optotype.training.sheets import Shown, write_sheets  # noqa: E402

SIZE = 16
AUGMENT = Augment(crop=0.5, flip=0.5, rotation=15, brightness=0.2, saturation=0.2, randaugment=1, erasing=0.5)


def make(folder: Path, n: int, side: int = 40) -> list[Path]:
    random = np.random.default_rng(n)
    paths = []
    for i in range(n):
        pixels = random.integers(0, 256, (side + i % 3, side + i % 5, 3), dtype=np.uint8)
        paths.append(folder / f"photo {i:03}.{'png' if i % 2 else 'jpg'}")
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    return make(tmp_path_factory.mktemp("photos"), 13)


@pytest.fixture(scope="module")
def memory(photos) -> ImageCache:
    return ImageCache.build(photos, SIZE, folder=None)


@pytest.fixture
def decoded(monkeypatch) -> list[Path]:
    """Every path decoded, in order."""
    seen: list[Path] = []
    decode = caching.images.decode_picture

    def recording(path, at_least=None):
        seen.append(Path(path))
        return decode(path, at_least)

    monkeypatch.setattr(caching.images, "decode_picture", recording)
    return seen


def batches(cache: ImageCache, index=None, **options) -> Batches:
    index = np.arange(len(cache)) if index is None else np.asarray(index)
    return Batches(cache, index, np.arange(len(cache)) % 3, **{"batch_size": 4, "threads": 2, **options})


def loader_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith(("optotype-loader", "optotype-decode"))]


# --- cache ---


def test_images_are_the_whole_photo_squeezed_with_antialiasing(tmp_path):
    path = tmp_path / "wide.png"
    ramp = np.linspace(0, 255, 90).round().astype(np.uint8)
    Image.fromarray(np.broadcast_to(ramp[None, :, None], (30, 90, 3)).copy()).save(path)
    image = ImageCache.build([path], 8, folder=None).get(0)
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    expected = Image.open(path).resize((8, 8), Image.Resampling.BILINEAR)
    assert (image == np.asarray(expected)).all()
    assert image[0, 0, 0] < 25
    assert image[0, 7, 0] > 230


def test_large_jpegs_decode_at_reduced_scale_to_nearly_the_same_picture(tmp_path):
    x = np.linspace(0, 6, 1200)
    pixels = (127 + 120 * np.sin(x)[None, :, None] * np.cos(x[:800])[:, None, None]).repeat(3, 2).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.jpg", quality=95)
    image = ImageCache.build([tmp_path / "large.jpg"], 64, folder=None).get(0)
    full = np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(image - full).mean() < 1.5


@pytest.mark.parametrize("stored", [True, False])
def test_each_photo_is_decoded_once(photos, tmp_path, decoded, stored):
    cache = ImageCache.build(photos, SIZE, folder=tmp_path if stored else None)
    assert cache.warnings == ()
    assert decoded == []
    first = [cache.get(i).copy() for i in range(len(photos))]
    assert [p.name for p in decoded] == [p.name for p in photos]
    assert all((cache.get(i) == first[i]).all() for i in range(len(photos)))
    assert len(decoded) == len(photos)


def test_a_later_run_finds_the_images_in_any_order(photos, tmp_path, decoded):
    ImageCache.build(photos, SIZE, folder=tmp_path, threads=3).fill()
    assert len(decoded) == len(photos)
    again = ImageCache.build([*photos[::-1], photos[3]], SIZE, folder=tmp_path)
    fresh = ImageCache.build(photos, SIZE, folder=None)
    decoded.clear()
    found = [again.get(i).copy() for i in range(len(again))]
    assert decoded == []
    assert all((image == fresh.get(i)).all() for i, image in enumerate(found[12::-1]))
    assert (found[13] == found[9]).all()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_changed_photo_or_size_is_another_request(tmp_path, decoded):
    paths = make(tmp_path, 2)
    old = ImageCache.build(paths, SIZE, folder=tmp_path / "c").get(0).copy()
    Image.new("RGB", (50, 50), "red").save(paths[0])
    os.utime(paths[0], ns=(0, 12345))
    assert (ImageCache.build(paths, SIZE, folder=tmp_path / "c").get(0) != old).any()
    assert ImageCache.build(paths, 9, folder=tmp_path / "c").get(0).shape == (9, 9, 3)
    assert len(decoded) == 3


def test_damaged_bytes_count_as_absent(photos, tmp_path, decoded):
    ImageCache.build(photos, SIZE, folder=tmp_path).fill()
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[-5] ^= 0xFF  # in the last image
    content[0] ^= 1  # in the first one's checksum
    file.write_bytes(content)
    decoded.clear()
    again, fresh = (ImageCache.build(photos, SIZE, folder=f) for f in (tmp_path, None))
    assert all((again.get(i) == fresh.get(i)).all() for i in range(len(photos)))
    assert sum(decoded.count(p) == 2 for p in photos) == 2
    assert len(decoded) == len(photos) + 2


def test_a_file_of_the_wrong_length_is_replaced(photos, tmp_path):
    ImageCache.build(photos, SIZE, folder=tmp_path).fill()
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    again, fresh = (ImageCache.build(photos, SIZE, folder=f) for f in (tmp_path, None))
    assert again.warnings == ()
    assert (again.get(12) == fresh.get(12)).all()


FILL = """
import sys
from pathlib import Path
from optotype.training.cache import ImageCache
paths = sorted(Path(sys.argv[1]).iterdir())
cache = ImageCache.build(paths, 32, folder=Path(sys.argv[2]), threads=2)
print("ready", flush=True)
sys.stdin.readline()
cache.fill()
"""


def start_filling(photos: Path, folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", FILL, photos, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


def go(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_two_processes_fill_one_file(tmp_path, decoded):
    (tmp_path / "photos").mkdir()
    paths = make(tmp_path / "photos", 24)
    rivals = [start_filling(tmp_path / "photos", tmp_path / "c") for _ in range(2)]
    for rival in rivals:
        go(rival)
    for rival in rivals:
        with rival:
            rival.communicate(timeout=60)
        assert rival.returncode == 0
    assert len(list((tmp_path / "c").iterdir())) == 1
    both, fresh = (ImageCache.build(paths, 32, folder=f) for f in (tmp_path / "c", None))
    assert all((both.get(i) == fresh.get(i)).all() for i in range(24))
    assert len(decoded) == 24  # the fresh ones only


def test_a_killed_process_leaves_a_sound_file(tmp_path, decoded):
    (tmp_path / "photos").mkdir()
    paths = make(tmp_path / "photos", 30, side=400)
    for wanted in (3, 9):
        victim = start_filling(tmp_path / "photos", tmp_path / "c")
        (file,) = (tmp_path / "c").iterdir()
        with victim:
            go(victim)
            while victim.poll() is None and np.count_nonzero(np.fromfile(file, np.uint64, 30)) < wanted:
                pass
            victim.send_signal(signal.SIGKILL)
    cache, fresh = (ImageCache.build(paths, 32, folder=f) for f in (tmp_path / "c", None))
    cache.fill()
    assert len(decoded) <= 21  # what the killed ones finished counts
    assert all((cache.get(i) == fresh.get(i)).all() for i in range(30))


def test_a_full_disk_means_memory_and_a_warning(photos, tmp_path, monkeypatch, decoded):
    monkeypatch.setattr(caching.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    cache = ImageCache.build(photos, SIZE, folder=tmp_path)
    assert "0 MiB free" in cache.warnings[0]
    assert "memory" in cache.warnings[1]
    cache.get(0)
    cache.get(0)
    assert len(decoded) == 1
    assert list(tmp_path.iterdir()) == []


def test_space_that_cannot_be_reserved_leaves_nothing_behind(photos, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    cache = ImageCache.build(photos, SIZE, folder=tmp_path)
    assert "No space left" in cache.warnings[0]
    assert list(tmp_path.iterdir()) == []


def test_without_fallocate_and_links_the_file_is_made_all_the_same(photos, tmp_path, monkeypatch, decoded):
    def refused(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refused, raising=False)
    monkeypatch.setattr(os, "link", refused)
    ImageCache.build(photos, SIZE, folder=tmp_path).fill()
    assert ImageCache.build(photos, SIZE, folder=tmp_path).warnings == ()
    assert len(list(tmp_path.iterdir())) == 1
    ImageCache.build(photos, SIZE, folder=tmp_path).fill()
    assert len(decoded) == len(photos)


def test_neither_disk_nor_memory_means_decoding_each_time(photos, tmp_path, monkeypatch, decoded):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(caching, "_memory", lambda: 1000)
    cache = ImageCache.build(photos, SIZE, folder=tmp_path / "file")
    assert len(cache.warnings) == 2
    assert "every epoch" in cache.warnings[1]
    cache.fill()
    assert (cache.get(2) == cache.get(2)).all()
    assert len(decoded) == 2
    assert [len(b.index) for b in batches(cache)] == [4, 4, 4, 1]


def test_files_that_no_run_opened_for_long_are_removed(photos, tmp_path):
    ImageCache.build(photos[:2], SIZE, folder=tmp_path)
    ImageCache.build(photos[:3], SIZE, folder=tmp_path)
    old, young = sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_size)
    (tmp_path / "mine.txt").write_text("kept")
    for path in (old, tmp_path / "mine.txt"):
        os.utime(path, (0, 0))
    ImageCache.build(photos[:4], SIZE, folder=tmp_path)
    left = set(tmp_path.iterdir())
    assert old not in left
    assert young in left
    assert tmp_path / "mine.txt" in left


def test_a_missing_photo_is_named(photos, tmp_path):
    with pytest.raises(InputError, match=r"gone\.jpg"):
        ImageCache.build([photos[0], tmp_path / "gone.jpg"], SIZE, folder=tmp_path)


def test_no_photos_at_all(tmp_path):
    assert list(batches(ImageCache.build([], SIZE, folder=tmp_path))) == []


# --- batches ---


def test_evaluation_pixels_equal_torchvisions_to_the_bit(memory):
    transforms = pytest.importorskip("torchvision.transforms")
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)])
    for batch in batches(memory):
        for image, row in zip(batch.images, batch.index, strict=True):
            assert torch.equal(image, plain(memory.get(row)))
        assert batch.labels.tolist() == [row % 3 for row in batch.index]
        assert batch.labels.dtype == torch.int64


@pytest.mark.parametrize("augment", [None, AUGMENT])
def test_bfloat16_is_float32_rounded_and_layouts_hold_the_same(memory, augment):
    plain = list(batches(memory, augment=augment))
    for options in ({"dtype": torch.bfloat16}, {"channels_last": False}):
        for a, b in zip(plain, batches(memory, augment=augment, **options), strict=True):
            assert torch.equal(a.images.to(b.images.dtype), b.images)
            last = b.images.is_contiguous(memory_format=torch.channels_last)
            assert last == options.get("channels_last", True)
            assert b.images.is_contiguous() != last


def test_augmented_batches_are_what_draw_and_apply_make(memory):
    table = level_table(IMAGENET_MEAN, IMAGENET_STD, torch.float32)
    for batch in batches(memory, augment=AUGMENT, shuffle=True, seed=5, epoch=2):
        draws = draw(AUGMENT, batch.index, size=SIZE, seed=5, epoch=2)
        for i, row in enumerate(batch.index):
            out = np.empty((SIZE, SIZE, 3), np.float32)
            apply(memory.get(row), draws, i, table, np.zeros(3, np.float32), out)
            assert (out == batch.images[i].permute(1, 2, 0).numpy()).all()


def test_threads_do_not_matter(memory):
    few = list(batches(memory, augment=AUGMENT, shuffle=True, threads=1))
    for a, b in zip(few, batches(memory, augment=AUGMENT, shuffle=True, threads=5), strict=True):
        assert torch.equal(a.images, b.images)
        assert (a.index == b.index).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 13), st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_ranks_share_each_batch_and_see_the_same_pixels(memory, n, size, world, start, shuffle):
    options = {"batch_size": size, "shuffle": shuffle, "augment": AUGMENT, "epoch": 3, "threads": 1}
    whole = list(batches(memory, np.arange(n), **options))
    assert sorted(row for b in whole for row in b.index) == list(range(n))
    assert len(whole) == -(-n // size)
    ranks = [batches(memory, np.arange(n), rank=r, world=world, start_batch=start, **options) for r in range(world)]
    assert {len(r) for r in ranks} == {max(len(whole) - start, 0)}
    for expected, *shares in zip(whole[start:], *ranks, strict=True):
        assert (np.concatenate([s.index for s in shares]) == expected.index).all()
        assert torch.equal(torch.cat([s.images for s in shares]), expected.images)
        assert torch.equal(torch.cat([s.labels for s in shares]), expected.labels)
        lengths = [len(s.index) for s in shares]
        assert max(lengths) - min(lengths) <= 1


def test_thirteen_samples_on_two_ranks_with_an_empty_share(memory):
    seen = [[b.index.tolist() for b in batches(memory, rank=r, world=2, batch_size=4)] for r in range(2)]
    assert seen[0] == [[0, 1], [4, 5], [8, 9], [12]]
    assert seen[1] == [[2, 3], [6, 7], [10, 11], []]
    last = list(batches(memory, rank=1, world=2))[-1]
    assert last.images.shape == (0, 3, SIZE, SIZE)
    assert last.labels.shape == (0,)


@given(st.sets(st.integers(0, 10**6), min_size=2, max_size=30), st.integers(0, 2**64), st.integers(0, 99))
def test_order_is_a_permutation_that_keeps_its_parts(rows, seed, epoch):
    order = shuffled(np.array(sorted(rows)), seed=seed, epoch=epoch)
    assert set(order.tolist()) == rows
    some = np.array(sorted(rows)[::2])
    kept = order[np.isin(order, some)]
    assert (shuffled(some[::-1], seed=seed, epoch=epoch) == kept).all()


def test_every_epoch_and_seed_has_its_own_order():
    orders = {tuple(shuffled(np.arange(40), seed=s, epoch=e)) for s in range(4) for e in range(4)}
    assert len(orders) == 16
    first = [shuffled(np.arange(10), seed=0, epoch=e)[0] for e in range(500)]
    assert np.bincount(first, minlength=10).min() > 25


def test_a_photo_spoilt_in_between_is_named_and_threads_end(tmp_path):
    paths = make(tmp_path, 9)
    cache = ImageCache.build(paths, SIZE, folder=None)
    paths[5].write_bytes(paths[5].read_bytes()[:300])
    with pytest.raises(InputError, match="photo 005"):
        list(batches(cache))
    with pytest.raises(InputError, match="photo 005"):
        cache.fill()
    assert loader_threads() == []


def test_an_early_end_leaves_no_threads(memory):
    for _ in batches(memory):
        assert loader_threads()
        break
    assert loader_threads() == []
    try:
        for _ in batches(memory):
            raise KeyError  # as a training step might
    except KeyError:
        pass
    deadline = time.time() + 5
    while loader_threads() and time.time() < deadline:
        time.sleep(0.01)
    assert loader_threads() == []


def test_only_a_few_batches_are_made_ahead(photos, decoded):
    passing = iter(batches(ImageCache.build(photos * 3, SIZE, folder=None), batch_size=2))
    next(passing)
    time.sleep(0.2)
    assert len(decoded) <= 2 * AHEAD
    passing.close()


def test_misuse_is_refused(memory):
    with pytest.raises(ValueError, match="13 rows, got 12"):
        Batches(memory, np.arange(3), np.zeros(12, np.int32), batch_size=2)
    with pytest.raises(ValueError, match="float16"):
        batches(memory, dtype=torch.float16)


def test_cores_are_counted():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


# --- sheets ---


def test_sheets_show_the_first_batch_and_the_first_epochs(memory, tmp_path):
    folder = RunFolder(tmp_path)
    labels = np.arange(13) % 2
    classes = ["<script>'", "Ussuri 🐅"]
    options = {"augment": AUGMENT, "seed": 3, "batch_size": 8}
    write_sheets(folder, memory, np.arange(13), Shown([classes[i] for i in labels]), **options, photos=2)
    sheet = json.loads((folder.sheets / "sheets.json").read_text())
    assert set(sheet) == {"batch", "augmentation"}
    rows = shuffled(np.arange(13), seed=3, epoch=0)
    assert [tile["label"] for tile in sheet["batch"]] == [classes[labels[row]] for row in rows[:8]]
    assert len(sheet["augmentation"]) == 2 * 8
    assert sheet["augmentation"][8]["label"] == f"{classes[labels[rows[1]]]} · original"
    original = Image.open(folder.sheets / sheet["augmentation"][8]["file"])
    assert np.abs(np.asarray(original.convert("RGB")).astype(int) - memory.get(rows[1])).mean() < 40  # lossy
    names = [tile["file"] for tiles in sheet.values() for tile in tiles]
    assert {p.name for p in folder.sheets.iterdir()} == {*names, "sheets.json"}
    versions = {(folder.sheets / tile["file"]).read_bytes() for tile in sheet["augmentation"][:8]}
    assert len(versions) == 8


def test_tiles_are_small_and_erased_parts_have_the_mean_colour(tmp_path):
    Image.new("RGB", (700, 500), "white").save(tmp_path / "white.png")
    cache = ImageCache.build([tmp_path / "white.png"], 400, folder=None)
    folder = RunFolder(tmp_path / "run")
    write_sheets(folder, cache, np.array([0]), Shown(["white"]), augment=Augment(erasing=1.0), seed=0, batch_size=32)
    tile = json.loads((folder.sheets / "sheets.json").read_text())["batch"][0]
    with Image.open(folder.sheets / tile["file"]) as image:
        assert max(image.size) == 256
        pixels = np.asarray(image.convert("RGB")).astype(int).reshape(-1, 3)
    grey = np.abs(pixels - np.array([124, 116, 104])).max(axis=1) < 12
    assert 0.01 < grey.mean() < 0.4
    assert (pixels.min(axis=1) > 240).mean() > 0.55
