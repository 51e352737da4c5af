"""Sources of generated clips beside models: a folder of clips, and clips made like recordings of their label."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ..audio.clip import Clip
from ..base.errors import BadFolder
from ..base.files import sha256_of
from ..base.units import db_to_gain, gain_to_db
from ..data.entry import Entry
from ..data.folder import scan
from ..data.preparation import decode_at
from ..dsp.onset import trim

FRAME_SECONDS, HOP_SECONDS = 0.032, 0.01
N_BANDS = 16  # of equal width in octaves, from LOWEST_HZ to half the sample rate
LOWEST_HZ = 80.0
LARGEST_GAIN_DB = 25.0
STRENGTHS = (0.3, 1.0)  # range of the part of the difference between the spectra, in dB, that is made up for
EDGE_SECONDS = 0.01  # at both ends of a recording
EDGE_DB = (-60.0, -12.0)  # range of the level of the ends below the peak
QUIET_FRACTION = 0.1  # of the frames of a recording, which are its noise
SMALLEST = 1e-10  # power


@dataclass(frozen=True)
class RecordingMatch:
    """Makes clips like recordings of their label, so that a classifier learns the label and not the source.

    The ends of a clip are cut where its level is that of the ends of the recording. A filter brings the mean spectrum
    nearer to that of the recording, by a part that is drawn. Noise with the spectrum of the quietest frames of the
    recording is added.
    """

    recordings: Mapping[str, Sequence[np.ndarray]]  # waves ``(time,)`` of each label, not silent
    sample_rate: int  # of the recordings and the clips

    def __call__(self, wave: np.ndarray, label: str, rng: np.random.Generator) -> np.ndarray:
        """Return a clip ``(time,)`` float32 with peak 1, made like a recording of the label; silence is unchanged."""
        if not np.abs(wave).max(initial=0.0):
            return wave.astype(np.float32)
        candidates = self.recordings[label]
        recording = candidates[int(rng.integers(len(candidates)))]
        cut = _at_peak(cut_ends(_at_peak(wave), *edges_db(recording, self.sample_rate)))
        power = self._frames(_at_peak(recording))
        gain_db = self._bands_db(power.mean(axis=0)) - self._bands_db(self._frames(cut).mean(axis=0))
        gain_db = np.clip(gain_db, -LARGEST_GAIN_DB, LARGEST_GAIN_DB)
        filtered = _at_peak(self._filter(cut, rng.uniform(*STRENGTHS) * (gain_db - gain_db.mean())))
        return _at_peak(filtered + self._noise(power, len(filtered), rng)).astype(np.float32)

    def _frames(self, wave: np.ndarray) -> np.ndarray:
        """Return the power spectra of windowed frames, ``(frames, bins)``; their mean over bins is that of samples."""
        n_frame, n_hop = (max(2, round(seconds * self.sample_rate)) for seconds in (FRAME_SECONDS, HOP_SECONDS))
        padded = np.pad(wave, (0, max(0, n_frame - len(wave))))
        window = np.hanning(n_frame)
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_frame)[::n_hop] * window
        power: np.ndarray = np.abs(np.fft.rfft(frames)) ** 2 / np.sum(window**2)
        return power

    def _edges_hz(self) -> np.ndarray:
        return np.geomspace(LOWEST_HZ, self.sample_rate / 2, N_BANDS + 1)

    def _bands_db(self, power: np.ndarray) -> np.ndarray:
        """Return the mean power in dB of each band, of a spectrum ``(bins,)``."""
        frequency = np.linspace(0, self.sample_rate / 2, len(power))
        edges = self._edges_hz()
        fine = np.geomspace(edges[0], edges[-1], 16 * N_BANDS)  # so that narrow bands have values, too
        means = np.interp(fine, frequency, power).reshape(N_BANDS, -1).mean(axis=1)
        levels: np.ndarray = 10 * np.log10(means + SMALLEST)
        return levels

    def _filter(self, wave: np.ndarray, gain_db: np.ndarray) -> np.ndarray:
        """Return a wave filtered by the gain of each band, with no delay."""
        edges = self._edges_hz()
        n_fft = len(wave) + round(FRAME_SECONDS * self.sample_rate)
        frequency = np.maximum(np.fft.rfftfreq(n_fft, 1 / self.sample_rate), 1.0)
        curve = np.interp(np.log(frequency), np.log(np.sqrt(edges[1:] * edges[:-1])), gain_db)
        filtered: np.ndarray = np.fft.irfft(np.fft.rfft(wave, n_fft) * db_to_gain(curve), n_fft)[: len(wave)]
        return filtered

    def _noise(self, power: np.ndarray, n_samples: int, rng: np.random.Generator) -> np.ndarray:
        """Return noise ``(n_samples,)`` with the spectrum of the quietest frames of a recording."""
        levels = power.sum(axis=1)
        quiet = power[levels <= np.quantile(levels, QUIET_FRACTION)].mean(axis=0)
        spectrum = np.fft.rfft(rng.standard_normal(n_samples))
        positions = np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, len(quiet))
        noise: np.ndarray = np.fft.irfft(spectrum * np.sqrt(np.interp(*positions, quiet)), n_samples)
        return noise


def edges_db(wave: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Return the levels of the start and of the end of a wave ``(time,)`` below its peak, within :data:`EDGE_DB`."""
    n_edge = max(1, round(EDGE_SECONDS * sample_rate))
    peak = np.abs(wave).max()
    start, end = (float(gain_to_db(np.abs(edge).max() / peak)) for edge in (wave[:n_edge], wave[-n_edge:]))
    return float(np.clip(start, *EDGE_DB)), float(np.clip(end, *EDGE_DB))


def cut_ends(wave: np.ndarray, start_db: float, end_db: float) -> np.ndarray:
    """Return a wave ``(time,)`` of peak 1 from the first sample at a level to the last one at another, not empty."""
    magnitude = np.abs(wave)
    first = int(np.flatnonzero(magnitude >= db_to_gain(start_db))[0])
    last = int(np.flatnonzero(magnitude >= db_to_gain(end_db))[-1])
    return wave[min(first, last) : max(first, last) + 1]


def _at_peak(wave: np.ndarray) -> np.ndarray:
    """Return a wave that is not silent, with peak 1."""
    return np.asarray(wave / np.abs(wave).max())


PADDING_DB = -100.0  # below the peak: what is cut off of recordings, which zeros may follow
UNKNOWN_LICENCE = "unknown"


class ClipSource(Protocol):
    """A source of clips by label: a model, a voice, procedures, or a folder; see :class:`.Generator`.

    ``generate`` returns fewer clips than were asked for if the source has no more.
    """

    @property
    def name(self) -> str:
        """Name in manifests and on cards."""

    @property
    def content_hash(self) -> str:
        """Changes with the clips that the source generates."""

    @property
    def licence(self) -> str:
        """Of its clips."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names that `generate` accepts."""

    @property
    def sample_rate(self) -> int:
        """Of its clips, Hz."""

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips ``start`` to ``start + count - 1`` of a seed, each ``(1, time)``."""


class FolderOfClips:
    """Generated clips in the sub-folders of a folder, or in its ``manifest.jsonl``; each seed has an order of its own.

    - ``name``, ``labels``, ``sample_rate``: name of the folder, labels of its clips, and the highest sample rate of
      these.

    Raises BadFolder if the folder has no clip with a label.
    """

    licence = UNKNOWN_LICENCE

    def __init__(self, folder: Path) -> None:
        manifest = folder / "manifest.jsonl"
        scanned = scan(folder, None, manifest=manifest if manifest.is_file() else None)
        self._entries: dict[str, list[Entry]] = {}
        for entry in scanned.entries:
            if entry.label is not None:
                self._entries.setdefault(entry.label, []).append(entry)
        if not self._entries:
            raise BadFolder(f"{folder} has no clips in sub-folders, which would be their labels; name another folder.")
        self.name = folder.resolve().name
        self.labels = tuple(sorted(self._entries))
        self.sample_rate = max(entry.sample_rate for entries in self._entries.values() for entry in entries)
        facts = [
            (label, each.path.name, each.offset_seconds, each.n_frames, sha256_of(each.path))
            for label, entries in self._entries.items()
            for each in entries
        ]
        self.content_hash = hashlib.sha256(repr(sorted(facts)).encode()).hexdigest()

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips of a label, or of all in turn, in the order of a seed, see :class:`ClipSource`."""
        if label is None:
            turns = [divmod(index, len(self.labels)) for index in range(start, start + count)]
            return [wave for number, row in turns for wave in self.generate(self.labels[row], 1, seed, number)]
        entries = self._entries[label]
        order = np.random.default_rng(seed).permutation(len(entries))[start : start + count]
        return [np.concatenate(list(decode_at(entries[row], self.sample_rate, 1)), axis=1) for row in order]


@dataclass(frozen=True)
class MatchedSource:
    """A source whose clips are made like recordings of their label, each like one that is drawn."""

    source: ClipSource
    targets: Mapping[str, str]  # label of the recordings for each label of the source that is to be generated
    match: RecordingMatch  # the recordings; its sample rate is that of the clips

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.source.name

    @property
    def content_hash(self) -> str:
        """That of the source."""
        return self.source.content_hash

    @property
    def licence(self) -> str:
        """That of the source."""
        return self.source.licence

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the source that recordings have."""
        return tuple(self.targets)

    @property
    def sample_rate(self) -> int:
        """That of the recordings."""
        return self.match.sample_rate

    def generate(self, label: str | None = None, count: int = 1, seed: int = 0, start: int = 0) -> list[np.ndarray]:
        """Return clips of the source, each made like a recording of its label."""
        waves = []
        for index in range(start, start + count):
            name = self.labels[index % len(self.labels)] if label is None else label
            for wave in self.source.generate(name, 1, seed, index):
                clip = Clip(wave, self.source.sample_rate).mono().resample(self.sample_rate)
                rng = np.random.default_rng([seed, index, zlib.crc32(name.encode())])
                waves.append(self.match(clip.wave[0], self.targets[name], rng)[None])
        return waves


def match_of(waves: np.ndarray, labels: Sequence[str], sample_rate: int) -> RecordingMatch:
    """Return the match with recordings ``(n, time)``, which zeros may follow; silent ones are left out."""
    recordings: dict[str, list[np.ndarray]] = {}
    for wave, label in zip(waves, labels, strict=True):
        if len(sounding := trim(wave, PADDING_DB)):
            recordings.setdefault(label, []).append(sounding)
    return RecordingMatch(recordings, sample_rate)
