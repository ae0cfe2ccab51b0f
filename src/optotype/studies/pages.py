"""The page of a run, an evaluation, a comparison, a study or a sweep, from nothing but what its folder holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from optotype import results
from optotype.diagnose.compare import sections as comparison_sections
from optotype.diagnose.compare import verdict as comparison_verdict
from optotype.diagnose.domains import sections as crossing_sections
from optotype.diagnose.domains import verdict as crossing_verdict
from optotype.diagnose.space import centroid_section
from optotype.diagnose.space.records import load_centroids
from optotype.errors import InputError
from optotype.runs import RunFolder
from optotype.studies import architectures, explained
from optotype.studies.crossing_records import CROSSING, CROSSING_FILE, CrossingFile
from optotype.studies.declared import STUDY_FILE, Declared, StudyFile
from optotype.studies.demo.paging import demo_page
from optotype.studies.demo.records import DEMO_FILE, DemoFile
from optotype.studies.judging import Judged, load
from optotype.studies.paired import COMPARISON_FILE, ComparisonFile
from optotype.studies.prefixing import prefixed, sentence_prefixed, view_id
from optotype.studies.run_sections import curve_sentences, data_section, pictures, provenance_section, training_section
from optotype.studies.sweep_records import SWEEP_FILE, Sweep
from optotype.studies.sweep_views import page as sweep_page
from optotype.tasks import task_of
from optotype.tasks.wording import plural
from optotype.training.config import Augment, TrainConfig
from optotype.views import (
    Cell,
    Code,
    Column,
    Page,
    Picture,
    Section,
    Sentence,
    Table,
    Verdict,
    View,
)  # fmt: skip

_BEST = {"classify": ("accuracy", "Most accurate"), "segment": ("miou", "Highest mean IoU")}
"""What a study's runs are told apart by, and how it is said."""

_NOUNS = {"segment": ("image", "pixel"), "track": ("sequence", "box")}
"""What items and objects of a task are called, where they have names of their own."""


def page(folder: RunFolder) -> Page:
    """The page of whatever the folder holds."""
    if (folder.path / SWEEP_FILE).is_file():
        return sweep_page(_read(folder.path / SWEEP_FILE, Sweep))
    if (folder.path / DEMO_FILE).is_file():
        return demo_page(folder, _read(folder.path / DEMO_FILE, DemoFile), page)
    if (folder.path / STUDY_FILE).is_file():
        return _study_page(folder)
    if (folder.path / COMPARISON_FILE).is_file():
        return _comparison_page(folder)
    if (folder.path / CROSSING_FILE).is_file():
        return _crossing_page(_read(folder.path / CROSSING_FILE, CrossingFile))
    if folder.eval.is_file() or folder.log.is_file():
        return _run_page(folder)
    raise InputError(
        str(folder.path), "a run, evaluation, comparison, crossing, study or sweep", "none of them", "Check the path."
    )


def _run_page(folder: RunFolder) -> Page:
    name = folder.path.resolve().name
    sections: list[Section] = []
    sentences: list[Sentence] = []
    if folder.eval.is_file():
        judged, picture = load(folder), pictures(folder)
        result, found = judged.result, judged.evidence
        record = task_of(result.task)
        sentences += explained.woven(record.verdict(result, found), folder, judged)
        sections += _with_explanation(record.sections(result, found, picture), folder, judged, picture)
    sentences += curve_sentences(folder)
    sections += [s for s in (training_section(folder), data_section(folder), provenance_section(folder)) if s]
    head = Section("verdict", "Verdict", [Verdict(sentences)])
    return Page(title=name, sections=[head, *sections] if sentences else sections, subtitle=_subtitle(folder))


def _with_explanation(
    sections: list[Section], folder: RunFolder, judged: Judged, picture: Callable[[str], Picture | None]
) -> list[Section]:
    """The task's own sections with the explanation after the numbers: where and why it fails, then the rest."""
    return [*sections[:1], *explained.sections(folder, judged, picture), *sections[1:]]


def _comparison_page(folder: RunFolder) -> Page:
    kept = _read(folder.path / COMPARISON_FILE, ComparisonFile)
    runs = [RunFolder(Path(path)) for path in kept.folders]
    head = Section("verdict", "Verdict", [Verdict(comparison_verdict(kept.comparison))])
    views = comparison_sections(kept.comparison, pictures(runs[0]))
    return Page(
        title=" vs ".join(kept.comparison.names),
        sections=[head, *views, *(s for s in map(provenance_section, runs[:1]) if s)],
        subtitle=f"comparison of {len(runs)} models on the same {_NOUNS.get(kept.comparison.task, ('item',))[0]}s",
    )


def _crossing_page(kept: CrossingFile) -> Page:
    """One model on two data sets; the sources of both stand at the end."""
    first, second = kept.crossing.names
    head = Section("verdict", "Verdict", [Verdict(crossing_verdict(kept.crossing))])
    found = [provenance_section(RunFolder(Path(path))) for path in kept.folders]
    origins = [
        prefixed(section, f"side-{i}-", f"{name}: ")
        for i, (name, section) in enumerate(zip(kept.crossing.names, found, strict=True))
        if section is not None
    ]
    again = [Section("command", "Command", [Code(kept.command)])] if kept.command else []
    return Page(
        title=f"{first} and {second}",
        sections=[head, *crossing_sections(kept.crossing), *origins, *again],
        subtitle=f"one model on two data sets, {plural(len(kept.crossing.compared), 'joint class', 'joint classes')}",
    )


def _study_page(folder: RunFolder) -> Page:
    kept = _read(folder.path / STUDY_FILE, StudyFile)
    runs = [RunFolder(folder.path / run.name) for run in kept.study.runs]
    done = [run for run in runs if run.eval.is_file()]
    sections: list[Section] = []
    if (folder.path / COMPARISON_FILE).is_file():
        comparison = _read(folder.path / COMPARISON_FILE, ComparisonFile).comparison
        sentences = [_best(done), *(sentence_prefixed(s, "compare-") for s in comparison_verdict(comparison))]
        sections.append(Section("verdict", "Verdict", [Verdict(sentences)]))
        sections.append(_runs_section(kept.study, done))
        sections += [prefixed(s, "compare-") for s in comparison_sections(comparison, pictures(done[0]))]
    else:
        sections.append(_runs_section(kept.study, done))
    if folder.centroids.is_file():
        sections.append(centroid_section(load_centroids(folder.centroids), pictures(done[0])))
    sections += [section for run in done for section in _across(run)]
    sections += [_one_run(run) for run in done]
    if kept.study.task == "segment":
        sections += _architectures(done)
    for run in done:
        if training := training_section(run):
            sections.append(prefixed(training, f"{run.path.name}-", f"{run.path.name}: "))
    sections += [s for s in (data_section(folder), _study_provenance(folder, kept)) if s]
    return Page(
        title=kept.study.title, sections=sections, subtitle=f"study {kept.study.name}, {plural(len(done), 'run')}"
    )


def _best(runs: Sequence[RunFolder]) -> Sentence:
    """What the best run reaches."""
    found = [(run, load(run)) for run in runs]
    key, words = _BEST[found[0][1].result.task]
    run, judged = max(found, key=lambda pair: pair[1].result.metrics[key].value or 0)
    first = task_of(judged.result.task).verdict(judged.result, judged.evidence)[0]
    return Sentence(f"{words}: {run.path.name}. {first.text}", first.tone, f"{run.path.name}-run")


def _across(run: RunFolder) -> list[Section]:
    """What another data set does to the run's model, as far as that was looked at."""
    file = run.path / CROSSING / CROSSING_FILE
    if not file.is_file():
        return []
    crossing = _read(file, CrossingFile).crossing
    head, *rest = crossing_sections(crossing)
    head = msgspec.structs.replace(head, views=[Verdict(crossing_verdict(crossing)), *head.views])
    name = run.path.name
    return [prefixed(section, f"{name}-across-", f"{name}: ") for section in (head, *rest)]


def _architectures(runs: Sequence[RunFolder]) -> list[Section]:
    """Of every run the curves in one plot and the layers."""
    found = [(run.path.name, architectures.section(run)) for run in runs]
    return [prefixed(section, f"{name}-one-", f"{name}: ") for name, section in found if section is not None]


def _one_run(run: RunFolder) -> Section:
    """Everything about one run of a study under one heading."""
    judged = load(run)
    result, found = judged.result, judged.evidence
    record = task_of(result.task)
    picture = pictures(run)
    sections = _with_explanation(record.sections(result, found, picture), run, judged, picture)
    # The sections become one, so that links to them must lead to a view inside.
    inside = {section.id: next(filter(None, map(view_id, section.views)), "run") for section in sections}
    sentences = [
        msgspec.structs.replace(sentence, target=inside.get(sentence.target, sentence.target))
        for sentence in [*explained.woven(record.verdict(result, found), run, judged), *curve_sentences(run)]
    ]
    views: list[View] = [Verdict(sentences), *(view for section in sections for view in section.views)]
    return prefixed(Section("run", run.path.name, views), f"{run.path.name}-")


def _runs_section(study: Declared, done: Sequence[RunFolder]) -> Section:
    """The runs with the settings in which they differ."""
    names = {run.path.name for run in done}
    runs = [run for run in study.runs if run.name in names]
    settings = {key: [_setting(run.config, key) for run in runs] for key in TrainConfig.__struct_fields__}
    shown = [key for key, values in settings.items() if key == "model" or len(set(values)) > 1]
    notes = any(run.note for run in runs)
    columns = [Column("run"), *([Column("what it is there for")] if notes else []), *map(Column, shown)]
    rows: list[list[Cell]] = [
        [run.name, *([run.note] if notes else []), *(settings[key][i] for key in shown)] for i, run in enumerate(runs)
    ]
    lead = "All runs were trained and judged on the same items in the same splits; settings not shown are the same."
    return Section("runs", "What was run", [Table(columns, rows)], lead=lead)


def _setting(config: TrainConfig, key: str) -> str:
    value = getattr(config, key)
    if not isinstance(value, Augment):
        return f"{value:g}" if isinstance(value, float) else str(value)
    changed = [
        (name, getattr(value, name))
        for name in value.__struct_fields__
        if getattr(value, name) != getattr(Augment(), name)
    ]
    return ", ".join(f"{name} {amount:g}" for name, amount in changed) or "none"


def _study_provenance(folder: RunFolder, kept: StudyFile) -> Section | None:
    runs = [RunFolder(folder.path / run.name) for run in kept.study.runs]
    section = next((s for s in map(provenance_section, runs) if s), None)
    if section is None:
        return None
    views = [view for view in section.views if not isinstance(view, Code)]
    return msgspec.structs.replace(section, views=[*views, Code(kept.command, title="Command")])


def _subtitle(folder: RunFolder) -> str:
    if not folder.eval.is_file():
        return "training goes on"
    result = results.load(folder.eval)
    n = result.n
    item, box = _NOUNS.get(result.task, ("item", "object"))
    boxes = f", {plural(n.truth, box, 'boxes' if box == 'box' else '')}" if n.truth != n.items else ""
    return f"{result.task}, {plural(n.items, item)}{boxes}, {plural(n.classes, 'class', 'classes')}"


def _read(path: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise InputError(str(path), f"what {kind.__name__} holds", str(error), "Make the folder anew.") from error
