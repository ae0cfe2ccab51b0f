"""eval.json: what goes in comes out, byte-stable, and a damaged file is the user's to mend."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype import results
from optotype.errors import InputError
from optotype.results import ClassResult, Counts, Metric, Provenance, Result, Source

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
found = st.builds(Metric, numbers, numbers, numbers)


def result(**changes) -> Result:
    source = Source("truth.csv", "0" * 64)
    whole = Result(
        task="classify",
        protocol={"name": "plain"},
        n=Counts(2, 2, 2, 2, 2),
        metrics={"accuracy": Metric(0.1 + 0.2)},
        provenance=Provenance(source, source, "0", "optotype", "now"),
    )
    return msgspec.structs.replace(whole, **changes)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), found, max_size=3), st.lists(st.text(max_size=8), max_size=3))
def test_a_result_comes_back_with_every_bit(tmp_path_factory, metrics, names):
    path = tmp_path_factory.mktemp("eval") / "eval.json"
    whole = result(metrics=metrics, per_class=[ClassResult(name, 1, metrics) for name in names])
    results.save(whole, path)
    assert results.load(path) == whole
    assert results.encode(results.load(path)) == path.read_bytes()


def test_the_keys_are_those_of_the_contract():
    whole = msgspec.json.decode(results.encode(result(per_class=[ClassResult("cat", 3, {})])))
    assert whole["format"] == "optotype.eval/1"
    assert whole["per_class"] == [{"class": "cat", "n": 3, "metrics": {}}]
    assert set(whole["metrics"]["accuracy"]) == {"value", "low", "high", "unit", "better"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "optotype.eval/2"}', '{"format": "optotype.eval/1"}'])
def test_a_damaged_file_is_an_input_error(tmp_path, text):
    path = tmp_path / "eval.json"
    path.write_text(text)
    with pytest.raises(InputError, match="Evaluate again"):
        results.load(path)


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        results.load(tmp_path / "eval.json")
