"""Output sizes, costs and receptive fields, against torch and against following every single cell."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype import InputError
from optotype.theory import chain, layers, shapes
from optotype.theory.shapes import Field

COURSE = [
    chain.Conv(5, 5),
    chain.Conv(10, 7),
    chain.MaxPool(3, stride=2),
    chain.Conv(1, 13, stride=10),
    chain.Linear(512),
    chain.Linear(10),
]
WINDOW = {
    "kernel": st.integers(1, 5),
    "stride": st.integers(1, 4),
    "padding": st.integers(0, 4),
    "dilation": st.integers(1, 3),
}


def test_the_courses_chain() -> None:
    table = chain.walk((3, 256, 256), COURSE)
    assert [layer.output for layer in table.layers] == [
        (5, 252, 252),
        (10, 246, 246),
        (10, 122, 122),
        (1, 11, 11),
        (512,),
        (10,),
    ]
    assert [layer.parameters for layer in table.layers] == [380, 2460, 0, 1691, 62464, 5130]
    assert table.parameters == 72125
    assert [layer.field for layer in table.layers] == [(5, 5), (11, 11), (13, 13), (37, 37), "all", "all"]
    assert table.macs == 252**2 * 5 * 75 + 246**2 * 10 * 245 + 121 * 1690 + 121 * 512 + 5120
    assert table.peak_bytes == 4 * (3 * 256**2 + 5 * 252**2 + 10 * 246**2)


@given(size=st.integers(1, 40), ceil=st.booleans(), **WINDOW)
@settings(max_examples=300, deadline=None)
def test_sizes_are_torchs(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> None:
    torch = pytest.importorskip("torch")
    window = {"stride": stride, "padding": padding, "dilation": dilation}
    x = torch.empty(1, 1, size, device="meta")
    if shapes.extent(kernel, dilation) > size + 2 * padding:
        with pytest.raises(InputError, match=f"a kernel of {kernel}"):
            shapes.conv_output(size, kernel, **window)
        with pytest.raises(RuntimeError):
            torch.nn.functional.conv1d(x, torch.empty(1, 1, kernel, device="meta"), **window)
        return
    expected = torch.nn.functional.conv1d(x, torch.empty(1, 1, kernel, device="meta"), **window).shape[-1]
    assert shapes.conv_output(size, kernel, **window) == expected
    if 2 * padding <= kernel:
        pooled = torch.nn.functional.max_pool1d(x, kernel, ceil_mode=ceil, **window).shape[-1]
        assert shapes.conv_output(size, kernel, ceil=ceil, **window) == pooled


@given(size=st.integers(1, 20), extra=st.integers(0, 3), **WINDOW)
@settings(max_examples=200, deadline=None)
def test_transposed_sizes_are_torchs(
    size: int, kernel: int, stride: int, padding: int, dilation: int, extra: int
) -> None:
    torch = pytest.importorskip("torch")
    window = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": extra}
    if extra >= max(stride, dilation):
        return
    x, weight = torch.empty(1, 1, size, device="meta"), torch.empty(1, 1, kernel, device="meta")
    try:
        expected = torch.nn.functional.conv_transpose1d(x, weight, **window).shape[-1]
    except RuntimeError:
        expected = 0
    if expected < 1:
        with pytest.raises(InputError, match="padding"):
            shapes.transposed_output(size, kernel, **window)
    else:
        assert shapes.transposed_output(size, kernel, **window) == expected


def test_a_chains_costs_are_torchs() -> None:
    torch = pytest.importorskip("torch")
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    specs = [
        chain.Conv(8, (3, 5), stride=(1, 2), padding=(1, 0), bias=False),
        chain.BatchNorm(),
        chain.Conv(12, 3, dilation=2, groups=4),
        chain.AveragePool(3, stride=2, padding=1, ceil=True),
        chain.TransposedConv(6, (4, 3), stride=2, padding=1, output_padding=(0, 1), groups=2),
        chain.Upsample(2),
        chain.Linear(7),
    ]
    module = nn.Sequential(
        nn.Conv2d(3, 8, (3, 5), stride=(1, 2), padding=(1, 0), bias=False),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 12, 3, dilation=2, groups=4),
        nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True),
        nn.ConvTranspose2d(12, 6, (4, 3), stride=2, padding=1, output_padding=(0, 1), groups=2),
        nn.Upsample(scale_factor=2),
        nn.Flatten(),
        nn.LazyLinear(7),
    ).eval()
    x, outputs = torch.zeros(1, 3, 21, 26), []
    with FlopCounterMode(display=False) as flops:
        for part in module:
            x = part(x)
            if not isinstance(part, nn.Flatten):
                outputs.append(tuple(x.shape[1:]))
    table = chain.walk((3, 21, 26), specs)
    assert [layer.output for layer in table.layers] == outputs
    assert table.parameters == sum(p.numel() for p in module.parameters())
    assert table.macs == flops.get_total_flops() // 2


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=4
    )
)
@settings(max_examples=150, deadline=None)
def test_fields_are_the_cells_that_are_read(windows: list[tuple[int, int, int, int]]) -> None:
    """First and last input cell of every map's first two cells, followed one by one; padding counts as cells."""
    field = Field()
    for kernel, stride, padding, dilation in windows:
        field = field.after(kernel, stride=stride, padding=padding, dilation=dilation)

    def reads(cell: int) -> tuple[int, int]:
        low = high = cell
        for kernel, stride, padding, dilation in reversed(windows):
            low = low * stride - padding
            high = high * stride - padding + dilation * (kernel - 1)
        return low, high

    (low, high), (after, _) = reads(0), reads(1)
    assert field == Field(Fraction(high - low + 1), Fraction(after - low), Fraction(low + high, 2))


@given(kernel=st.integers(1, 6), stride=st.integers(1, 4), padding=st.integers(0, 3), dilation=st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_transposed_fields_cover_the_most_that_a_cell_reads(
    kernel: int, stride: int, padding: int, dilation: int
) -> None:
    field = Field().after_transposed(kernel, stride=stride, padding=padding, dilation=dilation)
    taps = {tap * dilation for tap in range(kernel)}
    spans = []
    for cell in range(100, 100 + stride * dilation):
        read = [i for i in range(200) if cell + padding - i * stride in taps]
        spans.append(max(read) - min(read) + 1 if read else 0)
    assert max(spans) <= field.size
    if dilation == 1:
        assert max(spans) == field.size
    assert field.jump == Fraction(1, stride)


def test_joined_fields_reach_from_the_first_to_the_last_cell() -> None:
    plain = Field()
    deep = plain.after(3, padding=1).after(3, padding=1)
    assert deep.joined(plain) == deep == plain.joined(deep)
    assert Field(Fraction(3), start=Fraction(1)).joined(Field(Fraction(1), start=Fraction(5))).size == 6


@pytest.mark.parametrize(
    ("shape", "specs", "message"),
    [
        ((3, 8, 8), [chain.Conv(4, 3), chain.Conv(4, 9)], "layer 2 (Conv), kernel"),
        ((3, 8, 8), [chain.Conv(4, 5, dilation=2)], "which spans 9"),
        ((3, 8, 8), [chain.Conv(4, 3, groups=2)], "a divisor of 3 and 4 channels"),
        ((3, 8, 8), [chain.Conv(4, 3, stride=0)], "stride"),
        ((3, 8, 8), [chain.Conv(0, 3)], "1 or more"),
        ((3, 8, 8), [chain.Linear(4), chain.Conv(4, 3)], "4 features"),
        ((3, 8, 8), [chain.MaxPool(2, padding=-1)], "0 or more"),
        ((3, 8), [chain.Conv(4, 3)], "(channels, height, width)"),
        ((3, 8, 0), [chain.Conv(4, 3)], "(3, 8, 0)"),
    ],
)
def test_impossible_chains_say_where_and_why(shape: tuple[int, ...], specs: list[chain.Spec], message: str) -> None:
    with pytest.raises(InputError) as error:
        chain.walk(shape, specs)
    assert message in str(error.value)


def test_the_table_as_text() -> None:
    lines = str(chain.walk((3, 256, 256), COURSE)).splitlines()
    assert lines[0].split() == list(layers.HEADER)
    assert lines[2].split() == ["1", "conv", "3", "→", "5", "5", "1/0/1", "–", "5×252×252", "380", "23,814,000", "5"]
    assert lines[-3] == "parameters        72,125"


def test_what_is_not_known_is_not_summed() -> None:
    unknown = layers.Layer("resize", "conv", output=(3, None, None), macs=None, parameters=5)
    table = layers.Architecture("net", "test", (3, None, None), [unknown])
    assert table.macs is None
    assert table.parameters == 5
    assert "MACs              not known" in str(table)
    assert "3×?×?" in str(table)
