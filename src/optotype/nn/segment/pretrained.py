"""Pretrained weights of our networks of segmentation: an ImageNet encoder, or all of torchvision's DeepLab."""

from __future__ import annotations

from optotype.nn import timm_models
from optotype.nn.built import Built
from optotype.nn.hub import torchvision_state
from optotype.nn.segment.deeplab import DeepLabV3
from optotype.nn.segment.fcn_resnet34 import FCNResNet34
from optotype.nn.segment.segnet import SegNet
from optotype.nn.weights import tensors_sha256


def encoder(module: SegNet | FCNResNet34) -> Built:
    """The network with timm's ImageNet weights of the classifier that its encoder is cut from."""
    donor = timm_models.build(module.pretrained, 1000, 224, hub=True)
    module.load_state_dict(module.translated(donor.module.state_dict()), strict=False)
    return Built(module, donor.mean, donor.std, {**donor.weights, "rest": "random: they are the encoder's alone"})


def coco(module: DeepLabV3) -> Built:
    """The network with torchvision's weights, trained on the part of COCO that has VOC's 21 classes; the head stays
    random where the number of classes differs.
    """
    from torchvision.models.segmentation import DeepLabV3_ResNet50_Weights

    weights = DeepLabV3_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1
    state = module.translated(torchvision_state("deeplabv3_resnet50", weights))
    facts = {
        "source": "hub",
        "from": weights.url,
        "licence": "not stated",
        "sha256 of the tensors": tensors_sha256(state),
    }
    head = module.get_classifier()
    if state["classifier.4.weight"].shape != head.weight.shape:
        state = {name: value for name, value in state.items() if not name.startswith("classifier.4.")}
        facts["head"] = "new: the file's is for another number of classes"
    module.load_state_dict(state, strict=False)
    return Built(module, weights=facts)
