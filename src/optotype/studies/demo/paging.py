"""The tour's page: what was declared, what was found, and the reports of its legs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from optotype.runs import RunFolder
from optotype.studies.demo.records import DemoFile, LegRecord
from optotype.studies.prefixing import prefixed
from optotype.tasks.wording import percent, plural
from optotype.views import Cell, Code, Column, Page, Picture, Section, Sentence, Sheet, Table, Tile, Verdict, View

PageOf = Callable[[RunFolder], Page]


@dataclass(frozen=True)
class Titles:
    """What a leg examines: ``model`` in the middle of a sentence, ``subject`` at its start, ``unit`` its items, and
    ``heads`` its sections.
    """

    model: str
    subject: str
    unit: str
    heads: str


TITLES = {
    "classify": Titles("classifier", "A simulated classifier", "images", "Simulated classifier: "),
    "detect": Titles("detector", "A simulated detector", "images", "Simulated detector: "),
    "track": Titles("tracker", "ByteTrack on simulated detections", "frames", "ByteTrack: "),
    "segment": Titles("segmentation", "A simulated segmentation", "images", "Simulated segmentation: "),
}
"""Task → what its leg is called."""


def demo_page(folder: RunFolder, kept: DemoFile, page_of: PageOf) -> Page:
    """One page of the whole tour; ``page_of`` gives the page of a leg's own folder."""
    sentences = [sentence for leg in kept.legs for sentence in _sentences(folder.path, leg, page_of)]
    sections = [Section("verdict", "Verdict", [Verdict(sentences)]), _world(folder.path, kept)]
    for leg in kept.legs:
        sections.append(_declared(leg))
        sections += _of(folder.path / leg.simulated, f"{leg.task}-simulated-", page_of, TITLES[leg.task].heads)
        if leg.compared:
            sections += _of(folder.path / leg.compared, f"{leg.task}-compared-", page_of, "Compared: ")
        if leg.crossed:
            sections += _of(folder.path / leg.crossed, f"{leg.task}-crossed-", page_of, "Both domains: ")
        if leg.trained:
            sections += _of(folder.path / leg.trained, f"{leg.task}-trained-", page_of, "Trained: ")
        if leg.trained_crossed:
            title = "Trained, both domains: "
            sections += _of(folder.path / leg.trained_crossed, f"{leg.task}-trained-crossed-", page_of, title)
    sections.append(Section("provenance", "Provenance", [Code(kept.command or "optotype demo", title="Command")]))
    return Page("The tour", sections, "models examined on an embedded street, with no data of yours and no network")


def _sentences(root: Path, leg: LegRecord, page_of: PageOf) -> list[Sentence]:
    titles, table = TITLES[leg.task], f"{leg.task}-declared"
    found = sum(bool(finding.told) for finding in leg.findings)
    count = "all of them" if found == len(leg.findings) else f"{found} of them"
    head = (
        f"{titles.subject} with {plural(len(leg.findings), 'declared fault')} was examined on "
        f"{leg.items:,} {titles.unit}; the explanation, which knows nothing of them, names {count}."
    )
    said = [Sentence(head, "good" if found == len(leg.findings) else "caution", table)]
    prefix = f"{leg.task}-simulated-"
    said += [
        Sentence(f"{f.says} Found: {f.told}", "caution", (f"{leg.task}-crossed-" if f.across else prefix) + f.target)
        for f in leg.findings
        if f.told
    ]
    if leg.compared:
        first = _verdict(page_of(RunFolder(root / leg.compared)))
        said += [msgspec.structs.replace(s, target=f"{leg.task}-compared-{s.target}") for s in first[:1]]
    for where, name, what in (
        (leg.trained, "trained", "Of the trained ones" if leg.task == "classify" else "Trained"),
        (leg.trained_crossed, "trained-crossed", "Trained, from one domain to the other"),
    ):
        if where:
            first = _verdict(page_of(RunFolder(root / where)))
            said += [
                msgspec.structs.replace(s, text=f"{what} – {s.text}", target=f"{leg.task}-{name}-{s.target}")
                for s in first[:1]
            ]
    return said


def _verdict(page: Page) -> list[Sentence]:
    return [s for view in page.sections[0].views if isinstance(view, Verdict) for s in view.sentences]


def _world(root: Path, kept: DemoFile) -> Section:
    tiles = [Tile(Picture(str(root / path), 480), line) for path, line in kept.pictures]
    lead = (
        "Every image of the tour is drawn by Optotype: a street with people and vehicles in two kinds of city, in sun, "
        "rain, fog and dusk. What stands where is known to the pixel, so that an explanation can be judged: "
        "`optotype data get world` writes as much of it as you like."
    )
    return Section("world", "The world", [Sheet(tiles, per_row=4)], lead=lead.replace("`", "‘", 1).replace("`", "’"))


def _declared(leg: LegRecord) -> Section:
    columns = [Column("declared fault"), Column("found"), Column("what the explanation says")]
    rows: list[list[Cell]] = [[f.says, "yes" if f.told else "no", f.told or "–"] for f in leg.findings]
    labels = leg.labels
    if labels.planted:
        share = f"{labels.both} of the {labels.planted} swapped labels are among {plural(labels.suspects, 'suspect')}."
        rows.append([f"{labels.planted} labels of the truth are swapped.", "yes" if labels.both else "no", share])
    beside = ", ".join(leg.undeclared)
    caption = f"What is examined was made to fail in these ways; the explanation sees {leg.sees} only."
    if not leg.planted:
        caption += (
            f" It also holds these up, which were not declared: {beside}." if beside else " It holds up nothing else."
        )
    views: list[View] = [Table(columns, rows, caption=caption, id=f"{leg.task}-declared-table")]
    if leg.planted:
        views.append(_planted(leg))
    lead = "An exam is worth what it finds. Here the faults are known beforehand."
    return Section(f"{leg.task}-declared", f"Declared and found: the {TITLES[leg.task].model}", views, lead=lead)


def _planted(leg: LegRecord) -> Table:
    """Faults that were planted one by one, and what the events there are called."""
    columns = [
        Column(TITLES[leg.task].model),
        Column("declared fault"),
        Column("event"),
        Column("cause to be found"),
        Column("planted", "integer"),
        Column("became events", "integer"),
        Column("with that cause", "integer"),
        Column("share", "percent", bar=True),
        Column("the others"),
    ]
    rows: list[list[Cell]] = [
        [
            p.model, p.says, p.type, p.cause, p.planted, p.events, p.named, p.named / p.events if p.events else None,
            ", ".join(f"{cause} {n}" for cause, n in p.others.items()) or None,
        ]
        for p in leg.planted
    ]  # fmt: skip
    shares = ", ".join(f"{percent(share)} with {model}" for model, share in leg.unexplained.items())
    caption = (
        "A tracker copes with some faults, so that nothing comes of them; a tracker without such a limit "
        f"cannot be hit at all. Of all events, planted or not, no rule fits {shares}."
    )
    return Table(columns, rows, title="Planted, and what was found there", caption=caption, id=f"{leg.task}-planted")


def _of(path: Path, prefix: str, page_of: PageOf, title: str) -> list[Section]:
    """The sections of a leg's folder, without its provenance."""
    page = page_of(RunFolder(path))
    kept = [section for section in page.sections if section.id != "provenance"]
    return [prefixed(section, prefix, title) for section in kept]
