"""Layer tables of ONNX files, against arithmetic done otherwise, torch's own counts, and what really reads what."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402

import optotype  # noqa: E402
from onnx_files import Net  # noqa: E402
from optotype.architecture.from_onnx.describing import describe_onnx  # noqa: E402
from optotype.errors import InputError, MissingExtraError  # noqa: E402
from optotype.theory import chain  # noqa: E402


def described(net, tmp_path, *outputs, input_shape=None):
    return describe_onnx(net.save(tmp_path, *outputs), input_shape=input_shape)


def running(net, output):
    """The graph as a function, run by another program."""
    model = net.model(output)
    model.ir_version = 8
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it merges what it must not
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options)
    return lambda x: session.run(None, {"x": x})[0]


def kinds(table):
    return [layer.kind for layer in table.layers]


# The whole table


def test_the_chain_of_the_course(tmp_path):
    net = Net([1, 3, 256, 256])
    x = net.node("Relu", net.conv("x", 3, 5, 5))
    x = net.node("MaxPool", net.conv(x, 5, 10, 7), kernel_shape=[3, 3], strides=[2, 2])
    x = net.node("Flatten", net.conv(x, 10, 1, 13, strides=[10, 10]))
    x = net.node("Gemm", x, net.store((512, 121)), net.store((512,)), transB=1)
    x = net.node("Softmax", net.linear(x, 512, 10))
    table = described(net, tmp_path, x)
    specs = [chain.Conv(5, 5, activation="relu"), chain.Conv(10, 7), chain.MaxPool(3, stride=2),
             chain.Conv(1, 13, stride=10), chain.Linear(512), chain.Linear(10, activation="softmax")]  # fmt: skip
    by_hand = chain.walk((3, 256, 256), specs)
    assert [layer.parameters for layer in table.layers] == [380, 2460, 0, 1691, 62464, 5130]
    assert table.parameters == 72125
    assert [msgspec.structs.replace(layer, name="") for layer in table.layers] == [
        msgspec.structs.replace(layer, name="") for layer in by_hand.layers
    ]
    assert (table.input, table.output, table.name) == ((3, 256, 256), (10,), "net")
    # the second convolution's input and output, no operation being done in place
    assert table.peak_bytes == 4 * (3 * 256**2 + 5 * 252**2 + 10 * 246**2)


@pytest.mark.filterwarnings("ignore")  # the exporter's own
def test_resnet18_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models")
    pytest.importorskip("onnxscript")
    net = models.resnet18(weights=None).eval()
    torch.manual_seed(0)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.02)
    x = torch.zeros(1, 3, 224, 224)
    torch.onnx.export(net, (x,), tmp_path / "resnet18.onnx", dynamo=True, external_data=False, verbose=False)
    table = describe_onnx(tmp_path / "resnet18.onnx")
    with torch.utils.flop_counter.FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x)
    assert table.macs == counter.get_total_flops() // 2 == 1_814_073_344
    merged = sum(m.num_features for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert table.parameters == 11_689_512 - merged  # scale and shift become one bias
    assert any("batch norm" in note for note in table.notes)
    from optotype.architecture.from_torch.tracing import trace

    traced = [layer for layer in trace(net, [x], name="", source="").layers if layer.kind != "batch norm"]
    shared = ("name", "kind", "channels_in", "channels_out", "kernel", "stride", "padding", "output", "macs", "field")
    assert [[getattr(layer, n) for n in shared] for layer in table.layers] == [
        [getattr(layer, n) for n in shared] for layer in traced
    ]
    by_name = {layer.name: layer for layer in table.layers}
    assert by_name["layer4.1.conv2"].field == (435, 435)
    assert by_name["layer4.1.conv1"].activation == "relu"
    assert by_name["fc"].parameters == 513_000


def test_yolox_nano_as_published(real_data):
    path = real_data / "yolox_nano" / "yolox_nano.onnx"
    if not path.is_file():
        pytest.skip("yolox_nano.onnx is not at hand")
    table = describe_onnx(path)
    assert table.parameters == pytest.approx(0.91e6, rel=0.01)
    assert 2 * table.macs == pytest.approx(1.08e9, rel=0.05)  # published with batch norm and activations counted
    assert table.output == (85, 3549)
    assert {layer.activation for layer in table.layers if layer.kind == "conv"} == {"silu", "sigmoid", ""}
    assert describe_onnx(path, input_shape=(3, 416, 416)) == table
    with pytest.raises(InputError, match="3x416x416, as the file fixes"):
        describe_onnx(path, input_shape=(3, 640, 640))


# Sizes and costs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_convolutions_of_any_number_of_axes(data, tmp_path):
    """Of ones through ones, each multiplication adds one: the sum of the output is the number of MACs."""
    n = data.draw(st.integers(1, 3), "axes")
    groups = data.draw(st.sampled_from([1, 2]), "groups")
    transposed = data.draw(st.booleans(), "transposed")
    cin, cout = 2 * groups, groups * data.draw(st.integers(1, 3))
    size = [data.draw(st.integers(6, 9)) for _ in range(n)]
    kernel = [data.draw(st.integers(1, 3)) for _ in range(n)]
    stride = [data.draw(st.integers(1, 3)) for _ in range(n)]
    dilation = [data.draw(st.integers(1, 2)) for _ in range(n)]
    net = Net([1, cin, *size])
    shape = (cin, cout // groups, *kernel) if transposed else (cout, cin // groups, *kernel)
    weight = net.store(np.ones(shape, np.float32))
    op = "ConvTranspose" if transposed else "Conv"
    y = net.node(op, "x", weight, strides=stride, dilations=dilation, group=groups)
    (layer,) = described(net, tmp_path, y).layers
    answer = running(net, y)(np.ones((1, cin, *size), np.float32))
    assert layer.output == answer.shape[1:]
    assert layer.macs == answer.sum()
    assert (layer.channels_in, layer.channels_out, layer.groups) == (cin, cout, groups)
    assert (layer.kernel, layer.stride, layer.dilation) == (tuple(kernel), tuple(stride), tuple(dilation))
    assert layer.parameters == np.prod(shape)


@pytest.mark.parametrize(
    ("attributes", "padding", "output"),
    [
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (1, 1, 1, 1), (4, 4)),
        ({"auto_pad": "SAME_UPPER"}, (1, 1), (7, 7)),
        ({"auto_pad": "VALID"}, (0, 0), (5, 5)),
        ({"pads": [0, 1, 2, 1]}, (0, 1, 2, 1), (7, 7)),
        ({}, (0, 0), (5, 5)),
    ],
)
def test_padding(attributes, padding, output, tmp_path):
    net = Net([1, 1, 7, 7])
    (layer,) = described(net, tmp_path, net.conv("x", 1, 1, 3, **attributes)).layers
    expected = padding[:2] if padding[:2] == padding[2:] else padding
    assert (layer.padding, layer.output[1:]) == (expected, output)


def test_the_odd_cell_of_same_padding(tmp_path):
    for side, padding in (("UPPER", (0, 0, 1, 1)), ("LOWER", (1, 1, 0, 0))):
        net = Net([1, 1, 8, 8])
        (layer,) = described(net, tmp_path, net.conv("x", 1, 1, 3, auto_pad=f"SAME_{side}", strides=[2, 2])).layers
        assert (layer.padding, layer.output) == (padding, (1, 4, 4))


@pytest.mark.parametrize("opset", [7, 8, 9, 10, 11, 12, 13, 15, 18, 21, 22, onnx.defs.onnx_opset_version()])
def test_every_opset(opset, tmp_path):
    net = Net([1, 3, 8, 8], opset=opset)
    x = net.node("Relu", net.conv("x", 3, 4, 3, pads=[1, 1, 1, 1]))
    if opset < 9:
        x = net.node("Upsample", x, scales=[1.0, 1.0, 2.0, 2.0])
    else:
        scales = net.store(np.array([1, 1, 2, 2], np.float32))
        x = net.node("Upsample" if opset == 9 else "Resize", x, *([""] if opset > 10 else []), scales, mode="nearest")
    x = net.node("BatchNormalization", x, *(net.store((4,)) for _ in range(4)))
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    table = described(net, tmp_path, net.node("Gemm", x, net.store((4, 2)), net.store((2,))))
    assert kinds(table) == ["conv", "upsample", "batch norm", "average pool", "linear"]
    assert [layer.parameters for layer in table.layers] == [112, 0, 8, 0, 10]  # means and variances are not learned
    assert [layer.output for layer in table.layers] == [(4, 8, 8), (4, 16, 16), (4, 16, 16), (4, 1, 1), (2,)]
    assert [layer.field for layer in table.layers] == [(3, 3), (3, 3), (3, 3), "all", "all"]


def test_sizes_that_are_computed_in_the_graph(tmp_path):
    """Shape → Gather → Concat → Reshape, as exporters write x.view(x.shape[0], -1), and a mask of that size."""
    net = Net(["n", 4, 6, 6])
    first = net.node("Unsqueeze", net.node("Gather", net.node("Shape", "x"), net.ints(0)[:2]), net.ints(0))
    net.stored[0].ClearField("dims")  # a scalar index
    flat = net.node("Reshape", "x", net.node("Concat", first, net.ints(-1), axis=0))
    zeros = net.node("ConstantOfShape", net.node("Shape", flat))
    table = described(net, tmp_path, net.node("MatMul", net.node("Add", flat, zeros), net.store((144, 3))))
    assert [(layer.kind, layer.output, layer.macs, layer.field) for layer in table.layers] == [
        ("linear", (3,), 432, "all")
    ]


def test_products_of_activations(tmp_path):
    net = Net([2, 5, 8])
    q, k = net.linear("x", 8, 6), net.linear("x", 8, 6)
    scores = net.node("Softmax", net.node("MatMul", q, net.node("Transpose", k, perm=[0, 2, 1])))
    table = described(net, tmp_path, net.node("Einsum", scores, q, equation="bij, bjk -> bik"))
    assert [(layer.kind, layer.macs) for layer in table.layers] == [
        ("linear", 5 * 8 * 6), ("linear", 5 * 8 * 6), ("matmul", 5 * 5 * 6), ("matmul", 5 * 5 * 6)
    ]  # fmt: skip
    assert [layer.output for layer in table.layers[2:]] == [(5, 5), (5, 6)]
    assert table.layers[2].activation == "softmax"
    assert "batch of 2" in table.notes[0]


def test_recurrent_layers(tmp_path):
    net = Net([1, 7, 5])
    x = net.node("Transpose", "x", perm=[1, 0, 2])
    weights = net.store((2, 16, 5)), net.store((2, 16, 4)), net.store((2, 32))
    table = described(net, tmp_path, net.node("LSTM", x, *weights, hidden_size=4, direction="bidirectional"))
    (layer,) = table.layers
    assert (layer.kind, layer.parameters) == ("lstm", 2 * 16 * (5 + 4 + 2))
    assert layer.macs == 7 * 2 * 16 * (5 + 4)


# What is learned


def test_shared_numbers_count_once_and_constants_are_numbers_too(tmp_path):
    net = Net([1, 4, 8, 8])
    w = net.store((4, 4, 1, 1))
    held = net.node("Constant", value=onnx.numpy_helper.from_array(np.ones((4, 4, 1, 1), np.float32)))
    listed = net.node("Constant", value_floats=[1.0, 2.0, 3.0, 4.5])
    x = net.node("Conv", net.node("Conv", net.node("Conv", "x", w), w), held, listed)
    assert [layer.parameters for layer in described(net, tmp_path, x).layers] == [16, 0, 20]


def test_what_is_added_and_multiplied(tmp_path):
    """Between layers: learned. Pixels' means, grids, single numbers, and what comes behind the last layer: not."""
    net = Net([1, 3, 4, 4])
    x = net.node("Div", net.node("Sub", "x", net.store((1, 3, 1, 1))), net.store((1, 3, 1, 1)))
    x = net.node("Mul", net.node("Add", x, net.store((1, 3, 1, 1))), net.store((1, 3, 1, 1)))
    x = net.conv(x, 3, 8, 1)
    x = net.node("Add", x, net.store((1, 8, 4, 4), "position"))
    x = net.node("Mul", x, net.store((8, 1, 1), "scale"))
    grid = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4) / 2
    x = net.node("Mul", net.node("Add", x, net.store(grid)), net.store(np.float32(0.3).reshape(1)))
    mask = np.where(np.eye(4) > 0, 0, -np.inf).astype(np.float32)
    x = net.conv(net.node("Add", x, net.store(mask)), 8, 2, 1, bias=False)
    x = net.node("Add", x, net.store((2, 1, 1)))
    x = net.node("Mul", x, net.store((1, 2, 4, 4)))
    table = described(net, tmp_path, x)
    assert [(layer.name, layer.kind, layer.parameters) for layer in table.layers[1:3]] == [
        ("position", "add", 128), ("scale", "multiply", 8)
    ]  # fmt: skip
    assert kinds(table) == ["conv", "add", "multiply", "conv"]
    assert table.parameters == 32 + 128 + 8 + 16 + 2


def test_norms_written_out(tmp_path):
    net = Net([1, 6, 10])
    centred = net.node("Sub", "x", net.node("ReduceMean", "x", axes=[-1]))
    squares = net.node("Pow", centred, net.store(np.array(2, np.float32)))
    spread = net.node("Add", net.node("ReduceMean", squares, axes=[-1]), net.store(np.array(1e-5, np.float32)))
    x = net.node("Div", centred, net.node("Sqrt", spread))
    x = net.node("Add", net.node("Mul", x, net.store((10,))), net.store((10,)))
    table = described(net, tmp_path, x)
    assert [(layer.kind, layer.parameters, layer.channels_out) for layer in table.layers] == [("layer norm", 20, 10)]


def test_group_norm_as_exporters_write_it(tmp_path):
    net = Net([1, 8, 4, 4])
    x = net.node("Reshape", "x", net.ints(0, 2, -1))
    trivial = net.store(np.ones(2, np.float32)), net.store(np.zeros(2, np.float32))
    x = net.node("Reshape", net.node("InstanceNormalization", x, *trivial), net.ints(1, 8, 4, 4))
    x = net.node("Relu", net.node("Add", net.node("Mul", x, net.store((8, 1, 1))), net.store((8, 1, 1))))
    (layer,) = described(net, tmp_path, x).layers
    assert (layer.kind, layer.parameters, layer.output, layer.activation) == ("group norm", 16, (8, 4, 4), "relu")


def test_quantised_forms_have_the_same_table(tmp_path):
    plain = Net([1, 4, 8, 8])
    expected = described(plain, tmp_path, plain.node("Relu", plain.conv("x", 4, 6, 3)))
    net = Net([1, 4, 8, 8])
    scale, zero = net.store(np.array(0.1, np.float32)), net.store(np.array(0, np.int8))
    kernels, bias = net.store(np.ones((6, 4, 3, 3), np.int8)), net.store(np.arange(6, dtype=np.int32))
    q = net.node("QuantizeLinear", "x", scale, zero)
    fused = net.node("QLinearConv", q, scale, zero, kernels, scale, zero, scale, zero, bias)
    weights = net.node("DequantizeLinear", kernels, scale, zero), net.node("DequantizeLinear", bias, scale)
    unfused = net.node("Conv", net.node("DequantizeLinear", q, scale, zero), *weights)
    shared = ("kind", "channels_in", "channels_out", "kernel", "output", "macs", "field", "activation")
    for y in (net.node("Relu", fused), net.node("Relu", unfused)):
        table = described(net, tmp_path, y)
        for layer in table.layers:
            assert [getattr(layer, n) for n in shared] == [getattr(expected.layers[0], n) for n in shared]
        assert table.parameters == expected.parameters


# Activations


def gelu(net, x):
    bent = net.node("Erf", net.node("Div", x, net.store(np.array(2**0.5, np.float32))))
    one, half = net.store(np.array(1, np.float32)), net.store(np.array(0.5, np.float32))
    return net.node("Mul", net.node("Mul", x, net.node("Add", bent, one)), half)


def prelu(net, x):
    return net.node("PRelu", x, net.store(np.array([0.25], np.float32)))


def relu6(net, x):
    return net.node("Clip", x, *(net.store(np.array(n, np.float32)) for n in (0, 6)))


ACTIVATIONS = {
    "relu": lambda net, x: net.node("Relu", x),
    "leaky_relu": lambda net, x: net.node("LeakyRelu", x),
    "silu": lambda net, x: net.node("Mul", net.node("Sigmoid", x), x),
    "hardswish": lambda net, x: net.node("Mul", x, net.node("HardSigmoid", x)),
    "mish": lambda net, x: net.node("Mul", x, net.node("Tanh", net.node("Softplus", x))),
    "gelu": gelu,
    "prelu": prelu,
    "relu6": relu6,
    "relu, mish": lambda net, x: ACTIVATIONS["mish"](net, net.node("Relu", x)),
    "sigmoid": lambda net, x: net.node("Sigmoid", net.node("Reshape", x, net.ints(1, -1))),
}


@pytest.mark.parametrize("word", ACTIVATIONS)
def test_activations_belong_to_the_row_before(word, tmp_path):
    net = Net([1, 3, 8, 8])
    x = net.node("BatchNormalization", net.conv("x", 3, 4, 3), *(net.store((4,)) for _ in range(4)))
    table = described(net, tmp_path, ACTIVATIONS[word](net, x))
    assert [layer.activation for layer in table.layers] == ["", word]
    assert table.parameters == 112 + 8 + (word == "prelu")


def test_a_gate_is_a_row_and_a_scaling_is_none(tmp_path):
    """Squeeze and excitation multiplies by numbers that it has computed."""
    net = Net([1, 4, 8, 8])
    x = net.node("Relu", net.conv("x", 4, 4, 3, pads=[1] * 4))
    gate = net.node("Sigmoid", net.conv(net.node("GlobalAveragePool", x), 4, 4, 1))
    y = net.node("Mul", net.node("Mul", x, gate), net.store(np.array(0.5, np.float32)))
    table = described(net, tmp_path, net.node("Add", y, x))
    assert kinds(table) == ["conv", "average pool", "conv", "multiply", "add"]
    assert [layer.activation for layer in table.layers] == ["relu", "", "sigmoid", "", ""]
    assert [layer.field for layer in table.layers] == [(3, 3), "all", "all", "all", "all"]


# Receptive fields


WINDOWS = {
    "conv": lambda net, x: net.node("Conv", x, net.store(np.ones((1, 1, 3, 3), np.float32)), pads=[1] * 4),
    "wide": lambda net, x: net.node("Conv", x, net.store(np.ones((1, 1, 3, 3), np.float32)), dilations=[2, 2]),
    "strided": lambda net, x: net.node("Conv", x, net.store(np.ones((1, 1, 3, 3), np.float32)), strides=[2, 2]),
    "pool": lambda net, x: net.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]),
    "cut": lambda net, x: net.node("Slice", x, net.ints(1, 1), net.ints(99, 99), net.ints(2, 3), net.ints(2, 2)),
    "pad": lambda net, x: net.node("Pad", x, net.ints(0, 0, 1, 1, 0, 0, 0, 0)),
    "flip axes": lambda net, x: net.node("Transpose", x, perm=[0, 1, 3, 2]),
    "residual": lambda net, x: net.node("Add", x, WINDOWS["conv"](net, x)),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(WINDOWS)), min_size=1, max_size=4))
def test_a_field_is_what_a_cell_really_reads(tmp_path, names):
    """With all weights positive, a cell of the middle changes with exactly the input cells of its field."""
    size = 65
    net = Net([1, 1, size, size])
    x = "x"
    for name in names:
        x = WINDOWS[name](net, x)
    # a last convolution of one cell, so that there is a row
    x = net.node("Conv", x, net.store(np.ones((1, 1, 1, 1), np.float32)))
    table = described(net, tmp_path, x)
    run = running(net, x)
    plain = run(np.zeros((1, 1, size, size), np.float32))
    centre = plain.shape[2] // 2, plain.shape[3] // 2

    def reads(axis, at):
        image = np.zeros((1, 1, size, size), np.float32)
        image[(..., at, slice(None)) if axis == 0 else (..., at)] = 1
        return run(image)[0, 0][centre] != 0

    for axis in (0, 1):
        seen = [at for at in range(size) if reads(axis, at)]
        assert table.layers[-1].field[axis] == seen[-1] - seen[0] + 1


def test_focus_reads_two_cells_and_skips_two(tmp_path):
    """The first layer of YOLOX: every second cell of the rows and columns, as four times the channels."""
    net = Net([1, 3, 8, 8])
    steps = net.ints(2, 2)
    ends, axes = net.ints(99, 99), net.ints(2, 3)
    parts = [net.node("Slice", "x", net.ints(i, j), ends, axes, steps) for i, j in itertools.product((0, 1), (0, 1))]
    x = net.conv(net.node("Concat", *parts, axis=1), 12, 4, 3, pads=[1] * 4)
    table = described(net, tmp_path, x)
    assert [(layer.output, layer.field) for layer in table.layers] == [((4, 4, 4), (6, 6))]


def attention(net, x, wide):
    q, k, v = (net.linear(x, wide, wide) for _ in range(3))
    scores = net.node("MatMul", q, net.node("Transpose", k, perm=[0, 2, 1]))
    return net.node("MatMul", net.node("Softmax", scores), v)


def test_attention_over_all_tokens_reads_everything(tmp_path):
    net = Net([1, 3, 8, 8])
    patches = net.conv("x", 3, 6, 2, strides=[2, 2])
    tokens = net.node("Transpose", net.node("Reshape", patches, net.ints(1, 6, 16)), perm=[0, 2, 1])
    table = described(net, tmp_path, net.linear(attention(net, tokens, 6), 6, 6))
    assert [layer.field for layer in table.layers] == [(2, 2)] * 4 + ["all"] * 3
    assert [layer.name.partition(" ")[2] for layer in table.layers[4:6]] == ["(q·kᵀ)", "(attention·v)"]


def test_attention_in_windows_is_not_given_a_field(tmp_path):
    net = Net([1, 8, 8, 6])
    x = net.linear("x", 6, 6)
    cut = net.node("Transpose", net.node("Reshape", x, net.ints(1, 2, 4, 2, 4, 6)), perm=[0, 1, 3, 2, 4, 5])
    x = attention(net, net.node("Reshape", cut, net.ints(4, 16, 6)), 6)
    back = net.node("Transpose", net.node("Reshape", x, net.ints(1, 2, 2, 4, 4, 6)), perm=[0, 1, 3, 2, 4, 5])
    x = net.node("ReduceMean", net.linear(net.node("Reshape", back, net.ints(1, 8, 8, 6)), 6, 6), axes=[1, 2])
    table = described(net, tmp_path, x)
    fields = [layer.field for layer in table.layers]
    # the file does not say that the last of 8×8×6 are channels
    assert fields[-1] == "all"
    assert fields[-2] is None


def test_channels_last_inputs(tmp_path):
    net = Net([1, 16, 16, 3])
    x = net.conv(net.node("Transpose", "x", perm=[0, 3, 1, 2]), 3, 4, 5)
    (layer,) = described(net, tmp_path, x).layers
    assert (layer.output, layer.field) == ((4, 12, 12), (5, 5))


# Memory


def test_peak_memory_by_hand(tmp_path):
    """A residual block: what is added later stays alive, and the input (100) to the end."""
    net = Net([1, 1, 10, 10])
    a = net.conv("x", 1, 2, 1)  # a 200
    b = net.conv(a, 2, 4, 1)  # a 200, b 400
    flat = net.node("Reshape", b, net.ints(1, 4, 10, 10))  # shares it
    c = net.conv(flat, 4, 3, 1)  # a 200, b 400, c 300
    d = net.conv(c, 3, 2, 1)  # a 200, c 300, d 200
    table = described(net, tmp_path, net.node("Add", a, d))
    assert table.peak_bytes == 4 * 1000
    half = Net([1, 1, 10, 10], dtype=TensorProto.FLOAT16)
    w = half.store(np.ones((2, 1, 1, 1), np.float16))
    assert described(half, tmp_path, half.node("Conv", "x", w)).peak_bytes == 2 * 300


def test_outputs_live_to_the_end(tmp_path):
    net = Net([1, 1, 10, 10])
    a = net.conv("x", 1, 4, 1)
    b = net.conv(a, 4, 1, 1)
    c = net.conv(b, 1, 1, 1)
    assert described(net, tmp_path, c).peak_bytes == 4 * (100 + 400 + 100)
    assert described(net, tmp_path, c, a).peak_bytes == 4 * (100 + 400 + 100 + 100)


# Inputs


def test_free_sizes_must_be_given(tmp_path):
    net = Net(["batch", 3, "height", "width"])
    path = net.save(tmp_path, net.conv("x", 3, 4, 3, pads=[1] * 4))
    with pytest.raises(InputError, match="height, width") as error:
        describe_onnx(path, input_shape=None)
    assert "--input 3x640x640" in str(error.value)
    assert describe_onnx(path, input_shape=(3, 20, 30)).output == (4, 20, 30)
    for wrong in ((4, 20, 30), (3, 20), (1, 3, 20, 30)):
        with pytest.raises(InputError, match=r"3x\?x\?, as the file fixes"):
            describe_onnx(path, input_shape=wrong)
    with pytest.raises(InputError, match="1 or more"):
        describe_onnx(path, input_shape=(3, 0, 30))


def test_a_kernel_larger_than_the_input_is_told(tmp_path):
    net = Net([1, 1, "h", "w"])
    path = net.save(tmp_path, net.node("Relu", net.conv("x", 1, 1, 7), name="late"))
    assert describe_onnx(path, input_shape=(1, 7, 7)).output == (1, 1, 1)
    with pytest.raises(InputError, match=r"Conv.*, kernel") as error:
        describe_onnx(path, input_shape=(1, 6, 9))
    assert "the input has 6 cells" in str(error.value)


def test_sizes_that_do_not_fit_together_are_told(tmp_path):
    net = Net([1, 1, "h", "w"])
    path = net.save(tmp_path, net.node("MatMul", net.node("Flatten", "x"), net.store((64, 2))))
    assert describe_onnx(path, input_shape=(1, 8, 8)).output == (2,)
    with pytest.raises(InputError, match="MatMul"):
        describe_onnx(path, input_shape=(1, 9, 9))
    wrong = Net([1, 4, 8, 8])
    with pytest.raises(InputError, match="3 channels"):
        described(wrong, tmp_path, wrong.conv("x", 3, 2, 3))


def test_further_inputs_are_told(tmp_path):
    net = Net([1, 3, 8, 8])
    net.inputs.insert(0, helper.make_tensor_value_info("sizes", TensorProto.INT64, ["n", 2]))
    x = net.conv("x", 3, 4, 3)
    extra = net.node("Cast", "sizes", to=TensorProto.FLOAT)
    table = described(net, tmp_path, x, extra)
    assert table.input == (3, 8, 8)
    assert table.layers[0].field == (3, 3)
    assert any("further inputs: sizes" in note for note in table.notes)


# What is not known


def test_behind_a_selection_the_sizes_are_not_known(tmp_path):
    net = Net([1, 4, 8])
    boxes = net.node("Transpose", "x", perm=[0, 2, 1])
    scores = net.node("Slice", "x", net.ints(0), net.ints(1), net.ints(1))
    kept = net.node("NonMaxSuppression", boxes, scores, net.ints(5))
    table = described(net, tmp_path, net.node("MatMul", net.node("Cast", kept, to=1), net.store((3, 2))))
    (layer,) = table.layers
    assert (layer.macs, layer.output[-1], layer.parameters) == (None, 2, 6)
    assert table.macs is None
    assert table.peak_bytes is None
    assert "NonMaxSuppression" in table.notes[0]


def test_branches_and_foreign_operators_are_told(tmp_path):
    net = Net([1, 3, 8, 8])
    net.foreign = ["my.ops"]
    x = net.conv("x", 3, 4, 3)
    branch = helper.make_graph(
        [helper.make_node("Relu", [x], ["r"])], "b", [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)]
    )
    condition = net.node("Greater", net.node("ReduceMax", x, keepdims=0), net.store(np.array(1, np.float32)))
    y = net.node("If", condition, then_branch=branch, else_branch=branch)
    z = net.node("Thing", y, domain="my.ops")
    table = described(net, tmp_path, net.conv(z, 4, 2, 1))
    assert kinds(table)[0] == "conv"
    assert any("inside node" in note and "(If)" in note for note in table.notes)
    assert any("my.ops::Thing" in note for note in table.notes)
    assert table.layers[-1].macs is None
    assert table.layers[-1].parameters == 10


def test_functions_are_put_in(tmp_path):
    net = Net([1, 3, 8, 8])
    net.foreign = ["local"]
    body = [helper.make_node("Conv", ["a", "w"], ["c"]), helper.make_node("Relu", ["c"], ["b"])]
    net.functions = [
        helper.make_function("local", "Block", ["a", "w"], ["b"], body, [helper.make_opsetid("", net.opset)])
    ]
    x = net.node("Block", "x", net.store((4, 3, 3, 3)), domain="local")
    table = described(net, tmp_path, net.node("Block", x, net.store((2, 4, 3, 3)), domain="local"))
    assert [(layer.kind, layer.activation, layer.parameters) for layer in table.layers] == [
        ("conv", "relu", 108), ("conv", "relu", 72)
    ]  # fmt: skip


# Files that are broken, or meant to break


def test_functions_that_would_explode_are_refused(tmp_path):
    net = Net([1, 3])
    net.foreign = ["local"]
    opsets = [helper.make_opsetid("", net.opset), helper.make_opsetid("local", 1)]
    for depth in range(60):
        inner = "Relu" if depth == 0 else f"F{depth - 1}"
        domain = "" if depth == 0 else "local"
        calls = [helper.make_node(inner, [a], [b], domain=domain) for a, b in (("a", "m"), ("m", "b"))]
        net.functions.append(helper.make_function("local", f"F{depth}", ["a"], ["b"], calls, opsets))
    with pytest.raises(InputError, match="at most 1000000 nodes"):
        described(net, tmp_path, net.node("F59", "x", domain="local"))


def test_enormous_arrays_are_never_made(tmp_path):
    net = Net([1, 1, 4, 4])
    huge = net.ints(1, 1, 2**20, 2**20)
    zeros = net.node("ConstantOfShape", huge)
    x = net.node("Add", net.node("Expand", "x", net.ints(1, 1, 4, 4)), net.node("Tile", zeros, net.ints(1, 1, 1, 1)))
    with pytest.raises(InputError, match="Add"):
        described(net, tmp_path, x)
    wide = Net([1, 1, 2**31, 2**31])
    with pytest.raises(InputError, match="a machine can hold"):
        described(wide, tmp_path, wide.conv("x", 1, 4, 3))


def test_names_that_are_no_text_are_refused(tmp_path):
    net = Net([1, 3, 8, 8])
    path = net.save(tmp_path, net.conv("x", 3, 4, 3))
    path.write_bytes(path.read_bytes().replace(b"Conv_0_0", b"Conv\xff0_0"))
    with pytest.raises(InputError, match="UTF-8"):
        describe_onnx(path)


@pytest.mark.parametrize("content", [b"", b"not a model at all", b"\x08\x07", b"\xff" * 64])
def test_what_is_no_onnx_file(content, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"net\.onnx"):
        describe_onnx(path, input_shape=None)


def test_what_is_no_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        describe_onnx(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="a folder"):
        describe_onnx(tmp_path)


def test_weights_in_other_files_need_not_exist(tmp_path):
    net = Net([1, 3, 8, 8])
    path = net.save(tmp_path, net.conv("x", 3, 40, 7))
    inside = describe_onnx(path)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()
    outside = describe_onnx(path)
    assert outside.layers == inside.layers
    assert any("other files" in note for note in outside.notes)


def mixed_net():
    """Something of everything, small enough that a flipped byte often hits the structure."""
    net = Net([1, 3, 8, 8])
    x = ACTIVATIONS["silu"](net, net.conv("x", 3, 4, 3, strides=[2, 2], auto_pad="SAME_UPPER"))
    x = net.node("MaxPool", x, kernel_shape=[2, 2], ceil_mode=1)
    x = net.node("ConvTranspose", x, net.store((4, 4, 2, 2)), strides=[2, 2])
    a, b = net.node("Split", x, net.ints(2, 2), outputs=2, axis=1)
    x = net.node("Concat", a, net.node("Pad", b, net.ints(*[0] * 8)), axis=1)
    x = net.node("Resize", x, "", net.store(np.array([1, 1, 2, 2], np.float32)), mode="linear")
    x = net.node("Transpose", net.node("Reshape", x, net.ints(1, 4, -1)), perm=[0, 2, 1])
    x = net.node("LayerNormalization", attention(net, x, 4), net.store((4,)), net.store((4,)))
    return net, net.node("Einsum", gelu(net, x), net.store((4, 2)), equation="...i,ij->...j")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31), how=st.sampled_from(["cut", "flip", "flip", "flip", "stretch"]))
def test_damaged_files_never_raise_anything_else(tmp_path, seed, how):
    net, out = mixed_net()
    content = bytearray(net.model(out).SerializeToString())
    rng = np.random.default_rng(seed)
    if how == "cut":
        content = content[: rng.integers(len(content))]
    elif how == "stretch":
        at = rng.integers(len(content))
        content[at:at] = content[at : at + 40]
    else:
        for at in rng.integers(len(content), size=rng.integers(1, 4)):
            content[at] = rng.integers(256)
    path = tmp_path / "net.onnx"
    path.write_bytes(bytes(content))
    with contextlib.suppress(InputError):
        msgspec.json.encode(describe_onnx(path))


@pytest.mark.parametrize("equation", ["bij,jk-", "bij,jk-,bik", "bij,.jk->bik", "bij,jk->bik->b", "bij,j1->b"])
def test_a_damaged_equation_is_told(tmp_path, equation):
    """On the first three the shape inference of ONNX 1.23 never ends."""
    net = Net([1, 2, 3])
    out = net.node("Einsum", "x", net.store((3, 4)), equation=equation)
    with pytest.raises(InputError, match="an equation"):
        described(net, tmp_path, out)


def test_the_undamaged_file_has_a_table(tmp_path):
    net, out = mixed_net()
    table = described(net, tmp_path, out)
    assert kinds(table) == [
        "conv", "max pool", "transposed conv", "upsample", "linear", "linear", "linear", "matmul", "matmul",
        "layer norm", "linear",
    ]  # fmt: skip
    assert table.output == (144, 2)
    assert table.notes == []


# Packages


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("optotype.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"optotype\[onnx\]"):
        optotype.describe(tmp_path / "net.onnx")


def test_neither_torch_nor_a_runtime_is_loaded(tmp_path):
    net, out = mixed_net()
    path = net.save(tmp_path, out)
    program = (
        "import sys, optotype\n"
        "optotype.describe(sys.argv[1])\n"
        "print([name for name in ('torch', 'onnxruntime', 'timm') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
