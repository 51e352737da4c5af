"""Render scores to sound files by an instrument, with stems."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..audio.clip import Clip, check_stem_files, finest_subtype, stem_comment, write_blocks
from ..audio.file_formats.metadata import Marker, SoundMetadata, fields_of
from ..audio.sound_file import SoundFormat
from ..audio.wave_blocks import ClippingMeter, CountedWaves, PeakMeter
from ..base import parameters
from ..base.errors import BadScore, BadSetting, ScoreWarning
from ..base.names import file_stem
from ..base.parameters import MAX_SEED, InForm, Writes, WritesSounds
from ..base.progress_bar import progress_bar
from ..base.rules import Needs
from ..base.task_parameters import checked
from ..base.units import gain_to_db, samples_to_seconds
from ..base.version import __version__
from ..base.whole_file import check_not_read, check_target, whole_folder
from ..effects.dynamics import Limiter
from ..effects.levels import Gain
from ..effects.loudness import LoudnessMeasurement
from ..effects.space import Reverb
from ..music.engine import InstrumentEngine
from ..music.formats import read_score
from ..music.performance import Performance, PerformanceSettings, perform, stem_names
from ..music.score import CONTROL_CHANGE, COPYRIGHT, CREATORS, LYRICS, Score, Track, notes_of
from ..music.theory import pitch_of
from ..music.timing import TEMPO
from ..outputs.made import Made, sound_file, with_stems
from ..outputs.made_file import new_sound
from ..outputs.watermark.marking import Marking, marking_of
from ..outputs.watermark.payload import DEFAULT_KEY
from ..synth.banks import NamedInstrument, instrument_of, playable_instrument
from ..synth.soundfont.player import PlayerSettings, SoundFontEngine

HUMAN_TIMING_MS, HUMAN_VELOCITY = 8.0, 6.0
"""Deviations of ``humanise``."""

SAMPLE_RATE_HZ = 44_100
LUFS = -18.0
REVERB_SECONDS = 1.6
PATCH_REVERB = 0.12
NOTE_VELOCITY = 100
CEILING_DB = -1.0
SILENCE = 1e-5
"""Peak below which a mix is silent: -100 dB."""

VOLUME, EXPRESSION = 7, 11


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _left_out(unsounded: Mapping[int, int], n_chords: int) -> Iterator[str]:
    """Yield lines on notes that the instrument has no sound for, by MIDI key, and on chord symbols over a melody."""
    if unsounded:
        keys = ", ".join(map(str, sorted(unsounded)))
        yield f"  {_count(sum(unsounded.values()), 'note')} without a sound there, of the keys {keys}"
    if n_chords:
        unplayed = _count(n_chords, "chord symbol")
        yield f"  {unplayed} not played; --chords plays them, `wavewright accompany` in a style"


@checked
def render(
    score: Annotated[
        Path | str, Field(description="Score: a MIDI, ABC or MusicXML file; or a single note, such as A3.")
    ],
    out: Annotated[
        Path | None,
        Field(description="Sound file to write; default: <score>.wav in the current folder."),
        WritesSounds(".wav"),
    ] = None,
    instrument: parameters.InstrumentName = None,
    timbre: Annotated[
        str | None,
        Field(
            description="Timbre of a model: flute, flute..violin over the score, or 1:flute,9:violin by bars; default: "
            "by the programs of the tracks."
        ),
        Needs("instrument"),
    ] = None,
    seconds: Annotated[float, Field(description="Length of a single note.", gt=0, le=600)] = 2.0,
    stems: Annotated[
        Path | None, Field(description="Folder for a file of each track, without reverb and limiter."), Writes()
    ] = None,
    tune: parameters.TuneNumber = 1,
    tempo: Annotated[
        float | None, Field(description="Quarters a minute at the start; default: the score's.", ge=4, le=1_000)
    ] = None,
    swing: Annotated[
        float,
        Field(description="Start of the second eighth in a quarter: 0.5 is straight, 0.67 triplets.", ge=0.5, le=0.8),
        InForm(step=0.01),
    ] = 0.5,
    chords: Annotated[bool, Field(description="Play chord symbols, too: a track of held chords.")] = False,
    humanise: Annotated[bool, Field(description="Vary starts and velocities of notes a little.")] = False,
    seed: Annotated[
        int, Field(description="Seed of --humanise and of a model; same seed, same samples.", ge=0, le=MAX_SEED)
    ] = 0,
    reverb: Annotated[
        float | None,
        Field(
            description="Fraction of reverb in the mix, 0 for none at all; default: the bank's, or 0.12 for a patch.",
            ge=0,
            le=1,
        ),
        InForm(step=0.02, start=PATCH_REVERB),
    ] = None,
    lufs: Annotated[float, Field(description="Loudness of the mix in LUFS.", ge=-60, le=-5)] = LUFS,
    gain_db: Annotated[float | None, Field(description="A fixed gain in dB instead of --lufs.", ge=-60, le=60)] = None,
    sample_rate: Annotated[int, Field(description="Sample rate in Hz.", ge=8_000, le=192_000)] = SAMPLE_RATE_HZ,
    subtype: parameters.SampleBits = None,
    watermark: parameters.IsMarked = True,
    watermark_key: parameters.MarkKey = DEFAULT_KEY,
    quiet: parameters.Quiet = False,
) -> Made:
    """Render a score to a sound file.

    Every event takes effect at its exact sample. The mix gets reverb, a loudness, and a limiter that keeps true peaks
    below -1 dB. Stems are without; they add up to the mix before them. The sound of a model gets the mark of generated
    sound.

    Raises BadScore if the score cannot be read, has no notes, or lasts more than 24 hours; BadSoundFont if the
    SoundFont cannot be read; BadFolder or BadSetting if the files cannot be written.
    """
    score = Path(score)
    name = score.stem
    note = _note(score, seconds)
    source = score.name if note is None else f"note {name}"
    target = new_sound(Path(f"{file_stem(name)}.wav"), {"score": source}) if out is None else out
    check_target(target, score, *([] if instrument is None else [Path(instrument)]))
    settings = PlayerSettings(reverb=0.0) if reverb == 0 else None
    found = instrument_of(instrument, sample_rate, settings)
    check_not_read(target, *(() if found is None else found.sound_files))
    if timbre is not None and found is not None:
        raise BadSetting(f"{found.title} has one timbre; --timbre is one of a model, such as --instrument notes.")
    whole = read_score(score, tune) if note is None else note
    if chords:
        from ..music.accompaniment.chord_text import with_chord_track

        whole = with_chord_track(whole)
    read = _playable(whole, source, instrument, has_drums=found is not None and found.has_drums)
    deviations = (HUMAN_TIMING_MS, HUMAN_VELOCITY) if humanise else (0.0, 0.0)
    performed = PerformanceSettings(swing, *deviations, seed, tempo)
    performance = perform(read, sample_rate, performed)
    marking = None
    if found is None:
        from .learned_instrument import open_instrument  # few scores are played by models

        length = samples_to_seconds(performance.n_samples, sample_rate)
        player, title, open_engine = open_instrument(instrument or "", timbre, read, length, sample_rate, seed)
        found = NamedInstrument(title, open_engine)
        marking = marking_of(player.folder.hash, watermark, watermark_key)
    _warn_of_drums(whole, read, source, instrument)
    if stems is not None:
        files = [stems / file for file in _stem_files(read).values()]
        check_stem_files(files, target, score, *found.sound_files)
    if reverb is None:  # a single note is often made for a sampler
        reverb = PATCH_REVERB if found.is_dry and note is None else 0.0
    rendering = _Rendering(source, read, performance, found, marking)
    mastering = Mastering(reverb, lufs, gain_db)
    made = {"tune": tune, **({"chords": True} if chords else {}), **asdict(performed)}
    return rendering.write(target, name, made, mastering, stems, subtype, quiet)


def render_composed(
    path: Path, target: Path, marking: Marking | None, *, instrument: str | None = None, quiet: bool = False
) -> None:
    """Render a score that a model composed, as `render` does by default, with the mark of generated sound.

    Raises BadScore, BadSoundFont, BadFolder or BadSetting as `render` does.

    Parameters
    ----------
    path : Path
        The score.
    target : Path
        Sound file to write.
    marking : Marking or None
        The mark, if any.
    instrument : str, optional
        A SoundFont, a patch or a wave; the bundled General MIDI bank by default.
    quiet : bool
        Show no progress.
    """
    found = playable_instrument(instrument, SAMPLE_RATE_HZ)
    whole = read_score(path)
    read = _playable(whole, path.name, instrument, has_drums=found.has_drums)
    _warn_of_drums(whole, read, path.name, instrument)
    settings = PerformanceSettings()
    performance = perform(read, SAMPLE_RATE_HZ, settings)
    rendering = _Rendering(path.name, read, performance, found, marking)
    rendering.write(target, path.stem, {"tune": 1, **asdict(settings)}, Mastering(), quiet=quiet)


def _note(path: Path, seconds: float) -> Score | None:
    """Return the score of a single note, None for a file."""
    if path.suffix or path.exists():
        return None
    try:
        pitch = pitch_of(str(path))
    except BadSetting:
        return None
    tempo = np.array([(0, 1_000_000)], TEMPO)  # a quarter is a second
    row = (0, max(1, round(seconds * 1_000)), pitch, NOTE_VELOCITY)
    return Score((Track(notes_of([row])),), 1_000, tempo)


def _playable(score: Score, source: str, instrument: str | None, *, has_drums: bool) -> Score:
    """Return a score without the drums that an instrument does not play."""
    kept = score if has_drums else replace(score, tracks=tuple(track for track in score.tracks if not track.is_drum))
    if not score.n_notes:
        raise BadScore(f"{source} has no notes to render.")
    if not kept.n_notes:
        raise BadScore(
            f"{source} has no notes but drums, which {instrument} does not play; choose the bank, which is the default."
        )
    return kept


def _warn_of_drums(score: Score, kept: Score, source: str, instrument: str | None) -> None:
    if n_drums := score.n_notes - kept.n_notes:
        text = f"{instrument} plays no drums; {n_drums} of the {score.n_notes} notes of {source} are left out."
        warnings.warn(text, ScoreWarning, stacklevel=3)


@dataclass(frozen=True)
class Mastering:
    """What the mix passes: a fraction of reverb, then a loudness, or a fixed gain, and a limiter."""

    reverb: float = 0.0
    lufs: float = LUFS
    gain_db: float | None = None


@dataclass(frozen=True)
class _Rendering:
    """A performance and its instrument; the mark, if any, precedes the effects of the mix."""

    source: str
    score: Score
    performance: Performance
    instrument: NamedInstrument
    marking: Marking | None = None

    def blocks(self, unsounded: Counter[int]) -> Iterator[np.ndarray]:
        """Yield the mix without effects, in blocks; count notes without a sound by their keys."""
        engines: list[InstrumentEngine] = []

        def open_engine() -> InstrumentEngine:
            engines.append(self.instrument.open_engine())
            return engines[-1]

        yield from self._marked(self.performance.blocks(open_engine))
        for engine in engines:
            if isinstance(engine, SoundFontEngine):
                unsounded += engine.unsounded

    def write(
        self,
        target: Path,
        name: str,
        settings: Mapping[str, object],
        mastering: Mastering,
        stems: Path | None = None,
        subtype: str | None = None,
        quiet: bool = False,
    ) -> Made:
        """Write the mix, and the stems if they are asked for; the settings are part of its comment."""
        rate = self.performance.sample_rate
        meter = PeakMeter()
        unsounded: Counter[int] = Counter()
        origin = {"score": self.source, "instrument": self.instrument.title, **settings, **asdict(mastering)}
        origin |= {} if self.marking is None else self.marking.origin()
        metadata = _metadata(self.score, self.performance, name, json.dumps({**origin, "wavewright": __version__}))
        expected = samples_to_seconds(self.performance.n_samples, rate)
        with progress_bar(f"rendering {self.source}", expected, quiet) as show:
            dry = CountedWaves(self.blocks(unsounded), lambda n: show(samples_to_seconds(n, rate)))
            mastered = CountedWaves(meter.measured(_mastered(dry, rate, mastering)))
            clips = (Clip(block, rate) for block in mastered)
            header = write_blocks(target, clips, subtype or finest_subtype(target), metadata, expected)
            clipping = ClippingMeter()
            files = self.write_stems(stems, dry.n_samples, subtype, clipping) if stems is not None else ()
        if meter.peak < SILENCE:
            reason = _why_silent(self.score, self.instrument.title)
            warnings.warn(f"{target} is silent: {reason}", ScoreWarning, stacklevel=2)
        n_tracks = sum(len(track.notes) > 0 for track in self.score.tracks)
        n_chords = len(self.score.chords) if n_tracks <= 1 else 0
        peak_db = float(gain_to_db(meter.peak))
        lines = [
            f"  peak {peak_db:.1f} dB, {_count(self.score.n_notes, 'note')} of {_count(n_tracks, 'track')}",
            *_left_out(unsounded, n_chords),
        ]
        details = {
            "source": self.source,
            "n_tracks": n_tracks,
            "n_notes": self.score.n_notes,
            "peak_db": peak_db,
            "is_marked": self.marking is not None,
            "unsounded": dict(unsounded),
            "n_chords": n_chords,
        }
        made = Made.of(replace(sound_file(target, header), by=self.instrument.title), details=details, lines=lines)
        return with_stems(made, files, clipping.result())

    def _marked(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        return blocks if self.marking is None else self.marking.blocks(blocks, self.performance.sample_rate)

    def write_stems(
        self, folder: Path, n_samples: int, subtype: str | None, clipping: ClippingMeter
    ) -> tuple[Path, ...]:
        """Write a file for each track with notes, all or none."""
        rate = self.performance.sample_rate
        files = _stem_files(self.score)
        with whole_folder(folder, list(files.values())[-1]) as hidden:
            for index, file in files.items():
                tracks = [index]
                blocks = self.performance.blocks(self.instrument.open_engine, tracks=tracks, n_samples=n_samples)
                clips = (Clip(block, rate) for block in self._marked(blocks))
                path = hidden / file
                comment = stem_comment("render", path.stem)
                write_blocks(path, clips, subtype or finest_subtype(path), comment, n_samples / rate, clipping=clipping)
        return tuple(folder / file for file in files.values())


def _metadata(score: Score, performance: Performance, title: str, comment: str) -> SoundMetadata:
    """Return the texts of a score that sound files have: title, composer, copyright, lyrics, and markers."""
    syllables = [meta.text for meta in score.texts(LYRICS)]
    has_spaces = any(syllable != syllable.strip() for syllable in syllables)
    rights = [text for kind, text in score.details if kind == "rights"]
    tags = {
        "title": score.title or title,
        **{name: "\0".join(text for kind, text in score.details if kind == name) for name in CREATORS},
        "copyright": "\0".join(dict.fromkeys([*rights, *(meta.text for meta in score.texts(COPYRIGHT))])),
        "lyrics": ("" if has_spaces else " ").join(syllables).replace("- ", "").replace("\r", "\n").strip(),
        "comment": comment,
    }
    rate = performance.sample_rate
    markers = tuple(Marker(samples_to_seconds(sample, rate), None, text) for sample, text in performance.markers)
    return SoundMetadata(fields_of(tags), markers=markers)


def _stem_files(score: Score) -> dict[int, str]:
    """Return the names of the files of stems by the index of their track."""
    names = stem_names(score)
    return {index: f"{file_stem(names[index])}.wav" for index, track in enumerate(score.tracks) if len(track.notes)}


def _why_silent(score: Score, instrument: str) -> str:
    """Return the sentence that says why none of the notes of a score sounds."""
    for number, name in ((VOLUME, "volume"), (EXPRESSION, "expression")):
        of_tracks = [
            track.controls["value"][(track.controls["kind"] == CONTROL_CHANGE) & (track.controls["number"] == number)]
            for track in score.tracks
            if len(track.notes)
        ]
        if all(len(values) and not values.any() for values in of_tracks):
            return f"the {name} (controller {number}) of its tracks is 0; give it another value."
    return (
        f"none of its {score.n_notes} notes sounds with {instrument}; its sounds may lack these pitches or be silent. "
        "Give another --instrument, or transpose the score."
    )


def _mastered(blocks: Iterable[np.ndarray], sample_rate: int, mastering: Mastering) -> Iterator[np.ndarray]:
    """Return blocks with reverb, gain and limiter; without a gain after a first pass that measures the loudness."""
    stereo = SoundFormat(sample_rate, 2)
    if mastering.reverb:
        effect = Reverb(REVERB_SECONDS, mix=mastering.reverb, tail_seconds=REVERB_SECONDS)
        blocks = effect.stream(stereo).process_blocks(blocks)
    if mastering.gain_db is not None:
        blocks = Gain(mastering.gain_db).stream(stereo).process_blocks(blocks)
        return Limiter(CEILING_DB).stream(stereo).process_blocks(blocks)
    loudness = LoudnessMeasurement(stereo, mastering.lufs, CEILING_DB, Limiter(CEILING_DB))
    for block in blocks:
        loudness.add(block)
    return loudness.effect().stream(stereo).process_blocks(loudness.blocks())
