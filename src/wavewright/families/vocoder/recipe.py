"""Recipes of vocoders: the settings of each size and of fine-tuning, and the preparation of recordings.

Mel frames in ``.npy`` files beside the recordings, such as those that an acoustic model predicts.
With the setting ``data.mel_files``, which is off by default, these are the network's input instead of the mel frames of
the recordings: a vocoder that is trained on ground-truth-aligned predictions learns to correct their errors. They are
degraded like the others, see :class:`.recipe.VocoderBatches`.

References
----------
J. Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...base.errors import BadSetting
from ...base.ranges import ranged
from ...base.result import Failed
from ...base.units import db_to_gain, seconds_to_samples
from ...contracts.recipe import Batch, PreparedOf, RecipeOf, split_rows
from ...contracts.settings import VOICE_SETTINGS
from ...data.crops import CropSettings, sampling_probabilities
from ...data.entry import Entry
from ...data.preparation import Preparation
from ...data.splits import assign_splits
from ...data.store import ClipStore
from ...dsp.mel import F_MAX_HZ, FRAMES_PER_SECOND, MEL_FLOOR, N_MELS, mel_spectrogram, power_scale, power_to_log
from ...dsp.pitch import track_pitch
from ...dsp.spectrum import Padding, spectrogram
from ...models.folder import ModelFolder
from .config import SIZES, VocoderConfig
from .synthesis import MAX_F0_HZ, MIN_F0_HZ, hz_to_bin, phase_to_pulses, track_phase

SUFFIX = ".npy"
MAX_LENGTH_DIFFERENCE = 2  # mel frames, between a file and its recording


def with_mel_files(entries: Sequence[Entry]) -> tuple[list[Entry], tuple[Failed, ...]]:
    """Return the entries with a valid mel file, and the others with the reason.

    A mel file has the name of the recording and the suffix ``.npy``, and holds ``(N_MELS, frames)``.
    """
    usable, failed = [], []
    for entry in entries:
        reason = _problem(entry)
        if reason:
            failed.append(Failed(entry.path, reason))
        else:
            usable.append(entry)
    return usable, tuple(failed)


def _problem(entry: Entry) -> str:
    """Return why the mel file of an entry cannot be used; empty if it can."""
    path = entry.path.with_suffix(SUFFIX)
    try:
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError, EOFError):
        return f"{path.name} with its mel frames is not beside it, or cannot be read; save them with numpy.save."
    n_frames = round(entry.n_frames / entry.sample_rate * FRAMES_PER_SECOND)
    is_valid = len(shape) == 2 and shape[0] == N_MELS and abs(shape[1] - n_frames) <= MAX_LENGTH_DIFFERENCE
    if entry.offset_seconds or not is_valid:
        return f"{path.name} has shape {shape}; whole recordings need ({N_MELS}, frames), here about {n_frames} frames."
    return ""


def read_mel(path: Path, start: int, n_frames: int, gain: float) -> np.ndarray:
    """Read log-mel frames ``(N_MELS, n_frames)`` of a recording whose wave is multiplied by ``gain``.

    Frames outside the file are silence.
    """
    frames = np.full((N_MELS, n_frames), np.log(MEL_FLOOR), np.float32)
    stored = np.load(path.with_suffix(SUFFIX), mmap_mode="r", allow_pickle=False)
    first = max(start, 0)
    last = min(start + n_frames, stored.shape[1])
    if last > first:
        power = np.maximum(np.exp(stored[:, first:last].astype(np.float32)) - MEL_FLOOR, 0.0)
        frames[:, first - start : last - start] = np.log(power * np.float32(gain**2) + MEL_FLOOR)
    return frames


UNVOICED_PITCH_WEIGHT = 0.1  # of the interpolated pitch of an unvoiced interval
DEFAULT_F0_HZ = 100.0  # of a crop without voiced intervals
BANDWIDTH_DB = -60.0  # power relative to the strongest frequency, below which a band holds nothing
BANDWIDTH_N_FFT = 2_048
HOPS_BEFORE = 3  # before a crop, that the window of its first mel frame reaches into


@dataclass(frozen=True)
class VocoderDataSettings(CropSettings):
    """Settings of the batches; raises BadSetting for a number out of its range. ``crop_frames`` counts intervals."""

    mel_noise: float = ranged(0.15, 0.0, 5.0)  # largest deviation of the noise added to the mel frames, in nats
    mel_files: bool = False  # take mel frames from the .npy file beside each recording
    mel_blur: float = ranged(0.5, 0.0, 1.0)  # largest weight of a mean over three frames and bands, 0 to 1


class VocoderBatches:
    """Batches of crops of recordings, a pure function of the step.

    A crop in a batch is attenuated by a random gain, and its mel frames, from recordings or from mel files, are blurred
    and noisy, as predicted ones are. The crops of validation are neither.

    A batch holds, for crops of ``n`` intervals:

    ``wave (batch, n * hop_length)``
        The recording.
    ``pulses (batch, subframe_length + n * hop_length)``
        A pulse train in phase with it, from one subframe before it.
    ``mel (batch, 1 + n + look_ahead, n_mels)``
        Log-mel frames: one before the crop, that at its start, and those that follow.
    ``f0_hz``, ``pitch_bin``, ``pitch_weight (batch, n)``
        Pitch at the end of each interval in hertz and as a bin, interpolated where unvoiced, and its weight in the
        loss. Only evaluations use ``f0_hz``.
    ``bandwidth (batch,)``
        Fraction of the Nyquist frequency that the recording contains, see :func:`measure_bandwidth`.
    """

    def __init__(
        self, store: ClipStore, rows: Sequence[int], recipe: RecipeOf[VocoderConfig, VocoderDataSettings]
    ) -> None:
        config, data = recipe.model, recipe.data
        self.store = store
        self.rows = np.array(rows)
        self.recipe = recipe
        self.n_intervals = np.array([-(-length // config.hop_length) for length in store.lengths])  # and mel frames
        self.offsets = np.concatenate([[0], np.cumsum(self.n_intervals)])  # of each clip in f0_hz
        name = f"vocoder-{config.hop_length}-{MIN_F0_HZ:g}-{MAX_F0_HZ:g}-{BANDWIDTH_N_FFT}{BANDWIDTH_DB:g}"
        measured = store.cached(name, self._measure)
        self.f0_hz = measured["f0_hz"]
        self.bandwidth = measured["bandwidth"]
        lengths = np.maximum(self.n_intervals[self.rows], data.crop_frames)
        self.probabilities = sampling_probabilities(
            [store.entries[row] for row in rows], lengths, data.speaker_exponent
        )

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step."""
        data = self.recipe.data
        rng = np.random.default_rng([self.recipe.training.seed, step])
        drawn = rng.choice(len(self.rows), self.recipe.training.batch_size, p=self.probabilities)
        crops = []
        for row in self.rows[drawn]:
            start = int(rng.integers(max(self.n_intervals[row] - data.crop_frames, 0) + 1))
            gain = db_to_gain(-rng.uniform(0, data.gain_range_db))
            crop = self.crop(int(row), start, data.crop_frames, gain)
            crops.append(crop | {"mel": self._degrade(crop["mel"], rng)})
        return stack_crops(crops)

    def crop(self, row: int, start: int, n_intervals: int, gain: float = 1.0) -> Batch:
        """Return one crop, multiplied by ``gain``, without a batch dimension; beyond the recording there is silence."""
        config, hop_length = self.recipe.model, self.recipe.model.hop_length
        n_hops = HOPS_BEFORE + n_intervals + config.look_ahead + 1  # to the end of the last mel frame's window
        samples = self._samples(row, (start - HOPS_BEFORE) * hop_length, n_hops * hop_length) * np.float32(gain)
        f0_hz = self._pitch(row, start - 1, n_intervals + 2)  # from one interval before the crop, for its first pulses
        end = (HOPS_BEFORE + n_intervals) * hop_length
        phase = track_phase(samples[hop_length : end + hop_length], f0_hz, config.sample_rate, hop_length)
        pulses = phase_to_pulses(phase[None])[hop_length - config.subframe_length : (n_intervals + 1) * hop_length]
        voiced = np.flatnonzero(f0_hz > 0)
        contour = np.full(len(f0_hz), DEFAULT_F0_HZ)
        if len(voiced):
            contour = np.interp(np.arange(len(f0_hz)), voiced, f0_hz[voiced])
        unvoiced_weight = UNVOICED_PITCH_WEIGHT if len(voiced) else 0.0
        # Entries 0 and 1 of f0_hz are at the ends of the interval before the crop, entry 2 at the end of its first one.
        return {
            "wave": samples[HOPS_BEFORE * hop_length : end],
            "pulses": pulses,
            "mel": self._mel(row, start - 1, 1 + n_intervals + config.look_ahead, samples, gain),
            "f0_hz": contour[2:].astype(np.float32),
            "pitch_bin": hz_to_bin(contour[2:]).astype(np.float32),
            "pitch_weight": np.where(f0_hz[2:] > 0, 1.0, unvoiced_weight).astype(np.float32),
            "bandwidth": self.bandwidth[row],
        }

    def _measure(self) -> dict[str, np.ndarray]:
        """Return ``f0_hz (mel frames,)`` of all clips, concatenated, 0 where unvoiced, and ``bandwidth (clips,)``."""
        config = self.recipe.model
        f0_hz, bandwidth = [], []
        for row, n_frames in enumerate(self.n_intervals):
            wave = self.store[row][0]
            track = track_pitch(wave, config.sample_rate, config.hop_length, MIN_F0_HZ, MAX_F0_HZ)
            f0_hz.append(track.f0_hz[:n_frames])
            bandwidth.append(measure_bandwidth(wave))
        return {"f0_hz": np.concatenate(f0_hz), "bandwidth": np.array(bandwidth, np.float32)}

    def _degrade(self, mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Blur mel frames ``(frames, n_mels)`` and add noise, mostly little; predicted ones are smooth and inexact."""
        blur = self.recipe.data.mel_blur * rng.random() ** 2
        deviation = self.recipe.data.mel_noise * rng.random() ** 2
        padded = np.pad(mel, 1, mode="edge")
        over_time = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
        blurred = (over_time[:, :-2] + over_time[:, 1:-1] + over_time[:, 2:]) / 3
        noise = deviation * rng.standard_normal(mel.shape)
        degraded: np.ndarray = (1 - blur) * mel + blur * blurred + noise
        return degraded.astype(np.float32)

    def _mel(self, row: int, start: int, n_frames: int, samples: np.ndarray, gain: float) -> np.ndarray:
        """Return mel frames ``(n_frames, n_mels)`` of a clip, from its mel file or of ``samples``."""
        if self.recipe.data.mel_files:
            return read_mel(self.store.entries[row].path, start, n_frames, gain).T
        config = self.recipe.model
        power = mel_spectrogram(
            samples,
            config.sample_rate,
            config.mel_n_fft,
            config.hop_length,
            config.n_mels,
            f_max_hz=F_MAX_HZ,
            padding="none",
        )
        return power_to_log(power * np.float32(power_scale(config.mel_n_fft))).T

    def _samples(self, row: int, start: int, n_samples: int) -> np.ndarray:
        """Return ``(n_samples,)`` of a clip, zeros before and after it; ``start`` may be negative."""
        n_before = max(-start, 0)
        return np.pad(self.store.crop(row, max(start, 0), n_samples - n_before)[0], (n_before, 0))

    def _pitch(self, row: int, start: int, n_frames: int) -> np.ndarray:
        """Return the pitch at mel frames of a clip in hertz, ``(n_frames,)``, 0 where unvoiced and outside the clip."""
        f0_hz = np.zeros(n_frames)
        first = max(start, 0)
        last = min(start + n_frames, int(self.n_intervals[row]))
        offset = self.offsets[row]
        f0_hz[first - start : last - start] = self.f0_hz[offset + first : offset + last]
        return f0_hz


def stack_crops(crops: Sequence[Batch]) -> Batch:
    """Return crops as one batch."""
    return {name: np.stack([crop[name] for crop in crops]) for name in crops[0]}


def measure_bandwidth(wave: np.ndarray) -> float:
    """Return the highest frequency with a mean power above BANDWIDTH_DB, as a fraction of the Nyquist frequency."""
    # Waves are padded only if they have to be, since an abrupt end is broadband.
    padding: Padding = "zero" if len(wave) < BANDWIDTH_N_FFT else "none"
    power = spectrogram(wave, BANDWIDTH_N_FFT, BANDWIDTH_N_FFT // 2, padding=padding).mean(axis=1)
    above = np.flatnonzero(power >= power.max() * db_to_gain(BANDWIDTH_DB) ** 2)
    return float(above[-1] / (len(power) - 1))


FINE_TUNING_STEPS = 3_000
FINE_TUNING_ADVERSARIAL_FROM = 300
MIN_COMPARED_HOPS = 4  # of a crop, without the ends that losses leave out; the longest window of a loss
MAX_VALID_CLIPS = 40
VALID_SECONDS = 2.0
N_EXAMPLES = 4


VocoderRecipe = RecipeOf[VocoderConfig, VocoderDataSettings]


@dataclass(frozen=True, kw_only=True)
class VocoderPrepared(PreparedOf[VocoderRecipe, VocoderBatches]):
    """A recipe with its data."""

    valid: dict[str, np.ndarray]  # crops of held-out recordings as one batch, empty without any
    examples: dict[str, np.ndarray]  # a few crops for samples, of training recordings if none are held out


def recipe(size: str) -> VocoderRecipe:
    """Return the recipe of a size: ``tiny`` to try things out, ``small`` for a CPU, ``base`` for a GPU.

    The training settings of all sizes are the same. ``training.steps`` is 0: a run has as many steps as fit into
    ``--max-minutes``. No metric is named, so the averaged weights of the last step are exported, with matrices
    of 8 bits.
    """
    return VocoderRecipe(SIZES[size], VocoderDataSettings(), VOICE_SETTINGS)


def fine_tuning(base: ModelFolder) -> VocoderRecipe:
    """Return the recipe of a training that starts from ``base``: a low learning rate, and critics.

    It starts from the exported weights of ``base``: averaged, and by default with matrices rounded to 8 bits. The data
    settings are those of any training; ``data.mel_files=true`` trains on predicted mel frames.
    """
    model = replace(base.config(VocoderConfig), adversarial_from=FINE_TUNING_ADVERSARIAL_FROM)
    return VocoderRecipe(model, VocoderDataSettings(), VOICE_SETTINGS.for_fine_tuning(FINE_TUNING_STEPS))


def prepare(recipe: VocoderRecipe, entries: Sequence[Entry], cache_folder: Path | None = None) -> VocoderPrepared:
    """Split, decode and prepare recordings.

    Raises BadFolder if none is left to train on, BadSetting for crops that are too short for the filters.
    """
    data = recipe.data
    check_crop_length(recipe)
    entries = assign_splits(entries, by="group", valid=data.valid_fraction, test=0.0)
    entries = [entry for entry in entries if entry.split != "test"]
    failed: tuple[Failed, ...] = ()
    preparation = Preparation("crop", trim=True, level="peak")
    if data.mel_files:
        entries, failed = with_mel_files(entries)
        preparation = Preparation("crop", trim=False, level="none")  # mel files are of the unchanged recording
    store = ClipStore.build(entries, recipe.model.sample_rate, None, preparation, cache_folder)
    train, valid = split_rows(store.entries)
    recipe = recipe if valid else recipe.without_valid_metric()
    batches = VocoderBatches(store, train, recipe)
    rows = np.random.default_rng(0).permutation(valid or train)[:MAX_VALID_CLIPS]
    n_intervals = seconds_to_samples(VALID_SECONDS, recipe.model.sample_rate) // recipe.model.hop_length
    crops = stack_crops([batches.crop(int(row), 0, n_intervals) for row in rows])
    return VocoderPrepared(
        recipe=recipe,
        train_entries=tuple(store.entries[row] for row in train),
        failed=(*failed, *store.failed),
        batches=batches,
        valid=crops if valid else {},
        examples={name: array[:N_EXAMPLES] for name, array in crops.items()},
    )


def check_crop_length(recipe: VocoderRecipe) -> None:
    """Raise BadSetting if the losses would leave out too much of a crop, see `VocoderConfig.transient`."""
    model, crop_frames = recipe.model, recipe.data.crop_frames
    shortest = MIN_COMPARED_HOPS + -(-(model.transient + model.delay) // model.hop_length)
    if crop_frames < shortest:
        raise BadSetting(
            f"crop_frames is {crop_frames}; with n_subframes {model.n_subframes} and fft_subframes "
            f"{model.fft_subframes} it must be at least {shortest}."
        )
