"""Audits: copies at any offset and pitch are recognised, others are not; membership, voices, licences, the command."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from command_line import refused

import wavewright
from wavewright.apps.cli import run
from wavewright.audio.clip import Clip
from wavewright.auditing import examination
from wavewright.auditing.fingerprint import (
    CELL_SECONDS,
    N_BANDS,
    RANGE_DB,
    SEMITONES,
    WINDOW_CELLS,
    CellLevels,
    distances,
    levels_of,
    locate,
    windows_of,
)
from wavewright.auditing.membership import area_under_curve, membership_of
from wavewright.auditing.memorisation import CLEAR, RECITES, SUSPICIOUS, Scored, memorisation_of
from wavewright.auditing.output import AuditedClip, Continuation
from wavewright.auditing.recitation import (
    CONTINUED_LIMITS,
    LIMITS,
    REPEATED_LIMITS,
    Nearest,
    Share,
    continued_recordings,
    p_value,
    repeated_sounds,
)
from wavewright.auditing.recordings import level_of, read_recordings
from wavewright.auditing.report import obligations_of
from wavewright.auditing.voices import USUAL_LIMIT, compare_voices, different_limit, utterances
from wavewright.contracts.runtime import Generator
from wavewright.data.folder import scan
from wavewright.data.preparation import PEAK, Preparation
from wavewright.data.store import ClipStore
from wavewright.families import loading
from wavewright.families.lstm.config import LstmConfig
from wavewright.families.lstm.runtime import clip_loss, frame_loss
from wavewright.families.lstm.training import mixture_nll
from wavewright.models.card import Card, Source

RATE = 16_000


def melody(seed: int, seconds: float = 1.6, semitones: float = 0.0) -> np.ndarray:
    """Return eight tones of five partials with faint noise, ``(time,)``; the tones follow from the seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE / 8)) / RATE
    tones = []
    for key in rng.integers(48, 84, 8):
        f0 = 440 * 2 ** ((key - 69 + semitones) / 12)
        tone = sum(np.sin(2 * np.pi * k * f0 * time) / k for k in range(1, 6) if k * f0 < 7_500)
        tones.append(tone * np.exp(-time * rng.uniform(2, 12)))
    return (0.2 * np.concatenate(tones) + 0.001 * rng.standard_normal(8 * len(time))).astype(np.float32)


# ------------------------------------------------------------------------------------------------------ fingerprints


def levels(wave: np.ndarray) -> CellLevels:
    return levels_of(wave, RATE)


def test_distances_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    window, reference = rng.uniform(-60, 0, (6, N_BANDS)), CellLevels(rng.uniform(-60, 0, (9, N_BANDS)))
    padded = np.pad(reference.cells, ((2, 2), (0, 0)), constant_values=reference.cells.max() - 80)
    found = []
    for start in range(len(padded) - 5):
        for semitones in SEMITONES:
            one, other = window[:, 2 + semitones : 70 + semitones : 2], padded[start : start + 6, 2:70:2]
            one, other = (np.maximum(cells - cells.max() + RANGE_DB, 0) for cells in (one, other))
            sounding = (one > 0) | (other > 0)
            found.append(np.sqrt(np.square(one - other)[sounding].mean()))
    assert distances([window], [reference])[0, 0] == pytest.approx(min(found), rel=1e-4)
    assert locate(window, reference).distance_db == pytest.approx(min(found), rel=1e-4)


@pytest.mark.parametrize("semitones", [-2, -1, 0, 1, 2])
def test_copies_are_near_at_any_offset_level_and_pitch(semitones):
    references = [levels(melody(seed)) for seed in range(6)]
    copy = 0.1 * melody(3, semitones=semitones)[int(0.37 * RATE) :]
    ((_, window),) = windows_of(levels(copy))
    row = distances([window], references)[0]
    assert row.argmin() == 3
    assert row[3] < LIMITS.distance_db
    assert row[3] < LIMITS.ratio * np.median(np.delete(row, 3))
    match = locate(window, references[3])
    assert match.seconds == pytest.approx(0.37, abs=CELL_SECONDS)
    assert abs(match.semitones - semitones) <= 1


def test_windows_cover_long_sounds_and_silence_has_none():
    long = levels(np.concatenate([melody(1), np.zeros(RATE, np.float32), melody(2)]))
    starts = [start for start, _ in windows_of(long)]
    assert starts[0] == 0
    assert np.diff(starts).max() <= WINDOW_CELLS
    assert all(cells.shape == (WINDOW_CELLS, N_BANDS) for _, cells in windows_of(long))
    assert windows_of(levels(np.zeros(RATE, np.float32))) == []
    assert windows_of(levels(melody(1)[:800])) == []  # too short to be told from others


# ---------------------------------------------------------------------------------------------------------- counting


def test_fisher_test_and_shares():
    assert p_value(Share(3, 3), Share(0, 3)) == pytest.approx(1 / 20)
    assert p_value(Share(0, 9), Share(4, 9)) == pytest.approx(1.0)
    assert p_value(Share(1, 2), Share(1, 2)) == pytest.approx(5 / 6)
    assert str(Share(5, 50)).startswith("5 of 50 (10.0 %, 95 % interval 4.3 to 21.4 %)")


def scored(losses) -> list[Scored]:
    return [Scored(Path(f"{number}.wav"), loss) for number, loss in enumerate(losses)]


def test_what_is_known_by_heart():
    held_out = scored([0.5, 0.8, 1.0, 1.2, 2.0] * 4)
    found = memorisation_of(scored([0.9, 0.035, 0.05, 0.002, 0.04, 0.001, 0.01, 0.03]), held_out)
    assert [one.path.stem for one in found.memorised] == ["5", "3", "6", "7", "1", "4"]  # not 0.05
    assert [round(one.fraction, 3) for one in found.memorised] == [0.001, 0.002, 0.01, 0.03, 0.035, 0.04]
    assert (found.usual_loss, found.share, found.held_out) == (1.0, Share(6, 8), Share(0, 20))
    assert found.p_value == pytest.approx(28 / 376_740)  # C(8, 6) of C(28, 6)
    assert found.verdict == RECITES
    assert memorisation_of(scored([0.9, 0.06]), held_out).verdict == CLEAR
    assert memorisation_of(scored([0.01]), scored([0.01, *[1.0] * 20])).verdict == SUSPICIOUS
    assert str(found.memorised[0]) == "5.wav: 0.1 % of the usual loss"


def test_recordings_are_scored_and_continued_as_they_are_learned(tmp_path):
    wave = np.concatenate([np.full(300, 1e-4), 0.02 * melody(1), np.zeros(500)]).astype(np.float32)
    Clip(wave[None], RATE).write(tmp_path / "a.wav", subtype="FLOAT")
    (entry,) = scan(tmp_path).entries
    (recording,) = read_recordings([entry], RATE, lambda done: None).different
    store = ClipStore.build([entry], RATE, None, Preparation("crop"), None)
    assert np.array_equal(recording.prepared, store.crop(0, 0, store.lengths[0])[0])
    assert np.abs(recording.prepared).max() == pytest.approx(PEAK)
    assert len(recording.prepared) < len(recording.wave)


def test_recordings_keep_their_level_for_a_model_that_learned_it(tmp_path):
    Clip(0.02 * melody(1)[None], RATE).write(tmp_path / "a.wav", subtype="FLOAT")
    card = Card(name="a", family="wavenet", recipe={"data": {"level": False}}, sample_rate=RATE)
    assert [level_of(card), level_of(card.model_copy(update={"recipe": {}}))] == ["none", "peak"]
    (recording,) = read_recordings(scan(tmp_path).entries, RATE, lambda done: None, level_of(card)).different
    assert np.abs(recording.prepared).max() == np.abs(recording.wave).max()


def test_a_continuation_is_compared_with_its_own_recording(tmp_path):
    for seed in range(12):
        Clip(melody(seed)[None], RATE).write(tmp_path / f"{seed}.wav")
    recordings = read_recordings(scan(tmp_path).entries, RATE, lambda done: None).different
    noise = 0.003 * np.random.default_rng(0).standard_normal(RATE)
    continued = []
    for each in recordings:
        seed, half = int(each.entry.path.stem), len(each.wave) // 2
        rest = melody(seed if seed < 3 else 100 + seed)[half:]
        continued.append(Continuation(each, (rest + noise[: len(rest)]).astype(np.float32), each.wave[half:]))
    found = continued_recordings(continued, recordings, RATE)
    assert [pair.recording for pair in found] == [each.entry.path for each in recordings]
    assert {pair.recording.stem for pair in found if pair.is_near} == {"0", "1", "2"}
    assert all(pair.is_near == CONTINUED_LIMITS.hold(pair.distance_db, pair.ratio) for pair in found)


def test_membership_of_losses():
    rng = np.random.default_rng(0)
    train, held_out = rng.normal(0, 1, 300), rng.normal(2, 1, 1_000)
    assert area_under_curve(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(0.875)
    train, held_out = scored(train), scored(held_out)
    found = membership_of("loss", train, held_out)
    assert found.auc.value == pytest.approx(0.921, abs=0.02)  # Phi(sqrt(2))
    assert found.auc.low < found.auc.value < found.auc.high
    assert found.is_distinguished
    one_percent, one_permille = found.rates
    assert one_percent.detected.value == pytest.approx(0.37, abs=0.08)  # Phi(-0.326)
    assert one_permille.detected is not None
    assert membership_of("loss", train, held_out[:999]).rates[1].detected is None
    assert not membership_of("loss", held_out[:400], held_out[400:800]).is_distinguished


def test_the_loss_of_a_frame_is_that_of_training():
    rng = np.random.default_rng(1)
    config = LstmConfig(n_mixtures=3, n_mels=5)
    outputs, frame = rng.normal(0, 2, config.n_outputs).astype(np.float32), rng.normal(0, 1, 5).astype(np.float32)
    expected = mixture_nll(torch.from_numpy(outputs), torch.from_numpy(frame), 3).item() / 5
    assert frame_loss(outputs, frame, config) == pytest.approx(expected, rel=1e-5)
    mean = LstmConfig(output="mse", n_mels=5)
    assert frame_loss(outputs[:5], frame, mean) == pytest.approx(np.square(outputs[:5] - frame).mean())


def test_the_loss_of_a_mixture_is_a_squared_error():
    rng = np.random.default_rng(2)
    config, frames = LstmConfig(n_mixtures=1, n_mels=5), rng.normal(0, 1.3, (4_000, 5)).astype(np.float32)
    log_deviation = 0.5 * np.log(np.square(frames).mean())  # of the Gaussian of highest likelihood
    outputs = np.concatenate([np.zeros(6), np.full(5, log_deviation)]).astype(np.float32)
    found = clip_loss(lambda *given: (outputs, given[-1]), config, frames, 0, 0)
    assert found == pytest.approx(np.square(frames).mean(), rel=1e-4)
    outputs[6:] = -5.0  # a deviation so small that other frames have a loss of thousands of nats
    assert 1e300 < clip_loss(lambda *given: (outputs, given[-1]), config, frames[:9], 0, 0) < np.inf


# --------------------------------------------------------------------------------------------------- repeated sounds


def answers(requests, distance_db=4.5, ratio=0.45):
    """Return clips, their levels and nearest recordings: of each request the seeds of its melodies and a recording."""
    clips, found, nearest = [], {}, []
    for request, (seeds, recordings) in requests.items():
        for number, (seed, recording) in enumerate(zip(seeds, recordings, strict=True)):
            name = f"{request}, {number}"
            clips.append(AuditedClip(melody(seed), name, request))
            found[name] = levels(melody(seed))
            nearest.append(Nearest(name, Path(recording), distance_db, ratio, 0.0, 0.0, 0, False))
    return clips, found, nearest


def test_a_sound_that_is_repeated_is_judged_by_wider_limits():
    requests = {
        "one sound": ([1, 1, 1, 1], "aaab"),
        "several": ([1, 2, 3, 4], "aaaa"),
        "of no recording": ([5, 5, 5, 5], "abcd"),
        "too few": ([6, 6], "aa"),
    }
    found = {pair.clip.rsplit(", ", 1)[0]: pair.is_near for pair in repeated_sounds(*answers(requests))}
    assert found == {"one sound": True, "several": False, "of no recording": False}
    (far,) = repeated_sounds(*answers({"far": ([1, 1, 1], "aaa")}, ratio=REPEATED_LIMITS.ratio + 0.01))
    assert not far.is_near


def test_the_limits_of_a_clip():
    assert LIMITS.hold(1.0, 1.0)
    assert not LIMITS.hold(1.1, 0.9)
    assert LIMITS.hold(4.0, 0.3)
    assert not LIMITS.hold(4.1, 0.1)
    assert not LIMITS.hold(1.6, 0.31)


# ------------------------------------------------------------------------------------------------- licences and voices


def test_obligations_in_words():
    sources = [
        Source(name="a", licence="CC-BY-SA-3.0", credit="Ann", origin="site/a"),
        Source(name="b", licence="CC-BY-NC-4.0", credit="Bob"),
        Source(name="c", licence="GPL-3.0"),
        Source(name="d", licence="mine"),
        Source(name="e", licence="CC0-1.0"),
    ]
    card = Card(name="x", family="gan", sample_rate=8_000, licence="CC-BY-SA-3.0", sources=sources)
    found = obligations_of(card)
    text = " ".join(found.sentences)
    assert found.unknown == ("d",)
    assert "The licence of d is not known" in text
    assert "b may not be used commercially" in text
    assert (
        "a, c ask that adaptations carry the same licence (CC-BY-SA-3.0, GPL-3.0); the model has CC-BY-SA-3.0" in text
    )
    assert "c come under a licence of programs" in text
    assert found.credits == ("a (CC-BY-SA-3.0), Ann, site/a", "b (CC-BY-NC-4.0), Bob", "c (GPL-3.0)")
    free = obligations_of(card.model_copy(update={"sources": sources[-1:]}))
    assert "nothing is asked for" in free.sentences[0]
    assert "names no sources" in obligations_of(card.model_copy(update={"sources": []})).sentences[0]


def test_voices_above_the_limit_of_different_speakers():
    def embed(wave):
        return wave[:3] / np.linalg.norm(wave[:3])

    ann, bob = [np.array([1.0, 0.0, 0.1])] * 3, [np.array([0.0, 1.0, 0.1])] * 2
    found = compare_voices(embed, {"model": [np.array([1.0, 0.05, 0.1])]}, {"ann": ann, "bob": bob})
    assert (found.limit, found.n_pairs) == (USUAL_LIMIT, 0)
    assert [(match.speaker, match.is_imitated) for match in found.matches] == [("ann", True), ("bob", False)]
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2, 40, 3))
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    assert different_limit(list(rows)) == (pytest.approx(np.percentile(rows[0] @ rows[1].T, 99.9)), 1_600)


def test_short_clips_are_joined_to_utterances():
    joined = list(utterances([np.ones(RATE, np.float32)] * 10, RATE))
    assert [round(len(wave) / RATE, 1) for wave in joined] == [4.4, 4.4, 2.2]
    assert list(utterances([np.ones(RATE, np.float32)], RATE)) == []


# -------------------------------------------------------------------------------------------------------- the command


class Player(Generator):
    """A model whose clips are melodies of some seeds, with noise, from another offset."""

    def __init__(self, seeds, card):
        self.seeds = seeds
        self.folder = SimpleNamespace(card=card, hash="0" * 12, path="player")
        self.card, self.labels, self.sample_rate = card, (), RATE

    def generate(self, label=None, count=1, seed=0, start=0):
        rng = np.random.default_rng(start)
        waves = [melody(self.seeds[index % len(self.seeds)]) for index in range(start, start + count)]
        return [(wave[2_000:] + 0.003 * rng.standard_normal(len(wave) - 2_000))[None].astype("f4") for wave in waves]


class Sums:
    """An encoder whose embedding is the spectrum in 16 bands."""

    name = "sums"

    def embed(self, waves, sample_rate):
        return np.stack([np.abs(np.fft.rfft(wave, 4_096))[:2_048].reshape(16, -1).sum(1) for wave in waves])


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Training and held-out melodies, one of them twice, and a function that makes the model of some seeds."""
    for name, seeds in (("train", range(24)), ("held", range(100, 124))):
        for seed in seeds:
            path = tmp_path / name / f"{seed}.wav"
            path.parent.mkdir(exist_ok=True)
            Clip(melody(seed)[None], RATE).write(path)
    Clip(0.5 * melody(7)[None], RATE).write(tmp_path / "train" / "again.wav")
    card = Card(name="player", family="gan", sample_rate=RATE, licence="CC0-1.0")
    monkeypatch.setattr(loading, "load_encoder", lambda name: Sums())

    def use(seeds):
        monkeypatch.setattr(loading, "load", lambda name: Player(list(seeds), card))

    return tmp_path, use


def test_a_model_that_recites_is_found(folders, capsys):
    folder, use = folders
    use([3, 7, 11, *range(200, 205)])
    call = ["audit", "player", str(folder / "train"), "--held-out", str(folder / "held"), "--count", "24", "--quiet"]
    page, pairs = folder / "audit.html", folder / "pairs"
    assert run([*call, "--fail", "--html", str(page), "--pairs", str(pairs)]) == 1
    text = capsys.readouterr().out
    assert "Yes: 3 recordings come back." in text
    assert "25 recordings" in text
    assert "1 of them copies of others" in text
    assert "Recitation: recites." in page.read_text()
    assert "http" not in page.read_text()
    assert sorted(path.name for path in pairs.glob("*.wav"))[:2] == ["01-clip.wav", "01-recording.wav"]
    assert len(list(pairs.glob("*.wav"))) == 6
    assert run([*call, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["details"]
    assert data["n_different"] == 24
    assert data["recitation"]["comparisons"][0]["share"] == {"n_near": 9, "n_clips": 24}
    recited = {path.rsplit("/", 1)[-1] for path in (pair["recording"] for pair in data["recitation"]["recited"])}
    assert recited in ({"3.wav", "7.wav", "11.wav"}, {"3.wav", "again.wav", "11.wav"})
    assert all(pair["recording_seconds"] <= 0.7 for pair in data["recitation"]["recited"])


def test_a_model_that_does_not_recite_is_clear(folders):
    folder, use = folders
    use(range(200, 224))
    for held_out in (folder / "held", None):
        report = wavewright.audit("player", folder / "train", held_out, count=24, fail=True, quiet=True)
        assert report.recitation.verdict == CLEAR
        assert report.exit_code == 0
        assert report.recitation.comparisons[0].share.n_near == 0
    assert report.recitation.held_out == examination.OTHERS
    assert "needs a likelihood" in " ".join(report.notes)
    assert "No copy was found." in str(report)


def test_splits_of_a_manifest_are_held_out(folders):
    folder, use = folders
    use([3])
    lines = [{"audio_filepath": f"train/{seed}.wav", "split": "train" if seed < 16 else "test"} for seed in range(24)]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = wavewright.audit("player", folder / "manifest.jsonl", count=8, quiet=True)
    assert report.n_recordings == 16
    assert report.recitation.held_out == examination.HELD_OUT
    assert report.recitation.verdict == RECITES


def test_wrong_calls_give_one_sentence(folders, capsys, tmp_path):
    folder, use = folders
    use([3])
    assert "does not exist" in refused(capsys, "audit", "player", str(tmp_path / "none"))
    message = refused(capsys, "audit", "player", str(folder / "train"), "--html", str(tmp_path / "no" / "page.html"))
    assert "create it first" in message
    (tmp_path / "silent").mkdir()
    Clip(np.zeros((1, RATE), np.float32), RATE).write(tmp_path / "silent" / "a.wav")
    assert "is silent" in refused(capsys, "audit", "player", str(tmp_path / "silent"), "--quiet")


@pytest.mark.uses("classifier", "denoiser", "wavenet")
@pytest.mark.parametrize("model", ["drum-classifier", "denoise-16k", "wavenet", "sound-encoder"])
def test_models_that_generate_nothing_are_refused(capsys, tmp_path, model):
    message = refused(capsys, "audit", model, str(tmp_path))
    assert "generates nothing by itself" in message
    assert f"models show {model}" in message


@pytest.mark.uses("gan", "acoustic")
def test_folders_of_something_else_are_refused(folders, capsys, monkeypatch):
    folder, _ = folders
    monkeypatch.undo()
    message = refused(capsys, "audit", "drums", str(folder), "--label-from", "folder")
    assert "labelled held, train, and drums learned kick, snare, hat, tom, cymbal" in message
    (folder / "empty").mkdir()
    assert "give a folder" in refused(capsys, "audit", "drums", str(folder / "empty"))
    assert "give --voices" in refused(capsys, "audit", "en", str(folder))
