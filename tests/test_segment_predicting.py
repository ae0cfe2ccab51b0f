"""Label maps of images by trained networks: runs, ONNX files, checkpoints of another project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from optotype.errors import InputError  # noqa: E402
from optotype.inference.segment import items_of, open_model, upright_size  # noqa: E402
from optotype.nn import checkpoints  # noqa: E402
from optotype.nn.built import IMAGENET_MEAN, IMAGENET_STD  # noqa: E402
from optotype.nn.models import create  # noqa: E402
from optotype.studies.predicting import predict_maps  # noqa: E402

ORIENTATION = 0x0112


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three images of different sizes, one in a folder, one lying on its side."""
    random = np.random.default_rng(3)
    folder = tmp_path / "photos"
    (folder / "far").mkdir(parents=True)
    for name, shape in (("a.png", (40, 56, 3)), ("b.jpg", (33, 47, 3)), ("far/a.png", (48, 64, 3))):
        image = Image.fromarray(random.integers(0, 255, shape, dtype=np.uint8))
        exif = Image.Exif()
        exif[ORIENTATION] = 6 if name == "b.jpg" else 1
        image.save(folder / name, exif=exif)
    return folder


def run_of(folder: Path, name: str = "fcn_basic", size: tuple[int, int] = (32, 48)) -> nn.Module:
    """A run's folder with an untrained network; returns the network."""
    model = create(name, 3, size, task="segment", seed=4)
    meta = {
        "task": "segment", "name": name, "classes": ["road", "sky", "car"], "size": list(size),
        "mean": list(model.mean), "std": list(model.std), "weights": model.weights,
    }  # fmt: skip
    (folder / "checkpoints").mkdir(parents=True)
    checkpoints.save({"model": model.module.state_dict(), "meta": meta, "epoch": 2}, folder / "checkpoints" / "best.pt")
    return model.module.eval()


def expected_map(module: nn.Module, photo: Path, size: tuple[int, int]) -> np.ndarray:
    """What a network says, step by step with Pillow and torch."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    squeezed = image.resize(size[::-1], Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(squeezed)).permute(2, 0, 1).float() / 255
    mean, std = (torch.tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.inference_mode():
        logits = module(((pixels - mean) / std)[None])
        grown = functional.interpolate(logits, size=(image.height, image.width), mode="bilinear", align_corners=False)
    return grown[0].argmax(0).numpy()


def close(said: Path, expected: np.ndarray) -> None:
    """The same classes, but for a pixel or two whose greatest logits are alike."""
    labels = np.array(Image.open(said))
    assert labels.shape == expected.shape
    assert (labels != expected).mean() < 0.002


def test_a_run_labels_every_pixel_at_the_images_own_size(tmp_path: Path, photos: Path) -> None:
    module = run_of(tmp_path / "run")
    told: list[str] = []
    assert predict_maps(tmp_path / "run", photos, out=tmp_path / "out", batch_size=2, say=told.append) == 3
    written = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png"))
    assert written == ["a.png", "b.png", "far/a.png"]
    assert (tmp_path / "out" / "classes.txt").read_text() == "road\nsky\ncar\n"
    for name, photo in (("a.png", "a.png"), ("b.png", "b.jpg"), ("far/a.png", "far/a.png")):
        close(tmp_path / "out" / name, expected_map(module, photos / photo, (32, 48)))
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.mode == "P"
        assert len({tuple(image.getpalette()[3 * i : 3 * i + 3]) for i in range(3)}) == 3


def test_a_turned_photo_is_measured_as_it_is_shown(photos: Path) -> None:
    assert upright_size(photos / "b.jpg") == (33, 47)
    assert upright_size(photos / "a.png") == (56, 40)


def export(module: nn.Module, path: Path, *, size: tuple[int, int], batch: int, free: bool) -> None:
    """An ONNX file; ``free``: of any batch, height and width."""
    pytest.importorskip("onnxscript")
    axes = {"images": {0: "n", 2: "h", 3: "w"}} if free else None
    torch.onnx.export(
        module, (torch.zeros(batch, 3, *size),), path, input_names=["images"], output_names=["out"], dynamo=False,
        dynamic_axes=axes,
    )  # fmt: skip


class Labels(nn.Module):
    """Gives label maps instead of logits."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.module(images).argmax(1)


CLASSES = "name,r,g,b\nroad,128,64,128\nsky,70,130,180\ncar,0,0,142\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("free", [True, False])
def test_an_onnx_file_says_what_the_network_says(tmp_path: Path, photos: Path, free: bool) -> None:
    pytest.importorskip("onnxruntime")
    module = create("fcn_basic", 3, (32, 48), task="segment", seed=4).module.eval()
    export(module, tmp_path / "net.onnx", size=(32, 48), batch=2, free=free)
    (tmp_path / "classes.csv").write_text(CLASSES)
    options = {"size": (32, 48)} if free else {}
    predict_maps(tmp_path / "net.onnx", photos, out=tmp_path / "out", classes=tmp_path / "classes.csv", **options)
    for name, photo in (("a.png", "a.png"), ("b.png", "b.jpg"), ("far/a.png", "far/a.png")):
        close(tmp_path / "out" / name, expected_map(module, photos / photo, (32, 48)))
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.getpalette()[:6] == [128, 64, 128, 70, 130, 180]
    if not free:
        with pytest.raises(InputError, match="takes"):
            open_model(tmp_path / "net.onnx", items_of(photos), classes=tmp_path / "classes.csv", size=(64, 64))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_an_onnx_file_that_gives_label_maps(tmp_path: Path, photos: Path) -> None:
    pytest.importorskip("onnxruntime")
    module = create("fcn_basic", 3, (40, 56), task="segment", seed=4).module.eval()
    export(Labels(module).eval(), tmp_path / "net.onnx", size=(40, 56), batch=1, free=False)
    (tmp_path / "classes.csv").write_text(CLASSES)
    with pytest.raises(InputError, match="Give --classes"):
        open_model(tmp_path / "net.onnx", items_of(photos))
    predict_maps(tmp_path / "net.onnx", photos, out=tmp_path / "out", classes=tmp_path / "classes.csv")
    close(tmp_path / "out" / "a.png", expected_map(module, photos / "a.png", (40, 56)))
    (tmp_path / "two.csv").write_text("name,r,g,b\nroad,128,64,128\nsky,70,130,180\n")
    with pytest.raises(InputError, match="class numbers in 0…1"):
        predict_maps(tmp_path / "net.onnx", photos, out=tmp_path / "two", classes=tmp_path / "two.csv")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_onnx_files_that_cannot_be_used(tmp_path: Path, photos: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match="a whole ONNX file"):
        open_model(tmp_path / "broken.onnx", items_of(photos))
    classifier = create("small_cnn", 3, 32).module.eval()
    export(classifier, tmp_path / "classes.onnx", size=(32, 32), batch=1, free=False)
    with pytest.raises(InputError, match="an output"):
        open_model(tmp_path / "classes.onnx", items_of(photos))
    grey = nn.Conv2d(1, 3, 1)
    torch.onnx.export(grey, (torch.zeros(1, 1, 8, 8),), tmp_path / "grey.onnx", dynamo=False)
    with pytest.raises(InputError, match="RGB"):
        open_model(tmp_path / "grey.onnx", items_of(photos))
    rgb = nn.Conv2d(3, 3, 1)
    torch.onnx.export(rgb, (torch.zeros(1, 3, 8, 8),), tmp_path / "rgb.onnx", dynamo=False)
    with pytest.raises(InputError, match="names for its 3 classes"):
        open_model(tmp_path / "rgb.onnx", items_of(photos))
    with pytest.raises(InputError, match="3 names"):
        open_model(tmp_path / "rgb.onnx", items_of(photos), classes="voc")


def checkpoint(path: Path) -> nn.Module:
    """A file of DeepLabV3Plus-Pytorch's layout, 19 classes; returns the network."""
    module = create("deeplabv3plus_mobilenet", 19, 64, task="segment", seed=2).module.eval()
    names = {
        "encoder.blocks.": "", "project.": "classifier.project.", "pyramid.": "classifier.aspp.",
        "smooth.": "classifier.classifier.", "head.": "classifier.classifier.3.",
    }  # fmt: skip
    state = {}
    for name, value in module.state_dict().items():
        ours = next(each for each in names if name.startswith(each))
        rest = name.removeprefix(ours)
        low = "low" if ours == "encoder.blocks." and int(rest.split(".")[0]) < 4 else "high"
        state[(names[ours] or f"backbone.{low}_level_features.") + rest] = value
    torch.save({"model_state": state, "best_score": np.float64(0.7)}, path)
    return module


def test_a_checkpoint_of_another_project_knows_its_classes(tmp_path: Path, photos: Path) -> None:
    module = checkpoint(tmp_path / "cityscapes.pth")
    found = open_model(tmp_path / "cityscapes.pth", items_of(photos))
    assert found.loaded.classes[0] == "road"
    assert found.loaded.classes[-1] == "bicycle"
    assert found.loaded.model.shape == (40, 56)  # the first image's
    assert found.colours[0].tolist() == [128, 64, 128]
    predict_maps(tmp_path / "cityscapes.pth", photos, out=tmp_path / "out", size=(64, 96))
    close(tmp_path / "out" / "far/a.png", expected_map(module, photos / "far/a.png", (64, 96)))
    state = torch.load(tmp_path / "cityscapes.pth", weights_only=False)["model_state"]
    cut = {n: v[:5] if n.startswith("classifier.classifier.3.") else v for n, v in state.items()}
    torch.save({"model_state": cut}, tmp_path / "five.pth")
    with pytest.raises(InputError, match="names for its 5 classes"):
        open_model(tmp_path / "five.pth", items_of(photos))


def test_models_that_are_none(tmp_path: Path, photos: Path) -> None:
    items = items_of(photos)
    with pytest.raises(InputError, match="nothing there"):
        open_model(tmp_path / "none", items)
    torch.save(create("fcn_basic", 3, 32, task="segment").module.state_dict(), tmp_path / "w.pth")
    with pytest.raises(InputError, match="do not say what network"):
        open_model(tmp_path / "w.pth", items)
    run_of(tmp_path / "run")
    with pytest.raises(InputError, match="Leave --size out"):
        open_model(tmp_path / "run", items, size=(32, 32))
    with pytest.raises(InputError, match="Leave --classes out"):
        open_model(tmp_path / "run", items, classes="voc")


def test_images_of_one_name_are_an_error(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(InputError, match="two of 'a'"):
        items_of(tmp_path)
