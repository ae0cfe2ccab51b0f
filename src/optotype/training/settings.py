"""From defaults, preset, file and flags to one resolved ``TrainConfig``, with the origin of every value.

YAML is read as plain strings and typed by the schema, never guessed: ``1e-3`` is a number where a number is
due, ``no`` a string where a string is due.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import yaml

from optotype.errors import InputError, did_you_mean
from optotype.files import write_atomic
from optotype.training.config import FORMAT, TrainConfig

Flat = dict[str, Any]
"""Dotted name → value, such as ``augment.flip`` → ``"0.5"``."""


def resolve(
    base: TrainConfig | None, file: Path | None, flags: Mapping[str, Any], sets: Sequence[str]
) -> tuple[TrainConfig, dict[str, str]]:
    """The settings of a run and where each comes from: ``default``, ``preset``, ``file`` or ``flag``.

    Later wins: the schema's defaults, ``base`` (a preset), ``file`` (YAML), ``flags`` (name → value, dots for
    nested names, None = not given), ``sets`` (``key=value``). Raises InputError for an unknown key (with a
    suggestion), a value of the wrong kind or a file of a newer format.

    >>> config, origins = resolve(None, None, {"data": "digits", "model": "small_cnn"}, ["augment.flip=0.5"])
    >>> config.augment.flip, config.epochs, origins["augment.flip"], origins["epochs"]
    (0.5, 10, 'flag', 'default')
    """
    values: Flat = {}
    origins = dict.fromkeys(FIELDS, "default")

    def put(found: Flat, origin: str, where: str) -> None:
        for key, value in found.items():
            name = f"{where}{key}"
            values[key] = _typed(value, key, name)
            origins[key] = origin

    if base is not None:
        defaults = _flatten(msgspec.structs.asdict(TrainConfig(data="", model="")))
        put(
            {k: v for k, v in _flatten(msgspec.structs.asdict(base)).items() if v != defaults[k]},
            "preset",
            "preset, ",
        )
    if file is not None:
        put(_of_file(file), "file", f"{file}, ")
    put(_flatten({k: v for k, v in flags.items() if v is not None}), "flag", "--")
    put(_of_sets(sets), "flag", "--set ")
    return _build(values, "settings"), origins


def apply_sets(config: TrainConfig, sets: Sequence[str]) -> TrainConfig:
    """The settings with ``key=value`` changes."""
    changes = {key: _typed(value, key, f"--set {key}") for key, value in _of_sets(sets).items()}
    return _build({**_flatten(msgspec.structs.asdict(config)), **changes}, "settings")


def typed(raw: Mapping[str, Any], *, where: str) -> TrainConfig:
    """Settings from nested keys whose values are strings or of their type already."""
    _refuse_newer(raw, where)
    return _build({k: _typed(v, k, f"{where}, {k}") for k, v in _flatten(raw).items()}, where)


def read_config(path: Path) -> TrainConfig:
    """The settings in a run's ``config.yaml`` or any file of settings."""
    return typed(read_yaml(path), where=str(path))


def write_config(path: Path, config: TrainConfig, origins: Mapping[str, str]) -> None:
    """Write the resolved settings as YAML, the origin of each value behind it as a comment.

    A value whose origin is not told is ``given`` where it is not the default.
    """
    defaults = _flatten(msgspec.structs.asdict(TrainConfig(data="", model="")))
    lines: list[str] = []
    nested = ""
    for key, value in _flatten(msgspec.structs.asdict(config)).items():
        head, _, tail = key.rpartition(".")
        if head != nested and head:
            lines.append(f"{head}:")
        nested = head
        assumed = "default" if value == defaults[key] else "given"
        origin = " ".join(origins.get(key, origins.get(head or key, assumed)).split())
        lines.append(f"{'  ' if head else ''}{tail}: {_scalar(value)}  # {origin}")
    write_atomic(path, "\n".join(lines) + "\n")


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping; every scalar is a string; repeated keys are refused."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), "a readable YAML file in UTF-8", _reason(error), "Check the path.") from None
    try:
        # BaseLoader makes nothing but strings, lists and mappings.
        content = yaml.load(text, _Loader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        got = str(getattr(error, "problem", None) or error)
        raise InputError(where, "valid YAML", got, "Correct the file.") from None
    except RecursionError:
        raise InputError(str(path), "settings", "YAML nested too deeply", "Correct the file.") from None
    if content in (None, ""):
        return {}
    if not isinstance(content, dict):
        raise InputError(
            str(path), "a mapping of names to values", type(content).__name__, "Write 'name: value' lines."
        )
    return {str(key): value for key, value in content.items()}


class _Loader(yaml.BaseLoader):
    """Strings only, each key once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the parent's, refusing repeated keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value.__hash__ is None:
                raise yaml.constructor.ConstructorError(None, None, "a name that is a list or mapping", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _fields(schema: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(schema):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _fields(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, field.type


FIELDS: dict[str, Any] = dict(_fields(TrainConfig))
"""Every setting's dotted name and its type."""

_GROUPS = {key.rpartition(".")[0] for key in FIELDS if "." in key}


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Flat:
    flat: Flat = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, msgspec.Struct):
            value = msgspec.structs.asdict(value)
        if isinstance(value, Mapping) and name not in FIELDS:
            flat.update(_flatten(value, f"{name}."))
        elif name in _GROUPS and value in ("", None):
            continue
        else:
            flat[name] = value
    return flat


def _of_file(path: Path) -> Flat:
    raw = read_yaml(path)
    _refuse_newer(raw, str(path))
    return _flatten(raw)


def _of_sets(sets: Sequence[str]) -> Flat:
    found: Flat = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError("--set", "key=value, such as augment.flip=0.5", repr(text), "Add '=' and the value.")
        found[key.strip()] = value.strip()
    return found


def _refuse_newer(raw: Mapping[str, Any], where: str) -> None:
    found = raw.get("format", FORMAT)
    if found != FORMAT:
        raise InputError(
            f"{where}, format", FORMAT, repr(found), "Update Optotype: a newer version wrote this file."
        )  # fmt: skip


def _typed(value: Any, key: str, where: str) -> Any:
    if key not in FIELDS:
        if key in _GROUPS:
            raise InputError(where, "names and values beneath it", repr(value), f"Write {key}.NAME, or indent.")
        near = [name for name in FIELDS if name.rpartition(".")[2] == key]
        raise InputError(
            where, "a known setting", repr(key), f"Did you mean '{near[0]}'?" if near else did_you_mean(key, FIELDS)
        )
    kind = FIELDS[key]
    if get_origin(kind) is list and isinstance(value, str):
        value = [part.strip() for part in value.strip("[]").split(",") if part.strip()]
    try:
        result = _converted(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(where, _expected(kind, error), repr(value), "Correct the value.") from None
    if isinstance(result, float) and not math.isfinite(result):
        raise InputError(where, "a finite number", repr(value), "Correct the value.")
    return result


def _converted(value: Any, kind: Any) -> Any:
    """Text that may stand for a number or for itself is a number where it can be: msgspec would leave it text."""
    if kind == FIELDS["size"] and isinstance(value, str) and value.isdecimal():
        kind = get_args(kind)[0]
    return msgspec.convert(value, kind, strict=False)


def _expected(kind: Any, error: Exception) -> str:
    if kind == FIELDS["size"]:
        return "a side of 8 pixels or more, or HEIGHTxWIDTH such as 360x480"
    if kind == FIELDS["loss"]:
        return "cross_entropy, focal, dice or a sum such as cross_entropy+0.5*dice"
    if choices := [c for part in (kind, *get_args(kind)) for c in get_args(part) if isinstance(c, str)]:
        return "one of " + ", ".join(choices)
    text = str(error).partition(" - at ")[0].partition(", got")[0].removeprefix("Expected ").replace("`", "")
    for name, plain in (("int", "a whole number"), ("float", "a number"), ("str", "text"), ("array", "a list")):
        text = re.sub(rf"\b{name}\b", plain, text)
    return text


def _build(values: Flat, where: str) -> TrainConfig:
    for key in ("data", "model"):
        if not values.get(key):
            raise InputError(where, f"'{key}'", "none", f"Add --{key}, or '{key}: …' to the file.")
    nested: dict[str, Any] = {}
    for key, value in values.items():
        head, _, tail = key.rpartition(".")
        (nested.setdefault(head, {}) if head else nested)[tail] = value
    return msgspec.convert(nested, TrainConfig)


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1 << 30)
    return text.removesuffix("\n").removesuffix("\n...").strip("\n")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
