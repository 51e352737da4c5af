"""Slice a recording of drums into a kit that plays them: sound files, SFZ, SoundFont and the score of the recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from ..audio.clip import Clip, warn_of_left_out
from ..audio.sound_file import open_sound
from ..audio.wave_blocks import at_most_stereo
from ..base.errors import BadAudio, BadSetting
from ..base.files import short_hash_of
from ..base.parameters import DEFAULT_VAE, MAX_SEED, NAMES_MODEL, InForm, IsMarked, MarkKey, VaeName, WritesSounds
from ..base.task_parameters import checked
from ..base.units import samples_to_seconds
from ..contracts.morphing import Morpher
from ..families import loading
from ..inference.slicing.files import SCORE_FILE, SFZ_FILE, SOUNDFONT_FILE, KitOrigin, write_kit
from ..inference.slicing.hits import find_hits, grouped, level_db_of
from ..inference.slicing.kit import MAX_SOUNDS, KitLayer, KitSound, KitTake, build_kit
from ..metrics.embeddings import resampled
from ..outputs.carried_metadata import left_out_of
from ..outputs.made import Made, MadeFile, sound_file
from ..outputs.watermark.marking import marking_of
from ..outputs.watermark.payload import DEFAULT_KEY

MAX_SECONDS = 600.0
MAX_HITS = 2_000
PEAK = 0.99


@dataclass(frozen=True)
class SlicedSound:
    """A drum of the kit.

    - ``name``, ``kind``, ``confidence``: what the classifier takes it for, and the mean probability of that.
    - ``key``: MIDI key.
    - ``n_hits``: hits of the recording.
    - ``n_layers``, ``n_takes``: velocity layers, and sound files.
    """

    name: str
    kind: str
    confidence: float
    key: int
    n_hits: int
    n_layers: int
    n_takes: int


@checked
def slice_recording(
    file: Annotated[Path, Field(description="Recording of drums or other struck sounds, such as a loop.")],
    out: Annotated[
        Path | None, Field(description="Folder of the kit; default: <name>-kit beside the recording."), WritesSounds()
    ] = None,
    onset_db: Annotated[
        float,
        Field(description="Rise in dB of the spectrum at which a hit starts; less finds more.", ge=0.1, le=40),
        InForm(step=0.1, low=0.1, high=4),
    ] = 0.6,
    min_gap: Annotated[
        float, Field(description="Shortest time between two hits in seconds.", ge=0.01, le=1), InForm(step=0.01)
    ] = 0.04,
    max_seconds: Annotated[
        float, Field(description="Longest sound in seconds.", ge=0.05, le=60), InForm(step=0.05, high=10)
    ] = 4.0,
    like: Annotated[
        float,
        Field(description="Distance in dB up to which hits are takes of one sound; 0: each is its own.", ge=0, le=60),
        InForm(step=0.5, high=20),
    ] = 6.0,
    layers: Annotated[int, Field(description="Most velocity layers of a sound.", ge=1, le=16)] = 4,
    takes: Annotated[int, Field(description="Most takes of a layer, which alternate.", ge=1, le=32)] = 4,
    vary: Annotated[
        int, Field(description="Fill up layers with variations by --model to so many takes; 0: none.", ge=0, le=32)
    ] = 0,
    amount: Annotated[
        float, Field(description="How far variations are from the take: 0 to 1.", ge=0, le=1), InForm(0.05)
    ] = 0.15,
    seed: Annotated[int, Field(description="Same seed, same variations.", ge=0, le=MAX_SEED)] = 0,
    classifier: Annotated[
        str, Field(description="Classifier that sorts the hits: a name, or the path of its folder."), NAMES_MODEL
    ] = "drum-classifier",
    model: VaeName = DEFAULT_VAE,
    watermark: IsMarked = True,
    watermark_key: MarkKey = DEFAULT_KEY,
) -> Made:
    """Slice a recording into a kit: cut at transients, sorted by kind and likeness, with velocity layers.

    The kit has a sound file for each take, ``kit.sfz`` for samplers, ``kit.sf2`` with one take of each layer,
    ``pattern.mid``, which plays the recording by them, and a manifest. More than two channels are mixed to stereo.

    Raises BadAudio if the recording cannot be read, is longer than ten minutes, or has no transient; BadModel if the
    classifier or the model does not exist, or is of another kind; BadSetting if the recording has more than 2,000 hits;
    BadFolder if the folder cannot be written to, or has other files.
    """
    sound = open_sound(file)
    header = sound.header
    if header.seconds is not None and header.seconds > MAX_SECONDS:
        raise BadAudio(
            f"{file} lasts {header.seconds:.0f} s; recordings of up to {MAX_SECONDS:.0f} s can be sliced: cut it with "
            "wavewright split first."
        )
    sorter = loading.load_classifier(classifier)
    folder = file.with_name(f"{file.stem}-kit") if out is None else out
    recording = Clip.read(file, seconds=MAX_SECONDS)
    rate = recording.sample_rate
    wave = at_most_stereo(recording.wave, recording.positions)
    hits = find_hits(wave, rate, sorter, rise_db=onset_db, min_gap_seconds=min_gap, max_seconds=max_seconds)
    if not hits:
        raise BadAudio(f"{file} has no transient; lower --onset-db, or give a recording of struck sounds.")
    if len(hits) > MAX_HITS:
        raise BadSetting(
            f"{file} has {len(hits)} hits, and a kit is made of at most {MAX_HITS}; raise --onset-db or --min-gap, or "
            "cut the recording with wavewright split."
        )
    sounds = build_kit(grouped(hits, rate, like, MAX_SOUNDS), layers, takes)
    variations: dict[str, object] = {}
    marking = None
    if vary:
        morpher = loading.load_morpher(model)
        variations = {"model": morpher.name, "model_hash": morpher.folder.hash, "amount": amount, "seed": seed}
        marking = marking_of(morpher.folder.hash, watermark, watermark_key)
        sounds = [_varied(sound, rate, morpher, vary, amount, seed) for sound in sounds]
    has_variations = any(take.variation for sound in sounds for take in sound.takes)
    origin = KitOrigin(file.name, short_hash_of(file), rate, recording.seconds, variations, marking)
    written = write_kit(sounds, folder, origin)
    warn_of_left_out(folder, left_out_of(sound))
    summaries = [_summary(sound) for sound in sounds]
    lines = [f"  {len(hits)} hit{'s' * (len(hits) != 1)} of {len(sounds)} sound{'s' * (len(sounds) != 1)}"]
    for each in summaries:
        sizes = f"hits {each.n_hits}, velocity layers {each.n_layers}, files {each.n_takes}"
        lines.append(f"  {each.name} ({each.confidence:.2f}), key {each.key}: {sizes}")
    notes = []
    if len(wave) < len(recording.wave):
        notes.append(f"The {len(recording.wave)} channels are mixed to {len(wave)}: samplers play stereo at most.")
    playing = [folder / name for name in (SFZ_FILE, SOUNDFONT_FILE, SCORE_FILE)]
    return Made(
        out=folder,
        files=(*map(sound_file, written), *(MadeFile(path=path) for path in playing)),
        details={
            "file": file,
            "sounds": tuple(summaries),
            "onsets": tuple(round(samples_to_seconds(hit.onset, rate), 6) for hit in hits),
            "is_marked": marking is not None and has_variations,
        },
        lines=tuple(lines),
        notes=tuple(notes),
    )


def _summary(sound: KitSound) -> SlicedSound:
    confidence = round(sound.confidence, 4)
    return SlicedSound(
        sound.name, sound.kind, confidence, sound.key, len(sound.hits), len(sound.layers), len(sound.takes)
    )


def _varied(sound: KitSound, sample_rate: int, morpher: Morpher, n_takes: int, amount: float, seed: int) -> KitSound:
    """Return a sound whose layers are filled up with variations of their first takes."""
    label = sound.kind if sound.kind in (morpher.labels or ()) else None
    layers = []
    for layer in sound.layers:
        takes = list(layer.takes)
        missing = n_takes - len(takes)
        if missing > 0:
            takes += _variations(takes[0], sample_rate, morpher, missing, amount, seed, label, len(takes))
        layers.append(KitLayer(layer.velocities, tuple(takes)))
    return replace(sound, layers=tuple(layers))


def _variations(
    take: KitTake,
    sample_rate: int,
    morpher: Morpher,
    count: int,
    amount: float,
    seed: int,
    label: str | None,
    n_known: int,
) -> list[KitTake]:
    """Return variations of a take, at its level and in as many channels."""
    mono = resampled(take.wave.mean(axis=0, dtype=np.float32)[None], sample_rate, morpher.sample_rate)[0]
    level_db, stem = level_db_of(take.wave, sample_rate), take.name.rpartition("_r")[0]
    varied = []
    for number, wave in enumerate(morpher.vary(mono, amount, seed, count, label), 1):
        made = resampled(wave, morpher.sample_rate, sample_rate)
        gain = 10.0 ** ((level_db - level_db_of(made, sample_rate)) / 20.0)
        gain = min(gain, PEAK / max(float(np.abs(made).max()), 1e-9))
        channels = np.repeat(made * np.float32(gain), len(take.wave), axis=0)
        varied.append(KitTake(f"{stem}_r{n_known + number}", take.hit, channels, number))
    return varied
