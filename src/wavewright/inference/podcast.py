"""An episode of a podcast from the recordings of its speakers: cleaned, levelled, mixed, shortened, with chapters."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from ..audio.clip import Clip, warn_of_left_out, write_blocks
from ..audio.file_formats.metadata import Marker, SoundMetadata, plain
from ..audio.sound_file import SoundFormat, open_sound
from ..audio.wave_blocks import CountedWaves, at_most_stereo
from ..base.errors import BadAudio, BadSetting
from ..base.files import short_hash_of
from ..base.names import quoted
from ..base.units import clock, seconds_to_samples
from ..base.version import __version__
from ..base.whole_file import scratch_folder
from ..dsp.levels import ClippingDetector, FrameLevels, LevelMeter
from ..dsp.loudness import DUAL_MONO_LU, LoudnessMeter
from ..dsp.silence import SilenceDetector
from ..dsp.true_peak import TruePeakMeter, above_ceiling
from ..effects.editing.chain import Chain
from ..effects.loudness import NormaliseLoudness
from ..effects.mixing.files import write_mix
from ..effects.mixing.plan import MASTER, Mix, Placement, Strip
from ..effects.mixing.sources import FileSource
from ..effects.silence import RemoveSilence
from ..outputs.carried_metadata import left_out_of, moved_text
from ..outputs.made import Made, sound_file
from .enhancement.files import Enhancement, Processors
from .enhancement.report import Levels

BLOCK_SECONDS = 10.0
TRACK_LUFS = -20.0
LEVELLING = f"highpass 70Hz; loudness {TRACK_LUFS}; compress threshold=-24dB ratio=2 knee=10dB attack=8ms release=250ms"
"""Every speaker is brought to one loudness, and what is still louder than the rest is lowered gently."""

BLEEDING = "expand threshold=-46dB ratio=2 range=12dB attack=2ms release=250ms"
"""For several recordings at one time: who is silent is lowered, for others are heard in every microphone."""

ABOVE_NOISE_DB = 12.0  # of the threshold of pauses: peaks of noise over its level
LOWEST_PAUSE_DB, HIGHEST_PAUSE_DB = -60.0, -40.0
CROSSFADE_SECONDS = 0.03
CEILING_DB = -1.5  # of true peaks before a codec, which moves them
MOST_CHANNELS, HIGHEST_RATE = 2, 48_000


@dataclass(frozen=True, kw_only=True)
class PodcastSettings:
    """Settings of an episode."""

    loudness_lufs: float = -16.0  # of the episode; that of one channel is measured as on two loudspeakers
    longest_pause: float | None = 1.0  # in seconds, what is longer is shortened to it; None to leave all pauses
    chapters: tuple[tuple[float, str], ...] = ()
    """Start in seconds, in the recordings, and title of each; by default the markers of the recordings."""
    chapter_pause: float | None = None
    """A chapter begins after each pause of so many seconds; None for no such chapters."""
    enhancement: Enhancement | None = None  # of each recording; None to leave noise as it is
    metadata: SoundMetadata = field(default_factory=SoundMetadata)  # tags and cover


@dataclass(frozen=True)
class PodcastTrack:
    """A recording, and what was done with it.

    - ``loudness_lufs``: of the recording, after its noise was removed; minus infinity for silence.
    - ``gain_db``: that brought it to the loudness of all.
    - ``noise_before_db``, ``noise_after_db``: levels of the pauses, in dB of full scale.
    - ``n_clipped``: runs of samples in the recording at which it was clipped.
    - ``n_channels``: channels of the recording; more than two are mixed.
    """

    file: Path
    seconds: float
    loudness_lufs: float
    gain_db: float
    noise_before_db: float
    noise_after_db: float
    n_clipped: int
    n_channels: int

    def __str__(self) -> str:
        if self.loudness_lufs == -math.inf:
            return f"{self.file}: silent"
        noise = f"noise {self.noise_before_db:.0f} -> {self.noise_after_db:.0f} dB"
        clipped = f"; clipped at {self.n_clipped} peaks when it was recorded" if self.n_clipped else ""
        mixed = f"; mixed from {self.n_channels} channels" if self.n_channels > MOST_CHANNELS else ""
        return f"{self.file}: {noise}, level {self.gain_db:+.1f} dB{clipped}{mixed}"


def make_podcast(
    files: Sequence[Path], out: Path, settings: PodcastSettings, show: Callable[[float], object] = lambda _: None
) -> Made:
    """Make an episode of recordings of any length that begin at the same time, in bounded memory.

    ``show`` is called with the seconds of the recordings that have been cleaned.

    Raises BadAudio if a recording cannot be read or nothing is heard in any, or BadSetting or BadFolder if the episode
    cannot be written.
    """
    headers = [open_sound(file).header for file in files]
    _check_chapters(settings.chapters, [header.seconds for header in headers])
    processors = None if settings.enhancement is None else Processors(settings.enhancement)
    sample_rate = min(HIGHEST_RATE, max(header.sample_rate for header in headers))
    n_channels = min(MOST_CHANNELS, max(header.n_channels for header in headers))

    def shown(before: float) -> Callable[[float], object]:
        return lambda seconds: show(before + seconds)

    with scratch_folder() as folder:
        cleaned: list[Path] = []
        tracks: list[PodcastTrack] = []
        for number, file in enumerate(files):
            before = sum(track.seconds for track in tracks)
            cleaned.append(_cleaned(file, folder / f"{number}.wav", processors, shown(before)))
            tracks.append(_described(file, cleaned[-1]))
        audible = [path for path, track in zip(cleaned, tracks, strict=True) if track.loudness_lufs > -math.inf]
        if not audible:
            raise BadAudio(f"Nothing is heard in {', '.join(map(str, files))}; check the recordings.")
        mixed = folder / "mix.wav"
        write_mix(_mix_of(audible, sample_rate, n_channels), mixed, out.name, subtype="FLOAT", left_out=())
        threshold_db = _pause_threshold(mixed)
        cuts = _Cuts(mixed, settings.longest_pause, threshold_db)
        chapters, marked = _chapters(files, mixed, settings, threshold_db)
        moved = [(cuts.position(start), title) for start, title in chapters]
        origin = _origin(files, settings, processors, max(header.sample_rate for header in headers))
        _write(mixed, out, settings, cuts, moved, origin, _not_taken(files, settings, marked))
    episode = open_sound(out)
    written = episode.header
    loudness, peak = LoudnessMeter(written.sample_rate, written.n_channels), TruePeakMeter(written.n_channels)
    for block in episode.blocks(BLOCK_SECONDS):
        loudness.add(block)
        peak.add(block)
    offset = DUAL_MONO_LU if written.n_channels == 1 else 0.0
    loudness_lufs, true_peak_db = loudness.integrated_lufs() + offset, peak.peak_db()
    lines = [f"  {loudness_lufs:.1f} LUFS, true peak {true_peak_db:.1f} dB", *(f"  {track}" for track in tracks)]
    if cuts.spans:
        pauses = f"{len(cuts.spans)} pause{'s' * (len(cuts.spans) != 1)}"
        lines.append(f"  {pauses} shortened, {cuts.seconds_removed:.1f} s taken out")
    lines += [f"  {clock(start)} {title}" for start, title in moved]
    above = above_ceiling(true_peak_db, CEILING_DB)
    details = {
        "loudness_lufs": loudness_lufs,
        "true_peak_db": true_peak_db,
        "tracks": tuple(tracks),
        "n_pauses": len(cuts.spans),
        "seconds_removed": cuts.seconds_removed,
        "chapters": tuple(moved),
    }
    return Made.of(sound_file(out, written), details=details, lines=lines, notes=[above.split(";")[0]] if above else [])


def _check_chapters(chapters: Sequence[tuple[float, str]], lengths: Sequence[float | None]) -> None:
    """Raise BadSetting if a chapter begins after the end of all recordings, as far as their headers say it."""
    known = [seconds for seconds in lengths if seconds is not None]
    for start, title in chapters if len(known) == len(lengths) else ():
        if start >= max(known):
            raise BadSetting(
                f"The chapter {quoted(title)} starts at {clock(start)}, and the recordings end at {clock(max(known))}."
            )


def _cleaned(file: Path, out: Path, processors: Processors | None, show: Callable[[float], object]) -> Path:
    """Write a recording in stereo at most and without its noise; return itself if that is so and noise is to stay."""
    sound = open_sound(file)
    header = sound.header
    if processors is None and header.n_channels <= MOST_CHANNELS:
        return file
    blocks = (at_most_stereo(block, sound.positions) for block in sound.blocks(BLOCK_SECONDS))
    waves = CountedWaves(blocks, lambda n: show(n / header.sample_rate))
    n_channels = _n_mixed(sound.format)
    processor = None if processors is None else processors.of(header.sample_rate)
    cleaned = waves if processor is None else processor.process_blocks(waves, header.sample_rate, n_channels)
    clips = (Clip(wave, header.sample_rate) for wave in cleaned)
    write_blocks(out, clips, "FLOAT", expected_seconds=header.seconds)
    return out


def _n_mixed(sound: SoundFormat) -> int:
    """Return the channels of the mix of a sound to stereo."""
    return len(at_most_stereo(np.zeros((sound.n_channels, 0)), sound.positions))


class _Meters:
    """Meters of a recording, which is decoded once for all of them; its loudness is that of its mix to stereo."""

    def __init__(self, path: Path) -> None:
        sound = open_sound(path)
        header = sound.header
        self.loudness = LoudnessMeter(header.sample_rate, _n_mixed(sound.format))
        self.levels = LevelMeter(header.n_channels)
        self.clipping = ClippingDetector(header.n_channels)
        self._frames = FrameLevels(header.sample_rate, header.n_channels)
        for block in sound.blocks(BLOCK_SECONDS):
            self.loudness.add(at_most_stereo(block, sound.positions))
            self.levels.add(block)
            self.clipping.add(block)
            self._frames.add(block)
        self.seconds = self.levels.n_samples / header.sample_rate

    @property
    def noise_db(self) -> float:
        """Level of the pauses in dB of full scale."""
        return Levels.of_frames(self._frames).background_db


def _described(file: Path, cleaned: Path) -> PodcastTrack:
    before = _Meters(file)
    after = before if cleaned == file else _Meters(cleaned)
    lufs = after.loudness.integrated_lufs()
    return PodcastTrack(
        file=file,
        seconds=before.seconds,
        loudness_lufs=lufs,
        gain_db=TRACK_LUFS - lufs if lufs > -math.inf else 0.0,
        noise_before_db=before.noise_db,
        noise_after_db=after.noise_db,
        n_clipped=before.clipping.result().n_runs,
        n_channels=len(before.levels.peaks),
    )


def _mix_of(files: Sequence[Path], sample_rate: int, n_channels: int) -> Mix:
    """Return the mix of recordings, each levelled by itself."""
    steps = LEVELLING if len(files) == 1 else f"{LEVELLING}; {BLEEDING}"
    strips = {
        f"speaker {number}": Strip(f"speaker {number}", (Placement(FileSource(file)),), chain=Chain.parse(steps))
        for number, file in enumerate(files, 1)
    }
    mix = Mix({**strips, MASTER: Strip(MASTER, output=None)}, sample_rate, n_channels)
    mix.check()
    return mix


def _pause_threshold(mixed: Path) -> float:
    """Return the level in dB of full scale that no sample of a pause exceeds."""
    return min(HIGHEST_PAUSE_DB, max(LOWEST_PAUSE_DB, Levels.of(mixed).background_db + ABOVE_NOISE_DB))


def _silences(path: Path, threshold_db: float, seconds: float) -> tuple[list[tuple[int, int]], int]:
    """Return start and end of the silences of a file in samples, as `RemoveSilence` finds them, and its length."""
    sound = open_sound(path)
    detector = SilenceDetector(threshold_db, max(1, seconds_to_samples(seconds, sound.header.sample_rate)))
    found = [span for block in sound.blocks(BLOCK_SECONDS) for span in detector.add(block)]
    return [*found, *detector.last()], detector.n_samples


class _Cuts:
    """Spans of the pauses of a file that are cut out, and the positions of its moments afterwards."""

    def __init__(self, path: Path, longest_pause: float | None, threshold_db: float) -> None:
        self.effects: tuple[RemoveSilence, ...] = ()
        self.spans: list[tuple[float, float]] = []
        if longest_pause is not None:
            padding = longest_pause / 2
            shortest = longest_pause + CROSSFADE_SECONDS
            self.effects = (RemoveSilence(threshold_db, shortest, padding, 1_000 * CROSSFADE_SECONDS),)
            rate = open_sound(path).header.sample_rate
            silences, n_samples = _silences(path, threshold_db, shortest)
            for start, end in silences:
                first = start / rate + (padding if start else 0.0)
                last = end / rate - (padding if end < n_samples else 0.0)
                if last > first:
                    self.spans.append((first, last))
        self._removed = [0.0, *accumulate(last - first for first, last in self.spans)]

    @property
    def seconds_removed(self) -> float:
        """Length of all spans together."""
        return self._removed[-1]

    def position(self, seconds: float) -> float:
        """Return where a moment is afterwards; one that is cut out is at the cut."""
        n_before = bisect_right(self.spans, (seconds, math.inf))
        if n_before and seconds < self.spans[n_before - 1][1]:
            return self.spans[n_before - 1][0] - self._removed[n_before - 1]
        return seconds - self._removed[n_before]

    def marker(self, marker: Marker) -> Marker:
        """Return a marker where it is afterwards."""
        return replace(marker, start=self.position(marker.start), end=marker.end and self.position(marker.end))


def _chapters(
    files: Sequence[Path], mixed: Path, settings: PodcastSettings, threshold_db: float
) -> tuple[list[tuple[float, str]], Path | None]:
    """Return start in the mix and title of each chapter, in order, and the file whose markers they are.

    The first begins at 0 if there are any.
    """
    if settings.chapter_pause is not None:
        rate = open_sound(mixed).header.sample_rate
        silences, n_samples = _silences(mixed, threshold_db, settings.chapter_pause)
        starts = [end / rate for start, end in silences if start and end < n_samples]
        return [(start, f"Chapter {number}") for number, start in enumerate([0.0, *starts], 1) if starts], None
    found, marked = sorted(settings.chapters), None
    if not found and (marked := next((file for file in files if open_sound(file).metadata.markers), None)):
        ordered = sorted(open_sound(marked).metadata.markers, key=lambda marker: marker.start)
        found = [(marker.start, marker.label or f"Chapter {number}") for number, marker in enumerate(ordered, 1)]
    seconds = open_sound(mixed).header.seconds or 0.0
    found = [(start, title) for start, title in found if start < seconds]  # recorders mark the end, too
    return [(0.0, "Start"), *found] if found and found[0][0] > 0 else found, marked


def _not_taken(files: Sequence[Path], settings: PodcastSettings, marked: Path | None) -> list[str]:
    """Return what the recordings hold beside their sound that the episode lacks; ``marked`` has its chapters."""
    taken, names = settings.metadata, settings.metadata.values
    lost = []
    for file in files:
        sound = open_sound(file)
        own = sound.metadata
        chapters = tuple(Marker(each.start, each.end, each.label) for each in own.markers)
        replaced = () if file != files[0] else tuple(each for each in own.fields if plain(*each)[0].lower() in names)
        kept = replace(taken, fields=(*taken.fields, *replaced), markers=chapters if file == marked else ())
        lost += [f"{name} of {file.name}" for name in left_out_of(sound, kept, sound.header.seconds)]
    return lost


def _origin(
    files: Sequence[Path], settings: PodcastSettings, processors: Processors | None, sample_rate: int
) -> dict[str, object]:
    """Return the comment of the episode: its recordings, its settings, and the denoiser of the highest sample rate."""
    denoiser = None if processors is None else processors.of(sample_rate)
    return {
        **({} if denoiser is None else {"model": denoiser.name, "model_hash": denoiser.hash}),
        "podcast": len(files),
        "sources": [{"file": file.name, "hash": short_hash_of(file)} for file in files],
        "loudness_lufs": settings.loudness_lufs,
        "longest_pause": settings.longest_pause,
        "wavewright": __version__,
    }


def _write(
    mixed: Path,
    out: Path,
    settings: PodcastSettings,
    cuts: _Cuts,
    chapters: Sequence[tuple[float, str]],
    origin: Mapping[str, object],
    left_out: list[str],
) -> None:
    """Write the episode; ``left_out`` is what of the recordings is not in it."""
    sound = open_sound(mixed)
    header = sound.header
    loudness = NormaliseLoudness(settings.loudness_lufs, CEILING_DB, limit=True, dual_mono=True)
    chain = Chain((*cuts.effects, loudness))
    waves = chain.process(lambda: sound.blocks(BLOCK_SECONDS), sound.format)
    moved = [moved_text(each, cuts.marker, header.seconds) for each in settings.metadata.fields]
    left_out += [
        f"the tag {each[0]!r}" for each, there in zip(settings.metadata.fields, moved, strict=True) if not there
    ]
    markers = tuple(Marker(start, None, title) for start, title in chapters)
    metadata = replace(settings.metadata, fields=tuple(filter(None, moved)), markers=markers)
    metadata = metadata.with_tags({"comment": json.dumps(origin)})
    clips: Iterator[Clip] = (Clip(wave, header.sample_rate) for wave in waves)
    seconds = (header.seconds or 0.0) - cuts.seconds_removed
    write_blocks(out, clips, None, metadata, seconds, left_out=left_out)
    warn_of_left_out(out, left_out)
