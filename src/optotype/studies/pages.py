"""The page of a run, an evaluation, a comparison or a study, from nothing but what its folder holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from optotype import results
from optotype.diagnose import epochs, learning_curves
from optotype.diagnose.compare import sections as comparison_sections
from optotype.diagnose.compare import verdict as comparison_verdict
from optotype.errors import InputError
from optotype.formats import read_labels
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.declared import STUDY_FILE, Declared, StudyFile
from optotype.studies.judging import load
from optotype.studies.paired import COMPARISON_FILE, ComparisonFile
from optotype.tables import Labels
from optotype.tasks import TASKS
from optotype.training.config import Augment, TrainConfig
from optotype.training.settings import read_config
from optotype.views import (
    Axis,
    Cell,
    Chart,
    Code,
    Column,
    Gallery,
    Matrix,
    Page,
    Picture,
    Section,
    Sentence,
    Series,
    Sheet,
    Table,
    Tile,
    Verdict,
    View,
)  # fmt: skip


def page(folder: RunFolder) -> Page:
    """The page of whatever the folder holds."""
    if (folder.path / STUDY_FILE).is_file():
        return _study_page(folder)
    if (folder.path / COMPARISON_FILE).is_file():
        return _comparison_page(folder)
    if folder.eval.is_file() or folder.log.is_file():
        return _run_page(folder)
    raise InputError(str(folder.path), "a run, evaluation, comparison or study", "none of them", "Check the path.")


def _run_page(folder: RunFolder) -> Page:
    name = folder.path.resolve().name
    sections: list[Section] = []
    sentences: list[Sentence] = []
    if folder.eval.is_file():
        judged = load(folder)
        result, found = judged.result, judged.evidence
        record = TASKS[result.task]
        sentences += record.verdict(result, found)
        sections += record.sections(result, found, pictures(folder))
    sentences += _curve_sentences(folder)
    sections += [s for s in (_training_section(folder), _data_section(folder), _provenance_section(folder)) if s]
    head = Section("verdict", "Verdict", [Verdict(sentences)])
    return Page(title=name, sections=[head, *sections] if sentences else sections, subtitle=_subtitle(folder))


def _comparison_page(folder: RunFolder) -> Page:
    kept = _read(folder.path / COMPARISON_FILE, ComparisonFile)
    runs = [RunFolder(Path(path)) for path in kept.folders]
    head = Section("verdict", "Verdict", [Verdict(comparison_verdict(kept.comparison))])
    views = comparison_sections(kept.comparison, pictures(runs[0]))
    return Page(
        title=" vs ".join(kept.comparison.names),
        sections=[head, *views, *(s for s in map(_provenance_section, runs[:1]) if s)],
        subtitle=f"comparison of {len(runs)} models on the same items",
    )


def _study_page(folder: RunFolder) -> Page:
    kept = _read(folder.path / STUDY_FILE, StudyFile)
    runs = [RunFolder(folder.path / run.name) for run in kept.study.runs]
    done = [run for run in runs if run.eval.is_file()]
    sections: list[Section] = []
    if (folder.path / COMPARISON_FILE).is_file():
        comparison = _read(folder.path / COMPARISON_FILE, ComparisonFile).comparison
        sentences = [_best(done), *(_to_prefixed(s, "compare-") for s in comparison_verdict(comparison))]
        sections.append(Section("verdict", "Verdict", [Verdict(sentences)]))
        sections.append(_runs_section(kept.study, done))
        sections += [prefixed(s, "compare-") for s in comparison_sections(comparison, pictures(done[0]))]
    else:
        sections.append(_runs_section(kept.study, done))
    sections += [_one_run(run) for run in done]
    for run in done:
        if training := _training_section(run):
            sections.append(prefixed(training, f"{run.path.name}-", f"{run.path.name}: "))
    sections += [s for s in (_data_section(folder), _study_provenance(folder, kept)) if s]
    return Page(title=kept.study.title, sections=sections, subtitle=f"study {kept.study.name}, {len(done)} runs")


def _best(runs: Sequence[RunFolder]) -> Sentence:
    """What the most accurate run reaches."""
    found = [(run, load(run)) for run in runs]
    run, judged = max(found, key=lambda pair: pair[1].result.metrics["accuracy"].value or 0)
    first = TASKS[judged.result.task].verdict(judged.result, judged.evidence)[0]
    return Sentence(f"Most accurate: {run.path.name}. {first.text}", first.tone, f"{run.path.name}-run")


def _one_run(run: RunFolder) -> Section:
    """Everything about one run of a study under one heading."""
    judged = load(run)
    result, found = judged.result, judged.evidence
    record = TASKS[result.task]
    sections = record.sections(result, found, pictures(run))
    # The sections become one, so that links to them must lead to a view inside.
    inside = {section.id: next(filter(None, map(_id, section.views)), "run") for section in sections}
    sentences = [
        msgspec.structs.replace(sentence, target=inside.get(sentence.target, sentence.target))
        for sentence in [*record.verdict(result, found), *_curve_sentences(run)]
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


def _curve_sentences(folder: RunFolder) -> list[Sentence]:
    rows = epochs.read(folder.log) if folder.log.is_file() else []
    return [learning_curves.verdict(rows).sentence] if rows else []


def _training_section(folder: RunFolder) -> Section | None:
    """Curves with the overfitting verdict, the sheets of images, and the settings."""
    rows = epochs.read(folder.log) if folder.log.is_file() else []
    if not rows:
        return None
    section = learning_curves.section(rows)
    return msgspec.structs.replace(section, views=[*section.views, *_sheets(folder), *_settings(folder)])


def _sheets(folder: RunFolder) -> list[View]:
    """The batch sheet, and the augmentation sheet where images are augmented at all."""
    index = folder.sheets / "sheets.json"
    if not index.is_file():
        return []
    found: dict[str, list[dict[str, str]]] = msgspec.json.decode(index.read_bytes())
    batch = _sheet(folder, found["batch"], "One training batch", "As the model sees it, with the label of each image.")
    if not folder.config.is_file() or read_config(folder.config).augment == Augment():
        return [batch]
    caption = "The photo as it is, then as the model sees it in the first epochs."
    return [batch, _sheet(folder, found["augmentation"], "Augmentation", caption)]


def _sheet(folder: RunFolder, tiles: list[dict[str, str]], title: str, caption: str) -> Sheet:
    shown = [Tile(Picture(str(folder.sheets / tile["file"])), tile["label"]) for tile in tiles]
    return Sheet(shown, per_row=8, title=title, caption=caption)


def _settings(folder: RunFolder) -> list[View]:
    return [Code(folder.config.read_text(encoding="utf-8"), title="Settings")] if folder.config.is_file() else []


def _data_section(folder: RunFolder) -> Section | None:
    """Class bars per split."""
    if not folder.data.is_file():
        return None
    labels = read_labels(folder.data)
    return Section(
        "data", "The data", [class_bars(labels)], lead=f"{len(labels):,} items, {len(labels.classes)} classes."
    )


def class_bars(labels: Labels) -> Chart:
    """Items per class in each split."""
    roles: dict[str, Any] = {"train": "train", "val": "validation", "test": "test", "": "a"}
    names = {"train": "train", "val": "validation", "test": "test", "": "items"}
    series = []
    for split in ("train", "val", "test", ""):
        inside = labels.items.split == split
        if inside.any():
            counts = np.bincount(labels.label[inside], minlength=len(labels.classes))
            x = [float(k) for k in range(len(counts))]
            series.append(Series(names[split], x, [float(c) for c in counts], role=roles[split]))
    return Chart(
        "bar",
        Axis("class", categories=list(labels.classes)),
        Axis("items", low=0, unit="count"),
        series,
        title="Items per class and split",
    )


def _provenance_section(folder: RunFolder) -> Section | None:
    rows: list[list[Cell]] = []
    command = ""
    if folder.eval.is_file():
        result = results.load(folder.eval)
        rows, command = _sources(result), result.provenance.command
    if folder.env.is_file():
        env: dict[str, Any] = msgspec.json.decode(folder.env.read_bytes())
        rows += [
            [key, value if isinstance(value, str) else msgspec.json.encode(value).decode()]
            for key, value in env.items()
        ]
    if not rows:
        return None
    views: list[View] = [Table([Column("what"), Column("value")], rows)]
    if command:
        views.append(Code(command, title="Command"))
    return Section("provenance", "Provenance", views)


def _sources(result: Result) -> list[list[Cell]]:
    origin = result.provenance
    return [
        ["truth", origin.truth.path],
        ["truth sha256", origin.truth.sha256],
        ["predictions", origin.predictions.path],
        ["predictions sha256", origin.predictions.sha256],
        ["optotype", origin.version],
        ["made", origin.created],
        ["protocol", msgspec.json.encode(result.protocol).decode()],
    ]


def _study_provenance(folder: RunFolder, kept: StudyFile) -> Section | None:
    runs = [RunFolder(folder.path / run.name) for run in kept.study.runs]
    section = next((s for s in map(_provenance_section, runs) if s), None)
    if section is None:
        return None
    views = [view for view in section.views if not isinstance(view, Code)]
    return msgspec.structs.replace(section, views=[*views, Code(kept.command, title="Command")])


def pictures(folder: RunFolder) -> Callable[[str], Picture | None]:
    """Item key → its image, from the manifest in the folder; None where there is none."""
    if not folder.data.is_file():
        return lambda key: None  # noqa: ARG005
    items = read_labels(folder.data).items
    row = {key: i for i, key in enumerate(items.key.tolist())}

    def picture(key: str) -> Picture | None:
        i = row.get(key)
        return None if i is None or not items.path[i] else Picture(str(items.file(i)))

    return picture


def prefixed(section: Section, prefix: str, title: str = "") -> Section:
    """The section with ``prefix`` before every id and every reference, so that two of a kind fit on one page."""
    views = [_prefixed(view, prefix) for view in section.views]
    return msgspec.structs.replace(section, id=prefix + section.id, title=title + section.title, views=views)


def _id(view: View) -> str:
    return view.id if isinstance(view, (Table, Matrix, Chart, Gallery)) else ""


def _prefixed(view: View, prefix: str) -> View:
    changes: dict[str, Any] = {}
    if _id(view):
        changes["id"] = prefix + _id(view)
    if isinstance(view, Matrix) and view.gallery:
        changes["gallery"] = prefix + view.gallery
    if isinstance(view, Table):
        changes["links"] = [
            None if link is None else msgspec.structs.replace(link, gallery=prefix + link.gallery)
            for link in view.links
        ]
    if isinstance(view, Verdict):
        changes["sentences"] = [_to_prefixed(sentence, prefix) for sentence in view.sentences]
    return msgspec.structs.replace(view, **changes) if changes else view


def _to_prefixed(sentence: Sentence, prefix: str) -> Sentence:
    return msgspec.structs.replace(sentence, target=prefix + sentence.target) if sentence.target else sentence


def _subtitle(folder: RunFolder) -> str:
    if not folder.eval.is_file():
        return "training goes on"
    result = results.load(folder.eval)
    return f"{result.task}, {result.n.items:,} items, {result.n.classes} classes"


def _read(path: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise InputError(str(path), f"what {kind.__name__} holds", str(error), "Make the folder anew.") from error
