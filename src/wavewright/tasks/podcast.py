"""Make an episode of a podcast from the recordings of its speakers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio import m4a_file
from ..audio.metadata_file import cover_of, read_cover
from ..audio.sound_file import open_sound
from ..base.errors import BadSetting
from ..base.names import quoted
from ..base.parameters import FREE_TEXT, NAMES_MODEL, Quiet, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.rules import Without
from ..base.task_parameters import checked
from ..base.whole_file import check_target
from ..effects.editing.quantities import parse_value
from ..inference.podcast import PodcastSettings, make_podcast
from ..outputs.carried_metadata import mixed
from ..outputs.made import Made
from .edit import tags_of
from .enhance import enhancement_of

MAX_TRACKS = 16


@checked
def podcast(
    recordings: Annotated[
        tuple[Path, ...],
        Field(
            description="Sound files that begin at the same time: one of each speaker, or one of all.",
            min_length=1,
            max_length=MAX_TRACKS,
        ),
    ],
    out: Annotated[
        Path | None,
        Field(description="Episode to write: MP3, M4A, Opus, FLAC or WAV; default: <name>-episode.mp3."),
        WritesSounds(".mp3"),
    ] = None,
    loudness: Annotated[
        float,
        Field(description="Loudness in LUFS, of one channel as on two loudspeakers, as -19 on one.", ge=-36, le=-9),
    ] = -16.0,
    longest_pause: Annotated[
        float, Field(description="Longest pause in seconds; longer ones are shortened to it.", ge=0.2, le=60)
    ] = 1.0,
    keep_pauses: Annotated[bool, Field(description="Leave all pauses as they are."), Without("longest_pause")] = False,
    keep_noise: Annotated[
        bool, Field(description="Leave the noise of the recordings as it is."), Without("model")
    ] = False,
    model: Annotated[
        str | None,
        Field(description="Denoiser; default: the bundled one for the sample rate of each recording."),
        NAMES_MODEL,
    ] = None,
    chapter: Annotated[
        tuple[str, ...],
        Field(
            description="Start in the recordings and title of a chapter, such as '12:30 The interview'; may be given "
            "several times. Default: the markers of the first recording that has some."
        ),
        FREE_TEXT,
    ] = (),
    chapter_pause: Annotated[
        float | None,
        Field(description="Begin a chapter after each pause of so many seconds.", ge=0.5, le=600),
        Without("chapter"),
    ] = None,
    tag: Annotated[
        tuple[str, ...], Field(description="Write a tag: title=Our episode; may be given several times."), FREE_TEXT
    ] = (),
    cover: Annotated[
        Path | None, Field(description="Picture of the episode, JPEG or PNG; default: that of the first recording.")
    ] = None,
    quiet: Quiet = False,
) -> Made:
    """Make an episode of a podcast: noise removed, speakers equally loud, long pauses shortened, chapters, tags.

    Each recording is cleaned by a denoiser, brought to one loudness and gently compressed; with several, who is silent
    is lowered, since others are heard in every microphone. Then they are mixed, pauses of all are shortened, and the
    episode gets its loudness below a true peak of -1.5 dB. The recordings stay as they are. The result says what was
    done with each.

    Raises BadAudio if a recording cannot be read, or nothing is heard; BadSetting if a chapter, tag or cover is wrong;
    BadFolder if the episode cannot be written; BadModel if there is no such denoiser; MissingExtra if an M4A file is
    asked for, and the extra `media` is not installed.
    """
    headers = [open_sound(file).header for file in recordings]
    first = recordings[0]
    target = first.with_name(f"{first.stem}-episode.mp3") if out is None else out
    check_target(target, *recordings)
    if target.suffix.lower() in (".m4a", ".m4b"):
        m4a_file.check_extra(target)
    metadata = mixed(open_sound(first).metadata).without("comment").with_tags(tags_of(tag))
    if cover is not None:
        metadata = replace(metadata, pictures=cover_of(read_cover(cover)))
    settings = PodcastSettings(
        loudness_lufs=loudness,
        longest_pause=None if keep_pauses else longest_pause,
        chapters=tuple(map(_chapter, chapter)),
        chapter_pause=chapter_pause,
        enhancement=None if keep_noise else enhancement_of(model=model, is_stream=False),
        metadata=metadata,
    )
    known = [header.seconds for header in headers if header.seconds is not None]
    seconds = sum(known) if len(known) == len(headers) and not keep_noise else None
    with progress_bar(f"making {target.name}", seconds, quiet) as show:
        return make_podcast(recordings, target, settings, show)


def _chapter(text: str) -> tuple[float, str]:
    """Return start and title of a chapter; raise BadSetting if they are not given in this order."""
    start, _, title = text.strip().partition(" ")
    if not title.strip():
        raise BadSetting(f"--chapter is {quoted(text)}; write its start and its title, such as '12:30 The interview'.")
    seconds = parse_value("start_seconds", float, start)
    assert isinstance(seconds, float)
    if seconds < 0:
        raise BadSetting(f"--chapter {quoted(text)} starts before the recordings; give a time from 0 on.")
    return seconds, title.strip()
