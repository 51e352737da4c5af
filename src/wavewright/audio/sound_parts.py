"""The byte ranges of a sound file that libsndfile decodes, whatever its header says, and its damage."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import BadAudio
from ..base.units import samples_to_seconds
from .file_formats.segments import Segment, SegmentedFile
from .wav_chunks import WAV_MAGIC


@dataclass(frozen=True)
class SoundParts:
    """The parts of a file that are decoded, in order.

    - ``segments``: the segments of each part; None for the file as it is.
    - ``faults``: sentences about what is missing or damaged, without the name of the file.
    - ``is_damaged``: sound is missing; otherwise the header alone is incomplete.
    - ``has_end``: the header says how much sound there is, so less is a fault.
    """

    segments: tuple[Sequence[Segment] | None, ...] = (None,)
    faults: tuple[str, ...] = ()
    is_damaged: bool = False
    has_end: bool = True

    def sources(self, path: Path) -> Iterator[str | SegmentedFile]:
        """Yield what to open for each part."""
        for segments in self.segments:
            if segments is None and path.suffix.lower() == ".raw":  # by which soundfile takes it for bare samples
                yield SegmentedFile(path, ((0, path.stat().st_size),))
            else:
                yield str(path) if segments is None else SegmentedFile(path, segments)


def sound_parts(path: Path, head: bytes) -> SoundParts:
    """Return what is decoded of a file that starts with ``head``.

    Raises BadAudio if a page or frame is expected in the file, and there is none.
    """
    if head.startswith(b"OggS"):
        return _ogg_parts(path)
    if head.startswith((*WAV_MAGIC, b"caff")):
        return _of_other_header(path)
    is_mpeg = head.startswith(b"ID3") or path.suffix.lower() == ".mp3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")
    return _mpeg_parts(path) if is_mpeg and b"fLaC" not in head else SoundParts()


def _ogg_parts(path: Path) -> SoundParts:
    from .file_formats import ogg_links

    links = ogg_links.scan(path)
    if links.spans == ((0, 0),):
        raise BadAudio(f"{path} breaks off in its first Ogg page: it was cut short; copy or export it again.")
    if links.is_whole(path.stat().st_size):
        return SoundParts()
    faults = []
    if links.is_cut:
        faults.append("breaks off in the middle of an Ogg page: it was cut short. What is whole was read")
    if links.n_skipped:
        faults.append(f"holds {links.n_skipped} bytes that are no Ogg pages. They were left out")
    return SoundParts(tuple((span,) for span in links.spans), tuple(faults), bool(faults))


def _of_other_header(path: Path) -> SoundParts:
    from .file_formats import wav_sizes

    found = wav_sizes.scan(path)
    if found is None:
        return SoundParts()
    if not found.is_open_ended:
        return SoundParts((found.segments,))
    fault = "does not say how long it is, as files from a pipe or of a program that crashed. It was read to its end"
    return SoundParts((found.segments,), (fault,), has_end=False)


def _mpeg_parts(path: Path) -> SoundParts:
    from .file_formats import mpeg_scan

    found = mpeg_scan.scan(path)
    if found is None:
        return SoundParts()
    faults = []
    rate = mpeg_scan.sample_rate(found.head)
    promised, held, changed = (
        samples_to_seconds((n or 0) * found.samples_per_frame, rate)
        for n in (found.n_described, found.n_frames, found.changed_at)
    )
    lengths = f"promises {promised:.2f} s and holds {held:.2f} s" if promised > held else ""
    if found.changed_at is not None:
        faults.append(
            f"changes its sample rate or its number of channels at {changed:.2f} s. What has the first was read; split "
            "it there to read the rest"
        )
    elif found.n_skipped:
        and_lengths = f", and it {lengths}" if lengths else ""
        faults.append(f"is damaged: {found.n_skipped} bytes in it are no sound{and_lengths}. The rest was read")
    elif lengths:
        faults.append(f"{lengths}: it was cut short. What there is was read")
    elif found.is_cut:
        faults.append("breaks off in the middle of a frame: it was cut short. What is whole was read")
    if found.is_as_described:
        return SoundParts()
    return SoundParts((found.segments(),), tuple(faults), bool(faults), has_end=False)


_stderr_lock = threading.Lock()


@contextmanager
def quiet_library() -> Iterator[None]:
    """Discard what a C library prints on standard error, as libmpg123 does about damaged frames."""
    with _stderr_lock:
        if sys.stderr is not None:
            sys.stderr.flush()
        saved = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)
