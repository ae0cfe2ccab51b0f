"""The feature space: neighbours, centroids, pictures, label suspects, mistakes, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optotype.diagnose import space
from optotype.diagnose.space import embedding, neighbours, placing, records
from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.mistakes import choose
from optotype.errors import InputError, MissingExtraError
from optotype.tables import Items, Labels
from optotype.views import Cases, Picture, Reading, Scatter, Table

CLASSES = ("cat", "dog", "owl")


def blobs(n: int = 240, d: int = 12, *, spread: float = 0.7, seed: int = 0, scores: bool = True) -> Featured:
    """Three clusters; the model takes the class of the nearest cluster centre, softly."""
    draw = np.random.default_rng(seed)
    label = (np.arange(n) % 3).astype(np.int32)
    centre = np.eye(3, d) * 2
    features = (centre[label] + spread * draw.normal(size=(n, d))).astype(np.float32)
    logits = -((features[:, None] - centre) ** 2).sum(2)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    split = np.array(["train", "train", "val", "test"])[(np.arange(n) // 3) % 4]
    items = Items.of([f"{CLASSES[k]}/{i:04}.png" for i, k in enumerate(label)], split=split)
    truth = Labels(items, CLASSES, label)
    said = Labels(items, CLASSES, p.argmax(1).astype(np.int32), p if scores else None)
    return Featured(truth, said, features)


def relabelled(found: Featured, rows: list[int], label: int) -> Featured:
    """The same, with a wrong truth for some items."""
    changed = found.truth.label.copy()
    changed[rows] = label
    return replace(found, truth=replace(found.truth, label=changed))


@pytest.fixture(scope="module")
def explored() -> tuple[Featured, space.Space]:
    found = blobs(480, spread=1.5)
    return found, space.explore(found, most_mistakes=12)


# Neighbours and distances


def naive_nearest(queries: np.ndarray, base: np.ndarray, k: int, own: np.ndarray) -> list[list[int]]:
    """Sort everything by distance and position."""
    found = []
    for i, query in enumerate(queries.astype(np.float64)):
        far = [(float(np.sqrt(((query - b) ** 2).sum())), j) for j, b in enumerate(base.astype(np.float64))]
        found.append([j for _, j in sorted(far) if j != own[i]][:k])
    return found


@given(st.integers(0, 10_000), st.integers(1, 7), st.booleans())
def test_nearest_is_exact_whatever_the_blocks(seed: int, k: int, inside: bool) -> None:
    draw = np.random.default_rng(seed)
    base = (draw.normal(size=(23, 5)) * 3 + 100).astype(np.float32)
    base[7] = base[3]
    queries = base[::2] if inside else draw.normal(size=(9, 5)).astype(np.float32) + 100
    own = np.arange(0, 23, 2) if inside else np.full(9, -1)
    before = neighbours.BLOCK
    try:
        neighbours.BLOCK = int(draw.integers(1, 120))
        index, distance = neighbours.nearest(queries, base, k, own=own)
    finally:
        neighbours.BLOCK = before
    assert index.tolist() == naive_nearest(queries, base, k, own)
    exact = np.linalg.norm(queries[:, None].astype(np.float64) - base[index].astype(np.float64), axis=2)
    np.testing.assert_allclose(distance, exact, rtol=1e-14)


def test_equal_items_are_at_distance_zero_and_k_is_cut() -> None:
    base = np.full((4, 3), 0.1, np.float32)
    index, distance = neighbours.nearest(base[:1], base, 9, own=np.array([0]))
    assert index.tolist() == [[1, 2, 3]]
    assert distance.tolist() == [[0.0, 0.0, 0.0]]
    assert neighbours.nearest(base[:1], base[:1], 5, own=np.array([0]))[0].shape == (1, 0)


def test_distances_between_all_rows() -> None:
    draw = np.random.default_rng(1)
    a, b = draw.normal(size=(7, 40)) + 50, draw.normal(size=(5, 40)) + 50
    expected = np.linalg.norm(a[:, None] - b[None], axis=2)
    np.testing.assert_allclose(neighbours.distances(a, b), expected, rtol=1e-10)


def test_centroids_are_class_means_of_the_named_split() -> None:
    found = blobs()
    rows = (found.truth.items.split == "val") & (found.truth.label == 1)
    centres = space.centroids(found, "val")
    np.testing.assert_allclose(centres.centre[1], found.features[rows].astype(np.float64).mean(0), rtol=1e-12)
    assert centres.n.tolist() == [20, 20, 20]
    far = np.linalg.norm(found.features[rows] - centres.centre[1], axis=1)
    assert centres.spread[1] == pytest.approx(np.median(far), rel=1e-12)


def test_a_class_without_items_has_no_centroid() -> None:
    found = blobs()
    kept = (found.truth.items.split != "train") | (found.truth.label != 2)
    less = Featured(found.truth.take(kept), found.said.take(kept), found.features[kept])
    centres = space.centroids(less)
    assert np.isnan(centres.centre[2]).all()
    assert centres.n[2] == 0
    seen = space.explore(less)
    assert any("owl" in note for note in seen.notes)
    assert all(m.to_true is None for m in seen.mistakes if m.truth == "owl")


# Pictures


def naive_trustworthiness(high: np.ndarray, low: np.ndarray, k: int) -> float:
    """The definition, point by point."""
    n, total = len(high), 0
    for i in range(n):
        rank = {j: r for r, j in enumerate(sorted((j for j in range(n) if j != i), key=lambda j: (high[i, j], j)), 1)}
        near = sorted((j for j in range(n) if j != i), key=lambda j: (low[i, j], j))[:k]
        total += sum(max(0, rank[j] - k) for j in near)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


def test_trustworthiness_is_its_definition_and_scikit_learns() -> None:
    manifold = pytest.importorskip("sklearn.manifold")
    draw = np.random.default_rng(3)
    high, low = draw.normal(size=(40, 6)), draw.normal(size=(40, 2))
    far = [neighbours.distances(x, x) for x in (high, low)]
    for k in (1, 5, 19):
        orders = [embedding.order(d.copy()) for d in far]
        ours = embedding.trustworthiness(orders[0], orders[1][:, :k])
        assert ours == pytest.approx(naive_trustworthiness(far[0], far[1], k), abs=1e-13)
        assert ours == pytest.approx(manifold.trustworthiness(high, low, n_neighbors=k), abs=1e-13)
    assert embedding.trustworthiness(orders[0], orders[0][:, :10]) == 1
    assert embedding.trustworthiness(orders[0], orders[0][:, :20]) is None


def test_the_picture_of_parted_classes_is_pure(explored: tuple[Featured, space.Space]) -> None:
    seen = space.embed(blobs(spread=0.2), ["train", "val"], 2)
    assert seen is not None
    assert seen.shown == seen.total == 180
    assert seen.purity_features == seen.purity_picture == 1
    assert seen.trustworthiness is not None
    assert seen.trustworthiness > 0.9
    assert seen.chance == pytest.approx(59 / 179)
    assert [row.n for row in seen.per_class] == [60, 60, 60]
    mixed = explored[1].embeddings[0]
    assert mixed.purity_picture is not None
    assert mixed.purity_picture < 0.9


def test_the_seed_decides_the_picture() -> None:
    found = blobs(120)
    one, same = (space.embed(found, ["val"], 3, seed=4) for _ in range(2))
    assert one == same
    assert one is not None
    assert len(one.place) == 3
    assert one != space.embed(found, ["val"], 3, seed=5)


def test_identical_features_make_a_picture_and_too_few_none() -> None:
    found = blobs(48)
    flat = replace(found, features=np.ones_like(found.features))
    seen = space.embed(flat, ["val"], 2)
    assert seen is not None
    assert np.isfinite(seen.place).all()
    assert space.embed(blobs(24), ["val"], 2) is None


@given(st.integers(0, 10_000), st.integers(1, 60))
def test_a_sample_keeps_every_classs_share(seed: int, most: int) -> None:
    draw = np.random.default_rng(seed)
    label, split = draw.integers(0, 4, 200), draw.choice(["train", "val"], 200)
    rows = np.flatnonzero(draw.random(200) < 0.8)
    kept = embedding.stratified(rows, split, label, most, seed)
    assert len(kept) == min(most, len(rows))
    assert (np.diff(kept) > 0).all()
    assert np.isin(kept, rows).all()
    for part in ("train", "val"):
        for k in range(4):
            mine = (split == part) & (label == k)
            expected = mine[rows].sum() * most / len(rows)
            assert abs(mine[kept].sum() - expected) <= 1


def test_a_picture_needs_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optotype.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="explain"):
        space.embed(blobs(), ["val"], 2)


# Label suspects


def naive_suspects(label: list[int], scores: np.ndarray) -> list[int]:
    """Confident learning by the paper's definition, item by item."""
    K = scores.shape[1]
    means = [
        np.mean([p[k] for p, y in zip(scores, label, strict=True) if y == k]) if k in label else 2 for k in range(K)
    ]
    found = []
    for i, (p, y) in enumerate(zip(scores, label, strict=True)):
        reached = [k for k in range(K) if p[k] >= means[k]]
        if reached and max(reached, key=lambda k: (p[k], -k)) != y:
            found.append((p[y] - max(p[k] for k in range(K) if k != y), i))
    return [i for _, i in sorted(found)]


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_suspects_are_the_off_diagonal_of_the_confident_joint(seed: int, classes: int) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.dirichlet(np.ones(classes), 30)
    label = draw.integers(0, classes, 30)
    found = space.suspects(label, scores)
    assert found.row.tolist() == naive_suspects(label.tolist(), scores)
    assert (np.diff(found.margin) >= 0).all()
    assert (found.suggested != label[found.row]).all()


def test_planted_wrong_labels_are_found() -> None:
    clean = blobs(480, spread=0.3)
    test = clean.rows("test")
    planted = test[clean.truth.label[test] == 0][:6].tolist()
    seen = space.explore(relabelled(clean, planted, 2))
    assert seen.suspects is not None
    keys = {str(clean.truth.items.key[row]) for row in planted}
    listed = {suspect.key for suspect in seen.suspects}
    assert listed <= keys, "nothing but what was planted"
    assert len(listed) >= 4, "an item below its class's mean score is passed over by definition"
    assert {(s.given, s.suggested) for s in seen.suspects} == {("owl", "cat")}
    assert {m.key for m in seen.mistakes if m.suspect} == listed
    assert "may be wrong" in space.sentences(seen)[-1].text


def test_clean_labels_of_parted_classes_are_not_doubted() -> None:
    seen = space.explore(blobs(480, spread=0.3))
    assert seen.suspects == []
    assert seen.mistakes == []
    assert [s.id for s in space.sections(seen, lambda key: None)] == ["space"]
    assert len(space.sentences(seen)) == 1


# Mistakes


def test_every_class_gives_its_surest_mistakes(explored: tuple[Featured, space.Space]) -> None:
    found, seen = explored
    wrong = found.wrong("test")
    assert seen.mistakes_total == len(wrong) > 12
    assert len(seen.mistakes) == 12
    sure = [m.confidence for m in seen.mistakes]
    assert sure == sorted(sure, reverse=True)
    for k, name in enumerate(CLASSES):
        mine = [str(found.truth.items.key[row]) for row in wrong if found.truth.label[row] == k]
        listed = [m.key for m in seen.mistakes if m.truth == name]
        assert listed == mine[: len(listed)]
        assert len(listed) >= min(3, len(mine))


def test_three_of_each_class_stay_however_few_are_asked_for() -> None:
    found = blobs(480, spread=1.3)
    rows = choose(found, "test", per_class=3, most=1)
    assert np.bincount(found.truth.label[rows]).tolist() == [3, 3, 3]


def test_the_record_of_a_mistake(explored: tuple[Featured, space.Space]) -> None:
    found, seen = explored
    mistake = seen.mistakes[0]
    row = found.truth.items.key.tolist().index(mistake.key)
    scores = found.said.scores
    assert scores is not None
    t, p = CLASSES.index(mistake.truth), CLASSES.index(mistake.predicted)
    assert (t, p) == (found.truth.label[row], found.said.label[row])
    assert mistake.margin == pytest.approx(scores[row, p] - scores[row, t], abs=1e-15)
    train = found.truth.items.split == "train"
    for k, far in ((t, mistake.to_true), (p, mistake.to_predicted)):
        centre = found.features[train & (found.truth.label == k)].astype(np.float64).mean(0)
        assert far == pytest.approx(float(np.linalg.norm(found.features[row] - centre)), rel=1e-12)
    assert len(mistake.neighbours) == 5
    assert all(
        found.truth.items.split[found.truth.items.key.tolist().index(n.key)] == "train" for n in mistake.neighbours
    )


def test_nearer_share_and_its_interval(explored: tuple[Featured, space.Space]) -> None:
    seen = explored[1]
    nearer = seen.nearer
    assert nearer.n == seen.mistakes_total
    assert nearer.value == sum(row.nearer_predicted for row in seen.per_class) / nearer.n
    assert nearer.low is not None
    assert nearer.high is not None
    assert nearer.low < nearer.value < nearer.high or nearer.value in (0, 1)


def test_few_groups_have_no_interval() -> None:
    found = blobs(spread=1.1)
    group = np.array(["one", "two"])[np.arange(len(found)) % 2]
    items = replace(found.truth.items, group=group)
    grouped = Featured(replace(found.truth, items=items), replace(found.said, items=items), found.features)
    seen = space.explore(grouped)
    assert seen.nearer.value is not None
    assert seen.nearer.low is None
    assert seen.surroundings.low is None


def test_without_scores_there_are_no_confidences_and_no_suspects() -> None:
    seen = space.explore(blobs(spread=1.1, scores=False))
    assert seen.suspects is None
    assert {m.confidence for m in seen.mistakes} == {None}
    assert {c for e in seen.embeddings for c in e.confidence} == {None}
    assert [s.id for s in space.sections(seen, lambda key: None)] == ["mistakes", "space", "centroids"]


def test_an_item_is_not_its_own_neighbour() -> None:
    seen = space.explore(blobs(spread=1.3), judged="val", forms="val")
    assert all(mistake.key not in {n.key for n in mistake.neighbours} for mistake in seen.mistakes)
    assert all(n.distance > 0 for mistake in seen.mistakes for n in mistake.neighbours)
    assert any("measured against" in note for note in seen.notes)


# The study's table


def test_the_table_of_the_study() -> None:
    first = blobs(spread=1.1)
    perfect = replace(first, said=Labels(first.truth.items, CLASSES, first.truth.label))
    table = space.compare({"A": space.place(first), "B": space.place(perfect)}, per_class=3)
    assert table.models == ["A", "B"]
    assert [item.truth for item in table.items] == sorted((i.truth for i in table.items), key=CLASSES.index)
    for item in table.items:
        a, b = item.models
        assert not a.right
        assert a.to_predicted is not None
        assert b.right
        assert b.predicted == item.truth
        assert b.to_predicted is None
        assert a.to_true == b.to_true
    section = space.centroid_section(table, lambda key: None)
    shown = section.views[0]
    assert isinstance(shown, Table)
    assert all(row[-1] == "NA" and isinstance(row[-2], float) for row in shown.rows)


def test_classes_with_fewer_mistakes_are_named() -> None:
    found = blobs(spread=1.1)
    table = space.compare({"A": space.place(found)}, per_class=500)
    assert set(table.fewer) == set(CLASSES)
    assert sum(table.fewer.values()) == len(table.items) == len(found.wrong("test"))


def test_models_must_have_seen_the_same_items() -> None:
    found = blobs()
    kept = np.arange(100)
    other = Featured(found.truth.take(kept), found.said.take(kept), found.features[kept])
    with pytest.raises(InputError, match="model 'B'"):
        space.compare({"A": space.place(found), "B": space.place(other)})


# Tables and files


def test_what_does_not_fit_together_is_refused() -> None:
    found = blobs(48)
    broken = found.features.copy()
    broken[5, 2] = np.nan
    with pytest.raises(InputError, match=r"finite numbers[\s\S]*owl/0005"):
        replace(found, features=broken)
    with pytest.raises(InputError, match="48 rows"):
        replace(found, features=found.features[:3])
    with pytest.raises(InputError, match="Align"):
        replace(found, said=found.said.take(np.arange(48)[::-1]))
    with pytest.raises(InputError, match="the split 'holdout'"):
        found.rows("holdout")


@pytest.mark.parametrize("scores", [True, False])
def test_distances_are_to_each_centroid_and_come_back_from_their_file(tmp_path: Path, scores: bool) -> None:
    found = blobs(48, scores=scores)
    placed = space.place(found)
    centres = space.centroids(found)
    rows = found.rows("test")
    for k in range(len(CLASSES)):
        expected = np.linalg.norm(found.features[rows].astype(np.float64) - centres.centre[k], axis=1)
        np.testing.assert_allclose(placed.distance[:, k], expected, rtol=1e-12)
    assert placed.key[placed.wrong()].tolist() == found.truth.items.key[found.wrong("test")].tolist()
    train = found.rows("train")
    own = found.features[train].astype(np.float64) - centres.centre[found.truth.label[train]]
    assert placed.typical == pytest.approx(np.median(np.linalg.norm(own, axis=1)), rel=1e-12)
    placing.save(placed, tmp_path / "distances.npz")
    back = placing.load(tmp_path / "distances.npz")
    for name in ("key", "label", "said", "confidence", "distance"):
        assert np.array_equal(getattr(back, name), getattr(placed, name), equal_nan=name in ("confidence", "distance"))
    assert (back.classes, back.dimensions, back.typical) == (placed.classes, placed.dimensions, placed.typical)
    assert (back.judged, back.forms) == ("test", "train")
    (tmp_path / "bad.npz").write_bytes((tmp_path / "distances.npz").read_bytes()[:600])
    with pytest.raises(InputError, match=r"bad\.npz"):
        placing.load(tmp_path / "bad.npz")


def test_records_come_back_from_their_files(tmp_path: Path, explored: tuple[Featured, space.Space]) -> None:
    found, seen = explored
    records.save(seen, tmp_path / "space.json")
    assert records.load(tmp_path / "space.json") == seen
    table = space.compare({"A": space.place(found)})
    records.save(table, tmp_path / "centroids.json")
    assert records.load_centroids(tmp_path / "centroids.json") == table
    with pytest.raises(InputError, match=r"centroids\.json"):
        records.load(tmp_path / "centroids.json")
    with pytest.raises(InputError, match="none"):
        records.load(tmp_path / "none.json")


# The report


def test_sections_show_points_and_mistakes(explored: tuple[Featured, space.Space]) -> None:
    _, seen = explored
    reading = Reading("size", "12 px", 0.08, "smaller than 92 % of its class")
    sections = space.sections(
        seen, lambda key: Picture(f"images/{key}"), lambda key: [reading], lambda key: Picture(f"maps/{key}")
    )
    assert [s.id for s in sections] == ["mistakes", "space", "centroids", "suspects"]
    flat, solid = (v for v in sections[1].views if isinstance(v, Scatter))
    assert [cloud.name for cloud in flat.clouds] == ["training", "validation"]
    assert [cloud.name for cloud in solid.clouds] == ["validation"]
    assert solid.dimensions == 3
    assert not flat.clouds[0].z
    assert len(solid.clouds[0].z) == len(solid.clouds[0].x) == 120
    for cloud in (*flat.clouds, *solid.clouds):
        columns = (cloud.y, cloud.colour, cloud.title, cloud.picture, cloud.wrong)
        assert {len(column) for column in columns} == {len(cloud.x)}
        assert cloud.picture[0] is not None
        assert cloud.picture[0].size == 64
    (cases,) = (v for v in sections[0].views if isinstance(v, Cases))
    case = cases.cases[0]
    assert case.overlay == Picture(f"maps/{case.title}")
    assert case.readings == [reading]
    assert dict(case.facts)["truth"] == case.facets["truth"]
    assert len(case.neighbours) == 5
    assert "Grad-CAM" in cases.caption
    msgspec.json.encode(sections)


def test_sentences_carry_the_numbers(explored: tuple[Featured, space.Space]) -> None:
    seen = explored[1]
    texts = [sentence.text for sentence in space.sentences(seen)]
    assert seen.surroundings.value is not None
    assert f"{100 * seen.surroundings.value:.0f}" in texts[0]
    n = sum(row.nearer_predicted for row in seen.per_class)
    assert texts[1].startswith(f"{n} of {seen.mistakes_total} mistakes")
    targets = {s.id for s in space.sections(seen, lambda key: None)}
    assert {s.target for s in space.sentences(seen)} <= targets
