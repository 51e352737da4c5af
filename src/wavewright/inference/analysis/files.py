"""Analysis of a sound file in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...audio.sound_file import SoundSource, open_sound
from ...audio.wave_blocks import MONO_BLOCK_VALUES, MonoSound
from .content import ContentMeter
from .content_features import SAMPLE_RATE as MONO_RATE
from .key import KeyMeter
from .levels import Loudness, RecordingLevelsMeter
from .pitch import LIMITS_HZ, PitchMeter
from .report import Analysis, Curves
from .silence import SilenceMeter
from .spectrum import SpectrumMeter
from .tempo import TempoMeter

SILENCE_DB, MIN_SILENCE_SECONDS = -60.0, 0.5


def analyse_file(
    path: SoundSource,
    silence_db: float = SILENCE_DB,
    min_silence_seconds: float = MIN_SILENCE_SECONDS,
    pitch_limits_hz: tuple[float, float] = LIMITS_HZ,
    progress: Callable[[float], None] = lambda _: None,
) -> Analysis:
    """Analyse a sound file of any length, in bounded memory.

    - ``silence_db``: loudest sample of silence, in dB of full scale.
    - ``min_silence_seconds``: shortest silent segment.
    - ``pitch_limits_hz``: lowest and highest pitch.

    Raises BadAudio or MissingExtra if the file cannot be read.
    """
    file = open_sound(path)
    header = file.header
    rate, n_channels = header.sample_rate, header.n_channels
    levels, spectrum = RecordingLevelsMeter(rate, n_channels, file.positions), SpectrumMeter(rate, n_channels)
    silence = SilenceMeter(rate, silence_db, min_silence_seconds)
    pitch, tempo, key = PitchMeter(MONO_RATE, pitch_limits_hz), TempoMeter(MONO_RATE), KeyMeter(MONO_RATE)
    content = ContentMeter(silence_db)

    def measured() -> Iterator[np.ndarray]:
        for block in file.blocks(MONO_BLOCK_VALUES / (rate * n_channels)):
            for meter in (levels, spectrum, silence):
                meter.add(block)
            yield block

    sound = MonoSound(measured(), rate, progress, file.positions)
    for wave in sound.blocks(MONO_RATE):
        for meter in (content, pitch, tempo, key):
            meter.add(wave[None])
    loudness = levels.loudness
    return Analysis(
        file=file.path,
        seconds=sound.seconds,
        sample_rate=rate,
        n_channels=n_channels,
        loudness=None if loudness is None else Loudness.of(loudness),
        levels=levels.result(),
        spectrum=spectrum.result(),
        silence=silence.result(),
        content=content.result(),
        pitch=pitch.result(),
        tempo=tempo.result(),
        key=key.result(),
        curves=Curves(
            np.zeros(0) if loudness is None else loudness.short_term_lufs(), pitch.track(), *content.probabilities().T
        ),
    )
