"""Run by CI in an environment with the core install alone: the tour, measuring, comparing and reporting need no extra.

Usage: python smoke_core.py FOLDER
"""

from __future__ import annotations

import csv
import json
import random
import sys
from importlib.util import find_spec
from pathlib import Path


def write(path: Path, truth: list[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "label"), *truth])


def main(folder: Path) -> None:
    from optotype.cli import run

    for package in ("torch", "sklearn", "scipy"):
        assert find_spec(package) is None, f"{package} is installed: this is not the core install"
    from optotype.theory import losses

    assert abs(losses.binary_cross_entropy(0.9, 0).value - 2.302585) < 1e-6
    assert run(["describe", "resnet18"]) == 1, "describing a torch model needs an extra, and says so"
    folder.mkdir(parents=True)
    rng = random.Random(0)
    names = ["ant", "bee", "cat"]
    truth = [(f"{i}.jpg", rng.choice(names)) for i in range(300)]
    write(folder / "truth.csv", truth)
    for model, share in (("a", 0.7), ("b", 0.9)):
        said = [(key, label if rng.random() < share else rng.choice(names)) for key, label in truth]
        write(folder / f"{model}.csv", said)
        arguments = ["evaluate", "classify", str(folder / "truth.csv"), str(folder / f"{model}.csv")]
        assert run([*arguments, "--out", str(folder / model)]) == 0
        assert (folder / model / "report.html").stat().st_size > 10_000
    assert run(["compare", str(folder / "a"), str(folder / "b"), "--out", str(folder / "cmp")]) == 0
    assert run(["compare", str(folder / "b"), str(folder / "a"), "--fail-if", "accuracy < -0.05"]) == 3
    assert run(["demo", "--out", str(folder / "demo")]) == 0
    legs = json.loads((folder / "demo" / "demo.json").read_bytes())["legs"]
    assert all(finding["told"] for leg in legs for finding in leg["findings"]), "a declared fault was not found"
    assert run(["train", "classify", "--data", "digits", "--model", "small_cnn"]) == 1
    assert run(["study", "wildlife", "--data", "digits"]) == 1
    loaded = sorted(name for name in ("torch", "sklearn", "scipy", "matplotlib") if name in sys.modules)
    assert not loaded, f"measuring loaded {loaded}"
    print("core install: the demo, evaluate, compare and report work")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
