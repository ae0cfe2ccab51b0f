"""A folder of label maps and nothing else; also what a model leaves: predictions of the truth's frames."""

from __future__ import annotations

from pathlib import Path

from optotype.class_maps import ClassMap
from optotype.errors import InputError, and_more
from optotype.label_maps import Coding, Indexed, MaskFiles, Unknown, decode, palette_of
from optotype.listing import MaskListing
from optotype.mapped_masks import translated
from optotype.mask_classes import MaskClasses
from optotype.mask_trees import GIVE_CLASSES, MASKS, Pair, camvid_sequence, coding_of, first_sound, keyed, listing
from optotype.tables import VOID, Masks


def read(path: Path, classes: MaskClasses | None, unknown: Unknown) -> MaskListing:
    """Read all label maps below a folder; keys are their paths in it without suffix."""
    found = keyed(path, MASKS)
    if not found:
        raise InputError(str(path), f"label maps ({', '.join(MASKS[:3])} …)", "none", "Check the folder.")
    if classes is None:
        got = f"{len(found):,} images and no class file"
        raise InputError(str(path), "a known data set, or a folder of label maps and a class file", got, GIVE_CLASSES)
    pairs = [Pair(key, None, mask, group=camvid_sequence(key)) for key, mask in found.items()]
    coding = coding_of(first_sound(found.values()) or path, classes)
    return listing(path, pairs, classes, coding, layout="folder of label maps", unknown=unknown)


def read_predictions(
    path: Path, truth: Masks, classes: MaskClasses | None, unknown: Unknown, own: MaskClasses | None = None,
    names: ClassMap | None = None,
) -> MaskListing:  # fmt: skip
    """Read the label maps of the truth's frames, in its order.

    A file belongs to the frame of its path below the folder, else to the only frame of its name. Frames without a file
    and files without a frame are InputErrors. ``own`` are the classes that the folder itself names, which become the
    truth's of the same names, or of the same in ``names``; ``classes`` is how other files are to be read. Files
    with the palette of the truth's classes hold class indices.
    """
    if not path.is_dir():
        got = "a file" if path.exists() else "nothing there"
        raise InputError(str(path), "a folder of predicted label maps", got, "Check the path.")
    found = keyed(path, MASKS)
    by_key = _matched(path, found, truth)
    files = tuple(by_key[key] for key in truth.items.key.tolist())
    if own is not None and own.names != truth.classes:
        known, coding = own, translated(coding_of(files[0], own), _by_name(path, own, truth, names))
    else:
        known = classes or MaskClasses(truth.classes, truth.colours, _identity(truth), {})
        coding = _own(files[0], truth) or coding_of(files[0], known)
    masks = Masks(truth.items, truth.classes, MaskFiles(files, coding, unknown), truth.colours.copy())
    return MaskListing(masks, known, "predicted label maps", tuple(_doubts(masks, files[0], coding)))


MUCH_VOID = 0.5
"""Share of void in a predicted label map from which on its numbers may be meant otherwise."""


def _doubts(masks: Masks, first: Path, coding: Coding) -> list[str]:
    """A sentence where numbers that could be class indices are mostly void as the numbers of the data set."""
    if not isinstance(coding, Indexed) or all(v == i for v, i in coding.values.items()):
        return []
    plain = decode(first, Indexed({v: v for v in range(256)}), "void")
    void = float((decode(first, coding, "void") == VOID).mean())
    if void < MUCH_VOID or int(plain.max(initial=0)) >= len(masks.classes):
        return []
    return [f"{first.name}: {void:.0%} of the predicted pixels are void by the data set's own numbers, and all "
            "values could be class indices: write predictions in the numbers of the truth's files, or with "
            "write_label_map, whose palette tells them.".replace("%", " %")]  # fmt: skip


def _own(path: Path, truth: Masks) -> Indexed | None:
    """Class indices, where the file's palette is that of the truth's classes: what ``write_label_map`` writes."""
    palette = palette_of(path)
    if palette is None or len(palette) < len(truth.colours):
        return None
    same = (palette[: len(truth.colours)] == truth.colours).all()
    return Indexed(_identity(truth)) if same else None


def _by_name(path: Path, own: MaskClasses, truth: Masks, names: ClassMap | None) -> list[int]:
    """Index in the truth of each of the folder's classes, (256,), ``VOID`` for one that ``names`` leaves out."""
    table = list(range(VOID + 1))
    if names is not None:
        joint = names.index(truth.classes)
        table[: len(own.names)] = [joint.index(i) if i >= 0 else VOID for i in names.index(own.names)]
        return table
    place = {name: i for i, name in enumerate(truth.classes)}
    if lost := [name for name in own.names if name not in place]:
        raise InputError(
            f"{path}, its class file", f"classes of the truth in any order: {', '.join(truth.classes[:8])} …",
            f"'{lost[0]}'{and_more(len(lost) - 1, 'that it lacks')}",
            "Give --map-classes to judge both sides under joint names, or correct the class file of the predictions.",
        )  # fmt: skip
    table[: len(own.names)] = [place[name] for name in own.names]
    return table


def _identity(truth: Masks) -> dict[int, int]:
    return {**{i: i for i in range(len(truth.classes))}, VOID: VOID}


def _matched(path: Path, found: dict[str, Path], truth: Masks) -> dict[str, Path]:
    """Key of the truth → file."""
    keys = truth.items.key.tolist()
    wanted = set(keys)
    short: dict[str, list[str]] = {}
    for key in keys:
        short.setdefault(key.rpartition("/")[2], []).append(key)
    by_key: dict[str, Path] = {}
    unknown = []
    for key, file in found.items():
        same = short.get(key.rpartition("/")[2], [])
        target = key if key in wanted else same[0] if len(same) == 1 else None
        if target is None:
            unknown.append(file)
        elif target in by_key:
            raise InputError(str(path), "one file a frame", f"'{by_key[target].name}' and '{file.name}'", "Remove one.")
        else:
            by_key[target] = file
    missing = [key for key in keys if key not in by_key]
    if missing or unknown:
        parts = [f"{len(missing):,} missing: '{missing[0]}'{and_more(len(missing) - 1)}"] if missing else []
        parts += [f"{len(unknown):,} of no such frame: {unknown[0]}{and_more(len(unknown) - 1)}"] if unknown else []
        raise InputError(str(path), f"a label map for each of the truth's {len(keys):,} frames", "; ".join(parts),
                         "Name the files as the truth's label maps or images, one for each; --split judges one split.",
                         )  # fmt: skip
    return by_key
