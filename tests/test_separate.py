"""Speech parted from the background: the stems add up to the recording."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings, strategies as st

from wavewright import separate
from wavewright.audio.clip import Clip
from wavewright.audio.sound_file import read_origin
from wavewright.base.errors import BadAudio, BadModel, BadSetting
from wavewright.contracts.enhancement import EnhancementSettings
from wavewright.families import loading
from wavewright.inference.enhancement.sound import ModelProcessor
from wavewright.inference.enhancement.stems import separate_file

MODEL = "denoise-16k"
RATE = 16_000


def recording(path: Path, seconds=1.0, n_channels=1, rate=RATE, subtype="PCM_16", seed=0):
    rng = np.random.default_rng(seed)
    wave = 0.2 * rng.standard_normal((round(seconds * rate), n_channels)).clip(-3, 3)
    soundfile.write(path, wave, rate, subtype)
    return path


def samples(path, dtype="int32"):
    return soundfile.read(path, dtype=dtype, always_2d=True)[0].astype(np.int64 if dtype == "int32" else float)


@settings(max_examples=12)
@given(
    seconds=st.floats(0.01, 2.5),
    n_channels=st.integers(1, 3),
    rate=st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000]),
    form=st.sampled_from([(".wav", "PCM_16"), (".wav", "PCM_24"), (".flac", "PCM_16"), (".aiff", "PCM_24")]),
)
def test_the_stems_add_up_to_the_recording(tmp_path_factory, seconds, n_channels, rate, form):
    folder = tmp_path_factory.mktemp("stems")
    source = recording(folder / f"r{form[0]}", seconds, n_channels, rate, form[1])
    result = separate(source, folder / "out", model=MODEL, quiet=True)
    speech, background = result.sound_files
    assert [path.name for path in result.sound_files] == [f"r-speech{form[0]}", f"r-background{form[0]}"]
    assert np.array_equal(samples(speech) + samples(background), samples(source))
    assert soundfile.info(speech).subtype == soundfile.info(background).subtype == form[1]


def test_speech_is_what_the_model_estimates_without_a_limit(tmp_path):
    source = recording(tmp_path / "r.wav", 1.5, subtype="FLOAT")
    separate(source, tmp_path / "out", model=MODEL, quiet=True)
    processor = ModelProcessor(loading.load_enhancer(MODEL), EnhancementSettings(max_attenuation_db=120.0))
    wave = Clip.read(source).wave
    expected = np.concatenate(list(processor.process_blocks(iter([wave]), RATE, 1)), axis=1)
    assert np.allclose(Clip.read(tmp_path / "out" / "r-speech.wav").wave, expected, atol=1e-6)


def test_stems_are_lossless_where_the_recording_is_not(tmp_path):
    recording(tmp_path / "r.wav")
    Clip.read(tmp_path / "r.wav").write(tmp_path / "r.ogg")
    result = separate(tmp_path / "r.ogg", model=MODEL, quiet=True)
    assert result.out == tmp_path / "r-stems"
    assert {path.suffix for path in result.sound_files} == {".wav"}
    whole = Clip.read(tmp_path / "r.ogg").wave
    total = sum(Clip.read(path).wave for path in result.sound_files)
    assert np.allclose(total, whole, atol=2**-15)


@pytest.mark.parametrize("stem", ["speech", "background"])
def test_one_stem_alone_is_that_of_both(tmp_path, stem):
    source = recording(tmp_path / "r.wav")
    both = separate(source, tmp_path / "both", model=MODEL, quiet=True)
    alone = separate(source, tmp_path / "alone", stems=stem, model=MODEL, quiet=True)
    assert sorted(path.name for path in (tmp_path / "alone").glob("*.wav")) == [f"r-{stem}.wav"]
    assert len(both.sound_files) == 2
    assert np.array_equal(samples(alone.sound_files[0]), samples(tmp_path / "both" / f"r-{stem}.wav"))


def test_stems_that_are_up_to_date_are_kept(tmp_path):
    source = recording(tmp_path / "r.wav")
    first = separate(source, tmp_path / "out", model=MODEL, quiet=True)
    times = [path.stat().st_mtime_ns for path in first.sound_files]
    second = separate(source, tmp_path / "out", model=MODEL, quiet=True)
    assert (first.is_new, second.is_new) == (True, False)
    assert "kept" in str(second)
    assert [path.stat().st_mtime_ns for path in second.sound_files] == times
    recording(source, seed=1)
    assert separate(source, tmp_path / "out", model=MODEL, quiet=True).is_new
    assert read_origin(first.sound_files[1])["stem"] == "background"


def test_what_is_no_sound_and_what_would_be_lost_is_refused(tmp_path):
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(BadAudio):
        separate(tmp_path / "a.wav", model=MODEL, quiet=True)
    assert not (tmp_path / "a-stems").exists()
    source = recording(tmp_path / "r.wav")
    with pytest.raises(BadModel):
        separate(source, model="no-such-model", quiet=True)
    (tmp_path / "r-speech.wav").symlink_to(source)
    with pytest.raises(BadSetting, match="would replace a file that is read; give another folder"):
        separate(source, tmp_path, model=MODEL, quiet=True)


def test_nothing_is_left_of_a_run_that_failed(tmp_path):
    source = recording(tmp_path / "r.wav", 25.0)

    def fail(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        separate_file(source, tmp_path / "out", loading.load_enhancer(MODEL), show=fail)
    assert not list((tmp_path / "out").glob("*.wav")) if (tmp_path / "out").exists() else True


def test_the_comment_says_what_made_a_stem(tmp_path):
    source = recording(tmp_path / "r.wav")
    result = separate(source, tmp_path / "out", model=MODEL, quiet=True)
    comment = json.loads(json.dumps(read_origin(result.sound_files[0])))
    assert comment["source"] == "r.wav"
    assert comment["model"] == MODEL
    assert comment["stem"] == "speech"
