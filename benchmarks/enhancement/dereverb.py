"""Measure dereverberation of sentences in rooms: the bundled model and weighted prediction error (WPE).

    python -m benchmarks enhancement.dereverb --speech corpora/prompts --json dereverb.json

Each sentence is in a room of its own, simulated by pyroomacoustics, with a reverberation time of 0.3 to 1.0 s and the
source 1 to 3 m away, and faint noise 40 dB below. With ``--responses``, all sentences are also in each room of a folder
of measured impulse responses, such as docs/audio of the public repository notthetup/auralizr (from the OpenAIR
library, for judging only). SRMR, which needs no reference, wide-band PESQ and STOI (in percent) against the dry
sentence, and word errors as in benchmarks/harness/judges.py. WPE is that of ``enhance --dereverb`` and, where it is
installed, that of nara-wpe with the same settings. A model is measured alone, as ``enhance -`` uses it, and behind WPE,
as ``enhance --denoise --dereverb`` does for files. The first row is that of the dry sentences.

That WPE comes before the denoiser, and the limit of 12 dB, were chosen on held-out sentences of training speakers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.enhancement.peers import convolved, simulated_response
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_responses, smoke_speech
from benchmarks.harness.judges import JUDGE_OPTIONS, RATINGS, SAMPLE_RATE, Judges, means
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Table, columns
from wavewright.contracts.enhancement import EnhancementSettings
from wavewright.dsp.wpe import DELAY, N_ITERATIONS, N_TAPS, dereverberate
from wavewright.families import loading
from wavewright.metrics.paired import files_by_name
from wavewright.metrics.reverberation import srmr
from wavewright.tasks.enhance import DEREVERB_ATTENUATION_DB

NARA_WPE = Peer("nara-wpe", "pip install nara-wpe==0.0.11", module="nara_wpe")
T60, DISTANCE = (0.3, 1.0), (1.0, 3.0)
PEAK, NOISE = 0.5, 0.01  # of the reverberant sentence; of the noise over its level
SEED = 31
MODEL = "denoise-16k"

DEREVERBERATED = Table("dereverberated", columns(room="s", method="s", clips="d", srmr=".2f") | RATINGS)

Dereverberate = Callable[[np.ndarray], np.ndarray]


def nara_wpe(wave: np.ndarray) -> np.ndarray:
    """Dereverberate a wave ``(time,)`` by nara-wpe."""
    from nara_wpe.utils import istft, stft
    from nara_wpe.wpe import wpe_v8

    spectra = stft(wave[None], size=512, shift=128).transpose(2, 0, 1)
    dry = wpe_v8(spectra, taps=N_TAPS, delay=DELAY, iterations=N_ITERATIONS).transpose(1, 2, 0)
    return istft(dry, size=512, shift=128)[0][: len(wave)].astype(np.float32)


def methods_of(report: Report) -> dict[str, Dereverberate]:
    """Return the methods by name: WPE, and a model alone, as in streams, and behind WPE, as for files."""
    settings = EnhancementSettings(dereverb=True, max_attenuation_db=DEREVERB_ATTENUATION_DB)
    enhance = partial(loading.load_enhancer(MODEL).enhance, settings=settings)
    methods: dict[str, Dereverberate] = {"none": lambda wave: wave, "WPE": wpe}
    if report.has(NARA_WPE):
        methods["nara-wpe"] = nara_wpe
    return methods | {MODEL: enhance, f"WPE and {MODEL}": lambda wave: enhance(wpe(wave))}


def wpe(wave: np.ndarray) -> np.ndarray:
    """Dereverberate a wave ``(time,)`` as ``enhance --dereverb`` does."""
    return dereverberate(wave[None], SAMPLE_RATE)[0]


def in_room(rng: np.random.Generator, sentence: np.ndarray, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a sentence, and the same in a room with faint noise, as loud as each other before the reflections."""
    wet = convolved(sentence, response)
    gain = np.float32(PEAK / np.abs(wet).max())
    noise = rng.standard_normal(len(wet)) * NOISE * np.std(gain * wet)
    return gain * sentence, (gain * wet + noise).astype(np.float32)


def measure(options: Options, report: Report) -> None:
    """Add a row for each room and method, and one of the dry sentences."""
    judges = Judges(options, report, with_pesq=True)
    entries = corpus_entries(options.speech, "test", needs_text=True, min_seconds=2.0)
    chosen = draw_entries(entries, options.count)
    texts = [str(entry.text) for entry in chosen]
    sentences = [read_wave(entry.path, SAMPLE_RATE) for entry in chosen]
    rng = np.random.default_rng(SEED)
    pairs = {"none": [(sentence, sentence) for sentence in sentences]}
    pairs["simulated"] = [
        in_room(rng, sentence, simulated_response(rng, report, T60, DISTANCE)) for sentence in sentences
    ]
    for name, path in files_by_name(options.responses, []).items() if options.responses else ():
        response = read_wave(path, SAMPLE_RATE)
        start = int(np.abs(response).argmax())  # the direct sound, which is 1
        response = response[start:] / response[start]
        pairs[name] = [in_room(rng, sentence, response) for sentence in sentences]
    methods = methods_of(report)
    for room, of_room in pairs.items():
        for name, method in methods.items() if room != "none" else [("none", methods["none"])]:
            estimates = [method(wet) for _, wet in of_room]
            rows = judges.ratings(estimates, texts, [dry for dry, _ in of_room])
            rows = [row | {"srmr": srmr(wave, SAMPLE_RATE)} for row, wave in zip(rows, estimates, strict=True)]
            report.add(DEREVERBERATED, means(rows), room=room, method=name, clips=len(rows))


BENCHMARK = Benchmark(
    measure,
    Option("speech", Path("corpora/prompts"), "a corpus with texts", smoke=smoke_speech),
    Option("responses", type=Path, help="a folder of measured impulse responses", smoke=smoke_responses),
    Option("count", 40, smoke=1),
    *JUDGE_OPTIONS,
)
