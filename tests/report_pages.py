"""Pages for the tests of the report: one with every view and hostile text, one like that of a real classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
from PIL import Image

from optotype.views import (
    Axis,
    BoxRole,
    Case,
    Cases,
    Chart,
    Cloud,
    Code,
    Column,
    Drawn,
    Frame,
    Frames,
    Gallery,
    GalleryItem,
    Lane,
    Link,
    Mark,
    Matrix,
    Moment,
    Note,
    Number,
    Numbers,
    Page,
    Picture,
    Reading,
    Scatter,
    Section,
    Sentence,
    Series,
    Sheet,
    Span,
    Table,
    Tile,
    Timeline,
    Verdict,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "<!--<script>",
    "\"quotes\" 'single' `back` \\ & &amp; {{mustache}}",
    "\u202erevo thgir\u202c after \u2067isolated",
    "e\u0301" + "\u0336\u0489\u035b" * 40 + "zalgo",
    "👩‍👩‍👧‍👦🏳️‍🌈 emoji",
    "two\nlines\r\nand a\ttab\u2028\u2029 end",
    "long " + "x" * 4_990 + " end",
    "",
    "lone surrogate \udcff of a file name",
    "nul \0 and bell \a",
    "javascript:alert(3)",
    "style=color:red;}</style>",
    "__proto__",
    "القط الأسود",
)


def write_images(folder: Path, count: int, size: tuple[int, int] = (160, 120)) -> list[str]:
    """Little pictures that differ from each other, as files; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    paths = []
    for i in range(count):
        corners = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
        path = folder / f"{i:05d}.jpg"
        corners.resize(size, Image.Resampling.BICUBIC).save(path, quality=85)
        paths.append(str(path))
    return paths


def hostile(folder: Path) -> Page:
    """Every view, with text that is out to break the page, and images that do not exist or are none."""
    names = list(HOSTILE)
    paths = write_images(folder, 6)
    (folder / "text.jpg").write_text("not an image")
    paths += [str(folder / "missing.png"), str(folder / "text.jpg"), "", "nul\0.png", *names[:3]]
    pictures = [Picture(paths[i % len(paths)], 96) for i in range(48)]
    nan = float("nan")
    items = [
        GalleryItem(
            title=names[i % len(names)],
            picture=pictures[i] if i % 7 else None,
            facets={"truth": names[i % len(names)], "prediction": names[(i + 3) % len(names)], names[0]: names[1]},
            facts=[(names[0], names[i % len(names)]), ("path", paths[i % len(paths)])],
            tone=("good", "bad", "caution", "neutral")[i % 4],  # type: ignore[arg-type]
        )
        for i in range(48)
    ]
    counts = [[(3 * i + 5 * j) % 7 for j in range(len(names))] for i in range(len(names))]
    sections = [
        Section(
            "verdict",
            names[0],
            [
                Verdict([Sentence(text, tone, target=names[1]) for text, tone in zip(names[:4], TONES, strict=True)]),
                Numbers([Number(name, value=0.5, low=0.4, high=0.6, note=name) for name in names], caption=names[1]),
                Numbers(
                    [Number("absent", None, note="no valid interval"), Number("nan", nan, nan, nan)], title=names[2]
                ),
                Note([], title="nothing"),
                Note(names, tone="caution", title=names[3]),
            ],
            lead=names[1],
        ),
        Section(
            names[1],
            names[8],
            [
                Table(
                    columns=[
                        Column(names[0], hint=names[3]),
                        Column(names[8], "ratio", bar=True),
                        Column("delta", "delta", better="higher"),
                        Column("picture", "picture"),
                        Column("integer", "integer", bar=True),
                        Column("seconds", "seconds"),
                    ],
                    rows=[
                        [name, Span(0.5, 0.4, 0.6), Span(-0.1, -0.2, None), pictures[i], i * 1000, None]
                        for i, name in enumerate(names)
                    ]
                    + [[None, nan, 0.25, None, -3, 75.5]],
                    links=[Link('gallery"><b>', {"truth": name}) for name in names] + [None],
                    title=names[4],
                    caption=names[5],
                    id="table",
                ),
                Table(columns=[Column("nothing")], rows=[]),
                Table(columns=[Column("name"), Column("n", "integer")], rows=[[f"row {i}", i] for i in range(1000)]),
            ],
        ),
        Section(
            "matrix",
            names[4],
            [
                Matrix(names, counts, gallery='gallery"><b>', title=names[6], id="matrix"),
                Matrix(["a", "b"], [[0, 0], [0, 0]], row_label=names[0], column_label=names[8]),
                Matrix(
                    [f"class {i}" for i in range(120)],
                    (np.eye(120, dtype=int) * 9).tolist(),
                    gallery='gallery"><b>',
                ),
                Matrix([], []),
            ],
        ),
        Section("charts", names[6], _hostile_charts(names)),
        Section(
            "images",
            names[7],
            [
                Gallery(
                    'gallery"><b>',
                    items,
                    facets=["truth", "prediction", names[0]],
                    title=names[7],
                    caption=names[8],
                ),
                Gallery("empty", []),
                *_hostile_frames(names, pictures),
                Sheet([Tile(picture, names[i % len(names)]) for i, picture in enumerate(pictures[:24])], per_row=8),
                Sheet([Tile(picture) for picture in pictures[:5]], title=names[3], caption=names[4]),
            ],
        ),
        Section("explained", names[2], [*_hostile_scatters(names, pictures), *_hostile_cases(names, pictures)]),
        Section("lanes", names[5], _hostile_timelines(names)),
        Section("code", "", [Code("\n".join(names), title=names[0]), Code("")]),
        Section("empty", "Nothing", []),
    ]
    return Page(title=names[0] + names[4], sections=sections, subtitle=names[8])


TONES = ("good", "bad", "caution", "neutral")


def _hostile_charts(names: list[str]) -> list[Chart]:
    nan = float("nan")
    x = [0.0, 1.0, 2.0, 3.0]
    return [
        Chart("line", Axis(names[0]), Axis(names[1]), [Series(name, x, [1.0, None, nan, 2.0]) for name in names]),
        Chart("bar", Axis("name", categories=names), Axis("n", unit="count"), [_ladder(len(names))], title=names[3]),
        Chart("dots", Axis("x", scale="log"), Axis("y", scale="log"), [Series("s", [0.0, 1.0, 1e6], [0.0, 1e-9, 1e9])]),
        Chart("line", Axis("x"), Axis("y"), [Series("one", [3.0], [4.0], [4.0], [4.0])], [Mark(3.0, names[8])]),
        Chart("dots", Axis("x"), Axis("y"), []),
        Chart(
            "bar",
            Axis("x"),
            Axis("y"),
            [Series("nothing", [], []), Series("none", [0.0], [None])],
            caption=names[8],
        ),
        Chart(
            "line",
            Axis("x"),
            Axis("y"),
            [Series(name, x, [1.0, 2.0, None, nan], group=name) for name in names] + [Series("always", x, x)],
            title=names[8],
        ),
        Chart("line", Axis("x"), Axis("y"), [Series("flat", x, [0.0] * 4, role="ideal")], [Mark(9.0, "outside")]),
    ]


ROLES: tuple[BoxRole, ...] = get_args(BoxRole)


def _hostile_frames(names: list[str], pictures: list[Picture]) -> list[Frames]:
    nan, inf = float("nan"), float("inf")
    n = len(names)
    odd = [nan, inf, -inf, 1e300, -1e300, -5.0, 0.0]
    drawn = Drawn(
        [*odd, *(9.0 * i for i in range(n))],
        [*odd[::-1], *(5.0 * i for i in range(n))],
        [20.0] * 5 + [-3.0, 0.0] + [30.0] * n,
        [20.0] * 7 + [20.0 + i for i in range(n)],
        [-1, 99, *range(5), *range(n)],
        [nan, inf, -1.0, 2.0, None, 0.5, 0.0, *(i / n if i % 3 else None for i in range(n))],
        [ROLES[i % 5] for i in range(n + 7)],
        ["", names[0], names[8], *(names[i % n] for i in range(n + 4))],
    )
    frames = [
        Frame(
            names[i % n],
            (160, 1, 4_000, 0)[i % 4],
            (120, 900, 10, 0)[i % 4],
            drawn if i % 5 else Drawn([], [], [], [], [], [], [], []),
            pictures[i] if i % 3 else None,
            (None, (10.0, 10.0, 20.0, 5.0), (nan, 0.0, 1.0, 1.0), (-50.0, 1e9, 0.0, -3.0))[i % 4],
            {"truth": names[i % n], names[0]: names[1]},
            [(names[0], names[i % n])],
            TONES[i % 4],  # type: ignore[arg-type]
        )
        for i in range(48)
    ]
    return [
        Frames('frames"><b>', frames, names, ["truth", names[0]], 0.2, title=names[0], caption=names[8]),
        Frames("no frames", [], []),
        Frames("nothing known", frames[:1], [], threshold=nan),
    ]


def _hostile_scatters(names: list[str], pictures: list[Picture]) -> list[Scatter]:
    n = len(names)
    places = [float(i) for i in range(n)]
    holes = [float("nan"), float("inf"), *places[2:]]
    flat = Cloud(names[1], places, holes, [], [i - 1 for i in range(n)], names, [*pictures[: n - 1], None], [True] * n)
    deep = Cloud(names[8], places, places, holes, list(range(n)), names, [None] * n, [False] * n)
    return [
        Scatter('scatter"><b>', names, [flat, flat], title=names[0], caption=names[8]),
        Scatter("deep", names, [deep], 3, title=names[4]),
        Scatter("one", [], [Cloud("", [1e300], [-1e300], [], [7], [""], [None], [False])]),
        Scatter("nothing", names, [Cloud("none", [], [], [], [], [], [], [])]),
        Scatter("no clouds", [], [], 3),
    ]


def _hostile_cases(names: list[str], pictures: list[Picture]) -> list[Cases]:
    cases = [
        Case(
            names[i % len(names)],
            pictures[i] if i % 5 else None,
            pictures[(i + 6) % 48] if i % 3 else None,
            [(name, names[i % len(names)]) for name in names],
            [(names[i % len(names)], tone) for tone in TONES],  # type: ignore[misc]
            [Tile(pictures[(i + k) % 48], names[k]) for k in range(8)],
            [Reading(name, name, (float("nan"), -1.0, 2.0, 0.5, None)[k % 5], name) for k, name in enumerate(names)],
            {"truth": names[i % len(names)], names[0]: names[1]},
        )
        for i in range(48)
    ]
    return [Cases('cases"><b>', cases, ["truth", names[0]], title=names[3], caption=names[5]), Cases("none", [])]


def _hostile_timelines(names: list[str]) -> list[Timeline]:
    n = len(names)
    link = Link('gallery"><b>', {"truth": names[0]})
    lanes = [
        Lane(
            names[i % n],
            names[(i + 1) % n],
            (100, 0, 3, 10**6)[i % 4],
            [1, 5, 3, 90, -4, *range(100, 100 + n)],
            [4, 2, 9, 2000, 0, *range(100, 100 + n)],
            [0, 1, -1, 99, -7, *range(n)],
            ["", names[0], names[8], "", "", *names],
            names if i % 5 else [],
            [Moment((7, -3, 10**7)[k % 3], k - 1, name) for k, name in enumerate(names)] if i % 3 else [],
            {"truth": names[i % n], names[0]: names[1]},
            [(names[0], names[i % n]), (names[1], "0")],
            link if i % 2 else None,
        )
        for i in range(48)
    ]
    return [
        Timeline('lanes"><b>', lanes, names[:6], ["truth", names[0]], 5, names[7], names[8], names[4]),
        Timeline("no lanes", [], []),
        Timeline("bare", [Lane("", "", 1, [], [], [], [], [])], []),
    ]


def _ladder(n: int) -> Series:
    values: list[float | None] = [float(i) for i in range(n)]
    return Series("n", [float(i) for i in range(n)], values, values, [float(i + 1) for i in range(n)])


def classification(paths: Sequence[str], names: Sequence[str], seed: int = 0) -> Page:
    """A page like that of one trained classifier; ``paths`` are the test images."""
    rng = np.random.default_rng(seed)
    k = len(names)
    truth = np.arange(len(paths)) * k // max(1, len(paths))
    wrong = rng.random(len(paths)) < 0.05 + 0.5 * (truth % 3 == 1)
    guess = np.where(wrong, (truth + rng.choice([1, 1, 1, 2, 5], len(paths))) % k, truth)
    sure = np.round(rng.beta(5, 2, len(paths)), 3)
    counts = np.zeros((k, k), int)
    np.add.at(counts, (truth, guess), 1)
    accuracy = float((truth == guess).mean())
    return Page(
        title="resnet18 on monkeys10",
        subtitle="274 test photos of 10 species · protocol plain · trained 10 epochs from random weights",
        sections=[
            _verdict(accuracy, len(paths)),
            _failures(names, counts),
            _pictures(paths, names, truth, guess, sure),
            _training(paths, names),
            _provenance(),
        ],
    )


def explained(paths: Sequence[str], names: Sequence[str], heat: str, n: int = 60, cases: int = 12) -> Page:
    """Feature space in the plane and in space, and mistakes one by one; ``heat`` is a heat map's image."""
    scatters = [
        Scatter("plane", list(names), [_cloud("train", n, paths, names), _cloud("validation", n // 2, paths, names)]),
        Scatter("space", list(names), [_cloud("validation", n // 2, paths, names)], 3, title="In space"),
    ]
    mistakes = Cases("mistakes", [_case(i, paths, names, heat) for i in range(cases)], ["truth"], title="Mistakes")
    rows = Table([Column("class")], [[name] for name in names], [Link("mistakes", {"truth": n}) for n in names])
    return Page(
        "Explained", [Section("feature-space", "Feature space", [*scatters, rows]), Section("m", "M", [mistakes])]
    )


def detection(paths: Sequence[str | None], names: Sequence[str], boxes: int = 12, seed: int = 0) -> Page:
    """A page like that of one detector; a path of None has no picture. Photos are of 160 × 120 pixels."""
    rng = np.random.default_rng(seed)
    frames = [_frame(i, path, names, boxes, rng) for i, path in enumerate(paths)]
    view = Frames("errors", frames, list(names), ["type", "class"], 0.25, "Errors one by one", "Boxes.", "error")
    whole = [msgspec.structs.replace(frame, focus=None, title=f"photo {i}") for i, frame in enumerate(frames)]
    worst = Frames("worst", whole, list(names), ["class"], 0.25, title="The worst images")
    rows = Table([Column("kind")], [[kind] for kind in KINDS], [Link("errors", {"type": kind}) for kind in KINDS])
    views = [Section("images", "The images", [worst, view])]
    return Page("a detector", [Section("kinds", "Kinds", [rows, *detection_charts(names)]), *views])


def tracking(lanes: int = 80, seed: int = 0) -> Page:
    """A page like that of one tracker: a lane each object, and the events that its lane leads to."""
    rng = np.random.default_rng(seed)
    made = [_lane(i, rng) for i in range(lanes)]
    view = Timeline("tracks", made, ["identity switch", "fragmentation"], ["sequence"], 30, "Tracks", "Lanes.")
    rows = [[f"seq-{k}"] for k in range(3)]
    table = Table([Column("sequence")], rows, [Link("tracks", {"sequence": name}) for (name,) in rows])
    drawn = Drawn([10.0], [10.0], [20.0], [40.0], [0], [None], ["missed"], ["id 0"])
    frames = [
        Frame(f"event {i}", 160, 120, drawn, None, None, {"type": "FN", "track": lane.title}, [], "bad")
        for i, lane in enumerate(made[:9])
    ]
    events = Frames("events", frames, ["object"], ["type"], title="Events", unit="event")
    return Page("a tracker", [Section("tracks-section", "Sequences", [table, view, events])])


def _lane(i: int, rng: np.random.Generator) -> Lane:
    length = 200 + 150 * (i % 3)
    ends = np.unique(rng.integers(2, length, 7)).tolist()
    first = [int(rng.integers(1, ends[0] + 1)), *(end + 1 + int(rng.integers(0, 2)) * 3 for end in ends[:-1])]
    spans = [(a, b) for a, b in zip(first, ends, strict=True) if b >= a]
    by = [-1 if k % 3 == 1 else k // 2 for k in range(len(spans))]
    note = ["occluded by 4: 0.62 hidden" if who < 0 else "" for who in by]
    names = [f"{i * 10 + k}" for k in range(max(by) + 1)]
    moments = [Moment(a, k % 2, "crossing") for k, (a, _) in enumerate(spans) if k and by[k] >= 0]
    facts = [("switches", str(len(names) - 1)), ("frames missed", "12")]
    group, starts, lasts = f"seq-{i % 3}", [a for a, _ in spans], [b for _, b in spans]
    link = Link("events", {"track": f"id {i}"}) if i < 9 else None
    facets = {"sequence": group}
    return Lane(f"id {i}", group, length, starts, lasts, by, note, names, moments, facets, facts, link)


KINDS = ("Cls", "Loc", "Miss")


def _frame(i: int, path: str | None, names: Sequence[str], n: int, rng: np.random.Generator) -> Frame:
    x, y = rng.integers(0, 120, n), rng.integers(0, 90, n)
    w, h = rng.integers(8, 40, n), rng.integers(8, 30, n)
    role = [ROLES[k % 5] for k in range(n)]
    score = np.round(rng.random(n), 3).tolist()
    scores = [score[k] if role[k] in ("right", "wrong") else None for k in range(n)]
    notes = [KINDS[k % 2] if role[k] == "wrong" else "" for k in range(n)]
    label = [(i + k) % len(names) for k in range(n)]
    sides = ([float(v) for v in side] for side in (x, y, w, h))
    facets = {"type": KINDS[i % 3], "class": names[i % len(names)]}
    drawn = Drawn(*sides, label, scores, role, notes)
    focus = (float(x[0]), float(y[0]), float(w[0]), float(h[0]))
    title = f"{facets['type']}: {facets['class']}"
    picture = None if path is None else Picture(path, 640)
    return Frame(title, 160, 120, drawn, picture, focus, facets, [("photo", str(i))], "bad")


def detection_charts(names: Sequence[str]) -> list[Chart]:
    """Errors by size, and precision by recall of each class at ten overlaps."""
    kinds = ["class wrong, box right", "box badly placed", "both wrong", "found twice", "nothing is there", "missed"]
    kinds += ["all false detections together", "all objects that were missed"]
    rng = np.random.default_rng(3)
    places = [float(k) for k in range(len(kinds))]
    bars = []
    for size, role in (("all", "a"), ("small", "b"), ("medium", "c"), ("large", "d")):
        y = rng.random(len(kinds)) * 20
        bars.append(Series(size, places, y.tolist(), (0.7 * y).tolist(), (1.2 * y + 1).tolist(), role=role))  # type: ignore[arg-type]
    x = np.linspace(0, 1, 101)
    roles = ["a", "b", "c", "d", "e", "f", "train", "validation", "test", "ideal"]
    curves = [
        Series(
            f"IoU {0.5 + 0.05 * t:.2f}",
            x.tolist(),
            (np.clip(1 - x ** (3 - 0.25 * t), 0, 1) * (1 - 0.06 * t - 0.05 * k)).tolist(),
            role=roles[t],  # type: ignore[arg-type]
            group=name,
        )
        for k, name in enumerate(names)
        for t in range(10)
    ]
    ratio = {"low": 0.0, "high": 1.0, "unit": "ratio"}
    return [
        Chart("bar", Axis("", categories=kinds), Axis("AP points", unit="points"), bars, title="What errors cost"),
        Chart("line", Axis("recall", **ratio), Axis("precision", **ratio), curves, title="Precision by recall"),  # type: ignore[arg-type]
    ]


def _cloud(name: str, n: int, paths: Sequence[str], names: Sequence[str]) -> Cloud:
    rng = np.random.default_rng(len(name))
    x, y, z = (rng.normal(size=n).tolist() for _ in range(3))
    shots = [Picture(paths[i % len(paths)]) for i in range(n)]
    titles = [f"{name} {i}" for i in range(n)]
    return Cloud(name, x, y, z, [i % len(names) for i in range(n)], titles, shots, [i % 7 == 3 for i in range(n)])  # type: ignore[arg-type]


def _case(i: int, paths: Sequence[str], names: Sequence[str], heat: str) -> Case:
    truth, guess = names[i % len(names)], names[(i + 1) % len(names)]
    return Case(
        f"photo {i}",
        Picture(paths[i]),
        Picture(heat, 14),
        [("called", guess), ("confidence", "0.91")],
        [("label suspect", "caution")] if i % 4 == 0 else [],
        [Tile(Picture(paths[(i * 5 + k) % len(paths)], 96), names[k % len(names)]) for k in range(5)],
        [Reading("size", "24 px", 0.08, "smaller than 92 % of its class"), Reading("noise", "3.1", 0.5)],
        {"truth": truth, "predicted": guess},
    )


def _verdict(accuracy: float, n: int) -> Section:
    spread = 1.96 * (accuracy * (1 - accuracy) / max(1, n)) ** 0.5
    low, high = accuracy - spread, accuracy + spread
    return Section(
        "verdict",
        "Verdict",
        [
            Verdict(
                [
                    Sentence(
                        f"The model names {accuracy:.1%} of {n:,} photos rightly (95 %: {low:.1%} to {high:.1%}).",
                        "good",
                        "numbers",
                    ),
                    Sentence(
                        "A third of all errors lie in two pairs: bald uakari is taken for Japanese macaque, and "
                        "silvery marmoset for common squirrel monkey.",
                        "bad",
                        "confusion",
                    ),
                    Sentence(
                        "It overfits from epoch 7 on: training loss falls by 0.041 an epoch while validation loss "
                        "rises by 0.018; the gap in accuracy at the end is 0.21.",
                        "caution",
                        "training",
                    ),
                    Sentence(
                        "Its confidence is 6 points too high; temperature scaling (T = 1.38) mends most of it.",
                        "neutral",
                    ),
                ]
            ),
            Numbers(
                [
                    Number("accuracy", accuracy, low, high),
                    Number("balanced accuracy", accuracy - 0.004, low - 0.004, high - 0.004),
                    Number("F1, macro", accuracy - 0.011, low - 0.012, high - 0.009),
                    Number("top 5", 0.989, 0.974, 0.997),
                    Number("negative log-likelihood", 0.743, 0.651, 0.842, unit="nats", better="lower"),
                    Number("Brier", 0.291, 0.258, 0.322, unit="plain", better="lower"),
                    Number(
                        "expected calibration error",
                        0.061,
                        better="lower",
                        note="no valid interval: the estimate is biased",
                    ),
                    Number("test photos", n, unit="count", better=""),
                ],
                caption="Protocol plain: scikit-learn's averages over classes; intervals by bootstrap over photos, "
                "1,000 resamples, seed 0.",
            ),
        ],
    )


def _failures(names: Sequence[str], counts: np.ndarray) -> Section:
    rows = []
    for i, name in enumerate(names):
        recall = float(counts[i, i] / max(1, counts[i].sum()))
        precision = float(counts[i, i] / max(1, counts[:, i].sum()))
        f1 = 2 * recall * precision / max(1e-9, recall + precision)
        rows.append(
            [
                name,
                int(counts[i].sum()),
                Span(precision, max(0, precision - 0.09), min(1, precision + 0.09)),
                Span(recall, max(0, recall - 0.1), min(1, recall + 0.1)),
                Span(f1, max(0, f1 - 0.09), min(1, f1 + 0.09)),
            ]
        )
    x = [0.05 + 0.1 * i for i in range(10)]
    y = [None, 0.12, 0.2, 0.31, 0.38, 0.49, 0.58, 0.66, 0.78, 0.93]
    return Section(
        "confusion",
        "Where it fails",
        [
            Matrix(
                list(names),
                counts.tolist(),
                gallery="mistakes",
                title="Confusion",
                caption="Test photos.",
                id="matrix",
            ),
            Table(
                [
                    Column("class"),
                    Column("n", "integer", bar=True),
                    Column("precision", "ratio", bar=True),
                    Column("recall", "ratio", bar=True),
                    Column("F1", "ratio", bar=True),
                ],
                rows,
                [Link("mistakes", {"truth": name}) for name in names],
                title="Per class",
                caption="95 % intervals by bootstrap. A class opens its photos.",
            ),
            Chart(
                "dots",
                Axis("confidence", 0, 1, unit="ratio"),
                Axis("accuracy", 0, 1, unit="ratio"),
                [
                    Series("right on the line", [0, 1], [0, 1], role="ideal"),
                    Series(
                        "before",
                        x,
                        y,
                        [None if v is None else v - 0.07 for v in y],
                        [None if v is None else min(1, v + 0.07) for v in y],
                        role="a",
                    ),
                    Series(
                        "after temperature scaling",
                        x,
                        [None if v is None else (v + a) / 2 for v, a in zip(y, x, strict=True)],
                        role="c",
                    ),
                ],
                title="Calibration",
                caption="Ten bins of equal width; a bin without photos is left out.",
            ),
            Chart(
                "bar",
                Axis("confidence", 0, 1, unit="ratio"),
                Axis("photos", unit="count"),
                [Series("photos", x, [0, 2, 4, 7, 12, 18, 26, 40, 66, 99])],
                title="How confident it is",
            ),
        ],
    )


def _pictures(
    paths: Sequence[str], names: Sequence[str], truth: np.ndarray, guess: np.ndarray, sure: np.ndarray
) -> Section:
    order = np.lexsort((-sure, truth == guess))
    items = [
        GalleryItem(
            title=Path(paths[i]).name,
            picture=Picture(paths[i], 160),
            facets={
                "truth": names[truth[i]],
                "prediction": names[guess[i]],
                "outcome": "right" if truth[i] == guess[i] else "wrong",
            },
            facts=[("confidence", f"{sure[i]:.3f}"), ("file", paths[i])],
            tone="good" if truth[i] == guess[i] else "bad",
        )
        for i in order
    ]
    gallery = Gallery(
        "mistakes",
        items,
        ["truth", "prediction", "outcome"],
        title="Test photos",
        caption="Mistakes first, the most confident at the head.",
    )
    return Section("images", "The photos behind the numbers", [gallery])


def _training(paths: Sequence[str], names: Sequence[str]) -> Section:
    epochs = [float(i) for i in range(1, 11)]
    train = [2.1, 1.7, 1.42, 1.2, 1.02, 0.88, 0.74, 0.63, 0.55, 0.5]
    valid = [2.05, 1.74, 1.5, 1.33, 1.21, 1.16, 1.13, 1.15, 1.19, 1.22]
    axis = Axis("epoch", unit="count")
    best = [Mark(7, "best epoch 7")]
    places = [float(i) for i in range(len(names))]
    rng = np.random.default_rng(1)
    tiles = [Tile(Picture(paths[i * 7 % len(paths)], 160), names[i % len(names)]) for i in range(32)] if paths else []
    splits = [("train", 96, "train"), ("validation", 14, "validation"), ("test", 27, "test")]
    return Section(
        "training",
        "How it was trained",
        [
            Note(
                [
                    "Rule: validation loss above its minimum by over 2 % for two epochs while training loss falls.",
                    "Found: minimum 1.130 at epoch 7; slope after it +0.030 an epoch, of training −0.080.",
                ],
                tone="caution",
                title="Overfitting from epoch 7 on",
            ),
            Chart(
                "line",
                axis,
                Axis("loss", unit="nats"),
                [
                    Series("train", epochs, train, role="train"),
                    Series("validation", epochs, valid, role="validation"),
                ],
                best,
                title="Loss",
            ),
            Chart(
                "line",
                axis,
                Axis("accuracy", 0, 1, unit="ratio"),
                [
                    Series("train", epochs, [1 - v / 2.6 for v in train], role="train"),
                    Series(
                        "validation",
                        epochs,
                        [1 - v / 2.6 for v in valid],
                        [0.93 - v / 2.6 for v in valid],
                        [1.07 - v / 2.6 for v in valid],
                        role="validation",
                    ),
                ],
                best,
                title="Accuracy",
            ),
            Chart(
                "bar",
                Axis("", categories=list(names)),
                Axis("photos", unit="count"),
                [
                    Series(name, places, [float(v) for v in rng.integers(n // 2, n + 1, len(names))], role=role)  # type: ignore[arg-type]
                    for name, n, role in splits
                ],
                title="Photos per class and split",
            ),
            Chart(
                "dots",
                Axis("", categories=["small_cnn", "resnet18", "resnet18 + augmentation"]),
                Axis("accuracy", unit="ratio"),
                [Series("accuracy", [0, 1, 2], [0.52, 0.61, 0.68], [0.46, 0.55, 0.62], [0.58, 0.67, 0.73])],
                title="The three models",
            ),
            Sheet(
                tiles,
                per_row=8,
                title="One training batch",
                caption="As the network sees it: augmented, then shrunk.",
            ),
        ],
    )


def _provenance() -> Section:
    return Section(
        "provenance",
        "Provenance",
        [
            Table(
                [Column("what"), Column("value")],
                [
                    ["optotype", "0.1.0"],
                    ["data", "split.csv · sha256 3b1f…92c7"],
                    ["predictions", "predictions.npz · sha256 77aa…01de"],
                    ["device", "CPU, 2 threads, bfloat16"],
                ],
            ),
            Code(
                "optotype train classify --data split.csv --model resnet18 --epochs 10 --seed 0",
                title="To reproduce",
            ),
        ],
    )
