"""The vocoder's runtime: equal to training, the same bits in any pieces; warm start; refusals."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_vocoder import SAMPLE_RATE, TINY, glide, tiny_recipe, write_voices

from wavewright import loading
from wavewright.data.folder import scan
from wavewright.dsp.speech_mel import MEL_FLOOR, speech_mel
from wavewright.errors import BadAudio, BadModel, BadSetting
from wavewright.families.vocoder.network import build, played
from wavewright.families.vocoder.recipe import fine_tuning, warm_start
from wavewright.models.folder import ModelFolder
from wavewright.training import checkpoint
from wavewright.training.export import as_played
from wavewright.training.run import Provenance, Run


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A run folder of four steps."""
    folder = write_voices(tmp_path_factory.mktemp("voices"))
    place = tmp_path_factory.mktemp("run") / "tiny"
    Run(
        place, "vocoder", tiny_recipe(), scan(folder, "none"), Provenance("tiny"), tmp_path_factory.mktemp("cache")
    ).train(quiet=True)
    return place


@pytest.fixture(scope="module")
def player(place):
    return loading.load(str(place))


@pytest.fixture(scope="module")
def mel():
    return speech_mel(glide(2.0)[0], SAMPLE_RATE)


def test_a_run_measures_and_exports(place, player):
    metrics = player.card.metrics
    assert 0 < metrics["valid/mel"] < 4
    assert 0 <= metrics["valid/pitch"] <= 1
    assert player.card.family == "vocoder"
    assert (place / "sample.ogg").is_file()


def test_what_plays_is_what_was_trained(place, player, mel):
    vocoder = build(tiny_recipe().model)
    vocoder.filters.load_state_dict(
        {name: torch.from_numpy(a) for name, a in warm_start(ModelFolder(place), TINY).items()}
    )
    silence = np.full((80, 1), np.log(MEL_FLOOR), np.float32)
    whole = np.concatenate([silence, mel, np.repeat(silence, 3, axis=1)], axis=1)
    expected, _ = played(as_played(vocoder.filters), whole.T, seed=5)
    found = player.vocode(mel, seed=5)
    assert found.shape == (1, mel.shape[1] * 256)
    np.testing.assert_allclose(found[0], np.clip(expected[: found.shape[1]], -1, 1), atol=1e-3)


@pytest.mark.parametrize("sizes", [[1], [2, 3], [17, 1, 64], [70, 30]])
def test_pieces_make_the_same_bits_as_the_whole(player, mel, sizes):
    whole, stream, first, pieces = player.vocode(mel), player.stream(), 0, []
    for number in range(mel.shape[1]):
        size = sizes[number % len(sizes)]
        if first < mel.shape[1]:
            pieces.append(stream.push(mel[:, first : first + size]))
        first += size
    pieces.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)


def test_a_stream_begins_soon_and_its_chunks_are_the_whole(player, mel):
    chunks = list(player.vocode_stream(mel, seed=1))
    assert 0 < chunks[0].shape[1] <= 10 * 256
    assert len(chunks) > 3
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), player.vocode(mel, seed=1))
    assert not np.array_equal(player.vocode(mel, seed=1), player.vocode(mel, seed=2))
    assert np.abs(player.vocode(mel)).max() <= 1
    calm = player.vocode(mel)
    player.calm = 0.0
    assert not np.array_equal(player.vocode(mel), calm)
    del player.calm
    np.testing.assert_array_equal(player.vocode(mel), calm)
    assert player.vocode(mel[:, :1]).shape == (1, 256)


def test_its_frames_are_those_of_all_voices(player):
    wave, _ = glide(0.3)
    np.testing.assert_array_equal(player.mel_of(wave), speech_mel(wave, SAMPLE_RATE))
    for bad in (wave[None], wave[:0]):
        with pytest.raises(BadAudio, match=r"give one channel \(time,\), and at least one sample"):
            player.mel_of(bad)


@pytest.mark.parametrize("bad", [np.zeros((40, 5)), np.zeros((80, 0)), np.zeros(80), np.full((80, 4), np.nan)])
def test_other_frames_are_refused_before_a_sound(player, bad):
    with pytest.raises(BadSetting, match=r"takes finite numbers \(80, frames\), at least one frame"):
        player.vocode_stream(bad)


def test_a_run_begins_from_another_with_its_critics(place, tmp_path):
    base = ModelFolder(place)
    folder = write_voices(tmp_path)
    tuned = fine_tuning(base)
    assert tuned.model == replace(tiny_recipe().model, adversarial_from=tuned.model.adversarial_from)
    recipe = replace(tiny_recipe(), model=tuned.model)
    run = Run(tmp_path / "mine", "vocoder", recipe, scan(folder, "none"), Provenance("mine"), tmp_path / "cache", base)
    stored = base.weights()
    for name, parameter in run.network.filters.named_parameters():
        np.testing.assert_array_equal(parameter.detach().numpy(), stored[f"frames.{name}"])
    fresh = build(recipe.model)
    checkpoint.load_matching(place / "checkpoints" / "last.safetensors", fresh)
    for mine, lent in zip(run.network.critics.parameters(), fresh.critics.parameters(), strict=True):
        torch.testing.assert_close(mine, lent)


def test_a_run_of_another_shape_begins_from_nothing(place, tmp_path):
    folder = write_voices(tmp_path)
    wider = replace(tiny_recipe(), model=replace(tiny_recipe().model, channels=40))
    with pytest.raises(BadModel, match="do not fit the settings of this run"):
        Run(
            tmp_path / "mine",
            "vocoder",
            wider,
            scan(folder, "none"),
            Provenance("m"),
            tmp_path / "cache",
            ModelFolder(place),
        )
