"""Check clips of every generator, codec, vocoder and effect for pops, clicks, lone samples and wrong levels.

    python -m benchmarks.generation.edges                                     # 2,000 random clips, about 20 minutes of one core
    python -m benchmarks.generation.edges --count 200 --seed 7 --json edges.json
    python -m benchmarks.generation.edges --only ambience slide --keep faults  # the sounds with faults, as files

A clip has random arguments (label, seed, length, rate, channels, bitrate, sliders ...), drawn from the seed, the
generator's name and the clip's number alone. metrics/edges.py says what a fault is: the first or last 20 ms more than
3 dB above the peak of what lies between (one-shots may begin loud, and end in silence), a sample at full scale by
itself, or a level outside of the range of the training sounds (of a copy: more than COPY_DB from its source). What
codecs, vocoders and effects are given comes from the other generators, at random rates, levels and lengths; what the
source itself has is no fault of its copy. The strict limits give generators no room beyond the levels of their
recordings, and copies 3 dB. Exits with 1 where a clip has a fault by the wider limits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import wavewright
from wavewright import loading
from wavewright.clip import Clip
from wavewright.errors import WavewrightError
from wavewright.metrics.edges import COPY_TOLERANCE_DB, ClipKind, Edges, edge_faults, measure_edges
from wavewright.speech.voice import Voice

RMS_RANGES_DB = {
    "rain": (-36.1, -10.9, -7.9),
    "sea-waves": (-53.2, -12.1, -10.6),
    "fire-crackling": (-55.4, -15.0, -11.8),
    "helicopter": (-29.3, -10.3, -7.7),
    "digits": (-53.1, -8.4, -5.6),
    "drums": (-31.1, -7.6, -7.6),
}
"""RMS in dB of the training recordings: lowest as recorded, highest at a peak of 0.95, and highest of 0.1 s.

Measured on seconds of ambience, whole digits and one-shots.
"""

RANGE_DB = 3.0  # beyond the lowest and the highest; none by the strict limits
SHORTEST_MEASURED_SECONDS = 1.0  # a shorter texture may be a pause between two crackles
COPY_DB = 6.0  # between the levels of a source and of its copy
STRICT_COPY_DB = 3.0  # between the levels and the edges of a source and of its copy, by the strict limits
QUIETEST_DB = -45.0  # of a source whose level is compared
SENTENCES = (
    "Yes.",
    "Stop it!",
    "What time is it?",
    "The kettle is on the stove.",
    "Seven small boats left the harbour before dawn, and only five came back.",
    "Peter picked a peck of pickled peppers.",
    "Oh, no; that was not what I meant.",
    "She sells sea shells at the shore.",
)

Faults = list[str]


def rms_range_db(name: str, is_whole: bool = True) -> tuple[float, float]:
    """The levels of the recordings behind a generator; of a part of a sound only the highest is known."""
    low, high, highest = RMS_RANGES_DB[name]
    return (low, high) if is_whole else (-np.inf, highest)


@dataclass(frozen=True)
class Made:
    """A clip ``wave (channels, time)``: how it was asked for, and what its edges are held to."""

    wave: np.ndarray
    sample_rate: int
    call: str
    kind: ClipKind = "continuous"
    source: Edges | None = None
    rms_range_db: tuple[float, float] = (-np.inf, np.inf)

    def faults(self, strict: bool = False) -> Faults:
        """What is wrong with it."""
        if strict:
            beyond_db = copy_db = 0.0 if self.source is None else STRICT_COPY_DB
        else:
            beyond_db, copy_db = RANGE_DB if self.source is None else COPY_DB, COPY_TOLERANCE_DB
        low, high = self.rms_range_db
        levels = (low - beyond_db, high + beyond_db)
        return edge_faults(self.wave, self.sample_rate, self.kind, self.source, levels, copy_db)


@dataclass
class Row:
    """The clips of one generator."""

    name: str
    n_clips: int = 0
    seconds: float = 0.0
    loudest_begin_db: float = -np.inf
    loudest_end_db: float = -np.inf
    faults: list[str] = field(default_factory=list)
    strict_faults: list[str] = field(default_factory=list)

    def add(self, made: Made) -> None:
        """Count a clip."""
        found = measure_edges(made.wave, made.sample_rate)
        self.n_clips += 1
        self.seconds += made.wave.shape[1] / made.sample_rate
        if made.kind == "continuous" and made.source is None:
            self.loudest_begin_db = max(self.loudest_begin_db, found.begin_db)
        if made.source is None:
            self.loudest_end_db = max(self.loudest_end_db, found.end_db)
        self.faults += [f"{made.call}: {fault}" for fault in made.faults()]
        self.strict_faults += [f"{made.call}: {fault}" for fault in made.faults(strict=True)]


Maker = Callable[[np.random.Generator], list[Made]]
"""Random numbers to one clip, or several that one call makes."""


@cache
def player(name: str) -> Any:
    """A bundled model."""
    return loading.load(name)


@cache
def voice(speaker: str, vocoder: str) -> Voice:
    """A voice of the bundled model."""
    return Voice.load(f"en-{speaker}", vocoder)


def seed_of(rng: np.random.Generator) -> int:
    return int(rng.integers(2**32))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def drums(rng: np.random.Generator) -> list[Made]:
    """One-shots of the GAN and of the VAE, each with a label, and steps between two seeds."""
    model = player(str(rng.choice(["drums", "morph-drums"])))
    label, seed = str(rng.choice(model.labels)), seed_of(rng)
    if rng.random() < 0.2:
        waves = model.interpolate(seed, seed_of(rng), 3, label)
        name = f"{model.card.name} {label} --interpolate, from {seed}"
    else:
        waves, name = model.generate(label, 1, seed), f"{model.card.name} {label} --seed {seed}"
    return [Made(wave, model.sample_rate, name, "one-shot", None, rms_range_db("drums")) for wave in waves]


def digits(rng: np.random.Generator) -> list[Made]:
    """Spoken digits, half of them of a length that is asked for."""
    model = player("digits")
    label, seed = str(rng.choice(model.labels)), seed_of(rng)
    seconds = round(log_uniform(rng, 0.1, 3.0), 3) if rng.random() < 0.5 else None
    speaker = str(rng.choice(model.speakers)) if rng.random() < 0.5 else None
    waves = model.generate(label, 1, seed, seconds=seconds, speaker=speaker)
    call = f"digits {label} --seed {seed} --seconds {seconds} --speaker {speaker}"
    return [Made(wave, model.sample_rate, call, rms_range_db=rms_range_db("digits", seconds is None)) for wave in waves]


def ambience(rng: np.random.Generator) -> list[Made]:
    """Textures, most of them short, some of up to 90 s."""
    if rng.random() < 0.03:
        return [texture(rng, float(rng.choice([15, 30, 37, 45, 60, 90])))]
    return [texture(rng, round(log_uniform(rng, 0.1, 12.0), 3))]


def texture(rng: np.random.Generator, seconds: float) -> Made:
    """A texture of so many seconds."""
    model = player("ambience")
    label, seed = str(rng.choice(model.labels)), seed_of(rng)
    (wave,) = model.generate(label, 1, seed, seconds=seconds)
    call = f"ambience {label} --seed {seed} --seconds {seconds}"
    return Made(wave, model.sample_rate, call, rms_range_db=rms_range_db(label, seconds >= SHORTEST_MEASURED_SECONDS))


def continued(rng: np.random.Generator) -> list[Made]:
    """Textures and digits that begin with another clip; what is held to the limits is what was added."""
    name = str(rng.choice(["ambience", "digits"]))
    model, given = player(name), (texture(rng, log_uniform(rng, 0.05, 2.0)) if name == "ambience" else digits(rng)[0])
    seconds = given.wave.shape[1] / given.sample_rate + round(log_uniform(rng, 0.1, 4.0), 3)
    label, seed = str(rng.choice(model.labels)), seed_of(rng)
    wave = model.continue_from(given.wave, seconds, label, seed)
    call = f"{name} {label} --seed {seed} --seconds {seconds:.3f} --continue-from ({given.call})"
    return [Made(wave, model.sample_rate, call, source=measure_edges(given.wave, given.sample_rate))]


def speech(rng: np.random.Generator) -> list[Made]:
    """Sentences of every bundled voice, at several rates and pitches."""
    speaker, text, seed = str(rng.choice(player("en").speakers)), str(rng.choice(SENTENCES)), seed_of(rng)
    prosody = wavewright.Prosody(
        rate=round(log_uniform(rng, 0.5, 2.0), 2), pitch_semitones=round(float(rng.uniform(-4, 4)), 1)
    )
    said = voice(speaker, "vocoder").speak(text, prosody, seed=seed).clip
    return [Made(said.wave, said.sample_rate, f"speak {text!r} --voice en-{speaker} --seed {seed} {prosody}")]


def speech_by_wavenet(rng: np.random.Generator) -> list[Made]:
    """Short sentences through the WaveNet vocoder."""
    speaker, text, seed = str(rng.choice(player("en").speakers)), str(rng.choice(SENTENCES[:3])), seed_of(rng)
    said = voice(speaker, "wavenet").speak(text, seed=seed).clip
    return [Made(said.wave, said.sample_rate, f"speak {text!r} --voice en-{speaker} --vocoder wavenet --seed {seed}")]


def recording(rng: np.random.Generator, longest_seconds: float = 3.0) -> Made:
    """Speech to copy: a digit or a sentence, at a random rate, level and length."""
    made = (digits if rng.random() < 0.75 else speech)(rng)[0]
    rate = int(rng.choice([8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]))
    wave = Clip(made.wave, made.sample_rate).resample(rate).wave
    n_samples = round(rate * min(longest_seconds, wave.shape[1] / rate * float(rng.uniform(0.3, 1.0))))
    gain = log_uniform(rng, 0.1, 0.9) / max(float(np.abs(wave).max()), 1e-6)
    return Made(
        (gain * wave[:, :n_samples]).astype(np.float32), rate, f"({made.call}), {n_samples} samples at {rate} Hz"
    )


def copy_of(source: Made, wave: np.ndarray, sample_rate: int, call: str, hears_hz: int) -> Made:
    """A copy ``wave (channels, time)`` of what a model that hears a sample rate of ``hears_hz`` was given."""
    heard = Clip(source.wave, source.sample_rate).resample(hears_hz)
    edges = measure_edges(heard.wave, heard.sample_rate)
    level = (edges.rms_db, edges.rms_db) if edges.rms_db > QUIETEST_DB else (-np.inf, 0.0)
    return Made(wave, sample_rate, f"{call} of {source.call}", source.kind, edges, level)


def codec(rng: np.random.Generator) -> list[Made]:
    """Sounds through ``encode`` and ``decode``: random rates, lengths, channels and bitrates."""
    source, n_channels = recording(rng), int(rng.integers(1, 3))
    kbps = round(n_channels * log_uniform(rng, 1.0, 6.0), 2)
    wave = np.repeat(source.wave, n_channels, axis=0) * rng.uniform(0.5, 1.0, (n_channels, 1)).astype(np.float32)
    source = Made(wave, source.sample_rate, source.call, source.kind)
    with tempfile.TemporaryDirectory() as folder:
        sound, codes, again = (Path(folder) / name for name in ("a.wav", "a.wwc", "b.wav"))
        Clip(wave, source.sample_rate).write(sound)
        wavewright.encode(sound, kbps=kbps, out=codes, quiet=True)
        wavewright.decode(codes, out=again, quiet=True)
        decoded = Clip.read(again)
    if decoded.wave.shape != wave.shape:
        raise WavewrightError(f"{wave.shape} samples became {decoded.wave.shape}.")
    return [copy_of(source, decoded.wave, decoded.sample_rate, f"codec {kbps} kbps, {n_channels} channels", 16_000)]


def vocoder(rng: np.random.Generator) -> list[Made]:
    """Digits and speech-like sounds through the mel frames of the vocoder."""
    model, seed = player("vocoder"), seed_of(rng)
    (said,) = digits(rng)
    source = Made(Clip(said.wave, said.sample_rate).resample(model.sample_rate).wave, model.sample_rate, said.call)
    wave = model.vocode(model.mel_of(source.wave[0]), seed)[:, : source.wave.shape[1]]
    return [copy_of(source, wave, model.sample_rate, f"vocoder --seed {seed}", 16_000)]


def wavenet(rng: np.random.Generator) -> list[Made]:
    """Short digits through the mel frames of the WaveNet."""
    model, seed = player("wavenet"), seed_of(rng)
    (said,) = digits(rng)
    source = Made(
        Clip(said.wave[:, :4000], said.sample_rate).resample(model.sample_rate).wave, model.sample_rate, said.call
    )
    wave = model.vocode(model.mel_of(source.wave[0]), seed)[:, : source.wave.shape[1]]
    return [copy_of(source, wave, model.sample_rate, f"wavenet --seed {seed}", 16_000)]


def one_shot(rng: np.random.Generator) -> Made:
    """A drum to change, as long as it happens to be: ends in silence, or is cut with a fade, as recordings are."""
    if RECORDINGS:
        path = RECORDINGS[int(rng.integers(len(RECORDINGS)))]
        clip = Clip.read(path).mono()
        return Made(clip.resample(44_100).wave, 44_100, path.name, "one-shot")
    made = drums(rng)[0]
    return Made(made.wave, made.sample_rate, made.call, "one-shot")


RECORDINGS: list[Path] = []
"""Drums to change; generated ones where none are given."""


def of_source(source: Made, wave: np.ndarray, call: str) -> Made:
    """A sound ``wave (1, time)`` that an effect made of a one-shot."""
    model = player("morph-drums")
    edges = measure_edges(model.heard(source.wave[0]).wave, model.sample_rate)
    return Made(wave, model.sample_rate, f"{call} of {source.call}", "one-shot", edges)


def slide(rng: np.random.Generator) -> list[Made]:
    """One-shots moved by one slider or by all."""
    model, source = player("morph-drums"), one_shot(rng)
    names = [each.name for each in model.sliders]
    chosen = rng.permutation(names)[: int(rng.integers(1, len(names) + 1))]
    amounts = {
        str(name): round(float(rng.uniform(-6, 6) if name == "loudness" else rng.uniform(-1.5, 1.5)), 2)
        for name in chosen
    }
    (wave,) = model.sweep(source.wave[0], amounts, seed=seed_of(rng)).waves
    return [of_source(source, wave, f"slide {amounts}")]


def vary(rng: np.random.Generator) -> list[Made]:
    """Variations of one-shots."""
    model, source, amount = player("morph-drums"), one_shot(rng), round(float(rng.uniform()), 2)
    waves = model.vary(source.wave[0], amount, seed_of(rng), 2, detail=float(rng.choice([1.0, 0.5, 0.0])))
    return [of_source(source, wave, f"vary {amount}") for wave in waves]


def morph(rng: np.random.Generator) -> list[Made]:
    """Steps between two one-shots."""
    model, ends = player("morph-drums"), [one_shot(rng), one_shot(rng)]
    waves = model.morph(
        ends[0].wave[0], ends[1].wave[0], 5, seed=seed_of(rng), detail=float(rng.choice([1.0, 0.5, 0.0]))
    )
    edges = [measure_edges(model.heard(end.wave[0]).wave, model.sample_rate) for end in ends]
    worse = max(edges, key=lambda each: each.stop_db)
    call = f"morph {ends[0].call} to {ends[1].call}"
    return [Made(wave, model.sample_rate, f"{call}, step {step}", "one-shot", worse) for step, wave in enumerate(waves)]


MAKERS: dict[str, tuple[Maker, float]] = {
    "drums": (drums, 0.14),
    "digits": (digits, 0.14),
    "ambience": (ambience, 0.16),
    "continued": (continued, 0.05),
    "speech": (speech, 0.07),
    "speech-by-wavenet": (speech_by_wavenet, 0.01),
    "codec": (codec, 0.1),
    "vocoder": (vocoder, 0.08),
    "wavenet": (wavenet, 0.03),
    "slide": (slide, 0.08),
    "vary": (vary, 0.06),
    "morph": (morph, 0.08),
}
"""Every generator, and its share of all clips."""


def measured(name: str, count: int, seed: int, keep: Path | None = None) -> Row:
    """At least ``count`` clips of a generator."""
    row, number = Row(name), 0
    while row.n_clips < count:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
        for index, made in enumerate(MAKERS[name][0](rng)):
            row.add(made)
            if keep and made.faults():
                keep.mkdir(parents=True, exist_ok=True)
                Clip(np.clip(made.wave, -1, 1), made.sample_rate).write(keep / f"{name}-{number:04d}-{index}.wav")
        number += 1
    return row


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown; edges of copies depend on their sources and are left out."""
    lines = [
        "| generator | clips | seconds | loudest beginning | loudest end | faults | by the strict limits |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        levels = (
            f"{level:+.1f} dB" if np.isfinite(level) else "" for level in (row.loudest_begin_db, row.loudest_end_db)
        )
        faults = f"{len(row.faults)} | {len(row.strict_faults)}"
        lines.append(f"| {row.name} | {row.n_clips:,} | {row.seconds:,.0f} | {' | '.join(levels)} | {faults} |")
    clips, seconds = sum(row.n_clips for row in rows), sum(row.seconds for row in rows)
    faults = f"{sum(len(row.faults) for row in rows)} | {sum(len(row.strict_faults) for row in rows)}"
    lines.append(f"| all | {clips:,} | {seconds:,.0f} | | | {faults} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000, help="Clips of all generators together.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=MAKERS, default=list(MAKERS), help="Generators to try.")
    parser.add_argument(
        "--drums", type=Path, default=None, help="Folder of drum recordings to change; default: generated ones."
    )
    parser.add_argument("--keep", type=Path, default=None, help="Folder for the sounds with faults.")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    if given.drums:
        RECORDINGS.extend(
            sorted(path for path in given.drums.rglob("*.flac") if path.parent.name in player("morph-drums").labels)
        )
    total = sum(MAKERS[name][1] for name in given.only)
    rows = []
    for name in given.only:
        rows.append(measured(name, round(given.count * MAKERS[name][1] / total), given.seed, given.keep))
        print(f"{name}: {rows[-1].n_clips} clips, {len(rows[-1].faults)} faults", file=sys.stderr, flush=True)
    print(table(rows))
    for row in rows:
        for fault in row.faults:
            print(f"{row.name}: {fault}")
        for fault in row.strict_faults:
            if fault not in row.faults:
                print(f"{row.name}, by the strict limits alone: {fault}")
    if given.json:
        given.json.write_text(
            json.dumps([row.__dict__ for row in rows], indent=1, default=float) + "\n", encoding="utf-8"
        )
    return int(any(row.faults for row in rows))


if __name__ == "__main__":
    sys.exit(main())
