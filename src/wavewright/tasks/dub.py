"""Dub a recording or subtitles into another language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.clip import check_writable, suffix_like
from ..audio.file_kind import is_video
from ..audio.sound_file import open_sound
from ..audio.video_file import check_copy, shown_seconds
from ..audio.video_tracks import SubtitleTrack, VideoTracks
from ..base.errors import BadSetting
from ..base.names import quoted
from ..base.parameters import NAMES_MODEL, Quiet, RecogniserName, TranslatorName, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.result import Failed
from ..base.rules import Needs, Without
from ..base.task_parameters import checked
from ..base.version import __version__
from ..base.whole_file import check_not_read, check_target, write_whole
from ..dubbing.assembly import mix_of, write_dubbed, write_mix_project
from ..dubbing.captions import subtitle_rows
from ..dubbing.drafting import Draft, read_cast, relative, subtitle_cues, translate, with_translations
from ..dubbing.project import (
    LANGUAGE,
    Captions,
    CastMember,
    DubLine,
    DubProject,
    Original,
    Tracks,
    check_lines,
    read_dub,
    write_dub,
)
from ..dubbing.recognition import describe as describe_recogniser
from ..dubbing.rooms import with_rooms
from ..dubbing.speaking import speak_lines
from ..dubbing.subtitle_files import is_subtitle_file, read_cues, written_cues
from ..dubbing.translation import describe, matched, open_translator, read_glossary
from ..effects.mixing.files import check_out
from ..families import loading
from ..inference.enhancement.stems import separate_file
from ..outputs.made import Made, MadeFile
from ..speech.narration.settings import NarrationSettings
from ..speech.voice_names import base_language, find_voice
from .separate import DEFAULT_MODEL as SEPARATOR

PROJECT_SUFFIX = ".toml"


@checked
def dub(
    source: Annotated[Path, Field(description="Sound, video, subtitles (SRT, VTT, ASS), or the project of a dub.")],
    to: Annotated[
        str | None, Field(description="Language of the dub, such as en; a project has its own.", pattern=LANGUAGE)
    ] = None,
    from_: Annotated[
        str | None,
        Field(description="Language of the original; default: what the recogniser finds.", pattern=LANGUAGE),
    ] = None,
    out: Annotated[
        Path | None,
        Field(description="Sound or video to write, beside its project; default: <name>-<language> beside the source."),
        WritesSounds(".wav", like="source"),
    ] = None,
    subtitles: Annotated[Path | None, Field(description="Subtitles of a sound or video: the lines to dub.")] = None,
    translation: Annotated[
        Path | None, Field(description="Translated subtitles, matched to the lines by time.")
    ] = None,
    recogniser: RecogniserName = None,
    translator: TranslatorName = None,
    glossary: Annotated[
        Path | None,
        Field(description="Table of terms and what they are in the other language, in CSV."),
        Needs("translator"),
    ] = None,
    voice: Annotated[
        str | None, Field(description="Voice of all lines; default: those that speak the language."), NAMES_MODEL
    ] = None,
    speakers: Annotated[
        int | None,
        Field(
            description="Number of speakers, where nothing names them: who speaks a line is found by its voice; 0 to "
            "find the number, too.",
            ge=0,
            le=20,
        ),
    ] = None,
    cast: Annotated[
        Path | None, Field(description="TOML file with a [[cast]] table for each speaker."), Without("voice")
    ] = None,
    original: Annotated[
        Original | None,
        Field(description="The original: quieter under lines, without its speech, kept, or left out."),
    ] = None,
    background: Annotated[
        Path | None, Field(description="Sound without the dialogue, which replaces the original.")
    ] = None,
    room: Annotated[
        bool,
        Field(description="Put each voice in the room of the original: a reverb with its decays, kept in the project."),
    ] = False,
    draft: Annotated[
        bool, Field(description="Write the project with its lines and translations; speak nothing.")
    ] = False,
    captions: Annotated[
        Captions | None,
        Field(description="Write the lines in both languages as subtitles beside the dub, or embed them in the video."),
    ] = None,
    tracks: Annotated[
        Tracks | None, Field(description="Sounds of a video: the dub, or the original as a second track, too.")
    ] = None,
    quiet: Quiet = False,
) -> Made:
    """Dub a sound, a video or subtitles into another language: each line in the time of the original.

    The lines come from subtitles or a recogniser, their translations from translated subtitles or a translator; both
    are programs or models of your own, none comes with Wavewright, and nothing is downloaded. Each line starts with its
    cue and ends before the next one, at 0.85 to 1.15 of the voice's usual rate; a line that is too long takes silence
    after it, then is listed. The lines are as loud as the original is there, over the original, which is ducked, or
    over a background. Everything is in a project file that can be changed and dubbed again: lines are spoken again only
    where something changed.

    Raises BadText if subtitles cannot be read, or nothing in them is spoken; BadSetting if the project or a parameter
    is wrong, a line has no translation, or a program fails; BadAudio if a sound cannot be read; BadModel if no voice
    speaks the language; BadFolder if files cannot be written; MissingExtra if a package that was asked for is not
    installed.
    """
    path = _project_path(source, to, out)
    if subtitles is not None and is_subtitle_file(source):
        raise BadSetting(f"{source} has the lines to dub; leave --subtitles out.")
    cues = source if is_subtitle_file(source) else subtitles
    given = {
        "original": original,
        "background": None if background is None else relative(background, path.parent),
        "tracks": tracks,
        "captions": captions,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if path.exists():
        current = _going_on(read_dub(path), source, path, to, voice, cast)
        current = current.model_copy(update={"from_language": from_ or current.from_language})
        notes = [_unused(current, path, cues, translation, recogniser, speakers)]
    else:
        language = to or ""
        draft_of = Draft(source, language, from_ or "", subtitles, recogniser, voice, cast, speakers)
        current, doubt = draft_of.project(path.parent)
        notes = [doubt]
        if recogniser is not None and cues is not None:
            notes.append(f"The lines are those of {cues}, and the recogniser is not used.")
    current = check_lines(current.model_copy(update=changes))
    sound = _sound_of(path.parent / current.source)
    notes += _without_effect(current, translator if translation is None else None, room and sound is None)
    target = _target(path, current, out)
    _check_kind(target, sound, current)
    captioned = _caption_files(current, target) if current.captions == "beside" else {}
    _check_replaced([target, *captioned.values()], path, current, [source, subtitles, translation, glossary, cast])
    write_dub(path, current)
    end = None if sound is None else shown_seconds(sound)
    current = _with_texts(current, path, translation, translator, glossary, end)
    if draft:
        line = f"{path}: {len(current.lines)} lines; change what you like, and dub this file."
        return _result(path, current.lines, notes, [line])
    missing = [line.number for line in current.lines if not line.text.strip()]
    if len(missing) == len(current.lines):
        raise BadSetting(f"No line has a translation; give --translator or --translation, or write them into {path}.")
    folder = path.with_name(f"{path.stem}-lines")
    with progress_bar(f"speaking {path.name}", len(current.lines), quiet) as show:
        spoken = speak_lines(current, folder, NarrationSettings(), end, show)
    if room and sound is not None:
        spoken = replace(spoken, project=with_rooms(spoken.project, sound, folder))
    write_dub(path, spoken.project)
    if len(spoken.failed) == len(spoken.project.lines):
        line = f"{path}: no line could be spoken, so nothing was mixed"
        return _result(path, spoken.project.lines, notes, [line], spoken.failed)
    bed = path.parent / current.background if current.background else None
    if bed is None and sound is not None and current.original == "separate":
        bed = _background(sound, folder, quiet)
    mix = mix_of(spoken.project, sound, folder, bed, end)
    check_out(mix, target)
    write_mix_project(mix, folder)
    with progress_bar(f"mixing {target.name}", mix.expected_seconds, quiet) as show:
        shown = _subtitle_tracks(spoken.project) if current.captions == "embedded" else ()
        mixed = write_dubbed(
            mix, sound, target, path.name, _record(spoken.project), _video_tracks(spoken.project, shown), show
        )
    written = _write_captions(spoken.project, captioned)
    text = [*mixed.lines, f"  {spoken.n_new} lines spoken, {spoken.n_kept} kept; {path}"]
    details = {**mixed.details, "n_new": spoken.n_new, "n_kept": spoken.n_kept, "is_marked": True}
    files = (*mixed.files, *(MadeFile(path=each) for each in written))
    made = replace(mixed, files=files, details=details)
    return _result(path, spoken.project.lines, notes, text, spoken.failed, made)


def _result(
    project: Path,
    lines: Sequence[DubLine],
    notes: Sequence[str],
    text: Sequence[str],
    failed: tuple[Failed, ...] = (),
    made: Made = Made(),  # noqa: B008 - it is frozen
) -> Made:
    """Return a result with all lines, their rates and problems, and notes, of which an empty one is none."""
    is_failed = {each.what for each in failed}
    problems = [f"line {line.number}: {line.problem}" for line in lines if line.problem]
    of_lines = [each for each in problems if each.partition(":")[0] not in is_failed]
    return replace(
        made,
        notes=(*made.notes, *filter(None, notes), *of_lines),
        failed=failed,
        details={**made.details, "project": project, "lines": lines},
        lines=tuple(text),
    )


def _background(sound: Path, folder: Path, quiet: bool) -> Path:
    """Return a sound without its speech; what is up to date is kept."""
    enhancer = loading.load_enhancer(SEPARATOR)
    with progress_bar(f"separating {sound.name}", open_sound(sound).header.seconds, quiet) as show:
        return separate_file(sound, folder, enhancer, "background", show).sound_files[0]


def _project_path(source: Path, to: str | None, out: Path | None) -> Path:
    """Return the path of the project; raise BadSetting if its language is missing."""
    if source.suffix.lower() == PROJECT_SUFFIX:
        if not source.is_file():
            raise BadSetting(f"There is no project {source}; give a sound, a video or subtitles to begin with.")
        return source
    if not source.is_file():
        raise BadSetting(f"{source} does not exist; give a sound, a video, subtitles or a project.")
    if to is None:
        raise BadSetting("The language of the dub is missing; give --to, such as --to en.")
    return (out or source.with_name(f"{source.stem}-{to}.wav")).with_suffix(PROJECT_SUFFIX)


def _going_on(
    current: DubProject, source: Path, path: Path, to: str | None, voice: str | None, cast: Path | None
) -> DubProject:
    """Return a project that exists with what was given now; raise BadSetting if it is that of another source."""
    if source != path and (path.parent / current.source).resolve() != source.resolve():
        raise BadSetting(f"{path} is the project of {current.source}; give another --out.")
    if to is not None and to != current.to_language:
        raise BadSetting(f"{path} is a dub into {quoted(current.to_language)}; give another --out.")
    if cast is not None:
        return current.model_copy(update={"cast": read_cast(cast)})
    if voice is not None:
        find_voice(voice)
        members = tuple(member.model_copy(update={"voice": voice}) for member in current.cast)
        return current.model_copy(update={"cast": members or (CastMember(voice=voice),)})
    return current


def _unused(
    current: DubProject,
    path: Path,
    subtitles: Path | None,
    translation: Path | None,
    recogniser: str | None = None,
    speakers: int | None = None,
) -> str:
    """Return a note if the lines or texts of a project differ from what was given for them."""
    unused: list[str] = []
    if subtitles is not None:
        cues, lines = subtitle_cues(subtitles, path.parent / current.source), current.lines
        is_same = " ".join(cue.text for cue in cues) == " ".join(line.original for line in lines)
        is_same &= {line.start for line in lines} <= {cue.start for cue in cues}
        if not is_same or not {line.end for line in lines} <= {cue.end for cue in cues}:
            unused.append(str(subtitles))
    if translation is not None:
        texts = matched(current.lines, read_cues(translation))
        if any(line.text not in ("", text) for line, text in zip(current.lines, texts, strict=True)):
            unused.append(str(translation))
    if recogniser is not None and describe_recogniser(recogniser) != current.recogniser:
        unused.append(f"--recogniser {describe_recogniser(recogniser)}")
    n_speakers = len({line.speaker for line in current.lines} - {""})
    if speakers is not None and (speakers or n_speakers or 1) != n_speakers:  # 0 is any number
        unused.append(f"--speakers {speakers}")
    if not unused:
        return ""
    return (
        f"{path} differs from {' and '.join(unused)}, and its lines are dubbed as they are there; to begin again, "
        "remove it, or give another --out."
    )


def _check_kind(target: Path, sound: Path | None, current: DubProject) -> None:
    """Raise BadFolder or BadSetting if the file to write is of no kind that can be written, or lacks tracks."""
    check_target(target)
    if is_video(target):
        if sound is None or not is_video(sound):
            raise BadSetting(f"{target} is a video, and {current.source} has no picture; give the name of a sound.")
        check_copy(sound, target)
    else:
        check_writable(target)
        if current.tracks == "both" or current.captions == "embedded":
            option = "--tracks both" if current.tracks == "both" else "--captions embedded"
            raise BadSetting(f"{option} is for a video, and {target} is a sound; leave it out, or dub a video.")


def _check_replaced(written: Sequence[Path], path: Path, current: DubProject, given: Sequence[Path | None]) -> None:
    """Raise BadSetting if a file that would be written is one that is read."""
    own = [path, path.parent / current.source, *([path.parent / current.background] if current.background else [])]
    for target in written:
        check_not_read(target, *own, *(each for each in given if each is not None))


def _sound_of(source: Path) -> Path | None:
    """Return the sound of a project, None for subtitles."""
    if is_subtitle_file(source):
        return None
    open_sound(source)
    return source


def _target(path: Path, current: DubProject, out: Path | None) -> Path:
    """Return the file to write: by default named as the project, and by the language too where that is the source."""
    source = path.parent / current.source
    suffix = source.suffix if is_video(source) else ".wav" if is_subtitle_file(source) else suffix_like(source)
    beside = path.with_suffix(suffix)
    if beside.resolve() == source.resolve():
        beside = path.with_name(f"{path.stem}-{current.to_language}{suffix}")
    return out or beside


def _with_texts(
    current: DubProject,
    path: Path,
    translation: Path | None,
    translator: str | None,
    glossary: Path | None,
    end: float | None,
) -> DubProject:
    """Return the project with translations where lines have none, and write it as they come."""
    if translation is not None:
        current = with_translations(current, read_cues(translation))
    if _is_in_its_language(current) and translation is None:
        spoken = (line if line.text else line.model_copy(update={"text": line.original}) for line in current.lines)
        current = current.model_copy(update={"lines": tuple(spoken)})
    elif translator is not None:
        terms = {} if glossary is None else read_glossary(glossary)
        opened = open_translator(translator, current.from_language, current.to_language)
        current = current.model_copy(update={"translator": describe(translator)})
        keep: Callable[[DubProject], object] = lambda project: write_dub(path, project)  # noqa: E731
        current = translate(current, opened, terms, end, keep)
    write_dub(path, current)
    return current


def _without_effect(current: DubProject, translator: str | None, lacks_room: bool) -> Iterator[str]:
    """Yield a note for each of the options that changes nothing."""
    if translator is not None and _is_in_its_language(current):
        yield f"The lines are spoken as they are, in {current.to_language}, and the translator is not used."
    if lacks_room:
        yield f"{current.source} has no sound, and so no room to put the voices into."


def _is_in_its_language(current: DubProject) -> bool:
    """Return whether the lines are spoken in the language that they have, such as es and es-419."""
    return bool(base_language(current.from_language) == base_language(current.to_language))


def _record(current: DubProject) -> dict[str, object]:
    """Return what the file says of its making."""
    record: dict[str, object] = {
        "dub": Path(current.source).name,
        "from": current.from_language,
        "to": current.to_language,
        "recogniser": current.recogniser,
        "translator": current.translator,
        "voices": sorted({current.member_of(line).voice for line in current.lines}),
        "wavewright": __version__,
    }
    return {name: value for name, value in record.items() if value}


def _rows(current: DubProject, what: str) -> list[tuple[float, float, str]]:
    """Return the subtitles of one of the texts of all lines: start, end and text."""
    rows = (subtitle_rows(line.start, line.end, str(getattr(line, what))) for line in current.lines)
    return [row for row in chain.from_iterable(rows) if row[2].strip()]


def _subtitle_tracks(current: DubProject) -> tuple[SubtitleTrack, ...]:
    """Return the subtitles of both languages, those of the dub first."""
    found = [
        SubtitleTrack(current.to_language, _rows(current, "text")),
        SubtitleTrack(current.from_language, _rows(current, "original")),
    ]
    return tuple(track for track in found if track.rows)


def _video_tracks(current: DubProject, subtitles: tuple[SubtitleTrack, ...]) -> VideoTracks:
    return VideoTracks(current.to_language, current.tracks == "both", current.from_language, subtitles)


def _caption_files(current: DubProject, target: Path) -> dict[str, Path]:
    """Return the files of captions, named by their languages, by what of the lines they have."""
    original, to = current.from_language or "original", current.to_language
    names = {"original": "original" if original == to else original, "text": to}
    return {what: target.with_name(f"{target.stem}.{name.replace(':', '-')}.srt") for what, name in names.items()}


def _write_captions(current: DubProject, files: Mapping[str, Path]) -> tuple[Path, ...]:
    """Write the lines as SRT files."""
    written: list[Path] = []
    for what, path in files.items():
        rows = _rows(current, what)
        if rows:
            write_whole(path, written_cues(rows).encode("utf-8"))
            written.append(path)
    return tuple(written)
