"""``optotype explain RUN --versus RUN_B``: two folders in, one page out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from optotype import evidence, results
from optotype.cli import run
from optotype.diagnose.domains import sections, verdict
from optotype.errors import InputError
from optotype.runs import RunFolder
from optotype.studies.crossing import versus
from optotype.studies.crossing_records import CROSSING_FILE, CrossingFile
from optotype.studies.pages import page
from optotype.views import Matrix, Table
from test_domains import drawn, result_of

CLASSES = ("road", "sidewalk", "car", "person", "animal")


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    for name, right in (("north", 0.85), ("south", 0.7)):
        found = drawn(rng, 30, K=5, right=right, classes=CLASSES)
        (tmp_path / name).mkdir()
        results.save(result_of(found), tmp_path / name / "eval.json")
        evidence.save(found, tmp_path / name / "evidence.npz")
    return tmp_path / "north", tmp_path / "south"


def test_command(sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    north, south = sides
    before = [(side / "eval.json").read_bytes() for side in sides]
    out = tmp_path / "x"
    arguments = ["explain", str(north), "--versus", str(south), "--map-classes", "cityscapes", "--out", str(out)]
    assert run([*arguments, "--bootstrap", "100"]) == 0
    told = capsys.readouterr()
    assert "north: the joint classes cover 80.0 % of the labelled pixels; left out: animal" in told.out
    assert "Mean IoU over the 4 classes that both have" in told.out
    assert "Rider" not in told.out, "classes that neither side has are no part of it"
    assert (out / "report.html").is_file()
    kept = msgspec.json.decode((out / CROSSING_FILE).read_bytes(), type=CrossingFile)
    assert kept.crossing.names == ("north", "south")
    assert kept.command.startswith("optotype")
    assert [(side / "eval.json").read_bytes() for side in sides] == before, "the folders stay as they are"
    assert run(["report", str(out), "--format", "json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["format"] == "optotype.versus/1"
    assert run(["explain", str(north), "--versus", str(south), "--out", str(out)]) == 1
    assert "a new or empty folder" in capsys.readouterr().err


def test_page(sides: tuple[Path, Path], tmp_path: Path) -> None:
    found = versus(*sides, out=tmp_path / "x", names=("home", "away"), resamples=100, report=False)
    whole = page(RunFolder(tmp_path / "x"))
    assert whole.title == "home and away"
    ids = [section.id for section in whole.sections]
    assert ids[:3] == ["verdict", "domains", "domain-classes"]
    assert len(set(ids)) == len(ids)
    targets = {sentence.target for sentence in verdict(found)}
    views = {getattr(view, "id", "") for section in whole.sections for view in section.views}
    assert targets <= {*ids, *views}, "every sentence leads to the numbers behind it"
    matrices = [view for section in sections(found) for view in section.views if isinstance(view, Matrix)]
    assert [matrix.title for matrix in matrices] == ["home", "away"]
    assert matrices[0].names[-1] == "(no class)", "the model's other answers have a column"
    difference = next(
        view for s in sections(found) for view in s.views if getattr(view, "id", "") == "matrix-difference"
    )
    assert isinstance(difference, Table)
    for row in difference.rows:
        assert sum(float(cell) for cell in row[1:] if cell != "") == pytest.approx(0, abs=0.02)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "extra",
    [["--out", "x"], ["--map-classes", "idd"], ["--names", "a", "b"]],
)
def test_half_an_option_is_refused(
    extra: list[str], sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", str(sides[0]), *extra]) == 1
    assert "--versus" in capsys.readouterr().err


def test_names_must_differ(sides: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="different names"):
        versus(*sides, out=tmp_path / "x", names=("a", "a"))
    assert not (tmp_path / "x").exists(), "nothing is left of what failed"
