"""The kind of a sound file by its first bytes: whether libsndfile or PyAV reads it, or nothing does."""

from __future__ import annotations

import re
import stat
from importlib.util import find_spec
from pathlib import Path

import soundfile

from ..base.errors import BadAudio
from .sound_parts import sound_parts

AUDIO_MAGIC = (
    *(b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b".snd", b"dns.", b"caff", b"fLaC", b"OggS", b"ID3"),
    *(b"NIST_1A", b"Creative Voice File", b"PVF1", b" paf", b"fap ", b"2BIT", b"\x64\xa3", b"\0\0\xa3\x64"),
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
    *(
        ".3gp",
        ".aac",
        ".ac3",
        ".amr",
        ".ape",
        ".asf",
        ".avi",
        ".dsf",
        ".flv",
        ".gsm",
        ".m4a",
        ".m4b",
        ".mka",
        ".mkv",
        ".mov",
        ".mp2",
    ),
    *(".mp4", ".mpc", ".mpg", ".spx", ".tta", ".webm", ".wma", ".wmv", ".wv"),
)
"""Formats that PyAV can read and libsndfile cannot."""

CODEC_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"caff", b"NIST_1A", b"Creative Voice File")
"""Containers of WAV, AIFF and CAF files, of whose codecs libsndfile knows some, and PyAV more."""

OTHER_PCM = (b"NIST_1A", b"Creative Voice File")
"""Kinds of files of whose plain samples libsndfile refuses some that PyAV knows."""

UNSUPPORTED_ENCODING = 4
"""libsndfile's error for a codec that it does not know in a container that it does."""

OGG_FLAC, OGG_PACKET = b"\x7fFLAC", 28  # FLAC in Ogg, and the position of the first packet
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

CLEAR = ("act", "ast", "brstm", "dts", "iff", "mlp", "oma", "qcp", "shn", "tak", "truehd", "vqf", "wsd", "xwma")
"""Of these, those of which FFmpeg recognises a file by its contents alone, whatever it is called."""

CONTAINER_OPTIONS = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}


def needs_media(path: Path) -> bool:
    """Return True if PyAV has to read this file; raise BadAudio if it is no sound file."""
    head = _head(path)
    suffix = path.suffix.lower()
    if head.startswith(b"OggS") and head[OGG_PACKET:].startswith(OGG_FLAC):
        return True  # of which libsndfile decodes few
    if suffix in MEDIA_SUFFIXES or head[4:8] == b"ftyp" or head.startswith(MEDIA_MAGIC):
        return True
    # libmpg123 accepts any bytes as MP3 and logs while it searches them for frames, so others do not get there.
    if not head.startswith(AUDIO_MAGIC) and not (suffix == ".mp3" or (head[0] == 0xFF and head[1:2] >= b"\xe0")):
        if find_spec("av") is None:
            others = ", others with PyAV"
        elif _is_of_ffmpeg(path):
            return True
        else:
            others = ""
        raise BadAudio(f"{path} is not a sound file; WAV, AIFF, FLAC, OGG, Opus and MP3 can be read{others}.")
    return head.startswith(CODEC_MAGIC) and _is_of_other_codec(path, head)


def _head(path: Path) -> bytes:
    """Return the first bytes of a file; raise BadAudio if there are none, or it cannot be opened."""
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
    except FileNotFoundError as error:
        raise BadAudio(f"{path} does not exist; check the path.") from error
    except OSError as error:
        raise BadAudio(f"{path} cannot be opened ({error.strerror}); check the path and its permissions.") from error
    if not head:
        raise BadAudio(f"{path} is an empty file; copy or export the sound again.")
    return head


def _is_of_ffmpeg(path: Path) -> bool:
    """Return True for a kind of file with clear marks of its own that FFmpeg's libraries read."""
    import av

    try:
        with av.open(str(path), options={**CONTAINER_OPTIONS, "format_whitelist": ",".join(CLEAR)}) as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, UnicodeError, OverflowError, ZeroDivisionError):
        return False


def _is_of_other_codec(path: Path, head: bytes) -> bool:
    """Return True for a sound that libsndfile refuses, of a codec that PyAV knows, such as G.722 in WAV."""
    try:
        source = next(sound_parts(path, head).sources(path))
        with soundfile.SoundFile(source):
            return False
    except OSError:
        return False
    except soundfile.LibsndfileError as error:
        if error.code == UNSUPPORTED_ENCODING:
            return True
    try:
        import av
    except ImportError:
        return False
    try:
        with av.open(str(path), options=CONTAINER_OPTIONS, metadata_errors="surrogateescape") as container:
            context = container.streams.audio[0].codec_context if container.streams.audio else None
            is_known = head.startswith(OTHER_PCM) or not str(getattr(context, "name", "pcm_")).startswith("pcm_")
            return context is not None and is_known
    except (av.FFmpegError, UnicodeError, OverflowError, ZeroDivisionError):
        return False
