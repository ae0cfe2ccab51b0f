"""The documentation: its Python runs, its tables hold what the code holds, its links lead somewhere."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from optotype import metrics
from optotype.cli import COMMANDS
from optotype.data import check_classes, check_copies, check_files, check_pictures, duplicates, inspection
from optotype.diagnose.learning_curves import RULE
from optotype.training.config import TrainConfig
from optotype.training.settings import FIELDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
LINKING = [*PAGES, *sorted((DOCS / "theory").glob("*.md"))]
"""Also the pages of theory, whose code is run when they are built."""
NAMES = ("ant", "bee", "cat")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^(```+).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def write_rows(path: Path, rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with what the pages' examples speak of: truth.csv, predictions.csv, other.csv and photos/."""
    rng = np.random.default_rng(0)
    keys = [f"{i:03}.jpg" for i in range(120)]
    truth = rng.integers(0, 3, 120)
    write_rows(tmp_path / "truth.csv", [["path", "label"], *([k, NAMES[t]] for k, t in zip(keys, truth, strict=True))])
    for name, right in (("predictions", 0.7), ("other", 0.9)):
        said = np.where(rng.random(120) < right, truth, (truth + 1) % 3)
        scores = rng.dirichlet(np.ones(3), 120) * 0.3
        scores[np.arange(120), said] += 0.7
        rows = [[k, *map(repr, row)] for k, row in zip(keys, scores.tolist(), strict=True)]
        write_rows(tmp_path / f"{name}.csv", [["path", *NAMES], *rows])
    for name in NAMES:
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_python_blocks_run(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page are one program, run in a process of its own, as by a reader."""
    if re.search(r"optotype\.(train|describe)\(", "".join(blocks(page))):
        pytest.importorskip("timm")
    program = workplace / f"{page.stem}.py"
    program.write_text("\n".join(blocks(page)), encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(workplace / "cache"))
    done = subprocess.run([sys.executable, program.name], cwd=workplace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_page_of_the_manual_has_an_example_that_runs() -> None:
    assert {"README.md", "data.md", "training.md", "measuring.md", "python.md", "describing.md", "report.md"} <= {
        p.name for p in PAGES if blocks(p)
    }


def table(page: str, header: str) -> list[list[str]]:
    """The cells of the table whose header line begins so."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {header} |")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return rows


def test_metrics_table_is_metrics() -> None:
    rows = {row[0]: row[3] for row in table("measuring.md", "key | formula")}
    assert rows == {measure.key: measure.better for measure in metrics.METRICS}


def test_settings_table_is_the_schema() -> None:
    config = TrainConfig(data="", model="")

    def default(name: str) -> str:
        value = config
        for part in name.split("."):
            value = getattr(value, part)
        return str(value) if isinstance(value, str | list) else msgspec.json.encode(value).decode()

    assert {row[0]: row[1] for row in table("training.md", "setting")} == {name: default(name) for name in FIELDS}


def test_findings_table_is_what_check_finds() -> None:
    modules = (check_classes, check_copies, check_files, check_pictures)
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in modules)
    kinds = set(re.findall(r'_finding\(\s*"(\w+)",', source))
    assert len(kinds) > 15
    assert {row[0] for row in table("data.md", "kind")} == kinds


def test_thresholds_are_those_of_the_code() -> None:
    found = {row[0]: row[2] for row in table("data.md", "kind")}
    assert f"within {duplicates.RADIUS} of 64 bits" in found["near_duplicates"]
    assert f"at least {duplicates.LEAST_CORRELATION}" in found["near_duplicates"]
    assert f"{check_classes.UNEVEN} times" in found["uneven"]
    assert f"{check_pictures.SIZE_FACTOR} times below" in found["size_outliers"]
    assert f"above {check_pictures.ASPECT:g}:1" in found["size_outliers"]
    assert f"under {inspection.LEAST_SIDE} pixels" in found["tiny"]
    assert f"less than {inspection.LEAST_DEVIATION:g} of 255" in found["uniform"]


def test_overfitting_rule_is_the_codes() -> None:
    text = (DOCS / "training.md").read_text(encoding="utf-8")
    quoted = " ".join(line[2:] for line in text.splitlines() if line.startswith("> "))
    assert quoted == RULE


def test_every_command_is_mentioned_outside_its_own_help() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "commands.md")
    assert [name for name in COMMANDS if f"optotype {name}" not in text] == []


def anchors(page: Path) -> set[str]:
    """Headings as GitHub's anchors."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, fragment = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(link)
    assert broken == []
