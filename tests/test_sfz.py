"""SFZ: text to headers and back, opcodes as the format says, and notes whose levels and pitches are known."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wavewright import Clip, render, write_score
from wavewright.audio.clip import write_blocks
from wavewright.audio.wav_chunks import Sampler, append_chunk, loop_chunk
from wavewright.base.errors import BadSoundFont, ScoreWarning
from wavewright.music.score import Score, Track, notes_of
from wavewright.synth.banks import bank_engine, read_bank
from wavewright.synth.sfz import SfzBank, SfzEngine, SfzHeader, read_headers, sfz_text
from wavewright.synth.sfz.opcodes import crossfade, key_of, number_of, velocity_curve
from wavewright.synth.sfz.reading import parse_headers, read_regions
from wavewright.synth.soundfont import PlayerSettings
from wavewright.tasks.soundfont import soundfont

RATE = 44_100
DRY = PlayerSettings(gain_db=0.0, reverb=0.0, chorus=0.0)
CENTRE = 0.5**0.5


def sine(hertz: float, seconds: float = 2.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    for name, hertz in (("a3", 220.0), ("a4", 440.0), ("a5", 880.0)):
        Clip(sine(hertz)[None], RATE).write(tmp_path / f"{name}.wav", "FLOAT")
    Clip(np.stack([sine(440.0), 0.5 * sine(880.0)]), RATE).write(tmp_path / "stereo.wav", "FLOAT")
    return tmp_path


def bank_of(folder, text: str) -> SfzBank:
    path = folder / "test.sfz"
    path.write_text(text)
    return SfzBank(path)


def engine_of(folder, text: str, **options) -> SfzEngine:
    return SfzEngine(bank_of(folder, f"<control>set_cc7=127 {text}"), RATE, DRY, **options)


def level(wave: np.ndarray) -> float:
    """Return the amplitude of a sine that is alone in a wave."""
    return float(np.sqrt(2.0 * np.square(wave[..., -4_410:], dtype=np.float64).mean()))


def pitch(wave: np.ndarray) -> float:
    """Return the frequency of the strongest partial in Hz."""
    part = wave[-32_768:]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 19))
    return float(spectrum.argmax() * RATE / (1 << 19))


def played(engine: SfzEngine, key: int, velocity: int = 127, n_samples: int = 8_820, channel: int = 0) -> np.ndarray:
    engine.reset()
    engine.note_on(channel, key, velocity)
    return engine.process(n_samples).copy()


def test_text_is_read_as_it_stands():
    text = """
    // a comment <region> sample=no.wav
    <control> default_path=..\\My Samples/ set_cc1=64
    <group> ampeg_release=0.3 /* over
    two lines key=3 */ volume=-3
    <region>sample=a b = c.wav key=60 lovel=1
    hivel=127<region> key=c#4 sample=d.wav
    """
    headers = parse_headers(
        "\n".join(line for line in text.split("\n") if "comment" not in line).replace(
            "/* over\n    two lines key=3 */", ""
        )
    )
    assert [header.name for header in headers] == ["control", "group", "region", "region"]
    assert headers[0].opcodes == {"default_path": "..\\My Samples/", "set_cc1": "64"}
    assert headers[3].opcodes == {"key": "c#4", "sample": "d.wav"}


NAMES = st.text("abcdefgh_", min_size=1, max_size=6).map(lambda name: f"x{name}")
VALUES = st.text("abc019.-+#", min_size=1, max_size=8)


@given(st.lists(st.tuples(st.sampled_from(["global", "group", "region"]), st.dictionaries(NAMES, VALUES, max_size=4))))
@settings(max_examples=50)
def test_what_is_written_is_read(rows):
    headers = [SfzHeader(name, opcodes) for name, opcodes in rows]
    read = parse_headers(sfz_text(headers))
    assert [(each.name, dict(each.opcodes)) for each in read] == rows


def test_includes_and_definitions(folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "keys.sfzh").write_text("#define $HIGH 50\n#define $LOWER 40\nlokey=$LOWER")
    (folder / "main.sfz").write_text(
        '#define $X key\n<group> #define $A a #define $B $A\n#include "inner\\keys.sfzh"\n'
        '<region> hi$X=$HIGH sample=$B$HIGH.wav #include "inner/keys.sfzh"'
    )
    headers = read_headers(folder / "main.sfz")
    assert [dict(header.opcodes) for header in headers] == [
        {"lokey": "40"},
        {"hikey": "50", "sample": "a50.wav", "lokey": "40"},
    ]
    (folder / "loop.sfz").write_text('#include "loop.sfz"')
    with pytest.raises(BadSoundFont, match="in itself"):
        read_headers(folder / "loop.sfz")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("#define $KEY 60\n#define $KEYX 1\n<region> key=$KEYX", [60]),
        ("#define $KEYX 1\n#define $KEY 60\n<region> key=$KEYX", [60]),
        ("#define $K 6\n<region> key=$K0", [60]),
        ("#define $K 1\n#define $K1 5\n<region> key=$K12", [112]),
        ("#define $K1 5\n#define $K 1\n<region> key=$K12", [112]),
        ("#define $A 6\n#define $B $A0\n<region> key=$B", [60]),
        ("#define $A 6\n<region> key=$A1\n#define $A 5\n<region> sample=a4.wav key=$A0", [61, 50]),
    ],
)
def test_the_shortest_definition_that_fits_counts_as_in_sfizz(folder, text, keys):
    """The keys at which sfizz_render sounds; ARIA does the same (github.com/sfztools/sfizz, pull request 230)."""
    bank = bank_of(folder, text.replace("<region>", "<region> sample=a4.wav"))
    assert bank.regions(0).ranges[:, :2].tolist() == [[key, key] for key in keys]


def test_includes_that_do_not_exist_are_named_and_the_rest_is_played(folder):
    text = '<region>sample=a4.wav key=69 #include "lost.sfzh" <region>sample=a4.wav key=70 #include "lost.sfzh"'
    with pytest.warns(ScoreWarning, match=r"lost\.sfzh, which it includes, does not exist") as warned:
        assert bank_of(folder, text).regions(0).ranges[:, 0].tolist() == [69, 70]
    assert len(warned) == 1
    with pytest.warns(ScoreWarning), pytest.raises(BadSoundFont, match="no region"):
        bank_of(folder, '#include "lost.sfzh"')


def test_headers_pass_their_opcodes_down(folder):
    (folder / "a.sfz").write_text(
        "<global>volume=1 pan=5<master>tune=3<group>volume=2<region>sample=a4.wav key=60"
        "<region>sample=a5.wav lokey=1<group>key=9<region>sample=x<master><region>sample=y"
    )
    regions, _ = read_regions(folder / "a.sfz")
    first, second, third, fourth = (dict(region.opcodes) for region in regions)
    assert first == {"volume": "2", "pan": "5", "tune": "3", "sample": "a4.wav", "key": "60"}
    assert second["lokey"] == "1"
    assert (third["key"], third["tune"], third["volume"]) == ("9", "3", "1")
    assert fourth == {"volume": "1", "pan": "5", "sample": "y"}


def test_offsets_hold_for_the_regions_that_follow(folder):
    bank = bank_of(
        folder,
        "<control>note_offset=12 <region>sample=a4.wav key=57"
        "<control>octave_offset=-1 note_offset=1 <region>sample=a4.wav key=80",
    )
    assert [tuple(row) for row in bank.regions(0).ranges[:, :2].tolist()] == [(69, 69), (69, 69)]
    assert [rules.keycenter for rules in bank.rules] == [69, 69]
    bank = bank_of(
        folder, "<control>note_offset=12 <region>sample=a4.wav xfin_hikey=60 xfout_lokey=70<region>sample=a4.wav key=60"
    )
    assert bank.regions(0).ranges[:, :2].tolist() == [[0, 127], [72, 72]]  # sfizz moves no range of all keys
    assert [rules.key_fade for rules in bank.rules] == [((12, 72), (82, 127)), ((0, 0), (127, 127))]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("<effect>type=lofi <region>sample=a4.wav", "<effect>"),
        ("<region>sample=a4.wav key=H4", "key=H4"),
        ("<region>sample=a4.wav volume=loud", "volume=loud"),
    ],
)
def test_headers_and_values_without_an_effect_are_named(folder, text, named):
    with pytest.warns(ScoreWarning, match=f"not played: {named}\\."):
        assert bank_of(folder, text).unplayed == (named,)


def test_numbers_and_keys():
    assert [key_of(text, -9) for text in ("60", "c4", "C#4", "db4", "a-1", "b9", "x")] == [60, 60, 61, 61, 9, 131, -9]
    assert [number_of(text) for text in ("-3.5dB", ".5", "+2", "1e9", "x")] == [-3.5, 0.5, 2.0, 1.0, 0.0]


def test_crossfades_add_up():
    for value in range(40, 81):
        rising = crossfade(value, (40.0, 80.0), (127.0, 127.0), is_power=True)
        falling = crossfade(value, (0.0, 0.0), (40.0, 80.0), is_power=True)
        assert rising**2 + falling**2 == pytest.approx(1.0)
    assert crossfade(39, (40.0, 80.0), (127.0, 127.0), is_power=False) == 0.0
    assert crossfade(100, (40.0, 80.0), (127.0, 127.0), is_power=False) == 1.0


def test_velocity_curves_are_linear_between_points():
    curve = velocity_curve({"amp_velcurve_64": "0.5"})
    assert curve[[0, 32, 64, 127]].tolist() == pytest.approx([0.0, 0.25, 0.5, 1.0])
    assert velocity_curve({}) is None


@pytest.mark.parametrize(
    ("opcodes", "key", "hertz"),
    [
        ("key=69", 69, 440.0),
        ("pitch_keycenter=69", 81, 880.0),
        ("pitch_keycenter=a4 tune=50", 69, 440.0 * 2 ** (0.5 / 12)),
        ("pitch_keycenter=69 transpose=-12", 69, 220.0),
        ("pitch_keycenter=69 pitch_keytrack=0", 50, 440.0),
        ("pitch_keycenter=69 tune_oncc20=100", 69, 440.0),
    ],
)
def test_pitches(folder, opcodes, key, hertz):
    engine = engine_of(folder, f"<region>sample=a4.wav {opcodes}")
    assert pitch(played(engine, key, n_samples=40_000)[0]) == pytest.approx(hertz, rel=1e-3)


@pytest.mark.parametrize(
    ("opcodes", "velocity", "gain"),
    [
        ("", 127, 1.0),
        ("", 64, (64 / 127) ** 2),
        ("amp_veltrack=0", 64, 1.0),
        ("amp_veltrack=50", 64, 0.5 + 0.5 * (64 / 127) ** 2),
        ("amp_veltrack=-100", 64, 1.0 - (1.0 - (63 / 127) ** 2)),
        ("amp_velcurve_64=1", 64, 1.0),
        ("volume=6", 127, 10**0.3),
        ("volume=-6 amplitude=50", 127, 0.5 * 10**-0.3),
        ("master_volume=-3 group_volume=-3 volume=-3", 127, 10**-0.45),
        ("xfin_lovel=0 xfin_hivel=127", 64, (64 / 127) ** 2.5),
        ("xfin_lovel=0 xfin_hivel=127 xf_velcurve=gain", 64, (64 / 127) ** 3),
        ("amplitude_oncc30=100", 127, 32 / 127),
        ("volume_oncc30=12.7", 127, 10 ** (3.2 / 20)),
        ("amp_keytrack=1 amp_keycenter=65", 127, 10 ** (4 / 20)),
    ],
)
def test_levels(folder, opcodes, velocity, gain):
    engine = engine_of(folder, f"<control>set_cc30=32<region>sample=a4.wav key=69 {opcodes}")
    wave = played(engine, 69, velocity)
    assert level(wave[0]) == pytest.approx(0.5 * CENTRE * gain, rel=2e-3)
    assert np.allclose(wave[0], wave[1], atol=1e-6)


def test_files_of_six_channels_are_played_as_their_stereo_downmix(folder):
    """The centre is in both (ITU-R BS.775)."""
    tone = sine(440.0)
    waves = np.stack([tone, 0 * tone, tone, 0 * tone, 0 * tone, 0 * tone])
    Clip(waves, RATE).write(folder / "six.wav", "FLOAT")
    left, right = played(engine_of(folder, "<region>sample=six.wav key=69"), 69)
    assert level(right) / level(left) == pytest.approx(0.5**0.5 / (1 + 0.5**0.5), rel=1e-3)


def test_stereo_files_keep_their_sides(folder):
    engine = engine_of(folder, "<region>sample=stereo.wav key=69")
    left, right = played(engine, 69, n_samples=40_000)
    assert (pitch(left), pitch(right)) == pytest.approx((440.0, 880.0), rel=1e-3)
    assert (level(left), level(right)) == pytest.approx((0.5, 0.25), rel=1e-3)
    left, right = played(engine_of(folder, "<region>sample=stereo.wav key=69 pan=100"), 69)
    assert level(left) == pytest.approx(0.0, abs=1e-6)
    assert level(right) == pytest.approx(0.25, rel=1e-3)
    left, right = played(engine_of(folder, "<region>sample=a4.wav key=69 pan=-100"), 69)
    assert level(right) == pytest.approx(0.0, abs=1e-6)


def test_ranges_choose_regions(folder):
    text = """<region>sample=a3.wav hikey=59 pitch_keytrack=0 hivel=63
    <region>sample=a4.wav hikey=59 pitch_keytrack=0 lovel=64
    <region>sample=a5.wav lokey=60 hikey=c5 pitch_keytrack=0
    <region>sample=a5.wav lokey=-1"""
    engine = engine_of(folder, text)
    hertz = [pitch(played(engine, *note, n_samples=40_000)[0]) for note in ((20, 63), (20, 64), (60, 100), (72, 1))]
    assert hertz == pytest.approx([220.0, 440.0, 880.0, 880.0], rel=1e-3)
    assert not played(engine, 73).any()


def hertz_of_notes(engine: SfzEngine, count: int, key: int = 60) -> list[int]:
    """Return the frequencies of notes one after the other, without a reset between them."""
    hertz = []
    for _ in range(count):
        engine.note_on(0, key, 127)
        hertz.append(round(pitch(engine.process(20_000)[0])))
        engine.note_off(0, key)
        engine.process(4_410)
    return hertz


def test_round_robins_alternate(folder):
    text = "<group>key=60 pitch_keytrack=0 seq_length=3" + "".join(
        f"<region>seq_position={position} sample={name}.wav" for position, name in ((1, "a3"), (2, "a4"), (3, "a5"))
    )
    engine = engine_of(folder, text)
    assert hertz_of_notes(engine, 4) == [220, 440, 880, 220]
    engine.reset()
    assert hertz_of_notes(engine, 1) == [220]


def test_random_regions_are_one_at_a_time_and_follow_the_seed(folder):
    text = "<group>key=60 pitch_keytrack=0<region>hirand=0.5 sample=a3.wav<region>lorand=0.5 sample=a5.wav"
    first = hertz_of_notes(engine_of(folder, text, seed=3), 12)
    assert set(first) == {220, 880}
    assert hertz_of_notes(engine_of(folder, text, seed=3), 12) == first


def test_key_switches_and_controllers_choose_regions(folder):
    text = """<global>key=60 pitch_keytrack=0 sw_lokey=24 sw_hikey=25 sw_default=24
    <region>sw_last=24 locc4=0 hicc4=63 sample=a3.wav<region>sw_last=24 locc4=64 sample=a4.wav
    <region>sw_last=25 sample=a5.wav"""
    engine = engine_of(folder, text)
    assert hertz_of_notes(engine, 1) == [220]
    engine.control(0, 4, 100)
    assert hertz_of_notes(engine, 1) == [440]
    engine.note_on(0, 25, 100)
    engine.note_off(0, 25)
    assert hertz_of_notes(engine, 2) == [880, 880]


def test_programs_and_channels_choose_regions(folder):
    text = """<global>key=60 pitch_keytrack=0<region>hiprog=3 sample=a3.wav<region>loprog=4 hichan=1 sample=a4.wav
    <region>loprog=4 lochan=2 sample=a5.wav"""
    engine = engine_of(folder, text)
    engine.program(0, 0, 4)
    engine.program(1, 0, 4)
    engine.note_on(0, 60, 100)
    assert round(pitch(engine.process(40_000)[0])) == 440
    engine.control(0, 120, 0)
    engine.process(4_410)
    engine.note_on(1, 60, 100)
    assert round(pitch(engine.process(40_000)[0])) == 880


def test_loops(folder):
    engine = engine_of(folder, "<region>sample=a4.wav key=69 loop_mode=loop_continuous loop_start=0 loop_end=44099")
    assert level(played(engine, 69, n_samples=4 * RATE)[0]) == pytest.approx(0.5 * CENTRE, rel=1e-2)
    engine = engine_of(folder, "<region>sample=a4.wav key=69")
    assert not played(engine, 69, n_samples=3 * RATE)[0, -RATE // 2 :].any()
    engine = engine_of(folder, "<region>sample=a4.wav key=69 end=4409")
    assert not played(engine, 69)[0, 4_420:].any()
    engine = engine_of(folder, "<region>sample=a4.wav key=69 offset=44100")
    assert not played(engine, 69, n_samples=2 * RATE)[0, RATE + 10 :].any()


def test_loop_points_of_the_file_are_used(folder):
    write_blocks(folder / "loop.wav", [Clip(sine(441.0, 0.5)[None], RATE)], "FLOAT", is_loop=True)
    engine = engine_of(folder, "<region>sample=loop.wav key=69")
    assert level(played(engine, 69, n_samples=2 * RATE)[0]) == pytest.approx(0.5 * CENTRE, rel=1e-2)
    engine = engine_of(folder, "<region>sample=loop.wav key=69 loop_mode=no_loop")
    assert not played(engine, 69, n_samples=RATE)[0, -RATE // 4 :].any()


def test_the_key_of_a_sample_is_that_of_its_file_where_the_region_says_so(folder):
    with (folder / "a4.wav").open("r+b") as file:
        append_chunk(file, loop_chunk((), RATE, Sampler(69)))
    engine = engine_of(folder, "<region>sample=a4.wav pitch_keycenter=sample")
    assert pitch(played(engine, 57, n_samples=40_000)[0]) == pytest.approx(220.0, abs=0.1)
    assert pitch(played(engine_of(folder, "<region>sample=a4.wav"), 60, n_samples=40_000)[0]) == pytest.approx(
        440, abs=0.1
    )


def test_one_shots_outlast_their_keys(folder):
    engine = engine_of(folder, "<region>sample=a4.wav key=69 loop_mode=one_shot")
    engine.note_on(0, 69, 127)
    engine.process(100)
    engine.note_off(0, 69)
    assert level(engine.process(RATE)[0]) == pytest.approx(0.5 * CENTRE, rel=1e-2)
    engine = engine_of(folder, "<region>sample=a4.wav key=69")
    engine.note_on(0, 69, 127)
    engine.process(100)
    engine.note_off(0, 69)
    assert level(engine.process(RATE)[0]) == 0.0


def test_envelopes(folder):
    engine = engine_of(folder, "<region>sample=a4.wav key=69 ampeg_attack=0.5 ampeg_sustain=50 ampeg_decay=0.2")
    wave = played(engine, 69, n_samples=2 * RATE)[0]
    assert level(wave[: round(0.275 * RATE)]) == pytest.approx(0.5 * CENTRE * 0.45, rel=0.02)  # 0.175 to 0.275 s
    assert level(wave[: round(1.5 * RATE)]) == pytest.approx(0.25 * CENTRE, rel=1e-2)
    engine = engine_of(folder, "<region>sample=a4.wav key=69 ampeg_release=1")
    engine.note_on(0, 69, 127)
    engine.process(4_410)
    engine.note_off(0, 69)
    wave = engine.process(RATE // 2)[0]
    assert level(wave) == pytest.approx(0.5 * CENTRE * np.exp(-9 * 0.45), rel=0.1)


def test_groups_end_each_other(folder):
    text = """<group>group=1 off_by=2 pitch_keytrack=0<region>key=46 sample=a3.wav
    <group>group=2 off_by=1 pitch_keytrack=0<region>key=42 sample=a5.wav"""
    engine = engine_of(folder, text)
    engine.note_on(0, 46, 127)
    engine.process(RATE // 4)
    engine.note_on(0, 42, 127)
    assert round(pitch(engine.process(RATE)[0])) == 880
    wave = engine.process(4_410)[0]
    assert level(wave) == pytest.approx(0.5 * CENTRE, rel=1e-2)


def test_releases_start_regions(folder):
    text = """<region>key=60 sample=a3.wav pitch_keytrack=0
    <region>key=60 trigger=release sample=a5.wav pitch_keytrack=0 rt_decay=6"""
    engine = engine_of(folder, text)
    engine.note_on(0, 60, 127)
    assert round(pitch(engine.process(RATE)[0])) == 220
    engine.note_off(0, 60)
    wave = engine.process(RATE)[0]
    assert round(pitch(wave)) == 880
    assert level(wave) == pytest.approx(0.5 * CENTRE * 10 ** (-6 / 20), rel=1e-2)
    engine.reset()
    engine.control(0, 64, 127)
    engine.note_on(0, 60, 127)
    engine.note_off(0, 60)
    assert round(pitch(engine.process(RATE)[0])) == 220
    engine.control(0, 64, 0)
    assert round(pitch(engine.process(RATE)[0])) == 880


def test_legato_and_first_notes(folder):
    text = """<global>pitch_keytrack=0<region>lokey=60 hikey=61 trigger=first sample=a3.wav
    <region>lokey=60 hikey=61 trigger=legato sample=a5.wav"""
    engine = engine_of(folder, text)
    engine.note_on(0, 60, 127)
    first = engine.process(40_000)[0].copy()
    engine.control(0, 120, 0)
    engine.note_on(0, 60, 127)
    engine.note_on(0, 61, 127)
    engine.note_off(0, 60)
    engine.process(4_410)
    assert [round(pitch(first)), round(pitch(engine.process(40_000)[0]))] == [220, 880]


def test_the_filter_takes_off_what_lies_above(folder):
    rng = np.random.default_rng(0)
    Clip(rng.uniform(-0.5, 0.5, (1, 2 * RATE)).astype(np.float32), RATE).write(folder / "noise.wav", "FLOAT")
    text = "<region>sample=noise.wav key=60 cutoff=500"
    wave = played(engine_of(folder, text), 60, n_samples=RATE)[0]
    power = np.square(np.abs(np.fft.rfft(wave * np.hanning(len(wave)))))
    assert power[5_000:8_000].mean() < 1e-3 * power[50:300].mean()
    tracked = played(engine_of(folder, f"{text} fil_veltrack=4800"), 60, n_samples=RATE)[0]
    assert np.square(tracked).mean() > 4.0 * np.square(wave).mean()


def test_the_wheel_bends_by_the_range_of_the_region(folder):
    engine = engine_of(folder, "<region>sample=a4.wav key=69 bend_up=1200")
    engine.note_on(0, 69, 127)
    engine.pitch_bend(0, 8_191)
    assert pitch(engine.process(40_000)[0]) == pytest.approx(880.0, rel=1e-3)


def test_offsets_of_keys_and_default_paths(folder):
    (folder / "Samples").mkdir()
    (folder / "a4.wav").rename(folder / "Samples" / "A4.wav")
    text = "<control>default_path=samples\\ note_offset=1 octave_offset=-1<region>sample=a4.wav key=69"
    engine = engine_of(folder, text)
    assert not played(engine, 69).any()
    assert pitch(played(engine, 58, n_samples=40_000)[0]) == pytest.approx(440.0, rel=1e-3)


def test_blocks_change_no_sample(folder):
    text = "<region>sample=stereo.wav ampeg_attack=0.1 pitchlfo_freq=5 pitchlfo_depth=30 cutoff=2000 offset_random=99"
    engine = engine_of(folder, text)
    whole = played(engine, 66, n_samples=4_410)
    engine.reset()
    engine.note_on(0, 66, 127)
    parts = np.concatenate([engine.process(n).copy() for n in (1, 63, 64, 1_000, 3_282)], axis=1)
    assert np.array_equal(whole, parts)


def test_what_is_not_played_is_named_once(folder):
    text = """<region>key=60 sample=a4.wav eq1_gain=3 lfo01_freq=2
    <region>key=61 sample=a4.wav eq1_gain=4 fil_type=hpf_2p
    <region>key=62 sample=*saw<region>key=63 sample=lost.wav<region>key=64 sample=*silence"""
    with pytest.warns(ScoreWarning) as warned:
        bank = bank_of(folder, text)
    assert [str(each.message) for each in warned] == [
        "test.sfz: these opcodes are not played: eq1_gain, lfo01_freq, fil_type=hpf_2p, sample=*saw.",
        "test.sfz: a sample is missing or cannot be read, such as 'lost.wav'.",
    ]
    assert len(bank.rules) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bank_of(folder, "<region>key=60 sample=a4.wav region_label=x")


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        (b"", "has no region with a sample"),
        (b"<region>sample=lost.wav", "'lost.wav' cannot be read"),
        (b"RIFF\0\0\0\0sfbk", "is not text"),
        (b"<region>key=60", "has no region with a sample"),
    ],
)
def test_bad_files_are_refused(folder, contents, sentence):
    path = folder / "bad.sfz"
    path.write_bytes(contents)
    with pytest.raises(BadSoundFont, match=sentence):
        SfzBank(path)
    with pytest.raises(BadSoundFont, match=r"none\.sfz does not exist"):
        read_bank(folder / "none.sfz")


def test_commands_take_sfz_files(folder):
    bank = bank_of(folder, "<region>sample=a4.wav pitch_keycenter=69 lokey=60 hikey=80")
    write_score(Score((Track(notes_of([(0, 480, 69, 100)])),)), folder / "one.mid")
    result = render(folder / "one.mid", folder / "one.wav", instrument=str(bank.path), quiet=True)
    assert result.by == "test.sfz"
    assert pitch(Clip.read(result.out).wave[0][:20_000]) == pytest.approx(440.0, rel=1e-3)
    listed = soundfont(bank.path)
    assert (listed.version, listed.n_samples, len(listed.presets)) == ("SFZ", 1, 1)
    assert (listed.presets[0].lowest_key, listed.presets[0].highest_key) == (60, 80)
    assert isinstance(bank_engine(read_bank(bank.path), RATE), SfzEngine)
