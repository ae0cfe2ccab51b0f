"""What judged things and their failures are called in each task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optotype.diagnose.causes.records import Slice
from optotype.views import Link


@dataclass(frozen=True)
class Words:
    """The words of a task.

    ``one`` and ``many`` of what is judged; it is ``failing`` (‘40 % are wrong’) and its ``failures`` are counted;
    ``meant`` says when it fails, where the word does not; ``called`` and ``any`` head and fill the column of what those
    of a slice are taken for; ``link`` opens its images.
    """

    one: str
    many: str
    failing: str
    failures: str
    meant: str
    called: str
    any: str
    link: Callable[[Slice], Link | None]


def _items(found: Slice) -> Link:
    wanted = {"outcome": "wrong", "truth": found.truth}
    return Link("images", wanted | ({"predicted": found.predicted} if found.predicted else {}))


def _objects(found: Slice) -> Link:
    """Errors are filed under the class of the detection, and objects that nothing finds under their own."""
    if found.predicted:
        return Link("events", {"type": "Cls", "class": found.predicted})
    return Link("events", {"type": "Loc" if found.fails else "Miss", "class": found.truth})


def _components(found: Slice) -> Link:
    """The images in which the class fares worst, and is mostly taken for what it is confused with."""
    return Link("cells", {"class": found.truth} | ({"taken for": found.predicted} if found.predicted else {}))


def _tracks(found: Slice) -> Link:  # noqa: ARG001 — misses of all classes stand together
    return Link("events", {"type": "FN"})


WORDS = {
    "classify": Words("item", "items", "wrong", "mistakes", "", "called", "anything else", _items),
    "detect": Words(
        "object",
        "objects",
        "missed",
        "misses",
        "Missed: no detection of its class at or above the score of the best F1 is matched to it at IoU 0.5. ",
        "taken for",
        "missed in any way",
        _objects,
    ),
    "track": Words(
        "object",
        "objects",
        "missed",
        "misses",
        "An object counts in every frame anew. Missed: no box of its class is matched to it at IoU 0.5. ",
        "taken for",
        "missed",
        _tracks,
    ),
    "segment": Words(
        "component",
        "components",
        "missed",
        "misses",
        "A component is a connected part of a class in the truth. Missed: less than half of its pixels are right. ",
        "taken for",
        "missed in any way",
        _components,
    ),
}
