"""A killed run goes on to the same bits."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from optotype.errors import InputError
from optotype.nn import checkpoints
from optotype.runs import RunFolder
from training_tools import photos, run, settings

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork need POSIX")

PROGRAM = Path(__file__).with_name("kill_and_resume.py")


def kill_and_resume(folder: Path, kills: int, threads: int) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(kills), str(threads)],
        capture_output=True, text=True, env=environment, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout


def test_killed_at_random_moments_and_in_each_kind_of_write(tmp_path: Path) -> None:
    assert "equal" in kill_and_resume(tmp_path, 4, 1)


@pytest.mark.slow
def test_twenty_kills_with_two_threads(tmp_path: Path) -> None:
    assert "equal" in kill_and_resume(tmp_path, 20, 2)


def test_interrupt_saves_the_state_and_resume_ends_with_the_same_bits(tmp_path: Path) -> None:
    import signal

    from optotype.training.train import train

    data = photos(tmp_path / "photos")
    whole = run(tmp_path, data, "whole", ema=0.9)
    before = signal.getsignal(signal.SIGINT)

    def interrupt(epoch: int, step: int, steps: int, loss: float) -> None:
        if (epoch, step) == (2, 2):
            signal.raise_signal(signal.SIGINT)

    folder = RunFolder(tmp_path / "cut")
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        train(data, settings(ema=0.9), folder, on_step=interrupt, say=lines.append, cache=tmp_path / "cache")
    assert "state is saved" in lines[-1]
    assert checkpoints.load(folder.checkpoints / "last.pt")["position"]["batch"] == 2
    assert signal.getsignal(signal.SIGINT) is before
    cut = run(tmp_path, data, "cut", resume=True, ema=0.9)
    assert folder.predictions.read_bytes() == whole.folder.predictions.read_bytes()
    assert [timeless(row) for row in cut.rows] == [timeless(row) for row in whole.rows]


def timeless(row: Any) -> dict[str, Any]:
    values = msgspec.to_builtins(row)
    del values["time"]
    return values


def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_is_used(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    whole = run(tmp_path, data, "whole")
    harmed = run(tmp_path, data, "harmed")
    last = harmed.folder.checkpoints / "last.pt"
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes(content)
    lines: list[str] = []
    from optotype.training.train import train

    train(data, settings(), harmed.folder, resume=True, say=lines.append, cache=tmp_path / "cache")
    assert any("checkpoint last.pt cannot be used" in line for line in lines)
    assert last.with_name("last.pt.damaged").exists()
    assert whole.folder.predictions.read_bytes() == harmed.folder.predictions.read_bytes()
    assert (harmed.folder.log.read_bytes().count(b"\n")) == 2


def test_any_flipped_bit_or_missing_end_of_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    state = {"weights": torch.arange(200.0), "epoch": 3}
    checkpoints.save(state, path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 37):
        path.write_bytes(whole[:place])
        with pytest.raises(InputError):
            checkpoints.load(path)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            found = checkpoints.load(path)
        except InputError:
            continue
        assert torch.equal(found["weights"], state["weights"])  # a bit that means nothing
        assert found["epoch"] == 3


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    torch.save({"format": checkpoints.FORMAT, "bad": Path("x")}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="a whole checkpoint"):
        checkpoints.load(tmp_path / "a.pt")


def test_a_newer_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"format": "optotype.checkpoint/2"}, tmp_path / "a.pt")
    with pytest.raises(InputError, match="newer version"):
        checkpoints.load(tmp_path / "a.pt")
    torch.save({"other": 1}, tmp_path / "b.pt")
    with pytest.raises(InputError, match="another file"):
        checkpoints.load(tmp_path / "b.pt")


def test_resume_refuses_other_settings_and_other_data(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    run(tmp_path, data)
    with pytest.raises(InputError, match=r"--resume, lr"):
        run(tmp_path, data, resume=True, lr=0.5)
    with pytest.raises(InputError, match="items, splits and labels"):
        run(tmp_path, data.take(range(len(data) - 1)), resume=True)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a folder without a run"):
        run(tmp_path, data)


def test_the_order_of_the_items_does_not_matter(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    one = run(tmp_path, data, "one")
    two = run(tmp_path, data.take(list(range(len(data)))[::-1]), "two")  # type: ignore[arg-type]
    assert one.folder.predictions.read_bytes() == two.folder.predictions.read_bytes()


def test_a_full_disk_says_what_to_do_and_resume_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = photos(tmp_path / "photos")
    whole = run(tmp_path, data, "whole")
    original, calls = checkpoints.replacing, [0]

    def full(path: Path) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return original(path)

    monkeypatch.setattr(checkpoints, "replacing", full)
    with pytest.raises(InputError, match=r"Free some space, then go on with --resume"):
        run(tmp_path, data, "full")
    run(tmp_path, data, "full", resume=True)
    assert (tmp_path / "full/predictions.npz").read_bytes() == whole.folder.predictions.read_bytes()


def test_resume_after_the_end_changes_nothing(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    done = run(tmp_path, data)
    before = {p: p.read_bytes() for p in (done.folder.predictions, done.folder.log, done.folder.curves)}
    again = run(tmp_path, data, resume=True)
    assert len(again.rows) == 2
    assert {p: p.read_bytes() for p in before} == before
