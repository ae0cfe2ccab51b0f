"""Ids made unique, so that sections of several runs fit on one page."""

from __future__ import annotations

from typing import Any

import msgspec

from optotype.views import (
    Cases,
    Chart,
    Frames,
    Gallery,
    LabelMaps,
    Link,
    Matrix,
    Scatter,
    Section,
    Sentence,
    Table,
    Timeline,
    Verdict,
    View,
)


def prefixed(section: Section, prefix: str, title: str = "") -> Section:
    """The section with ``prefix`` before every id and every reference, so that two of a kind fit on one page."""
    views = [_of_view(view, prefix) for view in section.views]
    return msgspec.structs.replace(section, id=prefix + section.id, title=title + section.title, views=views)


def view_id(view: View) -> str:
    """The id by which other views refer to it; empty where it has none."""
    named = (Table, Matrix, Chart, Gallery, Frames, LabelMaps, Scatter, Cases, Timeline)
    return view.id if isinstance(view, named) else ""


def _of_view(view: View, prefix: str) -> View:
    changes: dict[str, Any] = {}
    if view_id(view):
        changes["id"] = prefix + view_id(view)
    if isinstance(view, Matrix) and view.gallery:
        changes["gallery"] = prefix + view.gallery
    if isinstance(view, Table):
        changes["links"] = [_link(link, prefix) for link in view.links]
    if isinstance(view, Timeline):
        changes["lanes"] = [msgspec.structs.replace(lane, link=_link(lane.link, prefix)) for lane in view.lanes]
    if isinstance(view, Verdict):
        changes["sentences"] = [sentence_prefixed(sentence, prefix) for sentence in view.sentences]
    return msgspec.structs.replace(view, **changes) if changes else view


def _link(link: Link | None, prefix: str) -> Link | None:
    return None if link is None else msgspec.structs.replace(link, gallery=prefix + link.gallery)


def sentence_prefixed(sentence: Sentence, prefix: str) -> Sentence:
    """The sentence with its target prefixed."""
    return msgspec.structs.replace(sentence, target=prefix + sentence.target) if sentence.target else sentence
