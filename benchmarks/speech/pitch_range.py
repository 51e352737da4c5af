"""Measure how far a voice follows ``--pitch``: the median pitch at each number of semitones, relative to that at 0.

    python -m benchmarks speech.pitch_range --voice en-kathleen

The sentences are the first of benchmarks/speech/texts/hundred.txt; the pitch is tracked from 40 to 1,200 Hz.
"""

from __future__ import annotations

import numpy as np

from benchmarks.harness.corpora import SMOKE_VOICE, sentences
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.dsp.pitch import track_pitch
from wavewright.speech.prosody import Prosody
from wavewright.speech.voice import Voice

SEMITONES = (-24.0, -12.0, -9.0, -6.0, -4.0, -2.0, 2.0, 4.0, 6.0, 9.0, 12.0, 24.0)
HOP_SECONDS, MIN_HZ, MAX_HZ = 0.01, 40.0, 1_200.0

PITCH = Table("pitch", columns(voice="s", requested_semitones="+g", median_hz=".0f", measured_semitones="+.1f"))


def median_hz(voice: Voice, texts: list[str], semitones: float) -> float:
    """Return the median pitch of the voiced frames of the texts."""
    voiced = []
    for sentence in texts:
        clip = voice.speak(sentence, Prosody(pitch_semitones=semitones)).clip
        hop_length = round(HOP_SECONDS * clip.sample_rate)
        f0_hz = track_pitch(clip.wave[0], clip.sample_rate, hop_length, MIN_HZ, MAX_HZ).f0_hz
        voiced.append(f0_hz[f0_hz > 0])
    return float(np.median(np.concatenate(voiced)))


def measure(options: Options, report: Report) -> None:
    voice, texts = Voice.load(options.voice), sentences(options.count)
    usual_hz = median_hz(voice, texts, 0.0)
    for semitones in (0.0, *(options.semitones or SEMITONES)):
        measured_hz = median_hz(voice, texts, semitones) if semitones else usual_hz
        row = {"voice": options.voice, "requested_semitones": semitones, "median_hz": measured_hz}
        report.add(PITCH, row, measured_semitones=12 * float(np.log2(measured_hz / usual_hz)))


BENCHMARK = Benchmark(
    measure,
    Option("voice", "en-kathleen", smoke=SMOKE_VOICE),
    Option("count", 20, "sentences", smoke=1),
    Option("semitones", (), "by default several from -24 to 24", type=float, smoke=[-4.0, 4.0]),
)
