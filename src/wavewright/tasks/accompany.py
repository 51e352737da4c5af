"""Accompany a melody: bass, chords, inner voices and drums in a style, bundled, written or learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..audio.clip import FORMATS, SOUND_SUFFIXES, warn_of_left_out
from ..audio.sound_file import open_sound
from ..base.errors import BadAudio, BadScore, BadSetting
from ..base.names import file_stem
from ..base.parameters import FREE_TEXT, MAX_SEED, IsMarked, MarkKey, Quiet, Writes
from ..base.progress_bar import progress_bar
from ..base.whole_file import check_target, scratch_folder, write_whole
from ..data.scores import read_scores
from ..effects.editing.chain import Chain
from ..effects.mixing.files import check_out, write_mix
from ..effects.mixing.plan import MASTER, Mix, Placement, Strip
from ..effects.mixing.sources import FileSource
from ..inference.transcription import score_of, track_beats, transcribe_file
from ..music import accompaniment
from ..music.accompaniment import AccompanimentStyle, harmonise, learn_style, load_style, style_names, style_text
from ..music.accompaniment.chorale_grid import VOICES
from ..music.accompaniment.melody import melody_track
from ..music.formats import WRITABLE, read_score, write_score
from ..music.score import Score
from ..music.theory import MusicalKey
from ..outputs.carried_metadata import left_out_of, mixed
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.sequences import DEFAULT_KEY
from . import POSITIONAL, checked
from .render import render
from .score_output import check_score_target, write_or_render

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
    soundfont: Path | None = None,
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
    soundfont : Path, optional
        Instruments; the bundled General MIDI bank by default.
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
        render(parts, rendered, soundfont=soundfont, sample_rate=sample_rate, quiet=quiet)
        mix = _mix(recording, rendered, sample_rate, balance_db)
        check_out(mix, target)
        with progress_bar(f"mixing {target.name}", mix.expected_seconds, quiet) as show:
            write_mix(mix, target, recording.name, metadata=kept, show=show, names_losses=False)
    warn_of_left_out(target, left_out_of(sound, kept, sound.header.seconds))


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


@dataclass(frozen=True)
class StyleDescription:
    """A style: its name, title, metres and tempo."""

    name: str
    title: str
    description: str
    metres: tuple[str, ...]
    tempo: float


@dataclass(frozen=True)
class StyleList:
    """The styles that come with Wavewright."""

    styles: tuple[StyleDescription, ...]

    def __str__(self) -> str:
        """Return a line for each style."""
        width = max(len(style.name) for style in self.styles)
        return "\n".join(
            f"{style.name:{width}}  {', '.join(style.metres)}, {style.tempo:g} quarters a minute: {style.description}"
            for style in self.styles
        )


@dataclass(frozen=True)
class LearnedStyle:
    """A style that was learned and written."""

    out: Path
    n_scores: int
    n_patterns: int

    def __str__(self) -> str:
        """Return the file, and what it was learned from."""
        return f"{self.out}: {self.n_patterns} patterns from {self.n_scores} scores"


@dataclass(frozen=True, kw_only=True)
class AccompaniedScore:
    """A melody with its accompaniment.

    Attributes
    ----------
    out : Path
        The score, or the sound file of it.
    style : str
    seed : int
    key : str
    chords : tuple of str
    parts : tuple of str
        Tracks that were added.
    n_notes : int
        Of all tracks.
    seconds : float
    is_marked : bool
        It is sound with the inaudible mark of generated sound: a chorale, whose voices are a network's.
    """

    out: Path
    style: str
    seed: int
    key: str
    chords: tuple[str, ...]
    parts: tuple[str, ...]
    n_notes: int
    seconds: float
    is_marked: bool = False

    def __str__(self) -> str:
        """Return the file, the style, the parts and the chords."""
        more = " ..." if len(self.chords) > MAX_SHOWN_CHORDS else ""
        return (
            f"{self.out}: {self.seconds:.1f} s, {self.n_notes} notes, style {self.style}, seed {self.seed}\n"
            f"  {self.key}{': ' if self.chords else ''}{' '.join(self.chords[:MAX_SHOWN_CHORDS])}{more}\n"
            f"  parts: {', '.join(self.parts)}"
        )


@checked
def accompany(
    melody: Annotated[
        Path | None,
        Field(description="Melody: a MIDI, ABC or MusicXML file, or a recording of one voice, which is transcribed."),
        POSITIONAL,
    ] = None,
    out: Annotated[
        Path | None,
        Field(description="Score (.mid) or sound file (.wav, .flac) to write; default: <melody>-<style>.mid here."),
        Writes(".mid"),
    ] = None,
    style: Annotated[
        str, Field(description="Name of a style (--list shows them), a TOML file, or chorale: four voices.")
    ] = "pop",
    learn_from: Annotated[Path | None, Field(description="Folder of scores to learn the style from, instead.")] = None,
    save_style: Annotated[
        Path | None, Field(description="TOML file to write the style to, which can be edited."), Writes(".toml")
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
        str, Field(description="Voice of a chorale that the melody is: " + ", ".join(VOICES) + ".")
    ] = VOICES[0],
    tune: Annotated[int, Field(description="Which tune of a file with several.", ge=1)] = 1,
    seed: Annotated[int, Field(description="Same seed, same notes.", ge=0, le=MAX_SEED)] = 0,
    tempo: Annotated[
        float | None,
        Field(description="About so many beats a minute in a recording; default: estimated.", ge=40, le=240),
    ] = None,
    balance_db: Annotated[
        float, Field(description="Loudness of the accompaniment over that of a recording.", ge=-40, le=20)
    ] = -3.0,
    soundfont: Annotated[Path | None, Field(description="Instruments of a sound file: an .sf2 or .sf3 file.")] = None,
    list_: Annotated[bool, Field(description="List the styles.")] = False,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
    quiet: Quiet = False,
) -> AccompaniedScore | LearnedStyle | StyleList:
    """Accompany a melody: add bass, chords, inner voices and drums in a style, or harmonise it in four voices.

    The tracks of the score stay as they are. A recording is transcribed, and mixed with its accompaniment if --out is a
    sound file. With --learn-from, typical bars of a folder of scores are the style. With --style chorale, the
    score that is written has the four voices alone, and its sound has the mark of generated sound.

    Raises BadScore if the score cannot be read or written; BadSetting if there is no melody, no such style, or a chord
    or the key cannot be read; BadAudio if a recording cannot be read or has no notes; BadFolder if a file cannot be
    written, or the folder has no scores.
    """
    if list_:
        chorale = StyleDescription(CHORALE, "Chorale", "four voices by a network", ("any metre",), 120.0)
        return StyleList((*(_description(name) for name in style_names()), chorale))
    _check(melody, learn_from, save_style)
    is_chorale = style == CHORALE and learn_from is None
    _check_chorale(is_chorale, voice, chords, save_style, out if _is_recording(melody) else None)
    musical_key = None if key is None else MusicalKey.parse(key)
    name = file_stem(Path(style).stem if learn_from is None else learn_from.resolve().name)
    target = Path(f"{file_stem(melody.stem)}-{name}.mid") if out is None and melody is not None else out
    if target is not None:
        check_score_target(target)
    if save_style is not None:
        check_target(save_style)
    if soundfont is not None and target is not None and target.suffix.lower() in WRITABLE:
        raise BadSetting(f"--soundfont plays sound files, and {target} is a score; give one such as {name}.wav.")
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
            return LearnedStyle(save_style or Path(), n_scores, len(chosen.patterns))
    if melody is not None and _is_recording(melody) and target.suffix.lower() not in WRITABLE:
        write_with_recording(accompanied, melody, target, balance_db=balance_db, soundfont=soundfont, quiet=quiet)
    else:
        marking = marking_of(None, watermark, watermark_key) if is_chorale else None
        write_or_render(accompanied, target, soundfont=soundfont, quiet=quiet, marking=marking)
    sharps = accompanied.keys[0]
    return AccompaniedScore(
        out=target,
        style=name,
        seed=seed,
        key=(
            (None if is_chorale else musical_key)
            or MusicalKey.of_sharps(int(sharps["sharps"]), bool(sharps["is_minor"]))
        ).name,
        chords=tuple(chord.symbol for chord in accompanied.chords),
        parts=tuple(track.name for track in accompanied.tracks[0 if is_chorale else len(score.tracks) :]),
        n_notes=accompanied.n_notes,
        seconds=round(accompanied.seconds, 2),
        is_marked=is_chorale and watermark and target.suffix.lower() in FORMATS,
    )


def _check(melody: Path | None, learn_from: Path | None, save_style: Path | None) -> None:
    """Raise BadSetting where there is nothing to do, or no name for a style."""
    if melody is None and (learn_from is None or save_style is None):
        raise BadSetting("There is no melody; give a score, or --learn-from and --save-style for a style alone.")
    if save_style is not None and save_style.suffix.lower() != ".toml":
        raise BadSetting(f"{save_style} is no name of a style; it must end with .toml.")


def _check_chorale(
    is_chorale: bool, voice: str, chords: str | None, save_style: Path | None, sound_of_recording: Path | None
) -> None:
    """Raise BadSetting for options that a chorale does not have, or that only a chorale has."""
    if is_chorale and (chords is not None or save_style is not None):
        option = "--chords" if chords is not None else "--save-style"
        raise BadSetting(f"{option} does not apply to the style {CHORALE}, which is a network; leave it out.")
    if voice != VOICES[0] and not is_chorale:
        raise BadSetting(f"--voice is that of a chorale; add --style {CHORALE}.")
    if is_chorale and sound_of_recording is not None and sound_of_recording.suffix.lower() not in WRITABLE:
        raise BadSetting(
            f"{sound_of_recording} is no score; a chorale of a recording is written as one, such as {CHORALE}.mid."
        )


def _is_recording(melody: Path | None) -> bool:
    return melody is not None and melody.suffix.lower() in SOUND_SUFFIXES


def _read(melody: Path | None, tune: int, tempo: float | None, quiet: bool) -> Score | None:
    """Return the score of a melody, transcribed if it is a recording."""
    if tempo is not None and not _is_recording(melody):
        raise BadSetting("--tempo is that of a recording; scores have their own.")
    if melody is None:
        return None
    return read_melody(melody, tempo, quiet=quiet) if _is_recording(melody) else read_score(melody, tune)


def _description(name: str) -> StyleDescription:
    style = load_style(name)
    return StyleDescription(name, style.title, style.description, style.metres, style.tempo)


def _learned(folder: Path) -> tuple[AccompanimentStyle, int]:
    """Return the style of the scores of a folder, and their number; scores that cannot be read are left out."""
    scores = read_scores(folder)
    try:
        return learn_style(scores, folder.resolve().name or "Learned"), len(scores)
    except BadSetting as error:
        raise BadScore(f"{folder}: {error}") from error
