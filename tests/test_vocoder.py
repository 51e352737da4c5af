"""The vocoder's sources, filters and batches against formulas, and losses limited to a recording's bandwidth."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_vocoder import SAMPLE_RATE, TINY, glide, tiny_recipe, write_voices

from wavewright.data.folder import scan
from wavewright.dsp.speech_mel import speech_mel
from wavewright.errors import BadSetting
from wavewright.families.vocoder.config import N_PITCHES, SIZES, VocoderConfig
from wavewright.families.vocoder.excitation import Pulses, hz_to_place, phase_of, pitch_of, place_to_hz, pulses_at
from wavewright.families.vocoder.network import Sound, build, held_by, pitch_loss
from wavewright.families.vocoder.recipe import VocoderDataSettings, held_share, prepare
from wavewright.families.vocoder.synthesis import Synthesis, filters_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_voices(tmp_path_factory.mktemp("voices"))


@pytest.fixture(scope="module")
def prepared(folder, tmp_path_factory):
    return prepare(tiny_recipe(), scan(folder, "none").entries, tmp_path_factory.mktemp("cache"))


def bell(places):
    """Logits of a network that is fairly sure of these places."""
    return (-0.5 * np.square(np.arange(N_PITCHES) - np.asarray(places)[:, None])).astype(np.float32)


def test_pitches_lie_evenly_in_octaves_and_are_found_between_their_places():
    assert place_to_hz(0) == 50
    assert place_to_hz(N_PITCHES - 1) == pytest.approx(600)
    np.testing.assert_allclose(place_to_hz(hz_to_place([50, 123.4, 600])), [50, 123.4, 600])
    assert hz_to_place(1_000) == N_PITCHES - 1
    places = np.array([10.0, 30.3, 77.5, 100.8])
    np.testing.assert_allclose(hz_to_place(pitch_of(bell(places))), places, atol=0.08)


def test_pulses_come_once_a_period_with_the_power_of_noise():
    pulses = Pulses(24_000, 384).push(np.full(200, 200.0))
    assert np.square(pulses[2_000:]).mean() == pytest.approx(0.9, abs=0.02)  # a little less near half the sample rate
    np.testing.assert_allclose(pulses[2_120:4_120], pulses[2_000:4_000], atol=1e-3)
    level = np.abs(np.fft.rfft(pulses[2_400:74_400]))
    assert level[600] == pytest.approx(level[6_000], rel=0.02)  # 200 Hz and 2 kHz: as loud at every harmonic


def test_pulses_in_pieces_are_those_of_the_whole():
    f0_hz = 150 + 40 * np.sin(np.arange(60) / 5)
    whole = Pulses(24_000, 384).push(f0_hz)
    source = Pulses(24_000, 384)
    pieces = [source.push(piece) for piece in np.split(f0_hz, [1, 2, 17, 17, 40])]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_pulses_lie_where_those_of_a_voice_do():
    hop = 256
    wave, phase = glide(1.0)
    n_frames = len(wave) // hop - 3
    exact = 110 + 40 * (np.arange(n_frames + 1) + 1) * hop / SAMPLE_RATE
    tracked = np.where(np.arange(n_frames + 1) % 20 == 7, 0.0, exact * 1.004)  # not quite right, and sometimes nothing
    found = phase_of(wave[: (n_frames + 2) * hop], tracked, SAMPLE_RATE, hop)
    apart = found - phase[hop - 1 : hop + n_frames * hop]
    apart -= np.round(apart)
    assert np.abs(apart[hop:-hop]).max() < 0.04
    pulses = pulses_at(found[None])
    peak = np.flatnonzero(pulses > 5)[10]
    of_wave = phase[hop + peak - 8 : hop + peak - 6]  # a pulse comes half of its taps late
    assert np.abs(of_wave - np.round(of_wave)).min() < 0.04


@pytest.mark.parametrize("config", [TINY, replace(SIZES["tiny"], steps_per_frame=2, overlap=4)])
def test_filters_in_numpy_are_those_of_the_network(config):
    rng = np.random.default_rng(0)
    n_frames, step = 40, config.step_length
    described = rng.standard_normal((n_frames * config.steps_per_frame, 3 * config.n_bins)).astype(np.float32)
    mel = rng.normal(-6, 1, (n_frames + 1, 80)).astype(np.float32)
    sources = rng.standard_normal((2, n_frames * config.hop_length)).astype(np.float32)
    found = Synthesis(config, calm=0).push(described, mel.T, *sources)
    given = [torch.from_numpy(np.pad(source, (step, 0)))[None] for source in sources]
    expected = Sound(config)(torch.from_numpy(described)[None], torch.from_numpy(mel)[None], given[0], [given[1]])[0][0]
    n_samples = len(found) - config.lag
    np.testing.assert_allclose(found[config.lag :], expected[:n_samples].numpy(), atol=1e-4 * np.abs(found).max())


def test_noise_goes_over_to_pulses_where_they_are_alone_and_their_power_stays():
    described = np.random.default_rng(0).standard_normal((50, 3 * TINY.n_bins)).astype(np.float32)
    described[0, 2 * TINY.n_bins :] = 1e-3  # a row of pulses alone, and one of noise alone
    described[1, : 2 * TINY.n_bins] = 1e-3
    envelope = np.exp(np.random.default_rng(1).normal(size=(50, TINY.n_bins))).astype(np.float32)
    filters, gains = filters_of(described, envelope, calm=0.4)
    learned, noise = filters_of(described, envelope, calm=0)
    np.testing.assert_allclose(gains[0], 0.6 * noise[0], rtol=1e-3)
    np.testing.assert_allclose(gains[1], noise[1], rtol=1e-3)
    np.testing.assert_allclose(np.abs(filters) ** 2 + gains**2, np.abs(learned) ** 2 + noise**2, rtol=1e-4)
    np.testing.assert_allclose(np.angle(filters[2:]), np.angle(learned[2:]), atol=1e-5)


def test_noise_through_the_envelope_of_frames_has_these_frames():
    rng = np.random.default_rng(0)
    levels = np.interp(np.arange(80), [0, 20, 79], [-3.0, -1.0, -6.0]).astype(np.float32)
    mel = np.repeat(levels[:, None], 101, axis=1)
    described = np.repeat(np.array([0, 0, 1], np.float32), TINY.n_bins)[None].repeat(400, axis=0)
    noise = rng.standard_normal(100 * 256).astype(np.float32)
    wave = Synthesis(TINY).push(described, mel, np.zeros_like(noise), noise)
    found = np.log(np.exp(speech_mel(wave, SAMPLE_RATE)[:, 5:-5]).mean(axis=1))
    assert np.abs(found - levels)[2:78].max() < 0.35
    assert abs((found - levels)[2:78].mean()) < 0.05


def test_what_a_recording_holds_is_measured_and_no_more_is_compared():
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    low = held_by(torch.from_numpy(noise)[None], torch.tensor([0.625]))
    assert held_share(noise) == 1
    assert held_share(low[0].numpy()) == pytest.approx(0.625, abs=0.02)
    spectrum = torch.fft.rfft(low)[0].abs()
    assert spectrum[10_001:].max() < 1e-2
    torch.testing.assert_close(
        spectrum[:10_000], torch.fft.rfft(torch.from_numpy(noise))[:10_000].abs(), rtol=1e-3, atol=1e-2
    )


def test_pitch_is_learned_where_it_is_certain():
    place, certainty = torch.tensor([[40.0, 60.0]]), torch.tensor([[1.0, 0.0]])
    right = pitch_loss(torch.from_numpy(2 * bell([40, 10]))[None], place, certainty)
    wrong = pitch_loss(torch.from_numpy(2 * bell([43, 60]))[None], place, certainty)
    assert float(right) == pytest.approx(1.06, abs=0.05)  # the entropy of the bell itself
    assert wrong > right + 5


def test_a_crop_holds_the_frames_and_the_pitch_of_its_recording(prepared):
    crops = prepared.batches
    whole = speech_mel(crops.store[2][0], SAMPLE_RATE)
    crop = crops.crop(2, 10, 12)
    np.testing.assert_allclose(crop["mel"], whole[:, 9 : 9 + 12 + 3].T, atol=1e-4)
    np.testing.assert_allclose(crops.crop(2, 0, 12)["mel"][1:], whole[:, :14].T, atol=1e-4)
    np.testing.assert_array_equal(crop["wave"], crops.store[2][0][10 * 256 : 22 * 256])
    assert crop["pulses"].shape == (12 * 256 + TINY.step_length,)
    assert (crop["certainty"] == 1).all()
    slope = (np.log2(crop["f0_hz"][-1] / crop["f0_hz"][0])) / (11 * 256 / SAMPLE_RATE)
    assert 0.3 < slope < 0.8  # octaves a second
    lag = 7  # a pulse comes half of its taps late
    pulses = crop["pulses"][TINY.step_length + lag :]
    assert (
        np.corrcoef(pulses, crop["wave"][: len(pulses)])[0, 1] > 0.28
    )  # 0.3 for ten partials that fall off among 61 alike


def test_batches_depend_on_the_step_alone_and_are_spoilt_as_asked(prepared):
    first, again, other = prepared.batches(3), prepared.batches(3), prepared.batches(4)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(first["wave"], other["wave"])
    clean = replace(prepared.batches.recipe, data=VocoderDataSettings(crop_frames=12, mel_noise=0.0, mel_blur=0.0))
    spoilt, crops = first["mel"], type(prepared.batches)(prepared.batches.store, prepared.batches.rows, clean)
    unspoilt = crops(3)["mel"]
    assert np.abs(spoilt - unspoilt).max() > 0
    np.testing.assert_array_equal(crops(3)["wave"], first["wave"])


def test_given_frames_are_heard_in_place_of_a_recordings_own(folder, tmp_path):
    entries = scan(folder, "none").entries
    own = np.full((80, 50), -4.0, np.float32)
    try:
        for entry in entries[:5]:
            np.save(entry.path.with_suffix(".npy"), own)
        np.save(entries[5].path.with_suffix(".npy"), own[:, :20])
        data = VocoderDataSettings(crop_frames=12, valid_fraction=0.3, given_mels=True)
        found = prepare(tiny_recipe(data), entries, tmp_path)
    finally:
        for entry in entries[:6]:
            entry.path.with_suffix(".npy").unlink(missing_ok=True)
    assert len(found.train_entries) + len(found.valid["wave"]) == 5
    reasons = sorted(problem.reason.partition(" ")[2] for problem in found.problems)
    assert reasons[0].startswith("has shape (80, 20); whole recordings need (80, frames), here about 50 frames.")
    assert reasons[-1].startswith("with its mel frames is not beside it")


def test_losses_have_the_names_that_are_weighed(prepared):
    vocoder = build(prepared.recipe.model)
    batch = {name: torch.as_tensor(array) for name, array in prepared.batches(0).items()}
    assert vocoder.stage_starts() == (0, 2)
    assert [player for player, _ in vocoder.turns(1)] == ["vocoder"]
    assert [player for player, _ in vocoder.turns(2)] == ["critics", "vocoder"]
    for step in (0, 2):
        losses = {}
        given = dict(batch)
        for _, turn in vocoder.turns(step):
            losses |= turn(given)
        assert losses.keys() == vocoder.loss_weights(step).keys()
        assert all(bool(loss.isfinite()) for loss in losses.values())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"labels": ("a",)}, "A vocoder has no labels"),
        ({"sample_rate": 22_050}, "mel frames of speech need 16000 Hz or more, and a multiple of 500"),
        ({"steps_per_frame": 5}, "steps_per_frame is 5; it must divide the 384 samples of a frame"),
        ({"look_ahead": 0}, "look_ahead"),
    ],
)
def test_impossible_vocoders_are_refused(settings, words):
    with pytest.raises(BadSetting, match=words):
        VocoderConfig(**settings)


def test_a_vocoder_is_measured_by_what_it_has():
    base = tiny_recipe()
    training = replace(base.training, metric="valid/bits")
    with pytest.raises(BadSetting, match="a vocoder is measured by valid/mel, valid/pitch"):
        replace(base, training=training)
