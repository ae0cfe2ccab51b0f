"""The renderer: its truth against slow twins and laws, its kernels one by one, its images by what must be seen."""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.kernels import bodies, grounds, light, noise, raster, sensor, solids
from optotype.kernels.pixels import samples
from optotype.world import bodywork, ground, structures
from optotype.world.domains import SIZES
from optotype.world.labels import INDEX
from optotype.world.lighting import towards_sun
from optotype.world.meshes import Builder, Look, ellipsoid
from optotype.world.render import assemble, frame_of, render
from optotype.world.scene import Camera, Environment, Frame, Scene, Street, Thing
from optotype.world.textures import tiles

STREET = Street(5.0, 3.0, 0.12, 2, True, 0.3, (0.08, 0.08, 0.08), (0.3, 0.28, 0.25), (0.1, 0.16, 0.05), 3)
CLEAR = Environment("clear", (2.2, 0.7), 2000.0)
SMALL = Camera((0.4, 0.0, 1.5), 0.03, -0.02, 0.01, 110.0, 120, 90)

THINGS = (
    Thing("car", 7, (-2.2, 9.0, 0.0), 0.1, (4.0, 1.76, 1.47), (0.4, 0.02, 0.02)),
    Thing("truck", 2, (2.2, 16.0, 0.0), math.pi, (7.2, 2.3, 3.2), (0.1, 0.2, 0.4)),
    Thing("person", 3, (0.2, 5.0, 0.0), 2.0, (0.45, 0.5, 1.7), (0.5, 0.4, 0.1), phase=0.3),
    Thing("person", 9, (0.3, 6.2, 0.0), 0.0, (0.45, 0.5, 1.7), (0.1, 0.4, 0.1), variant=2),
    Thing("vegetation", 11, (4.0, 8.0, 0.12), 0.0, (3.0, 3.0, 5.0), (0.06, 0.12, 0.03)),
    Thing("building", 40, (-12.0, 14.0, 0.12), -math.pi / 2, (8.0, 20.0, 9.0), (0.5, 0.4, 0.3)),
    Thing("pole", 41, (0.0, -6.0, 0.0), 0.0, (0.14, 0.14, 2.7), (0.2, 0.2, 0.2)),
)


def drawn(*things: Thing, camera: Camera = SMALL, around: Environment = CLEAR, seed: int = 5) -> Frame:
    return render(Scene(camera, STREET, around, things, seed))


@pytest.fixture(scope="module")
def frame() -> Frame:
    return drawn(*THINGS)


def test_same_scene_same_bits_in_any_thread(frame: Frame) -> None:
    with ThreadPoolExecutor(2) as pool:
        others = list(pool.map(lambda _: drawn(*THINGS), range(2)))
    for other in others:
        for name in ("image", "label", "thing", "depth", "visible", "silhouette", "extent"):
            np.testing.assert_array_equal(getattr(frame, name), getattr(other, name))
    noisy = replace(CLEAR, noise=4.0)
    assert (drawn(*THINGS, around=noisy, seed=1).image != drawn(*THINGS, around=noisy, seed=2).image).mean() > 0.5


def test_labels_and_counts_agree_with_the_thing_map(frame: Frame) -> None:
    assert set(np.unique(frame.thing)) <= {0, *(thing.id for thing in THINGS)}
    for row, thing in enumerate(THINGS):
        mine = frame.thing == thing.id
        assert frame.visible[row] == mine.sum()
        assert frame.visible[row] <= frame.silhouette[row]
        assert (frame.label[mine] == INDEX[thing.kind]).all()
    assert np.isinf(frame.depth[frame.label == INDEX["sky"]]).all()
    assert np.isfinite(frame.depth[frame.label != INDEX["sky"]]).all()
    assert (frame.thing[np.isin(frame.label, [INDEX["sky"], INDEX["road"], INDEX["sidewalk"]])] == 0).all()


def test_silhouette_is_what_is_seen_of_a_thing_alone(frame: Frame) -> None:
    for row, thing in enumerate(THINGS):
        alone = drawn(thing)
        ground_in_front = thing.position[2] < 0.1  # nothing of it can lie behind a kerb
        if ground_in_front:
            assert alone.silhouette[0] == alone.visible[0] == frame.silhouette[row]
        np.testing.assert_array_equal(alone.extent[0], frame.extent[row])


def test_what_stands_behind_the_camera_has_no_extent(frame: Frame) -> None:
    assert frame.extent[-1].tolist() == [0, 0, 0, 0]
    assert frame.silhouette[-1] == 0


def test_nearer_things_hide_farther_ones() -> None:
    near = Thing("person", 1, (0.4, 4.0, 0.0), 0.0, (0.45, 0.5, 1.7), (0.5, 0.4, 0.1))
    far = replace(near, id=2, position=(0.4, 8.0, 0.0))
    both = drawn(near, far, camera=replace(SMALL, yaw=0.0, roll=0.0))
    assert both.visible[0] == both.silhouette[0]
    assert both.visible[1] < 0.8 * both.silhouette[1]
    assert both.silhouette[1] < 0.5 * both.silhouette[0]


def project(points: np.ndarray, camera: np.ndarray) -> np.ndarray:
    local = (points - camera[:3]) @ np.stack([camera[3:6], camera[6:9], camera[9:12]], axis=1)
    return np.stack(
        [
            camera[13] + camera[12] * local[:, 0] / local[:, 2],
            camera[14] - camera[12] * local[:, 1] / local[:, 2],
            local[:, 2],
        ],
        axis=1,
    )


def test_extent_is_the_box_of_all_projected_corners(frame: Frame) -> None:
    camera = frame_of(SMALL)
    soup = assemble(frame.scene, camera)
    for row in (0, 2, 4):
        seen = project(soup.points[soup.info[:, 0] == row + 1].reshape(-1, 3).astype(np.float64), camera)
        low, high = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
        np.testing.assert_allclose(frame.extent[row], [*low, *(high - low)], atol=2e-3)
        y, x = np.nonzero(frame.thing == THINGS[row].id)
        assert x.min() + 0.5 >= low[0]
        assert y.max() + 0.5 <= high[1]


def test_depth_of_the_road_is_that_of_a_plane(frame: Frame) -> None:
    camera = frame_of(SMALL)
    road = np.isin(frame.label, [INDEX["road"], INDEX["lane marking"]])
    y, x = np.nonzero(road)
    rays = (
        camera[9:12]
        + ((x + 0.5 - camera[13]) / camera[12])[:, None] * camera[3:6]
        + ((camera[14] - y - 0.5) / camera[12])[:, None] * camera[6:9]
    )
    np.testing.assert_allclose(frame.depth[road], -camera[2] / rays[:, 2], rtol=2e-4)
    place = camera[:3] + rays * frame.depth[road][:, None]
    assert (np.abs(place[:, 0]) <= STREET.half_width + 1e-2).all()
    painted = frame.label[road] == INDEX["lane marking"]
    lines = [painted_at(*p) for p in place[:, :2]]
    assert np.mean(painted == np.array(lines)) > 0.998


def painted_at(x: float, y: float) -> bool:
    """Lines of a marked road of two lanes, written anew."""
    table = ground.table(STREET)
    period, first = table[16], table[17]
    if (y - first) % period < grounds.CROSSING:
        return 0.25 < (x + STREET.half_width) % 1.0 < 0.75
    if abs(x) < grounds.LINE / 2:
        return y % 9 < 3
    return abs(abs(x) - (STREET.half_width - 0.35)) < grounds.LINE / 2


def test_visibility_against_rays_through_every_sample() -> None:
    rng = np.random.default_rng(0)
    camera = frame_of(Camera((0.0, 0.0, 0.0), 0.0, 0.0, 0.0, 12.0, 14, 10))
    points = rng.normal(0, 2.5, (40, 3, 3))
    points[:, :, 1] += 3.0  # some cross the near plane, some lie behind
    points = points.astype(np.float32)
    info = np.zeros((40, 4), np.int32)
    info[:, 0] = np.arange(40) // 4 + 1
    depth, owner = np.empty((21, 29), np.float32), np.empty((21, 29), np.int32)
    silhouette, extent = np.zeros(10, np.int32), raster.empty_extent(10)
    raster.visibility(points, info, camera, depth, owner, np.empty((10, 14), np.int32), silhouette, extent)
    covered = np.zeros((10, 10, 14), bool)
    for j in range(21):
        for i in range(29):
            ray = camera[9:12] + (i / 2 - 7) / 12 * camera[3:6] + (5 - j / 2) / 12 * camera[6:9]
            best, nearest, border = -1, 0.0, False
            for t, (a, b, c) in enumerate(points.astype(np.float64)):
                solved = np.linalg.solve(np.stack([a, b, c], axis=1), ray)  # weights of the corners, up to scale
                inverse = solved.sum()
                weights = solved / inverse
                border |= bool((np.abs(weights) < 1e-6).any())
                if (weights >= 0).all() and 0 < inverse < 1 / raster.NEAR:
                    if j % 2 and i % 2:
                        covered[t // 4, j // 2, i // 2] = True
                    if inverse > nearest:
                        best, nearest = t, inverse
            if not border:
                assert owner[j, i] == best
                assert depth[j, i] == pytest.approx(nearest, rel=1e-5)
    np.testing.assert_array_equal(silhouette, covered.sum(axis=(1, 2)))


def test_samples_share_each_pixel_among_its_surfaces() -> None:
    rng = np.random.default_rng(1)
    info = np.zeros((6, 4), np.int32)
    info[:, 0], info[:, 2] = [1, 1, 2, 2, 0, 0], [5, 7, 5, 5, 1, 1]
    owner = np.repeat(np.repeat(rng.integers(-1, 6, (5, 6)), 4, axis=0), 4, axis=1)[:15, :21].astype(np.int32)
    at, weight = np.empty(9 * 70, np.int32), np.empty(9 * 70, np.float32)
    n = samples(owner, info, at, weight)
    key = np.where(owner < 0, -1, info[owner, 0] * 100 + info[owner, 2])
    tent = np.outer([1, 2, 1], [1, 2, 1]) / 16
    pixel = np.cumsum(at[:n] < 0) - 1
    place = np.where(at[:n] < 0, -1 - at[:n], at[:n])
    for p in range(70):
        y, x = divmod(p, 10)
        window = key[2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
        got = {
            int(key.reshape(-1)[k]): float(w) for k, w in zip(place[pixel == p], weight[:n][pixel == p], strict=True)
        }
        assert got == pytest.approx({int(k): float(tent[window == k].sum()) for k in np.unique(window)})
        assert place[pixel == p][0] == (2 * y + 1) * 21 + 2 * x + 1


def test_sun_depth_against_a_ray_towards_the_sun() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 2, (12, 3, 3)).astype(np.float32)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0].T
    frame = np.array([*axes.reshape(-1), -3.0, -3.0, 2.5])
    depth = np.empty((15, 15), np.float32)
    raster.sun_depth(points, frame, depth)
    local = points.astype(np.float64) @ axes.T
    for j in range(15):
        for i in range(15):
            u, v = -3 + (i + 0.5) / 2.5, -3 + (j + 0.5) / 2.5
            heights = []
            for a, b, c in local:
                weights = np.linalg.solve(np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]]), [u, v, 1])
                if (weights >= 0).all():
                    heights.append(weights @ [a[2], b[2], c[2]])
            assert depth[j, i] == pytest.approx(max(heights, default=-1e30), rel=1e-4, abs=1e-4)


def test_shadows_fall_away_from_the_sun() -> None:
    around = replace(CLEAR, sun=(math.pi / 2, 0.6))
    camera = Camera((0.0, 0.0, 8.0), 0.0, -0.7, 0.0, 110.0, 120, 90)
    box = Thing("truck", 1, (0.0, 9.0, 0.0), 0.0, (7.2, 2.3, 3.2), (0.3, 0.3, 0.3))
    scene = Scene(camera, STREET, around, (box,), 1)
    lit, shaded = render(replace(scene, things=())), render(scene)
    road = (shaded.thing == 0) & (lit.label == INDEX["road"])
    darker = road & (shaded.image.mean(axis=2) < 0.7 * lit.image.mean(axis=2))
    x = np.nonzero(darker)[1]
    sun_x = towards_sun(scene)[0]
    assert darker.sum() > 150
    assert np.sign(x.mean() - 60) == -np.sign(sun_x)


def test_contact_darkens_under_and_beside_only() -> None:
    plan = np.zeros((80, 80), np.float32)
    raster.contact(plan, np.array([[4.0, 4.0, 1.0, 0.0, 1.5, 0.5, 0.8]]), np.array([0.0, 0.0, 10.0]))
    assert plan[40, 40] > 0.7
    assert plan[40, 47] > plan[40, 52] > 0  # across: outside the half width of 0.5 m
    assert plan[40, 60] == 0
    assert plan[53, 40] > 0.6  # along: still under it


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(-4, 4), st.floats(1e-3, 3))
@settings(max_examples=100, deadline=None)
def test_band_is_the_covered_share_of_the_footprint(low: float, width: float, value: float, foot: float) -> None:
    at = value + foot * (np.arange(4000) + 0.5) / 4000 - foot / 2
    share = np.mean((at > low) & (at < low + width))
    assert noise.band(low, low + width, value, foot) == pytest.approx(share, abs=1e-3)


@given(st.floats(-5, 5), st.floats(-5, 5))
@settings(max_examples=50, deadline=None)
def test_tiles_repeat_and_interpolate(u: float, v: float) -> None:
    table = tiles()
    value = noise.tile(table, noise.CLOUD, u, v, 0.0)
    assert noise.tile(table, noise.CLOUD, u + 3, v - 2, 0.0) == pytest.approx(value, abs=1e-5)
    size = table.shape[2]
    i, j = math.floor(u * size), math.floor(v * size)
    fx, fy = u * size - i, v * size - j
    corner = [[table[noise.CLOUD, 0, (j + b) % size, (i + a) % size] for a in (0, 1)] for b in (0, 1)]
    expected = np.array([1 - fy, fy]) @ np.array(corner) @ np.array([1 - fx, fx])
    assert value == pytest.approx(expected, abs=1e-6)


def test_tiles_keep_their_mean_at_every_level() -> None:
    table = tiles()
    for level in range(noise.LEVELS):
        size = table.shape[2] >> level
        np.testing.assert_allclose(
            table[:, level, :size, :size].mean(axis=(1, 2)), table[:, 0].mean(axis=(1, 2)), atol=1e-5
        )


def test_hashes_are_uniform_and_differ_in_every_argument() -> None:
    values = np.array([noise.hashed(a, b, 7) for a in range(-20, 20) for b in range(40)])
    assert np.histogram(values, 8, (0, 1))[0].min() > 150
    assert len({noise.hashed(1, 2, 3), noise.hashed(2, 1, 3), noise.hashed(1, 3, 2), noise.hashed(-1, 2, 3)}) == 4


def volume(points: np.ndarray) -> float:
    a, b, c = points[:, 0], points[:, 1], points[:, 2]
    return float(np.sum(a * np.cross(b, c)) / 6)


def test_tubes_are_closed_and_face_outwards() -> None:
    builder = Builder()
    builder.tubes([([(0, 0, 0, 1, 2), (0, 0, 3, 1, 2)], 64, Look()), (ellipsoid(9, 0, 0, 1, 2, 3, 20), 40, Look())])
    mesh = builder.mesh((1, 1, 1))
    tube = mesh.points[:, :, 0].max(axis=1) < 5
    for which, expected in ((tube, 6 * math.pi), (~tube, 8 * math.pi)):
        assert abs(volume(mesh.points[which].astype(np.float64))) == pytest.approx(expected, rel=0.03)
    middle = mesh.points[~tube].mean(axis=1) - [9, 0, 0]
    assert (np.sum(middle * mesh.normals[~tube].mean(axis=1), axis=1) > 0).all()


def test_place_turns_scales_and_colours() -> None:
    mesh = structures.sign(1, 0)
    n = len(mesh.points)
    points, normals, texture = (np.empty((n, 3, 3), np.float32) for _ in range(3))
    colour, info = np.empty((n, 3), np.float32), np.empty((n, 4), np.int32)
    pose = np.array([1.0, 2.0, 3.0, math.cos(0.7), math.sin(0.7), 2.0, 0.5, 4.0])
    solids.place(
        mesh.points, mesh.normals, mesh.texture, mesh.colour, mesh.kind, pose, np.ones((5, 3), np.float32),
        np.array([4, 10, 8], np.int32), 0, points, normals, texture, colour, info,
    )  # fmt: skip
    turn = np.array([[math.cos(0.7), -math.sin(0.7), 0], [math.sin(0.7), math.cos(0.7), 0], [0, 0, 1]])
    np.testing.assert_allclose(points, (mesh.points * [2.0, 0.5, 4.0]) @ turn.T + [1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1, atol=1e-5)
    assert (info[:, 0] == 4).all()
    assert (info[:, 1] == 10).all()


KINDS = [(kind, variant) for kind, sizes in SIZES.items() for variant in range(max(4, len(sizes)))]


@pytest.mark.parametrize(("kind", "variant"), KINDS)
def test_every_kind_is_drawn_at_its_size(kind: str, variant: int) -> None:
    size = SIZES[kind][variant % len(SIZES[kind])]
    distance = 4.0 + 1.5 * max(size)
    camera = Camera((0.0, 0.0, 1.5), 0.0, 0.0, 0.0, 90.0, 120, 120)
    for heading in (0.0, math.pi / 2):
        thing = Thing(kind, 1, (0.0, distance, 0.0), heading, size, (0.5, 0.1, 0.1), (0.1, 0.1, 0.5), 0.2, variant)
        shot = drawn(thing, camera=camera)
        across = size[1] if heading == 0.0 else size[0]
        thin = kind in ("traffic sign", "pole", "bicycle") and across < 0.2
        assert thin or shot.visible[0] > 8
        tall = shot.extent[0, 3] * distance / camera.focal
        assert tall == pytest.approx(size[2], rel=0.35 if kind != "train" else 0.6)
        if kind not in ("pole", "rider", "person", "bicycle", "motorbike", "train") and not thin:
            assert shot.extent[0, 2] * distance / camera.focal == pytest.approx(across, rel=0.55)


def test_vehicles_show_glass_lamps_and_paint() -> None:
    row = bodywork.ROWS["saloon"]
    look = np.zeros(13)
    look[7] = 1.0

    def painted(x: float, y: float, z: float, nx: float, ny: float) -> np.ndarray:
        s = np.zeros(12)
        s[:3] = 0.5
        bodies.body(x, y, z, nx, ny, 0.01, bodywork.TABLE, row, look, 0.0, s)
        return s

    screen, lamp, door = painted(0, 0.7, 1.2, 0, 0.6), painted(0.7, 2.3, 0.65, 0, 1), painted(0.9, 0.3, 0.7, 1, 0)
    assert screen[0] < 0.05
    assert screen[4] > 0.95  # glass mirrors
    assert lamp[5] > 0.5  # burns
    assert door[0] > 0.3
    assert door[5] == 0
    assert painted(0.7, -2.3, 0.85, 0, -1)[5] > 3 * painted(0.7, -2.3, 0.85, 0, -1)[6]  # tail lamps are red


def test_fog_takes_contrast_with_distance() -> None:
    def contrast(visibility: float) -> float:
        black = Thing("wall", 1, (0.0, 40.0, 0.0), math.pi / 2, (30.0, 0.3, 3.0), (0.01, 0.01, 0.01))
        shot = drawn(black, around=replace(CLEAR, weather="fog", visibility=visibility))
        return float(shot.image[shot.label == INDEX["sky"]].mean() - shot.image[shot.thing == 1].mean())

    values = [contrast(v) for v in (2000.0, 200.0, 100.0, 50.0)]
    assert all(a > b + 3 for a, b in itertools.pairwise(values))


def test_exposure_noise_and_blur_do_what_they_say() -> None:
    sharp = drawn(*THINGS).image.astype(np.float64)
    assert drawn(*THINGS, around=replace(CLEAR, exposure=1.5)).image.mean() > sharp.mean() + 10
    noisy = drawn(*THINGS, around=replace(CLEAR, noise=5.0)).image - sharp
    middle = (sharp > 100) & (sharp < 160)
    assert abs(noisy[middle].mean()) < 0.4
    assert noisy[middle].std() == pytest.approx(5.0, rel=0.1)

    def edges(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image.astype(np.float64), axis=1)).mean())

    blurred = [edges(drawn(*THINGS, around=replace(CLEAR, blur=b)).image) for b in (0.0, 0.7, 1.5, 3.0)]
    assert blurred == sorted(blurred, reverse=True)
    shaken = [drawn(*THINGS, around=replace(CLEAR, shake=s)).image for s in ((4.0, 0.0), (0.0, 4.0))]
    upright = [np.abs(np.diff(image.astype(np.float64), axis=0)).mean() for image in shaken]
    assert edges(shaken[0]) < edges(shaken[1])
    assert upright[1] < upright[0]


def test_blur_and_shake_against_plain_sums() -> None:
    rng = np.random.default_rng(3)
    image = rng.random((9, 11, 3)).astype(np.float32)
    weights = np.array([0.1, 0.2, 0.4, 0.2, 0.1], np.float32)
    across, both, moved = np.empty_like(image), np.empty_like(image), np.empty_like(image)
    sensor.blur_columns(image, weights, across)
    sensor.blur_rows(across, weights, both)
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
    expected = sum(
        weights[a] * weights[b] * padded[a : a + 9, b : b + 11].astype(np.float64) for a in range(5) for b in range(5)
    )
    np.testing.assert_allclose(both, expected, atol=1e-5)
    sensor.shaken(image, 1.0, 0.0, moved)  # three places: −1/3, 0 and 1/3 pixels
    np.testing.assert_allclose(moved[:, 1:-1], (image[:, :-2] + 7 * image[:, 1:-1] + image[:, 2:]) / 9, atol=1e-5)


def test_rain_streaks_stay_inside_the_image() -> None:
    image = np.zeros((20, 20, 3), np.float32)
    sensor.streaks(image, np.array([[-1.0, -5.0, 30.0, 0.2, 0.3], [19.5, 15.0, 30.0, 0.5, 0.3]]), np.ones(3))
    assert 0 < (image > 0).sum() < 200
    assert image.max() <= 0.3


def test_a_wet_road_mirrors_what_stands_on_it() -> None:
    camera = Camera((0.0, 0.0, 1.5), 0.0, 0.0, 0.0, 110.0, 120, 90)
    red = Thing("bus", 1, (0.0, 20.0, 0.0), 0.0, (11.5, 2.5, 3.05), (0.7, 0.02, 0.02), (0.7, 0.02, 0.02))
    under = (slice(58, 64), slice(56, 64))
    dry, soaked = (drawn(red, camera=camera, around=replace(CLEAR, weather="overcast", wet=w)) for w in (0.0, 1.0))
    assert (dry.thing[under] == 0).all()

    def redness(frame: Frame) -> float:
        colour = frame.image[under].reshape(-1, 3).astype(np.float64).mean(axis=0)
        return float(colour[0] / colour[2])

    assert redness(soaked) > 1.15 * redness(dry)


def test_shadow_lookup_is_open_outside_its_map() -> None:
    table = np.zeros(40)
    table[24], table[28], table[32], table[35] = 1, 1, 1, 1  # the sun overhead, one texel a metre
    depth = np.full((4, 4), 5.0, np.float32)
    assert light.sunlit(2.0, 2.0, 0.0, 0.1, table, depth) == 0.0
    assert light.sunlit(2.0, 2.0, 6.0, 0.1, table, depth) == 1.0
    assert light.sunlit(40.0, 2.0, 0.0, 0.1, table, depth) == 1.0


@pytest.mark.slow
def test_a_detector_trained_on_photos_finds_cars_and_people(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("pycocotools")
    folder = Path(os.environ.get("OPTOTYPE_DATA", "")) / "yolox_nano"
    if not (folder / "yolox_nano.onnx").exists():
        pytest.skip("set OPTOTYPE_DATA to a folder with yolox_nano")
    path = Path(__file__).parents[1] / "benchmarks" / "bench_world.py"
    spec = importlib.util.spec_from_file_location("bench_world", path)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    bench.average_precision(folder, 40, 480, 360, 1)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    values = {(line[0].rstrip(":"), line[2]): float(line[3]) for line in lines}
    assert set(values) == {(d, k) for d in ("north", "south") for k in ("person", "car")}
    assert min(values.values()) >= 0.25, values
