"""Controls of voices: envelopes, LFOs, glide and the modulation matrix, as arrays with one row for each voice."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .patch import DESTINATIONS, MAX_ENVELOPES, MAX_LFOS, SOURCES, EnvelopeTable, Patch

CONTROL_SAMPLES = 64
"""Samples from one computation of the controls to the next; they are linear in between."""

CHUNK_SAMPLES = 1_024
"""Most samples that are rendered at once."""

MAX_SEGMENTS = CHUNK_SAMPLES // CONTROL_SAMPLES + 2
KILL_SECONDS = 0.004
DECAY_NEPERS = math.log(1_000.0)
LFO_SHAPES = ("sine", "triangle", "saw", "square", "random")

PITCH, LEVEL, PAN, CUTOFF, RESONANCE, WIDTH, MORPH, FM, VOWEL, OSCILLATORS = range(10)
"""Rows of the destinations; from OSCILLATORS on, pitch and level of each oscillator."""

N_DESTINATIONS = len(DESTINATIONS)
FIRST_ENVELOPE = len(SOURCES)
FIRST_LFO = FIRST_ENVELOPE + MAX_ENVELOPES
N_SOURCES = FIRST_LFO + MAX_LFOS

ATTACK, HOLD, DECAY, RELEASE, KILL, OFF = range(6)
"""Stages of an envelope."""


class VoiceState(NamedTuple):
    """State of the controls; the first axis is that of the voices."""

    pitch: np.ndarray  # (voices, 3): at the start and the end of the block, and the key that it glides to
    glide: np.ndarray  # (voices,) semitones a sample
    constants: np.ndarray  # (voices, 2): velocity and a random number
    gain: np.ndarray  # (voices,) of the velocity
    age: np.ndarray  # (voices, 2) samples at the end of the block, and after which the voice is killed
    is_fresh: np.ndarray  # (voices,) int64: the controls have no start yet
    stages: np.ndarray  # (voices, envelopes) int64
    held: np.ndarray  # (voices, envelopes) samples since the end of the attack
    envelopes: np.ndarray  # (voices, 2, envelopes) at the start and the end of the block
    lfos: np.ndarray  # (voices, 2, lfos) cycles
    controls: np.ndarray  # (voices, 2, destinations)


class ControlProgram(NamedTuple):
    """Settings of the controls of a patch, in samples."""

    envelopes: np.ndarray  # (envelopes, 5): attack a sample, hold in samples, decay, sustain, release
    lfos: np.ndarray  # (lfos, 4): cycles a sample, delay, fade, shape
    routes: np.ndarray  # (modulations, 3) int64: source, destination, via or -1
    amounts: np.ndarray  # (modulations,)
    base: np.ndarray  # (destinations,)
    kill: float  # a sample


class Segments(NamedTuple):
    """Controls of a chunk: within a segment each is ``value + step * position``, the position in its block."""

    starts: np.ndarray  # (segments,) int64: first sample in the chunk
    lengths: np.ndarray  # (segments,) int64
    positions: np.ndarray  # (segments,) int64: of the first sample in the block of the controls
    values: np.ndarray  # (segments, voices, destinations) float32
    steps: np.ndarray  # (segments, voices, destinations) float32
    sources: np.ndarray  # (sources,) memory for those of one voice


def new_state(n_voices: int) -> VoiceState:
    """Return the state of voices that are off."""
    return VoiceState(
        pitch=np.zeros((n_voices, 3)),
        glide=np.zeros(n_voices),
        constants=np.zeros((n_voices, 2)),
        gain=np.zeros(n_voices),
        age=np.zeros((n_voices, 2)),
        is_fresh=np.zeros(n_voices, np.int64),
        stages=np.full((n_voices, MAX_ENVELOPES), OFF, np.int64),
        held=np.zeros((n_voices, MAX_ENVELOPES)),
        envelopes=np.zeros((n_voices, 2, MAX_ENVELOPES)),
        lfos=np.zeros((n_voices, 2, MAX_LFOS)),
        controls=np.zeros((n_voices, 2, N_DESTINATIONS)),
    )


def new_segments(n_voices: int) -> Segments:
    """Return memory for the controls of a chunk."""
    return Segments(
        starts=np.zeros(MAX_SEGMENTS, np.int64),
        lengths=np.zeros(MAX_SEGMENTS, np.int64),
        positions=np.zeros(MAX_SEGMENTS, np.int64),
        values=np.zeros((MAX_SEGMENTS, n_voices, N_DESTINATIONS), np.float32),
        steps=np.zeros((MAX_SEGMENTS, n_voices, N_DESTINATIONS), np.float32),
        sources=np.zeros(N_SOURCES),
    )


def control_program(patch: Patch, sample_rate: int) -> ControlProgram:
    """Return the settings of a patch's controls for a sample rate."""
    names = ["amplitude", *(name for name in patch.envelopes if name != "amplitude")]
    rows = {name: row for row, name in enumerate(SOURCES)}
    rows |= {name: FIRST_ENVELOPE + row for row, name in enumerate(names)}
    rows |= {name: FIRST_LFO + row for row, name in enumerate(patch.lfos)}
    routes = [
        (rows[each.source], DESTINATIONS.index(each.destination), -1 if each.via is None else rows[each.via])
        for each in patch.modulations
    ]
    amounts = [each.amount for each in patch.modulations]
    base = np.zeros(N_DESTINATIONS)
    base[FM] = 1.0
    base[OSCILLATORS + 1 :: 2] = 1.0
    if patch.filter is not None:
        base[CUTOFF] = math.log2(patch.filter.cutoff_hz)
        base[RESONANCE] = patch.filter.resonance
        base[VOWEL] = patch.filter.vowel
        routes.append((rows["key"], CUTOFF, -1))
        amounts.append(patch.filter.key_tracking)
    envelopes = np.zeros((len(names), 5))
    for row, name in enumerate(names):
        envelopes[row] = envelope_settings(patch.envelopes[name], sample_rate)
    lfos = [
        (
            each.rate_hz / sample_rate,
            each.delay_s * sample_rate,
            each.fade_s * sample_rate,
            LFO_SHAPES.index(each.shape),
        )
        for each in patch.lfos.values()
    ]
    return ControlProgram(
        envelopes=envelopes,
        lfos=np.array(lfos, np.float64).reshape(-1, 4),
        routes=np.array(routes, np.int64).reshape(-1, 3),
        amounts=np.array(amounts, np.float64),
        base=base,
        kill=1.0 / (KILL_SECONDS * sample_rate),
    )


def envelope_settings(envelope: EnvelopeTable, sample_rate: int) -> tuple[float, ...]:
    """Return the settings of an envelope in samples, a row of :attr:`ControlProgram.envelopes`."""
    return (
        1.0 / max(1.0, envelope.attack_s * sample_rate),
        envelope.hold_s * sample_rate,
        _rate(envelope.decay_s, sample_rate),
        envelope.sustain,
        _rate(envelope.release_s, sample_rate),
    )


def _rate(seconds: float, sample_rate: int) -> float:
    """Return the decay of an envelope in nepers a sample."""
    return DECAY_NEPERS / max(1.0, seconds * sample_rate)


def rewind(state: VoiceState, position: int) -> None:
    """Set the controls to their values at a position in their block, where the next block begins."""
    if position >= CONTROL_SAMPLES:
        return
    t = position / CONTROL_SAMPLES
    for pair in (state.pitch[:, :2], state.envelopes, state.lfos, state.controls):
        pair[:, 1] = pair[:, 0] + (pair[:, 1] - pair[:, 0]) * t
    state.age[:, 0] -= CONTROL_SAMPLES - position
