"""The overfitting verdict on curves whose case is known."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optotype.diagnose.epochs import EpochRow, EpochTime, Score, StepTimes, curves, read
from optotype.diagnose.learning_curves import LEAST_EPOCHS, section, verdict
from optotype.errors import InputError
from optotype.views import Chart, Page, Section, Table, Verdict

TIME = EpochTime(1.0, 100.0, StepTimes(0.1, 0.2, 0.3, 0.4))


def rows_of(
    train: list[float], val: list[float], accuracy: tuple[float, float] = (0.9, 0.88), *, spread: float = 0.1
) -> list[EpochRow]:
    """Rows with these losses; 400 validation items, so the standard error is ``spread`` / 20."""
    rows, best = [], np.inf
    for i, (t, v) in enumerate(zip(train, val, strict=True)):
        scores = Score(t, accuracy[0], 1000, spread), Score(v, accuracy[1], 400, spread)
        rows.append(EpochRow(i + 1, i + 1, 1e-3, 1e-3, t, *scores, bool(v < best), TIME))
        best = min(best, v)
    return rows


EPOCHS = np.arange(1, 21)
FALLING = (2.0 * np.exp(-EPOCHS / 5) + 0.1).tolist()
FLAT = (2.0 * np.exp(-EPOCHS / 2) + 0.5).tolist()
RISING = (2.0 * np.exp(-EPOCHS / 3) + 0.5 + 0.03 * EPOCHS).tolist()
STUCK = (1.4 + 0.3 * np.exp(-EPOCHS / 2)).tolist()

CASES = {
    "overfitting": rows_of(FALLING, RISING),
    "converged": rows_of(FLAT, (np.array(FLAT) + 0.02).tolist()),
    "still improving": rows_of(FALLING, (np.array(FALLING) + 0.05).tolist()),
    "underfitting": rows_of(STUCK, (np.array(STUCK) + 0.005).tolist(), (0.45, 0.44)),
    "unstable": rows_of(FLAT, (np.array(FLAT) + np.where(EPOCHS % 3 == 0, 0.8, 0.0)).tolist()),
    "too few epochs": rows_of(FALLING[:3], RISING[:3]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_is_told(case: str) -> None:
    found = verdict(CASES[case])
    assert found.case == case
    assert found.rule
    assert found.mark is not None
    assert found.numbers is not None
    assert found.mark.x == found.numbers.best_epoch


def test_of_label_maps_the_curves_of_mean_iou_are_drawn_and_the_epoch_that_is_kept_is_said() -> None:
    rows = [
        msgspec.structs.replace(
            row,
            train=msgspec.structs.replace(row.train, miou=0.5 + i / 100),
            val=msgspec.structs.replace(row.val, miou=0.4 + i / 100),
            best=True,
        )
        for i, row in enumerate(CASES["overfitting"])
    ]
    found = section(rows)
    charts = {view.title: view for view in found.views if isinstance(view, Chart)}
    assert [series.y[3] for series in charts["Mean IoU"].series] == pytest.approx([0.53, 0.43])
    assert charts["Mean IoU"].marks[-1].label == f"kept: epoch {len(rows)}"
    assert f"the model kept is that of epoch {len(rows)}" in verdict(rows).sentence.text
    (epochs,) = [view for view in found.views if isinstance(view, Table) and view.title == "Epochs"]
    assert len(epochs.columns) == len(epochs.rows[0]) == 13


def test_overfitting_states_its_numbers() -> None:
    found = verdict(CASES["overfitting"])
    n = found.numbers
    assert n is not None
    best = int(np.argmin(RISING))
    assert n.best_epoch == best + 1
    assert n.best_loss == RISING[best]
    assert n.gap_best == pytest.approx(RISING[best] - FALLING[best])
    assert n.gap_last == pytest.approx(RISING[-1] - FALLING[-1])
    assert n.rise == pytest.approx(np.mean(RISING[-3:]) - np.mean(RISING[best - 1 : best + 2]))
    assert n.slope == pytest.approx(np.polyfit(np.arange(20 - best), RISING[best:], 1)[0])
    assert found.sentence.tone == "bad"
    for number in (n.best_epoch, f"{n.best_loss:.3f}", f"{n.rise:.3f}", f"{n.slope:+.3f}", f"{n.gap_last:.3f}"):
        assert str(number) in found.sentence.text


def test_a_rise_within_the_noise_is_not_overfitting() -> None:
    """The same curves, but with so few or so spread items that chance explains the rise."""
    assert verdict(rows_of(FALLING, RISING, spread=10.0)).case != "overfitting"


@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03])
def test_noise_about_a_plateau_is_seldom_called_overfitting(noise: float) -> None:
    draw = np.random.default_rng(1)
    curves_ = [rows_of(FLAT, (np.array(FLAT) + draw.normal(0, noise, 20)).tolist()) for _ in range(300)]
    cases = [verdict(rows).case for rows in curves_]
    assert cases.count("overfitting") <= 6
    assert cases.count("underfitting") == cases.count("unstable") == 0


def test_overfitting_is_told_through_noise() -> None:
    draw = np.random.default_rng(2)
    curves_ = [rows_of(FALLING, (np.array(RISING) + draw.normal(0, 0.01, 20)).tolist()) for _ in range(100)]
    assert sum(verdict(rows).case == "overfitting" for rows in curves_) >= 95


def test_a_rise_of_both_losses_is_not_overfitting() -> None:
    up = (np.array(RISING) - 0.02).tolist()
    assert verdict(rows_of(up, RISING)).case != "overfitting"


def test_a_wide_gap_is_remarked_on() -> None:
    found = verdict(rows_of(FLAT, (np.array(FLAT) + 0.7).tolist(), (1.0, 0.6)))
    assert found.case == "converged"
    assert "40.0 points more accurate" in found.remarks[0].text
    assert not verdict(CASES["converged"]).remarks


@pytest.mark.parametrize("n", range(LEAST_EPOCHS))
def test_few_epochs_say_so(n: int) -> None:
    found = verdict(rows_of(FALLING[:n], RISING[:n]))
    assert found.case == "too few epochs"
    assert str(n) in found.sentence.text
    assert (found.mark is None) == (n == 0)


def test_without_validation() -> None:
    rows = [msgspec.structs.replace(row, val=None) for row in CASES["converged"]]
    assert verdict(rows).case == "no validation"
    charts = [view for view in section(rows).views if isinstance(view, Chart)]
    assert [len(chart.series) for chart in charts] == [1, 1]


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=12),
    st.floats(0, 100),
)
def test_any_curves_give_a_section_that_can_be_written(losses: list[tuple[float, float]], spread: float) -> None:
    rows = rows_of([a for a, _ in losses], [b for _, b in losses], spread=spread)
    text = json.dumps(msgspec.to_builtins(Page("t", [section(rows)])), allow_nan=False)
    assert "best epoch" in text or "too few" in text


@pytest.mark.parametrize("case", CASES)
def test_the_section_shows_both_curves_with_the_mark(case: str) -> None:
    found = section(CASES[case])
    assert isinstance(found, Section)
    assert isinstance(found.views[0], Verdict)
    charts = [view for view in found.views if isinstance(view, Chart)]
    assert [chart.y.label for chart in charts] == ["loss", "accuracy"]
    for chart in charts:
        assert [series.role for series in chart.series] == ["train", "validation"]
        assert chart.marks == [verdict(CASES[case]).mark]
    epochs = [view for view in found.views if isinstance(view, Table)][-1]
    assert len(epochs.rows) == len(CASES[case])


def test_the_log_is_read_back_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    rows = CASES["converged"]
    log = tmp_path / "log.jsonl"
    content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    log.write_bytes(content)
    assert read(log) == rows
    log.write_bytes(content[:-30])
    assert read(log) == rows[:-1]
    log.write_bytes(b"{}\n" + content)
    with pytest.raises(InputError, match="line 1"):
        read(log)


def test_curves_are_unrounded() -> None:
    lines = curves(CASES["overfitting"]).splitlines()
    assert [float(line.split(",")[3]) for line in lines[1:]] == RISING
