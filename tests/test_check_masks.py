"""``check`` of label maps: what is there, what is wrong, and the page with examples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import street_sets
from optotype.cli import console, main
from optotype.cli.check import LONGEST
from optotype.data.check import check
from optotype.errors import InputError


def spoil(root: Path) -> None:
    """Every fault once: an unknown colour, another size, no image, no label map, a damaged file, a grey mask."""
    labels = sorted((root / "train_labels").iterdir())
    pixels = np.asarray(Image.open(labels[0])).copy()
    pixels[5, 9] = (1, 2, 3)
    Image.fromarray(pixels).save(labels[0])
    Image.fromarray(np.asarray(Image.open(labels[1]))[:20]).save(labels[1])
    labels[2].write_bytes(b"\x89PNG nothing")
    Image.fromarray(np.zeros((64, 96), np.uint8)).save(labels[3])
    (root / "val" / "0006R0_000000.png").unlink()
    (root / "test_labels" / "0016E5_000000_L.png").unlink()


def test_every_fault_is_found_and_named(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid")
    spoil(root)
    found = check(root)
    kinds = {finding.kind: finding for finding in found.findings}
    assert found.task == "segment"
    assert kinds["unknown_values"].count == 1
    assert "x 9, y 5" in kinds["unknown_values"].examples[0]
    assert "1,2,3" in kinds["unknown_values"].examples[0]
    assert kinds["unreadable"].count == 2
    assert "96 × 20" in kinds["size"].examples[0]
    assert kinds["missing_image"].examples == ["val_labels/0006R0_000000_L.png"]
    assert kinds["missing_mask"].examples == ["test/0016E5_000000.png"]
    assert "empty_class" in kinds
    assert found.failed
    assert "with unknown values" in found.summary


def test_a_damaged_first_file_does_not_stop_it(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid")
    file = sorted((root / "train_labels").glob("*.png"))[0]
    file.write_bytes(b"\x89PNG and no more")
    found = check(root)
    assert [f.kind for f in found.findings if f.severity == "error"] == ["unreadable"]
    assert file.name in found.findings[0].examples[0]
    assert sum(row.pixels for row in found.classes) > 0


def test_pixels_and_images_are_counted(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid", n=2)
    found = check(root)
    files = [np.asarray(Image.open(file)) for file in root.glob("*_labels/*.png")]
    sky = [int((pixels == (128, 128, 128)).all(-1).sum()) for pixels in files]
    [row] = [row for row in found.classes if row.name == "Sky"]
    assert (row.pixels, row.n) == (sum(sky), sum(n > 0 for n in sky))
    assert row.splits == {"train": 2, "val": 2, "test": 2}
    assert found.masks is not None
    assert found.masks.pixels == sum(pixels.shape[0] * pixels.shape[1] for pixels in files)
    assert found.masks.sizes == {"96 × 64": 6}


def test_sequences_in_several_splits_are_a_warning(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid")
    for side, end in (("test", ""), ("test_labels", "_L")):
        (root / side / f"0016E5_000000{end}.png").rename(root / side / f"0001TP_000099{end}.png")
    [leak] = [finding for finding in check(root).findings if finding.kind == "leaks"]
    assert leak.severity == "warning"
    assert "0001TP" in leak.examples[0]


def test_polygons_that_cover_nothing_are_listed(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD", n=1)
    file = next((root / "gtFine").rglob("*.json"))
    told = json.loads(file.read_text())
    told["objects"] += [{"label": "car", "polygon": []}, {"label": "car", "polygon": [[900, 1], [950, 1], [950, 9]]}]
    file.write_text(json.dumps(told))
    [polygons] = [finding for finding in check(root).findings if finding.kind == "polygons"]
    assert polygons.count == 2
    assert any("outside the image" in text for text in polygons.examples)


def test_the_command_prints_a_table_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = street_sets.camvid(tmp_path / "CamVid", n=2)
    with pytest.raises(SystemExit) as stopped:
        main(["check", str(root), "--out", str(tmp_path / "page")])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert "CamVid, colours, 31 classes" in shown
    assert "share" in shown
    assert (tmp_path / "page" / "check.html").stat().st_size > 50_000
    painted = np.asarray(Image.open(next((tmp_path / "page" / "masks").rglob("*.png"))).convert("RGB"))
    assert (painted == (128, 128, 128)).all(-1).any()


@pytest.mark.parametrize("width", [75, 80, 200])
def test_bars_keep_to_the_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setattr(console, "out", console.Console(width=width, highlight=False))
    with pytest.raises(SystemExit):
        main(["check", str(street_sets.camvid(tmp_path / "CamVid", n=2))])
    rows = [line for line in capsys.readouterr().out.splitlines() if "█" in line]
    assert max(map(len, rows)) <= width
    bars = [line.count("█") for line in rows]
    assert not any("…" in line for line in rows)
    assert max(bars) == (LONGEST if width == 200 else max(bars))
    assert max(bars) > 0


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid", n=1)
    with pytest.raises(InputError, match="--images"):
        check(root, images=tmp_path)
    with pytest.raises(InputError, match="names"):
        check(root, classes=("a", "b"))
