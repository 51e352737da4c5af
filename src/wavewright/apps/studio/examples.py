"""Sounds with which the panels of the page open: made by the bundled models when first asked for, kept in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from ...audio.clip import Clip
from ...base.names import quoted
from ...base.units import db_to_gain
from ...base.whole_file import scratch_folder
from ...tasks.accompany import accompany
from ...tasks.enhance import enhance
from ...tasks.generate import generate
from ...tasks.map_clips import map_clips
from ...tasks.speak import speak
from ...tasks.spoken_scene import spoken_scene
from ..server.speech_request import BadRequest
from .scores import Roll, RollNote, RollTrack, midi_of_roll

N_DRUMS = 20
SIXTEENTH_SECONDS = 0.15
BEAT = ("x.....x.x.......", "....x.......x..x", "x.x.x.x.x.x.x.xx", "..........x..x..", "x...............")
"""Sixteenths of a bar on which each of the first clips of the kit sounds."""

N_BARS = 2
RAIN_SECONDS = 6.0
NOISE_DB = -14.0
"""Level of the noise, of that of the speech."""

GAP_SECONDS = 0.35
NOISY_LINES = ("There is a lot of noise around this voice.", "Now the noise is gone, and the voice is left.")
DUB_LINES = (
    ("Good morning. The coffee is ready.", "Guten Morgen. Der Kaffee ist fertig."),
    ("It is a good day for a walk by the sea.", "Es ist ein guter Tag für einen Spaziergang am Meer."),
)
SENTENCES = {
    "hello.wav": (
        "en-kathleen",
        "Hello! I was trained on a laptop, and I run on yours. Type something, and I will say it.",
    ),
    "hallo.wav": ("de-kerstin", "Guten Tag! Ich spreche Deutsch, auf dem eigenen Rechner und ganz ohne Netz."),
}
"""Voices and what they say, as the page shows it."""

TUNE_TEMPO, TUNE_STYLE = 112.0, "pop"
TUNE = (
    ((64, 1), (64, 1), (65, 1), (67, 1), (67, 1), (65, 1), (64, 1), (62, 1), (60, 1), (60, 1), (62, 1), (64, 1)),
    ((64, 1.5), (62, 0.5), (62, 2)),
    ((64, 1), (64, 1), (65, 1), (67, 1), (67, 1), (65, 1), (64, 1), (62, 1), (60, 1), (60, 1), (62, 1), (64, 1)),
    ((62, 1.5), (60, 0.5), (60, 2)),
)
"""Beethoven's Ode to Joy, pitches and quarters."""


def example_file(name: str) -> bytes:
    """Return a file of an example; the first call for one makes it.

    Raises BadRequest if there is none of this name, and the errors of the tasks that make it.
    """
    make = _MAKERS.get(name)
    if make is None:
        raise BadRequest(f"There is no example {quoted(name)}.", "name", status=404)
    with _locks[make]:  # the one that is asked for does not wait for the others
        if name not in _files:
            with scratch_folder() as folder:
                _files.update(make(folder))
        return _files[name]


def prepare_examples() -> None:
    """Make all examples, those that are soonest made first."""
    for name in _MAKERS:
        example_file(name)


_files: dict[str, bytes] = {}


def _kit(folder: Path) -> Mapping[str, bytes]:
    """Make clips of drums, and a beat of the first ones."""
    made = generate("drums", count=N_DRUMS, out=folder / "drums")
    clips = [Clip.read(path) for path in made.sound_files]
    bar = round(16 * SIXTEENTH_SECONDS * clips[0].sample_rate)
    wave = np.zeros((1, N_BARS * bar + clips[0].n_samples), np.float32)
    for number, steps in enumerate(BEAT):
        for step in range(N_BARS * len(steps)):
            if steps[step % len(steps)] == "x":
                start = step * bar // len(steps)
                wave[:, start : start + clips[number].n_samples] += clips[number].wave
    beat = Clip(0.8 * wave / np.abs(wave).max(), clips[0].sample_rate)
    return {"kit.wav": beat.to_bytes()} | {
        f"drums-{number}.wav": path.read_bytes() for number, path in enumerate(made.sound_files)
    }


def _map(folder: Path) -> Mapping[str, bytes]:
    """Map the clips of drums by similarity: places from -1 to 1, by the names of the files."""
    for number in range(N_DRUMS):
        name = f"drums-{number}.wav"
        (folder / name).write_bytes(example_file(name))
    mapped = map_clips(folder, folder / "map.json", similar=0, embedding="log-mel", quiet=True)
    return {"map.json": json.dumps({clip.file: (clip.x, clip.y) for clip in mapped.details["clips"]}).encode()}


def _rain(folder: Path) -> Mapping[str, bytes]:
    made = generate("ambience", label="rain", seconds=RAIN_SECONDS, count=1, out=folder / "rain")
    return {"rain.wav": made.sound_files[0].read_bytes()}


def _sentence(folder: Path, name: str) -> Mapping[str, bytes]:
    voice, text = SENTENCES[name]
    speak(text, voice=voice, out=folder / name)
    return {name: (folder / name).read_bytes()}


def _pink_noise(n_samples: int) -> np.ndarray:
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(n_samples))
    return np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), n_samples)


def _noisy(folder: Path) -> Mapping[str, bytes]:
    """Make speech in noise, enhance it, and make a sound that goes from the one to the other."""
    scene = spoken_scene(NOISY_LINES, GAP_SECONDS)
    speech, rate = scene.clip.wave, scene.clip.sample_rate
    noise = _pink_noise(speech.shape[1])
    noisy = Clip((0.8 * (speech + db_to_gain(NOISE_DB) * speech.std() / noise.std() * noise)).astype(np.float32), rate)
    source, target = folder / "voice-in-noise.wav", folder / "clean.wav"
    noisy.write(source)
    enhance(source, target, quiet=True)
    cut = round((scene.times[1][0] - GAP_SECONDS / 2) * rate)
    both = np.concatenate([noisy.wave[:, :cut], Clip.read(target).wave[:, cut:]], 1)
    return {
        "voice-in-noise.wav": source.read_bytes(),
        "voice-in-noise-enhanced.wav": target.read_bytes(),
        "cleaned.wav": Clip(both, rate).to_bytes(),
    }


def _dub(_: Path) -> Mapping[str, bytes]:
    """Speak two lines, and write their subtitles in both languages."""
    english, german = zip(*DUB_LINES, strict=True)
    scene = spoken_scene(english, GAP_SECONDS)
    subtitles = {"en": scene.subtitles(english), "de": scene.subtitles(german)}
    files = {f"morning.{language}.srt": text.encode() for language, text in subtitles.items()}
    return {"morning.wav": scene.clip.to_bytes(), **files}


def _melody(folder: Path) -> Path:
    notes, at = [], 0.0
    for pitch, length in (note for phrase in TUNE for note in phrase):
        notes.append(RollNote(start=at, length=length, pitch=pitch))
        at += length
    path = folder / "ode.mid"
    path.write_bytes(midi_of_roll(Roll(tempo=TUNE_TEMPO, quarters=at, tracks=[RollTrack(name="Melody", notes=notes)])))
    return path


def _tune(folder: Path, suffix: str) -> Mapping[str, bytes]:
    """Accompany a melody."""
    target = folder / f"tune{suffix}"
    accompany(_melody(folder), out=target, style=TUNE_STYLE, quiet=True)
    return {target.name: target.read_bytes()}


_MAKERS: dict[str, Callable[[Path], Mapping[str, bytes]]] = {
    **dict.fromkeys(["kit.wav", *(f"drums-{number}.wav" for number in range(N_DRUMS))], _kit),
    **dict.fromkeys(["voice-in-noise.wav", "voice-in-noise-enhanced.wav", "cleaned.wav"], _noisy),
    **{name: partial(_sentence, name=name) for name in SENTENCES},
    "rain.wav": _rain,
    "map.json": _map,
    "tune.mid": lambda folder: _tune(folder, ".mid"),
    **dict.fromkeys(["morning.wav", "morning.en.srt", "morning.de.srt"], _dub),
    "tune.wav": lambda folder: _tune(folder, ".wav"),
}
_locks = {make: threading.Lock() for make in _MAKERS.values()}
