"""The theory pages: what stands on them is what their code gives, today."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("matplotlib")

THEORY = Path(__file__).parents[1] / "docs" / "theory"
SOURCES = sorted((THEORY / "source").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
every_page = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


@pytest.fixture(scope="module")
def build() -> ModuleType:
    sys.path.insert(0, str(THEORY.parent))
    try:
        return importlib.import_module("build")
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def made(build: ModuleType) -> dict[str, str]:
    """All pages and figures, built now."""
    return {name: text for source in SOURCES for name, text in build.theory(source).items()}


@every_page
def test_page_is_what_its_source_gives(source: Path, made: dict[str, str]) -> None:
    assert (THEORY / source.name).read_text(encoding="utf-8") == made[source.name], "run: python docs/build.py"


def test_figures_are_what_the_pages_draw(made: dict[str, str]) -> None:
    """The same elements at the same places; another processor may round the last digit of a coordinate otherwise."""
    figures = {name for name in made if name.endswith(".svg")}
    assert {f"figures/{path.name}" for path in (THEORY / "figures").iterdir()} == figures
    for name in figures:
        kept = (THEORY / name).read_text(encoding="utf-8")
        assert NUMBER.sub("#", kept) == NUMBER.sub("#", made[name]), "run: python docs/build.py"
        places = (np.array([float(n) for n in NUMBER.findall(text)]) for text in (kept, made[name]))
        np.testing.assert_allclose(*places, rtol=0, atol=0.01, err_msg=f"{name}: run python docs/build.py")


def test_every_page_has_a_source_and_stands_in_the_index(made: dict[str, str]) -> None:
    pages = {path.name for path in THEORY.glob("*.md")}
    assert pages == {name for name in made if name.endswith(".md")}
    assert [name for name in pages - {"README.md"} if f"]({name})" not in made["README.md"]] == []


@every_page
def test_visible_blocks_run_as_they_stand(source: Path) -> None:
    """A reader who pastes the blocks of a page one after the other sees what the page shows."""
    matplotlib = importlib.import_module("matplotlib")
    namespace: dict[str, object] = {"__name__": "__main__"}
    with matplotlib.rc_context({"backend": "svg"}), np.printoptions(), warnings.catch_warnings():
        warnings.simplefilter("error")
        for code, shown in BLOCK.findall((THEORY / source.name).read_text(encoding="utf-8")):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, source.name, "exec"), namespace)
            assert printed.getvalue().rstrip() == shown.rstrip()
        importlib.import_module("matplotlib.pyplot").close("all")


@pytest.mark.parametrize(
    ("page", "number"),
    [
        ("cross-entropy", "2.302585"),
        ("cross-entropy", "| nats | e | 1.24323 |"),
        ("cross-entropy", "| bits | 2 | 1.79361 |"),
        ("cross-entropy", "| decimal digits | 10 | 0.53993 |"),
        ("convolution", " 2  0  −1\n−1  0   2\n−2  0   1\n"),
        ("convolution", "−1  −4  −2\n−1  −2  −3\n 1   5   2\n"),
        ("arithmetic", "380 + 2,460 + 1,691 + 62,464 + 5,130 = 72,125"),
        ("arithmetic", "10×122×122"),
    ],
)
def test_known_answers_are_computed_not_typed(page: str, number: str) -> None:
    assert number in (THEORY / f"{page}.md").read_text(encoding="utf-8")
    assert number.strip("| ") not in (THEORY / "source" / f"{page}.md").read_text(encoding="utf-8")


def write(folder: Path, text: str) -> Path:
    source = folder / "page.md"
    source.write_text(text, encoding="utf-8")
    return source


def test_how_a_page_is_built(build: ModuleType, tmp_path: Path) -> None:
    source = write(
        tmp_path,
        "# Title\n\n```python\nx = 2 / 3\nprint(x > 0)\n```\n\n```python hidden\ny = 7\nprint('not shown')\n```\n\n"
        "```python markdown\nprint('| a |')\n```\n\nIt is {{ x:.3f }}.\n\n```math\n\\frac{a}{b} = {{ y }}\n```\n",
    )
    (name, page), *figures = build.theory(source).items()
    assert (name, figures) == ("page.md", [])
    assert page.startswith("# Title\n\n*Made from [source/page.md](source/page.md) ")
    assert "```python\nx = 2 / 3\nprint(x > 0)\n```\n\n```text\nTrue\n```\n" in page
    assert "\n| a |\n\nIt is 0.667.\n\n```math\n\\frac{a}{b} = 7\n```\n" in page
    assert "y = 7" not in page
    assert "not shown" not in page


def test_a_figure_is_saved_with_its_text_and_code(build: ModuleType, tmp_path: Path) -> None:
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
    source = write(tmp_path, f'# Title\n\n```python figure="a rising line"\n{code}```\n')
    first, second = build.theory(source), build.theory(source)
    assert first == second
    assert set(first) == {"page.md", "figures/page-1.svg"}
    assert "![a rising line](figures/page-1.svg)" in first["page.md"]
    assert f"```python\n{code}```" in first["page.md"]
    assert "<dc:date>" not in first["figures/page-1.svg"]


@pytest.mark.parametrize("broken", ["```python\n\n1 / 0\n```\n", "```python\nimport numpy\n\nnumpy.log(0.0)\n```\n"])
def test_an_error_or_warning_stops_the_build_at_its_line(build: ModuleType, tmp_path: Path, broken: str) -> None:
    source = write(tmp_path, f"# Title\n\n{broken}")
    line = 1 + next(i for i, text in enumerate(source.read_text().splitlines()) if "0" in text)
    with pytest.raises((ZeroDivisionError, RuntimeWarning)) as caught:
        build.theory(source)
    last = caught.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(source), line)
