from __future__ import annotations

from pathlib import Path

import pytest

from optotype import class_maps
from optotype.errors import InputError
from optotype.world.labels import CAMVID_COLOURS, STUDY_CLASSES

IDD_UNMAPPED = ("parking", "drivable fallback", "animal", "autorickshaw", "polegroup", "fallback background", "curb")


@pytest.mark.parametrize("name", ["idd", "cityscapes", "street18"])
def test_shipped_maps_lead_to_the_study_classes_in_their_order(name: str) -> None:
    assert class_maps.read(name).classes == STUDY_CLASSES


def test_what_only_looks_alike_is_no_class_of_the_study() -> None:
    found = class_maps.read("idd")
    assert found.index(IDD_UNMAPPED) == [-1] * len(IDD_UNMAPPED)
    assert STUDY_CLASSES[found.index(["motorcycle"])[0]] == "Motorbike"


def test_every_camvid_name_of_the_map_is_one_of_camvid() -> None:
    known = {class_maps.plain(name) for name in [*CAMVID_COLOURS, *STUDY_CLASSES, "Pavement", "Pole"]}
    found = class_maps.read("camvid")
    assert set(found.target) <= known
    assert set(found.classes) <= set(STUDY_CLASSES)
    assert found.index(["Truck_Bus", "Bicyclist", "Void"]) == [-1, -1, -1], "two classes of the study in one name"


def test_a_class_stays_itself_and_spelling_does_not_matter() -> None:
    found = class_maps.read("idd")
    assert found.index(["Motorbike", "TRAFFIC-LIGHT", "traffic_light"])[1:] == [13, 13]
    assert found.index(["Motorbike"]) == [4]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", "name,class\ncat,Pet\ndog,Pet\ncow,\n"),
        ("m.tsv", "name\tclass\ncat\tPet\ndog\tPet\ncow\t\n"),
        ("m.yaml", "cat: Pet\ndog: Pet\ncow:\n"),
        ("m.json", '{"cat": "Pet", "dog": "Pet", "cow": null}'),
    ],
)
def test_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    found = class_maps.read(tmp_path / name)
    assert found.classes == ("Pet",)
    assert found.index(["cat", "Dog", "cow", "pet", "hen"]) == [0, 0, -1, 0, -1]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.csv", "name,class\ncat,Pet\nCat,Beast\n", "'Pet' and 'Beast'"),
        ("m.csv", "name,class\ncat,\n", "a class at least"),
        ("m.csv", "from,to\ncat,Pet\n", "name, class"),
        ("m.yaml", "[a, b]\n", "a map of class names"),
        ("m.json", "{", "a map of class names"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        class_maps.read(tmp_path / name)


def test_an_unknown_map_is_no_file() -> None:
    with pytest.raises(InputError, match="cityscapes"):
        class_maps.read("cityscape")


def test_the_usual_eleven_classes_take_all_of_camvid_but_void() -> None:
    found = class_maps.read("camvid11")
    assert len(found.classes) == 11
    assert [name for name in CAMVID_COLOURS if found.index([name]) == [-1]] == ["Void"]
    assert found.index(found.classes) == list(range(11))
