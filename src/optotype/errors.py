"""The few errors of Optotype; each says where, what was expected, what was found, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec


class OptotypeError(Exception):
    """Base of every error that is meant to be read by a person. ``exit_code`` is what the command line returns."""

    exit_code = 70


class InputError(OptotypeError):
    """The user's data, file or setting is wrong.

    ``where`` names the file, line, row or option; ``fix`` is a sentence that says what to do.

    >>> print(InputError("truth.csv, line 3", "a class of the list", "'amur_tigr'", "Did you mean 'amur_tiger'?"))
    truth.csv, line 3
      expected: a class of the list
      got:      'amur_tigr'
      to do:    Did you mean 'amur_tiger'?
    """

    exit_code = 1

    def __init__(self, where: str, expected: str, got: str, fix: str) -> None:
        self.where, self.expected, self.got, self.fix = where, expected, got, fix
        super().__init__(where, expected, got, fix)

    def __str__(self) -> str:
        return f"{self.where}\n  expected: {self.expected}\n  got:      {self.got}\n  to do:    {self.fix}"


class MissingExtraError(InputError):
    """A command needs packages that the core install leaves out; names the extra that brings them.

    >>> print(MissingExtraError("optotype train", "train", "torch").expected)
    the packages of the extra 'train' (torch is missing)
    """

    def __init__(self, where: str, extra: str, package: str) -> None:
        fix = f"pip install 'optotype[{extra}]'"
        if package in ("torch", "torchvision"):
            fix += (
                "; without a GPU the CPU-only wheels are much smaller: install torch and torchvision first "
                "from PyTorch's own 'cpu' wheel index (see https://pytorch.org/get-started)"
            )
        super().__init__(where, f"the packages of the extra '{extra}' ({package} is missing)", "none", fix)


def require(where: str, extra: str, *packages: str) -> None:
    """Raise MissingExtraError for the first of ``packages`` that is not installed; imports none of them.

    >>> require("optotype evaluate", "train", "json")
    """
    for package in packages:
        if find_spec(package) is None:
            raise MissingExtraError(where, extra, package)


_BROKEN = {"cv2": "pip uninstall opencv-python opencv-contrib-python, then pip install --force-reinstall "
                 "opencv-python-headless, which needs no libraries of a desktop"}  # fmt: skip
"""What helps most where a package is there but cannot be loaded."""


def load(where: str, extra: str, package: str) -> None:
    """Import a package of an extra: MissingExtraError where it is missing, InputError where it cannot be loaded.

    >>> load("optotype track", "video", "json")
    """
    require(where, extra, package)
    try:
        import_module(package)
    except (ImportError, OSError) as error:
        expected = f"the packages of the extra '{extra}' ({package} cannot be loaded)"
        fix = _BROKEN.get(package, f"pip install --force-reinstall 'optotype[{extra}]'")
        raise InputError(where, expected, str(error), f"{fix}.") from error


class TrainingError(OptotypeError):
    """Training cannot go on (a non-finite loss, say); what was reached so far is saved."""

    exit_code = 1


def and_more(rest: int, what: str = "") -> str:
    """What follows the first of several wrong things that are found; nothing where it is the only one.

    >>> and_more(1200, "such rows"), and_more(0, "such rows")
    (' (and 1,200 more such rows)', '')
    """
    return f" (and {rest:,} more {what}".rstrip() + ")" if rest > 0 else ""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A hint for a misspelt word, or the list of choices when nothing is near.

    >>> did_you_mean("resnet81", ["resnet18", "vgg16"])
    "Did you mean 'resnet18'?"
    >>> did_you_mean("x", ["b", "a"])
    'Choose one of: a, b.'
    """
    known = sorted(set(choices))
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    shown = ", ".join(known[:12]) + (f" … ({len(known)} in all)" if len(known) > 12 else "")
    return f"Choose one of: {shown}."
