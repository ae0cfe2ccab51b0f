"""Layer tables of torch models: against torch's own counts, published numbers, and fields seen by propagation."""

from __future__ import annotations

import math
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
torchvision = pytest.importorskip("torchvision")
pytest.importorskip("segmentation_models_pytorch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from optotype.architecture.from_torch import find as finding  # noqa: E402
from optotype.architecture.from_torch.find import describe_model, find  # noqa: E402
from optotype.architecture.from_torch.tracing import describe_module, trace  # noqa: E402
from optotype.errors import InputError, MissingExtraError  # noqa: E402
from optotype.nn.models import MODELS  # noqa: E402

NAMES = [
    "small_cnn", "timm:resnet18", "vgg16", "torchvision:mobilenet_v3_small", "torchvision:efficientnet_b0",
    "torchvision:vit_b_16", "torchvision:swin_t", "torchvision:shufflenet_v2_x1_0", "torchvision:densenet121",
    "torchvision:googlenet", "r3d_18", "torchvision:fcn_resnet50", "raft_small", "timm:vit_tiny_patch16_224",
    "timm:swin_tiny_patch4_window7_224", "timm:convnextv2_atto", "timm:resnetv2_50", "timm:mixer_s32_224",
    "timm:mobilevit_xxs", "timm:xcit_nano_12_p16_224", "Unet", "Unet-resnet50", "DeepLabV3Plus", "Segformer", "FPN",
    "PSPNet", "DPT",
]  # fmt: skip


def rows(table):
    return {layer.name: layer for layer in table.layers}


def of(module, shape, **options):
    return describe_module(module, shape, **options)


class Calls(nn.Module):
    """A module of parts and a function of how they work together."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.work = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.work(self, x)


def flops(found):
    """Multiply-accumulates by torch's own counter."""
    module = found.module.eval().requires_grad_(False)
    image = torch.empty(1, *found.input_shape, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        module(image) if found.forward is None else found.forward(module, [image])
    return counter.get_total_flops() / 2


def test_resnet18():
    """The numbers of the issue, and rows as one would write them down."""
    for name in ("torchvision:resnet18", "timm:resnet18"):
        table = describe_model(name)
        assert (table.parameters, table.macs) == (11_689_512, 1_814_073_344)
    first, layer = rows(table)["conv1"], rows(table)["layer4.1.bn2"]
    assert (first.kind, first.channels_in, first.channels_out, first.kernel) == ("conv", 3, 64, (7, 7))
    assert (first.stride, first.padding, first.dilation, first.groups) == ((2, 2), (3, 3), (1, 1), 1)
    assert (first.output, first.parameters, first.macs, first.field) == ((64, 112, 112), 9408, 118_013_952, (7, 7))
    assert (layer.output, layer.parameters, layer.activation, layer.field) == ((512, 7, 7), 1024, "", (435, 435))
    assert rows(table)["layer4.1"].activation == "relu"
    assert (rows(table)["layer4.1"].kind, rows(table)["layer4.1"].macs) == ("add", 0)
    last = table.layers[-1]
    assert (last.name, last.kind, last.output, last.parameters, last.field) == ("fc", "linear", (1000,), 513_000, "all")


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_torchs(name):
    found = find(name, own=MODELS)
    table = of(found.module, found.input_shape, forward=found.forward)
    assert table.parameters == sum(p.numel() for p in found.module.parameters())
    assert table.macs == flops(found)
    assert table.peak_bytes >= 4 * math.prod(found.input_shape)


def published(name):
    weights = next(iter(torchvision.models.get_model_weights(name)))
    return weights.meta["num_params"], weights.meta["_ops"]


def agrees_with_published(name):
    table, (parameters, giga) = describe_model(f"torchvision:{name}"), published(name)
    assert round(table.macs / 1e9, 3) == pytest.approx(giga, abs=0.0011)
    unused = sum(layer.parameters for layer in table.layers if layer.kind == "parameter")
    assert parameters in (table.parameters, table.parameters - unused)


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1", "inception_v3", "mnasnet0_5", "convnext_tiny", "s3d"])
def test_published_counts(name):
    """Torchvision's own record of parameters and of 10⁹ MACs (of auxiliary heads, without)."""
    agrees_with_published(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        name
        for area in (torchvision.models, torchvision.models.video)
        for name in torchvision.models.list_models(module=area)
    ],
)
def test_all_published_counts(name):
    agrees_with_published(name)


@pytest.mark.parametrize(
    ("name", "layer", "field"),
    [("vgg16", "features.28", 196), ("vgg16", "features.30", 212), ("resnet18", "layer4.1", 435),
     ("alexnet", "features.10", 163), ("mobilenet_v2", "features.18.0", 491)],
)  # fmt: skip
def test_published_fields(name, layer, field):
    """Araujo, Norris and Sim (2019) list vgg16 212, resnet and mobilenet; the rest by their recurrence."""
    assert rows(describe_model(f"torchvision:{name}"))[layer].field == (field, field)


def seen(module, cells, outputs=1):
    """The most input cells, first to last, that an inner output cell depends on: by gradients of positive weights."""
    module = module.double().eval()
    for p in module.parameters():
        nn.init.constant_(p, 0.5)
    x = torch.rand(1, 1, cells, dtype=torch.float64, requires_grad=True)
    y = module(x)[0, 0]
    sizes = []
    for i in range(len(y) // 2, len(y) // 2 + outputs):
        (gradient,) = torch.autograd.grad(y[i], x, retain_graph=True)
        at = gradient[0, 0].nonzero()
        sizes.append(int(at.max() - at.min()) + 1)
    return max(sizes)


def residual(kernel):
    return Calls(lambda m, x: x + m.f(x), f=nn.Conv1d(1, 1, kernel, padding=kernel // 2))


def joined(kernel, shift):
    """Two branches of which one is moved, so that the union is wider than either."""
    return Calls(
        lambda m, x: m.c(torch.cat([m.f(x), F.pad(m.p(x), (shift, 0))[..., : x.shape[-1]]], 1)),
        f=nn.Conv1d(1, 1, 3, padding=1),
        p=nn.AvgPool1d(kernel, 1, kernel // 2),
        c=nn.Conv1d(2, 1, 1),
    )


def tokens():
    """A linear layer over channels that stand last, and back."""
    return Calls(lambda m, x: m.f(x.unsqueeze(2).flatten(2).mT).mT.unflatten(2, (1, -1)).squeeze(2), f=nn.Linear(1, 1))


odd = st.sampled_from([1, 3, 5])
pieces = st.one_of(
    st.builds(
        lambda k, s, p, d: nn.Conv1d(1, 1, k, s, p, d),
        st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3),
    ),
    st.builds(lambda k, s: nn.AvgPool1d(k, s), st.integers(1, 4), st.integers(1, 3)),
    st.builds(residual, odd),
    st.builds(joined, odd, st.integers(0, 2)),
    st.builds(tokens),
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=4))
def test_fields_are_those_seen_by_gradients(parts):
    net = nn.Sequential(*parts)
    table = of(net, (1, 600))
    assert table.layers[-1].field == (seen(net, 600),)


@pytest.mark.parametrize(
    "parts",
    [
        [nn.Upsample(scale_factor=2), nn.Conv1d(1, 1, 3)],
        [nn.Upsample(scale_factor=2, mode="linear")],
        [nn.AvgPool1d(4, 4), nn.Upsample(scale_factor=4), nn.Conv1d(1, 1, 5)],
        [nn.Conv1d(1, 1, 3, 2), nn.Upsample(scale_factor=2, mode="linear")],
        [nn.Conv1d(1, 1, 3, 2), nn.ConvTranspose1d(1, 1, 4, 2, 1)],
        [nn.ConvTranspose1d(1, 1, 5, 2)],
        [nn.Conv1d(1, 1, 3, 2), nn.ConvTranspose1d(1, 1, 2, 2), nn.Conv1d(1, 1, 3)],
        [nn.AdaptiveAvgPool1d(31)],
    ],
    ids=str,
)
def test_fields_behind_upsampling(parts):
    """The widest of the cells' fields; behind an upsampling true to a cell of the map before it."""
    net = nn.Sequential(*parts)
    (field,) = of(net, (1, 100)).layers[-1].field
    coarse = 4 if isinstance(parts[0], nn.AvgPool1d) else 2
    assert 0 <= seen(net, 100, 12) - field < coarse


def test_fields_of_whole_inputs():
    flat = of(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 6, 5)), (3, 8, 8))
    assert [layer.field for layer in flat.layers] == [(3, 3), "all"]
    shrunk = of(nn.Sequential(nn.Conv2d(3, 4, 8), nn.Flatten(), nn.Linear(4, 5)), (3, 8, 8))
    assert [layer.field for layer in shrunk.layers] == [(8, 8), (8, 8)]
    rows_only = of(Calls(lambda m, x: x.mean(3)), (3, 8, 9)).layers[0]
    assert (rows_only.kind, rows_only.field, rows_only.output) == ("average pool", (1, 9), (3, 8))
    squeezed = of(Calls(lambda m, x: x * m.f(x.mean((2, 3), keepdim=True)).sigmoid(), f=nn.Conv2d(3, 3, 1)), (3, 8, 8))
    assert [(r.kind, r.activation, r.field) for r in squeezed.layers] == [
        ("average pool", "", "all"), ("conv", "sigmoid", "all"), ("multiply", "", "all"),
    ]  # fmt: skip


def test_fields_of_attention():
    """Over all tokens: the whole input. Over windows: not known, until one window is the whole map."""
    vit = rows(describe_model("timm:vit_tiny_patch16_224"))
    assert vit["patch_embed.proj"].field == vit["pos_embed"].field == vit["blocks.0.attn.qkv"].field == (16, 16)
    assert (vit["blocks.0.attn (q·kᵀ)"].field, vit["blocks.0.attn (q·kᵀ)"].activation) == ("all", "softmax")
    assert (vit["blocks.0.attn (attention·v)"].field, vit["blocks.0.mlp.fc1"].activation) == ("all", "gelu")
    swin = rows(describe_model("timm:swin_tiny_patch4_window7_224"))
    assert swin["layers.0.blocks.0.attn.qkv"].field == (4, 4)
    assert swin["layers.0.blocks.0.attn (q·kᵀ)"].field is None
    assert swin["layers.2.blocks.1.attn.proj"].field is None
    assert swin["layers.3.blocks.0.attn.proj"].field == "all"


def test_fields_of_shuffled_and_rolled_maps():
    assert of(nn.Sequential(nn.Conv2d(4, 4, 3), nn.PixelShuffle(2)), (4, 8, 8)).layers[-1].field == (3, 3)
    assert of(nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3)), (1, 8, 8)).layers[-1].field == (6, 6)
    assert of(Calls(lambda m, x: m.f(x.roll(2, 3)), f=nn.Conv2d(1, 1, 3)), (1, 8, 8)).layers[-1].field is None


def test_a_tensor_that_is_filled_in_parts_reads_what_the_parts_read():
    def forward(m, x):
        out = x.new_zeros(1, 4, 8, 8)
        out[:, :2] = m.a(x)
        out[:, 2:] = m.b(x)
        return m.c(out)

    net = Calls(forward, a=nn.Conv2d(3, 2, 3, padding=1), b=nn.Conv2d(3, 2, 1), c=nn.Conv2d(4, 1, 1))
    last = of(net, (3, 8, 8)).layers[-1]
    assert (last.kind, last.macs, last.field) == ("conv", 256, None)


def first_activation(function, **parts):
    return of(Calls(lambda m, x: function(m, m.f(x)), f=nn.Conv2d(3, 4, 1), **parts), (3, 4, 4)).layers[0].activation


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda m, x: F.relu(x, inplace=True), "relu"),
        (lambda m, x: F.relu(x.flatten(1).unflatten(1, (4, 16))), "relu"),
        (lambda m, x: F.leaky_relu(x), "leaky_relu"),
        (lambda m, x: F.relu6(x), "relu6"),
        (lambda m, x: x.clamp(min=0), "relu"),
        (lambda m, x: x.clamp(-2, 3), "clip(−2, 3)"),
        (lambda m, x: x * torch.sigmoid(x), "silu"),
        (lambda m, x: x.mul_(x.sigmoid()), "silu"),
        (lambda m, x: x * F.relu6(x + 3) / 6, "hardswish"),
        (lambda m, x: F.hardswish(x), "hardswish"),
        (lambda m, x: x * torch.tanh(F.softplus(x)), "mish"),
        (lambda m, x: F.gelu(x), "gelu"),
        (lambda m, x: 0.5 * x * (1 + torch.erf(x / 2**0.5)), "gelu"),
        (lambda m, x: 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.045 * x**3))), "gelu"),
        (lambda m, x: torch.tanh(F.relu(x)), "relu, tanh"),
        (lambda m, x: F.relu(x) + F.relu(x), "relu"),
        (lambda m, x: F.softmax(x / 3, 1), "softmax"),
        (lambda m, x: F.dropout(F.selu(x), training=m.training), "selu"),
        (lambda m, x: x[:, :2] * torch.sigmoid(x[:, 2:]), "sigmoid"),
    ],
)
def test_activations_stand_with_the_row_they_are_applied_to(function, word):
    assert first_activation(function) == word


def test_a_branch_of_its_own_is_no_gate():
    net = Calls(lambda m, x: m.a(x) * torch.sigmoid(m.b(x)), a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 4, 1))
    assert [(r.kind, r.activation) for r in of(net, (3, 4, 4)).layers] == [
        ("conv", ""), ("conv", "sigmoid"), ("multiply", ""),
    ]  # fmt: skip


def test_parameters_stand_with_the_row_that_uses_them():
    """Shared ones once, an activation's and a separate bias's with the row before, weights computed from parameters."""
    shared = nn.Conv2d(3, 3, 3, padding=1)
    twice = of(nn.Sequential(shared, nn.PReLU(3), shared), (3, 8, 8))
    assert [(r.kind, r.parameters, r.activation) for r in twice.layers] == [("conv", 87, "prelu"), ("conv", 0, "")]
    linear = nn.Linear(8, 4)
    apart = of(Calls(lambda m, x: m.f(x.expand(2, 3, 5, 8).transpose(0, 1)), f=linear), (3, 5, 8)).layers
    assert [(r.kind, r.parameters) for r in apart] == [("linear", 36)]
    normed = of(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), (3, 8, 8))
    assert [(r.kind, r.parameters) for r in normed.layers] == [("conv", 3 * 4 * 9 + 4 + 4)]
    vit = rows(describe_model("timm:vit_tiny_patch16_224"))
    assert (vit["cls_token"].kind, vit["cls_token"].parameters) == ("concat", 192)
    assert (vit["pos_embed"].kind, vit["pos_embed"].parameters) == ("add", 197 * 192)


def test_parameters_without_use_have_rows_and_a_note():
    net = Calls(lambda m, x: m.a(x), a=nn.Conv2d(3, 4, 1), head=nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)))
    net.scale = nn.Parameter(torch.ones(5))
    table = of(net, (3, 4, 4))
    assert {r.name: r.parameters for r in table.layers if r.kind == "parameter"} == {"scale": 5, "head": 30}
    assert table.parameters == 16 + 35
    assert "head" in table.notes[0]


@pytest.mark.parametrize(
    ("module", "shape", "kinds"),
    [
        (nn.Embedding(10, 4), (6,), None),
        (nn.ConvTranspose2d(4, 6, 3, 2, groups=2), (4, 5, 5), ["transposed conv"]),
        (nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.BatchNorm2d(4)), (4, 5, 5),
         ["group norm", "instance norm", "batch norm"]),
        (nn.Sequential(nn.LayerNorm(5), nn.RMSNorm(5), nn.ReLU()), (4, 5, 5), ["layer norm", "rms norm"]),
        (nn.Sequential(nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveMaxPool2d(1)), (3, 16, 16),
         ["max pool", "average pool", "max pool"]),
        (nn.LSTM(8, 4, num_layers=2, bidirectional=True, batch_first=True), (5, 8), ["lstm"]),
        (nn.TransformerEncoderLayer(8, 2, batch_first=True), (5, 8),
         ["linear", "matmul", "matmul", "linear", "add", "layer norm", "linear", "linear", "add", "layer norm"]),
        (torchvision.ops.DeformConv2d(3, 4, 3), (3, 8, 8), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)  # fmt: skip
def test_kinds(module, shape, kinds):
    if kinds is None:
        image = {"Embedding": torch.zeros(1, 6, dtype=torch.long)}.get(type(module).__name__)
        if image is None:
            module = Calls(lambda m, x: m.f(x, x.new_zeros(1, 18, 6, 6)), f=module)
            table = of(module, shape)
            assert [(r.kind, r.macs, r.field) for r in table.layers] == [("conv", 4 * 36 * 27, None)]
        else:
            (row,) = trace(module, [image], name="", source="").layers
            assert (row.kind, row.parameters, row.output, row.field) == ("embedding", 40, (6, 4), (1,))
        return
    table = of(module, shape)
    assert [r.kind for r in table.layers] == kinds
    assert table.parameters == sum(p.numel() for p in module.parameters())


def test_a_transposed_convolution_counts_its_input_cells():
    (row,) = of(nn.ConvTranspose2d(4, 6, 3, 2, groups=2), (4, 5, 7)).layers
    assert row.macs == 5 * 7 * 4 * (6 // 2) * 9


def test_peak_memory_of_chains_by_hand():
    """Bytes of the tensors that live at once: 4 a number; maps of 8×8, an input of 3 channels."""
    cell = 4 * 64
    conv, wide, narrow = nn.Conv2d(3, 5, 1), nn.Conv2d(5, 7, 1), nn.Conv2d(7, 2, 1)
    assert of(conv, (3, 8, 8)).peak_bytes == (3 + 5) * cell
    assert of(nn.Sequential(conv, wide), (3, 8, 8)).peak_bytes == (3 + 5 + 7) * cell
    assert of(nn.Sequential(conv, wide, narrow), (3, 8, 8)).peak_bytes == (3 + 5 + 7) * cell
    assert of(nn.Sequential(conv, nn.ReLU(inplace=True)), (3, 8, 8)).peak_bytes == (3 + 5) * cell
    assert of(nn.Sequential(conv, nn.ReLU()), (3, 8, 8)).peak_bytes == (3 + 5 + 5) * cell
    assert of(nn.Sequential(conv, nn.Flatten(), nn.Unflatten(1, (5, 64))), (3, 8, 8)).peak_bytes == (3 + 5) * cell
    pooled = nn.Sequential(conv, nn.MaxPool2d(2))
    assert of(pooled, (3, 8, 8)).peak_bytes == (3 + 5) * cell + 5 * cell // 4
    held = Calls(lambda m, x: torch.cat([y := m.a(x), m.b(y)], 1), a=conv, b=wide)
    assert of(held, (3, 8, 8)).peak_bytes == (3 + 5 + 7 + 12) * cell


def test_peak_memory_is_the_same_with_and_without_numbers():
    """Resnet18's is at its first batch norm: the input and two maps of 64×112×112."""
    found = find("torchvision:resnet18", device="cpu")
    image = torch.zeros(1, 3, 224, 224)
    real = trace(found.module, [image], name="", source="")
    assert real.peak_bytes == 4 * (3 * 224**2 + 2 * 64 * 112**2)
    assert real.layers == of(found.module, (3, 224, 224)).layers
    assert real.peak_bytes == of(found.module, (3, 224, 224)).peak_bytes


def test_the_module_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.MultiheadAttention(4, 2))
    net[1].eval()
    flags = [m.training for m in net.modules()]
    before = {name: (id(t), t.clone(), t.device) for name, t in net.state_dict(keep_vars=True).items()}
    random, fast = torch.get_rng_state(), torch.backends.mha.get_fastpath_enabled()
    of(nn.Sequential(*net[:3]), (3, 8, 8))
    with pytest.raises(InputError):
        of(net, (3, 8, 8))
    assert [m.training for m in net.modules()] == flags
    for name, t in net.state_dict(keep_vars=True).items():
        identity, value, device = before[name]
        assert (id(t), t.device) == (identity, device)
        assert torch.equal(t, value)
        assert t.grad is None
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert not nn.modules.module._global_forward_hooks


def test_a_module_that_looks_at_numbers_is_run_where_it_is():
    net = Calls(lambda m, x: m.f(x) if float(x.sum()) == 0 else x, f=nn.Conv2d(3, 4, 1))
    net.memory = nn.Parameter(torch.ones(2)) * 2  # what deepcopy refuses
    assert [r.kind for r in of(net, (3, 4, 4)).layers] == ["conv"]


def test_an_input_that_does_not_fit_is_told():
    with pytest.raises(InputError, match=r"3×7×7"):
        of(nn.Sequential(nn.Conv2d(3, 4, 9)), (3, 7, 7))
    with pytest.raises(InputError, match="--input"):
        describe_model("vgg16", input_shape=(3, 8, 8))


def test_find_knows_the_libraries_in_their_order():
    assert find("small_cnn", own=MODELS).source == "optotype"
    assert find("resnet18").source.startswith("timm")
    assert find("torchvision:resnet18").source.startswith("torchvision")
    assert find("googlenet").source.startswith("torchvision")
    unet = find("unet")
    assert (unet.name, unet.input_shape) == ("Unet-resnet34", (3, 224, 224))
    assert unet.source.startswith("segmentation-models-pytorch")
    assert find("smp:FPN-efficientnet-b0").name == "FPN-efficientnet-b0"
    assert find("resnet18.a1_in1k").input_shape == find("resnet18").input_shape
    assert find("torchvision:inception_v3").input_shape == (3, 299, 299)
    assert find("torchvision:efficientnet_b4").input_shape == (3, 380, 380)
    assert find("r3d_18").input_shape == (3, 16, 112, 112)


def test_classes_and_inputs():
    assert describe_model("torchvision:resnet18", num_classes=7).output == (7,)
    assert describe_model("Unet", num_classes=3).output == (3, 224, 224)
    assert describe_model("fcn_resnet50", num_classes=4, input_shape=(3, 64, 64)).layers[-1].output == (4, 64, 64)
    assert describe_model("small_cnn", num_classes=5, input_shape=(3, 32, 32), own=MODELS).output == (5,)
    for name in ("timm:vit_tiny_patch16_224", "torchvision:vit_b_16"):
        assert describe_model(name, input_shape=(3, 64, 64)).input == (3, 64, 64)
    with pytest.raises(InputError, match="channel"):
        describe_model("timm:resnet18", input_shape=(1, 64, 64))
    with pytest.raises(InputError, match="16 or more"):
        find("small_cnn", input_shape=(3, 8, 8), own=MODELS)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("resnet81", "Did you mean 'resnet"), ("resnet18.tag", "Did you mean 'resnet18"),
     ("timm:resnet81", "Did you mean"), ("tim:resnet18", "Did you mean 'timm'"),
     ("Unet-resnet81", "Did you mean 'Unet-resnet"), ("torchvision:quantized_resnet18", "resnet18"),
     ("", "Give a name such as")],
)  # fmt: skip
def test_unknown_names(name, hint):
    with pytest.raises(InputError) as caught:
        find(name, own=MODELS)
    assert hint in caught.value.fix


def test_a_missing_library(monkeypatch):
    real = finding.find_spec
    monkeypatch.setattr("optotype.errors.find_spec", lambda name: None if name.startswith("segm") else real(name))
    monkeypatch.setattr(finding, "find_spec", lambda name: None if name.startswith("segm") else real(name))
    with pytest.raises(MissingExtraError, match="segmentation_models_pytorch"):
        find("smp:Unet")
    with pytest.raises(InputError, match="not installed: segmentation_models_pytorch"):
        find("Unet")
    assert find("resnet18").source.startswith("timm")


def test_nothing_is_downloaded(monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("deeplabv3_resnet50", "Unet-resnet50", "timm:resnet18.a1_in1k"):
        assert describe_model(name).parameters > 10**7


def test_a_detector():
    table = describe_model("ssdlite320_mobilenet_v3_large")
    assert (table.parameters, round(table.macs / 1e9, 3)) == (3_440_060, 0.583)
    assert any("black image" in note for note in table.notes)
    assert any("torchvision::nms" in note for note in table.notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [n for n in torchvision.models.list_models(module=torchvision.models.detection) if "keypoint" not in n]
)
def test_all_detectors(name):
    found = find(f"torchvision:{name}")
    assert describe_model(f"torchvision:{name}").parameters == sum(p.numel() for p in found.module.parameters())


@pytest.mark.slow
def test_one_model_of_each_family_of_timm():
    """The smallest of each module: parameters and multiply-accumulates as torch counts them."""
    import timm

    warnings.simplefilter("ignore", DeprecationWarning)
    for family in timm.list_modules():
        for name in sorted(timm.list_models(module=family), key=len)[:1]:
            table = describe_model(f"timm:{name}")
            found = find(f"timm:{name}")
            assert table.parameters == sum(p.numel() for p in found.module.parameters()), name
            if not name.startswith(("gemma", "sequencer")):
                assert table.macs == flops(found), name
