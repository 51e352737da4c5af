"""Evaluation end to end: recordings pass, both cheats fail, folders and manifests are read, bad input is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_clips import SAMPLE_RATE, SECONDS, TinyCard, TinyJudge, tones

from wavewright import models
from wavewright.apps.cli import run
from wavewright.base.errors import BadFolder, BadSetting
from wavewright.families import loading
from wavewright.metrics import ClassifierEmbedding, LogMelEmbedding
from wavewright.metrics.clips import Clips
from wavewright.metrics.comparison import ALTERED_COPIES, HELD_OUT, ONE_CLIP, cheat_resampled_copies, compare
from wavewright.metrics.criteria import Thresholds
from wavewright.metrics.report import EvaluationReport
from wavewright.metrics.verdict import (
    ALIKE,
    COPIES,
    FEW_CLIPS,
    FEW_CLUSTERS,
    FEW_RECORDINGS,
    FEW_SOUNDS,
    GOOD,
    UNLIKE,
    UNRELIABLE,
    WRONG_LABELS,
)
from wavewright.tasks.evaluate import evaluate
from wavewright.tasks.json_results import plain

EMBEDDING = LogMelEmbedding(SAMPLE_RATE, SECONDS)
THRESHOLDS = Thresholds(
    agreement=0.9, fraction_no_closer=0.97
)  # of 80 new clips 2 are expected below the smallest of 80 distances


def clips(n: int, seed: int) -> Clips:
    waves, labels = tones(n, seed)
    return Clips.of(waves, SAMPLE_RATE, labels)


def write_folder(folder: Path, n: int, seed: int) -> Path:
    waves, labels = tones(n, seed)
    for index, (wave, label) in enumerate(zip(waves, labels, strict=True)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / label / f"kit{index % 4}_{index:03d}.wav", wave, SAMPLE_RATE)
    return folder


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    """A perfect generator: new clips of the distribution of the recordings."""
    embeddings = [EMBEDDING, ClassifierEmbedding(TinyJudge())]
    return compare(clips(160, 0), clips(160, 1), embeddings, held_out=clips(40, 2), thresholds=THRESHOLDS)


class TestCompare:
    def test_new_clips_meet_every_criterion(self, report):
        assert report.not_met == []
        values = {criterion.name: criterion.value for criterion in report.rows[0].criteria}
        assert values["label agreement"] > 0.9
        assert values["relative Frechet distance, log-mel"] == pytest.approx(1.0, abs=0.3)
        assert values["relative Frechet distance, judge"] == pytest.approx(1.0, abs=0.6)
        assert values["diversity"] == pytest.approx(1.0, abs=0.1)
        assert values["1-nearest-neighbour accuracy"] == pytest.approx(0.5, abs=0.12)
        assert values["no closer than recordings"] > 0.98

    @pytest.mark.parametrize("part", ["distances", "scores", "sample_metrics"])
    def test_the_text_has_every_number_of_the_metrics(self, report, part):
        row = report.rows[0]
        metrics = row.distances["log-mel"] if part == "distances" else getattr(row, part)
        names = [name for name, value in vars(metrics).items() if isinstance(value, float)]
        of_criteria = ("agreement", "reference_agreement", "diversity", "one_nn_accuracy", "fraction_no_closer")
        for name in set(names) - set(of_criteria):
            other = replace(metrics, **{name: getattr(metrics, name) + 1})
            changed = {"distances": {**row.distances, "log-mel": other}} if part == "distances" else {part: other}
            assert str(replace(report, rows=(replace(row, **changed), *report.rows[1:]))) != str(report), name

    def test_both_cheats_fail_by_what_they_do(self, report):
        rows = {row.name: row for row in report.rows}
        assert report.undetected_cheats == []
        assert {"diversity", "coverage", "no closer than recordings"} <= set(rows[ONE_CLIP].failed)
        assert rows[ONE_CLIP].scores.agreement == 1.0  # a classifier detects nothing
        assert rows[ONE_CLIP].sample_metrics.diversity == 0.0
        assert rows[ALTERED_COPIES].failed == ["no closer than recordings"]
        assert rows[ALTERED_COPIES].sample_metrics.one_nn_accuracy < 0.4

    def test_a_metric_that_misses_a_cheat_says_so(self):
        blind = Thresholds(fraction_no_closer=0.0)
        result = compare(clips(80, 0), clips(80, 1), [EMBEDDING], thresholds=blind)
        assert result.undetected_cheats == [ALTERED_COPIES]
        assert "Check with a cheat, altered copies: failed, nothing detects it." in str(result)
        assert "A cheat (altered copies) meets every criterion" in str(result.verdict)
        assert result.verdict.findings[0].name == UNRELIABLE

    @pytest.mark.parametrize("n_sounds", [2, 3, 5])
    def test_takes_of_a_few_sounds_have_a_report_without_what_needs_more(self, n_sounds):
        waves = clips(40, 0).waves[:n_sounds]
        gains = np.random.default_rng(0).uniform(0.9, 1.0, (40, 1)).astype(np.float32)
        takes = Clips.of(np.resize(waves, (40, waves.shape[1])) * gains, SAMPLE_RATE, ["a"] * 40)
        result = compare(takes, Clips.of(clips(40, 1).waves, SAMPLE_RATE, ["a"] * 40), [EMBEDDING])
        metrics = result.rows[0].sample_metrics
        assert metrics.labels["a"].n_clusters == n_sounds
        assert metrics.precision_recall is None
        assert "coverage" not in [criterion.name for criterion in result.rows[0].criteria]
        finding = next(each for each in result.verdict.findings if each.name == FEW_SOUNDS)
        assert f"a has {n_sounds} different sounds in 40 recordings" in finding.sentence
        assert "precision / recall" in str(result)
        assert plain(result)["rows"][0]["sample_metrics"]["precision_recall"] is None

    def test_too_few_held_out_recordings_have_no_row_and_a_note(self):
        result = compare(
            clips(40, 0), clips(40, 1), [EMBEDDING], held_out=clips(2, 2), thresholds=THRESHOLDS, cheats=False
        )
        assert [row.name for row in result.rows] == ["generated"]
        assert "there are 2 of these labels, and 6 are needed" in str(result)

    def test_held_out_recordings_stand_beside(self, report):
        row = next(row for row in report.rows if row.name == HELD_OUT)
        assert row.n_clips == 40
        assert row.from_held_out == {}
        ratio = report.rows[0].from_held_out["log-mel"].value / report.held_out_to_reference["log-mel"].value
        assert ratio == pytest.approx(1.0, abs=0.5)  # new clips are as far from the held-out as the recordings are

    def test_text_names_the_classifier_and_its_accuracy(self, report):
        text = str(report)
        assert "classifier judge, accuracy on held-out recordings: 91.0%" in text
        assert "Every criterion is met by generated." in text
        assert "Check with a cheat, one clip per label: passed, detected by " in text
        assert "Check with a cheat, altered copies: passed, detected by no closer than recordings." in text
        assert text.endswith("\nVerdict: good.\n  " + report.verdict.findings[0].sentence)
        assert max(map(len, report.table())) == min(map(len, report.table())) == 2 + len(report.rows)

    def test_is_json(self, report):
        back = json.loads(json.dumps(plain(report), allow_nan=False))
        assert back["rows"][0]["criteria"][0] == {
            "name": "label agreement",
            "value": report.rows[0].scores.agreement,
            "threshold": 0.9,
            "at_least": True,
            "is_met": True,
        }
        assert len(back["rows"][0]["sample_metrics"]["labels"]["tone"]["copying"]["estimate"]) == 80

    def test_same_seed_same_report(self):
        first, second = (compare(clips(40, 0), clips(40, 1), [EMBEDDING], cheats=False, seed=3) for _ in range(2))
        assert json.dumps(plain(first)) == json.dumps(plain(second))

    def test_distant_clips_fail(self):
        made = clips(60, 1)
        noisy = made.waves + 0.1 * np.random.default_rng(0).standard_normal(made.waves.shape).astype(np.float32)
        result = compare(clips(60, 0), Clips.of(noisy, SAMPLE_RATE, made.labels), [EMBEDDING], cheats=False)
        assert {"relative Frechet distance, log-mel", "1-nearest-neighbour accuracy"} <= set(result.not_met)

    def test_refuses(self):
        recordings = clips(20, 0)
        with pytest.raises(BadSetting, match="noise, tone"):
            compare(recordings, Clips.of(recordings.waves, SAMPLE_RATE), [EMBEDDING])
        with pytest.raises(BadSetting, match="22050 Hz, 44100 Hz"):
            compare(recordings, Clips.of(recordings.waves, 44_100, recordings.labels), [EMBEDDING])
        with pytest.raises(BadSetting, match="one for each clip"):
            Clips.of(recordings.waves, SAMPLE_RATE, ["tone"])
        with pytest.raises(BadSetting, match="There are 5 generated clips of common labels; give at least 6"):
            compare(recordings, clips(5, 1), [EMBEDDING])
        with pytest.raises(BadSetting, match="There are 4 recordings of common labels; give at least 6"):
            compare(clips(4, 1), recordings, [EMBEDDING])


def verdict(
    recordings: Clips, made: Clips, *others, thresholds: Thresholds = THRESHOLDS, cheats: bool = False
) -> list[str]:
    """The names of the findings; their text ends the report and has a sentence for each."""
    result = compare(recordings, made, [EMBEDDING, *others], thresholds=thresholds, cheats=cheats)
    text = str(result).partition("\nVerdict: ")[2].splitlines()
    names = [finding.name for finding in result.verdict.findings]
    assert text[0] == f"{', '.join(names)}."
    assert text[1:] == [f"  {finding.sentence}" for finding in result.verdict.findings]
    assert result.verdict.is_good == (names == [GOOD])
    return names


def relabelled(made: Clips) -> Clips:
    """The clips, every other one called what it is not."""
    others = np.where(made.labels == "tone", "noise", "tone")
    labels = np.where(np.arange(len(made)) % 4 < 2, others, made.labels)
    return Clips.of(made.waves, SAMPLE_RATE, labels)


class TestVerdict:
    """Clips made so that it is known what is wrong with them."""

    def test_new_clips_are_good(self, report):
        assert [finding.name for finding in report.verdict.findings] == [GOOD]

    def test_as_close_as_chance_brings_new_clips_is_no_copy(self):
        assert verdict(clips(80, 0), clips(80, 1)) == [FEW_CLUSTERS]

    def test_copies_are_copies(self):
        recordings = clips(80, 0)
        made = cheat_resampled_copies(recordings.waves, recordings.labels, SAMPLE_RATE, 40, 1)
        assert verdict(recordings, Clips.of(made[0], SAMPLE_RATE, made[1])) == [COPIES]

    def test_few_clips_over_and_over_are_too_alike(self):
        new = clips(80, 1)
        rows = np.concatenate([np.resize(np.flatnonzero(new.labels == label)[:3], 40) for label in ("tone", "noise")])
        names = verdict(clips(80, 0), Clips.of(new.waves[rows], SAMPLE_RATE, new.labels[rows]))
        assert ALIKE in names
        assert COPIES not in names

    def test_noise_over_clips_is_unlike_the_recordings(self):
        made = clips(80, 1)
        noisy = made.waves + 0.1 * np.random.default_rng(0).standard_normal(made.waves.shape).astype(np.float32)
        names = verdict(clips(80, 0), Clips.of(noisy, SAMPLE_RATE, made.labels))
        assert UNLIKE in names
        assert not {COPIES, GOOD} & {*names}

    def test_wrong_labels_are_wrong_labels(self):
        names = verdict(clips(80, 0), relabelled(clips(80, 1)), ClassifierEmbedding(TinyJudge()))
        assert WRONG_LABELS in names

    def test_too_few_are_too_few(self):
        assert verdict(clips(40, 0), clips(80, 1))[0] == FEW_RECORDINGS
        assert verdict(clips(80, 0), clips(20, 1))[0] == FEW_CLIPS
        result = compare(clips(40, 0), clips(80, 1), [EMBEDDING], cheats=False)
        assert "noise has 20, tone has 20" in result.verdict.findings[0].sentence

    def test_an_undetected_cheat_makes_it_unreliable(self):
        assert (
            verdict(clips(80, 0), clips(80, 1), thresholds=Thresholds(fraction_no_closer=0.0), cheats=True)[0]
            == UNRELIABLE
        )

    def test_it_is_in_the_json(self, report):
        assert plain(report)["verdict"]["findings"][0]["name"] == GOOD


class TestEvaluate:
    def test_folders(self, tmp_path):
        reference, generated = write_folder(tmp_path / "real", 80, 0), write_folder(tmp_path / "made", 40, 1)
        (generated / "tone" / "broken.wav").write_bytes(b"RIFF....")
        (generated / "clap").mkdir()
        soundfile.write(generated / "clap" / "0.wav", tones(1)[0][0], SAMPLE_RATE)
        result = evaluate(reference, generated, group_from="prefix", skip_cheats=True)
        assert (result.sample_rate, result.seconds, result.n_reference) == (SAMPLE_RATE, SECONDS, 80)
        assert [row.name for row in result.rows] == ["generated"]
        assert result.rows[0].n_clips == 40
        assert result.classifier is None
        assert "Left out, since one set lacks them: clap." in result.notes
        assert any("broken.wav" in str(each) for each in result.failed)
        assert result.rows[0].distances["log-mel"].relative_frechet.ratio.value < 1.5

    def test_manifest_of_generate_and_splits(self, tmp_path):
        reference = write_folder(tmp_path / "real", 80, 0)
        files = sorted(reference.rglob("*.wav"))
        records = [
            {"audio_filepath": file.relative_to(reference).as_posix(), "label": file.parent.name, "split": split}
            for file, split in zip(files, ["train", "train", "train", "test"] * 20, strict=True)
        ]
        (reference / "manifest.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        made = tmp_path / "made"
        made.mkdir()
        waves, labels = tones(40, 1)
        lines = []
        for index, (wave, label) in enumerate(zip(waves, labels, strict=True)):
            soundfile.write(made / f"{index}.wav", wave, SAMPLE_RATE)
            lines.append(json.dumps({"audio_filepath": f"{index}.wav", "label": label, "seed": 0}))
        (made / "manifest.jsonl").write_text("\n".join(lines), encoding="utf-8")
        result = evaluate(reference, made, skip_cheats=True)
        assert result.n_reference == 60
        assert [(row.name, row.n_clips) for row in result.rows] == [("generated", 40), (HELD_OUT, 20)]

    def test_without_labels(self, tmp_path):
        reference, generated = write_folder(tmp_path / "real", 40, 0), write_folder(tmp_path / "made", 40, 1)
        result = evaluate(reference, generated, label_from="none", skip_cheats=True)
        assert list(result.rows[0].sample_metrics.labels) == [""]
        assert "all " in str(result)

    @pytest.mark.uses("classifier")
    def test_classifier_is_chosen_by_its_labels(self, tmp_path, monkeypatch):
        cards = {"drums": TinyCard("gan"), "judge": TinyCard()}
        monkeypatch.setattr(models, "names", lambda: sorted(cards))
        monkeypatch.setattr(models, "find", lambda name: name)
        monkeypatch.setattr(loading, "load", lambda name: {"judge": TinyJudge()}[name])
        monkeypatch.setattr(loading, "read_card", cards.__getitem__)
        monkeypatch.setattr(loading.Card, "read", cards.__getitem__)
        reference, generated = write_folder(tmp_path / "real", 40, 0), write_folder(tmp_path / "made", 40, 1)
        result = evaluate(reference, generated, skip_cheats=True)
        assert (result.classifier.name, result.classifier.test_accuracy) == ("judge", 0.91)
        assert result.rows[0].scores.agreement > 0.9

    def test_command_line(self, tmp_path, capsys):
        reference, generated = write_folder(tmp_path / "real", 40, 0), write_folder(tmp_path / "made", 40, 1)
        assert run(["evaluate", str(reference), str(generated), "--skip-cheats", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["details"]["n_reference"] == 40
        assert run(["evaluate", str(reference), str(tmp_path / "none")]) == 2

    def test_refuses(self, tmp_path):
        reference = write_folder(tmp_path / "real", 8, 0)
        with pytest.raises(BadFolder):
            evaluate(reference, tmp_path / "nothing")
        with pytest.raises(BadSetting, match="seconds"):
            evaluate(reference, reference, seconds=0)
        renamed = tmp_path / "renamed"
        renamed.mkdir()
        (reference / "tone").rename(renamed / "pip")
        with pytest.raises(BadSetting, match="labelled pip and the recordings noise"):
            evaluate(reference, renamed)
