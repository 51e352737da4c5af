"""Voices of the SoundFont player, compiled: modulation, envelopes, and segments of at most 64 samples.

A segment is rendered with constant pitch and filter and with linear gains. It ends where a stage of the volume envelope
ends, or where an event interrupts it, so the length of blocks changes no sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ...dsp.compiled import compiled, inlined
from ...music.midi_channel import BALANCE, CHANNEL_PRESSURE, PITCH_WHEEL, TUNING, WHEEL_RANGE
from . import generators as gen
from .voice import CUTOFFS, N_PHASES, N_TAPS

# --- Eight samples times eight coefficients, as LLVM vectors, which numba does not make of loops so short

_Numba: TypeAlias = Any  # an object of numba or llvmlite, most of which have no annotations

_BYTES = 4  # of a number, to which the vectors are aligned


def _tap_sum(
    typing_context: _Numba,  # noqa: ARG001
    wave: _Numba,
    first: _Numba,
    tables: _Numba,
    row: _Numba,
) -> tuple[_Numba, Callable[..., _Numba]]:
    """Return the signature of the sum and the function that writes its code."""
    return types.float32(wave, first, tables, row), _write_tap_sum


tap_sum: _Numba = intrinsic(_tap_sum)
"""Sum of ``wave[first : first + N_TAPS] * table[row]`` for contiguous float32 arrays, in compiled code.

Halves are added to halves, in this order on every processor. Nothing is checked: indices are those of the player.
"""


def _write_tap_sum(context: _Numba, builder: _Numba, signature: _Numba, arguments: Sequence[_Numba]) -> _Numba:
    """Write two loads, a product and the additions."""
    wave, first, table, row = arguments
    samples = _load(context, builder, signature.args[0], wave, first)
    start = builder.mul(row, ir.Constant(row.type, N_TAPS))
    total = builder.fmul(samples, _load(context, builder, signature.args[2], table, start))
    n_left = N_TAPS
    while n_left > 1:
        n_left //= 2
        low, high = (
            ir.Constant(ir.VectorType(ir.IntType(32), n_left), [*range(start, start + n_left)]) for start in (0, n_left)
        )
        halves = [builder.shuffle_vector(total, ir.Constant(total.type, ir.Undefined), mask) for mask in (low, high)]
        total = builder.fadd(*halves)
    return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))


def _load(context: _Numba, builder: _Numba, kind: _Numba, array: _Numba, start: _Numba) -> _Numba:
    """Write the load of N_TAPS numbers of an array from a position on."""
    data = context.make_array(kind)(context, builder, array).data
    vector = ir.VectorType(ir.FloatType(), N_TAPS)
    address = builder.bitcast(builder.gep(data, [start]), ir.PointerType(vector))
    return builder.load(address, align=_BYTES)


Voice: TypeAlias = Any
"""A record of voices, which Python sees as an array and numba as a structure."""

Number: TypeAlias = Any
"""A float of Python, or one of single precision."""

SEGMENT_SAMPLES = 64
ONE = 1 << 32
PHASE_SHIFT = 32 - int(math.log2(N_PHASES))
BEFORE, AFTER = N_TAPS // 2 - 1, N_TAPS // 2

LOG2_10 = math.log2(10.0)

RANGE_DB = 96.0
"""Range of the volume envelope: its decay and release fall by so much in their times."""

ATTENUATION_SCALE = 0.4
"""Centibels of the generator of attenuation count so much, as in the sound cards for which most banks were made."""

FULL_WHEEL = 8_192.0
SHORTEST_RELEASE = -7_200.0
"""Timecents of 16 ms: a shorter release would click."""

N_CUTOFFS = len(CUTOFFS)


@inlined
def _normalised(index: int, is_controller: bool, voice: Voice, controls: np.ndarray) -> Number:
    """Return the value of a source of a modulator: 0 to 1, the pitch wheel with 0.5 in the middle."""
    row = controls[voice.channel]
    value = 0.0
    if is_controller:
        value = row[index] / 127.0
    elif index == 2:
        value = voice.velocity / 127.0
    elif index == 3:
        value = voice.key / 127.0
    elif index == 13:
        value = row[CHANNEL_PRESSURE] / 127.0
    elif index == 14:
        value = 0.5 + row[PITCH_WHEEL] / (2.0 * FULL_WHEEL)
    elif index == 16:
        value = row[WHEEL_RANGE] / 127.0
    return value


@inlined
def _concave(value: float) -> float:
    """Return 0 at 0 and 1 at 1, on the curve of 40 dB of a logarithm (section 9.5.3 of the specification)."""
    return 1.0 if value >= 1.0 else min(1.0, -400.0 / 960.0 * math.log10(1.0 - value))


@inlined
def _curved(kind: int, value: float) -> float:
    if kind == 1:
        return _concave(value)
    if kind == 2:
        return 1.0 - _concave(1.0 - value)
    if kind == 3:
        return 1.0 if value >= 0.5 else 0.0
    return value


@inlined
def _source(source: int, voice: Voice, controls: np.ndarray) -> float:
    """Return a source of a modulator on its curve: 0 to 1, or -1 to 1 where it has two signs."""
    index = source & 0x7F
    is_controller = (source & 0x80) != 0
    if index == 0 and not is_controller:
        return 1.0
    value = _normalised(index, is_controller, voice, controls)
    kind = source >> 10
    is_bipolar = (source & 0x200) != 0
    is_falling = (source & 0x100) != 0
    if not is_bipolar:
        return _curved(kind, 1.0 - value if is_falling else value)
    if is_controller:  # whose centre is 64
        raw = value * 127.0 - 64.0
        signed = raw / 63.0 if raw > 0.0 else raw / 64.0
    else:
        signed = 2.0 * value - 1.0
    signed = -signed if is_falling else signed
    if kind == 3:
        return 1.0 if signed >= 0.0 else -1.0
    return math.copysign(_curved(kind, abs(signed)), signed)


@inlined
def _centibels_to_gain(centibels: float) -> float:
    return math.exp2(centibels * (-LOG2_10 / 200.0))


@inlined
def _modulate(
    voice: Voice, base: np.ndarray, modulators: np.ndarray, controls: np.ndarray, amounts: np.ndarray
) -> None:
    """Fill the amounts of all generators of a voice, and what follows from them but for its envelopes."""
    for number in range(len(base)):
        amounts[number] = base[number]
    amounts[gen.ATTENUATION] *= ATTENUATION_SCALE
    for row in range(voice.n_modulators):
        source = _source(int(modulators[row, 0]), voice, controls)
        product = modulators[row, 2] * source
        if product != 0.0:
            product *= _source(int(modulators[row, 3]), voice, controls)
        if modulators[row, 4] == 2.0:
            product = abs(product)
        amounts[int(modulators[row, 1])] += product
    voice.attenuation = min(max(amounts[gen.ATTENUATION], 0.0), 1_440.0)
    angle = (min(max(amounts[gen.PAN], -500.0), 500.0) + 500.0) * (math.pi / 2_000.0)
    balance = controls[voice.channel, BALANCE] / 64.0 - 1.0  # it takes from one side, on the curve of FluidSynth
    voice.left_pan = math.cos(angle) * min(1.0, 1.0 - balance) ** 2
    voice.right_pan = math.sin(angle) * min(1.0, 1.0 + balance) ** 2
    voice.fixed_gain = voice.level * _centibels_to_gain(voice.attenuation)
    voice.reverb = min(max(amounts[gen.REVERB_SEND], 0.0), 1_000.0) / 1_000.0
    voice.chorus = min(max(amounts[gen.CHORUS_SEND], 0.0), 1_000.0) / 1_000.0
    voice.cutoff = amounts[gen.FILTER_CUTOFF]
    voice.resonance = min(max(amounts[gen.FILTER_Q], 0.0), 960.0)
    tuned = 100.0 * amounts[gen.COARSE_TUNE] + amounts[gen.FINE_TUNE] + amounts[gen.PITCH]
    voice.cents = voice.tuning + tuned + controls[voice.channel, TUNING]
    voice.mod_lfo_to_pitch = amounts[gen.MOD_LFO_TO_PITCH]
    voice.vib_lfo_to_pitch = amounts[gen.VIB_LFO_TO_PITCH]
    voice.mod_env_to_pitch = amounts[gen.MOD_ENV_TO_PITCH]
    voice.mod_lfo_to_filter = amounts[gen.MOD_LFO_TO_FILTER]
    voice.mod_env_to_filter = amounts[gen.MOD_ENV_TO_FILTER]
    voice.mod_lfo_to_volume = amounts[gen.MOD_LFO_TO_VOLUME]
    depths = abs(voice.mod_lfo_to_pitch) + abs(voice.mod_lfo_to_filter) + abs(voice.mod_lfo_to_volume)
    voice.is_modulated = depths + abs(voice.mod_env_to_pitch) + abs(voice.mod_env_to_filter) > 0.0
    voice.is_set = 0


@inlined
def _timecents(cents: float, sample_rate: float) -> float:
    """Return a time in samples; the lowest number of timecents is none at all."""
    limited = min(max(cents, -12_000.0), 8_000.0)
    return 0.0 if limited <= -12_000.0 else sample_rate * math.exp2(limited / 1_200.0)


@inlined
def _set_envelopes(voice: Voice, amounts: np.ndarray, sample_rate: float) -> None:
    key = 60.0 - voice.key
    voice.vol_delay = round(_timecents(amounts[gen.VOL_ENV_DELAY], sample_rate))
    voice.vol_attack = round(_timecents(amounts[gen.VOL_ENV_ATTACK], sample_rate))
    voice.vol_hold = round(_timecents(amounts[gen.VOL_ENV_HOLD] + key * amounts[gen.KEY_TO_VOL_ENV_HOLD], sample_rate))
    decay = amounts[gen.VOL_ENV_DECAY] + key * amounts[gen.KEY_TO_VOL_ENV_DECAY]
    voice.vol_decay = max(1.0, _timecents(decay, sample_rate))
    voice.vol_sustain = 1.0 - min(max(amounts[gen.VOL_ENV_SUSTAIN] / (10.0 * RANGE_DB), 0.0), 1.0)
    voice.vol_release = max(1.0, _timecents(max(amounts[gen.VOL_ENV_RELEASE], SHORTEST_RELEASE), sample_rate))
    voice.mod_delay = round(_timecents(amounts[gen.MOD_ENV_DELAY], sample_rate))
    voice.mod_attack = round(_timecents(amounts[gen.MOD_ENV_ATTACK], sample_rate))
    voice.mod_hold = round(_timecents(amounts[gen.MOD_ENV_HOLD] + key * amounts[gen.KEY_TO_MOD_ENV_HOLD], sample_rate))
    decay = amounts[gen.MOD_ENV_DECAY] + key * amounts[gen.KEY_TO_MOD_ENV_DECAY]
    voice.mod_decay = max(1.0, _timecents(decay, sample_rate))
    voice.mod_sustain = 1.0 - min(max(amounts[gen.MOD_ENV_SUSTAIN] / 1_000.0, 0.0), 1.0)
    voice.mod_release = max(1.0, _timecents(amounts[gen.MOD_ENV_RELEASE], sample_rate))
    voice.mod_lfo_delay = _timecents(amounts[gen.MOD_LFO_DELAY], sample_rate)
    voice.vib_lfo_delay = _timecents(amounts[gen.VIB_LFO_DELAY], sample_rate)
    frequency = min(max(amounts[gen.MOD_LFO_FREQUENCY], -16_000.0), 4_500.0)
    voice.mod_lfo_step = 8.176 * math.exp2(frequency / 1_200.0) / sample_rate
    frequency = min(max(amounts[gen.VIB_LFO_FREQUENCY], -16_000.0), 4_500.0)
    voice.vib_lfo_step = 8.176 * math.exp2(frequency / 1_200.0) / sample_rate


@inlined
def _volume_value(voice: Voice, time: int) -> Number:
    """Return the volume envelope: 1 is full; 0 lies RANGE_DB lower, but in the attack, where it is an amplitude."""
    if 0 <= voice.release_time <= time:
        return voice.vol_release_value - (time - voice.release_time) / voice.vol_release
    time -= voice.vol_delay
    if time < voice.vol_attack:
        return time / voice.vol_attack
    time -= voice.vol_attack + voice.vol_hold
    if time <= 0:
        return 1.0
    return max(1.0 - time / voice.vol_decay, voice.vol_sustain)


@inlined
def _is_rising(voice: Voice, time: int) -> bool:
    return not 0 <= voice.release_time <= time and time < voice.vol_delay + voice.vol_attack


@inlined
def _volume(voice: Voice, time: int) -> Number:
    """Return the amplitude of the volume envelope."""
    if time < voice.vol_delay and voice.release_time < 0:
        return 0.0
    value = _volume_value(voice, time)
    if _is_rising(voice, time):
        return value
    return math.exp2((value - 1.0) * (RANGE_DB / 20.0 * LOG2_10)) if value > 0.0 else 0.0


@inlined
def _modulation_value(voice: Voice, time: int) -> Number:
    """Return the modulation envelope, 0 to 1; its attack is convex."""
    if 0 <= voice.release_time <= time:
        return max(0.0, voice.mod_release_value - (time - voice.release_time) / voice.mod_release)
    time -= voice.mod_delay
    if time < 0:
        return 0.0
    if time < voice.mod_attack:
        return 1.0 - _concave(1.0 - time / voice.mod_attack)
    time -= voice.mod_attack + voice.mod_hold
    if time <= 0:
        return 1.0
    return max(1.0 - time / voice.mod_decay, voice.mod_sustain)


@inlined
def _triangle(time: float, step: float) -> float:
    """Return a triangle wave that rises from 0 at the time 0, and 0 before."""
    if time <= 0.0:
        return 0.0
    cycle = time * step + 0.25
    return 1.0 - abs(4.0 * (cycle - math.floor(cycle)) - 2.0)


@inlined
def _interrupt(voice: Voice) -> None:
    """End the segment of a voice at the present sample."""
    done = voice.segment - voice.left
    voice.left_gain += voice.left_step * done
    voice.right_gain += voice.right_step * done
    voice.reverb_gain += voice.reverb_step * done
    voice.chorus_gain += voice.chorus_step * done
    voice.time -= voice.left
    voice.segment = 0
    voice.left = 0


@inlined
def _set_filter(voice: Voice, cents: float, sample_rate: float) -> None:
    """Compute the coefficients of the low-pass filter, where it is needed or was before."""
    cutoff = 8.176 * math.exp2(min(max(cents, 1_500.0), 13_500.0) / 1_200.0)
    highest = 0.45 * sample_rate
    if not voice.is_filtered:
        if cutoff >= min(highest, 19_900.0) and voice.resonance == 0.0:
            return
        voice.is_filtered = 1
        voice.x2 = voice.y1 = voice.y2 = voice.x1
    angle = 2.0 * math.pi * min(cutoff, highest) / sample_rate
    quality = math.exp2((voice.resonance / 10.0 - 3.0103) * (LOG2_10 / 20.0))
    alpha = math.sin(angle) / (2.0 * quality)
    cosine = math.cos(angle)
    scale = 1.0 / (1.0 + alpha)
    # A resonance raises the whole response, of which half of its height is taken off (section 8.1.2, number 9).
    gain = math.exp2(-voice.resonance * (LOG2_10 / 400.0))
    voice.b0 = gain * 0.5 * (1.0 - cosine) * scale
    voice.a1 = -2.0 * cosine * scale
    voice.a2 = (1.0 - alpha) * scale


@inlined
def _set_pitch_and_filter(voice: Voice, time: int, sample_rate: float) -> None:
    """Set the increment, the table and the filter of a segment from the modulation at a time."""
    mod_lfo = envelope = 0.0
    if voice.is_modulated:
        mod_lfo = _triangle(time - voice.mod_lfo_delay, voice.mod_lfo_step)
        envelope = _modulation_value(voice, time)
    vib_lfo = _triangle(time - voice.vib_lfo_delay, voice.vib_lfo_step)
    cents = voice.cents + mod_lfo * voice.mod_lfo_to_pitch + vib_lfo * voice.vib_lfo_to_pitch
    cents += envelope * voice.mod_env_to_pitch
    increment = voice.ratio * math.exp2(min(max(cents, -24_000.0), 24_000.0) / 1_200.0)
    voice.increment = max(1, int(min(increment, 64.0) * ONE))
    table = 0 if increment <= 1.0 else math.ceil(4.0 * math.log2(increment) - 0.01)
    voice.table = min(max(table, 0), N_CUTOFFS - 1)
    filtered = voice.cutoff + mod_lfo * voice.mod_lfo_to_filter + envelope * voice.mod_env_to_filter
    if not voice.is_set or filtered != voice.filtered_at:
        _set_filter(voice, filtered, sample_rate)
        voice.filtered_at = filtered
    voice.is_set = 1


@inlined
def _begin_segment(voice: Voice, sample_rate: float) -> bool:
    """Set pitch, filter and gains of the next segment; return False where the voice has ended."""
    voice.left_gain += voice.left_step * voice.segment
    voice.right_gain += voice.right_step * voice.segment
    voice.reverb_gain += voice.reverb_step * voice.segment
    voice.chorus_gain += voice.chorus_step * voice.segment
    now = voice.time
    is_released = 0 <= voice.release_time <= now
    n = SEGMENT_SAMPLES
    if not is_released:
        ahead = voice.vol_delay - now
        if ahead <= 0:
            ahead += voice.vol_attack
        if ahead <= 0:
            ahead += voice.vol_hold
        if ahead > 0:
            n = min(n, ahead)
    if (now >= voice.vol_delay + voice.vol_attack or is_released) and _volume_value(voice, now) <= 0.0:
        return False
    if not voice.is_set or voice.is_modulated or voice.vib_lfo_to_pitch != 0.0:
        _set_pitch_and_filter(voice, now + n // 2, sample_rate)
    end = now + n
    gain = voice.fixed_gain
    if voice.mod_lfo_to_volume != 0.0:
        lfo = _triangle(end - voice.mod_lfo_delay, voice.mod_lfo_step)
        gain = voice.level * _centibels_to_gain(
            min(max(voice.attenuation - lfo * voice.mod_lfo_to_volume, 0.0), 1_440.0)
        )
    gain *= _volume(voice, end)
    per_sample = 1.0 / n
    voice.left_step = (gain * voice.left_pan - voice.left_gain) * per_sample
    voice.right_step = (gain * voice.right_pan - voice.right_gain) * per_sample
    voice.reverb_step = (gain * voice.reverb - voice.reverb_gain) * per_sample
    voice.chorus_step = (gain * voice.chorus - voice.chorus_gain) * per_sample
    voice.segment = n
    voice.left = n
    voice.time = end
    return True


@inlined
def _wrapped(wave: np.ndarray, voice: Voice, index: int, row: np.ndarray) -> Number:
    """Return an interpolated sample near an end of the loop, with what follows there in the loop."""
    total = np.float32(0.0)
    length = voice.loop_end - voice.loop_start
    for tap in range(N_TAPS):
        position = index - BEFORE + tap
        if position >= voice.loop_end:
            position = voice.loop_start + (position - voice.loop_end) % length
        elif voice.has_looped and position < voice.loop_start:
            position = voice.loop_end - 1 - (voice.loop_start - 1 - position) % length
        total += wave[position] * row[tap]
    return total


@inlined(fastmath={"contract"})
def _fill(voice: Voice, wave: np.ndarray, table: np.ndarray, output: np.ndarray, n: int) -> bool:
    """Fill the next n samples of a voice, filtered; return False where the sample ends.

    Interpolation waits for memory and the filter for its last output, so that one loop does both in the time of one.
    """
    is_looping = voice.mode == 1 or (voice.mode == 3 and voice.release_time < 0)
    is_filtered = voice.is_filtered != 0
    phase, increment = voice.phase, voice.increment
    b0, a1, a2 = voice.b0, voice.a1, voice.a2
    x1, x2, y1, y2 = voice.x1, voice.x2, voice.y1, voice.y2
    first = voice.start - BEFORE
    end = (voice.loop_end if is_looping else voice.end) - voice.start
    safe_end = (end - AFTER if is_looping else end) << 32
    safe_start = ((voice.loop_start - voice.start + BEFORE) << 32) if is_looping and voice.has_looped else 0
    i = 0
    while i < n:
        if not is_looping and phase >= safe_end:
            output[i:n] = np.float32(0.0)
            return False
        if phase >= safe_end or phase < safe_start:
            row = table[(phase & (ONE - 1)) >> PHASE_SHIFT]
            output[i] = _wrapped(wave, voice, voice.start + (phase >> 32), row)
            run = 1
            phase += increment
            if phase >= end << 32:
                phase -= end << 32
                phase %= (voice.loop_end - voice.loop_start) << 32
                phase += (voice.loop_start - voice.start) << 32
                voice.has_looped = 1
                safe_start = (voice.loop_start - voice.start + BEFORE) << 32
            if is_filtered:
                x = float(output[i])
                y = (b0 * (x + 2.0 * x1 + x2) - a2 * y2) - a1 * y1
                x2, x1, y2, y1 = x1, x, y1, y
                output[i] = y
        else:
            run = min(n - i, (safe_end - phase + increment - 1) // increment)
            if is_filtered:
                for j in range(i, i + run):
                    x = float(tap_sum(wave, first + (phase >> 32), table, (phase & (ONE - 1)) >> PHASE_SHIFT))
                    y = (b0 * (x + 2.0 * x1 + x2) - a2 * y2) - a1 * y1
                    x2, x1, y2, y1 = x1, x, y1, y
                    output[j] = y
                    phase += increment
            else:
                for j in range(i, i + run):
                    output[j] = tap_sum(wave, first + (phase >> 32), table, (phase & (ONE - 1)) >> PHASE_SHIFT)
                    phase += increment
        i += run
    voice.phase = phase
    voice.x1, voice.x2, voice.y1, voice.y2 = (x1, x2, y1, y2) if is_filtered else (float(output[n - 1]), x2, y1, y2)
    return True


@inlined(fastmath={"contract"})
def _add(gain: float, step: float, done: int, output: np.ndarray, mix: np.ndarray, n: int) -> None:
    """Add n samples, whose gain is linear, from the sample ``done`` of the segment on."""
    start, rise = np.float32(gain), np.float32(step)
    for i in range(n):
        mix[i] += output[i] * (start + rise * np.float32(done + i))


@compiled("the voices of SoundFonts")
def render_voices(
    voices: np.ndarray,
    wave: np.ndarray,
    tables: np.ndarray,
    sample_rate: float,
    scratch: np.ndarray,
    mix: np.ndarray,
) -> int:
    """Add all voices to a block of left, right, reverb and chorus; return those that are still active."""
    n_samples = mix.shape[1]
    n_active = 0
    for index in range(len(voices)):
        voice = voices[index]
        if not voice.is_active:
            continue
        position = 0
        while position < n_samples:
            if voice.left == 0 and not _begin_segment(voice, sample_rate):
                voice.is_active = 0
                break
            n = min(voice.left, n_samples - position)
            if not _fill(voice, wave, tables[voice.table], scratch, n):
                voice.is_active = 0
            done = voice.segment - voice.left
            _add(voice.left_gain, voice.left_step, done, scratch, mix[0, position:], n)
            _add(voice.right_gain, voice.right_step, done, scratch, mix[1, position:], n)
            if voice.reverb > 0.0:
                _add(voice.reverb_gain, voice.reverb_step, done, scratch, mix[2, position:], n)
            if voice.chorus > 0.0:
                _add(voice.chorus_gain, voice.chorus_step, done, scratch, mix[3, position:], n)
            if not voice.is_active:
                break
            voice.left -= n
            position += n
        n_active += voice.is_active
    return n_active


@compiled("the starts of SoundFont voices")
def start_voice(
    voices: np.ndarray,
    index: int,
    window: np.ndarray,
    note: np.ndarray,
    ratio: float,
    tuning: float,
    level: float,
    base: np.ndarray,
    modulators: np.ndarray,
    amounts: np.ndarray,
    controls: np.ndarray,
    sample_rate: float,
) -> None:
    """Start a voice whose generators and modulators are set.

    - ``window``: start, end, and loop in the array of samples, mode, exclusive class.
    - ``note``: channel, key, velocity, number of the note, preset, and number of modulators.
    - ``ratio``: sample rate of the sample over that of the engine.
    - ``tuning``: cents above the sample.
    - ``level``: gain of the output.
    - ``amounts``: scratch memory.
    """
    voice = voices[index]
    voice.start, voice.end, voice.loop_start, voice.loop_end = window[0], window[1], window[2], window[3]
    voice.mode, voice.exclusive = window[4], window[5]
    voice.channel, voice.key, voice.velocity, voice.note = note[0], note[1], note[2], note[3]
    voice.preset, voice.n_modulators = note[4], note[5]
    voice.ratio, voice.tuning, voice.level = ratio, tuning, level
    voice.is_active = voice.is_held = 1
    voice.is_sustained = voice.is_stolen = voice.has_looped = voice.is_filtered = 0
    voice.phase = voice.time = voice.segment = voice.left = 0
    voice.release_time = -1
    voice.left_gain = voice.right_gain = voice.reverb_gain = voice.chorus_gain = 0.0
    voice.left_step = voice.right_step = voice.reverb_step = voice.chorus_step = 0.0
    voice.x1 = voice.x2 = voice.y1 = voice.y2 = 0.0
    _modulate(voice, base[index], modulators[index], controls, amounts)
    _set_envelopes(voice, amounts, sample_rate)


@compiled("the controls of SoundFont voices")
def control_voices(
    voices: np.ndarray,
    channel: int,
    base: np.ndarray,
    modulators: np.ndarray,
    amounts: np.ndarray,
    controls: np.ndarray,
) -> None:
    """Apply the controls of a channel to its voices; parameters as of :func:`start_voice`."""
    for index in range(len(voices)):
        voice = voices[index]
        if voice.is_active and voice.channel == channel:
            _interrupt(voice)
            _modulate(voice, base[index], modulators[index], controls, amounts)


@compiled("the releases of SoundFont voices")
def release_voice(voices: np.ndarray, index: int, release: float) -> None:
    """Begin the release of a voice: samples in which it falls by RANGE_DB, 0 for its own."""
    voice = voices[index]
    _interrupt(voice)
    now = voice.time
    value = _volume_value(voice, now) if now >= voice.vol_delay else 0.0
    if _is_rising(voice, now):
        value = 1.0 + 20.0 * math.log10(value) / RANGE_DB if value > 0.0 else 0.0
    modulation = _modulation_value(voice, now)
    voice.vol_release_value = value
    voice.mod_release_value = modulation
    voice.release_time = now
    if release > 0.0:
        voice.vol_release = release
    voice.is_held = 0
    voice.is_sustained = 0
