"""SoundFont files: what is written is read, zones combine as the specification says, damage is refused."""

from __future__ import annotations

import numpy as np
import pytest

from wavewright.base.errors import BadSoundFont
from wavewright.synth.soundfont import generators as gen
from wavewright.synth.soundfont.bank import read_soundfont
from wavewright.synth.soundfont.modulators import DEFAULT_MODULATORS
from wavewright.synth.soundfont.writing import GLOBAL, NewEntry, NewSample, write_soundfont
from wavewright.synth.soundfont.zones import Zone

FULL = gen.FULL_RANGE
RNG = np.random.default_rng(3)
WAVES = (0.5 * np.sin(np.arange(2_000) * 0.07), RNG.uniform(-0.9, 0.9, 777))


def zone(terminal, keys=FULL, velocities=FULL, modulators=None, **amounts):
    numbered = {getattr(gen, name.upper()): amount for name, amount in amounts.items()}
    return Zone(terminal, keys, velocities, numbered, modulators or {})


def write(path, presets=None, instruments=None, samples=None, **options):
    samples = samples or [
        NewSample("sine", WAVES[0], 44_100, 60, -7, (180, 1_900)),
        NewSample("noise", WAVES[1], 22_050, 72),
    ]
    instruments = instruments or [NewEntry("both", (zone(0, (0, 59)), zone(1, (60, 127))))]
    presets = presets or [NewEntry("Lead", (zone(0),), 3, 80), NewEntry("Kit", (zone(0),), 128, 0)]
    write_soundfont(path, "Bank", presets, instruments, samples, **options)
    return read_soundfont(path)


@pytest.mark.parametrize(
    ("name", "options", "error"), [("a.sf2", {"bits": 16}, 2**-16), ("a.sf2", {"bits": 24}, 2**-24)]
)
def test_samples_survive(tmp_path, name, options, error):
    font = write(tmp_path / name, **options)
    assert font.name == "Bank"
    assert [(each.name, each.bank, each.program) for each in font.presets] == [("Lead", 3, 80), ("Kit", 128, 0)]
    for index, wave in enumerate(WAVES):
        assert np.abs(font.decoded(index) - wave).max() <= 1.01 * error
    regions = font.regions(font.find(3, 80).index)
    assert regions.ranges.tolist() == [[0, 59, 0, 127], [60, 127, 0, 127]]
    assert regions.samples.tolist() == [0, 1]


def test_compressed_samples_keep_their_length_and_loops(tmp_path):
    font = write(tmp_path / "a.sf3", vorbis_quality=0.8)
    assert font.version[0] == 3
    sine = font.decoded(0)
    assert len(sine) == len(WAVES[0])
    assert np.sqrt(np.mean((sine - WAVES[0]) ** 2)) < 0.02 * np.sqrt(np.mean(WAVES[0] ** 2))
    assert font.headers[["loop_start", "loop_end"]][0].tolist() == (180, 1_900)
    start, end = font.samples.position(1)
    assert np.array_equal(font.samples.wave[start:end], font.decoded(1))
    assert not font.samples.wave[start - 8 : start].any()


def test_instruments_override_and_presets_add(tmp_path):
    font = write(
        tmp_path / "a.sf2",
        [
            NewEntry(
                "P", (zone(GLOBAL, pan=40, fine_tune=7), zone(0, (30, 90), pan=-25, root_key=3, filter_cutoff=-500))
            )
        ],
        [
            NewEntry(
                "I",
                (
                    zone(GLOBAL, fine_tune=20, pan=100, sample_modes=1, filter_cutoff=9_000),
                    zone(0, (20, 70), (10, 99), fine_tune=-11),
                    zone(1, (91, 127)),
                ),
            )
        ],
    )
    regions = font.regions(0)
    assert regions.ranges.tolist() == [[30, 70, 10, 99]]  # the second zone shares no key
    amounts = regions.generators[0]
    expected = {gen.FINE_TUNE: -4, gen.PAN: 75, gen.SAMPLE_MODES: 1, gen.FILTER_CUTOFF: 8_500, gen.ROOT_KEY: 60}
    assert {number: amounts[number] for number in expected} == expected
    untouched = [number for number in range(gen.N_GENERATORS) if number not in expected]
    assert np.array_equal(amounts[untouched], gen.DEFAULTS[untouched])


def test_modulators_replace_defaults_and_presets_add_to_them(tmp_path):
    wheel, own = (0x0081, gen.VIB_LFO_TO_PITCH, 0, 0), (0x0082, gen.FILTER_CUTOFF, 0x0502, 0)
    font = write(
        tmp_path / "a.sf2",
        [NewEntry("P", (zone(0, modulators={wheel: 5, own: -30}),))],
        [NewEntry("I", (zone(GLOBAL, modulators={wheel: 80}), zone(0, modulators={own: 900})))],
    )
    regions = font.regions(0)
    (first, end), *_ = regions.bounds.tolist()
    amounts = {(int(a), int(b), int(d), int(e)): c for a, b, c, d, e in regions.modulators[first:end]}
    assert amounts == DEFAULT_MODULATORS | {wheel: 85, own: 870}


def test_samples_outside_of_the_file_are_empty(tmp_path):
    write(tmp_path / "a.sf2")
    contents = bytearray((tmp_path / "a.sf2").read_bytes())
    header = contents.index(b"noise\0")
    contents[header + 20 : header + 28] = np.array([2**31, 2**31 + 5], "<u4").tobytes()
    (tmp_path / "b.sf2").write_bytes(contents)
    font = read_soundfont(tmp_path / "b.sf2")
    assert len(font.decoded(1)) == 0
    assert len(font.decoded(0)) == len(WAVES[0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda contents: contents[:-9], "cut off"),
        (lambda contents: b"", "not a SoundFont"),
        (lambda contents: b"RIFX" + contents[4:], "not a SoundFont"),
        (lambda contents: contents.replace(b"pdta", b"qdta"), "no list pdta"),
        (lambda contents: contents.replace(b"igen", b"agen"), "no chunk 'igen'"),
        (lambda contents: contents.replace(b"phdr\x72", b"phdr\x73"), "damaged"),
        (
            lambda contents: contents.replace(
                b"Kit".ljust(20, b"\0") + b"\0\0\x80\0\1\0", b"Kit".ljust(20, b"\0") + b"\0\0\x80\0\x9f\0"
            ),
            "refers to entry 159",
        ),
    ],
)
def test_damage_is_refused(tmp_path, change, sentence):
    write(tmp_path / "a.sf2")
    (tmp_path / "b.sf2").write_bytes(change((tmp_path / "a.sf2").read_bytes()))
    with pytest.raises(BadSoundFont, match=sentence):
        read_soundfont(tmp_path / "b.sf2")


def test_missing_files_and_wrong_endings_are_refused(tmp_path):
    with pytest.raises(BadSoundFont, match="cannot be read"):
        read_soundfont(tmp_path / "none.sf2")
    with pytest.raises(BadSoundFont, match=r"\.sf2 with 16 or 24 bits"):
        write_soundfont(tmp_path / "a.wav", "x", [], [], [])
    write_soundfont(tmp_path / "a.sf2", "x", [], [], [])
    with pytest.raises(BadSoundFont, match="empty"):
        read_soundfont(tmp_path / "a.sf2")


def test_chunks_of_odd_sizes_need_no_padding(tmp_path):
    font = write(tmp_path / "a.sf3")
    contents = (tmp_path / "a.sf3").read_bytes()
    at = contents.index(b"smpl")
    size = int.from_bytes(contents[at + 4 : at + 8], "little")
    samples, rest = contents[at + 8 : at + 8 + size], contents[at + 8 + size + size % 2 :]
    samples += b"\0" * (1 - size % 2)
    data = b"sdtasmpl" + len(samples).to_bytes(4, "little") + samples
    for padding in (b"", b"\0"):
        lists = contents[12 : at - 12] + b"LIST" + len(data).to_bytes(4, "little") + data + padding + rest
        (tmp_path / "b.sf3").write_bytes(b"RIFF" + (len(lists) + 4).to_bytes(4, "little") + b"sfbk" + lists)
        again = read_soundfont(tmp_path / "b.sf3")
        assert again.presets == font.presets
        assert np.array_equal(again.decoded(1), font.decoded(1))
