"""A folder per class, with or without folders train/val/test above the classes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from optotype.classes import ClassList, natural_key, natural_order, to_indices
from optotype.errors import InputError
from optotype.listing import BAD_NAME, NO_IMAGE, OUTSIDE, SPLIT_NAMES, Listing, Skipped
from optotype.tables import Items, Labels

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".ppm",
    ".pgm", ".pbm", ".pnm", ".heic", ".heif",
)  # fmt: skip
"""Names that promise an image. Whether one is there shows when it is decoded; other names are judged by content."""

_LITTER = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"})


def read(path: Path, classes: ClassList | None = None) -> Listing:
    """List a folder of class folders; keys are the paths within it.

    The class is the name of the folder directly under ``path``, or under the split's folder where folders called
    train|training, val|valid|validation and test are there; images may lie deeper. Hidden files and the litter of
    operating systems are passed over. No image is decoded.
    """
    splits = _split_folders(path)
    images, others = _sorted_files(path)
    found, skipped = [], []
    ignored = [Skipped(_shown(_key(parts)), "", "", NO_IMAGE) for parts in others]
    seen: set[str] = set()
    for parts in images:
        split = SPLIT_NAMES[parts[0].casefold()] if parts[0] in splits else ""
        inner, shown = (parts[1:] if split else parts), _shown(_key(parts))
        if len(inner) < 2 or (splits and not split):
            ignored.append(Skipped(shown, "", "", OUTSIDE))
            continue
        seen.add(inner[0])
        if shown != _key(parts):
            skipped.append(Skipped(shown, shown, _shown(inner[0]), BAD_NAME))
        else:
            found.append((shown, inner[0], split))
    if not found:
        raise InputError(str(path), "a folder with one folder of images per class", _content(ignored), _LAYOUT)
    keys, names, split_of = (list(column) for column in zip(*found, strict=True))
    listed = natural_order(names) if classes is None else classes
    label = to_indices(names, listed, lambda i: str(path / PurePosixPath(keys[i]).parent))
    empty = natural_order(_shown(name) for name in _class_folders(path, splits) - seen)
    return Listing(
        Labels(Items.of(keys, path=keys, split=split_of, root=path), listed, label),
        skipped=tuple(skipped),
        ignored=tuple(ignored),
        empty=empty,
        notes=_notes([key for key in keys if not _promises_image(key)], skipped),
        declared=classes is not None,
    )


def read_items(path: Path) -> Items:
    """All images of a folder, whatever its layout, without labels; split folders are recognised."""
    splits = _split_folders(path)
    images = [parts for parts in _sorted_files(path)[0] if _shown(_key(parts)) == _key(parts)]
    if not images:
        raise InputError(str(path), "a folder with images", "no image in it", "Check the path.")
    keys = [_key(parts) for parts in images]
    split = [SPLIT_NAMES[parts[0].casefold()] if parts[0] in splits else "" for parts in images]
    return Items.of(keys, path=keys, split=split, root=path)


_LAYOUT = "Make one folder a class (photos/cat/1.jpg, photos/dog/2.jpg …), or give a CSV with the columns path,label."


def _split_folders(path: Path) -> frozenset[str]:
    """Top folders that are splits: where there is one for training, or nothing but folders named as splits."""
    folders = [name for name, is_folder in _entries(path) if is_folder]
    named = {name for name in folders if name.casefold() in SPLIT_NAMES}
    holds_classes = any(is_folder for name in named for _, is_folder in _entries(path / name))
    trains = any(SPLIT_NAMES[name.casefold()] == "train" for name in named)
    return frozenset(named) if holds_classes and (trains or len(named) == len(folders)) else frozenset()


def _class_folders(path: Path, splits: frozenset[str]) -> set[str]:
    parents = [path / name for name in splits] or [path]
    return {name for parent in parents for name, is_folder in _entries(parent) if is_folder}


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """Name and whether it is a folder, of all but hidden files, litter, and what is neither file nor folder."""
    try:
        with os.scandir(folder) as entries:
            return [
                (entry.name, entry.is_dir())
                for entry in entries
                if not entry.name.startswith(".")
                and entry.name.casefold() not in _LITTER
                and (entry.is_dir() or entry.is_file() or entry.is_symlink())
            ]
    except OSError as error:
        raise InputError(
            _shown(str(folder)),
            "a folder that can be read",
            str(error.strerror),
            "Check the path and its permissions.",
        ) from error


def _files(
    root: Path, above: tuple[str, ...], visited: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[tuple[str, ...]]:
    """Every file below ``root`` as the parts of its path, links followed."""
    folder = root.joinpath(*above)
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in visited:  # a link to a folder above
        return
    for name, is_folder in _entries(folder):
        if is_folder:
            yield from _files(root, (*above, name), visited | {identity})
        else:
            yield (*above, name)


def _sorted_files(path: Path) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Images by name or content, and other files, each in natural order."""
    images: list[tuple[str, ...]] = []
    others: list[tuple[str, ...]] = []
    for parts in sorted(_files(path, ()), key=lambda parts: natural_key(_key(parts))):
        wanted = _promises_image(parts[-1]) or is_image(path.joinpath(*parts))
        (images if wanted else others).append(parts)
    return images, others


def _key(parts: tuple[str, ...]) -> str:
    return "/".join(parts)


def _promises_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def is_image(path: Path) -> bool:
    """Whether a file's first bytes are those of an image format."""
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError:
        return False
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and head[6:10] == b"\0\0\0\0")
        or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1"))
        or head.startswith(b"\0\0\0\x0cjP  \r\n\x87\n")
    )


def _shown(text: str) -> str:
    """The text with what is not valid UTF-8 written as escapes."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _content(ignored: list[Skipped]) -> str:
    if not ignored:
        return "no image in it"
    outside = [file.key for file in ignored if file.reason == OUTSIDE]
    kind = "images, but outside class folders" if outside else "no image, but other files"
    keys = outside or [file.key for file in ignored]
    return f"{kind}: {', '.join(keys[:3])}" + (" …" if len(keys) > 3 else "")


def _notes(renamed: list[str], skipped: list[Skipped]) -> tuple[str, ...]:
    notes = []
    if renamed:
        notes.append(
            f"{_count(len(renamed), 'file')} without an image suffix {'is' if len(renamed) == 1 else 'are'} used "
            f"because the content is an image: {', '.join(renamed[:3])}{' …' if len(renamed) > 3 else ''}"
        )
    if skipped:
        notes.append(f"{_count(len(skipped), 'image')} left out because the file name is not valid UTF-8")
    return tuple(notes)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
