"""The JSON scanner against Python's json: every number to the last bit, every file the same table or none."""

from __future__ import annotations

import json
import math
import random
import struct
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype import coco_records, jsonfile
from optotype.errors import InputError
from optotype.jsonfile import PADDING, Text
from optotype.kernels import json_float

ALL = 255


def text_of(raw: bytes) -> Text:
    """A file's text without a file; valid as ``load`` says."""
    padded = np.frombuffer(raw + bytes(PADDING), np.uint8).copy()
    return Text(Path("x.json"), padded, raw.isascii() or jsonfile._is_utf8(memoryview(raw)))


def number(text: str, after: str = ",") -> tuple[int, float, int]:
    raw = np.frombuffer((text + after).encode() + bytes(PADDING), np.uint8)
    state, value, end = json_float.real_at(raw.ctypes.data, json_float.powers())
    return state, value, end - raw.ctypes.data


def python(text: str) -> float:
    try:
        return float(json.loads(text))
    except OverflowError:
        return -math.inf if text.startswith("-") else math.inf


def check(text: str) -> None:
    state, value, end = number(text)
    assert end == len(text)
    if state != json_float.UNDECIDED:
        assert struct.pack("d", value) == struct.pack("d", python(text)), text
    else:
        assert len(text) > 19


digits = st.text("0123456789", min_size=1, max_size=40)
whole = digits.map(lambda text: text.lstrip("0") or "0")
exponent = st.builds(
    lambda letter, sign, n: f"{letter}{sign}{n}",
    st.sampled_from("eE"),
    st.sampled_from(["", "+", "-"]),
    st.integers(0, 400),
)
grammar = st.builds(
    lambda sign, a, b, e: sign + a + (f".{b}" if b else "") + e,
    st.sampled_from(["", "-"]),
    whole,
    st.one_of(st.just(""), digits),
    st.one_of(st.just(""), exponent),
)


@settings(max_examples=600, deadline=None)
@given(grammar)
def test_any_number_of_the_grammar_reads_as_python_reads_it(text):
    check(text)


@settings(max_examples=600, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 25))
def test_printed_floats_come_back(value, places):
    for text in (repr(value), f"{value:.{places}e}", f"{value:.17g}", f"{value:.20e}"):
        check(text)


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**25), 10**25))
def test_whole_numbers(value):
    check(str(value))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, (0x7FF << 52) - 2), st.sampled_from([-1, 0, 1]))
def test_halfway_cases_and_their_neighbours(bits, step):
    low, top = (Fraction(struct.unpack("d", struct.pack("Q", b))[0]) for b in (bits, bits + 1))
    middle = (low + top) / 2
    places = max(0, middle.denominator.bit_length() - 1)  # the denominator is a power of two
    scaled = middle.numerator * 5**places + step
    text = f"{scaled}e-{places}" if places else str(scaled)
    if len(text) <= 4000:
        check(text)


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "-0.0", "0e5", "-0e1", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400",
     "1e400", "-1e400", "1.7976931348623157e308", "1.7976931348623159e308", "2.2250738585072011e-308",
     "2.2250738585072014e-308", "9007199254740993", "9007199254740993.0", "9007199254740992.99999999999999999999",
     "1e22", "1e23", "8.5e22",
     "0." + "0" * 400 + "1e401", "1" + "0" * 400 + "e-400", "1e99999999999999999999", "1e-99999999999999999999",
     "12345678", "1234567", "123456.7", "1234567.8", "1.2345678", "0.0000001", "123.4567e1"],
)  # fmt: skip
def test_numbers_at_the_edges(text):
    check(text)


@pytest.mark.parametrize(
    "text",
    ["", "-", "+1", ".5", "1.", "01", "-01", "00", "1e", "1e+", "1.e5", "--1", "NaN", "Infinity", "01.5", "-.5", "x"],
)
def test_what_is_no_number_is_none(text):
    state, _, end = number(text)
    if "N" not in text and "I" not in text:  # Python reads these two, the scanner leaves them
        with pytest.raises(ValueError):
            json.loads(text)
    assert state == json_float.BAD or end < len(text)


def test_powers_are_those_of_five_cut_to_128_bits():
    for q, (upper, lower) in zip(range(-342, 309), json_float.powers().tolist(), strict=True):
        mantissa = Fraction(upper << 64 | lower)
        exact = Fraction(5) ** q
        exact *= Fraction(2) ** (127 - (math.floor(math.log2(5) * q) if q not in (0,) else 0))
        while exact >= 1 << 128:
            exact /= 2
        while exact < 1 << 127:
            exact *= 2
        assert upper >> 63 == 1
        assert (exact <= mantissa <= exact + 1) if -27 <= q < 0 else (mantissa <= exact < mantissa + 1)


def test_a_number_between_two_halves_of_a_decision_is_left_to_python():
    """Twenty digits and more whose first nineteen are on a border."""
    middle = (Decimal(9007199254740992) + Decimal(9007199254740994)) / 2
    text = f"{middle}.000000000000000000001"
    assert number(text)[0] == json_float.UNDECIDED
    raw = f'[{{"image_id":1,"category_id":1,"bbox":[{text},-{text},1,{text}],"score":{text},"area":{text}}}]'.encode()
    found = coco_records._scanned(text_of(raw), ALL, 1).records
    assert found.box.tolist() == [[9007199254740994.0, -9007199254740994.0, 1.0, 9007199254740994.0]]
    assert found.score.tolist() == found.area.tolist() == [9007199254740994.0]


# --- whole files -----------------------------------------------------------------------------------------------------


def noise(rng: random.Random, depth: int = 0):
    """Any JSON value."""
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice(
            [0, -1, 10 ** rng.randrange(25), rng.uniform(-1e3, 1e3), rng.random() * 10.0 ** rng.randrange(-320, 300)]
        )
    if kind in (2, 3):
        return "".join(rng.choice('ab"\\/\n\t\x7fé€𝄞}{],[:\u2028 e1') for _ in range(rng.randrange(20)))
    if kind in (4, 5):
        return [round(rng.uniform(0, 640), 2) for _ in range(rng.randrange(12))]
    if kind in (6, 7):
        return [noise(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {
        rng.choice([f"k{i}", 'é"\\', "bbox", "ids"]) + str(i): noise(rng, depth + 1) for i in range(rng.randrange(4))
    }


def record(rng: random.Random, row: int) -> dict:
    found = {
        "image_id": rng.choice([0, 7, -3, 12345678, 123456789, 10**17, rng.randrange(600_000)]),
        "category_id": rng.randrange(1, 91),
        "bbox": [
            rng.choice([rng.uniform(-10, 640), round(rng.uniform(0, 640), 2), rng.randrange(500), 0.1 + 0.2])
            for _ in range(4)
        ],
    }
    extras = {
        "area": rng.uniform(0, 1e5), "score": rng.random(), "iscrowd": rng.choice([0, 1, True, False]), "id": row,
        "ignore": rng.choice([0, 1, False]), "segmentation": noise(rng), "note": "}, {",
        "parts": [{"id": 1}, {"bbox": [1]}], "image_idx": 3, "category": {"id": 2}, "boxes": [], "idx": -0.0, "": None,
    }  # fmt: skip
    keys = [key for key in extras if rng.random() < 0.6]
    found |= {key: extras[key] for key in keys}
    order = list(found)
    rng.shuffle(order)
    return {key: found[key] for key in order}


def spelt(rng: random.Random, value) -> str:
    form = rng.randrange(4)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1]),
                      separators=rng.choice([(",", ":"), (", ", ": "), (" ,\t", "\r\n:")]))  # fmt: skip
    return f"\n {text}\t" if form == 0 else text


def coco_file(rng: random.Random) -> bytes:
    rows = [record(rng, row) for row in range(rng.randrange(8))]
    if rng.random() < 0.4:
        return spelt(rng, rows).encode()
    parts = {
        "info": noise(rng), "images": [{"id": 7, "file_name": "é.jpg", "width": 5, "height": 6, "x": noise(rng)}],
        "annotations": rows, "categories": [{"id": 1, "name": "cat"}, {"id": 2}],
    }  # fmt: skip
    order = [key for key in parts if key == "annotations" or rng.random() < 0.9]
    rng.shuffle(order)
    return spelt(rng, {key: parts[key] for key in order}).encode()


def same(fast: coco_records.Document, slow: coco_records.Document) -> None:
    a, b = fast.records, slow.records
    assert a.has.tolist() == b.has.tolist()
    assert a.crowd.tolist() == b.crowd.tolist()
    for name, bit in (("image", 1), ("category", 2), ("box", 4), ("area", 8), ("score", 16), ("id", 64)):
        there = a.has & bit > 0
        left, right = getattr(a, name)[there], getattr(b, name)[there]
        assert left.dtype == right.dtype, name
        assert left.tobytes() == right.tobytes(), name
    assert (fast.images, fast.categories, fast.listed) == (slow.images, slow.categories, slow.listed)


@pytest.mark.parametrize("seed", range(5))
def test_files_scan_as_json_reads_them(seed, monkeypatch):
    monkeypatch.setattr(coco_records, "_SHARE", 64)  # so that small files are split, often inside a record
    rng, scanned = random.Random(seed), 0
    for _ in range(120):
        text = text_of(coco_file(rng))
        slow = coco_records._decoded(text, ALL)
        for threads in (1, 3):
            fast = coco_records._scanned(text, ALL, threads)
            if fast is not None:
                same(fast, slow)
                scanned += 1
    assert scanned > 150, "the fast path must be what is tested"


INSERTED = [
    *(bytes([c]) for c in b",{}[]\"\\0-.e :\n\0\xff\xc3"), b"NaN", b"null", b"true", b"9" * 20, b"-Infinity", b"\\u12",
]  # fmt: skip
REPLACED = [
    (b'"bbox"', b'"bbo\\u0078"'), (b"1", b"01"), (b".", b"..", 1), (b"0", b"", 1), (b"}", b"", 1), (b'"id"', b'"area"'),
    (b"5", b"5e0"), (b"]", b",]", 1), (b"true", b"tru"), (b"\xc3\xa9", b"\xe9"), (b'"id"', b'"image_id"'),
]  # fmt: skip


def mutated(rng: random.Random, raw: bytes) -> bytes:
    at = rng.randrange(len(raw) + 1)
    kind = rng.randrange(6)
    if kind == 0:
        return raw[:at]
    if kind == 1:
        return raw[:at] + raw[at + rng.randrange(1, 4) :]
    if kind == 2:
        return raw[:at] + rng.choice(INSERTED) + raw[at:]
    if kind == 3:
        return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
    if kind == 4:
        other = rng.randrange(len(raw) + 1)
        return raw[:at] + raw[min(at, other) : max(at, other)][:40] + raw[at:]
    return raw.replace(*rng.choice(REPLACED))


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_never_a_wrong_table(seed, monkeypatch):
    monkeypatch.setattr(coco_records, "_SHARE", 64)
    rng = random.Random(100 + seed)
    outcomes = {"table": 0, "left": 0, "error": 0}
    for _ in range(60):
        raw = coco_file(rng)
        for _ in range(20):
            text = text_of(mutated(rng, raw))
            fast = coco_records._scanned(text, ALL, rng.choice([1, 2, 4])) if text.valid else None
            try:
                slow = coco_records._decoded(text, ALL)
            except InputError:
                assert fast is None, bytes(text.content)
                outcomes["error"] += 1
                continue
            outcomes["table" if fast else "left"] += 1
            if fast is not None:
                same(fast, slow)
    assert min(outcomes.values()) > 20, outcomes


@pytest.mark.parametrize(
    "value", ["[" * 70 + "]" * 70, "[" * 100_000, '{"a":' * 80 + "1" + "}" * 80, "[" * 64 + "]" * 64]
)
def test_deep_nesting_is_left_to_python(value):
    text = text_of(f'[{{"image_id":1,"category_id":1,"bbox":[1,1,1,1],"x":{value}}}]'.encode())
    fast = coco_records._scanned(text, ALL, 1)
    assert (fast is None) == (value != "[" * 64 + "]" * 64)
    if value.startswith("[" * 1000):
        with pytest.raises(InputError):
            coco_records._decoded(text, ALL)
    else:
        assert len(coco_records._decoded(text, ALL).records) == 1
