"""A file made of spans of another one and of bytes, as decoders read it."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

Segment = bytes | tuple[int, int]
"""Bytes, or the first byte of a span of the file and the byte after it."""


class SegmentedFile(io.RawIOBase):
    """A file that is read only, made of segments.

    - ``path``: the file of the spans.
    - ``segments``: what follows each other.
    """

    def __init__(self, path: Path, segments: Sequence[Segment]) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._segments = segments
        lengths = [len(each) if isinstance(each, bytes) else each[1] - each[0] for each in segments]
        self._starts = [0, *accumulate(lengths)]
        self._position = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position, as of other files."""
        self._position = max(0, offset + (0, self._position, self._starts[-1])[whence])
        return self._position

    def readinto(self, buffer: object) -> int:
        """Fill a buffer; return how many bytes were left for it."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # what the base class takes
        n_read = 0
        while n_read < len(view) and self._position < self._starts[-1]:
            index = bisect_right(self._starts, self._position) - 1
            n_bytes = min(len(view) - n_read, self._starts[index + 1] - self._position)
            data = self._of_segment(self._segments[index], self._position - self._starts[index], n_bytes)
            if not data:
                break  # the file became shorter
            view[n_read : n_read + len(data)] = data
            n_read += len(data)
            self._position += len(data)
        return n_read

    def _of_segment(self, segment: Segment, start: int, n_bytes: int) -> bytes:
        if isinstance(segment, bytes):
            return segment[start : start + n_bytes]
        self._file.seek(segment[0] + start)
        return self._file.read(n_bytes)
