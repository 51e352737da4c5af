"""The family denoiser: bands, features, losses, mixtures, calls, and the runtime against the module."""

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from tiny_families import bidirectional_denoiser, kept, recordings, tiny_recipe, tiny_run, trained

from wavewright.base.errors import BadAudio, BadFolder, BadModel, BadSetting
from wavewright.base.files import sha256_of
from wavewright.contracts.enhancement import EnhancementSettings
from wavewright.data import mixing
from wavewright.dsp import stream
from wavewright.families import loading
from wavewright.families.denoiser import DENOISER
from wavewright.families.denoiser.config import BLOCK_FRAMES, LOOKAHEAD_FRAMES, SIZES, DenoiserConfig
from wavewright.families.denoiser.modules import N_FEATURES, Denoiser, DenoiserFrames
from wavewright.families.denoiser.recipe import DELAY_SECONDS, delayed, prepare
from wavewright.families.denoiser.runtime import mean_mask
from wavewright.families.denoiser.training import (
    CONSISTENT_WEIGHTS,
    MAX_SI_SDR_DB,
    at_level,
    compressed_distances,
    denoiser_losses,
    si_sdr_db,
)
from wavewright.models.folder import ModelFolder, write_card
from wavewright.training import run
from wavewright.training.parameters import Call, TrainParameters
from wavewright.training.provenance import Provenance
from wavewright.training.train import train

pytestmark = pytest.mark.uses("denoiser")

STRIDED = DenoiserConfig(shape="strided", channels=8, conv_channels=6, conv_blocks=1, n_blocks=2, n_heads=2)
FULL_BAND = DenoiserConfig(sample_rate=48_000, hop_length=768)


def prepared(*settings):
    return prepare(tiny_recipe("denoiser", *settings), recordings().entries)


class TestConfig:
    @pytest.mark.parametrize("config", [*SIZES.values(), FULL_BAND])
    def test_bands_cover_every_bin_once(self, config):
        assert config.band_edges[-1] == config.n_lower_bins
        upper = [config.n_lower_bins + edge for edge in config.upper_edges[1:]]
        edges = (*config.band_edges, *upper)
        assert edges[0] == 0
        assert edges[-1] == config.n_bins
        assert all(start < end for start, end in itertools.pairwise(edges))

    @pytest.mark.parametrize("edges", [FULL_BAND.band_edges, FULL_BAND.upper_edges])
    def test_bands_widen_with_frequency(self, edges):
        assert (np.diff(np.diff(edges)[:-1]) >= 0).all()

    def test_bands_below_8_khz_are_those_of_16_khz(self):
        assert FULL_BAND.band_edges == DenoiserConfig().band_edges
        assert FULL_BAND.n_lower_bins * FULL_BAND.hz_per_bin == pytest.approx(8_000, abs=FULL_BAND.hz_per_bin)

    @pytest.mark.parametrize("rate", [16_000, 22_050])
    def test_lower_rates_have_no_upper_bands(self, rate):
        config = DenoiserConfig(sample_rate=rate)
        assert not config.upper_edges
        assert config.band_edges[-1] == config.n_bins

    @pytest.mark.parametrize("arguments", [{"hop_length": 33}, {"hop_length": 1_024}, {"labels": ("a",)}])
    def test_refuses(self, arguments):
        with pytest.raises(BadSetting):
            DenoiserConfig(**arguments)


class TestModule:
    def test_analysis_and_synthesis_give_the_wave_back(self):
        denoiser = Denoiser(SIZES["tiny"])
        wave = torch.randn(2, 5_001)
        torch.testing.assert_close(denoiser.synthesise(denoiser.analyse(wave), 5_001), wave, atol=1e-5, rtol=1e-4)

    def test_a_new_network_changes_little(self):
        torch.manual_seed(0)
        denoiser = Denoiser(DenoiserConfig(channels=8, n_blocks=1)).eval()
        wave = 0.1 * torch.randn(1, 1, 8_192)
        with torch.no_grad():
            enhanced = denoiser.synthesise(denoiser(wave, torch.zeros(1, 1)), 8_192)
        assert float((enhanced - wave[:, 0]).square().mean() / wave.square().mean()) < 0.05

    def test_features_do_not_change_with_the_level(self):
        denoiser = Denoiser(SIZES["tiny"])
        spectra = denoiser.analyse(torch.randn(1, 4_096))[None]
        torch.testing.assert_close(denoiser.features(0.01 * spectra), denoiser.features(spectra), rtol=1e-3, atol=1e-4)

    def test_features_depend_on_the_past_alone(self):
        denoiser = Denoiser(SIZES["tiny"])
        spectra = denoiser.analyse(torch.randn(1, 4_096))[None]
        changed = spectra.clone()
        changed[:, :, 9:] *= 5
        torch.testing.assert_close(denoiser.features(changed)[:, :9], denoiser.features(spectra)[:, :9])

    def test_the_switch_changes_the_mask_only_through_its_vector(self):
        torch.manual_seed(1)
        denoiser = Denoiser(DenoiserConfig(channels=8, n_blocks=1)).eval()
        wave, off, on = torch.randn(1, 1, 4_096), torch.zeros(1, 1), torch.ones(1, 1)
        with torch.no_grad():
            torch.testing.assert_close(denoiser(wave, off), denoiser(wave, on))
            denoiser.estimator.dereverb_bias.normal_()
            assert not torch.allclose(denoiser(wave, off), denoiser(wave, on))

    @pytest.mark.parametrize("n_channels", [1, 2])
    def test_the_runtime_computes_what_the_module_computes(self, n_channels):
        folder = trained("denoiser").out
        model = loading.load_enhancer(folder)
        module = Denoiser(model.config).eval()
        weights = {name.removeprefix("frame."): array for name, array in model.folder.weights().items()}
        module.load_state_dict({name: torch.from_numpy(weights[name]) for name in module.state_dict()})
        wave = np.random.default_rng(0).normal(0, 0.1, (n_channels, 3_333)).astype(np.float32)
        with torch.no_grad():
            spectra = module(torch.from_numpy(wave)[:, None], torch.ones(n_channels, 1))
            expected = module.synthesise(spectra, 3_333).numpy()
        settings = EnhancementSettings(dereverb=True, max_attenuation_db=120.0, is_linked=False)
        np.testing.assert_allclose(model.enhance(wave, settings), expected, atol=1e-4)

    def test_how_many_frames_come_at_once_changes_no_sample(self, monkeypatch):
        wave = np.random.default_rng(1).normal(0, 0.1, (2, 9_999)).astype(np.float32)
        model = loading.load_enhancer(trained("denoiser").out)
        whole = model.enhance(wave)
        for n_hops in (1, 2, 5, 13):
            monkeypatch.setattr(stream, "MAX_HOPS", n_hops)
            assert np.array_equal(model.enhance(wave), whole)

    def test_a_graph_of_a_single_frame_is_refused(self, tmp_path):
        folder = Path(shutil.copytree(trained("denoiser").out, tmp_path / "former"))
        graph = onnx.load(folder / "frame.onnx", load_external_data=False)
        graph.graph.input[0].name = "spectra"
        onnx.save_model(graph, folder / "frame.onnx")
        card = ModelFolder(folder).card
        files = {**card.files, "frame.onnx": sha256_of(folder / "frame.onnx")}
        write_card(folder, card.model_copy(update={"files": files}))
        with pytest.raises(BadModel, match=r"one frame at a time; continue its training with --resume"):
            loading.load_enhancer(folder)


class TestLosses:
    def test_si_sdr_is_that_of_the_formula(self):
        target = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
        noise = torch.tensor([[0.0, 0.1, 0.0, 0.1]])  # orthogonal, 20 dB below
        torch.testing.assert_close(si_sdr_db(3 * (target + noise), target), torch.tensor([20.0]), atol=1e-3, rtol=1e-4)

    def test_equal_spectra_have_no_distance(self):
        spectra = torch.randn(1, 3, 5, dtype=torch.complex64)
        assert all(float(value) == 0 for value in compressed_distances(spectra, spectra, 0.3).values())

    def test_distances_are_those_of_compressed_magnitudes(self):
        loud, quiet = torch.full((1, 1, 1), 16 + 0j), torch.full((1, 1, 1), 1 + 0j)
        distances = compressed_distances(loud, quiet, 0.5)
        for name in ("stft/complex", "stft/magnitude"):
            torch.testing.assert_close(distances[name], torch.tensor(9.0), atol=1e-4, rtol=1e-4)
        assert float(distances["stft/missing"]) == 0

    def test_what_is_missing_costs_more_than_what_is_left_over(self):
        loud, quiet = torch.full((1, 1, 1), 16 + 0j), torch.full((1, 1, 1), 1 + 0j)
        distances = compressed_distances(quiet, loud, 0.5)
        torch.testing.assert_close(distances["stft/missing"], torch.tensor(9.0), atol=1e-4, rtol=1e-4)

    @torch.no_grad()
    def test_a_perfect_estimate_has_the_least_loss_and_silence_is_finite(self):
        torch.manual_seed(0)
        denoiser = Denoiser(DenoiserConfig(channels=4, n_blocks=1))
        denoiser.estimator.merge.weight.zero_()  # the mask is 1
        wave = 0.1 * torch.randn(2, 4_096)
        batch = {"inputs": wave[:, None], "dereverb": torch.zeros(2, 1), "target": wave}
        losses = denoiser_losses(denoiser, batch)
        assert float(losses["stft/complex"]) < 1e-6
        assert float(losses["wave/si_sdr"]) == -MAX_SI_SDR_DB
        silent = denoiser_losses(denoiser, batch | {"target": torch.zeros_like(wave)})
        assert all(torch.isfinite(value) for value in silent.values())
        assert float(silent["wave/si_sdr"]) == 0

    @torch.no_grad()
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"shape": "strided", "n_heads": 2},
            {"sample_rate": 48_000, "hop_length": 768, "upper_channels": 4},
            {"bidirectional": True},
        ],
    )
    def test_clean_speech_keeps_its_level(self, settings):
        torch.manual_seed(0)
        denoiser = Denoiser(DenoiserConfig(channels=4, n_blocks=1, **settings)).eval()
        denoiser.estimator.scale_mask(0.7)
        if denoiser.upper_estimator is not None:
            denoiser.upper_estimator.scale_mask(1.3)
        waves = 0.1 * torch.randn(3, 16_384)
        levelled = at_level(denoiser, [*waves.numpy(), np.zeros(16_384, np.float32)])
        clean, enhanced = levelled.analyse(waves), levelled(waves[:, None], torch.zeros(3, 1))
        products = (enhanced * clean.conj()).real / clean.abs().square().mean()
        for bins in (slice(denoiser.config.n_lower_bins), slice(denoiser.config.n_lower_bins, None)):
            if products[..., bins].numel():
                ratio = (
                    products[..., bins].sum() / (clean[..., bins].abs().square() / clean.abs().square().mean()).sum()
                )
                assert float(ratio) == pytest.approx(1, abs=1e-4)
        assert not torch.equal(levelled(waves[:, None], torch.zeros(3, 1)), denoiser(waves[:, None], torch.zeros(3, 1)))

    def test_a_band_without_speech_is_not_corrected(self):
        torch.manual_seed(0)
        config = DenoiserConfig(sample_rate=48_000, hop_length=768, channels=4, upper_channels=4, n_blocks=1)
        denoiser = Denoiser(config).eval()
        denoiser.estimator.scale_mask(0.7)
        tone = 0.1 * np.sin(2 * np.pi * 500 * np.arange(2 * 48_000) / 48_000) * np.hanning(2 * 48_000)
        levelled = at_level(denoiser, [tone.astype(np.float32)])
        assert torch.equal(levelled.upper_estimator.merge.weight, denoiser.upper_estimator.merge.weight)
        assert not torch.equal(levelled.estimator.merge.weight, denoiser.estimator.merge.weight)

    def test_a_post_filter_and_a_network_without_speech_stay_as_they_are(self):
        echo = Denoiser(DenoiserConfig(removes="echo", channels=4, n_blocks=1))
        assert at_level(echo, [np.ones(4_096, np.float32)]) is echo
        denoiser = Denoiser(DenoiserConfig(channels=4, n_blocks=1))
        assert at_level(denoiser, [np.zeros(4_096, np.float32)]) is denoiser


class TestMixtures:
    @pytest.mark.parametrize("snr_db", [-5.0, 10.0])
    def test_the_ratio_is_the_one_that_is_asked_for(self, snr_db):
        settings = (f"snr_db={snr_db},{snr_db}", "clean_probability=0", "silent_probability=0", "room_probability=0")
        rest = ("band_limit_probability=0", "roll_off_probability=0", "clip_probability=0", "codec_probability=0")
        batches = prepared(*settings, *rest).batches
        batches._snr_db = lambda rng: snr_db
        for index in range(12):
            inputs, dereverb, target = batches.mixture(np.random.default_rng(index))
            assert dereverb in (0.0, 1.0)
            if not target.any():  # a pause
                continue
            noise = inputs[0] - target
            ratio = 20 * np.log10(mixing.active_rms(target) / mixing.rms(noise))
            assert abs(ratio - snr_db) < 0.5

    def test_noise_without_speech_has_a_silent_target(self):
        batches = prepared("silent_probability=1", "target_music_probability=0").batches
        inputs, _, target = batches.mixture(np.random.default_rng(0))
        assert not target.any()
        assert inputs.any()

    def test_speech_without_noise_is_its_own_target(self):
        settings = ("clean_probability=1", "silent_probability=0", "dereverb_probability=0", "clip_probability=0")
        batches = prepared(*settings, "codec_probability=0", "room_probability=1").batches
        for index in range(6):
            inputs, _, target = batches.mixture(np.random.default_rng(index))
            if target.any():  # no pause
                np.testing.assert_allclose(inputs[0], target, atol=1e-6)

    @pytest.mark.parametrize("sample_rate", [16_000, 22_050, 48_000])
    def test_codecs_keep_the_sound_its_length_and_time(self, sample_rate):
        wave = 0.3 * np.sin(2 * np.pi * 400 * np.arange(sample_rate + 7) / sample_rate).astype(np.float32)
        results = [mixing.coded(wave, sample_rate, np.random.default_rng(seed)) for seed in range(12)]
        for result in results:
            assert result.shape == wave.shape
            assert result.dtype == np.float32
            assert 1e-6 < mixing.rms(result - wave) < 0.2 * mixing.rms(wave)

    def test_a_target_without_reverberation_has_the_early_reflections_only(self):
        settings = ("clean_probability=1", "silent_probability=0", "dereverb_probability=1", "room_probability=1")
        rest = ("clip_probability=0", "codec_probability=0", "band_limit_probability=0")
        batches = prepared(*settings, *rest).batches
        late = []
        for index in range(8):
            inputs, dereverb, target = batches.mixture(np.random.default_rng(index))
            assert dereverb == 1.0
            late.append(mixing.rms(inputs[0] - target) / mixing.rms(target))
        assert max(late) > 0.05

    def test_samples_are_finite_and_within_full_scale(self):
        batches = prepared().batches
        for step in range(3):
            for array in batches(step).values():
                assert np.isfinite(array).all()
                assert np.abs(array).max() <= 1

    def test_a_folder_without_speech_is_refused(self):
        recipe = tiny_recipe("denoiser")
        with pytest.raises(BadFolder, match=r"no recordings of speech.*--speech"):
            prepare(replace(recipe, data=replace(recipe.data, speech="")), recordings().entries)

    def test_machine_noise_has_harmonics(self):
        spectrum = np.abs(np.fft.rfft(mixing.machine_noise(np.random.default_rng(2), 16_000, 16_000)))
        assert spectrum.max() > 20 * np.median(spectrum)

    @pytest.mark.parametrize("level", [1.0, 0.01])
    def test_active_rms_leaves_pauses_out(self, level):
        wave = np.concatenate([np.full(5_120, level), np.zeros(51_200)])
        assert abs(mixing.active_rms(wave) / level - 1) < 1e-6
        assert mixing.active_rms(np.zeros(5_000)) == 0


class TestCalls:
    def test_inputs_belong_together(self):
        batches = prepared("removes=echo", "crop_seconds=1").batches
        for index in range(6):
            inputs, _, target = batches.mixture(np.random.default_rng(index))
            error, echo, microphone, _ = inputs
            np.testing.assert_allclose(error + echo, microphone, atol=1e-5)
            assert inputs.shape == (4, len(target))
            assert np.isfinite(inputs).all()

    def test_a_post_filter_is_an_echo_canceller(self):
        folder = kept("echo", lambda out: tiny_run("denoiser", out, "removes=echo").train(Call(quiet=True)), __file__)
        model = loading.load_echo_canceller(folder)
        rng = np.random.default_rng(0)
        microphone, far = rng.normal(0, 0.05, (2, 4_000)).astype(np.float32)
        whole = model.cancel(microphone, far)
        assert whole.shape == microphone.shape
        stream, other = model.stream(), model.stream()
        first, second = np.split(np.stack([microphone, far]), [1_234], axis=1)
        parts = [stream.push(first)]
        other.restore(stream.state())
        parts += [other.push(second), other.finish()]
        assert np.array_equal(np.concatenate(parts, axis=1)[0, other.latency_samples :], whole)
        with pytest.raises(BadAudio, match="give waves of the same length"):
            model.cancel(microphone, far[1:])
        with pytest.raises(BadModel, match=r"cancel-echo|enhances no recordings"):
            loading.load_enhancer(folder)


STRIDED_SETTINGS = ("model.shape=strided", "model.channels=8", "model.conv_channels=6", "model.n_heads=2")


class TestStrided:
    """The shape with convolutions over frequency."""

    @staticmethod
    def denoiser(config=STRIDED):
        """Return a network whose normalisation has seen sounds."""
        torch.manual_seed(0)
        denoiser = Denoiser(config).train()
        for _ in range(3):
            denoiser(0.1 * torch.randn(2, config.n_inputs, 8_192).cumsum(2).diff(dim=2), torch.zeros(2, 1))
        return denoiser.eval()

    @pytest.mark.parametrize("config", [STRIDED, replace(STRIDED, sample_rate=48_000, hop_length=768)])
    def test_folded_blocks_are_those_of_the_whole_wave(self, config):
        denoiser, wave = self.denoiser(config), 0.1 * torch.randn(1, 1, 20 * config.hop_length)
        dereverb = torch.ones(1, 1)
        with torch.no_grad():
            whole = denoiser(wave, dereverb)[0]
            spectra = denoiser.analyse(wave[:, 0])
            features = denoiser.features(spectra[:, None])[0]
            graph = DenoiserFrames(denoiser).eval()
            states = [torch.zeros(shape) for shape in config.state_shapes.values()]
            first = 0
            for block in torch.split(features, [1, 7, 1, len(features) - 9]):
                mask, *states = graph(block, dereverb, *states)
                frames = slice(first, first + len(block))
                enhanced = spectra[0, frames] * torch.complex(mask[:, 0], mask[:, 1])
                torch.testing.assert_close(enhanced, whole[frames], atol=2e-4, rtol=1e-3)
                first += len(block)

    def test_no_batch_norm_is_left_in_the_graph(self):
        modules = DenoiserFrames(self.denoiser()).modules()
        assert not [module for module in modules if isinstance(module, torch.nn.BatchNorm1d)]

    def test_a_new_network_changes_little(self):
        torch.manual_seed(0)
        denoiser, wave = Denoiser(STRIDED).eval(), 0.1 * torch.randn(1, 1, 8_192)
        with torch.no_grad():
            enhanced = denoiser.synthesise(denoiser(wave, torch.zeros(1, 1)), 8_192)
        assert float((enhanced - wave[:, 0]).square().mean() / wave.square().mean()) < 0.1

    def test_the_past_alone_is_known(self):
        denoiser, wave = self.denoiser(), 0.1 * torch.randn(1, 1, 8_192)
        changed = wave.clone()
        changed[..., 5_120:] = 0.0
        with torch.no_grad():
            before, after = (denoiser(each, torch.zeros(1, 1)) for each in (wave, changed))
        torch.testing.assert_close(before[:, :19], after[:, :19], atol=1e-5, rtol=1e-4)

    def test_a_training_starts_from_what_was_folded(self, tmp_path):
        settings = (*STRIDED_SETTINGS, "training.steps=3")
        recipe = tiny_recipe("denoiser", *settings)
        provenance = Provenance("tiny", licence="CC0-1.0")
        first = run.Run(tmp_path / "first", "denoiser", recipe, recordings(), provenance)
        first.train(Call(quiet=True))
        folder = ModelFolder(tmp_path / "first")
        second = run.Run(tmp_path / "second", "denoiser", recipe, recordings(), provenance, base=folder)
        denoiser = second.network.inference_module().eval()
        wave = np.random.default_rng(0).normal(0, 0.1, (1, 5_000)).astype(np.float32)
        with torch.no_grad():
            spectra = denoiser(torch.from_numpy(wave)[:, None], torch.zeros(1, 1))
            expected = denoiser.synthesise(spectra, 5_000).numpy()
        settings = EnhancementSettings(max_attenuation_db=120.0)
        np.testing.assert_allclose(loading.load_enhancer(folder.path).enhance(wave, settings), expected, atol=2e-3)

    @pytest.mark.parametrize("arguments", [{"channels": 9}, {"mask": "gain"}, {"bidirectional": True}])
    def test_refuses(self, arguments):
        with pytest.raises(BadSetting):
            replace(STRIDED, **arguments)

    def test_consistent_losses_of_a_perfect_estimate_are_least(self):
        torch.manual_seed(0)
        denoiser = Denoiser(replace(STRIDED, loss="consistent")).eval()
        wave = 0.1 * torch.randn(2, 4_096)
        batch = {"inputs": wave[:, None], "dereverb": torch.zeros(2, 1)}
        with torch.no_grad():
            enhanced = denoiser.synthesise(denoiser(wave[:, None], torch.zeros(2, 1)), 4_096)
            perfect = denoiser_losses(denoiser, batch | {"target": enhanced})
            other = denoiser_losses(denoiser, batch | {"target": torch.randn(2, 4_096)})
        assert float(perfect["wave/l1"]) == pytest.approx(0, abs=1e-6)
        assert perfect.keys() == other.keys() == CONSISTENT_WEIGHTS.keys()
        assert all(float(perfect[name]) < float(other[name]) for name in ("stft/complex", "stft/magnitude"))


def test_the_mean_mask_minimises_the_error_of_all_channels():
    rng = np.random.default_rng(0)
    spectra = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    masks = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    mask = mean_mask(spectra, masks * spectra)
    error = np.square(np.abs(spectra * mask - masks * spectra)).sum(0)
    for change in (0.01, -0.01, 0.01j, -0.01j):
        assert (np.square(np.abs(spectra * (mask + change) - masks * spectra)).sum(0) > error).all()


def test_the_slope_of_a_converter_spares_what_is_below_it_and_removes_what_is_above():
    cycles = np.array([[700], [880], [960]])  # of 2,000 samples: 0.7, 0.88 and 0.96 of half the sample rate
    waves = np.sin(2 * np.pi * cycles * np.arange(2_000) / 2_000).astype(np.float32)
    below, between, above = (mixing.rolled_off(wave, 0.85, 0.95) for wave in waves)
    np.testing.assert_allclose(below, waves[0], atol=1e-5)
    np.testing.assert_allclose(between, np.cos(0.5 * np.pi * 0.3) ** 2 * waves[1], atol=1e-5)
    np.testing.assert_allclose(above, 0, atol=1e-5)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n_samples", [1_600, 24_000])
@pytest.mark.parametrize(
    "noise", [mixing.hum, mixing.machine_noise, mixing.pulsed_noise, mixing.random_notes, mixing.procedural_sound]
)
def test_noise_without_recordings_is_sound_and_follows_from_the_seed(noise, n_samples, seed):
    wave, again = (noise(np.random.default_rng(seed), n_samples, 16_000) for _ in range(2))
    assert (wave.shape, wave.dtype) == ((n_samples,), np.float32)
    assert np.isfinite(wave).all()
    np.testing.assert_array_equal(wave, again)


def test_hum_lies_at_the_harmonics_of_mains():
    spectrum = np.abs(np.fft.rfft(mixing.hum(np.random.default_rng(5), 32_000, 16_000) * np.hanning(32_000)))
    peaks_hz = np.argsort(spectrum)[-3:] / 2
    distances = [np.abs(peaks_hz / mains - np.round(peaks_hz / mains)).max() for mains in mixing.MAINS_HZ]
    assert min(distances) < 0.05


def test_pulses_are_louder_than_what_is_between_them():
    waves = [mixing.pulsed_noise(np.random.default_rng(seed), 48_000, 16_000) for seed in range(16)]
    levels = [np.sqrt(np.square(wave).reshape(-1, 160).mean(1)) for wave in waves]
    assert sum(level.max() > 4 * np.median(level) for level in levels) > 4


@pytest.mark.parametrize("seed", range(4))
def test_a_texture_has_the_spectrum_of_the_wave_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * 1_000 / 16_000 * np.arange(40_003)).astype(np.float32)
    wave[20_000:] = 0
    texture = mixing.texture(wave, rng)
    assert texture.shape == wave.shape
    assert abs(mixing.rms(texture) / mixing.rms(wave) - 1) < 0.25
    spectrum = np.abs(np.fft.rfft(texture))
    assert abs(np.argmax(spectrum) / len(texture) * 16_000 - 1_000) < 20
    assert mixing.rms(texture[20_000:]) > 0.2 * mixing.rms(texture)  # the order of the frames is another


def test_a_repeated_piece_has_a_rhythm():
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    for seed in range(20):
        rhythm = mixing.repeated(noise, np.random.default_rng(seed), 16_000)
        assert rhythm.shape == noise.shape
        assert np.isfinite(rhythm).all()
        assert rhythm.any()


@pytest.mark.parametrize("factor", [0.87, 1.0, 1.15])
def test_formants_move_and_harmonics_stay(factor):
    from scipy.signal import lfilter

    pulses = np.zeros(16_000, np.float32)
    pulses[::100] = 1.0  # 160 Hz
    pole = 0.97 * np.exp(2j * np.pi * 1_600 / 16_000)
    voice = lfilter([0.05], np.poly([pole, pole.conj()]).real, pulses).astype(np.float32)
    moved = mixing.with_formants(voice, factor, 16_000)
    if factor == 1:
        np.testing.assert_allclose(moved, voice, atol=1e-5)
    spectrum = np.abs(np.fft.rfft(moved))
    assert abs(np.argmax(spectrum) - 1_600 * factor) <= 160  # the nearest harmonic
    between = spectrum[80:8_000:160].max()
    assert between < 0.05 * spectrum.max()


@pytest.mark.parametrize("speed", [0.78, 0.931, 1.0, 1.217, 1.6])
@pytest.mark.parametrize("n_samples", [4_001, 48_000])
def test_another_speed_is_another_length_and_pitch_without_aliases(speed, n_samples):
    fade = np.hanning(n_samples)
    for cycles in (0.1, 0.55, 0.9):  # over those of the Nyquist frequency
        wave = fade * np.sin(np.pi * cycles * np.arange(n_samples))
        faster = mixing.at_speed(wave.astype(np.float32), speed)
        assert len(faster) == int(n_samples / speed)
        if cycles * speed > 1:
            assert mixing.rms(faster) < 1e-4
        else:
            peak = np.argmax(np.abs(np.fft.rfft(faster))) / (len(faster) / 2)
            assert abs(peak - cycles * speed) < 3 / len(faster)
            assert abs(mixing.rms(faster) / mixing.rms(wave) - 1) < 1e-3


def test_a_sample_has_a_speed_too():
    assert mixing.at_speed(np.ones(1, np.float32), 1.3).shape == (0,)
    assert mixing.at_speed(np.ones(1, np.float32), 0.5).shape == (2,)


def full_band_config(known):
    return replace(known, sample_rate=3 * known.sample_rate, hop_length=3 * known.hop_length, upper_channels=6)


def test_a_model_at_a_higher_rate_starts_with_the_weights_below_8_khz():
    base = ModelFolder(trained("denoiser").out)
    known = base.config(DenoiserConfig)
    config = full_band_config(known)
    narrow, wide = Denoiser(known), Denoiser(config)
    weights = {name: torch.from_numpy(array) for name, array in DENOISER.initial_weights(base, config).items()}
    narrow.load_state_dict(weights)
    missing, unexpected = wide.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(name.startswith(DENOISER.fresh_weights(base, config)) for name in missing)
    assert not DENOISER.fresh_weights(base, known)
    features, switch = torch.randn(7, known.n_bins, N_FEATURES), torch.ones(1, 1)
    with torch.no_grad():
        torch.testing.assert_close(wide.estimator(features, switch), narrow.estimator(features, switch))


@pytest.fixture(scope="module")
def bidirectional():
    return loading.load_enhancer(bidirectional_denoiser())


class TestBidirectional:
    def test_it_begins_as_the_model_that_knows_the_past_alone(self):
        base = ModelFolder(trained("denoiser").out)
        known = base.config(DenoiserConfig)
        config = replace(known, bidirectional=True)
        causal, both = Denoiser(known).eval(), Denoiser(config).eval()
        weights = {name: torch.from_numpy(array) for name, array in DENOISER.initial_weights(base, config).items()}
        causal.load_state_dict(weights)
        missing, unexpected = both.load_state_dict(weights, strict=False)
        assert not unexpected
        assert all(name.startswith(DENOISER.fresh_weights(base, config)) for name in missing)
        wave = 0.1 * torch.randn(2, 1, 5_000)
        with torch.no_grad():
            torch.testing.assert_close(both(wave, torch.ones(2, 1)), causal(wave, torch.ones(2, 1)))

    def test_a_block_is_computed_as_by_the_module(self, bidirectional):
        config = bidirectional.config
        module = Denoiser(config).eval()
        weights = {name.removeprefix("frame."): array for name, array in bidirectional.folder.weights().items()}
        module.load_state_dict({name: torch.from_numpy(weights[name]) for name in module.state_dict()})
        assert any(module.estimator.time_layers[0].backward_proj.weight.flatten().tolist())
        n_samples = (BLOCK_FRAMES + LOOKAHEAD_FRAMES - 1) * config.hop_length  # the frames that the first block knows
        wave = np.random.default_rng(0).normal(0, 0.1, (2, n_samples)).astype(np.float32)
        with torch.no_grad():
            spectra = module(torch.from_numpy(wave)[:, None], torch.zeros(2, 1))
            expected = module.synthesise(spectra, n_samples).numpy()
        settings = EnhancementSettings(max_attenuation_db=120.0, is_linked=False)
        n_equal = (BLOCK_FRAMES - 1) * config.hop_length
        np.testing.assert_allclose(bidirectional.enhance(wave, settings)[:, :n_equal], expected[:, :n_equal], atol=1e-4)

    def test_chunks_and_restored_states_give_the_same_samples(self, bidirectional):
        n_samples = 2 * BLOCK_FRAMES * bidirectional.config.hop_length + 777
        wave = np.random.default_rng(1).normal(0, 0.1, (2, n_samples)).astype(np.float32)
        stream, other = bidirectional.stream(2), bidirectional.stream(2)
        cuts = np.sort(np.random.default_rng(2).integers(0, n_samples, 7))
        parts = [stream.push(part) for part in np.split(wave, cuts, axis=1)[:5]]
        other.restore(stream.state())
        parts += [other.push(part) for part in np.split(wave, cuts, axis=1)[5:]]
        joined = np.concatenate([*parts, other.finish()], axis=1)[:, other.latency_samples :]
        assert np.array_equal(joined, bidirectional.enhance(wave))

    def test_the_past_is_known_beyond_the_block_and_the_future_up_to_its_end(self, bidirectional):
        hop_length = bidirectional.config.hop_length
        wave = np.random.default_rng(3).normal(0, 0.1, 3 * BLOCK_FRAMES * hop_length).astype(np.float32)
        late, early = wave.copy(), wave.copy()
        late[(BLOCK_FRAMES + LOOKAHEAD_FRAMES) * hop_length :] *= 2
        early[: BLOCK_FRAMES * hop_length // 2] *= 2
        first, second = slice(0, (BLOCK_FRAMES - 1) * hop_length), slice(2 * BLOCK_FRAMES * hop_length, None)
        whole = bidirectional.enhance(wave)
        np.testing.assert_array_equal(bidirectional.enhance(late)[first], whole[first])
        assert np.abs(bidirectional.enhance(early)[second] - whole[second]).max() > 1e-6

    def test_a_call_cannot_wait(self):
        with pytest.raises(
            BadSetting, match="removes=echo and bidirectional exclude each other; leave one of them out"
        ):
            DenoiserConfig(removes="echo", bidirectional=True)
        assert DenoiserConfig(removes="background", bidirectional=True).bidirectional

    @pytest.mark.parametrize("setting", [{"bidirectional": True}, {"mask": "gain"}])
    def test_the_strided_shape_has_no_such_network(self, setting):
        with pytest.raises(BadSetting, match=f"{next(iter(setting))} belongs to shape=bands; give both"):
            DenoiserConfig(shape="strided", **setting)


def test_what_is_above_8_khz_does_not_change_what_is_below():
    torch.manual_seed(0)
    denoiser = Denoiser(full_band_config(DenoiserConfig(channels=8, n_blocks=1))).eval()
    torch.nn.init.normal_(denoiser.estimator.merge.weight)
    spectra = torch.randn(1, 1, 9, denoiser.config.n_bins, dtype=torch.complex64)
    other = spectra.clone()
    n_lower = denoiser.config.n_lower_bins
    other[..., n_lower:] *= 3
    with torch.no_grad():
        lower, other_lower = (denoiser.features(each)[:, :, :n_lower] for each in (spectra, other))
    torch.testing.assert_close(lower, other_lower)


def test_frozen_weights_stay_and_the_others_learn(tmp_path):
    base = trained("denoiser")
    folder = recordings().entries[0].path.parents[1]
    known = ModelFolder(base.out).config(DenoiserConfig)
    settings = (
        f"data.speech={base.recipe.data.speech}",
        f"model.sample_rate={3 * known.sample_rate}",
        f"model.hop_length={3 * known.hop_length}",
        "model.upper_channels=6",
        "training.frozen=estimator.",
        "training.batch_size=2",
        "training.steps=2",
    )
    train(TrainParameters(folder, from_=str(base.out), out=tmp_path / "run", set=settings))
    before, after = (DENOISER.initial_weights(ModelFolder(path), known) for path in (base.out, tmp_path / "run"))
    for name, weight in before.items():
        np.testing.assert_array_equal(after[name], weight)
    assert any(np.abs(weight).max() > 0 for name, weight in after.items() if name.startswith("upper_estimator."))
    wave = np.random.default_rng(0).normal(0, 0.1, (1, 9_000)).astype(np.float32)
    enhancer = loading.load_enhancer(tmp_path / "run")
    denoised = enhancer.enhance(wave)
    assert denoised.shape == wave.shape
    assert np.isfinite(denoised).all()
    for name, sentence in (
        ("nothing.", "No weights begin with 'nothing.'"),
        ("estimator", "leaves no weight to train"),
    ):
        with pytest.raises(BadSetting, match=sentence):
            train(
                TrainParameters(
                    folder, from_=str(base.out), out=tmp_path / "other", set=(*settings[:1], f"training.frozen={name}")
                )
            )


def test_the_family_is_that_of_the_model_that_training_starts_from(tmp_path):
    folder = recordings().entries[0].path.parents[1]
    speech = f"data.speech={trained('denoiser').recipe.data.speech}"
    settings = (speech, "training.batch_size=2", "training.steps=1")
    train(TrainParameters(folder, from_=str(trained("denoiser").out), out=tmp_path / "run", set=settings))
    assert json.loads((tmp_path / "run/run.json").read_text())["family"] == "denoiser"
    with pytest.raises(BadSetting, match="is of the family denoiser"):
        train(TrainParameters(folder, "gan", from_=str(trained("denoiser").out), out=tmp_path / "other"))


class TestDelays:
    def test_a_constant_delay_shifts_the_wave(self):
        wave = np.random.default_rng(0).standard_normal(500).astype(np.float32)
        result = delayed(wave, np.full(500, 37.0))
        np.testing.assert_array_equal(result[37:], wave[:-37])
        assert not result[:37].any()

    def test_a_delay_that_jumps_skips_or_repeats(self):
        wave = np.random.default_rng(0).standard_normal(500).astype(np.float32)
        result = delayed(wave, np.where(np.arange(500) < 200, 30.0, 50.0))
        np.testing.assert_array_equal(result[30:200], wave[:170])
        np.testing.assert_array_equal(result[200:], wave[150:450])

    def test_a_drifting_delay_lowers_the_pitch(self):
        time = np.arange(16_000) / 16_000
        result = delayed(np.sin(2 * np.pi * 500 * time).astype(np.float32), 80 + 1e-3 * np.arange(16_000))
        expected = np.sin(2 * np.pi * 500 * ((1 - 1e-3) * time - 80 / 16_000))
        np.testing.assert_allclose(result[200:], expected[200:], atol=2e-3)

    def test_delays_of_calls_stay_in_their_range_and_some_move(self):
        batches = prepared("removes=echo", "crop_seconds=1").batches
        delays = [batches._delay(np.random.default_rng(seed), 48_000) / batches.sample_rate for seed in range(60)]
        low, high = DELAY_SECONDS
        assert all(low - 1e-4 <= delay.min() and delay.max() <= high + 1e-4 for delay in delays)
        jumps = [np.abs(np.diff(delay)).max() > 1e-3 for delay in delays]
        drifts = [np.ptp(delay) > 0 and not jump for delay, jump in zip(delays, jumps, strict=True)]
        assert 2 <= sum(jumps) <= 15
        assert 2 <= sum(drifts) <= 15
