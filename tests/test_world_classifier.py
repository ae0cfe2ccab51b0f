"""The world as a stand-in for photographs: what makes crops hard for a trained classifier is what is recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from optotype.world import crops
from optotype.world.labels import OBJECT_CLASSES

pytest.importorskip("torch")

TRAIN, TEST, SIZE = 6000, 3000, 64


def _crops(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda i: crops.crop(seed, i, ("north", "south")[i // 4 % 2], size=SIZE), range(n)))
    images = np.stack([one.image for one in made])
    labels = np.array([OBJECT_CLASSES.index(one.label) for one in made])
    return (
        images,
        labels,
        {name: np.array([getattr(one.traits, name) for one in made]) for name in ("blur", "occlusion")},
    )


def _accuracies(right: np.ndarray, values: np.ndarray, edges: tuple[float, ...]) -> list[float]:
    part = np.digitize(values, edges)
    assert np.bincount(part).min() > 150
    return [float(right[part == k].mean()) for k in range(len(edges) + 1)]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_accuracy_falls_with_blur_and_with_occlusion() -> None:
    """6,000 crops of both domains train the beginner's network for twelve epochs; 3,000 of other streets judge it."""
    import torch
    from torch.nn import functional

    from optotype.nn.small_cnn import small_cnn

    images, labels, _ = _crops(1, TRAIN)
    torch.manual_seed(0)
    torch.set_num_threads(2)
    model = small_cnn(len(OBJECT_CLASSES), SIZE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    x = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 110) / 60
    y = torch.from_numpy(labels)
    for _ in range(12):
        for rows in torch.randperm(TRAIN).split(64):
            batch = x[rows]
            batch = batch.flip(3) if torch.rand(()) < 0.5 else batch
            optimizer.zero_grad()
            functional.cross_entropy(model(batch), y[rows]).backward()
            optimizer.step()
    images, labels, traits = _crops(2, TEST)
    model.eval()
    with torch.inference_mode():
        x = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 110) / 60
        said = torch.cat([model(part).argmax(1) for part in x.split(256)]).numpy()
    right = said == labels
    assert right.mean() > 0.6
    by_blur = _accuracies(right, traits["blur"] * 96 / SIZE, (1.2, 2.2))
    by_occlusion = _accuracies(right, traits["occlusion"], (0.1, 0.25, 0.45))
    assert by_blur == sorted(by_blur, reverse=True), by_blur
    assert by_occlusion == sorted(by_occlusion, reverse=True), by_occlusion
    assert by_blur[0] - by_blur[-1] > 0.03
    assert by_occlusion[0] - by_occlusion[-1] > 0.1
