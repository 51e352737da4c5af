"""The kind of a sound file by its first bytes: which library reads it, and of which byte ranges, and its damage."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import soundfile

from ..base.errors import BadAudio, how_to_install
from ..base.units import samples_to_seconds
from .file_formats.other_metadata import NIST_MAGIC, VOC_MAGIC
from .file_formats.segments import Segment, SegmentedFile
from .wav_chunks import AU_ORDERS, WAV_MAGIC, other_header

AUDIO_MAGIC = (
    *(b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b".snd", b"dns.", b"caff", b"fLaC", b"OggS", b"ID3"),
    *(NIST_MAGIC, VOC_MAGIC, b"PVF1", b" paf", b"fap ", b"2BIT", b"\x64\xa3", b"\0\0\xa3\x64"),
)
"""First bytes of the kinds of files that libsndfile reads: the last are of NIST, VOC, PVF, PAF, AVR and IRCAM files."""

MEDIA_MAGIC = (
    b"\x1aE\xdf\xa3",
    b"0&\xb2u",
    b"FLV",
    b"wvpk",
    b"MAC ",
    b"#!AMR",
    b"ADIF",
    b"TTA1",
    b"\x0bw",
    b"\xff\xf1",
    b"\xff\xf9",
    *(b"ajkg", b"tBaK", b"\x7f\xfe\x80\x01", b"ea3\x03", b"EA3"),
)
MEDIA_SUFFIXES = (
    *(".3g2", ".3ga", ".3gp", ".aac", ".ac3", ".amr", ".ape", ".asf", ".avi", ".awb", ".dsf", ".dts"),
    *(".eac3", ".f4v", ".flv", ".gsm", ".m2ts", ".m4a", ".m4b", ".m4r", ".m4v", ".mka", ".mkv", ".mlp"),
    *(".mov", ".mp2", ".mp4", ".mpc", ".mpeg", ".mpg", ".ogv", ".oma", ".qcp", ".shn", ".spx", ".tak"),
    *(".thd", ".tta", ".vob", ".vqf", ".weba", ".webm", ".wma", ".wmv", ".wv"),
)
"""Formats that PyAV can read and libsndfile cannot."""

SOUND_SUFFIXES = (
    *(".wav", ".wave", ".bwf", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mpga", ".aif", ".aiff", ".aifc"),
    *(".au", ".snd", ".caf", ".w64", ".rf64", ".avr", ".nist", ".paf", ".pvf", ".sph", ".voc"),
    *MEDIA_SUFFIXES,
)
"""Endings of all sound and video files that can be read."""

VIDEO_CODECS = {".mp4": "aac", ".m4v": "aac", ".mov": "aac", ".mkv": "aac", ".webm": "libopus"}
"""Endings of video files that can be written: codec of the sound."""

CODEC_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"caff", b".snd", NIST_MAGIC)
"""Containers of WAV, AIFF, CAF and AU files, of whose codecs libsndfile knows some, and PyAV more."""

MISREAD = re.compile(VOC_MAGIC + rb"|FORM.{4}8SVX", re.DOTALL)
"""Files of which libsndfile takes headers of blocks (VOC) or one channel after the other (8SVX) for samples in turn, so
that PyAV reads them where it is there."""

UNKNOWN_CODEC, UNKNOWN_FORMAT = (4, 18), 64
"""libsndfile's errors for a codec that it does not know in a container that it does, and for its fields, which may be
damaged."""

OTHER_OGG, OGG_PACKET = (b"\x7fFLAC", b"Speex   ", b"\x80theora", b"fishead\0"), 28
"""First packets in Ogg of codecs that libsndfile does not decode (of FLAC, few files), and their position."""
HEAD_BYTES = 64  # from which the kind of a file is known

INVALID_IN_NAMES = re.compile("[\0\ud800-\udfff]")
"""A null, and the surrogates of bytes that Python could not decode."""

CONTAINERS = (
    *("aac", "ac3", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "dsf", "eac3", "flac", "flv"),
    *("loas", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "ogg", "tta", "w64", "wav", "webm", "wv"),
    *("dts", "nistsphere", "oma", "qcp", "shn", "tak", "voc", "brstm", "act"),
    *("ast", "gsm", "iff", "mlp", "truehd", "vqf", "wsd", "xwma"),
)
"""FFmpeg's names of the containers that it opens; others, such as playlists, could make it read further files."""

CLEAR = (
    *("act", "ast", "brstm", "dts", "iff", "mlp", "mpeg", "mpegts", "oma", "qcp", "shn", "tak", "truehd", "vqf"),
    *("wsd", "xwma"),
)
"""Of these, those of which FFmpeg recognises a file by its contents alone, whatever it is called."""

CONTAINER_OPTIONS = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}


def is_video(path: Path) -> bool:
    """Return True for a name of a video file whose sound can be replaced."""
    return path.suffix.lower() in VIDEO_CODECS


@dataclass(frozen=True)
class SoundParts:
    """The parts of a file that are decoded, in order.

    - ``segments``: the segments of each part; None for the file as it is.
    - ``faults``: sentences about what is missing or damaged, without the name of the file.
    - ``is_damaged``: sound is missing; otherwise the header alone is incomplete.
    - ``has_end``: the header says how much sound there is, so less is a fault.
    - ``container``: libsndfile's name of the format, where the parts are read without it.
    """

    segments: tuple[Sequence[Segment] | None, ...] = (None,)
    faults: tuple[str, ...] = ()
    is_damaged: bool = False
    has_end: bool = True
    container: str = ""

    def sources(self, path: Path) -> Iterator[str | SegmentedFile]:
        """Yield what to open for each part."""
        for segments in self.segments:
            if segments is None and path.suffix.lower() == ".raw":  # by which soundfile takes it for bare samples
                yield SegmentedFile(path, ((0, path.stat().st_size),))
            else:
                yield str(path) if segments is None else SegmentedFile(path, segments)


def kind_of(path: Path) -> tuple[bytes, SoundParts | None]:
    """Return the first bytes of a sound file and what libsndfile decodes of it, None if PyAV has to; open it once.

    Raises BadAudio if it is no sound file, or cannot be opened.
    """
    if INVALID_IN_NAMES.search(str(path)):
        raise BadAudio(f"The name {str(path)!r} is not valid text on this system; rename the file.")
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise BadAudio(f"{path} is a folder; give a sound file.")
        if not stat.S_ISREG(kind):  # opening it may block forever
            raise BadAudio(f"{path} is a pipe, socket or device; save the sound to a file, and give that.")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if not head:
                raise BadAudio(f"{path} is an empty file; copy or export the sound again.")
            return head, None if _needs_media(path, head) else _parts_of(path, head, file)
    except FileNotFoundError as error:
        raise BadAudio(f"{path} does not exist; check the path.") from error
    except OSError as error:
        raise BadAudio(f"{path} cannot be opened ({error.strerror}); check the path and its permissions.") from error


def _needs_media(path: Path, head: bytes) -> bool:
    """Return True if PyAV has to read a file that starts with ``head``; raise BadAudio if it is no sound file."""
    suffix = path.suffix.lower()
    if head.startswith(b"OggS") and head[OGG_PACKET:].startswith(OTHER_OGG):
        return True
    if suffix in MEDIA_SUFFIXES or head[4:8] == b"ftyp" or head.startswith(MEDIA_MAGIC):
        return True
    if MISREAD.match(head) and find_spec("av") is not None:
        return True
    # libmpg123 accepts any bytes as MP3 and logs while it searches them for frames, so others do not get there.
    if head.startswith(AUDIO_MAGIC) or suffix == ".mp3" or is_mpeg_frame(head):
        return False
    has_av = find_spec("av") is not None
    if has_av and _is_of_ffmpeg(path):
        return True
    others = ", and all that FFmpeg decodes" if has_av else ", others with PyAV"
    raise BadAudio(f"{path} is not a sound file; WAV, AIFF, FLAC, OGG, Opus and MP3 can be read{others}.")


def is_mpeg_frame(head: bytes) -> bool:
    """Return True for bytes that begin as a frame of MPEG audio does."""
    return head[:1] == b"\xff" and head[1:2] >= b"\xe0"


def _is_of_ffmpeg(path: Path) -> bool:
    """Return True for a kind of file with clear marks of its own that FFmpeg's libraries read."""
    import av

    try:
        with av.open(str(path), options={**CONTAINER_OPTIONS, "format_whitelist": ",".join(CLEAR)}) as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, UnicodeError, OverflowError, ZeroDivisionError):
        return False


def is_of_other_codec(path: Path, head: bytes, error: BaseException | None) -> bool:
    """Return True for a sound that libsndfile refused, of a codec that PyAV knows, such as G.722 in WAV."""
    if not head.startswith(CODEC_MAGIC) or not isinstance(error, soundfile.LibsndfileError):
        return False
    if error.code in UNKNOWN_CODEC:
        return True
    try:
        import av
    except ImportError:
        return bool(error.code == UNKNOWN_FORMAT)
    try:
        with av.open(str(path), options=CONTAINER_OPTIONS, metadata_errors="surrogateescape") as container:
            context = container.streams.audio[0].codec_context if container.streams.audio else None
            # Of the plain samples of NIST files libsndfile refuses some that PyAV knows.
            is_known = head.startswith(NIST_MAGIC) or not str(getattr(context, "name", "pcm_")).startswith("pcm_")
            return context is not None and is_known
    except (av.FFmpegError, UnicodeError, OverflowError, ZeroDivisionError):
        return False


def _parts_of(path: Path, head: bytes, file: BinaryIO) -> SoundParts | None:
    """Return what is decoded of a file that starts with ``head``; None if PyAV has to.

    Raises BadAudio if a page or frame is expected in the file, and there is none.
    """
    if head.startswith(b"OggS"):
        return _ogg_parts(path, file)
    if head.startswith((*WAV_MAGIC, b"riff", b"caff", *AU_ORDERS)):
        return _of_other_header(file, "W64" if head.startswith(b"riff") else "WAV")
    is_mpeg = head.startswith(b"ID3") or path.suffix.lower() == ".mp3" or is_mpeg_frame(head)
    return _mpeg_parts(file) if is_mpeg and b"fLaC" not in head else SoundParts()


def _ogg_parts(path: Path, file: BinaryIO) -> SoundParts | None:
    from .file_formats import ogg

    links = ogg.links_of(file)
    if links.spans == ((0, 0),):
        raise BadAudio(f"{path} breaks off in its first Ogg page: it was cut short; copy or export it again.")
    if links.is_whole(os.fstat(file.fileno()).st_size):
        if not links.has_pauses:
            return SoundParts()
        if find_spec("av") is not None:
            return None  # libsndfile leaves pauses out
    faults = []
    if links.has_pauses:
        to_keep_them = "" if find_spec("av") is not None else f"; to keep them, {how_to_install('media')}"
        faults.append(f"has pauses that are not stored. They were left out{to_keep_them}")
    if links.is_cut:
        faults.append("breaks off in the middle of an Ogg page: it was cut short. What is whole was read")
    if links.n_skipped:
        faults.append(f"holds {links.n_skipped} bytes that are no Ogg pages. They were left out")
    segments = tuple((span,) for span in links.spans)
    return SoundParts(segments, tuple(faults), bool(faults), has_end=not links.has_pauses)


def _of_other_header(file: BinaryIO, container: str) -> SoundParts:
    found = other_header(file)
    if found is None:
        return SoundParts()
    if found.mpeg is not None:
        return replace(_mpeg_parts(file, *found.mpeg), container=container)
    if not found.is_open_ended:
        return SoundParts((found.segments,))
    fault = "does not say how long it is, as files from a pipe or of a program that crashed. It was read to its end"
    return SoundParts((found.segments,), (fault,), has_end=False)


def _mpeg_parts(file: BinaryIO, *span: int) -> SoundParts:
    from .file_formats import mpeg_scan

    found = mpeg_scan.scan(file, *span)
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
    if found.is_as_described and not span:
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
