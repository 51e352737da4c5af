"""Accompany a melody: bass, chords, inner voices and drums in a style, bundled, written or learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.clip import FORMATS
from ..audio.file_kind import SOUND_SUFFIXES
from ..audio.sound_file import open_sound
from ..base.errors import BadAudio, BadScore, BadSetting
from ..base.names import file_stem
from ..base.parameters import (
    FREE_TEXT,
    MAX_SEED,
    POSITIONAL,
    InstrumentName,
    IsMarked,
    MarkKey,
    Quiet,
    TuneNumber,
    Writes,
)
from ..base.progress_bar import progress_bar
from ..base.rules import Needs, Without
from ..base.task_parameters import checked
from ..base.whole_file import check_target, new_target, scratch_folder, write_whole
from ..data.scores import read_scores
from ..effects.editing.chain import Chain
from ..effects.mixing.files import check_out, write_mix
from ..effects.mixing.plan import MASTER, Mix, Placement, Strip
from ..effects.mixing.sources import FileSource
from ..inference.transcription import score_of, track_beats, transcribe_file
from ..music import accompaniment
from ..music.accompaniment import AccompanimentStyle, harmonise, learn_style, load_style, style_names, style_text
from ..music.accompaniment.melody import melody_track
from ..music.accompaniment.voice_leading import VOICES
from ..music.formats import WRITABLE, read_score, write_score
from ..music.score import Score, keys_of
from ..music.theory import MusicalKey
from ..outputs.carried_metadata import left_out_of, mixed
from ..outputs.made import Made, MadeFile, listed
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY
from .render import render
from .score_output import check_score_target, write_or_render, written_file

QUANTISATION = 16
MELODY_LUFS = -20.0
CEILING = "limit -1dBTP"
LOWEST_RATE_HZ = 44_100
"""Sample rate of the mix where that of the recording is lower."""


def read_melody(path: Path, tempo: float | None = None, *, quiet: bool = False) -> Score:
    """Transcribe a recording to a melody on sixteenths, in time with the recording.

    Raises BadAudio if the file cannot be read or has no notes.

    Parameters
    ----------
    path : Path
        Sound file.
    tempo : float, optional
        About so many beats a minute; estimated by default.
    quiet : bool
        Show no progress.
    """
    sound = open_sound(path)
    with progress_bar(f"transcribing {path.name}", sound.header.seconds, quiet) as show:
        transcription = transcribe_file(sound, progress=show)
    if not transcription.notes:
        raise BadAudio(f"{path} has no notes to accompany: it is silent or has no pitch; try another recording.")
    beats = track_beats(transcription.notes, transcription.seconds, tempo)
    return score_of(transcription.notes, beats, QUANTISATION)


def write_with_recording(
    score: Score,
    recording: Path,
    target: Path,
    *,
    balance_db: float = 0.0,
    instrument: str | None = None,
    quiet: bool = False,
) -> None:
    """Render an accompaniment and mix it with the recording of its melody.

    Raises BadAudio, BadFolder or BadSetting if the file cannot be written.

    Parameters
    ----------
    score : Score
        Melody and accompaniment, in time with the recording.
    recording : Path
    target : Path
        Sound file to write.
    balance_db : float
        Loudness of the accompaniment over that of the recording.
    instrument : str, optional
        See `render`; the bundled General MIDI bank by default.
    quiet : bool
        Show no progress.
    """
    melody = melody_track(score)
    others = replace(score, tracks=tuple(track for index, track in enumerate(score.tracks) if index != melody))
    sound = open_sound(recording)
    kept = mixed(sound.metadata)
    sample_rate = max(sound.header.sample_rate, LOWEST_RATE_HZ)
    with scratch_folder() as folder:
        parts, rendered = folder / "accompaniment.mid", folder / "accompaniment.wav"
        write_score(others, parts)
        render(parts, rendered, instrument=instrument, sample_rate=sample_rate, quiet=quiet)
        mix = _mix(recording, rendered, sample_rate, balance_db)
        check_out(mix, target)
        with progress_bar(f"mixing {target.name}", mix.expected_seconds, quiet) as show:
            left_out = left_out_of(sound, kept, sound.header.seconds)
            write_mix(mix, target, recording.name, metadata=kept, show=show, left_out=left_out)


def _mix(recording: Path, accompaniment: Path, sample_rate: int, balance_db: float) -> Mix:
    """Return the mix of both, each at its loudness."""
    loudness = {"melody": MELODY_LUFS, "accompaniment": MELODY_LUFS + balance_db}
    strips = {
        name: Strip(name, (Placement(FileSource(path)),), Chain.parse(f"loudness {loudness[name]:g}LUFS"))
        for name, path in (("melody", recording), ("accompaniment", accompaniment))
    }
    strips[MASTER] = Strip(MASTER, chain=Chain.parse(CEILING), output=None)
    mix = Mix(strips, sample_rate, 2)
    mix.check()
    return mix


MAX_SHOWN_CHORDS = 16
CHORALE = "chorale"
"""Style in which the melody is a voice of four, harmonised by a network."""


CHORALE_STYLE = {
    "name": CHORALE,
    "title": "Chorale",
    "description": "four voices by a network",
    "metres": ["any metre"],
    "tempo": 120.0,
}


@checked
def accompany(
    melody: Annotated[
        Path | None,
        Field(description="Melody: a MIDI, ABC or MusicXML file, or a recording of one voice, which is transcribed."),
        POSITIONAL,
    ] = None,
    out: Annotated[
        Path | None,
        Field(
            description="Score (.mid) or sound file (.wav, .flac) to write; default: a new <melody>-<style>.mid here."
        ),
        Writes(".mid"),
    ] = None,
    style: Annotated[
        str,
        Field(description="Name of a style (--list shows them), a TOML file, or chorale: four voices."),
        Without("chords", "save_style", value=CHORALE),
    ] = "pop",
    learn_from: Annotated[
        Path | None, Field(description="Folder of scores to learn the style from, instead."), Without("style")
    ] = None,
    save_style: Annotated[
        Path | None,
        Field(description="TOML file to write the style to, which can be edited."),
        Writes(".toml", is_only=True),
    ] = None,
    chords: Annotated[
        str | None,
        Field(description="Chords, such as 'C Am F G' or 'I vi | IV V'; default: the score's, or those that fit best."),
        FREE_TEXT,
    ] = None,
    key: Annotated[
        str | None,
        Field(description="Key, such as D or F#m; default: the score's, or the one that fits best."),
        FREE_TEXT,
    ] = None,
    voice: Annotated[
        str,
        Field(description="Voice that the melody is: " + ", ".join(VOICES) + "."),
        Needs("style", CHORALE),
    ] = VOICES[0],
    tune: TuneNumber = 1,
    seed: Annotated[int, Field(description="Same seed, same notes.", ge=0, le=MAX_SEED)] = 0,
    tempo: Annotated[
        float | None,
        Field(description="About so many beats a minute in a recording; default: estimated.", ge=40, le=240),
    ] = None,
    balance_db: Annotated[
        float, Field(description="Loudness of the accompaniment over that of a recording.", ge=-40, le=20)
    ] = -3.0,
    instrument: InstrumentName = None,
    list_: Annotated[bool, Field(description="List the styles.")] = False,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    quiet: Quiet = False,
) -> Made:
    """Accompany a melody: add bass, chords, inner voices and drums in a style, or harmonise it in four voices.

    The tracks of the score stay as they are. A recording is transcribed, and mixed with its accompaniment if --out is a
    sound file. With --learn-from, typical bars of a folder of scores are the style. With --style chorale, the
    score that is written has the four voices alone, and its sound has the mark of generated sound.

    Raises BadScore if the score cannot be read or written; BadSetting if there is no melody, no such style, or a chord
    or the key cannot be read; BadAudio if a recording cannot be read or has no notes; BadFolder if a file cannot be
    written, or the folder has no scores.
    """
    if list_:
        line = "{name}  {metres}, {tempo:g} quarters a minute: {description}"
        return listed("styles", [*map(_description, style_names()), CHORALE_STYLE], line)
    is_chorale = style == CHORALE
    _check(melody, learn_from, save_style, out if is_chorale else None)
    musical_key = None if key is None else MusicalKey.parse(key)
    name = file_stem(Path(style).stem if learn_from is None else learn_from.resolve().name)
    target = new_target(Path(f"{file_stem(melody.stem)}-{name}.mid")) if out is None and melody is not None else out
    if target is not None:
        check_score_target(target)
    if save_style is not None:
        check_target(save_style)
    if instrument is not None and target is not None and target.suffix.lower() in WRITABLE:
        raise BadSetting(f"{target} is a score, which no instrument plays; give --out a sound file such as {name}.wav.")
    score = _read(melody, tune, tempo, quiet)
    if is_chorale and score is not None and target is not None:
        accompanied = harmonise(score, voice=voice, key=musical_key, seed=seed)
    else:
        chosen, n_scores = (load_style(style), 0) if learn_from is None else _learned(learn_from)
        if score is not None:
            accompanied = accompaniment.accompany(score, chosen, chords, key=musical_key, seed=seed)
        if save_style is not None:
            write_whole(save_style, style_text(chosen).encode())
        if target is None or score is None:
            known = {"n_scores": n_scores, "n_patterns": len(chosen.patterns)}
            line = f"  {len(chosen.patterns)} patterns from {n_scores} scores"
            return Made.of(MadeFile(path=save_style or Path()), details=known, lines=[line])
    if melody is not None and _is_recording(melody) and target.suffix.lower() not in WRITABLE:
        write_with_recording(accompanied, melody, target, balance_db=balance_db, instrument=instrument, quiet=quiet)
    else:
        marking = marking_of(None, watermark, watermark_key) if is_chorale else None
        write_or_render(accompanied, target, instrument=instrument, quiet=quiet, marking=marking)
    _, of_score = keys_of(accompanied)[0]
    key_name = ((None if is_chorale else musical_key) or of_score).name
    symbols = tuple(chord.symbol for chord in accompanied.chords)
    parts = tuple(track.name for track in accompanied.tracks[0 if is_chorale else len(score.tracks) :])
    shown = f"{': ' if symbols else ''}{' '.join(symbols[:MAX_SHOWN_CHORDS])}"
    lines = [
        f"  {accompanied.n_notes} notes, seed {seed}",
        f"  {key_name}{shown}{' ...' if len(symbols) > MAX_SHOWN_CHORDS else ''}",
        f"  parts: {', '.join(parts)}",
    ]
    details = {
        "style": name,
        "seed": seed,
        "key": key_name,
        "chords": symbols,
        "parts": parts,
        "n_notes": accompanied.n_notes,
        "is_marked": is_chorale and watermark and target.suffix.lower() in FORMATS,
    }
    made = replace(written_file(accompanied, target), source=melody, by=f"the style {name}")
    return Made.of(made, details=details, lines=lines)


def _check(melody: Path | None, learn_from: Path | None, save_style: Path | None, chorale: Path | None) -> None:
    """Raise BadSetting where there is nothing to do, or no score for the chorale of a recording."""
    if chorale is not None and _is_recording(melody) and chorale.suffix.lower() not in WRITABLE:
        raise BadSetting(f"{chorale} is no score; a chorale of a recording is written as one, such as {CHORALE}.mid.")
    if melody is None and (learn_from is None or save_style is None):
        raise BadSetting("There is no melody; give a score, or --learn-from and --save-style for a style alone.")


def _is_recording(melody: Path | None) -> bool:
    return melody is not None and melody.suffix.lower() in SOUND_SUFFIXES


def _read(melody: Path | None, tune: int, tempo: float | None, quiet: bool) -> Score | None:
    """Return the score of a melody, transcribed if it is a recording."""
    if tempo is not None and not _is_recording(melody):
        raise BadSetting("--tempo is that of a recording; scores have their own.")
    if melody is None:
        return None
    return read_melody(melody, tempo, quiet=quiet) if _is_recording(melody) else read_score(melody, tune)


def _description(name: str) -> dict[str, object]:
    style = load_style(name)
    return {
        "name": name,
        "title": style.title,
        "description": style.description,
        "metres": list(style.metres),
        "tempo": style.tempo,
    }


def _learned(folder: Path) -> tuple[AccompanimentStyle, int]:
    """Return the style of the scores of a folder, and their number; scores that cannot be read are left out."""
    scores = read_scores(folder)
    try:
        return learn_style(scores, folder.resolve().name or "Learned"), len(scores)
    except BadSetting as error:
        raise BadScore(f"{folder}: {error}") from error
