"""`wavewright mix`: what a project gives, sample by sample; what is refused, and where."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from wavewright import Chain, Clip, mix
from wavewright.audio import metadata_file
from wavewright.audio.file_formats.metadata import SoundMetadata
from wavewright.audio.sound_file import read_origin
from wavewright.audio.wav_chunks import BACKWARD, PING_PONG, LoopPoints, read_loops
from wavewright.base.errors import BadAudio, BadFolder, BadSetting
from wavewright.base.units import db_to_gain
from wavewright.dsp.assembly import fade_gains
from wavewright.effects import Ducker
from wavewright.effects.mixing import sources
from wavewright.effects.mixing.plan import Mix
from wavewright.effects.mixing.project import parse_project, read_project
from wavewright.effects.mixing.rendering import render_blocks, render_strip_blocks

RATE = 8_000
HEAD = f"sample_rate = {RATE}\n"


def noise(n_samples: int, n_channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (n_channels, n_samples)).astype(np.float32)


A, B, MONO = noise(8_000, 2, 1), noise(4_000, 2, 2), noise(6_000, 1, 3)


@pytest.fixture
def folder(tmp_path):
    for name, wave in (("a", A), ("b", B), ("mono", MONO)):
        Clip(wave, RATE).write(tmp_path / f"{name}.wav", "FLOAT")
    return tmp_path


def rendered(text: str, folder, block_samples: int = 16_384) -> np.ndarray:
    return np.concatenate(list(render_blocks(parse_project(HEAD + text, folder), block_samples)), axis=1)


def db(level_db: float) -> np.float32:
    return np.float32(db_to_gain(level_db))


def test_regions_are_placed_cut_and_added(folder):
    text = """
    [[tracks]]
    gain_db = -6
    regions = [{ file = "a.wav" }, { file = "b.wav", start = 0.75, offset = 0.1, length = "250ms", gain_db = 3 }]
    [[tracks]]
    regions = [{ file = "mono.wav", start = "0:01.5" }]
    """
    expected = np.zeros((2, 18_000), np.float32)
    expected[:, :8_000] += A
    expected[:, 6_000:8_000] += B[:, 800:2_800] * db(3)
    expected *= db(-6)
    expected[:, 12_000:] += MONO
    np.testing.assert_array_equal(rendered(text, folder), expected)


def test_a_region_may_start_before_the_mix(folder):
    text = '[[tracks]]\nregions = [{ file = "a.wav", start = -0.25 }]'
    np.testing.assert_array_equal(rendered(text, folder), A[:, 2_000:])


def test_the_length_cuts_or_prolongs(folder):
    text = '[[tracks]]\nregions = [{ file = "a.wav" }]'
    np.testing.assert_array_equal(rendered("length = 0.5\n" + text, folder), A[:, :4_000])
    longer = rendered("length = 1.5\n" + text, folder)
    np.testing.assert_array_equal(longer, np.pad(A, ((0, 0), (0, 4_000))))


def test_fades_have_their_curves(folder):
    text = """[[tracks]]
    regions = [{ file = "a.wav", fade_in = 0.1, fade_out = 0.2, fade_curve = "linear" }]"""
    expected = A.copy()
    expected[:, :800] *= fade_gains(800, "linear")
    expected[:, -1_600:] *= fade_gains(1_600, "linear")[::-1]
    np.testing.assert_array_equal(rendered(text, folder), expected)


def _add_loop(path, loop):
    metadata_file.write(path, SoundMetadata(loops=(loop,)), RATE, B.shape[1])


def test_loops_repeat_the_file_or_its_loop_points(folder):
    text = '[[tracks]]\nregions = [{ file = "b.wav", loop = true, offset = 0.1, length = 2 }]'
    expected = np.tile(B[:, 800:], 5)[:, :16_000]
    np.testing.assert_array_equal(rendered(text, folder), expected)
    _add_loop(folder / "b.wav", LoopPoints(1_000, 3_000))
    expected = np.concatenate([B[:, 800:3_000], np.tile(B[:, 1_000:3_000], 7)], axis=1)[:, :16_000]
    np.testing.assert_array_equal(rendered(text, folder), expected)


@pytest.mark.parametrize("n_loop", [1, 2, 2_000])
@pytest.mark.parametrize("offset", [0, 0.1])
def test_ping_pong_and_backward_loops_turn(folder, monkeypatch, n_loop, offset):
    monkeypatch.setattr(sources, "REVERSED_SAMPLES", 700)
    seconds = 1 if n_loop > 2 else 0.2  # each turn of a loop takes a while
    text = f'[[tracks]]\nregions = [{{ file = "b.wav", loop = true, offset = {offset}, length = {seconds} }}]'
    wave = (folder / "b.wav").read_bytes()
    n = round(seconds * RATE)
    loop, before = B[:, 1_000 : 1_000 + n_loop], B[:, round(offset * RATE) : 1_000]
    reflected = np.pad(loop, ((0, 0), (0, n)), mode="reflect") if n_loop > 1 else np.tile(loop, n)
    reversed_again = np.concatenate([loop, np.tile(loop[:, ::-1], n // n_loop + 1)], axis=1)
    for kind, expected in ((PING_PONG, reflected), (BACKWARD, reversed_again)):
        (folder / "b.wav").write_bytes(wave)
        _add_loop(folder / "b.wav", LoopPoints(1_000, 1_000 + n_loop, kind))
        assert read_loops(folder / "b.wav")[0].kind == kind
        np.testing.assert_array_equal(rendered(text, folder), np.concatenate([before, expected], axis=1)[:, :n])


@pytest.mark.parametrize(
    ("pan", "left", "right"), [(0, 1, 1), (-1, 2**0.5, 0), (1, 0, 2**0.5), (0.5, 0.541196, 1.306563)]
)
def test_positions_have_constant_power(folder, pan, left, right):
    mixed = rendered(f'[[tracks]]\npan = {pan}\nregions = [{{ file = "mono.wav" }}]', folder)
    np.testing.assert_allclose(mixed, np.concatenate([MONO * left, MONO * right]), atol=1e-6)
    assert left**2 + right**2 == pytest.approx(2, abs=1e-5)


def test_automation_is_linear_in_db(folder):
    text = """[[tracks]]
    gain_db = -3
    automation.gain_db = [[0.25, -20], ["0.5s", "0dB"]]
    automation.pan = [[0, -1], [1, 1]]
    regions = [{ file = "a.wav" }]"""
    time = np.arange(8_000) / RATE
    gains = 10 ** ((-3 + np.interp(time, [0.25, 0.5], [-20, 0])) / 20)
    angle = np.pi / 2 * time
    expected = A * gains * np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)])
    np.testing.assert_allclose(rendered(text, folder), expected, atol=1e-6)


def test_effects_on_regions_tracks_and_the_master(folder):
    text = """
    [master]
    effects = "gain -2dB; limit -1dBTP"
    gain_db = 1
    [[tracks]]
    effects = "highpass 200; compress -20dB 3"
    regions = [{ file = "a.wav", effects = "lowpass 1kHz" }, { file = "b.wav", start = 0.2 }]
    """
    track = Chain.parse("lowpass 1kHz")(A, RATE)
    track[:, 1_600:5_600] += B
    track = Chain.parse("highpass 200; compress -20dB 3")(track, RATE)
    expected = Chain.parse("gain -2dB; limit -1dBTP")(track, RATE) * db(1)
    np.testing.assert_array_equal(rendered(text, folder), expected)


def test_effects_that_depend_on_the_whole_sound(folder):
    text = """
    [master]
    effects = "normalise -3dB"
    [[tracks]]
    name = "a"
    effects = "rms -20dB"
    sends = [{ to = "bus", gain_db = -6 }]
    regions = [{ file = "a.wav" }]
    [[tracks]]
    regions = [{ file = "b.wav" }]
    [[buses]]
    name = "bus"
    effects = "normalise -10dB"
    """
    a = Chain.parse("rms -20dB")(A, RATE)
    expected = a.copy()
    expected[:, :4_000] += B
    expected += Chain.parse("normalise -10dB")(a * db(-6), RATE)
    expected = Chain.parse("normalise -3dB")(expected, RATE)
    np.testing.assert_allclose(rendered(text, folder), expected, atol=1e-6)


def test_tails_sound_on(folder):
    text = '[[tracks]]\neffects = "delay 0.5s mix=0.5 feedback=0 tail=0.5s"\nregions = [{ file = "b.wav" }]'
    mixed = rendered(text, folder)
    assert mixed.shape[1] == 8_000
    np.testing.assert_allclose(mixed[:, 4_000:], 0.5 * B, atol=1e-6)


def test_effects_sound_on_up_to_the_end_of_the_mix(folder):
    text = """
    [[tracks]]
    effects = "delay 0.5s mix=0.5 feedback=0"
    regions = [{ file = "b.wav" }]
    [[tracks]]
    mute = true
    regions = [{ file = "a.wav" }]
    """
    assert rendered(text, folder).shape[1] == 4_000
    mixed = rendered("length = 0.9\n" + text, folder)
    np.testing.assert_allclose(mixed[:, 4_000:], 0.5 * B[:, :3_200], atol=1e-6)


def test_buses_sends_and_mute(folder):
    text = """
    [[tracks]]
    name = "a"
    output = "group"
    sends = [{ to = "echo", gain_db = -6 }]
    regions = [{ file = "a.wav" }]
    [[tracks]]
    name = "b"
    output = "group"
    regions = [{ file = "b.wav" }]
    [[buses]]
    name = "group"
    gain_db = -3
    [[buses]]
    name = "echo"
    effects = "invert"
    """
    both = A.copy()
    both[:, :4_000] += B
    np.testing.assert_allclose(rendered(text, folder), both * db(-3) - A * db(-6), atol=1e-6)
    muted = rendered(text.replace('name = "a"', 'name = "a"\nmute = true'), folder)
    np.testing.assert_allclose(muted, B * db(-3), atol=1e-6)


def test_solo_silences_the_other_tracks(folder):
    text = """
    tempo = 90
    [[tracks]]
    regions = [{ file = "a.wav" }]
    [[tracks]]
    solo = true
    regions = [{ file = "b.wav" }]
    [[tracks]]
    solo = true
    mute = true
    regions = [{ file = "mono.wav" }]
    """
    np.testing.assert_array_equal(rendered(text, folder)[:, :4_000], B)


def test_ducking_by_another_track(folder):
    text = """
    [[tracks]]
    name = "music"
    duck = { by = "voice", depth_db = "9dB", attack_ms = 5 }
    regions = [{ file = "a.wav" }]
    [[tracks]]
    name = "voice"
    gain_db = -2
    regions = [{ file = "b.wav", start = 0.3 }]
    """
    voice = np.zeros_like(A)
    voice[:, 2_400:6_400] = B * db(-2)
    ducked = Ducker(depth_db=9.0, attack_ms=5.0)(A, RATE, voice)
    np.testing.assert_array_equal(rendered(text, folder), ducked + voice)
    unducked = rendered(text.replace('name = "voice"', 'name = "voice"\nmute = true'), folder)
    np.testing.assert_array_equal(unducked, A)


EVERYTHING = """
[master]
effects = "compress -20dB 2; limit -3dBTP"
automation.gain_db = [[0, -6], [1, 0]]
[[tracks]]
name = "music"
pan = -0.3
effects = "reverb 0.3s tail=0.2s; chorus"
duck = { by = "voice" }
sends = [{ to = "hall", gain_db = -3 }]
regions = [{ file = "other.wav", loop = true, length = 2.5, fade_out = 0.5, speed = 1.1 }]
[[tracks]]
name = "voice"
automation.pan = [[0, -1], [2, 1]]
regions = [{ file = "mono.wav", start = 0.333 }, { file = "b.wav", start = -0.1, effects = "lowpass 900" }]
[[buses]]
name = "hall"
effects = "normalise -6dB; delay 0.1s tail=0.3s"
"""


def test_blocks_of_any_length_give_the_same_samples(folder):
    Clip(noise(11_025, 2, 4), 11_025).write(folder / "other.wav", "FLOAT")
    whole = rendered(EVERYTHING, folder, 100_000)
    for n_block in (397, 16_384):
        np.testing.assert_array_equal(rendered(EVERYTHING, folder, n_block), whole)


def test_files_of_other_rates_and_channels(folder):
    time = np.arange(2 * 44_100) / 44_100
    Clip(0.5 * np.sin(2 * np.pi * 440 * time)[None], 44_100).write(folder / "tone.wav", "FLOAT")
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    mixed = rendered('channels = 2\n[[tracks]]\nregions = [{ file = "tone.wav" }]', folder)
    assert mixed.shape == (2, 2 * RATE)
    np.testing.assert_allclose(mixed[0, 200:-200], expected[200:-200], atol=1e-4)
    octave = rendered('channels = 1\n[[tracks]]\nregions = [{ file = "tone.wav", speed = 2 }]', folder)
    assert octave.shape == (1, RATE)
    np.testing.assert_allclose(octave[0, 200:-200], expected[: 2 * RATE : 2][200:-200], atol=1e-3)
    mono = rendered('channels = 1\n[[tracks]]\nregions = [{ file = "a.wav" }]', folder)
    np.testing.assert_allclose(mono, A.mean(axis=0, keepdims=True), atol=1e-7)


def test_stems_add_up_to_the_input_of_the_master(folder):
    (folder / "film.toml").write_text(
        HEAD + EVERYTHING.replace("other.wav", "a.wav").split("[[tracks]]", 1)[1].join(["[[tracks]]", ""])
    )
    mixed = mix(folder / "film.toml", folder / "out.wav", folder / "stems", subtype="FLOAT", quiet=True)
    stems = [Clip.read(file.path).wave for file in mixed.files[1:]]
    assert [file.path.name for file in mixed.files[1:]] == ["music.wav", "voice.wav", "hall.wav"]
    np.testing.assert_allclose(sum(stems), Clip.read(mixed.out).wave, atol=1e-6)


def test_tracks_whose_names_become_one_file_name_have_a_stem_each(folder):
    names = ("a b", "a_b", "A_b-2", "A B")
    tracks = (f"[[tracks]]\nname = '{name}'\nregions = [{{file = 'a.wav'}}]\n" for name in names)
    (folder / "alike.toml").write_text("".join(tracks))
    mixed = mix(folder / "alike.toml", folder / "out.wav", folder / "stems", quiet=True)
    stems = [file.path.name for file in mixed.files[1:]]
    assert stems == ["a_b.wav", "a_b-2.wav", "A_b-2-2.wav", "A_B-3.wav"]
    assert [read_origin(file.path)["stem"] for file in mixed.files[1:]] == [*names]


@pytest.mark.parametrize(
    ("text", "out", "message"),
    [
        ('name = "a"\nregions = [{ file = "a.wav" }]', "out.wav", r"stem .*a\.wav would replace a file that is read"),
        (
            'name = "room"\neffects = "convolve room.wav"\nregions = [{ file = "a.wav" }]',
            "out.wav",
            "file that is read",
        ),
        ('name = "b"\nregions = [{ file = "a.wav" }]', "out.wav", r"stem .*b\.wav would replace a file of that name"),
        ('name = "x"\nregions = [{ file = "a.wav" }]', "x.wav", "would replace the mix; give another folder"),
    ],
)
def test_stems_replace_neither_the_files_of_the_mix_nor_the_mix(folder, text, out, message):
    (folder / "film.toml").write_text(HEAD + f"[[tracks]]\n{text}")
    shutil.copy(folder / "a.wav", folder / "room.wav")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(BadSetting, match=message):
        mix(folder / "film.toml", folder / out, folder, quiet=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_mix_does_not_replace_a_file_of_an_effect(folder):
    shutil.copy(folder / "a.wav", folder / "room.wav")
    track = '[[tracks]]\neffects = "convolve room.wav"\nregions = [{ file = "a.wav" }]'
    (folder / "film.toml").write_text(HEAD + track)
    with pytest.raises(BadSetting, match=r"room\.wav is a file that is read, and is never replaced"):
        mix(folder / "film.toml", folder / "room.wav", quiet=True)


def test_the_file_says_what_was_mixed(folder):
    (folder / "film.toml").write_text(HEAD + '[[tracks]]\nregions = [{ file = "a.wav", gain_db = 20 }]')
    mixed = mix(folder / "film.toml", quiet=True)
    assert mixed.out == folder / "film.wav"
    assert soundfile.info(mixed.out).subtype == "PCM_24"
    assert read_origin(mixed.out)["mix"] == "film.toml"
    assert mixed.details["peak_db"] == pytest.approx(20 * np.log10(np.abs(A).max()) + 20, abs=0.01)
    assert mixed.details["clipped"].n_samples == (np.abs(A) * 10 > 1).sum()
    assert "were clipped" in str(mixed)


def test_a_plan_writes_nothing(folder):
    (folder / "film.toml").write_text(HEAD + EVERYTHING.replace("other.wav", "a.wav"))
    plan = mix(folder / "film.toml", dry_run=True)
    assert not (folder / "film.wav").exists()
    assert plan.details["seconds"] == 2.5
    assert "track 'voice': 2 regions from -0.10 s to 1.08 s; to master" in str(plan)
    assert json.dumps([strip["name"] for strip in plan.details["strips"]]) == '["music", "voice", "hall", "master"]'


def test_many_regions_are_opened_one_after_the_other(folder, monkeypatch):
    regions = ", ".join(f'{{ file = "b.wav", start = {0.5 * number} }}' for number in range(300))
    project = parse_project(f"{HEAD}[[tracks]]\nregions = [{regions}]", folder)
    opened = []
    from wavewright.effects.mixing.sources import FileSource

    blocks = FileSource.blocks
    monkeypatch.setattr(FileSource, "blocks", lambda self, start=0: opened.append(start) or blocks(self, start))
    stream = render_blocks(project, 4_000)
    assert all(next(stream).shape == (2, 4_000) for _ in range(3))
    assert len(opened) <= 4


def test_muted_tracks_have_no_stems_and_empty_buses_are_silent(folder):
    project = parse_project(HEAD + '[[tracks]]\nregions=[{file="a.wav"}]\n[[buses]]\nname="x"', folder)
    assert isinstance(project, Mix)
    silent = np.concatenate(list(render_strip_blocks(project, "x", 1_000)), axis=1)
    assert silent.shape == (2, 1_000)
    assert not silent.any()


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("x = = 1", BadSetting, "no TOML .*line 2"),
        ("", BadSetting, "tracks is missing"),
        ("tracks = 3", BadSetting, "a project: tracks is 3"),
        ("[[tracks]]", BadSetting, "no length"),
        ("[[tracks]]\ngain = 3", BadSetting, "^track 1: there is no setting 'gain'; there are gain_db, pan"),
        ("[[tracks]]\nname='x'\ngain_db = 100", BadSetting, "^track 'x': gain_db is 100; it must be at most 60"),
        ("[[tracks]]\ngain_db = nan", BadSetting, "gain_db is nan"),
        ("[[tracks]]\ngain_db = '3 kHz'", BadSetting, "is no unit of a level"),
        ("[[tracks]]\nname='x'\nregions=[{start=1}]", BadSetting, "^track 'x', region 1: file is missing"),
        ("[[tracks]]\nregions=[{file='a.wav'}, {file='no.wav'}]", BadAudio, r"^track 1, region 2: .*no\.wav does not"),
        ("[[tracks]]\nregions=[{file='a.wav', offset=1}]", BadSetting, r"region 1: offset is 1 s, and .* has 1\.000 s"),
        ("[[tracks]]\nregions=[{file='a.wav', start='soon'}]", BadSetting, "region 1: start: .*'soon'"),
        ("[[tracks]]\nregions=[{file='a.wav', length=-1}]", BadSetting, "region 1: length is -1"),
        ("[[tracks]]\nregions=[{file='a.wav', loop=true}]", BadSetting, "region 1: A loop has no end"),
        ("[[tracks]]\nregions=[{file='a.wav', fade_curve='x'}]", BadSetting, "fade_curve is 'x'.*linear"),
        ("[[tracks]]\neffects = 'loud 3'", BadSetting, "^track 1: effects: .*no effect 'loud'"),
        (
            "[[tracks]]\neffects = 'resample 16kHz'",
            BadSetting,
            "^track 1: .*change the sample rate from 8000 to 16000",
        ),
        ("[[tracks]]\noutput = 'hall'", BadSetting, "no bus 'hall'; there are master"),
        ("[[tracks]]\nduck = {by='y'}", BadSetting, "duck is by 'y', which does not exist; there are 'track 1'"),
        ("[[tracks]]\nduck = {by='track 1', deep=3}", BadSetting, "duck: There is no setting 'deep'.*depth_db"),
        ("[[tracks]]\nduck = {by='track 1', depth_db=1e9}", BadSetting, "duck: depth_db is 1000000000.0"),
        ("[[tracks]]\nduck = {by='track 1'}", BadSetting, r"circle \(track 1 -> track 1\)"),
        ("[[tracks]]\n[[buses]]\nname='p'\noutput='q'\n[[buses]]\nname='q'\noutput='p'", BadSetting, "circle"),
        ("[[tracks]]\nname='p'\n[[tracks]]\nname='p'", BadSetting, "^track 'p': The name 'p' is in use"),
        ("[[tracks]]\nname='master'", BadSetting, "'master' is in use"),
        ("[[tracks]]\nname='../p'", BadSetting, "path separator"),
        ("[[tracks]]\nautomation.pan = [[1, 0], [1, 0]]", BadSetting, "automation: pan: the times do not rise"),
        ("channels = 1\n[[tracks]]\npan = 1", BadSetting, "pan needs a stereo mix"),
        ("channels = 3\n[[tracks]]\nregions=[{file='a.wav'}]", BadAudio, "It has 2 channels, and the mix 3"),
        ("channels = 9\n[[tracks]]", BadSetting, "channels is 9"),
    ],
)
def test_what_is_wrong_is_named_with_its_position(folder, text, kind, message):
    with pytest.raises(kind, match=message):
        parse_project(HEAD + text, folder)


def test_files_that_are_no_projects(folder):
    (folder / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name, message in (("none.toml", "No such file"), ("binary.toml", "no text"), ("a.wav", "cannot be read")):
        with pytest.raises(BadSetting, match=message):
            read_project(folder / name)


def test_inputs_are_never_replaced_and_nothing_is_half_written(folder):
    (folder / "film.toml").write_text(HEAD + '[[tracks]]\nregions = [{ file = "a.wav" }]')
    with pytest.raises(BadSetting, match="never replaced"):
        mix(folder / "film.toml", folder / "a.wav")
    with pytest.raises(BadFolder, match="does not exist"):
        mix(folder / "film.toml", folder / "none" / "x.wav")
    before = {path.name for path in folder.iterdir()}
    data = (folder / "b.wav").read_bytes()
    wave = Clip.read(folder / "b.wav").wave
    wave[0, 3_000] = np.nan
    soundfile.write(folder / "b.wav", wave.T, RATE, "FLOAT")
    assert (folder / "b.wav").read_bytes() != data
    (folder / "film.toml").write_text(HEAD + '[[tracks]]\nname="x"\nregions = [{ file = "b.wav" }]')
    with pytest.raises(BadAudio, match=r"track 'x', region 1: .*not a finite number"):
        mix(folder / "film.toml", folder / "out.wav", quiet=True)
    assert {path.name for path in folder.iterdir()} == before


def test_memory_does_not_grow_with_the_length(folder):
    text = "length = 36_000\n" + '[[tracks]]\nregions = [{ file = "b.wav", loop = true, length = 36_000 }]'
    stream = render_blocks(parse_project(HEAD + text, folder))
    blocks = [next(stream) for _ in range(20)]
    expected = np.tile(B, 90)
    for number, (block, following) in enumerate(pairwise(blocks)):
        start = number * block.shape[1]
        np.testing.assert_array_equal(block, expected[:, start : start + block.shape[1]])
        assert following.shape == block.shape


def test_stems_of_a_mix_whose_tracks_are_muted_are_refused(folder, tmp_path):
    (folder / "muted.toml").write_text('length = "1s"\n[[tracks]]\nmute = true\nregions = [{ file = "a.wav" }]')
    with pytest.raises(BadSetting, match="no track that is not muted, so there are no stems"):
        mix(folder / "muted.toml", tmp_path / "out.wav", tmp_path / "stems", quiet=True)
    assert not (tmp_path / "stems").exists()
    assert np.abs(Clip.read(mix(folder / "muted.toml", tmp_path / "out.wav", quiet=True).out).wave).max() == 0
