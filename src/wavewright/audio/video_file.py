"""Video files: replace the sound, copy the video stream untouched; with PyAV, the extra ``media``."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.errors import BadAudio, BadSetting, MissingExtra, WavewrightError, how_to_install
from ..base.whole_file import temporary_path, why_not_written
from . import metadata_file
from .clip import Clip, warn_of_left_out
from .file_formats.metadata import AUTOMATIC, LEVELS, TRACK, plain
from .file_kind import CONTAINER_OPTIONS, VIDEO_CODECS, is_video
from .m4a_file import BITS_PER_SECOND_AND_CHANNEL, LAYOUTS, chapters, sound_packets
from .media_samples import MICROSECONDS, AvObject, start_seconds
from .sound_file import open_sound
from .video_tracks import SUBTITLE_CODECS, VideoTracks, add_subtitles, set_language
from .wave_blocks import ClippingMeter, resampled

LOSSLESS = {
    ".mkv": {"flac": "flac", "alac": "alac", "pcm_s16le": "flac", "pcm_s24le": "flac"},
    ".mov": {"alac": "alac"},
}
"""Endings of video files: codecs of lossless sound, and those that write it again."""

CODEC_RATES_HZ = {"aac": (8_000, 96_000), "libopus": (48_000, 48_000)}
MAX_CHANNELS = 8
OF_DUB = ("language", "title")
"""Tags of a track of sound that a dub changes on purpose."""

NANOSECONDS = 1_000_000_000  # of a second
OWN_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")
"""Tags of a container that say how the file was written."""


def shown_seconds(path: Path) -> float | None:
    """Return the length of a sound, or of the video that it is of if that is longer; None if it is unknown."""
    seconds = open_sound(path).header.seconds
    if seconds is None or not is_video(path):
        return seconds
    import av

    with av.open(str(path), options=CONTAINER_OPTIONS, metadata_errors="replace") as video:
        has_picture = any(stream.type == "video" and not _is_attached_picture(stream) for stream in video.streams)
        return max(seconds, (video.duration or 0) / MICROSECONDS) if has_picture else seconds


def replace_sound(
    source: Path,
    out: Path,
    blocks: Iterable[Clip],
    clipping: ClippingMeter | None = None,
    tracks: VideoTracks = VideoTracks(),  # noqa: B008 - it cannot be changed
) -> Path:
    """Write a copy of a video with another sound, whole or not at all; video and subtitles are copied untouched.

    - ``source``: the video.
    - ``out``: its copy, of the same ending.
    - ``blocks``: the sound, of one sample rate and number of channels; it starts when the video does.
    - ``clipping``: counts the samples that are clipped.
    - ``tracks``: languages and further tracks.

    Raises BadSetting if the endings differ or none of VIDEO_CODECS, or there are too many channels, or BadAudio if the
    video cannot be read, or MissingExtra if PyAV is not installed, or WavewrightError if the file cannot be written.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtra(f"{source} is a video, which needs PyAV: {how_to_install('media')}.") from error
    check_copy(source, out)
    try:
        with temporary_path(out) as temporary:
            with av.open(str(source), options=CONTAINER_OPTIONS, metadata_errors="replace") as video:
                with av.open(str(temporary), "w") as written:
                    _copy(video, written, iter(blocks), out.suffix.lower(), clipping, tracks)
                with av.open(str(temporary), options=CONTAINER_OPTIONS, metadata_errors="replace") as copy:
                    lost = lost_tracks(video, copy, sets_language=bool(tracks.language or tracks.keeps_sound))
                lost += _lost_metadata(source, temporary, tracks)
            temporary.replace(out)
            warn_of_left_out(out, lost)
    except av.FFmpegError as error:
        raise BadAudio(f"{source} cannot be copied with another sound ({error.strerror}); export it again.") from error
    except OSError as error:
        raise WavewrightError(why_not_written(out, error.strerror or str(error))) from error
    return out


def check_copy(source: Path, out: Path) -> None:
    """Raise BadSetting unless a file is a video of the same ending as its source."""
    if out.suffix.lower() != source.suffix.lower() or not is_video(out):
        raise BadSetting(
            f"The video stream of {source} is copied untouched, and {out} is of another kind; give --out the ending "
            f"{source.suffix}, or that of a sound file."
        )


def _copy(
    video: AvObject,
    written: AvObject,
    blocks: Iterator[Clip],
    ending: str,
    clipping: ClippingMeter | None,
    tracks: VideoTracks,
) -> None:
    """Copy all streams but, usually, those of sound, and encode the sound between their packets."""
    kept_codec = LOSSLESS.get(ending, {}).get(video.streams.audio[0].codec_context.name)
    codec = kept_codec or VIDEO_CODECS[ending]
    samples = {"format": _lossless_format(video.streams.audio[0], codec)} if kept_codec else {}
    is_matroska = ending in (".mkv", ".webm")
    first = next(blocks)
    if first.n_channels > MAX_CHANNELS:
        raise BadSetting(f"The sound has {first.n_channels} channels; a video has at most {MAX_CHANNELS}.")
    low, high = CODEC_RATES_HZ.get(codec, (8_000, 384_000))
    rate = min(max(first.sample_rate, low), high)
    sounds = video.streams.audio
    is_picture = {stream.index for stream in video.streams if _is_attached_picture(stream)}
    streams = {
        stream.index: _copied(written, stream)
        for stream in video.streams
        if stream.type in ("video", "subtitle") and not (stream.index in is_picture and is_matroska)
    }
    sound = written.add_stream(codec, rate=rate, layout=LAYOUTS[first.n_channels], **samples)
    if not samples:
        sound.bit_rate = BITS_PER_SECOND_AND_CHANNEL * first.n_channels
    if tracks.language or tracks.keeps_sound:
        set_language(sound, tracks.language)
        sound.disposition = sounds[0].disposition & sounds[0].disposition.default
    else:
        sound.metadata.update(_tags_of(sounds[0]))
        sound.disposition = sounds[0].disposition
    if tracks.keeps_sound:
        streams |= _added_sounds(video, written, tracks.sound_language)
    else:
        streams |= {stream.index: _copied(written, stream) for stream in sounds[1:]}
    subtitles = add_subtitles(written, tracks.subtitles, SUBTITLE_CODECS[ending])
    waves = _chain_waves(first, blocks)
    waves = resampled(waves, first.sample_rate, rate, first.n_channels)
    measured = waves if clipping is None else clipping.measured(waves)
    encoded = sound_packets(sound, measured, rate, start_seconds(video))
    packets = heapq.merge(encoded, subtitles, key=lambda packet: packet.dts * packet.time_base)
    _copy_metadata(video, written, is_matroska)
    pending = next(packets, None)
    copied = [video.streams[index] for index in streams]  # none where there is sound alone; PyAV would read all then
    for packet in video.demux(copied) if copied else ():
        if not packet.size:  # the end of a stream
            continue
        # Matroska stores no decoding times; those of the first reordered frames are unknown.
        time = packet.pts if packet.dts is None else packet.dts
        seconds = float(time * packet.time_base) if packet.time_base and time is not None else 0.0
        while pending is not None and float(pending.dts * pending.time_base) <= seconds:
            written.mux(pending)
            pending = next(packets, None)
        packet.stream = streams[packet.stream.index]
        written.mux(packet)
    while pending is not None:
        written.mux(pending)
        pending = next(packets, None)


def _copy_metadata(video: AvObject, written: AvObject, is_matroska: bool) -> None:
    """Copy tags, chapters and attached files; those that PyAV does not read as they are, of a reading of our own."""
    own = metadata_file.read_own(Path(video.name), video)
    tags = {name: text for name, text in video.metadata.items() if name not in OWN_TAGS}
    tags |= {"title": title[0]} if (title := own.values.get("title")) else {}
    written.metadata.update({name: text for name, text in tags.items() if not name.lower().startswith(LEVELS)})
    seconds = video.duration / MICROSECONDS if video.duration else None
    written.set_chapters([*chapters(own.markers, seconds, NANOSECONDS)] if own.markers else video.chapters())
    if is_matroska:
        _attach(video, written)


def _is_attached_picture(stream: AvObject) -> bool:
    return stream.type == "video" and bool(stream.disposition & stream.disposition.attached_pic)


def _tags_of(stream: AvObject) -> dict[str, str]:
    """Return the tags of a track that stay true of its copy, such as language and title."""
    return {name: text for name, text in stream.metadata.items() if name.lower() not in AUTOMATIC}


def _copied(written: AvObject, stream: AvObject) -> AvObject:
    """Add a copy of a track to a container, with its tags and its role."""
    copy = written.add_stream_from_template(stream)
    copy.metadata.update(_tags_of(stream))
    copy.disposition = stream.disposition
    return copy


def _lossless_format(stream: AvObject, codec: str) -> str:
    """Return the format of the samples of a lossless track, for another one."""
    is_deep = stream.codec_context.format.name.removesuffix("p") != "s16"
    return {"alac": "s32p" if is_deep else "s16p", "flac": "s32" if is_deep else "s16"}[codec]


def _attach(video: AvObject, written: AvObject) -> None:
    """Copy the files in a Matroska file: fonts, and pictures, which are packets when they are read."""
    for stream in video.streams:
        tags = dict(stream.metadata)
        name, mime = tags.get("filename", "attachment"), tags.get("mimetype", "application/octet-stream")
        if stream.type == "attachment":
            written.add_attachment(name, mime, stream.data or b"")
        elif _is_attached_picture(stream):
            content = next((bytes(packet) for packet in video.demux(stream) if packet.size), b"")
            video.seek(0)
            written.add_attachment(name, mime, content)


def lost_tracks(before: AvObject, after: AvObject, sets_language: bool = False) -> list[str]:
    """Return the names of the tracks of a container that another lacks, or that have other tags there.

    - ``sets_language``: the languages of sounds are others on purpose.
    """
    wanted, found = (Counter(_described(each, sets_language)) for each in (before, after))
    lossless = {*LOSSLESS[".mkv"]}
    first, new = (each.streams.audio[0].codec_context.name for each in (before, after))
    lost = [f"the {kind} track {detail}".rstrip() for kind, detail in (wanted - found)]
    return [*lost, *([f"its lossless sound, which is {new} now"] if first in lossless and new not in lossless else [])]


def _lost_metadata(source: Path, copy: Path, tracks: VideoTracks) -> list[str]:
    """Return the names of tags, chapters and pictures of a video that its copy lacks; tracks are compared elsewhere."""
    changed = (*AUTOMATIC, *(OF_DUB if tracks.language or tracks.keeps_sound else ()))
    before, after = (open_sound(path).metadata for path in (source, copy))
    levels = [name for name in before.values if name.startswith(LEVELS)]
    before, after = (
        replace(
            metadata,
            fields=tuple(each for each in metadata.fields if plain(*each)[0].lower() not in (*changed, *levels)),
            parts=tuple(each for each in metadata.parts if each.kind != TRACK),
        )
        for metadata in (before, after)
    )
    level = [f"its level ({', '.join(levels)})"] if levels else []
    return [*level, *metadata_file.losses(before, after, None)]


def _described(container: AvObject, sets_language: bool) -> Iterator[tuple[str, str]]:
    for stream in container.streams:
        tags = _tags_of(stream)
        if sets_language and stream.type == "audio":
            tags = {name: text for name, text in tags.items() if name != "language"}
        named = [f"{name} {tags[name]!r}" for name in ("language", "title", "timecode", "filename") if tags.get(name)]
        is_file = stream.type == "attachment" or _is_attached_picture(stream)
        named = [
            each for each in named if each != "language 'und'" and not (is_file and each.startswith(("title", "lang")))
        ]
        yield "picture" if _is_attached_picture(stream) else stream.type, ", ".join(named)


def _added_sounds(video: AvObject, written: AvObject, language: str) -> dict[int, AvObject]:
    """Add the original sounds to a container; return the new streams by the numbers of the old ones."""
    import av

    added: dict[int, AvObject] = {}
    for stream in video.streams.audio:
        kept = _copied(written, stream)
        kept.disposition &= ~av.stream.Disposition.default
        if stream.language in (None, "und"):
            set_language(kept, language)
        added[stream.index] = kept
    return added


def _chain_waves(first: Clip, blocks: Iterator[Clip]) -> Iterator[np.ndarray]:
    yield first.wave
    for block in blocks:
        yield block.wave
