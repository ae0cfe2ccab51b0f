"""Pretrained weights of a hub (Hugging Face, torchvision): from its cache, else downloaded, else a message at once."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import torch

from optotype.errors import InputError

FILES = ("model.safetensors", "pytorch_model.bin")
_TIMEOUT = 10.0


def hub_options(name: str, repository: str, revision: str | None = None) -> dict[str, str]:
    """What timm needs beyond the name: the cached file where there is one, nothing where the hub can be reached.

    The hub's own client would retry for most of a minute before it gave up, so the network is tried first.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    for file in FILES:
        cached = try_to_load_from_cache(repository, file, None, revision)
        if isinstance(cached, str):
            return {"file": cached}
    if constants.HF_HUB_OFFLINE:
        raise no_hub(name, "not in the cache, and HF_HUB_OFFLINE forbids the network")
    if reason := unreachable(constants.ENDPOINT):
        raise no_hub(name, f"not in the cache, and {constants.ENDPOINT} cannot be reached: {reason}")
    return {}


def torchvision_state(name: str, weights: Any) -> dict[str, Any]:
    """The tensors of torchvision's pretrained ``weights`` (an entry of its enum), from torch's cache or downloaded."""
    file = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not file.is_file() and (reason := unreachable(weights.url)):
        raise InputError(
            f"--weights hub, {name}", f"torchvision's weights, or their file in its cache ({file.parent})", reason,
            f"Connect to the network; or fetch {weights.url} on another machine and give it here: --weights FILE; or "
            "train from scratch: --weights none.",
        )  # fmt: skip
    state: dict[str, Any] = weights.get_state_dict(progress=False, check_hash=True)
    return state


def unreachable(address: str) -> str:
    """Why an address does not answer; empty where it does. Proxies of the environment are used."""
    if not address.startswith(("https://", "http://")):
        return "not an http address"
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_TIMEOUT):
            return ""
    except urllib.error.HTTPError:
        return ""
    except OSError as error:
        return str(getattr(error, "reason", error))


def no_hub(name: str, reason: str) -> InputError:
    """The message when pretrained weights cannot be had."""
    cache = os.environ.get("HF_HOME", "~/.cache/huggingface")
    return InputError(
        f"--weights hub, {name}", f"pretrained weights from the hub, or in its cache ({cache})", reason,
        "Connect to the network; or fetch the file on another machine (huggingface.co/timm, "
        "model.safetensors) and give "
        "it here: --weights FILE; or train from scratch: --weights none.",
    )  # fmt: skip
