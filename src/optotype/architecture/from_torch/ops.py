"""What each operation of torch does to a layer table."""

from __future__ import annotations

from collections.abc import Callable

from optotype.architecture.from_torch import views
from optotype.architecture.from_torch.activations import ACTIVATIONS
from optotype.architecture.from_torch.ledger import Call, Ledger
from optotype.architecture.from_torch.meeting import activation, concat, meeting, norm
from optotype.architecture.from_torch.products import PRODUCTS, convolution, deformable, embedding, product
from optotype.architecture.from_torch.windows import adaptive_pool, columns, pixel_shuffle, pool, upsample, windows

COSTLY = frozenset({"convolution", "deform_conv2d", *PRODUCTS})
"""What has multiply-accumulates, and so a row even where it does not depend on the input."""

_ROWS: dict[str, Callable[[Ledger, Call], None]] = {
    "convolution": convolution,
    "deform_conv2d": deformable,
    **dict.fromkeys(PRODUCTS, product),
    **dict.fromkeys(
        ("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "cudnn_batch_norm"),
        norm("batch norm"),
    ),
    "native_layer_norm": norm("layer norm"),
    "native_group_norm": norm("group norm"),
    "_fused_rms_norm": norm("rms norm"),
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices", "max_pool3d_with_indices"), pool("max pool")),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), pool("average pool")),
    **dict.fromkeys(("_adaptive_avg_pool2d", "_adaptive_avg_pool3d"), adaptive_pool("average pool")),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_max_pool3d"), adaptive_pool("max pool")),
    **{f"upsample_nearest{n}d": upsample(1) for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": upsample(1) for n in (1, 2, 3)},
    **dict.fromkeys(("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d"), upsample(2)),
    "upsample_bicubic2d": upsample(4),
    "_upsample_bilinear2d_aa": upsample(2, antialias=True),
    "_upsample_bicubic2d_aa": upsample(4, antialias=True),
    "embedding": embedding,
    "add": meeting("add"),
    "sub": meeting("add"),
    "mul": meeting("multiply"),
    "cat": concat,
    "stack": concat,
    **dict.fromkeys(ACTIVATIONS, activation),
}

_VIEWS: dict[str, Callable[[Ledger, Call], None]] = {
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), views.view),
    "as_strided": views.strided,
    "permute": views.permute,
    **dict.fromkeys(("transpose", "t"), views.transpose),
    "unsqueeze": views.unsqueeze,
    "squeeze": views.squeeze,
    "expand": views.expand,
    "select": views.select,
    "slice": views.slice_,
    **dict.fromkeys(("split", "split_with_sizes", "unsafe_split", "unsafe_split_with_sizes", "chunk"), views.split),
    "unbind": views.unbind,
    **{f"{word}_pad{n}d": views.pad for word in ("reflection", "replication") for n in (1, 2, 3)},
    "constant_pad_nd": views.pad,
    **dict.fromkeys(("roll", "flip"), views.reorder),
    **dict.fromkeys(("index", "index_select"), views.index),
    "repeat": views.repeat,
    "unfold": windows,
    "im2col": columns,
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), pixel_shuffle),
    **dict.fromkeys(
        ("mean", "amax", "max", "sum", "amin", "min", "var", "std", "var_mean", "prod", "logsumexp", "argmax"),
        views.reduce,
    ),
    "linalg_vector_norm": views.reduce,
    **dict.fromkeys(("clone", "contiguous", "alias", "detach", "_to_copy", "channel_shuffle"), views.copy),
    "native_channel_shuffle": views.copy,
    "copy": views.overwrite,
    **dict.fromkeys(
        ("empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "new_empty", "new_zeros"),
        views.constant,
    ),
    **dict.fromkeys(("new_ones", "new_full", "new_empty_strided", "bernoulli"), views.constant),
}

HANDLERS = {**_VIEWS, **_ROWS}
"""Name of the operation → what it does. In-place forms have the same name without the underscore."""
