"""Further tracks of a video: the original sound beside a new one, subtitles, and the languages of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .media_samples import AvObject

SUBTITLE_CODECS = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "subrip", ".webm": "webvtt"}
"""Endings of video files: codec of the subtitles that all players of such files show."""

CLOCK = Fraction(1, 1_000)

STYLE = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""The usual style, without which FFmpeg opens no encoder of subtitles."""

_CODES = """
af:afr ar:ara az:aze be:bel bg:bul bn:ben bs:bos ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng eo:epo
es:spa et:est eu:eus fa:fas fi:fin fr:fra ga:gle gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye id:ind
is:isl it:ita ja:jpn ka:kat kk:kaz kn:kan ko:kor la:lat lb:ltz lt:lit lv:lav mk:mkd ml:mal mn:mon mr:mar
ms:msa mt:mlt nb:nob ne:nep nl:nld nn:nno no:nor pa:pan pl:pol pt:por ro:ron ru:rus sk:slk sl:slv sq:sqi
sr:srp sv:swe sw:swa ta:tam te:tel th:tha tr:tur uk:ukr ur:urd uz:uzb vi:vie yi:yid zh:zho zu:zul
"""
LANGUAGES = dict(pair.split(":") for pair in _CODES.split())
"""Codes of two letters (ISO 639-1), and those of three letters (ISO 639-2/T) that containers hold."""


@dataclass(frozen=True)
class SubtitleTrack:
    """Subtitles: their language, and rows of start and end in seconds and text."""

    language: str
    rows: Sequence[tuple[float, float, str]]


@dataclass(frozen=True)
class VideoTracks:
    """Tracks of a video besides its picture and a new sound.

    - ``language``: of the new sound; empty if it has no tag.
    - ``keeps_sound``: the original sounds are copied untouched behind the new one.
    - ``sound_language``: of original sounds without a tag of their own.
    - ``subtitles``: new ones, behind those of the original.
    """

    language: str = ""
    keeps_sound: bool = False
    sound_language: str = ""
    subtitles: tuple[SubtitleTrack, ...] = ()


def set_language(stream: AvObject, language: str) -> None:
    """Tag a stream with a language such as ``de-AT``, unless containers have no code for it."""
    base = language.partition("-")[0].lower()
    code = base if len(base) == 3 else LANGUAGES.get(base)
    if code:
        stream.metadata["language"] = code


def add_subtitles(written: AvObject, tracks: Sequence[SubtitleTrack], codec: str) -> list[AvObject]:
    """Add a stream for each track to a container; return the packets in the order of their times."""
    found: list[AvObject] = []
    for track in tracks:
        stream = written.add_stream(codec)
        stream.codec_context.subtitle_header = STYLE
        stream.time_base = CLOCK
        set_language(stream, track.language)
        found += _packets(stream, track, codec)
    return sorted(found, key=lambda packet: packet.pts)


def _packets(stream: AvObject, track: SubtitleTrack, codec: str) -> Iterator[AvObject]:
    """Yield a packet for each row, whose contents all three codecs have as plain text."""
    import av

    for start, end, text in track.rows:
        shown = text.replace("<", "\u2039").replace(">", "\u203a").encode()  # no tags
        packet = av.Packet(len(shown).to_bytes(2, "big") + shown if codec == "mov_text" else shown)
        packet.stream, packet.time_base = stream, CLOCK
        packet.pts = packet.dts = round(1_000 * start)
        packet.duration = max(round(1_000 * (end - start)), 1)
        yield packet
