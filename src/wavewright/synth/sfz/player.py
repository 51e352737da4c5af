"""SfzEngine plays an SFZ instrument by the voices of the SoundFont player."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import replace

import numpy as np

from ...base.units import db_to_gain
from ...music.midi_channel import PEDAL_DOWN, SOUND_OFF, SUSTAIN
from ..soundfont import generators as gen
from ..soundfont.bank import Regions
from ..soundfont.player import LocatedRegion, PlayerSettings, SoundFontEngine
from .bank import RegionRules, SfzBank
from .opcodes import crossfade, generators_of

KEPT = (gen.SAMPLE_MODES, gen.ROOT_KEY, gen.END_OFFSET)
"""Generators that no controller changes."""

FULL = 127.0
ALL_OFF = (SOUND_OFF, 123, 124, 125, 126, 127)
RELEASES = ("release", "release_key")


class SfzEngine(SoundFontEngine):
    """Plays the instrument of an SFZ file on all channels.

    What depends on velocity, key and controllers (levels, crossfades, opcodes with ``_oncc``) is that of the start of
    a note; volume, pan, expression and the pitch wheel act on notes that sound.

    - ``bank``: several engines may use it at once.
    - ``sample_rate``: in Hz.
    - ``seed``: of the random numbers by which ``lorand`` and ``hirand`` choose regions.

    Raises BadSetting if the sample rate is out of range.
    """

    def __init__(self, bank: SfzBank, sample_rate: int, settings: PlayerSettings | None = None, seed: int = 0) -> None:
        self._bank = bank
        self._seed = seed
        super().__init__(bank, sample_rate, settings)

    def reset(self) -> None:
        """Stop all sound and return to the state of a new engine."""
        super().reset()
        for number, value in self._bank.initial_controls.items():
            self._controls[:, number] = value
        self._rng = np.random.default_rng(self._seed)
        self._counts: defaultdict[int, int] = defaultdict(int)
        self._held: defaultdict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)
        self._pedalled: list[tuple[int, int, int, int]] = []
        first = next((rules.default_switch for rules in self._bank.rules if rules.default_switch is not None), None)
        self._switches: dict[int, int | None] = defaultdict(lambda: first)
        self._programs: defaultdict[int, int] = defaultdict(int)
        self._off_samples = np.zeros(len(self._voices))
        self._now = 0

    def program(self, channel: int, bank: int, program: int) -> None:
        """Select a program, which matters to regions with ``loprog`` and ``hiprog``."""
        super().program(channel, bank, program)
        self._programs[channel] = program

    def process(self, n_samples: int) -> np.ndarray:
        """Return the next block, float32 ``(2, n_samples)``."""
        self._now += n_samples
        return super().process(n_samples)

    def control(self, channel: int, controller: int, value: int) -> None:
        """Change a controller; see :meth:`.SoundFontEngine.control`."""
        super().control(channel, controller, value)
        if controller in ALL_OFF:
            for pair in [pair for pair in self._held if pair[0] == channel]:
                del self._held[pair]
            self._pedalled = [each for each in self._pedalled if each[0] != channel]
        elif controller == SUSTAIN and value < PEDAL_DOWN:
            released = [each for each in self._pedalled if each[0] == channel]
            self._pedalled = [each for each in self._pedalled if each[0] != channel]
            for _, key, velocity, start in released:
                self._play(channel, key, velocity, ("release",), start)

    def note_on(self, channel: int, key: int, velocity: int) -> None:
        """Start a note: all regions whose conditions it meets."""
        if velocity <= 0:
            self.note_off(channel, key)
            return
        if self._n_active:
            self._release(self._of(channel) & (self._voices["key"] == key) & (self._voices["is_sustained"] != 0))
        ranges = self._bank.regions(0).ranges
        if not ((ranges[:, 0] <= key) & (key <= ranges[:, 1])).any():
            self.unsounded[key] += 1
        has_others = any(held and pair[0] == channel for pair, held in self._held.items())
        self._held[channel, key].append((velocity, self._now))
        if any(rules.switches[0] <= key <= rules.switches[1] for rules in self._bank.rules):
            self._switches[channel] = key
        self._play(channel, key, velocity, ("attack", "legato" if has_others else "first"), self._now)

    def note_off(self, channel: int, key: int) -> None:
        """Release the oldest held note of this key, if there is one, and start the regions that its end triggers."""
        held = self._held.get((channel, key))
        if not held:
            return
        velocity, start = held.popleft()
        super().note_off(channel, key)
        if self._channels[channel].is_sustained:
            self._pedalled.append((channel, key, velocity, start))
            self._play(channel, key, velocity, ("release_key",), start)
        else:
            self._play(channel, key, velocity, RELEASES, start)

    def _play(self, channel: int, key: int, velocity: int, triggers: tuple[str, ...], start: int) -> None:
        """Start the regions of some triggers that match a note, which began at the sample ``start``."""
        preset = self._bank.presets[0]
        ranges = self._bank.regions(0).ranges
        is_hit = (ranges[:, 0] <= key) & (key <= ranges[:, 1]) & (ranges[:, 2] <= velocity) & (velocity <= ranges[:, 3])
        drawn = float(self._rng.random())
        chosen = []
        for row in np.flatnonzero(is_hit).tolist():
            rules = self._bank.rules[row]
            if rules.trigger in triggers and self._is_meant(rules, channel, drawn) and self._is_next(row, rules):
                chosen.append((row, rules))
        self._end_groups({rules.group for _, rules in chosen} - {0})
        self._n_notes += 1
        for row, rules in chosen:
            region = self._region(preset, row)
            if not region.is_audible:
                continue
            adapted, gain, cents = self._adapted(region, rules, channel, key, velocity)
            if rules.trigger in RELEASES:
                seconds = (self._now - start) / self.sample_rate
                gain *= float(db_to_gain(-min(rules.values["rt_decay"] * seconds, 200.0)))
            index = self._start(channel, key, velocity, preset, adapted, gain, cents)
            self._off_samples[index] = 0.0 if rules.off_seconds is None else rules.off_seconds * self.sample_rate
            if rules.is_one_shot or rules.trigger in RELEASES:
                self._voices["is_held"][index] = 0

    def _is_meant(self, rules: RegionRules, channel: int, drawn: float) -> bool:
        """Return whether channel, program, controllers, key switch and random number are those of a region."""
        row = self._controls[channel]
        return (
            rules.channels[0] <= channel + 1 <= rules.channels[1]
            and rules.programs[0] <= self._programs[channel] <= rules.programs[1]
            and (rules.random[0] <= drawn < rules.random[1] or (rules.random[1] >= 1.0 and drawn >= rules.random[0]))
            and (rules.switch is None or rules.switch == self._switches[channel])
            and all(low <= row[number] <= high for number, low, high in rules.controllers)
        )

    def _is_next(self, row: int, rules: RegionRules) -> bool:
        """Return whether it is a region's turn, and count the note."""
        length, position = rules.sequence
        if length == 1:
            return True
        count = self._counts[row]
        self._counts[row] += 1
        return count % length == position - 1

    def _end_groups(self, groups: set[int]) -> None:
        """End the voices that are off by some groups."""
        from ..soundfont.voice_kernels import release_voice

        voices = self._voices
        for group in groups:
            is_ended = (voices["is_active"] != 0) & (voices["exclusive"] == group) & (voices["is_stolen"] == 0)
            for index in np.flatnonzero(is_ended).tolist():
                # A fade of the player falls by 96 dB in its time.
                release_voice(voices, index, float(self._off_samples[index]))

    def _located(self, regions: Regions, row: int) -> LocatedRegion:
        located = super()._located(regions, row)
        located.window[-1] = self._bank.rules[row].off_by
        return located

    def _adapted(
        self, region: LocatedRegion, rules: RegionRules, channel: int, key: int, velocity: int
    ) -> tuple[LocatedRegion, float, float]:
        """Return a region as a note plays it, its gain, and its tuning in cents."""
        row = self._controls[channel]
        values, gain = rules.values, 1.0
        amounts = region.generators.copy()
        if rules.modulations:
            values = dict(values)
            for name, number, depth in rules.modulations:
                if name == "amplitude":
                    gain *= depth / 100.0 * row[number] / FULL
                else:
                    values[name] += depth * row[number] / FULL
            amounts = generators_of(values)
            amounts[list(KEPT)] = region.generators[list(KEPT)]
        loudness = velocity / FULL
        if amounts[gen.FILTER_CUTOFF] < gen.DEFAULTS[gen.FILTER_CUTOFF] or values["fil_veltrack"] < 0.0:
            tracked = values["fil_keytrack"] * (key - values["fil_keycenter"]) + values["fil_veltrack"] * loudness
            amounts[gen.FILTER_CUTOFF] = min(max(amounts[gen.FILTER_CUTOFF] + tracked, 1_500.0), 13_500.0)
        amounts[gen.MOD_ENV_TO_FILTER] += values["fileg_vel2depth"] * loudness
        pan = min(max(values["pan"], -100.0), 100.0)
        if rules.side:
            amounts[gen.PAN] = 5.0 * rules.side * min(max(values["width"], -100.0), 100.0)
            gain *= min(1.0, 1.0 + rules.side * pan / 100.0)
        else:
            amounts[gen.PAN] = 5.0 * pan
        level_db = sum(values[name] for name in ("volume", "master_volume", "group_volume", "global_volume"))
        level_db += values["amp_keytrack"] * (key - values["amp_keycenter"])
        gain *= float(db_to_gain(min(max(level_db, -200.0), 60.0))) * values["amplitude"] / 100.0
        gain *= self._velocity_gain(rules, values["amp_veltrack"] / 100.0, velocity)
        gain *= crossfade(key, *rules.key_fade, rules.powers[0])
        gain *= crossfade(velocity, *rules.velocity_fade, rules.powers[1])
        for number, fade in rules.controller_fades:
            gain *= crossfade(float(row[number]), *fade, rules.powers[2])
        cents = values["tune"] + 100.0 * values["transpose"] + values["pitch_veltrack"] * loudness
        offset = round(values["offset"] + values["offset_random"] * self._rng.random())
        window = region.window
        if offset > 0:
            window = window.copy()
            window[0] = min(window[0] + offset, window[1] - 1)
            window[4] = window[4] if window[0] <= window[2] else 0
        return replace(region, generators=amounts, window=window), gain, cents

    def _velocity_gain(self, rules: RegionRules, track: float, velocity: int) -> float:
        """Return the gain of a velocity: the square of it, or the curve of the region, by the tracking -1 to 1."""
        reached = velocity if track >= 0.0 else 127 - velocity
        curve = float(rules.curve[reached]) if rules.curve is not None else (reached / FULL) ** 2
        return max(1.0 - min(abs(track), 1.0) * (1.0 - curve), 0.0)
