"""What matching found, as an algebra: rows keyed by item, addends and never totals."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.files import replacing
from optotype.tables import Array, Ints, Strings

FORMAT = "optotype.evidence/1"
_LEVEL = 1
"""Of compression: a fifth larger than NumPy's own level, and several times quicker."""
_DAMAGE = (BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError, OSError, NotImplementedError)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows about items: ``item`` (r,) is the position in ``Evidence.keys``, non-decreasing; columns (r, …)."""

    item: Ints
    columns: Mapping[str, Array]

    def __post_init__(self) -> None:
        assert all(len(values) == len(self.item) for values in self.columns.values()), "ragged rows"
        assert bool((np.diff(self.item) >= 0).all()), "rows out of item order"
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Rows, (self.item, dict(self.columns))

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.item)

    def starts(self, items: int) -> NDArray[np.intp]:
        """Where the rows of each of the ``items`` begin, and after the last where they end, (items + 1,)."""
        return np.searchsorted(self.item, np.arange(items + 1))


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that metrics need, item by item.

    ``keys`` (n,) are strictly increasing; ``groups`` (n,) tie items that are not independent; ``tables`` maps a
    name to rows. Because the order is the keys' own, ``merge`` gives the same bits for any sharding and any order
    of arrival.
    """

    task: str
    classes: tuple[str, ...]
    keys: Strings
    groups: Strings
    tables: Mapping[str, Rows]

    def __post_init__(self) -> None:
        assert len(self.groups) == len(self.keys), "one group an item"
        assert bool((self.keys[1:] > self.keys[:-1]).all()), "keys must increase strictly"
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def __len__(self) -> int:
        return len(self.keys)

    def __reduce__(self) -> tuple[Any, ...]:
        return Evidence, (self.task, self.classes, self.keys, self.groups, dict(self.tables))

    def __getitem__(self, table: str) -> Rows:
        return self.tables[table]

    @classmethod
    def empty(cls, task: str, classes: tuple[str, ...]) -> Evidence:
        """No items: the neutral element of ``merge``."""
        none = np.zeros(0, "<U1")
        return cls(task, classes, none, none, {})

    def take(self, index: Array) -> Evidence:
        """The evidence of some items: ``index`` is a mask or distinct positions; the order stays the keys'."""
        index = np.asarray(index)
        kept = np.flatnonzero(index) if index.dtype == bool else np.unique(index).astype(np.intp)
        position = np.full(len(self), -1, np.int32)
        position[kept] = np.arange(len(kept), dtype=np.int32)
        tables = {}
        for name, rows in self.tables.items():
            inside = position[rows.item] >= 0
            tables[name] = Rows(position[rows.item[inside]], {k: v[inside] for k, v in rows.columns.items()})
        return Evidence(self.task, self.classes, self.keys[kept], self.groups[kept], tables)


def merge(parts: Iterable[Evidence]) -> Evidence:
    """One evidence from shards, in key order; the same key in two shards is an error.

    Associative and commutative, with ``Evidence.empty`` as neutral element; at least one part is needed.
    """
    shards = list(parts)
    first = shards[0]
    for other in shards[1:]:
        if (other.task, other.classes) != (first.task, first.classes):
            raise InputError(
                "merging evidence", f"task '{first.task}' and the same {len(first.classes)} classes in the same "
                "order",
                f"task '{other.task}' and {len(other.classes)} classes", "Judge all shards with one class list.",
            )  # fmt: skip
    filled = [shard for shard in shards if len(shard)]
    if not filled:
        return first
    keys = np.concatenate([shard.keys for shard in filled])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if twice := [str(k) for k in keys[1:][keys[1:] == keys[:-1]][:1]]:
        raise InputError("merging evidence", "every item in one shard", f"'{twice[0]}' in two", "Remove one of them.")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    starts = np.cumsum([0, *(len(shard) for shard in filled)])
    groups = np.concatenate([shard.groups for shard in filled])[order]
    tables = {name: _merge_rows([s[name] for s in filled], starts, rank) for name in filled[0].tables}
    return Evidence(first.task, first.classes, keys, groups, tables)


def _merge_rows(parts: list[Rows], starts: Array, rank: Ints) -> Rows:
    item = np.concatenate([rank[rows.item + start] for rows, start in zip(parts, starts[:-1], strict=True)])
    order = np.argsort(item, kind="stable")
    columns = {name: np.concatenate([rows[name] for rows in parts])[order] for name in parts[0].columns}
    return Rows(item[order], columns)


def save(evidence: Evidence, path: Path) -> None:
    """Write ``evidence.npz`` atomically; no pickle, byte-stable."""
    head = {"format": FORMAT, "task": evidence.task, "classes": evidence.classes}
    arrays: dict[str, Any] = {"head": np.frombuffer(msgspec.json.encode(head), np.uint8)}
    arrays |= _pack("keys", evidence.keys) | _pack("groups", evidence.groups)
    for table, rows in evidence.tables.items():
        arrays[f"{table}/item"] = rows.item
        arrays |= {f"{table}/{name}": values for name, values in rows.columns.items()}
    assert all(values.dtype != object for values in arrays.values()), "an object array would be pickled"
    with replacing(path) as stream, ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(values), allow_pickle=False)


def load(path: Path) -> Evidence:
    """Read ``evidence.npz``; a missing or damaged file or another format is an InputError."""
    if not path.is_file():
        raise InputError(
            str(path),
            "an evidence.npz of 'optotype evaluate'",
            "no such file",
            "Check the folder's name, or evaluate first.",
        )
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
        head = msgspec.json.decode(arrays.pop("head").tobytes())
        if head["format"] != FORMAT:
            raise InputError(str(path), FORMAT, str(head["format"]), "Evaluate again with this version.")
        texts = {name: _unpack(arrays.pop(name), arrays.pop(f"{name}.length")) for name in ("keys", "groups")}
        columns: dict[str, dict[str, Array]] = {}
        for name, values in arrays.items():
            table, column = name.split("/", 1)
            columns.setdefault(table, {})[column] = values
        tables = {table: Rows(found.pop("item"), found) for table, found in columns.items()}
        return Evidence(head["task"], tuple(head["classes"]), texts["keys"], texts["groups"], tables)
    except (*_DAMAGE, AssertionError, msgspec.DecodeError) as error:
        raise InputError(str(path), f"an {FORMAT} file", f"{error}", "Evaluate again; the file is damaged.") from error


def _pack(name: str, texts: Strings) -> dict[str, Array]:
    encoded = [text.encode() for text in texts.tolist()]
    return {
        name: np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}.length": np.array([len(e) for e in encoded], np.int32),
    }


def _unpack(data: Array, length: Array) -> Strings:
    raw, ends = data.tobytes(), np.cumsum(length).tolist()
    starts = [0, *ends[:-1]]
    return np.array([raw[a:b].decode() for a, b in zip(starts, ends, strict=False)], dtype=np.str_)
