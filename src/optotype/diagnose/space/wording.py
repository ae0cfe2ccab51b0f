"""A feature space in sentences."""

from __future__ import annotations

from optotype.diagnose.space.records import Share, Space
from optotype.tasks.wording import percent, plural, quoted, within
from optotype.views import Sentence

SPLITS = {"train": "training", "val": "validation", "test": "test"}

TRUSTED = 0.8
"""Accuracy below which a model's doubts about labels are said to be weak."""


def sentences(space: Space) -> list[Sentence]:
    """Up to three sentences: how well the features part the classes, where the mistakes lie, which labels to doubt."""
    found = [_parted(space), _nearer(space), _suspects(space)]
    return [sentence for sentence in found if sentence is not None]


def split_name(split: str) -> str:
    """A split's name in a sentence.

    >>> split_name("val")
    'validation'
    """
    return SPLITS.get(split, split)


def _parted(space: Space) -> Sentence | None:
    around = space.surroundings
    if around.value is None:
        return None
    text = (
        f"Of the {space.k} {split_name(space.centroids_of)} images nearest to a {split_name(space.judged)} image in "
        f"the feature space, {_percent(around)} are of its class (by chance {percent(space.surroundings_chance, 0)})."
    )
    return Sentence(text, "neutral", "space")


def _nearer(space: Space) -> Sentence | None:
    nearer = space.nearer
    if nearer.value is None:
        return None
    n = round(nearer.value * nearer.n)
    text = (
        f"{n:,} of {plural(nearer.n, 'mistake')} ({_percent(nearer)}) lie nearer to the centre of the class that they "
        "were given than to that of their own"
    )
    if n == nearer.n:
        return Sentence(text + ".", "neutral", "centroids")
    rest = nearer.n - n
    text += f"; the other {rest:,} lie nearer to their own, and the last layer decides otherwise."
    return Sentence(text, "neutral", "centroids")


def _suspects(space: Space) -> Sentence | None:
    if not space.suspects:
        return None
    first = space.suspects[0]
    images = plural(space.items, f"{split_name(space.judged)} image".strip())
    accuracy = 1 - space.mistakes_total / space.items
    text = (
        f"{plural(space.suspects_total, 'label')} of {images} may be wrong, first of all that of {quoted(first.key)}: "
        f"labelled {quoted(first.given)}, to the model it looks like {quoted(first.suggested)}"
        f"{', as do its neighbours' if space.dimensions else ''}."
    )
    if accuracy < TRUSTED:
        text += f" The model is right on {percent(accuracy, 0)} only, so most of these can be its own mistakes."
    return Sentence(text, "caution", "suspects")


def _percent(share: Share) -> str:
    assert share.value is not None
    return percent(share.value, 0) + within(share.low, share.high, 0)
