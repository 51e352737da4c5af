"""Voices: what they say understood, rated, compared with recordings of the same sentences, and timed; beside recordings and other engines.

    python recipes/corpora speech --kathleen K --kerstin G --commands C --asterisk A --out corpora/speech
    python -m benchmarks.speech.voices --corpus corpora/speech --voice en-kathleen --json voices.json
    python -m benchmarks.speech.voices --corpus corpora/speech --no-voices               # recordings and peers (apt install flite espeak-ng)
    python -m benchmarks.speech.voice_speed --voice en-kathleen                          # latency, cold start, sizes, joins

40 sentences of a reader that no voice was trained on (split ``test``) and 100 others (benchmarks/speech/texts/hundred.txt, written before any
voice spoke). Word errors by benchmarks/speech/recogniser.py (its commands first), DNSMOS by benchmarks/speech/naturalness.py, distances by
benchmarks/speech/speech_distance.py; a voice speaks with three seeds, whose errors are averaged for each sentence. DNSMOS hears how loud a sound
is, so that it rates each talker twice: as loud as it speaks, and brought to one loudness. Intervals are 95 % bootstrap intervals over the
sentences, those of differences paired. The real-time factor is processor time over sound, on one thread, for a peer with the start of its
process.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.speech.naturalness import dnsmos
from benchmarks.speech.recogniser import DEFAULT_FOLDER, Recogniser
from benchmarks.speech.speakers import Talker, copies, peers, recordings, voice
from benchmarks.speech.speech_distance import Speakers, distance
from wavewright.cli.command import plain
from wavewright.clip import Clip
from wavewright.data.entry import Entry
from wavewright.data.folder import scan
from wavewright.dsp.loudness import normalise_loudness
from wavewright.errors import BadFolder, WavewrightError
from wavewright.metrics.sampling import Interval, bootstrap_interval

HUNDRED = Path(__file__).parent / "texts" / "hundred.txt"
N_SEEDS, N_NATURAL = 3, 40
LOUDNESS_LUFS = -26.0  # of every talker, where they are rated equally loud
MOST_WORD_ERROR_POINTS, MOST_DNSMOS_LOSS, LEAST_SIMILARITY_SHARE, MOST_FLITE_SHARE = 2.0, 0.15, 0.85, 0.5


@dataclass(frozen=True)
class Row:
    """What was measured of one talker on one list of sentences; None where it means nothing."""

    name: str
    n_sentences: int
    word_error_percent: Interval
    dnsmos: Interval
    dnsmos_levelled: Interval
    real_time_factor: float | None = None
    word_error_points_more: Interval | None = None
    dnsmos_less: Interval | None = None
    dnsmos_levelled_less: Interval | None = None
    cepstral_db: float | None = None
    pitch_semitones: float | None = None
    voicing_percent: float | None = None
    similarity: float | None = None
    similarity_share: float | None = None


@dataclass(frozen=True)
class Heard:
    """A talker as the judges hear it: means over seeds, and the waves of one seed.

    ``errors (sentences, 2)`` are errors and words, ``mos (sentences, 2)`` DNSMOS as loud as it speaks and at LOUDNESS_LUFS.
    """

    talker: Talker
    errors: np.ndarray
    mos: np.ndarray
    waves: list[Clip]
    seconds: float
    sound_seconds: float

    @property
    def real_time_factor(self) -> float | None:
        return self.seconds / self.sound_seconds if self.seconds else None


def hear(talker: Talker, texts: Sequence[str], recogniser: Recogniser) -> Heard:
    """Let a talker say every text and the judges hear it."""
    errors, mos, waves = np.zeros((len(texts), 2)), np.zeros((len(texts), 2)), []
    seconds = sound_seconds = 0.0
    for row, text in enumerate(texts):
        for seed in range(talker.n_seeds):
            said = talker.say(text, seed)
            found = recogniser.errors(said.wave, said.sample_rate, text)
            errors[row] += np.array([found.n_errors, found.n_words]) / talker.n_seeds
            levelled = normalise_loudness(said.wave, said.sample_rate, LOUDNESS_LUFS)
            mos[row] += np.array([dnsmos(wave, said.sample_rate) for wave in (said.wave, levelled)]) / talker.n_seeds
            seconds, sound_seconds = seconds + said.seconds, sound_seconds + len(said.wave) / said.sample_rate
            if seed == 0:
                waves.append(Clip(said.wave[None], said.sample_rate))
    return Heard(talker, errors, mos, waves, seconds, sound_seconds)


def percent_of_words(rows: np.ndarray) -> float:
    """Errors of all sentences over words of all sentences, ``rows (n, 2)``."""
    return 100 * rows[:, 0].sum() / rows[:, 1].sum()


def row_of(heard: Heard, reference: Heard | None) -> Row:
    """The figures of a talker, and how it differs from ``reference`` on the same sentences."""
    row = Row(
        heard.talker.name,
        len(heard.waves),
        bootstrap_interval(percent_of_words, [heard.errors]),
        *(bootstrap_interval(np.mean, [rated]) for rated in heard.mos.T),
        heard.real_time_factor,
    )
    if reference is None:
        return row
    more = np.column_stack([heard.errors[:, 0] - reference.errors[:, 0], heard.errors[:, 1]])
    less, levelled_less = (bootstrap_interval(np.mean, [rated]) for rated in (reference.mos - heard.mos).T)
    return replace(
        row,
        word_error_points_more=bootstrap_interval(percent_of_words, [more]),
        dnsmos_less=less,
        dnsmos_levelled_less=levelled_less,
    )


def compared(row: Row, heard: Heard, recorded: Heard, speakers: Speakers, natural: list[np.ndarray]) -> Row:
    """The row with its distances from the recordings of the same sentences; ``natural`` are embeddings of other recordings."""
    of_recorded = [speakers.embed(clip.wave[0], clip.sample_rate) for clip in recorded.waves]
    of_talker = [speakers.embed(clip.wave[0], clip.sample_rate) for clip in heard.waves]
    to_natural = Speakers.similarity(natural, of_talker)
    row = replace(row, similarity=to_natural, similarity_share=to_natural / Speakers.similarity(natural, of_recorded))
    if heard is recorded:
        return row
    apart = [
        distance(reference.wave[0], said.resample(reference.sample_rate).wave[0], reference.sample_rate)
        for reference, said in zip(recorded.waves, heard.waves, strict=True)
    ]
    return replace(
        row,
        cepstral_db=float(np.mean([each.cepstral_db for each in apart])),
        pitch_semitones=float(np.nanmean([each.pitch_semitones for each in apart])),
        voicing_percent=float(np.mean([each.voicing_percent for each in apart])),
    )


def shown(row: Row) -> str:
    """One line of a table."""
    spanned = lambda interval: f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"  # noqa: E731
    parts = [
        f"{row.name:24} word error {spanned(row.word_error_percent)} %, DNSMOS {spanned(row.dnsmos)}, levelled {spanned(row.dnsmos_levelled)}"
    ]
    if row.word_error_points_more and row.dnsmos_less and row.dnsmos_levelled_less:
        less = f"DNSMOS {spanned(row.dnsmos_less)} less, levelled {spanned(row.dnsmos_levelled_less)} less"
        parts.append(f"{spanned(row.word_error_points_more)} points more, {less}")
    if row.cepstral_db is not None:
        parts.append(
            f"MCD {row.cepstral_db:.2f} dB, F0 {row.pitch_semitones:.2f} st, voicing {row.voicing_percent:.1f} %"
        )
    if row.similarity is not None:
        parts.append(f"speaker {row.similarity:.3f} ({row.similarity_share:.3f} of natural)")
    if row.real_time_factor is not None:
        parts.append(f"RTF {row.real_time_factor:.4f}")
    return "; ".join(parts)


def bars(forty: dict[str, Row], hundred: dict[str, Row], name: str) -> dict[str, bool]:
    """Which bars a voice keeps."""
    row, other = forty[name], hundred[name]
    kept = {
        "word error at most 2 points above the recordings": _at_most(
            row.word_error_points_more, MOST_WORD_ERROR_POINTS
        ),
        "DNSMOS at least the recordings' minus 0.15": _at_most(row.dnsmos_less, MOST_DNSMOS_LOSS),
        "speaker at least 0.85 of natural to natural": (row.similarity_share or 0) >= LEAST_SIMILARITY_SHARE,
    }
    if "flite" in hundred:
        most = MOST_FLITE_SHARE * hundred["flite"].word_error_percent.value
        kept["word error at most half of flite's"] = other.word_error_percent.value <= most
        kept["faster than flite"] = (other.real_time_factor or 0) < (hundred["flite"].real_time_factor or 0)
    return kept


def _at_most(interval: Interval | None, most: float) -> bool:
    return interval is not None and interval.value <= most


def test_sentences(corpus: Path, speaker: str) -> tuple[list[Entry], list[Entry]]:
    """One recording of each held-out sentence of a speaker, and recordings of other sentences that show how it sounds.

    Raises BadFolder where the corpus has none.
    """
    entries = [
        entry
        for entry in scan(corpus, manifest=corpus / "manifest.jsonl").entries
        if entry.speaker == speaker and entry.text
    ]
    held_out = {str(entry.text): entry for entry in reversed(entries) if entry.split == "test"}
    others = [entry for entry in entries if entry.split == "train"]
    if not held_out or len(others) < N_NATURAL:
        raise BadFolder(
            f"{corpus} has {len(held_out)} held-out sentences of {speaker} and {len(others)} others; more are needed."
        )
    chosen = sorted(np.random.default_rng(0).choice(len(others), N_NATURAL, replace=False))
    return sorted(held_out.values(), key=lambda entry: entry.path), [others[row] for row in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpora/speech"))
    parser.add_argument("--speaker", default="kathleen", help="whose held-out sentences are said")
    parser.add_argument("--voice", action="append", default=None)
    parser.add_argument(
        "--vocoder",
        action="append",
        default=None,
        help="first the one of all voices, then further ones of the first voice",
    )
    parser.add_argument("--no-voices", action="store_true", help="recordings and peers alone")
    parser.add_argument("--recogniser", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--out", type=Path, default=None, help="folder for what was said, to listen to")
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    names, vocoders = given.voice or ["en-kathleen"], given.vocoder or ["vocoder", "wavenet"]
    try:
        recogniser, speakers = Recogniser(given.recogniser), Speakers()
        entries, others = test_sentences(given.corpus, given.speaker)
        talkers = peers()
        if not given.no_voices:
            talkers += [copies(entries, vocoders[0]), *(voice(name, vocoders[0], N_SEEDS) for name in names)]
            talkers += [voice(names[0], vocoder, 1) for vocoder in vocoders[1:]]
    except WavewrightError as error:
        parser.error(str(error))
    natural = [
        speakers.embed(clip.wave[0], clip.sample_rate) for clip in (Clip.read(entry.path).mono() for entry in others)
    ]
    texts = [str(entry.text) for entry in entries]
    recorded = hear(recordings(entries), texts, recogniser)
    forty, hundred = {}, {}
    for talker in [recorded.talker, *talkers]:
        heard = recorded if talker is recorded.talker else hear(talker, texts, recogniser)
        row = compared(row_of(heard, None if heard is recorded else recorded), heard, recorded, speakers, natural)
        forty[talker.name] = row
        print(shown(row), flush=True)
        keep(heard, given.out)
    lines = HUNDRED.read_text(encoding="utf-8").splitlines()
    reference: Heard | None = None
    for talker in talkers:
        if not talker.is_recorded:
            heard = hear(talker, lines, recogniser)
            hundred[talker.name] = row_of(heard, reference)
            print(f"100: {shown(hundred[talker.name])}", flush=True)
            reference = heard if talker.name == "flite" else reference
    kept = {talker.name: bars(forty, hundred, talker.name) for talker in talkers if talker.n_seeds == N_SEEDS}
    for name, verdicts in kept.items():
        print(*(f"{name}: {bar}: {'kept' if is_kept else 'MISSED'}" for bar, is_kept in verdicts.items()), sep="\n")
    if given.json:
        tables = {"recorded_sentences": [*forty.values()], "hundred": [*hundred.values()], "bars": kept}
        given.json.write_text(json.dumps(plain(tables), indent=1) + "\n", encoding="utf-8")


def keep(heard: Heard, folder: Path | None) -> None:
    """Write what was said as files to listen to, where that is asked for."""
    if folder is not None:
        place = folder / heard.talker.name.replace(" ", "-").replace("/", "-")
        place.mkdir(parents=True, exist_ok=True)
        for number, clip in enumerate(heard.waves, 1):
            clip.write(place / f"{number:02d}.wav")


if __name__ == "__main__":
    main()
