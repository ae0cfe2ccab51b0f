"""A page of views as one HTML file that works from the disk, without a network and without a server."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
from pathlib import Path

from optotype.errors import InputError
from optotype.files import write_atomic
from optotype.report.budget import Selection, select
from optotype.report.payload import Images, payload, printable, to_json
from optotype.report.thumbnails import Decode
from optotype.report.thumbnails import decode as decode_file
from optotype.report.wanted import albums, views_of
from optotype.views import Page, Timeline

WEB = Path(__file__).parent / "web" / "dist"
MEGABYTE = 1_000_000

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="optotype">
<title>{title}</title>
<link rel="icon" href="{icon}">
<style>{style}</style>
</head>
<body>
<div id="app"></div>
<noscript>This report draws itself with the script inside this file; please allow scripts for it.
It loads nothing from a network.</noscript>
<script type="application/json" id="page">{data}</script>
<script>{script}</script>
{blocks}
</body>
</html>
"""

_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'>"
    "<rect width='20' height='20' rx='4' fill='#17191d'/>"
    "<path d='M5 5h10v2H7v2h8v2H7v2h8v2H5z' fill='#fff'/></svg>"
)


def write(page: Page, path: Path, *, max_mb: float = 20) -> None:
    """Write the page as one file, atomically."""
    write_atomic(path, render(page, max_mb=max_mb))


def render(page: Page, *, max_mb: float = 20, decoder: Decode = decode_file, threads: int = 0) -> str:
    """The page as HTML of at most ``max_mb`` megabytes (10⁶ bytes), the same bytes for the same page and images.

    Images give way until the page fits (see ``optotype.report.budget``), and the page says how many were left out;
    numbers and text never do, so a page of text alone may be larger. ``decoder`` reads an image file as RGB.
    """
    if not max_mb > 0:
        raise InputError("--max-mb", "a number of megabytes above 0", str(max_mb), "Leave it out for 20.")
    bare = Images(Selection({}, [[] for _ in albums(page)], [0 for _ in views_of(page, Timeline)]))
    room = int(max_mb * MEGABYTE) - len(_fill(page, bare)) - 4096
    return _fill(page, Images(select(page, max(0, room), decoder, threads)))


def _fill(page: Page, images: Images) -> str:
    style, script = _asset("report.css"), _asset("report.js")
    data = to_json(payload(page, images))
    blocks = "\n".join(
        f'<script type="text/plain" id="block-{number}">{block}</script>'
        for number, block in enumerate(images.encoded_blocks())
    )
    return _TEMPLATE.format(
        policy=_policy(script, style),
        title=html.escape(printable(page.title).replace("\0", "\ufffd") or "Optotype report"),
        icon="data:image/svg+xml;base64," + base64.b64encode(_ICON.encode()).decode("ascii"),
        style=style,
        data=data,
        script=script,
        blocks=blocks,
    )


def _policy(script: str, style: str) -> str:
    """Nothing may be loaded, and nothing may run but this very script."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data: blob:; worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@functools.cache
def _asset(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8").strip()
