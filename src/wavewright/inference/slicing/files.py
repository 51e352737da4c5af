"""Kits as files: a sound file for each take, an SFZ and a SoundFont that play them, and the recording as a score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...audio.clip import Clip, write_blocks
from ...audio.sound_file import read_origin
from ...base.errors import BadFolder
from ...base.json_text import line_of
from ...base.units import samples_to_seconds
from ...base.version import __version__
from ...base.whole_file import whole_folder
from ...music.formats import write_score
from ...music.score import Score, Track, notes_of
from ...music.timing import TEMPO
from ...outputs.manifest_file import MANIFEST_FILE
from ...outputs.watermark.marking import Marking
from ...synth.sfz.reading import SfzHeader, sfz_text
from ...synth.soundfont import NewEntry, NewSample, generators as gen, write_soundfont
from ...synth.soundfont.zones import Zone
from .kit import HAT, KitSound, KitTake

SFZ_FILE, SOUNDFONT_FILE, SCORE_FILE = "kit.sfz", "kit.sf2", "pattern.mid"
KIT_FILES = (SFZ_FILE, SOUNDFONT_FILE, SCORE_FILE, MANIFEST_FILE)
DRUM_BANK = 128
FULL_RANGE = (0, 127)
CHOKE_GROUP = 1
RELEASE_TIMECENTS = 7_973
"""100 s: a struck drum sounds on after its key is released."""

ATTENUATION_SCALE = 0.4
"""Players count centibels of the generator of attenuation so many times."""

TICKS_PER_QUARTER = 24_000
US_PER_QUARTER = 1_000_000
SHORTEST_NOTE = TICKS_PER_QUARTER // 20


@dataclass(frozen=True)
class KitOrigin:
    """Origin of a kit, as its files state it.

    - ``source``, ``source_hash``: name and hash of the recording.
    - ``sample_rate``: in Hz.
    - ``seconds``: length of the recording.
    - ``variations``: name and hash of the model of variations, and their settings.
    - ``marking``: the mark of variations, if any.
    """

    source: str
    source_hash: str
    sample_rate: int
    seconds: float
    variations: Mapping[str, object]
    marking: Marking | None = None

    def of(self, sound: KitSound, take: KitTake) -> dict[str, object]:
        """Return the comment of a take's file."""
        origin: dict[str, object] = {"task": "slice", "source": self.source, "source_hash": self.source_hash}
        origin |= {"start_seconds": round(samples_to_seconds(take.hit.start, self.sample_rate), 6), "label": sound.kind}
        if take.variation:
            origin |= {**self.variations, "index": take.variation}
            origin |= {} if self.marking is None else self.marking.origin()
        return {**origin, "wavewright": __version__}


def check_kit_folder(out: Path, names: Sequence[str]) -> None:
    """Raise BadFolder if a folder has sound files that are none of a kit, which its instruments would not play."""
    if not out.is_dir():
        return
    expected = {*names, *KIT_FILES}
    others = sorted(path.name for path in out.iterdir() if path.is_file() and not path.name.startswith("."))
    other = next((name for name in others if name not in expected), None)
    if other is None:
        return
    if read_origin(out / other).get("task") == "slice":
        raise BadFolder(
            f"{out} has a kit with files that this one does not have, such as {other}; remove that kit, or give "
            "another folder with --out."
        )
    raise BadFolder(f"{out} has files that are none of this kit, such as {other}; give another folder with --out.")


def write_kit(sounds: Sequence[KitSound], out: Path, origin: KitOrigin) -> list[Path]:
    """Write a kit into a folder, all of its files or none, and return the paths of its sound files.

    Raises BadFolder if the folder has other files, or cannot be written to.
    """
    names = [file_of(take) for sound in sounds for take in sound.takes]
    check_kit_folder(out, names)
    lines = []
    with whole_folder(out, MANIFEST_FILE) as hidden:
        for sound in sounds:
            for layer in sound.layers:
                for number, take in enumerate(layer.takes, 1):
                    wave = _marked(take, origin)
                    comment = origin.of(sound, take)
                    clip = Clip(wave, origin.sample_rate)
                    write_blocks(hidden / file_of(take), [clip], "PCM_24", {"comment": json.dumps(comment)})
                    first, last = layer.velocities
                    place = {"key": sound.key, "lowest_velocity": first, "highest_velocity": last, "take": number}
                    seconds = round(samples_to_seconds(wave.shape[1], origin.sample_rate), 6)
                    record = {"audio_filepath": file_of(take), "duration": seconds, **comment, "drum": sound.name}
                    lines.append(line_of({**record, **place, "confidence": round(sound.confidence, 4)}))
        (hidden / SFZ_FILE).write_text(sfz_text(*_sfz(sounds, origin)), encoding="utf-8")
        _write_soundfont(sounds, hidden / SOUNDFONT_FILE, origin)
        write_score(pattern_of(sounds, origin), hidden / SCORE_FILE)
        (hidden / MANIFEST_FILE).write_text("".join(lines), encoding="utf-8")
    return [out / name for name in names]


def file_of(take: KitTake) -> str:
    """Return the name of a take's file."""
    return f"{take.name}.wav"


def _marked(take: KitTake, origin: KitOrigin) -> np.ndarray:
    """Return the wave of a take, with the mark if a model made it."""
    if origin.marking is None or not take.variation:
        return take.wave
    return np.concatenate([*origin.marking.blocks([take.wave], origin.sample_rate)], axis=1)


def _sfz(sounds: Sequence[KitSound], origin: KitOrigin) -> tuple[list[SfzHeader], str]:
    """Return the headers of the SFZ file, and its comment."""
    headers = [SfzHeader("global", {"loop_mode": "one_shot"})]
    for sound in sounds:
        opcodes = {"key": str(sound.key), "group_label": sound.name, "volume": f"{sound.gain_db:.2f}"}
        if sound.kind == HAT:  # an open hat ends where the closed one is played
            opcodes |= {"group": str(CHOKE_GROUP), "off_by": str(CHOKE_GROUP), "off_mode": "normal"}
            opcodes |= {"ampeg_release": "0.05"}
        headers.append(SfzHeader("group", opcodes))
        for layer in sound.layers:
            first, last = layer.velocities
            for number, take in enumerate(layer.takes, 1):
                own = {"lovel": str(first), "hivel": str(last)} if (first, last) != FULL_RANGE else {}
                if len(layer.takes) > 1:
                    own |= {"seq_length": str(len(layer.takes)), "seq_position": str(number)}
                headers.append(SfzHeader("region", {**own, "sample": file_of(take)}))
    return headers, f"{origin.source}, sliced by Wavewright {__version__}"


def _write_soundfont(sounds: Sequence[KitSound], path: Path, origin: KitOrigin) -> None:
    """Write the first take of each layer as a drum kit of a SoundFont, which has no round robins."""
    samples: list[NewSample] = []
    zones: list[Zone] = []
    for sound in sounds:
        amounts = {gen.ATTENUATION: round(-10.0 * sound.gain_db / ATTENUATION_SCALE), gen.ROOT_KEY: sound.key}
        amounts |= {gen.VOL_ENV_RELEASE: RELEASE_TIMECENTS}
        if sound.kind == HAT:
            amounts |= {gen.EXCLUSIVE_CLASS: CHOKE_GROUP}
        for layer in sound.layers:
            take = layer.takes[0]
            n_channels = len(take.wave)
            for channel, wave in enumerate(take.wave):
                pan = {gen.PAN: (-500, 500)[channel]} if n_channels > 1 else {}
                zones.append(Zone(len(samples), (sound.key, sound.key), layer.velocities, amounts | pan, {}))
                name = f"{take.name}{('_l', '_r')[channel] if n_channels > 1 else ''}"
                samples.append(NewSample(name, wave, origin.sample_rate, sound.key))
    kit = NewEntry("Kit", (Zone(0, FULL_RANGE, FULL_RANGE, {}, {}),), DRUM_BANK, 0)
    title = Path(origin.source).stem
    write_soundfont(path, title, [kit], [NewEntry("Kit", tuple(zones))], samples, bits=24)


def pattern_of(sounds: Sequence[KitSound], origin: KitOrigin) -> Score:
    """Return the hits of the recording as a score of drums at their times."""
    rate = origin.sample_rate
    rows = []
    for sound in sounds:
        for hit, velocity in sound.hits:
            tick = round(samples_to_seconds(hit.onset, rate) * TICKS_PER_QUARTER)
            rows.append((tick, SHORTEST_NOTE, sound.key, velocity))
    tempo = np.array([(0, US_PER_QUARTER)], TEMPO)
    track = Track(notes_of(rows), Path(origin.source).stem, is_drum=True)
    return Score((track,), TICKS_PER_QUARTER, tempo, length=round(origin.seconds * TICKS_PER_QUARTER))
