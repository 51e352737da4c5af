"""The clip store: exact samples, what its key depends on, what it leaves out, and that nothing half-written stays."""

import errno
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from wavewright.audio.clip import Clip
from wavewright.base import whole_file
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.data import store as store_module
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.data.preparation import PEAK, Preparation
from wavewright.data.store import UNUSED_DAYS, ClipStore

RATE = 8000
AS_IS = Preparation("none")
WHOLE = Preparation("crop", trim=False, level="none")


def write_wave(path: Path, wave: np.ndarray, sample_rate: int = RATE) -> np.ndarray:
    """Write ``wave (time,)`` or ``(time, channels)`` as float WAV; returns it as float32."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, sample_rate, subtype="FLOAT")
    return np.asarray(wave, dtype=np.float32)


def noise(n_samples: int, seed: int = 0, channels: int | None = None) -> np.ndarray:
    shape = n_samples if channels is None else (n_samples, channels)
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def build(folder: Path, prepare: Preparation, n_samples: int | None, channels: int = 1, rate: int = RATE) -> ClipStore:
    scanned = scan(folder / "sounds", label_from="folder")
    return ClipStore.build(scanned.entries, rate, n_samples, prepare, folder / "cache", channels)


def test_clips_are_cut_padded_labelled_and_exact(tmp_path):
    short = write_wave(tmp_path / "sounds" / "a" / "short.wav", noise(300, 1))
    long = write_wave(tmp_path / "sounds" / "b" / "long.wav", noise(900, 2))

    store = build(tmp_path, AS_IS, 500)

    assert len(store) == 2
    assert (store[0].shape, store[0].dtype) == ((1, 500), np.float32)
    np.testing.assert_array_equal(store[0][0], np.concatenate([short, np.zeros(200, np.float32)]))
    np.testing.assert_array_equal(store[1][0], long[:500])
    assert store.labels == ["a", "b"]
    assert [entry.path.name for entry in store.entries] == ["short.wav", "long.wav"]
    assert (store.n_bytes, store.lengths, store.failed) == (2 * 500 * 4, [500, 500], ())


def test_channels_are_mixed_kept_or_copied(tmp_path):
    stereo = write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100, 1, channels=2))
    mono = write_wave(tmp_path / "sounds" / "a" / "2.wav", noise(100, 2))
    write_wave(tmp_path / "sounds" / "a" / "3.wav", noise(100, 3, channels=3))

    one, two = build(tmp_path, AS_IS, 100, channels=1), build(tmp_path, AS_IS, 100, channels=2)

    np.testing.assert_allclose(one[0][0], stereo.mean(axis=1), atol=1e-7)
    np.testing.assert_array_equal(two[0], stereo.T)
    np.testing.assert_array_equal(two[1], np.stack([mono, mono]))
    assert len(one) == 3
    assert [problem.what.name for problem in two.failed] == ["3.wav"]
    assert "3 channels where 2 are asked for" in two.failed[0].reason


def test_resampling_is_the_one_of_clip(tmp_path):
    wave = write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(3000), 48_000)
    store = build(tmp_path, WHOLE, None, rate=44_100)
    np.testing.assert_array_equal(store[0], Clip(wave[None], 48_000).resample(44_100).wave)


def test_one_shots_start_at_their_onset_at_one_level(tmp_path):
    burst = noise(400, 3)
    burst[0] = 0.4
    write_wave(tmp_path / "sounds" / "a" / "late.wav", np.concatenate([np.zeros(3000), burst]))
    write_wave(tmp_path / "sounds" / "a" / "soft.wav", np.concatenate([np.zeros(100), burst * 0.05]))

    store = build(tmp_path, Preparation("one-shot", lead_seconds=0.01), 800)

    for clip in store:
        first = int(np.flatnonzero(np.abs(clip[0]) > 0.01)[0])
        assert first == pytest.approx(80, abs=16)  # 10 ms, within 2 ms
        assert np.abs(clip).max() == pytest.approx(PEAK)
    np.testing.assert_allclose(store[0], store[1], atol=1e-5)


def test_a_cut_one_shot_fades_out_and_a_whole_one_is_untouched():
    wave = np.ones((1, 200), dtype=np.float32)
    prepare = Preparation("one-shot", align=False, level="none")
    cut = prepare.apply(wave, 2000, 100)[0]
    np.testing.assert_array_equal(cut[:90], 1)  # the fade takes 5 ms, 10 samples at 2 kHz
    np.testing.assert_allclose(cut[90:], 0.5 - 0.5 * np.cos(np.pi * np.arange(10) / 10)[::-1], atol=1e-6)
    np.testing.assert_array_equal(prepare.apply(wave, 2000, 210)[0, :200], 1)


def test_whole_files_are_trimmed_normalised_and_cropped(tmp_path):
    loud = 0.25 * np.sin(np.arange(2000) * 0.3)
    write_wave(tmp_path / "sounds" / "a" / "1.wav", np.concatenate([np.zeros(500), loud, np.zeros(700)]))
    kept = loud[np.abs(loud) > 1e-3]

    store = build(tmp_path, Preparation("crop"), None)

    first = int(np.flatnonzero(np.abs(loud) > 1e-3)[0])
    expected = (loud[first:] * PEAK / np.abs(loud).max()).astype(np.float32)
    assert kept.size > 1900
    np.testing.assert_allclose(store[0][0], expected[: store.lengths[0]], atol=1e-6)
    np.testing.assert_allclose(store.crop(0, 100, 50)[0], expected[100:150], atol=1e-6)
    beyond = store.crop(0, store.lengths[0] - 10, 30)
    assert beyond.shape == (1, 30)
    np.testing.assert_array_equal(beyond[0, 10:], 0)
    with pytest.raises(BadSetting, match="Samples 5000 to 5010 of clip 0"):
        store.crop(0, 5000, 10)


def test_long_files_are_written_block_by_block(tmp_path):
    wave = write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(25 * RATE, 4, channels=2))  # three blocks of 10 s
    store = build(tmp_path, WHOLE, None, channels=2)
    np.testing.assert_array_equal(store[0], wave.T)


def test_a_part_of_a_file_is_decoded_alone(tmp_path):
    path = tmp_path / "1.wav"
    wave = write_wave(path, noise(1000))
    entry = Entry(path, "a", None, 0.025, RATE, 1, 200, offset_seconds=0.05)
    store = ClipStore.build([entry], RATE, None, WHOLE, tmp_path / "cache")
    np.testing.assert_array_equal(store[0][0], wave[400:600])


def test_bad_clips_are_left_out_and_the_rest_is_not_shifted(tmp_path):
    folder = tmp_path / "sounds" / "a"
    good = write_wave(folder / "1.wav", noise(100, 1))
    write_wave(folder / "2 silent.wav", np.full(100, 5e-4))
    write_wave(folder / "3 nan.wav", np.concatenate([noise(80), [np.nan], noise(19)]))
    last = write_wave(folder / "4.wav", noise(100, 2))
    write_wave(folder / "5 one sample.wav", noise(1))
    entries = list(scan(tmp_path / "sounds", "folder").entries)
    entries.append(Entry(folder / "gone.wav", "a", None, 0.1, RATE, 1, 800))

    for prepare, n_samples in ((AS_IS, 100), (WHOLE, None)):
        store = ClipStore.build(entries, RATE, n_samples, prepare, tmp_path / "cache")
        assert [entry.path.name for entry in store.entries] == ["1.wav", "4.wav"]
        np.testing.assert_array_equal(store[0][0], good)
        np.testing.assert_array_equal(store[1][0], last)
        reasons = {problem.what.name: problem.reason for problem in store.failed}
        assert list(reasons) == ["2 silent.wav", "3 nan.wav", "5 one sample.wav", "gone.wav"]
        assert "is silent" in reasons["2 silent.wav"]
        assert "not a finite number" in reasons["3 nan.wav"]
        assert "lasts 0.125 ms, which is too short" in reasons["5 one sample.wav"]
        assert "does not exist" in reasons["gone.wav"]
    with pytest.raises(BadFolder, match=r"None of the 1 clips can be used: .*gone\.wav does not exist"):
        ClipStore.build(entries[-1:], RATE, 100, AS_IS, tmp_path / "cache")


def test_a_second_build_decodes_nothing_and_a_changed_file_is_seen(tmp_path, monkeypatch):
    path = tmp_path / "sounds" / "a" / "1.wav"
    write_wave(path, noise(100, 1))
    before = build(tmp_path, AS_IS, 100)[0]

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "decode_at", lambda *_: pytest.fail("decoded again"))
        np.testing.assert_array_equal(build(tmp_path, AS_IS, 100)[0], before)

    changed = write_wave(path, noise(100, 2))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(build(tmp_path, AS_IS, 100)[0][0], changed)


def test_other_settings_make_another_store(tmp_path):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))
    build(tmp_path, AS_IS, 100)
    build(tmp_path, AS_IS, 120)
    build(tmp_path, Preparation("one-shot"), 120)
    build(tmp_path, Preparation("one-shot", lead_seconds=0.0), 120)
    build(tmp_path, AS_IS, 100, channels=2)
    build(tmp_path, AS_IS, 100, rate=16_000)
    assert len(list((tmp_path / "cache").iterdir())) == 6


def test_a_damaged_store_is_built_again(tmp_path):
    wave = write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))
    build(tmp_path, AS_IS, 100)
    (folder,) = (tmp_path / "cache").iterdir()
    (folder / "clips.f32").write_bytes(b"1234")
    np.testing.assert_array_equal(build(tmp_path, AS_IS, 100)[0][0], wave)


def test_labels_come_from_the_entries_of_this_call(tmp_path):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))
    build(tmp_path, AS_IS, 100)
    unlabelled = scan(tmp_path / "sounds").entries
    assert ClipStore.build(unlabelled, RATE, 100, AS_IS, tmp_path / "cache").labels == [None]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))

    def fill_disk(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "_write_fixed", fill_disk)
        with pytest.raises(BadFolder, match="is full: the prepared clips need 0 MB"):
            build(tmp_path, AS_IS, 100)
    assert list((tmp_path / "cache").iterdir()) == []

    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BadFolder, match="is full"):
        build(tmp_path, AS_IS, 100)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(BadFolder, match=r"cannot be kept in .*cache .*give another cache folder"):
        build(tmp_path, AS_IS, 100)


def test_a_build_that_is_broken_off_leaves_nothing(tmp_path, monkeypatch):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "decode_at", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, AS_IS, 100)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_store_that_is_there_is_freed_of_what_a_killed_process_left(tmp_path, monkeypatch):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100))
    build(tmp_path, AS_IS, 100)
    before = sorted((tmp_path / "cache").rglob("*"))
    store = next((tmp_path / "cache").iterdir())
    for folder in (store, store.parent):  # killed after a file had moved to its path, and while one was written
        (folder / ".wavewright-1-0123abcd.lock").write_text("1")
        (folder / ".wavewright-2-89abcdef.safetensors").write_text("half")
    monkeypatch.setattr(whole_file, "_swept", set())  # as in a new process
    build(tmp_path, AS_IS, 100)
    assert sorted((tmp_path / "cache").rglob("*")) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "loop"}, "mode is 'loop'"),
        ({"level": "loud"}, "level is 'loud'"),
        ({"lead_seconds": -1}, "lead_seconds is -1"),
    ],
)
def test_impossible_preparations_are_refused(settings, message):
    with pytest.raises(BadSetting, match=message):
        Preparation(**settings)


def test_impossible_stores_are_refused(tmp_path):
    entry = Entry(tmp_path / "1.wav", None, None, 0.1, RATE, 1, 800)
    with pytest.raises(BadSetting, match="n_samples is missing"):
        ClipStore.build([entry], RATE, None, AS_IS, tmp_path)
    with pytest.raises(BadSetting, match="n_samples is 0"):
        ClipStore.build([entry], RATE, 0, AS_IS, tmp_path)
    with pytest.raises(BadFolder, match="no clips to prepare"):
        ClipStore.build([], RATE, 10, AS_IS, tmp_path)
    with pytest.raises(BadSetting, match="sample rate is 0"):
        ClipStore.build([entry], 0, 10, AS_IS, tmp_path)


def test_stores_that_nobody_opens_any_more_are_removed_when_another_is_written(tmp_path):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(600, 1))
    cache = tmp_path / "cache"
    for n_samples in (100, 200, 300):
        build(tmp_path, AS_IS, n_samples)
    (cache / "mine").mkdir()
    (cache / "mine" / "index.json").write_text("{}", encoding="utf-8")
    long_ago = time.time() - (UNUSED_DAYS + 1) * 24 * 3600
    for index in cache.glob("*/index.json"):
        os.utime(index, (long_ago, long_ago))
    build(tmp_path, AS_IS, 200)  # opening is use
    assert len(list(cache.glob("*/index.json"))) == 4
    build(tmp_path, AS_IS, 400)
    assert sorted(build(tmp_path, AS_IS, n).n_bytes for n in (200, 400)) == [800, 1600]
    assert sorted(len(path.parent.name) for path in cache.glob("*/index.json")) == [4, 32, 32]


def test_cached_arrays_are_computed_once(tmp_path):
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(100, 1))
    calls = []

    def compute():
        calls.append(1)
        columns_first = (
            np.arange(6, dtype=np.int16).reshape(2, 3)[:, ::-1].copy(order="F")
        )  # as a transposed result lies in memory
        return {"codes": columns_first, "n": np.array([len(calls)])}

    def values(name):
        arrays = build(tmp_path, AS_IS, 50).cached(name, compute)
        np.testing.assert_array_equal(arrays["codes"], [[2, 1, 0], [5, 4, 3]])
        return int(arrays["n"][0]), len(calls)

    assert [values("one"), values("one"), values("two"), values("one")] == [(1, 1), (1, 1), (2, 2), (1, 2)]
    (file,) = (tmp_path / "cache").rglob("one.safetensors")
    file.write_bytes(b"damaged")
    assert values("one") == (3, 3)
    write_wave(tmp_path / "sounds" / "a" / "1.wav", noise(101, 2))  # another sound: another store
    assert values("two") == (4, 4)
