"""Train the network that finds notes in ``wavewright transcribe``: convolutions over time, the same for all pitches.

    python recipes/melody_notes.py --soundfont FluidR3_GM.sf2 --out runs/melody-notes
    python recipes/melody_notes.py --soundfont FluidR3_GM.sf2 --out runs/melody-notes --bundle

Random melodies are played by programs of the SoundFont (the program fluidsynth renders them) and by additive tones of
random attack, release, vibrato, portamento, formant and breath noise, with random reverberation, colour, noise and
tuning. The programs and melodies that ``benchmarks/music/transcription.py`` judges are in no sound of training.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
import torch
from torch.nn import functional

from wavewright.audio.clip import Clip
from wavewright.inference.transcription.note_network import DILATIONS, TAPS, WEIGHTS_FILE
from wavewright.inference.transcription.salience import FRAMES_PER_SECOND, SAMPLE_RATE, MelodyFrameMeter
from wavewright.inference.transcription.settings import LOWEST_PITCH
from wavewright.music.formats import write_score
from wavewright.music.score import PROGRAM, Score, Track, controls_of, notes_of
from wavewright.music.timing import TEMPO

PROGRAMS = (
    *(*range(0, 4), *range(5, 11), *range(12, 19), 20, 22, 23, 24, 26, *range(27, 32), *range(33, 40), 44, 45),
    *(47, 48, 49, 50, 51, 53, 54, 56, *range(58, 65), 66, 67, 69, 72, 75, 76, 77, 78, *range(80, 86)),
    *(*range(87, 93), 104, *range(106, 112)),
)
SUSTAINED = (16, 17, 18, 20, 22, 23, 44, *range(48, 52), 53, 54, 56, *range(58, 65), 66, 67, 69, 72, *range(75, 79))
SUSTAINED_CHANCE = 0.7  # of a program of these
SOUNDFONT_CHANCE = 0.5
LIMITS = {
    **dict.fromkeys((48, 49), (36, 84)),
    **dict.fromkeys((44, 50, 51), (40, 84)),
    **dict.fromkeys((53, 54), (48, 76)),
    **dict.fromkeys((61, 62, 63, 24, 26), (40, 76)),
    **dict.fromkeys(range(33, 40), (28, 55)),
    **dict.fromkeys((8, 10, 13), (65, 98)),
    **{56: (55, 84), 58: (30, 58), 59: (52, 80), 60: (38, 72), 64: (52, 84), 66: (44, 74), 67: (36, 64), 69: (52, 80)},
    **{72: (74, 100), 75: (60, 90), 76: (48, 84), 77: (55, 86), 78: (66, 96), 109: (60, 80), 110: (55, 90)},
    **{111: (56, 82), 22: (50, 86), 23: (50, 84), 14: (55, 80), 47: (36, 55), 12: (48, 84), 9: (72, 100)},
}
"""Lowest and highest pitch of the melodies of a program; OTHER_LIMITS for the others."""

OTHER_LIMITS, TONE_LIMITS = (40, 90), (24, 108)
FEW_HARMONICS, FEW_CHANCE = (1, 2, 2, 3, 4, 5, 8), 0.2  # of additive tones, sometimes
RATE = 22_050
SECONDS, REST_SECONDS = 10.0, 1.0  # of a melody, and after it
RANGE_SEMITONES = (12, 22)
STEP_SECONDS = (0.08, 0.5)
SHORTEST_SECONDS = 0.07
RHYTHMS = ((1,), (1, 1, 2), (1, 1, 1, 2, 3), (0.5, 1, 1, 2, 4), (1, 2 / 3, 1 / 3))
ARTICULATIONS = (0.5, 0.8, 0.95, 1.0, 1.0, 1.08)  # of the time to the next note; above 1 they overlap
N_HIDDEN = 16
N_SOUNDS, N_VALID = 700, 8
N_STEPS, BATCH, SEGMENT_FRAMES = 15_000, 5, 256
BEGIN_FRAMES = {-2: 0.5, -1: 0.9, 0: 1.0, 1: 0.9, 2: 0.5}  # target around the first frame of a note
BEGIN_WEIGHT = 2.0  # of frames in which notes begin, and of their loss

Rows = list[tuple[float, float, int, int]]
"""Start, end, pitch and velocity of notes."""


def melody(rng: np.random.Generator, lowest: int, highest: int) -> Rows:
    """Return a random melody of one rhythm, scale and articulation."""
    degrees = [(0, 2, 4, 5, 7, 9, 11), tuple(range(12))][rng.integers(2)]
    root = int(rng.integers(12))
    pool = [pitch for pitch in range(lowest, highest + 1) if (pitch - root) % 12 in degrees]
    rhythm = RHYTHMS[rng.integers(len(RHYTHMS))]
    step_s = np.exp(rng.uniform(*np.log(STEP_SECONDS)))
    articulation, width = rng.choice(ARTICULATIONS), rng.choice([1.5, 2.5, 5.0])
    rest_chance, repeat_chance = rng.choice([0.0, 0.0, 0.05, 0.15]), rng.choice([0.0, 0.05, 0.15])
    deviation_s = rng.uniform(0, 0.012)
    index, time_s = int(rng.integers(len(pool))), float(rng.uniform(0.05, 0.6))
    rows: Rows = []
    while time_s < SECONDS - 0.3:
        seconds = max(step_s * float(rng.choice(rhythm)), SHORTEST_SECONDS)
        if rng.random() >= rest_chance:
            if rng.random() >= repeat_chance:
                index += int(np.copysign(np.ceil(abs(rng.normal()) * width), rng.normal()))
                index = int(np.clip(index, 0, len(pool) - 1))
            start = time_s + deviation_s * rng.normal()
            if rows:
                start = max(start, rows[-1][0] + 0.06)
                if rows[-1][2] == pool[index]:
                    rows[-1] = (rows[-1][0], min(rows[-1][1], start - 0.003), *rows[-1][2:])
            velocity = int(np.clip(rng.normal(85, 15), 30, 125))
            rows.append((start, start + seconds * articulation, pool[index], velocity))
        time_s += seconds
    return rows


def by_soundfont(rows: Rows, program: int, soundfont: Path, folder: Path, rng: np.random.Generator) -> np.ndarray:
    """Return a melody by a program of a SoundFont, ``(time,)``."""
    ticks = [(round(1_000 * a), max(round(1_000 * (b - a)), 1), pitch, velocity) for a, b, pitch, velocity in rows]
    track = Track(notes_of(ticks), controls=controls_of([(0, PROGRAM, 0, program)]))
    score, wave = folder / "melody.mid", folder / "melody.wav"
    write_score(Score((track,), 1_000, np.array([(0, 1_000_000)], TEMPO)), score)
    room = [f"synth.reverb.level={rng.uniform(0.1, 0.9)}", f"synth.reverb.room-size={rng.uniform(0.2, 0.9)}"]
    options = ["-R", "1", "-o", room[0], "-o", room[1]] if rng.random() < 0.4 else ["-R", "0"]
    options += ["-o", "synth.dynamic-sample-loading=1", "-r", str(RATE), "-F", str(wave)]
    command = ["fluidsynth", "-ni", "-C", "0", *options, str(soundfont), str(score)]
    subprocess.run(command, check=True, capture_output=True)
    return Clip.read(wave).mono().wave[0].astype(np.float64)


def by_tones(rows: Rows, rng: np.random.Generator) -> np.ndarray:
    """Return a melody by an additive tone of random timbre and envelope, ``(time,)``."""
    n_samples = round((SECONDS + REST_SECONDS) * RATE)
    attack_s, release_s = (np.exp(rng.uniform(*np.log(limits))) for limits in ((0.004, 0.16), (0.02, 0.6)))
    vibrato, rate_hz = rng.choice([0, 0, 15, 30, 50]) * rng.uniform(0.5, 1), rng.uniform(4.5, 7)
    tilt, even, decay = rng.uniform(0.3, 2.2), rng.choice([1, 1, 1, 0.1]), rng.choice([0, 0, 0.5, 2, 5])
    first, levels = rng.choice([1, 1, 0.3, 0.05]), np.exp(rng.normal(0, 0.7, 40))
    breath, tremolo, curve = rng.choice([0, 0, 0.02, 0.08]), rng.choice([0, 0, 0.1, 0.3]), rng.choice([1, 0.5, 2])
    few = rng.random() < FEW_CHANCE
    n_harmonics, first = (int(rng.choice(FEW_HARMONICS)), 1) if few else (40, first)
    formant_hz, glide_s = rng.uniform(300, 3_000), rng.choice([0, 0, 0, 0.03, 0.06])
    out = np.zeros(n_samples)
    before: tuple[int, float] | None = None
    for start_s, end_s, pitch, velocity in rows:
        start = max(round(start_s * RATE), 0)
        n_tone = min(round((end_s - start_s + 5 * release_s) * RATE), n_samples - start)
        if n_tone <= 0:
            continue
        seconds = np.arange(n_tone) / RATE
        released_s = np.maximum(seconds - (end_s - start_s), 0.0)
        envelope = np.minimum(seconds / attack_s, 1) ** curve * np.exp(-decay * seconds - 3 * released_s / release_s)
        cents = vibrato * np.sin(2 * np.pi * rate_hz * seconds + rng.uniform(0, 6)) * np.minimum(seconds / 0.25, 1)
        bend = cents / 100 + 0.03 * rng.normal()
        if glide_s and before is not None and abs(start_s - before[1]) < 0.1:
            bend += (before[0] - pitch) * np.exp(-3 * seconds / glide_s)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69 + bend) / 12)) / RATE
        f0_hz, tone = 440 * 2 ** ((pitch - 69) / 12), np.zeros(n_tone)
        for order in range(1, min(n_harmonics, int(0.45 * RATE / f0_hz)) + 1):
            level = levels[order - 1] * order**-tilt * (first if order == 1 else 1) * (1 if order % 2 else even)
            level *= 1 + 2 * np.exp(-(((order * f0_hz - formant_hz) / 400) ** 2))
            swell = np.minimum(seconds / (attack_s * (1 + 0.08 * order)), 1)
            tone += level * swell * np.sin(order * phase + rng.uniform(0, 6))
        tone /= np.sqrt(np.mean(tone**2)) + 1e-9
        tone = (tone + breath * rng.normal(size=n_tone)) * (1 + tremolo * np.sin(10 * np.pi * seconds))
        out[start : start + n_tone] += tone * envelope * (velocity / 127) ** 2
        before = pitch, end_s
    return out


def recorded(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a wave in another room, over another line and in noise, each with a chance, ``(time,)``."""
    wave = wave / (np.abs(wave).max() + 1e-9)
    frequencies = np.fft.rfftfreq(len(wave), 1 / RATE)
    if rng.random() < 0.35:
        n_room = round(rng.uniform(0.2, 1.8) * RATE)
        room = rng.normal(size=n_room) * np.exp(-6.9 * np.arange(n_room) / n_room)
        room[: round(rng.uniform(0, 0.02) * RATE)] = 0
        room /= np.sqrt(np.square(room).sum())
        n_fft = 1 << (len(wave) + n_room).bit_length()
        wet = np.fft.irfft(np.fft.rfft(wave, n_fft) * np.fft.rfft(room, n_fft))[: len(wave)]
        wave = wave + wet * 10 ** (rng.uniform(-20, -3) / 20)
    if rng.random() < 0.5:
        gains_db = np.interp(np.log2(frequencies + 20), np.linspace(4.3, 13.5, 8), rng.uniform(-9, 9, 8))
        wave = np.fft.irfft(np.fft.rfft(wave) * 10 ** (gains_db / 20), len(wave))
    if rng.random() < 0.15:
        wave = np.fft.irfft(np.fft.rfft(wave) / (1 + (frequencies / rng.uniform(1_500, 5_000)) ** 4), len(wave))
    noise = rng.normal(size=len(wave))
    if rng.random() < 0.5:
        noise = np.fft.irfft(np.fft.rfft(noise) / np.sqrt(np.arange(len(frequencies)) + 50), len(wave))
    snr_db = rng.choice([15, 25, 35, 50, 60, 70])
    wave = wave + noise * np.sqrt(np.mean(wave**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return wave / np.abs(wave).max() * 10 ** (rng.uniform(-25, -1) / 20)


def sounds(soundfont: Path, folder: Path, first: int, number: int) -> Iterator[tuple[np.ndarray, Rows]]:
    """Yield waves ``(1, time)`` and their notes."""
    for seed in range(first, first + number):
        rng = np.random.default_rng([77, seed])
        program = None
        if rng.random() < SOUNDFONT_CHANCE:
            program = int(rng.choice(SUSTAINED if rng.random() < SUSTAINED_CHANCE else PROGRAMS))
        limits = TONE_LIMITS if program is None else LIMITS.get(program, OTHER_LIMITS)
        lowest = int(rng.integers(limits[0], max(limits[1] - RANGE_SEMITONES[0], limits[0] + 1)))
        rows = melody(rng, lowest, min(lowest + int(rng.integers(*RANGE_SEMITONES)), limits[1]))
        if program is not None:
            wave = by_soundfont(rows, program, soundfont, folder, rng)
            ratio = 2 ** (rng.choice([0, 0, 1]) * rng.uniform(-0.5, 0.5) / 12)
            wave = soxr.resample(wave, RATE * ratio, RATE)
            rows = [(a / ratio, b / ratio, pitch, velocity) for a, b, pitch, velocity in rows]
        else:
            wave = by_tones(rows, rng)
        wave = recorded(wave, rng)[: round((SECONDS + REST_SECONDS) * RATE)]
        yield wave.astype(np.float32)[None], [row for row in rows if row[1] < len(wave) / RATE]


def example(wave: np.ndarray, rows: Rows, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return features and targets of the pitches of a melody and of others, ``(frames, pitches, ...)``."""
    meter = MelodyFrameMeter()
    meter.add(soxr.resample(wave[0], RATE, SAMPLE_RATE)[None])
    evidence, tuning, loudest_db = meter.evidence()
    long, short = evidence.pooled(tuning)
    played = sorted({pitch - LOWEST_PITCH for _, _, pitch, _ in rows})
    likely = np.argsort(-np.sort(long, axis=0)[-12:].mean(axis=0))
    others = [pitch for pitch in likely if pitch not in played]
    n_likely = max(6, len(played) // 2)
    drawn = rng.permutation(others[n_likely:])[:3]
    pitches = np.array([*played, *others[:n_likely], *drawn])
    targets = np.zeros((len(evidence), len(pitches), 2), np.float32)
    for start_s, end_s, pitch, _ in rows:
        column, start = played.index(pitch - LOWEST_PITCH), round(start_s * FRAMES_PER_SECOND)
        targets[start : max(round(end_s * FRAMES_PER_SECOND), start + 4), column, 0] = 1
        for step, value in BEGIN_FRAMES.items():
            if 0 <= start + step < len(targets):
                targets[start + step, column, 1] = max(value, targets[start + step, column, 1])
    return evidence.features_of(pitches, long, short, loudest_db), targets


class Network(torch.nn.Module):
    """The network that ``note_network.py`` evaluates."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        inputs = [n_features, *[N_HIDDEN] * (len(DILATIONS) - 1)]
        self.layers = torch.nn.ModuleList(
            torch.nn.Conv1d(n, N_HIDDEN, TAPS, padding="same", dilation=dilation)
            for n, dilation in zip(inputs, DILATIONS, strict=True)
        )
        self.out = torch.nn.Conv1d(N_HIDDEN, 2, 1)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return log odds ``(rows, 2, frames)`` of features ``(rows, features, frames)``."""
        for index, layer in enumerate(self.layers):
            hidden = torch.relu(layer(rows))
            rows = rows + hidden if index else hidden
        return self.out(rows)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights as the package reads them."""
        arrays = {"out_weights": self.out.weight[:, :, 0].T, "out_bias": self.out.bias}
        for index, layer in enumerate(self.layers):
            arrays |= {f"weights_{index}": layer.weight.permute(2, 1, 0), f"bias_{index}": layer.bias}
        return {name: np.ascontiguousarray(array.detach().numpy()) for name, array in arrays.items()}


def losses(log_odds: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the loss of sounding and of beginning notes, ``(2,)``."""
    sounds_loss = functional.binary_cross_entropy_with_logits(log_odds[:, 0], targets[:, 0])
    weight = torch.tensor(BEGIN_WEIGHT)
    begins_loss = functional.binary_cross_entropy_with_logits(log_odds[:, 1], targets[:, 1], pos_weight=weight)
    return torch.stack([sounds_loss, begins_loss])


def rows_of(array: np.ndarray) -> torch.Tensor:
    """Return ``(frames, pitches, n)`` as ``(pitches, n, frames)``."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(1, 2, 0)))


def train(examples: list[tuple[torch.Tensor, torch.Tensor]], n_steps: int) -> tuple[Network, list[float]]:
    """Return a network, and its losses on the first N_VALID examples, which it is not trained on."""
    network = Network(examples[0][0].shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, n_steps, pct_start=0.05)
    rng = np.random.default_rng(0)
    for step in range(n_steps):
        segments = []
        for index in rng.integers(N_VALID, len(examples), BATCH):
            n_frames = examples[index][0].shape[2]
            start = int(rng.integers(max(1, n_frames - SEGMENT_FRAMES + 1)))
            segments.append([each[:, :, start : start + SEGMENT_FRAMES] for each in examples[index]])
        features, targets = (torch.cat(each) for each in zip(*segments, strict=True))
        loss = losses(network(features), targets) @ torch.tensor([1.0, BEGIN_WEIGHT])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 200 == 0:
            print(f"step {step}: {loss.item():.4f}", flush=True)
    with torch.no_grad():
        valid = torch.stack([losses(network(features), targets) for features, targets in examples[:N_VALID]])
    return network, [round(value, 4) for value in valid.mean(dim=0).tolist()]


def main() -> None:
    """Train, or copy the network of a run into the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, required=True, help="FluidR3_GM.sf2")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--sounds", type=int, default=N_SOUNDS)
    parser.add_argument("--steps", type=int, default=N_STEPS)
    parser.add_argument("--bundle", action="store_true", help="copy the network of this run into the package")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    trained = options.out / WEIGHTS_FILE.name
    if options.bundle:
        for suffix in (".npz", ".json"):
            shutil.copyfile(trained.with_suffix(suffix), WEIGHTS_FILE.with_suffix(suffix))
        return
    rng = np.random.default_rng(1)
    pairs = (example(*sound, rng) for sound in sounds(options.soundfont, options.out, 0, options.sounds))
    examples = [(rows_of(features), rows_of(targets)) for features, targets in pairs]
    network, (sounding, beginning) = train(examples, options.steps)
    arrays = network.arrays()
    np.savez(trained, **arrays)
    card = {
        "description": "Log odds that a pitch sounds and that a note begins, every 10 ms, from features of 0.6 s.",
        "licence": "MIT",
        "n_parameters": int(sum(array.size for array in arrays.values())),
        "metrics": {"valid/sounding_loss": sounding, "valid/beginning_loss": beginning},
        "sources": [
            {"name": "FluidR3_GM.sf2", "licence": "MIT", "credit": "Frank Wen", "origin": "fluid-soundfont-gm"},
            {"name": "additive tones", "licence": "CC0-1.0", "origin": "recipes/melody_notes.py"},
        ],
    }
    trained.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
