"""The tour's page: what was declared, what was found, and the reports of its legs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from optotype.runs import RunFolder
from optotype.studies.demo.records import DemoFile, LegRecord
from optotype.studies.prefixing import prefixed
from optotype.tasks.wording import plural
from optotype.views import Cell, Code, Column, Page, Picture, Section, Sentence, Sheet, Table, Tile, Verdict, View

PageOf = Callable[[RunFolder], Page]

TITLES = {"classify": "classifier", "detect": "detector"}
"""Task → what a model of it is called in a sentence."""


def demo_page(folder: RunFolder, kept: DemoFile, page_of: PageOf) -> Page:
    """One page of the whole tour; ``page_of`` gives the page of a leg's own folder."""
    sentences = [sentence for leg in kept.legs for sentence in _sentences(folder.path, leg, page_of)]
    sections = [Section("verdict", "Verdict", [Verdict(sentences)]), _world(folder.path, kept)]
    for leg in kept.legs:
        sections.append(_declared(leg))
        simulated = f"Simulated {TITLES[leg.task]}: "
        sections += _of(folder.path / leg.simulated, f"{leg.task}-simulated-", page_of, simulated)
        if leg.trained:
            sections += _of(folder.path / leg.trained, f"{leg.task}-trained-", page_of, "Trained: ")
    sections.append(Section("provenance", "Provenance", [Code(kept.command or "optotype demo", title="Command")]))
    return Page("The tour", sections, "models examined on an embedded street, with no data of yours and no network")


def _sentences(root: Path, leg: LegRecord, page_of: PageOf) -> list[Sentence]:
    model, table = TITLES[leg.task], f"{leg.task}-declared"
    found = sum(bool(finding.told) for finding in leg.findings)
    count = "all of them" if found == len(leg.findings) else f"{found} of them"
    head = (
        f"A simulated {model} with {plural(len(leg.findings), 'declared fault')} was examined on "
        f"{leg.items:,} images; the explanation, which knows nothing of them, names {count}."
    )
    said = [Sentence(head, "good" if found == len(leg.findings) else "caution", table)]
    prefix = f"{leg.task}-simulated-"
    said += [Sentence(f"{f.says} Found: {f.told}", "caution", prefix + f.target) for f in leg.findings if f.told]
    if leg.trained:
        first = _verdict(page_of(RunFolder(root / leg.trained)))
        said += [
            msgspec.structs.replace(s, text=f"Of the trained ones – {s.text}", target=f"{leg.task}-trained-{s.target}")
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
    caption = f"The simulated model was made to fail in these ways; the explanation sees {leg.sees} only. " + (
        f"It also holds these up, which were not declared: {beside}." if beside else "It holds up nothing else."
    )
    views: list[View] = [Table(columns, rows, caption=caption, id=f"{leg.task}-declared-table")]
    lead = "An exam is worth what it finds. Here the faults are known beforehand."
    return Section(f"{leg.task}-declared", f"Declared and found: the {TITLES[leg.task]}", views, lead=lead)


def _of(path: Path, prefix: str, page_of: PageOf, title: str) -> list[Section]:
    """The sections of a leg's folder, without its provenance."""
    page = page_of(RunFolder(path))
    kept = [section for section in page.sections if section.id != "provenance"]
    return [prefixed(section, prefix, title) for section in kept]
