"""Whose voices a model imitates: speaker similarity of its output to recordings of known speakers.

References
----------
L. Wan et al., "Generalized end-to-end loss for speaker verification", 2018: the network, by Resemblyzer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from ..audio.clip import Clip
from ..base.errors import MissingExtra
from ..contracts.runtime import AcousticModel, Generator, Model
from ..families import loading
from ..models.card import Card
from ..speech.voice import Voice
from .output import speakers_of
from .recordings import AuditedRecording

SAMPLE_RATE = 16_000
PERCENTILE = 99.9
"""Of the similarities of different speakers: above it, a voice counts as imitated."""

USUAL_LIMIT = 0.78
"""That percentile for 15 speakers of four languages, for recordings with fewer than MIN_PAIRS pairs."""

MIN_PAIRS = 1_000
UTTERANCE_SECONDS = 4.0
"""Length of the utterances that are compared; short clips of a speaker are joined."""

MIN_SECONDS = 1.5
MAX_UTTERANCES = 20  # of a speaker
PAUSE_SECONDS = 0.1

N_CLIPS = 40
"""Generated clips of each speaker."""

SENTENCES = (
    "The yellow ferry leaves the island at noon.",
    "We measured the length of each wooden beam.",
    "Nobody had asked him where the key was.",
    "Rain is expected in the north by the evening.",
    "She put the books back on the highest shelf.",
    "Six thick thistles stood beside the narrow road.",
)
"""That the voices of an acoustic model read."""

INSTALL = "pip install --no-deps Resemblyzer==0.1.4 && pip install webrtcvad-wheels"

Embedder = Callable[[np.ndarray], np.ndarray]
"""A wave ``(time,)`` at SAMPLE_RATE to a vector of length 1."""


@dataclass(frozen=True)
class VoiceMatch:
    """How similar a voice of the model is to a recorded speaker."""

    voice: str  # speaker or voice of the model
    speaker: str  # of the recordings
    similarity: float  # median cosine similarity of utterances
    is_imitated: bool  # the similarity is above the limit


@dataclass(frozen=True)
class Voices:
    """Similarities of the voices of a model to recorded speakers."""

    limit: float  # PERCENTILE of the similarities of different recorded speakers, or USUAL_LIMIT
    n_pairs: int  # pairs of utterances of different speakers from which the limit comes; 0 for the usual one
    matches: tuple[VoiceMatch, ...]  # of every voice and speaker, most similar first


def speaker_embedder() -> Embedder:
    """Return the function that embeds speakers; raise MissingExtra without its package."""
    if find_spec("resemblyzer") is None or find_spec("torch") is None:
        raise MissingExtra(f"The comparison of voices needs Resemblyzer and PyTorch; run {INSTALL}.")
    from resemblyzer import VoiceEncoder, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(wave: np.ndarray) -> np.ndarray:
        vector = np.asarray(encoder.embed_utterance(preprocess_wav(wave, SAMPLE_RATE)), np.float32)
        unit: np.ndarray = vector / np.linalg.norm(vector)
        return unit

    return embed


def utterances(waves: Sequence[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Yield utterances at SAMPLE_RATE of about UTTERANCE_SECONDS, joined from the waves ``(time,)`` of a speaker."""
    pause = np.zeros(int(PAUSE_SECONDS * SAMPLE_RATE), np.float32)
    joined: list[np.ndarray] = []
    n_joined = n_yielded = 0
    for number, wave in enumerate(waves):
        resampled = Clip(wave[None], sample_rate).resample(SAMPLE_RATE).wave[0][: int(UTTERANCE_SECONDS * SAMPLE_RATE)]
        joined += [resampled, pause]
        n_joined += len(resampled)
        is_last = number == len(waves) - 1
        if n_joined >= UTTERANCE_SECONDS * SAMPLE_RATE or (is_last and n_joined >= MIN_SECONDS * SAMPLE_RATE):
            yield np.concatenate(joined)
            joined, n_joined, n_yielded = [], 0, n_yielded + 1
        if n_yielded == MAX_UTTERANCES:
            return


def compare_voices(
    embed: Embedder, output: Mapping[str, Sequence[np.ndarray]], recorded: Mapping[str, Sequence[np.ndarray]]
) -> Voices:
    """Return the similarity of each voice to each recorded speaker, by utterances ``(time,)`` at SAMPLE_RATE."""
    voices = {name: np.stack([embed(wave) for wave in waves]) for name, waves in output.items()}
    speakers = {name: np.stack([embed(wave) for wave in waves]) for name, waves in recorded.items()}
    limit, n_pairs = different_limit(list(speakers.values()))
    matches = [
        VoiceMatch(voice, speaker, round(similarity, 3), similarity > limit)
        for voice, rows in voices.items()
        for speaker, others in speakers.items()
        for similarity in (float(np.median(rows @ others.T)),)
    ]
    return Voices(round(limit, 3), n_pairs, tuple(sorted(matches, key=lambda match: -match.similarity)))


def different_limit(speakers: Sequence[np.ndarray]) -> tuple[float, int]:
    """Return PERCENTILE of the similarities of utterances of different speakers, and their number; or the usual limit.

    Embeddings are ``(utterances, d)`` of each speaker.
    """
    similarities = [
        (rows @ others.T).ravel() for number, rows in enumerate(speakers) for others in speakers[number + 1 :]
    ]
    n_pairs = sum(map(len, similarities))
    if n_pairs < MIN_PAIRS:
        return USUAL_LIMIT, 0
    return float(np.percentile(np.concatenate(similarities), PERCENTILE)), n_pairs


def waves_by_speaker(recordings: Sequence[AuditedRecording]) -> dict[str, list[np.ndarray]]:
    """Return the waves of each speaker, by the manifest's speaker or else by label; recordings of neither left out."""
    waves: dict[str, list[np.ndarray]] = {}
    for recording in recordings:
        name = recording.entry.speaker or recording.entry.label
        if name is not None:
            waves.setdefault(name, []).append(recording.wave)
    return waves


def spoken_by(model: Generator, seed: int) -> dict[str, list[np.ndarray]]:
    """Return clips of each speaker that a generator can be asked for, or of the model itself without speakers."""
    clips: dict[str, list[np.ndarray]] = {}
    speakers = speakers_of(model) or (None,)
    labels = model.labels or (None,)
    for speaker in speakers:
        options = {} if speaker is None else {"speaker": speaker}
        clips[speaker or model.name] = [
            model.generate(labels[number % len(labels)], 1, seed, number, **options)[0].mean(axis=0)
            for number in range(N_CLIPS)
        ]
    return clips


def read_by(name: str, card: Card) -> tuple[dict[str, list[np.ndarray]], int]:
    """Return SENTENCES in each voice of an acoustic model, and their sample rate."""
    spoken: dict[str, list[np.ndarray]] = {}
    rate = card.sample_rate
    for voice_name in loading.voices_of(card, name):
        voice = Voice.load(voice_name)
        rate = voice.sample_rate
        spoken[voice_name] = [voice.speak(sentence).clip.mono().wave[0] for sentence in SENTENCES]
    return spoken, rate


def examine_voices(
    model: Model, name: str, recordings: Sequence[AuditedRecording], seed: int, embed: Embedder
) -> Voices | str:
    """Return how similar the voices of a model are to recorded speakers, or why there is nothing to compare."""
    if isinstance(model, AcousticModel):
        spoken, rate = read_by(name, model.card)
    elif isinstance(model, Generator):
        spoken, rate = spoken_by(model, seed), model.sample_rate
    else:
        return f"Voices are not compared: a model of the family {model.card.family} speaks in none of its own."
    output = {voice: list(utterances(waves, rate)) for voice, waves in spoken.items()}
    by_speaker = waves_by_speaker(recordings)
    recorded = {speaker: list(utterances(waves, model.sample_rate)) for speaker, waves in by_speaker.items()}
    output, recorded = ({key: value for key, value in each.items() if value} for each in (output, recorded))
    if not output or not recorded:
        return (
            f"Voices are not compared: {MIN_SECONDS:g} s of each speaker are needed; give --voices a folder with a "
            "subfolder of recordings for each."
        )
    return compare_voices(embed, output, recorded)
