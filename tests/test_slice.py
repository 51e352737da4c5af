"""`wavewright slice`: onsets of known hits, kits that play the recording again, and files that say what they are."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from wavewright import Clip, read_score, slice_recording
from wavewright.audio.sound_file import read_origin
from wavewright.audio.wave_blocks import at_most_stereo
from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting
from wavewright.dsp.transients import find_transients
from wavewright.inference.slicing.hits import Hit, grouped, trimmed, without_background
from wavewright.inference.slicing.kit import KEYS, build_kit, kind_of, split_by_level, velocity_of
from wavewright.synth.soundfont import open_soundfont, read_soundfont

RATE = 44_100
pytestmark = pytest.mark.uses("drum-classifier", "morph-drums")


def drum(kind: str, seconds: float = 0.25) -> np.ndarray:
    """Return a kick, a tom, a snare or a hat by a formula."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(len(kind)).normal(0.0, 0.3, len(time))
    return struck(kind, time, noise) * np.minimum(1.0, (seconds - time) / 0.1)


def struck(kind: str, time: np.ndarray, noise: np.ndarray) -> np.ndarray:
    if kind in ("kick", "tom"):
        start, end = (160.0, 45.0) if kind == "kick" else (220.0, 150.0)
        phase = 2 * np.pi * np.cumsum(end + (start - end) * np.exp(-time * 30)) / RATE
        return np.cos(phase) * np.exp(-time * 14)
    if kind == "hat":
        return np.diff(noise, prepend=0.0) * np.exp(-time * 60)
    return 0.6 * noise * np.exp(-time * 22) + 0.4 * np.sin(2 * np.pi * 190 * time) * np.exp(-time * 25)


PATTERN = (("kick", 1.0), ("hat", 0.5), ("snare", 0.9), ("hat", 0.25), ("kick", 0.3), ("hat", 0.5), ("snare", 0.9))


def loop(n_channels: int = 1, step: float = 0.3) -> tuple[np.ndarray, list[int]]:
    """Return a loop ``(channels, time)`` of PATTERN, and the samples at which its hits start."""
    starts = [round((0.05 + step * index) * RATE) for index in range(len(PATTERN))]
    wave = np.zeros(starts[-1] + round(0.5 * RATE))
    for start, (kind, gain) in zip(starts, PATTERN, strict=True):
        hit = gain * drum(kind)
        wave[start : start + len(hit)] += hit
    wave *= 0.8 / np.abs(wave).max()
    return np.stack([wave * (1.0 - 0.4 * channel) for channel in range(n_channels)]).astype(np.float32), starts


@pytest.fixture
def source(tmp_path):
    return Clip(loop()[0], RATE).write(tmp_path / "my loop.wav", "FLOAT")


@pytest.mark.parametrize("n_channels", [1, 2])
def test_transients_are_where_hits_start(n_channels):
    wave, starts = loop(n_channels)
    found = find_transients(wave, RATE)
    assert len(found) == len(starts)
    assert np.abs(found - starts).max() <= 0.002 * RATE
    assert np.array_equal(find_transients(0.01 * wave, RATE), found)


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_the_first_hit_may_be_the_first_sample(noise):
    hit = drum("kick")[: RATE // 4]
    wave = np.tile(np.pad(hit, (0, RATE // 4 - len(hit))), 6)
    wave = wave + noise * np.random.default_rng(0).standard_normal(len(wave))
    found = find_transients(wave[None].astype(np.float32), RATE)
    assert np.abs(found - np.arange(6) * (RATE // 4)).max() <= 0.003 * RATE


def test_a_recording_that_starts_within_a_steady_sound_has_no_hit_there():
    noise = 0.1 * np.random.default_rng(1).standard_normal(RATE)
    assert not len(find_transients(noise.astype(np.float32), RATE))
    wave = noise.copy()
    wave[RATE // 2 :][: len(drum("kick"))] += 4 * drum("kick")
    found = find_transients(wave.astype(np.float32), RATE)
    assert len(found) == 1
    assert abs(found[0] - RATE // 2) < 0.005 * RATE


def test_no_draw_of_steady_noise_starts_with_a_hit():
    for seed in range(20):
        noise = 0.1 * np.random.default_rng(seed).standard_normal(2_000)
        assert not (find_transients(noise.astype(np.float32), 8_000) < 300).any()


def test_silence_and_steady_sounds_have_no_transients():
    assert not len(find_transients(np.zeros((1, RATE), np.float32), RATE))
    assert not len(find_transients(np.zeros((2, 0), np.float32), RATE))
    tone = np.sin(np.arange(RATE) * 0.05).astype(np.float32)
    assert find_transients(tone, RATE).tolist() in ([], [0], [1])
    assert len(find_transients(tone[: RATE // 100], RATE)) <= 1


def test_a_soft_hit_under_a_ringing_sound_is_found():
    time = np.arange(RATE) / RATE
    wave = np.sin(2 * np.pi * 70 * time) * np.exp(-time * 3)
    wave[RATE // 2 : RATE // 2 + 4_000] += 0.1 * drum("hat")[:4_000]
    found = find_transients(wave.astype(np.float32), RATE)
    assert np.abs(found - RATE // 2).min() <= 0.001 * RATE


def test_the_closer_of_two_is_left_out():
    wave, starts = loop()
    assert len(find_transients(wave, RATE, min_gap_seconds=0.5)) == len(starts) // 2 + 1


def test_what_rings_on_is_taken_off():
    ringing = np.sin(np.arange(3 * 4_410) * 0.2).astype(np.float32)
    cleaned = without_background(ringing[8_820:], ringing[:8_820], RATE)
    assert np.square(cleaned[1_024:-1_024]).mean() < 0.05 * np.square(ringing).mean()
    hit = drum("hat").astype(np.float32)
    assert without_background(hit, np.zeros(5_000, np.float32), RATE) is hit


def test_a_hit_ends_where_it_is_silent():
    hit = np.pad(drum("hat"), (0, RATE)).astype(np.float32)[None]
    cut = trimmed(hit, RATE)
    assert cut.shape[1] < drum("hat").size + 1
    assert cut[0, -1] == pytest.approx(0.0, abs=1e-6)
    assert trimmed(np.zeros((1, 100), np.float32), RATE).shape == (1, 0)


def hit_of(level_db: float, kind: str = "snare", fits: bool = True, start: int = 0) -> Hit:
    wave = (10.0 ** (level_db / 20.0) * np.ones((1, 4_410))).astype(np.float32)
    others = {"kick": 0.1, "snare": 0.1, "hat": 0.1, "tom": 0.1, "cymbal": 0.1}
    return Hit(start, start + 44, wave, level_db, {**others, kind: 0.6}, fits)


def test_layers_are_divided_at_the_largest_steps():
    group = [hit_of(level) for level in (-3.0, -20.0, -3.5, -10.0, -19.0, -2.0)]
    levels = [[hit.level_db for hit in layer] for layer in split_by_level(group, 3)]
    assert levels == [[-20.0, -19.0], [-10.0], [-3.5, -3.0, -2.0]]
    assert len(split_by_level(group, 1)) == 1
    assert len(split_by_level(group, 16)) == 3


def test_velocities_follow_the_square_of_their_level():
    assert [velocity_of(level) for level in (0.0, -40.0 * np.log10(2.0), -200.0)] == [127, 64, 1]


def test_a_kit_covers_all_velocities_with_takes_of_one_level():
    groups = [[hit_of(-3.0), hit_of(-20.0), hit_of(-3.5)], [hit_of(-9.0, "kick"), hit_of(-9.0, "kick")]]
    kick, snare = build_kit(groups, 4, 4)
    assert (kick.name, kick.key, snare.name, snare.key) == ("kick", 36, "snare", 38)
    ranges = [layer.velocities for layer in snare.layers]
    assert (ranges[0][0], ranges[-1][1]) == (0, 127)
    assert ranges[1][0] == ranges[0][1] + 1
    for sound in (kick, snare):
        peaks = [float(np.abs(take.wave).max()) for take in sound.takes]
        assert peaks == pytest.approx([0.9] * len(peaks), rel=1e-5)
    assert snare.gain_db - kick.gain_db == pytest.approx(6.0)
    assert max(kick.gain_db, snare.gain_db) == 0.0
    for layer in snare.layers:  # every hit of the recording plays a layer that has it
        for hit, velocity in snare.hits:
            if any(take.hit is hit for take in layer.takes):
                assert layer.velocities[0] <= velocity <= layer.velocities[1]


def test_copies_are_one_take():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 1, 4_410)).astype(np.float32)
    waves = [first, 0.7 * first[:, 3:4_000], second, np.pad(first[:, :4_400], ((0, 0), (5, 0)))]
    levels = [0.0, 20.0 * np.log10(0.7), 0.0, 0.0]
    hits = [Hit(0, 44, wave, level, {"hat": 1.0}, True) for wave, level in zip(waves, levels, strict=True)]
    (hat,) = build_kit([hits], 1, 4)
    assert [take.hit for take in hat.takes] == [hits[0], hits[2]]
    assert len(hat.hits) == 4


def test_what_fits_no_kind_is_percussion_and_many_sounds_have_keys():
    assert kind_of([hit_of(0.0, "hat", fits=False)])[0] == "percussion"
    kit = build_kit([[hit_of(0.0, "kick", start=index)] for index in range(30)], 4, 4)
    assert len({sound.key for sound in kit}) == 30
    assert [sound.key for sound in kit][:2] == [*KEYS["kick"]]
    assert kit[29].name == "kick-30"


def test_like_hits_are_one_sound():
    waves = [drum(kind)[None].astype(np.float32) for kind in ("kick", "hat", "kick", "snare", "hat")]
    hits = [Hit(0, 0, wave * (1.0 - 0.1 * index), 0.0, {"kick": 1.0}, True) for index, wave in enumerate(waves)]
    groups = grouped(hits, RATE, 3.0, 90)
    assert sorted(len(group) for group in groups) == [1, 2, 2]
    assert len(grouped([*hits, *hits], RATE, 0.0, 90)) == 10  # equal ones too
    assert len(grouped(hits, RATE, 0.0, 2)) == 2
    assert grouped([], RATE, 3.0, 90) == []


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_a_loop_becomes_a_kit_that_plays_it_again(tmp_path, n_channels):
    wave, starts = loop(n_channels)
    file = Clip(wave, RATE).write(tmp_path / "my loop.wav", "FLOAT")
    result = slice_recording(file, like=4.0)
    assert result.out == tmp_path / "my loop-kit"
    assert np.abs(np.array(result.details["onsets"]) * RATE - starts).max() <= 0.002 * RATE
    assert sum(sound.n_hits for sound in result.details["sounds"]) == len(PATTERN)
    assert len(result.details["sounds"]) == 3
    assert {path.name for path in result.sound_files} | {"kit.sfz", "kit.sf2", "pattern.mid", "manifest.jsonl"} == {
        path.name for path in result.out.iterdir() if not path.name.startswith(".")
    }
    engine = open_soundfont(result.out / "kit.sf2", RATE)
    engine.program(9, 0, 0)
    engine.control(9, 91, 0)
    score = read_score(result.out / "pattern.mid")
    seconds = score.tempo_map.seconds(score.tracks[0].notes["start"])
    played, position = [], 0
    for start, note in zip((seconds * RATE).round().astype(int), score.tracks[0].notes, strict=True):
        played.append(engine.process(int(start) - position))
        engine.note_on(9, int(note["pitch"]), int(note["velocity"]))
        position = int(start)
    again = np.concatenate([*played, engine.process(wave.shape[1] - position)], axis=1)[0]
    expected = np.concatenate([np.zeros(44), wave[0]])[: len(again)]  # a hit starts 1 ms before its transient
    gain = (again @ expected) / (again @ again)
    assert np.corrcoef(again, expected)[0, 1] > 0.97
    assert np.square(gain * again - expected).mean() < 0.06 * np.square(expected).mean()


def test_all_outputs_of_a_surround_recording_are_its_stereo_downmix(tmp_path):
    wave = np.linspace(1.0, 0.5, 6, dtype=np.float32)[:, None] * loop()[0]
    file = Clip(wave, RATE).write(tmp_path / "six.wav", "FLOAT")
    stereo = Clip(at_most_stereo(wave), RATE).write(tmp_path / "two.wav", "FLOAT")
    result, expected = slice_recording(file), slice_recording(stereo)
    assert result.notes == ("The 6 channels are mixed to 2: samplers play stereo at most.",)
    assert expected.notes == ()
    for path, other in zip(result.sound_files, expected.sound_files, strict=True):
        np.testing.assert_array_equal(Clip.read(path).wave, Clip.read(other).wave)
    banks = [(each.out / "kit.sf2").stat().st_size for each in (result, expected)]
    assert banks[0] == banks[1]


def test_takes_say_where_they_are_from(source):
    result = slice_recording(source)
    lines = [json.loads(line) for line in (result.out / "manifest.jsonl").read_text().splitlines()]
    assert [line["audio_filepath"] for line in lines] == [path.name for path in result.sound_files]
    for line, path in zip(lines, result.sound_files, strict=True):
        assert soundfile.info(path).subtype == "PCM_24"
        origin = read_origin(path)
        assert (origin["task"], origin["source"]) == ("slice", "my loop.wav")
        assert line["source_hash"] == origin["source_hash"]
        assert line["start_seconds"] == origin["start_seconds"]
        assert any(abs(line["start_seconds"] + 0.001 - onset) < 1e-4 for onset in result.details["onsets"])
    presets = read_soundfont(result.out / "kit.sf2").presets
    assert [(preset.bank, preset.program) for preset in presets] == [(128, 0)]
    assert "7 hits" in str(result)


def test_the_same_call_writes_the_same_files(source, tmp_path):
    first = slice_recording(source, tmp_path / "a")
    contents = {path.name: path.read_bytes() for path in first.out.iterdir()}
    slice_recording(source, tmp_path / "a")
    assert {path.name: path.read_bytes() for path in first.out.iterdir()} == contents


def test_layers_are_filled_by_variations(source, tmp_path):
    result = slice_recording(source, tmp_path / "kit", vary=2, layers=1, takes=1)
    assert all(sound.n_takes == 2 for sound in result.details["sounds"])
    assert result.details["is_marked"]
    origins = [read_origin(path) for path in result.sound_files]
    assert [origin.get("model") for origin in origins] == [None, "morph-drums"] * len(result.details["sounds"])
    assert all("watermark" in origin for origin in origins if "model" in origin)
    assert "seq_length=2 seq_position=2" in (result.out / "kit.sfz").read_text()
    assert not slice_recording(source, tmp_path / "plain", vary=1, takes=1).details["is_marked"]


def test_what_cannot_be_sliced_is_refused(source, tmp_path):
    silent = Clip(np.zeros((1, RATE), np.float32), RATE).write(tmp_path / "silent.wav")
    with pytest.raises(BadAudio, match="has no transient"):
        slice_recording(silent)
    assert not (tmp_path / "silent-kit").exists()
    with pytest.raises(BadModel):
        slice_recording(source, classifier="drums")
    with pytest.raises(BadSetting, match="layers is 0"):
        slice_recording(source, layers=0)
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "mine.wav").write_bytes(b"mine")
    with pytest.raises(BadFolder, match=r"such as mine\.wav"):
        slice_recording(source, tmp_path / "kit")
    assert [path.name for path in (tmp_path / "kit").iterdir()] == ["mine.wav"]
    kit = slice_recording(source).out
    with pytest.raises(BadFolder, match=r"a kit with files that this one does not have, such as .*_v2_.*; remove"):
        slice_recording(source, kit, layers=1, takes=1)
