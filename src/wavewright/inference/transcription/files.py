"""Transcribe a recording, or all of a folder, to files of scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...audio.sound_file import OpenSound, open_sound
from ...base.errors import BadAudio
from ...base.json_text import parse
from ...base.whole_file import write_whole
from ...contracts.note_detection import NoteDetector
from ...families.loading import load_note_detector
from ...music.formats import WRITABLE, write_score
from ...music.score import Score
from ...music.theory import MusicalKey, pitch_name
from ...outputs.converted_folder import Conversion, ConvertedFolder, ConvertFile
from ...outputs.manifest_file import MANIFEST_FILE, manifest_lines
from .beats import Beats, track_beats
from .melody import Transcription, transcribe_file
from .notes import MelodyNote
from .plot import draw_transcription
from .polyphony import detect_file, onsets_of
from .score import beat_grid, check_quantisation, score_of
from .settings import PolyphonicSettings, TranscriptionSettings

NOTES_FILE = ".json"
SUFFIXES = (*WRITABLE, NOTES_FILE)
"""Endings of the files that a recording is transcribed to."""

NOTATION = (".musicxml", ".mxl", ".abc")
"""Endings of scores that are read by people: their notes are quantised, their tempo is one."""

NOTATION_VALUE = 16
MAX_SHOWN_CHORDS = 16


@dataclass(frozen=True)
class TimedChord:
    """A chord such as ``Am7`` from a time on."""

    start_s: float
    symbol: str


@dataclass(frozen=True, kw_only=True)
class TranscribedMelody:
    """A transcription that was written.

    - ``out``: the score, or the JSON file.
    - ``seconds``: length of the recording.
    - ``tuning_cents``: tuning above 440 Hz for A4; None of several voices.
    - ``chords``: symbols and their beginnings in seconds, if they were asked for.
    - ``tempo``: median of the beats, in beats a minute.
    """

    out: Path
    seconds: float
    tuning_cents: float | None
    tempo: float
    metre: str
    key: str
    notes: tuple[MelodyNote, ...]
    chords: tuple[TimedChord, ...] | None = None
    plot: Path | None = None

    def __str__(self) -> str:
        """Return the file, the number and range of the notes, tempo, metre, key, tuning and chords."""
        tuning = "" if self.tuning_cents is None else f", tuning {self.tuning_cents:+.0f} cents"
        pitches = [note.pitch for note in self.notes]
        lines = [
            f"{self.out}: {len(pitches)} notes from {pitch_name(min(pitches))} to {pitch_name(max(pitches))} "
            f"in {self.seconds:.1f} s",
            f"  {self.tempo:.0f} beats a minute, {self.metre}, {self.key}{tuning}",
        ]
        if self.chords is not None:
            shown = " ".join(chord.symbol for chord in self.chords[:MAX_SHOWN_CHORDS])
            lines.append(f"  chords: {shown}{' ...' if len(self.chords) > MAX_SHOWN_CHORDS else ''}")
        return "\n".join([*lines, *([] if self.plot is None else [f"  plot: {self.plot}"])])


@dataclass(frozen=True)
class MelodyTranscription:
    """Settings of transcriptions to scores; raises BadSetting for a note value that notes are not quantised to.

    - ``settings``: of the notes: of one voice, or of several.
    - ``quantise``: note value on which notes start and end; by default sixteenths in notation, else the times of the
      recording.
    - ``tempo``: about so many beats a minute; None to estimate it.
    - ``beats_per_bar``: quarters of a bar; None for 3 or 4, which fits better.
    - ``has_chords``: the chord of each bar is found, too.
    """

    settings: TranscriptionSettings | PolyphonicSettings
    quantise: int | None = None
    tempo: float | None = None
    beats_per_bar: int | None = None
    has_chords: bool = False

    def __post_init__(self) -> None:
        check_quantisation(self.quantise)

    def write(
        self, sound: OpenSound, target: Path, plot: Path | None = None, show: Callable[[float], None] = lambda _: None
    ) -> TranscribedMelody:
        """Transcribe a recording to a file of one of the `SUFFIXES`; draw it to ``plot``.

        Raises BadAudio if the recording cannot be read, or has no notes, or BadSetting or BadFolder if a setting is
        wrong, or a file cannot be written.
        """
        file, transcription = sound.path, self._transcribe(sound, show)
        if not transcription.notes:
            raise BadAudio(
                f"{file} has no notes: it is silent, has no pitch, or none in the range; try another recording."
            )
        is_polyphonic = isinstance(self.settings, PolyphonicSettings)
        onsets = onsets_of(transcription.notes) if is_polyphonic else transcription.notes
        beats = track_beats(onsets, transcription.seconds, self.tempo, self.beats_per_bar)
        suffix = target.suffix.lower()
        is_notation = suffix in NOTATION
        value = self.quantise or (NOTATION_VALUE if is_notation else None)
        score = score_of(
            transcription.notes,
            beats,
            value,
            is_steady=is_notation,
            is_polyphonic=is_polyphonic,
            has_chords=self.has_chords,
        )
        key = score.keys[0]
        result = TranscribedMelody(
            out=target,
            seconds=round(transcription.seconds, 3),
            tuning_cents=transcription.tuning_cents,
            tempo=round(beats.tempo, 1),
            metre=f"{beats.beats_per_bar}/4",
            key=MusicalKey.of_sharps(int(key["sharps"]), bool(key["is_minor"])).name,
            notes=transcription.notes,
            chords=_timed_chords(score, beats) if self.has_chords else None,
            plot=plot,
        )
        if suffix == NOTES_FILE:
            write_whole(target, _json_of(result, file, beats))
        else:
            write_score(score, target)
        if plot is not None:
            draw_transcription(transcription, plot, file.name, beats)
        return result

    def _transcribe(self, sound: OpenSound, show: Callable[[float], None]) -> Transcription:
        """Return the notes of a recording."""
        if isinstance(self.settings, TranscriptionSettings):
            return transcribe_file(sound, self.settings, show)
        return detect_file(sound, opened_detector(self.settings.model), self.settings, show)


@lru_cache(maxsize=1)
def opened_detector(model: str) -> NoteDetector:
    """Return a model of several voices, opened once."""
    return load_note_detector(model)


def _timed_chords(score: Score, beats: Beats) -> tuple[TimedChord, ...]:
    """Return the chords of a score in seconds of the recording, whose beats are its quarters."""
    times_s = beat_grid(beats)[0]
    quarters = np.array([chord.tick for chord in score.chords]) / score.ticks_per_quarter
    starts = np.interp(quarters, np.arange(len(times_s)), times_s).round(3).tolist()
    return tuple(TimedChord(start, chord.symbol) for start, chord in zip(starts, score.chords, strict=True))


@dataclass(frozen=True, kw_only=True)
class TranscribedFile:
    """A recording of a folder and its score; ``is_new`` unless it was there and is up to date."""

    out: Path
    file: Path
    seconds: float
    n_notes: int
    origin: Mapping[str, object]
    is_new: bool = True
    details: str = ""


TranscribedFolder = ConvertedFolder[TranscribedFile]
"""The scores of a folder."""


@dataclass(frozen=True)
class FolderTranscription(Conversion[TranscribedFile]):
    """The transcription of all recordings of a folder.

    - ``transcription``: settings of the scores.
    - ``suffix``: of the scores, one of the `SUFFIXES`.
    - ``out``: the folder that they are written to; its manifest says which are up to date.
    """

    transcription: MelodyTranscription
    suffix: str
    out: Path
    verbs = ("transcribing", "transcribed")

    def target_of(self, sound: Path) -> Path:
        """Return the name of a score."""
        return sound.with_suffix(self.suffix)

    def begin(self) -> ConvertFile[TranscribedFile]:
        """Return the function that transcribes a recording."""
        known = {name: parse(line) for name, line in manifest_lines(self.out / MANIFEST_FILE)}

        def convert(source: Path, out: Path) -> TranscribedFile:
            settings = json.loads(json.dumps(asdict(self.transcription)))
            sound = open_sound(source)
            origin = {"source": source.name, "source_hash": sound.hash, "settings": settings}
            record = known.get(str(out.relative_to(self.out)), {})
            if out.is_file() and origin.items() <= record.items():
                seconds, n_notes = float(record["duration"]), int(record["n_notes"])
                return TranscribedFile(
                    out=out, file=source, seconds=seconds, n_notes=n_notes, origin=origin, is_new=False
                )
            result = self.transcription.write(sound, out)
            return TranscribedFile(
                out=out, file=source, seconds=result.seconds, n_notes=len(result.notes), origin=origin
            )

        return convert

    def unnamed_origin(self, file: TranscribedFile) -> dict[str, object]:
        """Return the recording, the settings and the number of notes."""
        return {**file.origin, "n_notes": file.n_notes}


def _json_of(result: TranscribedMelody, file: Path, beats: Beats) -> bytes:
    """Return the notes and the beats as JSON."""
    contents: dict[str, object] = {"file": file.name, **asdict(result)}
    del contents["out"], contents["plot"]
    contents["beats_s"] = [round(float(time), 3) for time in beats.times_s]
    contents["first_downbeat"] = beats.first_downbeat
    return (json.dumps(contents, indent=1) + "\n").encode()
