"""SoundFont and SFZ files: damaged anywhere, with wrong counts and indices; what opens is played."""

from __future__ import annotations

import random
import tempfile
import warnings
from pathlib import Path

import numpy as np

from fuzz import mutate

_files: list[bytes] = []


def WARM_UP() -> None:
    from wavewright.synth.soundfont.writing import NewEntry, NewSample, write_soundfont
    from wavewright.synth.soundfont.zones import Zone

    full = (0, 127)
    rng = np.random.default_rng(0)
    samples = [
        NewSample("a", rng.uniform(-1, 1, 300), 8_000, 60, 3, (40, 200)),
        NewSample("b", np.ones(99), 44_100, 70),
    ]
    modulators = {(0x0081, 6, 0, 0): 70, (0x0502, 8, 0x0081, 2): -900}
    zones = Zone(-1, full, full, {17: 30, 54: 1}, modulators), Zone(0, (0, 70), full, {33: -3_000, 50: 0}, {})
    instruments = [NewEntry("x", (*zones, Zone(1, (50, 127), (1, 90), {57: 1}, {}))), NewEntry("y", zones)]
    presets = [
        NewEntry(f"p{index}", (Zone(index % 2, full, full, {8: -200}, modulators),), 128 * (index > 2), index)
        for index in range(4)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.sf2", "b.sf3"):
            path = Path(folder) / name
            write_soundfont(path, "bank", presets, instruments, samples)
            _files.append(path.read_bytes())
            path.write_bytes(_files[-1])
            _play(path)


def read_soundfont_file(rng: random.Random, folder: Path) -> None:
    """Open a damaged file, and play notes of all its presets."""
    contents = rng.choice(_files)
    start = contents.index(b"phdr")
    if rng.random() < 0.6:  # in the tables, rather than in samples
        contents = contents[:start] + mutate.bytes_of(rng, contents[start:])
        if rng.random() < 0.7:
            contents = _resized(contents)
    else:
        contents = mutate.bytes_of(rng, contents)
    path = folder / "x.sf2"
    path.write_bytes(contents)
    _play(path)


def _resized(contents: bytes) -> bytes:
    """Return a file whose outer sizes fit its length, so that the tables are reached."""
    start = contents.find(b"pdta")
    if start < 0:
        return contents
    size = (len(contents) - start).to_bytes(4, "little")
    return contents[:4] + (len(contents) - 8).to_bytes(4, "little") + contents[8 : start - 4] + size + contents[start:]


def _play(path: Path) -> None:
    from wavewright.synth.soundfont.bank import read_soundfont
    from wavewright.synth.soundfont.player import SoundFontEngine

    font = read_soundfont(path)
    engine = SoundFontEngine(font, 22_050)
    for channel, preset in enumerate(font.presets[:12]):
        engine.program(channel, preset.bank, preset.program)
        engine.control(channel, 1, 100)
        for key in (0, 60, 127):
            engine.note_on(channel, key, 90)
        font.key_range(preset)
        font.sample_bytes(preset)
    wave = engine.process(500)
    for channel in range(12):
        engine.note_off(channel, 60)
        engine.pitch_bend(channel, -8_192)
    wave = np.concatenate([wave, engine.process(3_000)], axis=1)
    if not np.isfinite(wave).all():
        raise AssertionError("samples are not finite")


SFZ = """<control>default_path=./ note_offset=0 set_cc1=9 #define $K key
#include "more.sfzh"
<global>loop_mode=loop_continuous amp_veltrack=50 sw_lokey=10 sw_hikey=12 sw_default=10 bend_up=200
<group>group=1 off_by=1 seq_length=2 xfin_lovel=1 xfin_hivel=90 xf_velcurve=gain amp_velcurve_64=0.9
<region>sample=a.wav lokey=0 hikey=c4 pitch_keycenter=60 loop_start=3 loop_end=90 seq_position=1 sw_last=10 offset=5
<region>sample=a.wav $K=60 lorand=0.1 hirand=0.9 cutoff=900 resonance=3 fileg_depth=1200 fileg_decay=0.1 volume=3
<region>sample=a.wav key=127 trigger=release rt_decay=3 pan=-20 width=50 tune_oncc1=30 ampeg_release=0.1 end=80
"""


def read_sfz_file(rng: random.Random, folder: Path) -> None:
    """Open an SFZ file with changed text, and play notes of it."""
    from wavewright.audio.clip import Clip
    from wavewright.synth.sfz import SfzBank, SfzEngine

    Clip(np.ones((2, 100), np.float32) * 0.5, 8_000).write(folder / "a.wav")
    (folder / "more.sfzh").write_bytes(mutate.bytes_of(rng, b"<master>tune=3 pitchlfo_freq=3 pitchlfo_depth=9"))
    path = folder / "x.sfz"
    path.write_bytes(mutate.bytes_of(rng, SFZ.encode()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = SfzEngine(SfzBank(path), 22_050)
    for key in (0, 10, 60, 60, 127):
        engine.note_on(0, key, 90)
    wave = engine.process(300).copy()
    for key in (60, 127):
        engine.note_off(0, key)
    if not np.isfinite(np.concatenate([wave, engine.process(500)], axis=1)).all():
        raise AssertionError("samples are not finite")


READERS = {"soundfont": read_soundfont_file, "sfz": read_sfz_file}
