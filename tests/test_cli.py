"""The command line as a user meets it: help, exit codes, messages, and what lies on disk afterwards."""

from __future__ import annotations

import csv
import errno
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

import optotype
from optotype import cli
from optotype.cli import COMMANDS, run

NAMES = ["ant", "bee", "cat <b>"]


def write_rows(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path


def read_rows(path: Path) -> list[tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [tuple(row) for row in csv.reader(stream)]


@pytest.fixture
def judged(tmp_path: Path) -> dict[str, Path]:
    """A truth of 120 items and two models' predictions, 60 % and 90 % right."""
    rng = np.random.default_rng(5)
    keys = [f"p{i:03}.jpg" for i in range(120)]
    truth = rng.integers(0, 3, 120)
    files = {
        "truth": write_rows(
            tmp_path / "truth.csv", [("path", "label"), *((k, NAMES[t]) for k, t in zip(keys, truth, strict=True))]
        )
    }
    for name, right in (("a", 0.6), ("b", 0.9)):
        said = np.where(rng.random(120) < right, truth, (truth + 1) % 3)
        scores = rng.dirichlet(np.ones(3), 120) * 0.3
        scores[np.arange(120), said] += 0.7
        rows = [(k, *(repr(float(s)) for s in row)) for k, row in zip(keys, scores, strict=True)]
        files[name] = write_rows(tmp_path / f"{name}.csv", [("path", *NAMES), *rows])
    return files


def evaluate(files: dict[str, Path], model: str, out: Path, *more: str) -> int:
    return run(["evaluate", "classify", str(files["truth"]), str(files[model]), "--out", str(out), *more])


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_is_complete_and_quick(command: str | None) -> None:
    words = [sys.executable, "-m", "optotype", *([command] if command else []), "--help"]
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - begin)
    assert "Example:" in done.stdout
    assert min(seconds) < 0.5


@pytest.mark.parametrize(
    "words",
    [
        ["evalute"],
        ["evaluate", "classify"],
        ["compare", "--what", "a", "b"],
        ["evaluate", "dance", "a", "b", "--out", "c"],
    ],
)
def test_wrong_usage_exits_with_2(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "Traceback" not in capfd.readouterr().err


def test_evaluate_writes_everything(judged: dict[str, Path], tmp_path: Path) -> None:
    assert evaluate(judged, "a", tmp_path / "out") == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "data.csv",
        "eval.json",
        "evidence.npz",
        "report.html",
        "space.json",
    }
    numbers = json.loads((tmp_path / "out" / "eval.json").read_text())
    assert numbers["format"] == "optotype.eval/1"
    low, value, high = (numbers["metrics"]["accuracy"][k] for k in ("low", "value", "high"))
    assert low < value < high
    assert 0.5 < value < 0.7


def test_json_has_stdout_for_itself(judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert evaluate(judged, "a", tmp_path / "out", "--json", "--no-report") == 0
    assert json.loads(capfd.readouterr().out)["task"] == "classify"
    assert not (tmp_path / "out" / "report.html").exists()


def test_numbers_are_byte_stable_except_provenance(judged: dict[str, Path], tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        assert evaluate(judged, "b", tmp_path / name, "--no-report") == 0
        raw = json.loads((tmp_path / name / "eval.json").read_text())
        del raw["provenance"]
        texts.append(json.dumps(raw))
    assert texts[0] == texts[1]
    assert (tmp_path / "one/evidence.npz").read_bytes() == (tmp_path / "two/evidence.npz").read_bytes()


def test_nothing_is_overwritten(judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert evaluate(judged, "a", tmp_path / "out", "--no-report") == 0
    before = (tmp_path / "out" / "eval.json").read_bytes()
    assert evaluate(judged, "b", tmp_path / "out", "--no-report") == 1
    assert "expected: a new or empty folder" in capfd.readouterr().err
    assert (tmp_path / "out" / "eval.json").read_bytes() == before


def test_measuring_loads_no_torch(judged: dict[str, Path], tmp_path: Path) -> None:
    words = ["evaluate", "classify", str(judged["truth"]), str(judged["a"]), "--out", str(tmp_path / "o")]
    code = (
        "import sys; from optotype.cli import run; "
        f"assert run({words!r}) == 0; "
        "heavy = {'torch','sklearn','matplotlib','pandas','cv2'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_compare_and_gate(judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for model in "ab":
        assert evaluate(judged, model, tmp_path / model, "--no-report") == 0
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert run(["compare", a, b, "--out", str(tmp_path / "cmp")]) == 0
    assert (tmp_path / "cmp" / "report.html").is_file()
    assert run(["compare", a, b, "--fail-if", "accuracy < -0.005"]) == 0
    assert run(["compare", b, a, "--fail-if", "accuracy < -0.005"]) == 3
    capfd.readouterr()
    assert run(["compare", a, b, "--fail-if", "acuracy < 0"]) == 1
    assert "accuracy" in capfd.readouterr().err


def test_compare_prediction_files(judged: dict[str, Path], tmp_path: Path) -> None:
    words = ["compare", "--task", "classify", "--truth", str(judged["truth"]), "--out", str(tmp_path / "cmp")]
    assert run([*words, str(judged["a"]), str(judged["b"]), "--names", "old", "new"]) == 0
    assert (tmp_path / "cmp" / "comparison" / "report.html").is_file()


def test_compare_refuses_other_truth(
    judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(judged, "a", tmp_path / "a", "--no-report") == 0
    rows = read_rows(judged["truth"])
    rows[1] = (rows[1][0], next(n for n in NAMES if n != rows[1][1]))
    judged["truth"] = write_rows(tmp_path / "other.csv", rows)
    assert evaluate(judged, "b", tmp_path / "b", "--no-report") == 0
    assert run(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert "truth" in capfd.readouterr().err


@pytest.mark.parametrize("kind", ["md", "tex", "json"])
def test_report_as_text(kind: str, judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert evaluate(judged, "a", tmp_path / "a", "--no-report") == 0
    capfd.readouterr()
    assert run(["report", str(tmp_path / "a"), "--format", kind]) == 0
    assert "accuracy" in capfd.readouterr().out.lower()


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x.json"), 1, "free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "x.json"), 1, "permissions"),
        (KeyboardInterrupt(), 130, "--resume"),
        (MemoryError(), 1, "memory"),
    ],
)
def test_trouble_of_the_machine(
    error: BaseException, code: int, says: str, judged: dict[str, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("optotype.results.save", fail)
    assert evaluate(judged, "a", tmp_path / "out", "--no-report") == code
    message = capfd.readouterr().err
    assert says in message
    assert "Traceback" not in message


def test_our_bug_leaves_a_crash_file(
    judged: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("optotype.results.save", fail)
    assert evaluate(judged, "a", tmp_path / "out", "--no-report") == 70
    [crash] = tmp_path.glob("optotype-crash-*.txt")
    assert "ZeroDivisionError: a bug" in crash.read_text()
    assert str(crash) in capfd.readouterr().err


def spoil(files: dict[str, Path], column: int, value: str | None, *, twice: bool = False, drop: bool = False) -> None:
    rows = read_rows(files["a"])
    if value is not None:
        changed = list(rows[3])
        changed[column] = value
        rows[3] = tuple(changed)
    if twice:
        rows.append(rows[3])
    if drop:
        del rows[3]
    write_rows(files["a"], rows)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"column": 1, "value": "nan"}, "line 4"),
        ({"column": 1, "value": "0.9999"}, "sum"),
        ({"column": 0, "value": "nobody.jpg"}, "nobody.jpg"),
        ({"column": 0, "value": None, "twice": True}, "p002.jpg"),
        ({"column": 0, "value": None, "drop": True}, "p002.jpg"),
        ({"column": 1, "value": "many"}, "many"),
    ],
)
def test_bad_predictions_are_named(
    change: dict[str, object], says: str, judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil(judged, **change)  # type: ignore[arg-type]
    assert evaluate(judged, "a", tmp_path / "out") == 1
    message = capfd.readouterr().err
    assert says in message
    for word in ("expected:", "got:", "to do:"):
        assert word in message


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_bad_truth(what: str, judged: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    judged["truth"] = tmp_path / "nothing"
    if what == "empty":
        judged["truth"].mkdir()
    assert evaluate(judged, "a", tmp_path / "out") == 1
    assert "to do:" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_public_names_are_exact() -> None:
    assert sorted(optotype.__all__) == optotype.__all__
    for name in optotype.__all__:
        assert getattr(optotype, name) is not None
    with pytest.raises(AttributeError):
        _ = optotype.nothing


def test_every_command_is_a_function_of_its_module() -> None:
    for name in COMMANDS:
        assert callable(getattr(importlib.import_module(f"optotype.cli.{name}"), name))


def test_commands_page_is_current() -> None:
    folder = Path(__file__).parents[1] / "docs"
    sys.path.insert(0, str(folder))
    try:
        build = importlib.import_module("build")
    finally:
        sys.path.remove(str(folder))
    assert (folder / "commands.md").read_text(encoding="utf-8") == build.commands(), "run: python docs/build.py"


def test_result_survives_its_own_reader(judged: dict[str, Path], tmp_path: Path) -> None:
    from optotype import results

    assert evaluate(judged, "a", tmp_path / "out", "--no-report") == 0
    result = results.load(tmp_path / "out" / "eval.json")
    assert results.encode(result) == (tmp_path / "out" / "eval.json").read_bytes()
    assert msgspec.json.decode(results.encode(result))["per_class"][0]["class"] == NAMES[0]


def test_main_exits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["optotype", "--version"])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 0


def test_titles_and_captions_are_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    from optotype.cli import console

    table = Table("a", "b", title="a title [that] is wider", caption="a caption that is wider", box=None)
    table.add_row("1", "2")
    console.table(table)
    said = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert (said[0], said[-1], len(said)) == ("a title [that] is wider", "a caption that is wider", 4)
