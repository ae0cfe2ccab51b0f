"""Settings: where each value comes from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.training.config import Augment, TrainConfig
from optotype.training.settings import FIELDS, apply_sets, read_config, resolve, typed, write_config

GIVEN = {"data": "photos", "model": "small_cnn"}


def of_text(tmp_path: Path, text: str, sets: tuple[str, ...] = ()) -> tuple[TrainConfig, dict[str, str]]:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    return resolve(None, tmp_path / "c.yaml", GIVEN, sets)


def test_later_wins_and_the_origin_is_kept(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("lr: 1e-2\nepochs: 7\naugment:\n  flip: 0.25\n")
    base = TrainConfig(data="x", model="y", lr=5.0, seed=4, size=64, augment=Augment(rotation=9.0))
    config, origins = resolve(
        base, tmp_path / "c.yaml", {**GIVEN, "epochs": 8, "seed": None}, ["size=32", "augment.hue=0.1"]
    )
    assert (config.lr, config.epochs, config.size, config.seed) == (0.01, 8, 32, 4)
    assert config.augment == Augment(flip=0.25, rotation=9.0, hue=0.1)
    assert {k: origins[k] for k in ("lr", "epochs", "size", "seed", "momentum", "augment.rotation")} == {
        "lr": "file", "epochs": "flag", "size": "flag", "seed": "preset", "momentum": "default",
        "augment.rotation": "preset",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epocs: 3", "Did you mean 'epochs'"),
        ("flip: 0.5", r"Did you mean 'augment\.flip'"),
        ("augment:\n  flop: 1", r"Did you mean 'augment\.flip'"),
        ("augment: 3", r"Write augment\.NAME"),
        ("epochs: 3.5", "a whole number"),
        ("epochs: 0", ">= 1"),
        ("lr: fast", "a number"),
        ("lr: nan", "> 0"),
        ("lr: .inf", "a number"),
        ("lr: inf", "a finite number"),
        ("optimizer: adm", "one of adam, adamw, sgd"),
        ("log: [wandb, other]", "one of wandb, tensorboard, mlflow"),
        ("format: optotype.config/2", "a newer version wrote this file"),
        ("lr: 1\nlr: 2", "'lr' twice"),
        ("a: [1", "line 1"),
        ("- a", "a mapping"),
        ("? [a]\n: b", "a list or mapping"),
        ("lr: {a: 1}", "a number"),
        ("a: &a [*a]", "valid YAML"),
        ("x: !!python/object/apply:os.system [echo]", "a known setting"),
    ],
)
def test_wrong_files_are_refused_with_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        of_text(tmp_path, text)


def test_scalars_are_typed_by_the_schema(tmp_path: Path) -> None:
    config, _ = of_text(tmp_path, "weights: no\nlr: 1e-3\nbackbone_lr: null\nseed: 7\nlog: []\n")
    assert (config.weights, config.lr, config.backbone_lr, config.seed) == ("no", 0.001, None, 7)
    assert of_text(tmp_path, "log: [wandb, mlflow]")[0].log == ["wandb", "mlflow"]
    assert of_text(tmp_path, "", ("log=wandb,tensorboard",))[0].log == ["wandb", "tensorboard"]
    assert of_text(tmp_path, "augment:\n")[0].augment == Augment()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml"):
        resolve(None, tmp_path / "none.yaml", GIVEN, [])
    (tmp_path / "b.yaml").write_bytes(b"data: \xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        resolve(None, tmp_path / "b.yaml", GIVEN, [])


def test_sets_need_an_equals_sign_and_required_settings_a_value() -> None:
    with pytest.raises(InputError, match="key=value"):
        resolve(None, None, GIVEN, ["lr"])
    with pytest.raises(InputError, match="--model"):
        resolve(None, None, {"data": "x"}, [])


def test_sets_on_settings_and_typed_mappings() -> None:
    config = apply_sets(TrainConfig(data="d", model="m", augment=Augment(flip=0.5)), ["augment.crop=0.8", "lr=2"])
    assert (config.augment, config.lr) == (Augment(flip=0.5, crop=0.8), 2.0)
    assert typed({**GIVEN, "augment": {"flip": "0.5"}}, where="run 'a'").augment.flip == 0.5
    with pytest.raises(InputError, match="run 'a', lr"):
        typed({**GIVEN, "lr": "x"}, where="run 'a'")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)


@given(
    data=TEXT, model=TEXT, weights=TEXT, lr=st.floats(1e-300, 1e300), flip=st.floats(0, 1), seed=st.integers(0, 2**53)
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: str, model: str, weights: str, lr: float, flip: float, seed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "config.yaml"
    config = TrainConfig(
        data=data, model=model, weights=weights, lr=lr, seed=seed, augment=Augment(flip=flip), log=["wandb"]
    )
    write_config(path, config, {"lr": "flag", "augment": "study\nwildlife"})
    assert read_config(path) == config
    text = path.read_text(encoding="utf-8")
    assert "  # flag" in text
    assert "  # study wildlife" in text
    assert text.count("\n") == len(FIELDS) + 1
