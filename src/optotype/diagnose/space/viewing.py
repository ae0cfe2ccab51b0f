"""The report's sections about a feature space, drawn from the record alone."""

from __future__ import annotations

from collections.abc import Sequence

from optotype.diagnose.space.item_views import Pictures, Readings, mistake_section, small, suspect_section
from optotype.diagnose.space.records import CentroidTable, Embedding, Placed, Space
from optotype.diagnose.space.wording import sentences, split_name
from optotype.tasks.wording import plural
from optotype.views import (
    Cell,
    Cloud,
    Column,
    Note,
    Number,
    Numbers,
    Reading,
    Scatter,
    Section,
    Table,
    View,
)  # fmt: skip

__all__ = ["centroid_section", "sections", "sentences"]

POINT_PIXELS = 64


def _nothing(_key: str) -> None:
    return None


def _no_readings(_key: str) -> Sequence[Reading]:
    return ()


def sections(
    space: Space, picture: Pictures, readings: Readings = _no_readings, overlays: Pictures = _nothing
) -> list[Section]:
    """Sections ``mistakes``, ``space``, ``centroids`` and ``suspects``, where there are any.

    Each function takes an item's key: ``picture`` gives its image, ``readings`` its conditions against its class,
    ``overlays`` the heat map of the predicted class.
    """
    found = [mistake_section(space, picture, readings, overlays)] if space.mistakes else []
    if space.dimensions:
        found.append(_space(space, picture))
        found += [_centroids(space)] if space.mistakes else []
    if space.suspects:
        found.append(suspect_section(space, picture))
    return found


def centroid_section(table: CentroidTable, picture: Pictures) -> Section:
    """The study's table: three images per class that the first model misclassifies, under each of the models."""
    columns = [Column("image", "picture"), Column("true class, file")]
    for name in table.models:
        columns += [
            Column(f"{name} says", hint="the predicted class"),
            Column("to true", "number", hint=f"{name}: distance to the centroid of the true class"),
            Column("to it", "number", hint=f"{name}: distance to the centroid of the predicted class"),
        ]
    rows: list[list[Cell]] = [
        [small(picture(item.key)), f"{item.truth}, {item.key}", *(c for m in item.models for c in _placed(m))]
        for item in table.items
    ]
    sizes = ", ".join(
        f"{name} n = {d:,}, typically {spread:.3g} from an image to its own centroid"
        for name, d, spread in zip(table.models, table.dimensions, table.spread, strict=True)
    )
    caption = (
        f"Euclidean distances in the n-dimensional feature space to centroids of the {split_name(table.centroids_of)} "
        "images: ‘to true’ to that of the true class, ‘to it’ to that of the predicted class; NA: the model is right, "
        f"so there is no other class. Compare within a model: {sizes}."
    )
    views: list[View] = [
        Table(columns, rows, title="Distances to class centroids", caption=caption, id="centroid-table")
    ]
    if table.fewer:
        few = ", ".join(f"{name} ({n})" for name, n in table.fewer.items())
        views.append(Note([f"The first model misclassifies fewer than {table.per_class} images of: {few}."]))
    lead = (
        f"Up to {table.per_class} {split_name(table.judged)} images of each class that {table.models[0]} mistakes, its "
        " surest mistakes first, and where each model puts them."
    )
    return Section("models-centroids", "The same mistakes in each model’s feature space", views, lead=lead)


def _placed(placed: Placed) -> list[Cell]:
    predicted: Cell = "NA" if placed.right else placed.to_predicted
    return [placed.predicted, placed.to_true, predicted]


def _space(space: Space, picture: Pictures) -> Section:
    around = space.surroundings
    cards = [
        Number(
            f"{split_name(space.centroids_of)} neighbours of the same class", around.value, around.low, around.high,
            note=f"by chance {space.surroundings_chance:.2f}",
        )
    ]  # fmt: skip
    cards += [_trusted(e) for e in space.embeddings]
    caption = (
        f"Neighbours: of the {space.k} {split_name(space.centroids_of)} images nearest to a {split_name(space.judged)} "
        "image, the share of its class. Trustworthiness: 1 where no point of a picture has neighbours that are not "
        "near in the feature space too."
    )
    views: list[View] = [Numbers(cards, caption=caption)]
    views += [_scatter(e, space, picture) for e in space.embeddings]
    if space.embeddings:
        views.append(_purities(space.embeddings[0]))
    if space.notes:
        views.append(Note(space.notes))
    lead = (
        f"What the model’s last layer is given of an image: {space.dimensions:,} numbers. Images that lie together "
        "look alike to the model."
    )
    return Section("space", "The feature space", views, lead=lead)


def _trusted(embedding: Embedding) -> Number:
    label = f"trustworthiness of the {embedding.dimensions}-D picture"
    note = "too few points" if embedding.trustworthiness is None else f"{embedding.k} nearest"
    return Number(label, embedding.trustworthiness, note=note)


def _scatter(embedding: Embedding, space: Space, picture: Pictures) -> Scatter:
    part = " and ".join(split_name(split) for split in embedding.splits)
    clouds = [_cloud(embedding, split, space.classes, picture) for split in embedding.splits]
    of = "" if embedding.shown == embedding.total else f" of {embedding.total:,}"
    caption = (
        f"t-SNE of {embedding.shown:,}{of} images (perplexity {embedding.perplexity:.3g}, first {embedding.components} "
        f"principal components, seed {embedding.seed}). Only who is near to whom means something, not distances or the "
        f"size of a clump. Of a point’s {embedding.k} nearest, {_share(embedding.purity_features)} are of its class in "
        f"the feature space, {_share(embedding.purity_picture)} in this picture, {embedding.chance:.2f} by chance; "
        f"trustworthiness {_share(embedding.trustworthiness)}. Ringed: misclassified."
    )
    if "train" in embedding.splits:
        caption += " Training images lie apart more clearly than new ones do: the model has learnt them."
    return Scatter(
        f"tsne-{embedding.dimensions}d",
        space.classes,
        [cloud for cloud in clouds if cloud.x],
        embedding.dimensions,
        title=f"The {part} images in {embedding.dimensions}-D",
        caption=caption,
    )


def _cloud(embedding: Embedding, split: str, classes: list[str], picture: Pictures) -> Cloud:
    rows = [i for i, s in enumerate(embedding.split) if s == split]
    axes = [[axis[i] for i in rows] for axis in embedding.place]
    return Cloud(
        split_name(split),
        axes[0],
        axes[1],
        axes[2] if embedding.dimensions == 3 else [],
        [embedding.label[i] for i in rows],
        [_title(embedding, i, classes) for i in rows],
        [small(picture(embedding.key[i]), POINT_PIXELS) for i in rows],
        [embedding.label[i] != embedding.predicted[i] for i in rows],
    )


def _title(embedding: Embedding, i: int, classes: list[str]) -> str:
    truth, predicted = classes[embedding.label[i]], classes[embedding.predicted[i]]
    said = "" if truth == predicted else f", predicted {predicted}"
    confidence = embedding.confidence[i]
    sure = "" if confidence is None else f" ({confidence:.2f})"
    return f"{embedding.key[i]}: {truth}{said}{sure}"


def _purities(embedding: Embedding) -> Table:
    columns = [
        Column("class"),
        Column("points", "integer"),
        Column("feature space", "ratio", bar=True, hint=f"share of the class among a point's {embedding.k} nearest"),
        Column("picture", "ratio", bar=True, hint="the same in the 2-D picture"),
    ]
    rows: list[list[Cell]] = [[row.name, row.n, row.features, row.picture] for row in embedding.per_class]
    caption = (
        f"Share of each point’s {embedding.k} nearest that are of its own class, over the points of the 2-D picture."
    )
    return Table(columns, rows, title="How unmixed each class lies", caption=caption, id="purity-table")


def _centroids(space: Space) -> Section:
    columns = [
        Column("class"),
        Column("mistakes", "integer"),
        Column("to true", "number", hint="median distance of its mistakes to the centroid of the true class"),
        Column("to predicted", "number", hint="median distance of its mistakes to the centroid of the predicted class"),
        Column("nearer to predicted", "integer", hint="mistakes that lie nearer to the predicted class's centroid"),
        Column("usual distance", "number", hint="median distance of the images that form the centroid"),
    ]
    rows: list[list[Cell]] = [
        [row.name, row.mistakes, row.to_true, row.to_predicted, row.nearer_predicted, row.spread]
        for row in space.per_class
    ]
    caption = (
        f"Euclidean distances in {space.dimensions:,} dimensions; centroids are the means of the "
        f"{split_name(space.centroids_of)} images of each class. All {plural(space.mistakes_total, 'mistake')} of the "
        f"{split_name(space.judged)} split, by true class."
    )
    table = Table(columns, rows, title="Mistakes and class centres", caption=caption, id="distance-table")
    return Section("centroids", "How far from their class", [table])


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
