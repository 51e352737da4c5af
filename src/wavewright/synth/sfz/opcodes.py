"""Opcodes of SFZ: which ones are played, their defaults, and the generators of SoundFont that they become."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np

from ..soundfont import generators as gen

DEFAULTS: dict[str, float] = {
    **{"volume": 0.0, "master_volume": 0.0, "group_volume": 0.0, "global_volume": 0.0, "amplitude": 100.0},
    **{"pan": 0.0, "position": 0.0, "width": 100.0, "amp_veltrack": 100.0, "amp_keytrack": 0.0, "amp_keycenter": 60.0},
    **{"tune": 0.0, "transpose": 0.0, "pitch_keytrack": 100.0, "pitch_veltrack": 0.0},
    **{"bend_up": 200.0, "bend_down": -200.0, "offset": 0.0, "offset_random": 0.0, "delay": 0.0, "rt_decay": 0.0},
    **{"cutoff": math.inf, "resonance": 0.0, "fil_keytrack": 0.0, "fil_keycenter": 60.0, "fil_veltrack": 0.0},
    **{"ampeg_delay": 0.0, "ampeg_attack": 0.0, "ampeg_hold": 0.0, "ampeg_decay": 0.0, "ampeg_sustain": 100.0},
    **{"ampeg_release": 0.001, "ampeg_start": 0.0},
    **{"fileg_delay": 0.0, "fileg_attack": 0.0, "fileg_hold": 0.0, "fileg_decay": 0.0, "fileg_sustain": 100.0},
    **{"fileg_release": 0.0, "fileg_depth": 0.0, "fileg_vel2depth": 0.0},
    **{"pitcheg_delay": 0.0, "pitcheg_attack": 0.0, "pitcheg_hold": 0.0, "pitcheg_decay": 0.0},
    **{"pitcheg_sustain": 100.0, "pitcheg_release": 0.0, "pitcheg_depth": 0.0},
    **{"pitchlfo_delay": 0.0, "pitchlfo_freq": 0.0, "pitchlfo_depth": 0.0},
    **{"fillfo_delay": 0.0, "fillfo_freq": 0.0, "fillfo_depth": 0.0},
    **{"amplfo_delay": 0.0, "amplfo_freq": 0.0, "amplfo_depth": 0.0, "effect1": 0.0, "effect2": 0.0},
    **{"off_time": 0.006},
}
"""Opcodes with a number, which may follow controllers (``pan_oncc10``), and their values where they are not given."""

RULES = frozenset(
    (
        *("sample", "lokey", "hikey", "key", "pitch_keycenter", "lovel", "hivel", "lochan", "hichan", "loprog"),
        *("hiprog", "lorand", "hirand", "seq_length", "seq_position", "sw_lokey", "sw_hikey", "sw_last", "sw_default"),
        *("trigger", "group", "off_by", "off_mode", "loop_mode", "loop_start", "loop_end", "end", "fil_type"),
        *("xfin_lovel", "xfin_hivel", "xfout_lovel", "xfout_hivel", "xf_velcurve", "xf_keycurve", "xf_cccurve"),
        *("xfin_lokey", "xfin_hikey", "xfout_lokey", "xfout_hikey", "region_label", "group_label", "master_label"),
        *("global_label", "sw_label", "default_path", "note_offset", "octave_offset"),
    )
)
"""Opcodes that are no numbers which controllers change."""

NUMBERED = (
    re.compile(r"(lo|hi)cc\d+"),
    re.compile(r"(label|set|set_hd|set_real)_?(cc|key|output)\d+"),
    re.compile(r"set_(hd|real)cc\d+"),
    re.compile(r"xf(in|out)_(lo|hi)cc\d+"),
    re.compile(r"amp_velcurve_\d+"),
)
"""Opcodes with the number of a controller, a key or a velocity."""

CONTROLLED = re.compile(r"(\w+?)_?(?:on)?cc(\d+)")
"""A number that follows a controller."""

PLAYED_FILTERS = ("lpf_2p", "lpf_1p", "lpf_4p", "lpf_6p")
"""Low-pass filters; all have two poles here."""

DECAY_DB = 20.0 * 9.0 / math.log(10.0)
"""Envelopes of SFZ fall by so much in their times (e to the -9), those of SoundFont by 96 dB."""

RANGE_DB = 96.0
SILENT_CENTIBELS = 1_440.0


def is_played(name: str) -> bool:
    """Return whether an opcode has an effect, or needs none."""
    if name in DEFAULTS or name in RULES or any(pattern.fullmatch(name) for pattern in NUMBERED):
        return True
    controlled = CONTROLLED.fullmatch(name)
    return controlled is not None and controlled[1] in DEFAULTS and int(controlled[2]) < 128


def timecents(seconds: float) -> float:
    """Return a time in timecents; none at all where there is no time."""
    return gen.NEVER if seconds <= 0.001 else 1_200.0 * math.log2(min(seconds, 100.0))


def frequency_cents(hertz: float) -> float:
    """Return a frequency in cents above 8.176 Hz."""
    return 1_200.0 * math.log2(max(hertz, 1e-3) / 8.176)


def generators_of(values: Mapping[str, float]) -> np.ndarray:
    """Return the generators ``(N_GENERATORS,)`` of a region, in the units of SoundFont, from values of all DEFAULTS.

    Level, tuning and pan of key and velocity are left to the player.
    """
    amounts = gen.DEFAULTS.copy()
    amounts[gen.SCALE_TUNING] = min(max(values["pitch_keytrack"], 0.0), 1_200.0)
    amounts[[gen.REVERB_SEND, gen.CHORUS_SEND]] = 10.0 * values["effect1"], 10.0 * values["effect2"]
    if math.isfinite(values["cutoff"]):
        amounts[gen.FILTER_CUTOFF] = min(max(frequency_cents(values["cutoff"]), 1_500.0), 13_500.0)
        amounts[gen.FILTER_Q] = 10.0 * values["resonance"]
    _set_envelope(amounts, values, "ampeg", gen.VOL_ENV_DELAY)
    sustain = max(values["ampeg_sustain"], 0.0) / 100.0
    amounts[gen.VOL_ENV_SUSTAIN] = min(-200.0 * math.log10(sustain), SILENT_CENTIBELS) if sustain else SILENT_CENTIBELS
    modulating = modulating_envelope(values)
    _set_envelope(amounts, values, modulating, gen.MOD_ENV_DELAY)
    amounts[gen.MOD_ENV_SUSTAIN] = 1_000.0 - 10.0 * min(max(values[f"{modulating}_sustain"], 0.0), 100.0)
    amounts[gen.MOD_ENV_TO_FILTER] = values["fileg_depth"] if modulating == "fileg" else 0.0
    amounts[gen.MOD_ENV_TO_PITCH] = values["pitcheg_depth"] if modulating == "pitcheg" else 0.0
    amounts[gen.VIB_LFO_DELAY] = timecents(values["pitchlfo_delay"])
    amounts[gen.VIB_LFO_FREQUENCY] = frequency_cents(values["pitchlfo_freq"])
    amounts[gen.VIB_LFO_TO_PITCH] = values["pitchlfo_depth"] if values["pitchlfo_freq"] > 0.0 else 0.0
    slow = "amplfo" if values["amplfo_depth"] else "fillfo"
    amounts[gen.MOD_LFO_DELAY] = timecents(values[f"{slow}_delay"])
    amounts[gen.MOD_LFO_FREQUENCY] = frequency_cents(values[f"{slow}_freq"])
    if values[f"{slow}_freq"] > 0.0:
        amounts[gen.MOD_LFO_TO_FILTER] = values["fillfo_depth"] if slow == "fillfo" else 0.0
        amounts[gen.MOD_LFO_TO_VOLUME] = 10.0 * values["amplfo_depth"]
    limited: np.ndarray = np.clip(amounts, gen.LIMITS[:, 0], gen.LIMITS[:, 1])
    return limited


def modulating_envelope(values: Mapping[str, float]) -> str:
    """Return the envelope that is played of those of filter and pitch, since SoundFont has one for both."""
    return "pitcheg" if values["pitcheg_depth"] and not values["fileg_depth"] else "fileg"


def _set_envelope(amounts: np.ndarray, values: Mapping[str, float], name: str, first: int) -> None:
    """Set the times of an envelope: delay, attack, hold, decay and, after the sustain, release."""
    stretch = RANGE_DB / DECAY_DB if name == "ampeg" else 1.0
    amounts[first] = timecents(values[f"{name}_delay"])
    amounts[first + 1] = timecents(values[f"{name}_attack"])
    amounts[first + 2] = timecents(values[f"{name}_hold"])
    amounts[first + 3] = timecents(stretch * values[f"{name}_decay"])
    amounts[first + 5] = timecents(stretch * values[f"{name}_release"])


def crossfade(value: float, fade_in: tuple[float, float], fade_out: tuple[float, float], is_power: bool) -> float:
    """Return the gain of a crossfade at a key, a velocity or a controller; powers add up if ``is_power``."""
    gain = 1.0
    low, high = fade_in
    if value < high:
        gain *= min(max((value - low) / (high - low), 0.0), 1.0) if high > low else float(value >= low)
    low, high = fade_out
    if value > low:
        gain *= min(max((high - value) / (high - low), 0.0), 1.0) if high > low else float(value <= high)
    return math.sqrt(gain) if is_power else gain


def velocity_curve(opcodes: Mapping[str, str]) -> np.ndarray | None:
    """Return the gains of all velocities ``(128,)`` by ``amp_velcurve_N``, linear between; None without any."""
    points = {0: 0.0, 127: 1.0}
    given = False
    for name, value in opcodes.items():
        if name.startswith("amp_velcurve_"):
            number = name.rpartition("_")[2]
            if number.isdigit() and int(number) < 128:
                points[int(number)] = number_of(value)
                given = True
    if not given:
        return None
    curve: np.ndarray = np.interp(np.arange(128), sorted(points), [points[each] for each in sorted(points)])
    return curve


def number_of(text: str, default: float = 0.0) -> float:
    """Return the number at the start of a value, limited to what envelopes and levels can use."""
    found = re.match(r"[+-]?(\d+\.?\d*|\.\d+)", text)
    return min(max(float(found[0]), -1e7), 1e7) if found else default


def is_readable(name: str, value: str) -> bool:
    """Return whether a value is a number, or a key where one is wanted."""
    is_key = name in KEYS and (NOTE.fullmatch(value) or value == "sample")
    return (name not in DEFAULTS and name not in KEYS) or bool(is_key) or math.isfinite(number_of(value, math.nan))


KEYS = ("key", "lokey", "hikey", "pitch_keycenter", "sw_lokey", "sw_hikey", "sw_last", "sw_default")
NOTES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
NOTE = re.compile(r"([a-g])([#b♯♭]?)(-?\d)", re.IGNORECASE)


def key_of(text: str, default: int) -> int:
    """Return a key, given as a number or by its name, in which c4 is 60."""
    named = NOTE.fullmatch(text.strip())
    if named is not None:
        step = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[named[2].lower()]
        return NOTES[named[1].lower()] + step + 12 * (int(named[3]) + 1)
    return int(number_of(text, default))
