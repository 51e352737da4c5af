"""Recordings as arrays for training, and batches of recordings of similar length."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...base.errors import BadText
from ...base.result import Failed
from ...contracts.recipe import Batch
from ...data.entry import Entry
from ...data.store import ClipStore
from ...dsp.alignment import beta_binomial_prior
from ...dsp.loudness import normalise_loudness
from ...dsp.mel import N_MELS, mel_to_features, speech_mel
from ...dsp.pitch import track_pitch
from ...text import FrontEnd, front_end
from .config import BOUNDARY, AcousticConfig
from .synthesis import MAX_F0_HZ, MIN_F0_HZ, frame_energy, hz_to_octaves

CHARACTERS_PER_SECOND = (3.0, 30.0)  # limits; people speak 8 to 20
MIN_SECONDS = 0.3
PAUSE_SECONDS = 1.0  # silence that a recording of a few characters may contain
PHONE_MARKUP = re.compile(r"\[\[([^\[\]]*)\]\]")  # each phone counts as one character
OUTLIER_DEVIATIONS = 4.0  # below the median, in standard deviations estimated by the median absolute deviation
MAD_TO_STD = 1.4826  # of a normal distribution


def text_to_symbols(text: str, front_end: FrontEnd) -> tuple[str, ...]:
    """Convert the text of one recording to symbols.

    Between sentences, the silence that ends one and starts the next is left out; its pause mark remains.
    """
    symbols: tuple[str, ...] = ()
    for sentence in front_end.sentences(text):
        symbols = (*symbols[:-1], *sentence.symbols[1:]) if symbols else tuple(sentence.symbols)
    return symbols


def check_transcripts(entries: Sequence[Entry], max_seconds: float) -> tuple[list[Entry], list[Failed]]:
    """Return the recordings whose text can be spoken in at most ``max_seconds``, and the others with the reason."""
    usable, failed = [], []
    for entry in entries:
        reason = _problem(entry, max_seconds)
        if reason:
            failed.append(Failed(entry.path, reason))
        else:
            usable.append(entry)
    return usable, failed


def _problem(entry: Entry, max_seconds: float) -> str:
    """Return why an entry cannot be learned; empty if it can."""
    text = (entry.text or "").strip()
    if not text:
        return "it has no text"
    if not MIN_SECONDS <= entry.seconds <= max_seconds:
        return (
            f"it lasts {entry.seconds:.3g} s; a voice learns from {MIN_SECONDS:g} to {max_seconds:.3g} s "
            "(data.longest_seconds)"
        )
    n_characters = len(PHONE_MARKUP.sub(lambda match: "." * len(match[1].split()), text))
    rate = n_characters / entry.seconds
    slowest, fastest = CHARACTERS_PER_SECOND
    is_slow = n_characters < slowest * (entry.seconds - PAUSE_SECONDS)
    if is_slow or rate > fastest:
        kind = "few" if is_slow else "many"
        return (
            f"its text has {rate:.3g} characters a second, too {kind} for speech ({slowest:g} to {fastest:g}); text "
            "and recording may not belong together"
        )
    return ""


def low_outliers(scores: np.ndarray) -> np.ndarray:
    """Return recordings with far lower scores ``(clips,)``, log-likelihoods of a frame, than others, worst first."""
    median = np.median(scores)
    deviation = max(float(np.median(np.abs(scores - median))), 1e-3)
    outliers = np.flatnonzero(scores < median - OUTLIER_DEVIATIONS * MAD_TO_STD * deviation)
    return outliers[np.argsort(scores[outliers], kind="stable")]


ONLY_SPEAKER = "voice"  # of recordings that name none
POOL_BATCHES = 12  # batches that are drawn together and sorted by length, so that little of a batch is padding


@dataclass(frozen=True)
class SpeechClip:
    """A recording as arrays."""

    entry: Entry
    mel: np.ndarray  # log-mel frames ``(frames, n_mels)`` float16
    f0_hz: np.ndarray  # pitch ``(frames,)``, 0 where unvoiced
    symbols: np.ndarray  # their indices, ``(symbols,)``
    speaker: int  # index

    @property
    def n_frames(self) -> int:
        """Number of mel frames."""
        return len(self.mel)


def speech_clips(
    store: ClipStore, config: AcousticConfig, loudness_lufs: float
) -> tuple[list[SpeechClip], list[Failed]]:
    """Measure recordings and convert their texts to symbols.

    Those whose text cannot be read, or has more symbols than the recording has frames, come second, with the reason.
    """
    measured = store.cached(
        f"voice-{config.sample_rate}-{loudness_lufs:g}", lambda: _measure_all(store, config, loudness_lufs)
    )
    ends = np.cumsum(measured["n_frames"])
    readers = {language: front_end(language) for language in config.all_languages}
    clips, failed = [], []
    for entry, end, n_frames in zip(store.entries, ends, measured["n_frames"], strict=True):
        try:
            symbols = text_to_symbols(str(entry.text), readers[entry.language or config.language])
        except BadText as error:
            failed.append(Failed(entry.path, str(error)))
            continue
        n_phones = sum(symbol != BOUNDARY for symbol in symbols)
        if n_phones > n_frames:
            reason = f"its text has {n_phones} sounds, more than its {n_frames} frames can hold"
            failed.append(Failed(entry.path, reason))
            continue
        clips.append(
            SpeechClip(
                entry,
                mel=measured["mel"][end - n_frames : end],
                f0_hz=measured["f0_hz"][end - n_frames : end],
                symbols=np.array([config.rows[symbol] for symbol in symbols]),
                speaker=config.speakers.index(entry.speaker or ONLY_SPEAKER),
            )
        )
    return clips, failed


def mel_and_pitch(wave: np.ndarray, config: AcousticConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return the mel frames ``(frames, n_mels)`` and the pitch ``(frames,)`` in hertz of a wave ``(time,)``."""
    mel = speech_mel(wave, config.sample_rate)
    track = track_pitch(wave, config.sample_rate, config.hop_length, MIN_F0_HZ, MAX_F0_HZ)
    return mel.T, track.f0_hz[: mel.shape[1]]


def _measure_all(store: ClipStore, config: AcousticConfig, loudness_lufs: float) -> dict[str, np.ndarray]:
    """Return mel frames and pitch of all clips, one after another, and the number of frames of each."""
    waves = (normalise_loudness(store[row][0], config.sample_rate, loudness_lufs) for row in range(len(store)))
    mels, pitches = zip(*(mel_and_pitch(wave, config) for wave in waves), strict=True)
    return {
        "mel": np.concatenate(mels).astype(np.float16),
        "f0_hz": np.concatenate(pitches).astype(np.float32),
        "n_frames": np.array([len(mel) for mel in mels], np.int64),
    }


def collate(clips: Sequence[SpeechClip]) -> Batch:
    """Return clips as one batch, padded with zeros.

    - returns: ``mel (batch, frames, n_mels)``, normalised; ``octaves``, ``voiced`` and ``energy (batch, frames)``;
      ``symbols (batch, symbols)``; the log-probabilities ``prior (batch, frames, symbols)``; ``n_frames``,
      ``n_symbols`` and ``speaker (batch,)``.
    """
    n_clips = len(clips)
    n_frames = max(clip.n_frames for clip in clips)
    n_symbols = max(len(clip.symbols) for clip in clips)
    batch: Batch = {
        "mel": np.zeros((n_clips, n_frames, N_MELS), np.float32),
        "octaves": np.zeros((n_clips, n_frames), np.float32),
        "voiced": np.zeros((n_clips, n_frames), np.float32),
        "energy": np.zeros((n_clips, n_frames), np.float32),
        "symbols": np.zeros((n_clips, n_symbols), np.int64),
        "prior": np.zeros((n_clips, n_frames, n_symbols), np.float32),
        "n_frames": np.array([clip.n_frames for clip in clips]),
        "n_symbols": np.array([len(clip.symbols) for clip in clips]),
        "speaker": np.array([clip.speaker for clip in clips]),
    }
    for row, clip in enumerate(clips):
        frames, symbols = clip.n_frames, len(clip.symbols)
        mel = clip.mel.astype(np.float32)
        batch["mel"][row, :frames] = mel_to_features(mel.T)
        batch["octaves"][row, :frames] = hz_to_octaves(clip.f0_hz)
        batch["voiced"][row, :frames] = clip.f0_hz > 0
        batch["energy"][row, :frames] = frame_energy(mel)
        batch["symbols"][row, :symbols] = clip.symbols
        batch["prior"][row, :frames, :symbols] = beta_binomial_prior(frames, symbols)
    return batch


class SpeechBatches:
    """Batches of recordings of similar length, a pure function of the step; see :func:`collate`.

    - ``max_frames``: most frames of a batch with its padding, except for a single clip.
    - ``speaker_exponent``: a speaker is drawn in proportion to the number of the recordings to this power.
    - ``crossing``: share of the recordings whose vowels are read as those of a random language, and the rows that the
      symbols have in each, ``(languages, symbols)``; so each speaker is met with the vowels of all.
    """

    def __init__(
        self,
        clips: Sequence[SpeechClip],
        batch_size: int,
        max_frames: float,
        speaker_exponent: float,
        seed: int,
        crossing: tuple[float, np.ndarray] | None = None,
    ) -> None:
        self.clips = list(clips)
        self.crossing = crossing
        self.batch_size, self.max_frames, self.seed = batch_size, max_frames, seed
        self.lengths = np.array([clip.n_frames for clip in clips])
        counts = Counter(clip.speaker for clip in clips)
        weights = np.array([counts[clip.speaker] ** (speaker_exponent - 1) for clip in clips])
        self.probabilities = weights / weights.sum()

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step."""
        rng = np.random.default_rng([self.seed, step])
        pool = rng.choice(len(self.clips), POOL_BATCHES * self.batch_size, p=self.probabilities)
        pool = pool[np.argsort(self.lengths[pool], kind="stable")]
        start = rng.integers(POOL_BATCHES) * self.batch_size
        rows = rng.permutation(pool[start : start + self.batch_size])
        rows = rows[: max(1, int(self.max_frames // self.lengths[rows].max()))]
        if self.crossing is None:
            return self.of(rows)
        (share, rows_in), clips = self.crossing, [self.clips[row] for row in rows]
        crossed = rng.random(len(clips)) < share
        languages = rng.integers(len(rows_in), size=len(clips))
        return collate(
            [
                replace(clip, symbols=rows_in[language][clip.symbols]) if is_crossed else clip
                for clip, is_crossed, language in zip(clips, crossed, languages, strict=True)
            ]
        )

    def of(self, rows: np.ndarray) -> Batch:
        """Return the clips of these rows as one batch."""
        return collate([self.clips[row] for row in rows])

    def by_length(self) -> list[np.ndarray]:
        """Return the rows of all clips, ``batch_size`` at a time, shortest clips first."""
        order = np.argsort(self.lengths, kind="stable")
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
