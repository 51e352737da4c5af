"""Scores of processed speech against its clean recording."""

import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from wavewright.audio.clip import Clip
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.base.json_text import line_of
from wavewright.metrics import paired
from wavewright.metrics.paired import compare_pairs, si_sdr_db
from wavewright.tasks.evaluate import evaluate

RATE = 16_000


def wave(seed, seconds=1.0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


class TestSiSdr:
    @pytest.mark.parametrize("ratio_db", [-5.0, 0.0, 20.0])
    @pytest.mark.parametrize("scale", [0.1, 3.0])
    def test_is_the_ratio_of_orthogonal_noise_at_every_scale(self, ratio_db, scale):
        reference, noise = wave(0).astype(np.float64), wave(1).astype(np.float64)
        noise -= noise @ reference / (reference @ reference) * reference
        noise *= np.linalg.norm(reference) / np.linalg.norm(noise) * 10 ** (-ratio_db / 20)
        assert abs(si_sdr_db(reference, scale * (reference + noise)) - ratio_db) < 1e-6

    def test_a_silent_reference_has_none(self):
        assert np.isnan(si_sdr_db(np.zeros(10), np.ones(10)))

    @pytest.mark.parametrize("gain", [1.0, 0.3, -7.0])
    def test_an_equal_wave_is_infinitely_good_and_one_without_it_infinitely_bad(self, gain):
        assert si_sdr_db(wave(0), np.float32(gain) * wave(0)) == float("inf")
        assert si_sdr_db(wave(0), gain * np.round(wave(0) * 2**23) / 2**23) > 110  # 24 bits
        assert si_sdr_db(wave(0), np.zeros(RATE)) == -float("inf")


@pytest.fixture
def folders(tmp_path):
    """Clean recordings, noisier ones and less noisy ones, in two levels of folders and two formats."""
    rng = np.random.default_rng(5)
    for index, name in enumerate(("a", "day/b", "day/c")):
        clean = wave(index)
        noise = 0.1 * rng.standard_normal(len(clean)).astype(np.float32)
        for folder, factor, suffix in (("clean", 0, "flac"), ("noisy", 1, "wav"), ("processed", 0.1, "wav")):
            path = tmp_path / folder / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Clip((clean + factor * noise)[None], RATE).write(path, "PCM_24")
    return tmp_path


@pytest.fixture(autouse=True)
def no_packages(monkeypatch):
    """Measure the same whatever is installed."""
    monkeypatch.setattr(paired, "find_spec", lambda name: None)


def test_files_of_the_same_names_are_compared(folders):
    report = compare_pairs(folders / "clean", folders / "processed", folders / "noisy")
    assert set(report.scores) == set(report.noisy_scores) == {"a", "day/b", "day/c"}
    assert abs(report.means["si_sdr_db"].value - 20) < 0.5
    assert abs(report.noisy_means["si_sdr_db"].value) < 0.5
    assert set(report.not_measured) == {"pesq", "stoi", "dnsmos"}
    assert "PESQ is left out: pip install pesq" in str(report)
    assert "before" in str(report)
    assert set(report.clean_means) == {"srmr"}
    assert all(mean["srmr"].value > 0 for mean in (report.means, report.noisy_means, report.clean_means))


def test_what_is_silent_or_equal_is_in_no_mean_and_named(folders):
    alone = compare_pairs(folders / "clean", folders / "processed").scores
    Clip(np.zeros((1, RATE)), RATE).write(folders / "processed" / "a.wav")
    Clip.read(folders / "clean" / "day" / "b.flac").write(folders / "processed" / "day" / "b.wav", "FLOAT")
    report = compare_pairs(folders / "clean", folders / "processed", folders / "noisy")
    assert set(report.scores) == {"day/b", "day/c"}
    assert report.equal == ("day/b",)
    assert report.means["si_sdr_db"].value == pytest.approx(alone["day/c"]["si_sdr_db"])
    assert "2 of 3 files of" in str(report)
    assert "(mean of these, 95 % interval)" in str(report)
    assert ", of 1 alone" in str(report)
    assert "1 file equals its clean recording, so no mean of the SI-SDR holds it, which is infinite" in str(report)
    assert "it is silent, and its clean recording is not" in str(report)


def test_packages_are_used_where_they_are_installed(folders, monkeypatch):
    monkeypatch.setattr(paired, "find_spec", lambda name: name == "pystoi" or None)
    monkeypatch.setattr(paired, "METRICS", {**paired.METRICS, "stoi": paired.PairedMetric("STOI", lambda *_: 0.75)})
    report = compare_pairs(folders / "clean", folders / "processed")
    assert report.means["stoi"].value == 0.75
    assert "stoi" not in report.not_measured


def test_what_cannot_be_compared_is_listed(folders):
    Clip(wave(9)[None], RATE).write(folders / "processed" / "new.wav")
    Clip(wave(0, 0.5)[None], RATE).write(folders / "processed" / "a.wav")
    report = evaluate(folders / "clean", folders / "processed", paired=True)
    assert set(report.scores) == {"day/b", "day/c"}
    assert sorted(each.reason for each in report.failed) == [
        f"{folders / 'processed' / 'a.wav'} is 0.50 s long, and {folders / 'clean' / 'a.flac'} 1.00 s; "
        "pairs start and end together.",
        "there is no clean recording of this name.",
    ]
    assert all(str(each) in str(report) for each in report.failed)


def test_linked_folders_are_compared_and_of_files_of_one_name_the_first(folders):
    (folders / "processed" / "day").rename(folders / "elsewhere")
    (folders / "processed" / "day").symlink_to(folders / "elsewhere")
    other = folders / "processed" / "a.aiff"
    Clip(wave(0)[None], RATE).write(folders / "processed" / "a.x.wav")
    (folders / "processed" / "a.x.wav").rename(folders / "processed" / "a.wave")
    Clip.read(folders / "processed" / "a.wav").write(other)
    report = compare_pairs(folders / "clean", folders / "processed")
    assert set(report.scores) == {"a", "day/b", "day/c"}
    assert [str(each.what) for each in report.failed] == [
        str(folders / "processed" / f"a.{end}") for end in ("wav", "wave")
    ]


def test_refuses(folders):
    (folders / "empty").mkdir()
    with pytest.raises(BadFolder, match=r"Nothing in .*empty can be compared"):
        compare_pairs(folders / "clean", folders / "empty")
    with pytest.raises(BadSetting, match="is not a folder"):
        compare_pairs(folders / "clean", folders / "clean" / "a.flac")


@pytest.mark.parametrize(("option", "other"), [("noisy", "paired"), ("far", "noisy"), ("recogniser", "paired")])
def test_refuses_options_of_paired_files_without_it(folders, option, other):
    with pytest.raises(BadSetting, match=f"{option} belongs to {other}; give both"):
        evaluate(folders / "clean", folders / "processed", **{option: folders / "noisy"})


def test_silence_is_left_out(folders):
    silence = Clip(np.zeros((1, RATE)), RATE)
    silence.write(folders / "clean" / "a.flac")
    silence.write(folders / "processed" / "day" / "b.wav")
    report = compare_pairs(folders / "clean", folders / "processed")
    assert set(report.scores) == {"day/c"}
    assert sorted(each.reason for each in report.failed) == [
        "it is silent, and its clean recording is not.",
        f"its clean recording {folders / 'clean' / 'a.flac'} is silent.",
    ]


def test_sentences_that_are_too_short_are_not_scored(monkeypatch):
    class BufferTooShortError(Exception):
        pass

    def pesq(sample_rate, reference, estimate, mode):
        raise BufferTooShortError

    def stoi(reference, estimate, sample_rate):
        warnings.warn("Not enough STFT frames", RuntimeWarning, stacklevel=1)
        return 1e-5

    package = SimpleNamespace(pesq=pesq, BufferTooShortError=BufferTooShortError, NoUtterancesError=BufferTooShortError)
    monkeypatch.setitem(sys.modules, "pesq", package)
    monkeypatch.setitem(sys.modules, "pystoi", SimpleNamespace(stoi=stoi))
    assert np.isnan(paired.pesq(wave(0, 0.1), wave(1, 0.1)))
    assert np.isnan(paired.stoi(wave(0, 0.1), wave(1, 0.1)))


class TestWordError:
    class Recogniser:
        """Recognises five words, and one fewer in noise."""

        def text_of(self, wave, sample_rate):
            assert sample_rate == RATE
            return "one two three four five" if np.std(wave) < 0.12 else "one two three four"

    def test_is_that_of_transcripts(self, folders):
        texts = {"a": "One, two.", "day/b": "one two three four five", "day/c": "one two three four five"}
        report = compare_pairs(
            folders / "clean", folders / "processed", folders / "noisy", recogniser=self.Recogniser(), texts=texts
        )
        assert report.words_from == "text"
        assert report.scores["a"]["word_error_percent"] == 150
        assert report.means["word_error_percent"].value == pytest.approx(100 * 3 / 12)
        assert report.noisy_means["word_error_percent"].value == pytest.approx(100 * 4 / 12)
        assert report.clean_means["word_error_percent"].value == pytest.approx(100 * 3 / 12)
        assert "word error (%)" in str(report)

    @pytest.mark.parametrize("texts", [None, {"a": "something else"}])
    def test_is_that_of_what_is_recognised_in_clean_recordings(self, folders, texts):
        report = compare_pairs(
            folders / "clean", folders / "processed", folders / "noisy", recogniser=self.Recogniser(), texts=texts
        )
        assert report.words_from == "recogniser"
        assert report.means["word_error_percent"].value == 0
        assert report.noisy_means["word_error_percent"].value == pytest.approx(20)
        assert "word_error_percent" not in report.clean_means
        assert "against what is recognised in the clean recordings" in str(report)

    def test_reads_the_manifest(self, folders, monkeypatch):
        records = [{"audio_filepath": f"{name}.flac", "text": "one two"} for name in ("a", "day/b", "day/c")]
        (folders / "clean" / "manifest.jsonl").write_text("".join(map(line_of, records)), encoding="utf-8")
        monkeypatch.setattr("wavewright.tasks.evaluate.Recogniser", lambda folder: self.Recogniser())
        report = evaluate(folders / "clean", folders / "processed", paired=True, recogniser=folders)
        assert report.words_from == "text"
        assert report.means["word_error_percent"].value == 150


class TestAecmos:
    @pytest.fixture(autouse=True)
    def opinions(self, monkeypatch):
        """Rate a call by the level of what is left, and note who talks."""
        self.scenarios = []

        def rate(far, microphone, enhanced, scenario):
            assert len(far) == len(microphone) == len(enhanced) <= paired.LONGEST
            self.scenarios.append(scenario)
            return 5 - 10 * float(np.std(enhanced)), 4.0

        monkeypatch.setattr(paired, "aecmos", rate)
        monkeypatch.setattr(
            paired, "METRICS", {name: paired.METRICS[name] for name in ("si_sdr_db", "aecmos_echo", "aecmos_other")}
        )
        monkeypatch.setattr(paired, "find_spec", lambda name: True)

    @pytest.fixture
    def far(self, folders):
        """The far end of the calls: one too short, one too long, one silent."""
        for name, seconds, factor in (("a", 0.5, 1), ("day/b", 2.0, 1), ("day/c", 1.0, 0)):
            path = folders / "far" / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            Clip(factor * wave(20, seconds)[None], RATE).write(path)
        return folders / "far"

    def test_rates_calls(self, folders, far):
        Clip(np.zeros((1, RATE)), RATE).write(folders / "clean" / "a.flac")
        report = compare_pairs(folders / "clean", folders / "processed", folders / "noisy", far)
        assert self.scenarios == ["st", "dt", "nst"] * 2
        assert set(report.scores["a"]) == {"aecmos_echo"}
        assert set(report.scores["day/c"]) == {"si_sdr_db", "aecmos_other"}
        assert report.means["aecmos_echo"].value > report.noisy_means["aecmos_echo"].value
        assert report.means["aecmos_other"].value == 4
        assert not report.failed

    def test_segments_of_long_calls_are_rated_by_who_talks(self):
        near, far = np.zeros((2, 60 * RATE), np.float32)
        near[: 15 * RATE] = far[30 * RATE :] = 0.1
        assert paired.aecmos_of_call(near, far, near + far, near) == (5.0, 4.0)  # four segments, the second silent
        assert self.scenarios == ["nst", "st", "st"]
        assert np.isnan(paired.aecmos_of_call(0 * near, 0 * far, near, near)).all()

    def test_is_left_out_without_its_package(self, folders, far, monkeypatch):
        monkeypatch.setattr(paired, "find_spec", lambda name: None)
        report = compare_pairs(folders / "clean", folders / "processed", folders / "noisy", far)
        assert set(report.not_measured) == {"aecmos_echo", "aecmos_other"}
        assert set(report.means) == {"si_sdr_db"}

    def test_needs_the_microphone_and_the_far_end_of_each_file(self, folders, far):
        (far / "a.wav").unlink()
        (folders / "noisy" / "day" / "b.wav").unlink()
        Clip(wave(0, 0.5)[None], RATE).write(folders / "noisy" / "day" / "c.wav")
        Clip(wave(0)[None], RATE).write(folders / "processed" / "a.wav")
        with pytest.raises(BadFolder, match="there is no recording of the far end of this name"):
            compare_pairs(folders / "clean", folders / "processed", folders / "noisy", far)
        Clip(wave(0)[None], RATE).write(far / "a.wav")
        report = compare_pairs(folders / "clean", folders / "processed", folders / "noisy", far)
        assert set(report.scores) == {"a"}
        failed = {str(each.what): each.reason for each in report.failed}
        assert failed[str(folders / "processed" / "day" / "b.wav")].startswith("there is no recording of the micro")
        assert "is 0.50 s long" in failed[str(folders / "processed" / "day" / "c.wav")]


def test_the_network_is_given_the_waves_of_a_call(monkeypatch):
    given = {}

    def run(sample, sr, talk_type):
        given.update(sample, sr=sr, talk_type=talk_type)
        return {"echo_mos": np.float32(3), "deg_mos": np.float32(4)}

    monkeypatch.setitem(sys.modules, "speechmos", SimpleNamespace(aecmos=SimpleNamespace(run=run)))
    assert paired.aecmos(np.full(9, 2.0), np.zeros(9), np.ones(9), "dt") == (3.0, 4.0)
    assert (given["lpb"] == 1).all()
    assert (given["enh"] == 1).all()
    assert (given["sr"], given["talk_type"]) == (RATE, "dt")
