"""Random clips of every generator, codec, vocoder and effect, checked for pops, clicks, lone samples and wrong levels.

    python tests/random_clips.py 2000                # clips of all generators together; 20 minutes of one core
    python tests/random_clips.py 200 7 adjust vary   # another seed, some generators

A clip has random arguments, drawn from the seed, the generator's name and the clip's index alone. clip_edges.py defines
a fault; codecs, vocoders and effects process clips of the other generators, and what a source has is no fault of its
copy. Exits with 1 where a clip has a fault.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from clip_edges import ClipKind, Edges, edge_faults, measure_edges

import wavewright
from wavewright.audio.clip import Clip
from wavewright.base.errors import WavewrightError
from wavewright.families import loading
from wavewright.speech.voice import Voice

RMS_RANGES_DB = {
    "rain": (-36.1, -10.9, -7.9),
    "sea-waves": (-53.2, -11.2, -8.4),
    "fire-crackling": (-55.4, -15.0, -11.8),
    "helicopter": (-42.2, -10.3, -7.7),
    "wind": (-93.9, -11.6, -9.3),
    "stream": (-35.5, -9.4, -7.3),
    "birds": (-88.0, -13.0, -5.9),
    "insects": (-30.4, -13.0, -10.7),
    "chainsaw": (-42.0, -7.5, -6.5),
    "clock-tick": (-72.0, -14.2, -8.0),
    "digits": (-53.1, -8.4, -5.6),
    "drums": (-31.1, -7.6, -7.6),
}
"""RMS in dB of the training recordings: lowest as recorded, highest at a peak of 0.95, and highest of 0.1 s.

Measured on seconds of ambience, whole digits and one-shots.
"""

RANGE_DB = 3.0  # beyond the lowest and the highest
MIN_MEASURED_SECONDS = 1.0  # a shorter texture may be a pause between two crackles
COPY_DB = 6.0  # between the levels of a source and of its copy
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


def recorded_rms_db(name: str, is_whole: bool = True) -> tuple[float, float]:
    """Return the range of levels of a generator's recordings; of an excerpt only the highest is known."""
    low, high, highest = RMS_RANGES_DB[name]
    return (low, high) if is_whole else (-np.inf, highest)


@dataclass(frozen=True)
class CheckedClip:
    """A clip ``wave (channels, time)``, the call that made it, and the limits of its edges and level."""

    wave: np.ndarray
    sample_rate: int
    call: str
    kind: ClipKind = "continuous"
    source: Edges | None = None
    rms_range_db: tuple[float, float] = (-np.inf, np.inf)

    def faults(self) -> Faults:
        """Return a sentence for each fault."""
        beyond_db = RANGE_DB if self.source is None else COPY_DB
        levels = (self.rms_range_db[0] - beyond_db, self.rms_range_db[1] + beyond_db)
        return edge_faults(self.wave, self.sample_rate, self.kind, self.source, levels)


@dataclass
class Tally:
    """Counts of the clips of one generator."""

    name: str
    n_clips: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def add(self, clip: CheckedClip) -> None:
        """Count a clip."""
        self.n_clips += 1
        self.seconds += clip.wave.shape[1] / clip.sample_rate
        self.faults += [f"{clip.call}: {fault}" for fault in clip.faults()]


Generator = Callable[[np.random.Generator], list[CheckedClip]]
"""From random numbers to one clip, or to several of one call."""


@cache
def load_model(name: str) -> Any:
    """Return a bundled model."""
    return loading.load(name)


@cache
def voice(speaker: str, vocoder: str) -> Voice:
    """Return a voice of the bundled model."""
    return Voice.load(f"en-{speaker}", vocoder)


def draw_seed(rng: np.random.Generator) -> int:
    """Return a random seed."""
    return int(rng.integers(2**32))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between ``low`` and ``high`` whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def drums(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a one-shot of the GAN or the VAE, or steps between two seeds."""
    model = load_model(str(rng.choice(["drums", "morph-drums"])))
    label, seed = str(rng.choice(model.labels)), draw_seed(rng)
    if rng.random() < 0.2:
        waves = model.interpolate(seed, draw_seed(rng), 3, label)
        name = f"{model.card.name} {label} --interpolate, from {seed}"
    else:
        waves, name = model.generate(label, 1, seed), f"{model.card.name} {label} --seed {seed}"
    return [CheckedClip(wave, model.sample_rate, name, "one-shot", None, recorded_rms_db("drums")) for wave in waves]


def digits(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a spoken digit, half of the time of a random length."""
    model = load_model("digits")
    label, seed = str(rng.choice(model.labels)), draw_seed(rng)
    seconds = round(log_uniform(rng, 0.1, 3.0), 3) if rng.random() < 0.5 else None
    speaker = str(rng.choice(model.speakers)) if rng.random() < 0.5 else None
    waves = model.generate(label, 1, seed, seconds=seconds, speaker=speaker)
    call = f"digits {label} --seed {seed} --seconds {seconds} --speaker {speaker}"
    return [
        CheckedClip(wave, model.sample_rate, call, rms_range_db=recorded_rms_db("digits", seconds is None))
        for wave in waves
    ]


def ambience(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a texture, mostly short, sometimes of up to 90 s."""
    if rng.random() < 0.03:
        return [draw_texture(rng, float(rng.choice([15, 30, 37, 45, 60, 90])))]
    return [draw_texture(rng, round(log_uniform(rng, 0.1, 12.0), 3))]


def draw_texture(rng: np.random.Generator, seconds: float) -> CheckedClip:
    """Return a texture of a random label."""
    model = load_model("ambience")
    label, seed = str(rng.choice(model.labels)), draw_seed(rng)
    (wave,) = model.generate(label, 1, seed, seconds=seconds)
    call = f"ambience {label} --seed {seed} --seconds {seconds}"
    return CheckedClip(
        wave, model.sample_rate, call, rms_range_db=recorded_rms_db(label, seconds >= MIN_MEASURED_SECONDS)
    )


def continued(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a continuation of a texture or a digit, without its prompt."""
    name = str(rng.choice(["ambience", "digits"]))
    model = load_model(name)
    prompt = draw_texture(rng, log_uniform(rng, 0.05, 2.0)) if name == "ambience" else digits(rng)[0]
    seconds = prompt.wave.shape[1] / prompt.sample_rate + round(log_uniform(rng, 0.1, 4.0), 3)
    label, seed = str(rng.choice(model.labels)), draw_seed(rng)
    wave = model.continue_from(prompt.wave, seconds, label, seed)
    call = f"{name} {label} --seed {seed} --seconds {seconds:.3f} --continue-from ({prompt.call})"
    return [CheckedClip(wave, model.sample_rate, call, source=measure_edges(prompt.wave, prompt.sample_rate))]


def speech(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a sentence of a bundled voice at a random rate and pitch."""
    speaker = str(rng.choice(load_model("en").speakers))
    sentence = str(rng.choice(SENTENCES))
    seed = draw_seed(rng)
    prosody = wavewright.Prosody(
        rate=round(log_uniform(rng, 0.5, 2.0), 2), pitch_semitones=round(float(rng.uniform(-4, 4)), 1)
    )
    clip = voice(speaker, "vocoder").speak(sentence, prosody, seed=seed).clip
    return [
        CheckedClip(clip.wave, clip.sample_rate, f"speak {sentence!r} --voice en-{speaker} --seed {seed} {prosody}")
    ]


def speech_by_wavenet(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a short sentence through the WaveNet vocoder."""
    speaker = str(rng.choice(load_model("en").speakers))
    sentence = str(rng.choice(SENTENCES[:3]))
    seed = draw_seed(rng)
    clip = voice(speaker, "wavenet").speak(sentence, seed=seed).clip
    call = f"speak {sentence!r} --voice en-{speaker} --vocoder wavenet --seed {seed}"
    return [CheckedClip(clip.wave, clip.sample_rate, call)]


def draw_speech(rng: np.random.Generator, max_seconds: float = 3.0) -> CheckedClip:
    """Return a digit or a sentence to copy, at a random rate, level and length."""
    spoken = (digits if rng.random() < 0.75 else speech)(rng)[0]
    rate = int(rng.choice([8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]))
    wave = Clip(spoken.wave, spoken.sample_rate).resample(rate).wave
    n_samples = round(rate * min(max_seconds, wave.shape[1] / rate * float(rng.uniform(0.3, 1.0))))
    gain = log_uniform(rng, 0.1, 0.9) / max(float(np.abs(wave).max()), 1e-6)
    return CheckedClip(
        (gain * wave[:, :n_samples]).astype(np.float32), rate, f"({spoken.call}), {n_samples} samples at {rate} Hz"
    )


def checked_copy(source: CheckedClip, wave: np.ndarray, sample_rate: int, call: str, model_rate: int) -> CheckedClip:
    """Return a copy ``wave (channels, time)`` with the limits of its source at the sample rate of the model."""
    resampled = Clip(source.wave, source.sample_rate).resample(model_rate)
    edges = measure_edges(resampled.wave, resampled.sample_rate)
    level = (edges.rms_db, edges.rms_db) if edges.rms_db > QUIETEST_DB else (-np.inf, 0.0)
    return CheckedClip(wave, sample_rate, f"{call} of {source.call}", source.kind, edges, level)


def codec(rng: np.random.Generator) -> list[CheckedClip]:
    """Return speech through ``encode`` and ``decode``, with random rates, lengths, channels and bitrates."""
    source, n_channels = draw_speech(rng), int(rng.integers(1, 3))
    kbps = round(n_channels * log_uniform(rng, 1.0, 6.0), 2)
    wave = np.repeat(source.wave, n_channels, axis=0) * rng.uniform(0.5, 1.0, (n_channels, 1)).astype(np.float32)
    source = CheckedClip(wave, source.sample_rate, source.call, source.kind)
    with tempfile.TemporaryDirectory() as folder:
        original, codes, copy = (Path(folder) / name for name in ("original.wav", "codes.wwc", "copy.wav"))
        Clip(wave, source.sample_rate).write(original)
        wavewright.encode(original, kbps=kbps, out=codes, quiet=True)
        wavewright.decode(codes, out=copy, quiet=True)
        decoded = Clip.read(copy)
    if decoded.wave.shape != wave.shape:
        raise WavewrightError(f"{wave.shape} samples became {decoded.wave.shape}.")
    return [
        checked_copy(source, decoded.wave, decoded.sample_rate, f"codec {kbps} kbps, {n_channels} channels", 16_000)
    ]


def vocoder(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a digit through the mel frames of the vocoder."""
    model, seed = load_model("vocoder"), draw_seed(rng)
    (digit,) = digits(rng)
    source = CheckedClip(
        Clip(digit.wave, digit.sample_rate).resample(model.sample_rate).wave, model.sample_rate, digit.call
    )
    wave = model.vocode(model.mel_of(source.wave[0]), seed)[:, : source.wave.shape[1]]
    return [checked_copy(source, wave, model.sample_rate, f"vocoder --seed {seed}", 16_000)]


def wavenet(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a short digit through the mel frames of the WaveNet."""
    model, seed = load_model("wavenet"), draw_seed(rng)
    (digit,) = digits(rng)
    source = CheckedClip(
        Clip(digit.wave[:, :4000], digit.sample_rate).resample(model.sample_rate).wave, model.sample_rate, digit.call
    )
    wave = model.vocode(model.mel_of(source.wave[0]), seed)[:, : source.wave.shape[1]]
    return [checked_copy(source, wave, model.sample_rate, f"wavenet --seed {seed}", 16_000)]


def draw_one_shot(rng: np.random.Generator) -> CheckedClip:
    """Return a drum to process."""
    drum = drums(rng)[0]
    return CheckedClip(drum.wave, drum.sample_rate, drum.call, "one-shot")


def checked_effect(source: CheckedClip, wave: np.ndarray, call: str) -> CheckedClip:
    """Return the output ``wave (1, time)`` of an effect with the limits of its source."""
    model = load_model("morph-drums")
    edges = measure_edges(model.align(source.wave[0]).wave, model.sample_rate)
    return CheckedClip(wave, model.sample_rate, f"{call} of {source.call}", "one-shot", edges)


def adjust(rng: np.random.Generator) -> list[CheckedClip]:
    """Return a one-shot with one or more adjusted attributes."""
    model, source = load_model("morph-drums"), draw_one_shot(rng)
    names = [each.name for each in model.attributes]
    adjusted = rng.permutation(names)[: int(rng.integers(1, len(names) + 1))]
    amounts = {
        str(name): round(float(rng.uniform(-6, 6) if name == "loudness" else rng.uniform(-1.5, 1.5)), 2)
        for name in adjusted
    }
    (wave,) = model.adjust(source.wave[0], amounts, seed=draw_seed(rng)).waves
    return [checked_effect(source, wave, f"adjust {amounts}")]


def vary(rng: np.random.Generator) -> list[CheckedClip]:
    """Return variations of a one-shot."""
    model, source, amount = load_model("morph-drums"), draw_one_shot(rng), round(float(rng.uniform()), 2)
    waves = model.vary(source.wave[0], amount, draw_seed(rng), 2, residual=float(rng.choice([1.0, 0.5, 0.0])))
    return [checked_effect(source, wave, f"vary {amount}") for wave in waves]


def morph(rng: np.random.Generator) -> list[CheckedClip]:
    """Return the steps of a morph between two one-shots."""
    model, ends = load_model("morph-drums"), [draw_one_shot(rng), draw_one_shot(rng)]
    waves = model.morph(
        ends[0].wave[0], ends[1].wave[0], 5, seed=draw_seed(rng), residual=float(rng.choice([1.0, 0.5, 0.0]))
    )
    edges = [measure_edges(model.align(end.wave[0]).wave, model.sample_rate) for end in ends]
    worse = max(edges, key=lambda each: each.stop_db)
    call = f"morph {ends[0].call} to {ends[1].call}"
    return [
        CheckedClip(wave, model.sample_rate, f"{call}, step {step}", "one-shot", worse)
        for step, wave in enumerate(waves)
    ]


GENERATORS: dict[str, tuple[Generator, float]] = {
    "drums": (drums, 0.14),
    "digits": (digits, 0.14),
    "ambience": (ambience, 0.16),
    "continued": (continued, 0.05),
    "speech": (speech, 0.07),
    "speech-by-wavenet": (speech_by_wavenet, 0.01),
    "codec": (codec, 0.1),
    "vocoder": (vocoder, 0.08),
    "wavenet": (wavenet, 0.03),
    "adjust": (adjust, 0.08),
    "vary": (vary, 0.06),
    "morph": (morph, 0.08),
}
"""Every generator, and its fraction of all clips."""


def check(name: str, count: int, seed: int) -> Tally:
    """Check at least ``count`` clips of a generator."""
    tally = Tally(name)
    for call in range(count):
        if tally.n_clips >= count:
            break
        rng = np.random.default_rng([seed, zlib.crc32(name.encode()), call])
        for clip in GENERATORS[name][0](rng):
            tally.add(clip)
    return tally


def main(count: int, seed: int, names: Sequence[str]) -> int:
    """Check clips, print the faults, and return 1 if there are any."""
    chosen = names or list(GENERATORS)
    total = sum(GENERATORS[name][1] for name in chosen)
    n_faults = 0
    for name in chosen:
        tally = check(name, max(1, round(count * GENERATORS[name][1] / total)), seed)
        print(f"{name}: {tally.n_clips} clips, {tally.seconds:,.0f} s, {len(tally.faults)} faults", flush=True)
        print(*tally.faults, sep="\n", end="\n" if tally.faults else "")
        n_faults += len(tally.faults)
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, sys.argv[3:]))
