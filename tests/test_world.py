"""Scenes, sequences and what is true of the objects in a frame."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.kernels.regions import regions, surroundings
from optotype.world import attributes, sequences, streets
from optotype.world.attributes import CROWD, DROPPED, OBJECT
from optotype.world.chance import Chance
from optotype.world.domains import DOMAINS
from optotype.world.labels import CAMVID_COLOURS, INDEX, LABELS, OBJECT_CLASSES, STUDY_CLASSES
from optotype.world.scene import Camera, Environment, Frame, Scene, Street, Thing

NAMES = ("north", "south")
GRASS = (0.1, 0.2, 0.1)


def test_labels_name_only_public_classes() -> None:
    assert {label.camvid for label in LABELS} <= set(CAMVID_COLOURS)
    assert {label.study for label in LABELS} - {""} == set(STUDY_CLASSES)
    assert len(CAMVID_COLOURS) == len(set(CAMVID_COLOURS.values())) == 32
    assert set(OBJECT_CLASSES) <= set(INDEX)


def test_draws_are_pinned() -> None:
    """The stream must never change: data sets are named by their seeds."""
    chance = Chance("pinned", 1)
    assert [chance.whole(1000) for _ in range(5)] == [206, 905, 196, 730, 778]


@given(st.integers(0, 2**40), st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_uniform_draws_stay_in_the_span(seed: int, low: float, width: float) -> None:
    value = Chance(seed).uniform((low, low + width))
    assert low <= value <= low + width


def test_weighted_draws_follow_the_weights() -> None:
    chance = Chance("weights")
    n = 20_000
    drawn = [chance.weighted({"a": 3.0, "never": 0.0, "b": 1.0}) for _ in range(n)]
    assert "never" not in drawn
    assert abs(drawn.count("a") / n - 0.75) < 0.015


def test_normal_draws_have_mean_and_spread_and_an_end() -> None:
    chance = Chance("normal")
    values = np.array([chance.normal(2.0, 0.5) for _ in range(20_000)])
    assert abs(values.mean() - 2) < 0.02
    assert abs(values.std() - 0.5) < 0.02
    assert np.abs(values - 2).max() <= 1.5


@pytest.mark.parametrize("domain", NAMES)
def test_a_scene_is_named_by_seed_index_and_domain(domain) -> None:
    scene = streets.scene(3, 5, domain)
    assert scene == streets.scene(3, 5, domain)
    assert scene != streets.scene(3, 6, domain)
    assert scene != streets.scene(4, 5, domain)
    assert scene != streets.scene(3, 5, NAMES[domain == "north"])


@pytest.mark.parametrize("domain", NAMES)
def test_scenes_keep_to_the_contract(domain) -> None:
    for index in range(25):
        scene = streets.scene(0, index, domain)
        camera = scene.camera
        assert 1.3 <= camera.position[2] <= 1.95
        assert math.radians(55) <= 2 * math.atan(camera.width / 2 / camera.focal) <= math.radians(75)
        ids = [thing.id for thing in scene.things]
        assert len(set(ids)) == len(ids)
        assert min(ids) >= 1
        for thing in scene.things:
            assert thing.kind in INDEX
            assert min(thing.size) > 0
            assert all(0 <= c <= 1 for c in (*thing.primary, *thing.secondary))
            assert streets.apart(thing, *camera.position[:2]) >= streets.CLEARANCE


def test_riders_sit_on_something() -> None:
    things = [thing for i in range(20) for thing in streets.scene(1, i, "south").things]
    seats = {(t.position, t.heading, t.phase) for t in things if t.kind in ("bicycle", "motorbike")}
    riders = [t for t in things if t.kind == "rider"]
    assert len(riders) > 20
    assert all((t.position, t.heading, t.phase) in seats for t in riders)


def test_the_domains_differ_as_their_table_says() -> None:
    def mean(domain, kinds) -> float:
        return sum(t.kind in kinds for i in range(40) for t in streets.scene(0, i, domain).things) / 40

    assert mean("north", {"rickshaw"}) == 0 < mean("south", {"rickshaw"})
    assert mean("south", {"person"}) > 1.5 * mean("north", {"person"})
    assert mean("south", {"rider"}) > 2 * mean("north", {"rider"})
    assert mean("north", {"traffic sign"}) > mean("south", {"traffic sign"})
    wear = {name: np.mean([streets.scene(0, i, name).street.wear for i in range(40)]) for name in NAMES}
    assert wear["south"] > wear["north"] + 0.2


def test_vehicles_keep_to_the_side_of_their_domain() -> None:
    for name in NAMES:
        for i in range(20):
            for thing in streets.scene(2, i, name).things:
                if thing.kind == "bus":
                    towards = 1 if math.cos(thing.heading) > 0 else -1
                    assert thing.position[0] * DOMAINS[name].drives * towards > 0


def _corners(thing: Thing) -> tuple[float, float, float, float]:
    (x, y, _), (length, width, _) = thing.position, thing.size
    return x - width / 2, y - length / 2, x + width / 2, y + length / 2


@pytest.mark.parametrize("index", range(4))
def test_a_sequence_moves_as_things_do(index: int) -> None:
    scenes = list(sequences.sequence(0, index, NAMES[index % 2], 40))
    assert scenes[:7] == list(sequences.sequence(0, index, NAMES[index % 2], 7))
    velocity: dict[int, np.ndarray] = {}
    for before, after in itertools.pairwise(scenes):
        old = {thing.id: thing for thing in before.things}
        for thing in after.things:
            if thing.id not in old:
                continue
            assert thing.size == old[thing.id].size
            assert thing.primary == old[thing.id].primary
            step = np.subtract(thing.position, old[thing.id].position)
            np.testing.assert_allclose(step, velocity.setdefault(thing.id, step), atol=1e-9)
    speeds = {round(float(np.linalg.norm(v)), 3) for v in velocity.values()}
    assert 0.0 in speeds
    assert len(speeds) > 5


def test_things_enter_and_leave_a_sequence() -> None:
    for i in range(6):
        seen = [{thing.id for thing in scene.things} for scene in sequences.sequence(0, i, "south", 60)]
        assert seen[-1] - seen[0]
        assert seen[0] - seen[-1]


def test_vehicles_of_a_lane_and_people_who_cross_do_not_meet() -> None:
    for i in range(6):
        for scene in itertools.islice(sequences.sequence(5, i, "south", 100), 0, None, 20):
            half = scene.street.half_width
            wide = {"car", "truck", "bus", "train", "rickshaw"}
            boxes = [_corners(t) for t in scene.things if t.kind in wide and abs(t.position[0]) < half]
            for a, b in itertools.combinations(boxes, 2):
                assert not (a[0] < b[2] - 0.3 and b[0] < a[2] - 0.3 and a[1] < b[3] and b[1] < a[3])
            for person in (t for t in scene.things if t.kind == "person" and abs(t.position[0]) < half - 0.2):
                x, y, _ = person.position
                assert not any(x0 < x < x1 and y0 < y < y1 for x0, y0, x1, y1 in boxes)


def test_a_sequence_has_an_end() -> None:
    with pytest.raises(InputError, match="at most 200"):
        sequences.sequence(0, 0, "north", 201)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_regions_and_surroundings_equal_their_slow_twins(seed: int) -> None:
    draw = np.random.default_rng(seed)
    h, w, n = draw.integers(3, 14, 3)
    ids = draw.integers(0, n + 2, (h, w)).astype(np.int32)
    image = draw.integers(0, 256, (h, w, 3)).astype(np.uint8)
    wanted = np.arange(1, n + 1, dtype=np.int32)
    row = np.full(n + 2, -1, np.int32)
    row[wanted] = np.arange(n)
    box, colour = np.empty((n, 4), np.int32), np.empty((n, 4), np.int64)
    regions(ids, image, row, box, colour)
    window = np.array([[1, 1, w, h - 1]] * n, np.int32)
    ring = np.empty((n, 4), np.int64)
    surroundings(ids, image, wanted, window, ring)
    inner = np.zeros((h, w), bool)
    inner[1 : h - 1, 1:w] = True
    for i, one in enumerate(wanted):
        mask = ids == one
        ys, xs = np.nonzero(mask)
        if len(ys):
            assert box[i].tolist() == [xs.min(), ys.min(), xs.max(), ys.max()]
        else:
            assert box[i, 2] < box[i, 0]
        assert colour[i].tolist() == [*image[mask].astype(int).sum(0).tolist(), mask.sum()]
        around = inner & ~mask
        assert ring[i].tolist() == [*image[around].astype(int).sum(0).tolist(), around.sum()]


def _frame(ids: np.ndarray, things: list[Thing], image: np.ndarray | None = None, **env: object) -> Frame:
    """A made-up frame: silhouettes are what is seen, extents are the visible boxes, unless replaced."""
    h, w = ids.shape
    camera = Camera((0.0, 0.0, 1.5), 0.0, 0.0, 0.0, 100.0, w, h)
    ground = Street(3.0, 2.0, 0.1, 2, True, 0.1, GRASS, GRASS, GRASS, 0)
    scene = Scene(camera, ground, replace(Environment("clear", (0.0, 1.0), 1000.0), **env), tuple(things), 0)
    count = np.array([(ids == thing.id).sum() for thing in things], np.int32)
    extent = np.zeros((len(things), 4), np.float32)
    for i, thing in enumerate(things):
        ys, xs = np.nonzero(ids == thing.id)
        if len(ys):
            extent[i] = xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1
    blank = np.full((h, w, 3), 128, np.uint8) if image is None else image
    label = np.zeros((h, w), np.uint8)
    return Frame(scene, blank, label, ids, np.ones((h, w), np.float32), count, count.copy(), extent)


def _thing(number: int, kind: str = "car", place: tuple[float, float, float] = (0.0, 10.0, 0.0)) -> Thing:
    return Thing(kind, number, place, 0.0, (4.0, 2.0, 1.5), GRASS)


def test_objects_of_a_made_up_frame() -> None:
    ids = np.zeros((40, 60), np.int32)
    ids[10:20, 0:20] = 1
    ids[30:35, 40:45] = 7
    ids[0:2, 0:60] = 3
    image = np.zeros((40, 60, 3), np.uint8)
    image[ids == 1] = 255
    frame = _frame(ids, [_thing(1), _thing(3, "building"), _thing(7, "person", (3.0, 4.0, 0.0)), _thing(9)], image)
    frame.extent[0] = (-20, 10, 40, 10)
    frame.silhouette[2] = 100
    objects = attributes.objects(frame)
    assert objects.thing.tolist() == [1, 7]
    assert [OBJECT_CLASSES[k] for k in objects.kind] == ["car", "person"]
    assert objects.box.tolist() == [[0, 10, 20, 10], [40, 30, 5, 5]]
    assert objects.truncation.tolist() == [0.5, 0.0]
    assert objects.visible.tolist() == [1.0, 0.25]
    assert objects.status.tolist() == [OBJECT, DROPPED]
    np.testing.assert_allclose(objects.contrast, [100, 0], atol=1e-3)
    np.testing.assert_allclose(objects.brightness, [100, 0], atol=1e-3)
    np.testing.assert_allclose(objects.distance, [math.hypot(10, 0.75), math.hypot(5, 0.75)])
    assert np.isnan(objects.speed).all()


def test_speed_needs_the_scene_before() -> None:
    ids = np.zeros((20, 20), np.int32)
    ids[5:15, 5:15] = 2
    frame = _frame(ids, [_thing(2, place=(1.0, 10.0, 0.0))])
    before = replace(frame.scene, things=(_thing(2, place=(0.0, 10.0, 0.0)),))
    assert attributes.objects(frame, before, 0.1).speed.tolist() == [10.0]


def test_blur_adds_defocus_and_smear_as_variances() -> None:
    around = Environment("clear", (0.0, 1.0), 1000.0, blur=3.0, shake=(math.sqrt(12) * 4, 0.0))
    assert attributes.blur(around) == pytest.approx(5.0)


def test_lab_of_known_colours() -> None:
    known = attributes.lab(np.array([[255.0, 255, 255], [0, 0, 0], [255, 0, 0]]))
    np.testing.assert_allclose(known, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.02)


def test_small_neighbours_of_one_class_are_a_crowd() -> None:
    ids = np.zeros((60, 80), np.int32)
    for k, (y, x) in enumerate([(10, 10), (10, 15), (10, 20), (10, 70), (40, 40)], 1):
        ids[y : y + 6, x : x + 4] = k
    ids[48:50, 40:42] = 6
    things = [_thing(k, "person") for k in range(1, 6)]
    things[1] = _thing(2, "car")
    objects = attributes.objects(_frame(ids, [*things, _thing(6, "person")]))
    assert objects.status.tolist() == [DROPPED] * 6, "a car between two people joins nobody, and one is alone"
    things[1] = _thing(2, "person")
    objects = attributes.objects(_frame(ids, [*things, _thing(6, "person")]))
    assert objects.status.tolist() == [CROWD] * 3 + [DROPPED] * 3
    assert objects.crowd.tolist() == [0, 0, 0, -1, -1, -1]
    assert objects.crowds.box.tolist() == [[10, 10, 14, 6]]
