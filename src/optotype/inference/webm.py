"""WebM: compressed frames out of a Matroska file, and into one that a browser plays and seeks in.

Elements of RFC 8794 (EBML) and RFC 9559 (Matroska), as few as a player needs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import TracebackType
from typing import IO

_SEGMENT, _CLUSTER, _BLOCK_GROUP, _BLOCK, _SIMPLE_BLOCK = 0x18538067, 0x1F43B675, 0xA0, 0xA1, 0xA3
_SEEK_HEAD, _INFO, _TRACKS, _CUES = 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B
_INSIDE = (_SEGMENT, _CLUSTER, _BLOCK_GROUP)
_BLOCK_HEAD = 4
"""Bytes before a frame in its block: the track (one byte here), the time (two), flags."""

_CLUSTER_MS = 5000
"""Longest cluster; a block's time counts from its cluster in 16 bits."""


def frames_in(matroska: bytes) -> Iterator[bytes]:
    """The compressed frames of a file with one track of video, in their order."""
    at = 0
    while at < len(matroska):
        name, at = _number(matroska, at, keep=True)
        size, at = _number(matroska, at, keep=False)
        if name in (_SIMPLE_BLOCK, _BLOCK):
            yield matroska[at + _BLOCK_HEAD : at + size]
        if name not in _INSIDE:
            at += size


def _number(data: bytes, at: int, *, keep: bool) -> tuple[int, int]:
    """A number of variable length and where it ends; a name keeps the bit that marks the length, a size does not."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep else value & ((1 << 7 * length) - 1)), at + length


class WebM:
    """Writes VP8 frames to ``stream`` (seekable, from its beginning) at ``rate`` frames a second; ``with`` ends it.

    Every cluster begins with a frame that stands alone and has its place in the index, so that a player can seek.
    """

    def __init__(self, stream: IO[bytes], width: int, height: int, rate: float) -> None:
        self._stream, self._rate, self._frames = stream, rate, 0
        self._blocks: list[bytes] = []
        self._began = 0
        self._cues: list[bytes] = []
        self._head = _element(0x1A45DFA3, _HEADER)
        stream.write(self._head + _SEGMENT.to_bytes(4, "big") + _size(0))
        self._body = stream.tell()
        self._tracks = _element(_TRACKS, _track(width, height, rate))
        self._write_front(0, 0)

    def __enter__(self) -> WebM:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._close()

    def add(self, frame: bytes) -> None:
        """The next frame."""
        time = round(1000 * self._frames / self._rate)
        alone = not frame[0] & 1
        if self._blocks and (alone or time - self._began >= _CLUSTER_MS):
            self._flush()
        if not self._blocks:
            self._began = time
            if alone:
                place = _element(0xF7, b"\x01") + _element(0xF1, self._place().to_bytes(8, "big"))
                self._cues.append(_element(0xBB, _element(0xB3, time.to_bytes(8, "big")) + _element(0xB7, place)))
        flags = b"\x80" if alone else b"\0"
        self._blocks.append(_element(_SIMPLE_BLOCK, b"\x81" + struct.pack(">h", time - self._began) + flags + frame))
        self._frames += 1

    def _place(self) -> int:
        """Where the stream stands, counted from the segment's content."""
        return self._stream.tell() - self._body

    def _flush(self) -> None:
        content = _element(0xE7, self._began.to_bytes(8, "big")) + b"".join(self._blocks)
        self._stream.write(_element(_CLUSTER, content))
        self._blocks.clear()

    def _close(self) -> None:
        if self._blocks:
            self._flush()
        cues = self._place()
        self._stream.write(_element(_CUES, b"".join(self._cues)))
        whole = self._place()
        self._stream.seek(len(self._head) + 4)
        self._stream.write(_size(whole))
        self._write_front(cues, 1000 * self._frames / self._rate)
        self._stream.seek(0, 2)

    def _write_front(self, cues: int, duration: float) -> None:
        """Where the parts lie, how long it takes, and the track; of the same length whatever the numbers."""
        ours = b"optotype"
        info = _element(_INFO, _element(0x2AD7B1, (1_000_000).to_bytes(4, "big"))
                        + _element(0x4489, struct.pack(">d", duration))
                        + _element(0x4D80, ours) + _element(0x5741, ours))  # fmt: skip
        first = len(_seek_head(0, 0, 0))
        front = _seek_head(first, first + len(info), cues) + info + self._tracks
        self._stream.write(front)


_HEADER = b"".join(
    bytes.fromhex(name) + b"\x81" + value
    for name, value in (("4286", b"\1"), ("42f7", b"\1"), ("42f2", b"\4"), ("42f3", b"\x08"))
)
_HEADER += bytes.fromhex("4282") + b"\x84webm" + bytes.fromhex("4287") + b"\x81\2" + bytes.fromhex("4285") + b"\x81\2"


def _track(width: int, height: int, rate: float) -> bytes:
    video = _element(0xB0, width.to_bytes(4, "big")) + _element(0xBA, height.to_bytes(4, "big"))
    numbers = _element(0xD7, b"\1") + _element(0x73C5, b"\1") + _element(0x83, b"\1") + _element(0x9C, b"\0")
    lasting = _element(0x23E383, round(1e9 / rate).to_bytes(8, "big"))
    return _element(0xAE, numbers + lasting + _element(0x86, b"V_VP8") + _element(0xE0, video))


def _seek_head(info: int, tracks: int, cues: int) -> bytes:
    parts = ((_INFO, info), (_TRACKS, tracks), (_CUES, cues))
    return _element(_SEEK_HEAD, b"".join(
        _element(0x4DBB, _element(0x53AB, name.to_bytes(4, "big")) + _element(0x53AC, place.to_bytes(8, "big")))
        for name, place in parts
    ))  # fmt: skip


def _element(name: int, content: bytes) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + _size(len(content)) + content


def _size(number: int) -> bytes:
    """A length in eight bytes."""
    return (number | 1 << 56).to_bytes(8, "big")
