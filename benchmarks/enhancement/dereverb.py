"""Measure dereverberation of sentences in rooms: the bundled model and weighted prediction error (WPE).

    python recipes/corpora prompts --asterisk FOLDER --out corpora/prompts
    python -m benchmarks enhancement.dereverb --speech corpora/prompts --json dereverb.json

Each sentence is in a room of its own, simulated by pyroomacoustics, with a reverberation time of 0.3 to 1.0 s and the
source 1 to 3 m away, and faint noise 40 dB below. With ``--responses``, all sentences are also in each room of a folder
of measured impulse responses, such as docs/audio of the public repository notthetup/auralizr (from the OpenAIR
library, for judging only). SRMR, which needs no reference, wide-band PESQ and STOI (in percent) against the dry
sentence, and word errors as in benchmarks/speech/judges.py. WPE is that of ``enhance --dereverb`` and, where it is
installed, that of nara-wpe with the same settings. A model is measured alone, as ``enhance -`` uses it, and behind WPE,
as ``enhance --denoise --dereverb`` does for files. The first row is that of the dry sentences.

That WPE comes before the denoiser, and the limit of 12 dB, were chosen on held-out sentences of training speakers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.enhancement.peers import PYROOMACOUSTICS, convolved, simulated_response
from benchmarks.harness.corpora import corpus_entries, draw_entries, read_wave, smoke_responses, smoke_speech
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Benchmark, Option, Options, Report, Row, Table, columns
from benchmarks.speech.judges import JUDGE_OPTIONS, RATINGS, SAMPLE_RATE, Judges, mean_interval
from wavewright.audio.clip import Clip
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

DEREVERBERATED = Table(
    "dereverberated",
    columns(room="s", method="s", clips="d", srmr=".2f") | RATINGS,
)

Dereverberate = Callable[[np.ndarray], np.ndarray]
Pairs = list[tuple[np.ndarray, np.ndarray]]
"""Waves of dry sentences and of the same in a room."""


def nara_wpe(wave: np.ndarray) -> np.ndarray:
    """Dereverberate a wave ``(time,)`` by nara-wpe."""
    from nara_wpe.utils import istft, stft
    from nara_wpe.wpe import wpe_v8

    spectra = stft(wave[None], size=512, shift=128).transpose(2, 0, 1)
    dry = wpe_v8(spectra, taps=N_TAPS, delay=DELAY, iterations=N_ITERATIONS).transpose(1, 2, 0)
    estimate: np.ndarray = istft(dry, size=512, shift=128)[0][: len(wave)].astype(np.float32)
    return estimate


def methods_of(options: Options, report: Report) -> dict[str, Dereverberate]:
    """Return the methods by name; note those that are not installed in ``report``."""
    methods: dict[str, Dereverberate] = {"none": lambda wave: wave}
    methods["WPE"] = lambda wave: dereverberate(wave[None], SAMPLE_RATE)[0]
    if report.has(NARA_WPE):
        methods["nara-wpe"] = nara_wpe
    for name in options.model:
        methods |= model_methods(name)
    return methods


def model_methods(name: str) -> dict[str, Dereverberate]:
    """Return a model alone, as in streams, and behind WPE, as for files, both with the limit of ``enhance``."""
    model = loading.load_enhancer(name)
    settings = EnhancementSettings(dereverb=True, max_attenuation_db=DEREVERB_ATTENUATION_DB)
    return {
        name: lambda wave: model.enhance(wave, settings),
        f"WPE and {name}": lambda wave: model.enhance(dereverberate(wave[None], SAMPLE_RATE)[0], settings),
    }


def measure_method(room: str, name: str, method: Dereverberate, pairs: Pairs, texts: list[str], judges: Judges) -> Row:
    """Return the row of a method for sentences in a room."""
    estimates = [method(wet) for _, wet in pairs]
    ratio = mean_interval([srmr(estimate, SAMPLE_RATE) for estimate in estimates])
    ratings = judges.ratings(estimates, texts, [dry for dry, _ in pairs])
    return {"room": room, "method": name, "clips": len(pairs), "srmr": ratio, **ratings.cells()}


def measured_response(path: Path) -> np.ndarray:
    """Return the first channel of a recorded impulse response ``(time,)`` from the direct sound on, which is 1."""
    response = Clip.read(path).resample(SAMPLE_RATE).wave[0]
    start = int(np.abs(response).argmax())
    return response[start:] / response[start]


def in_room(rng: np.random.Generator, sentence: np.ndarray, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a sentence, and the same in a room with faint noise, as loud as each other before the reflections."""
    wet = convolved(sentence, response)
    gain = np.float32(PEAK / np.abs(wet).max())
    noise = rng.standard_normal(len(wet)) * NOISE * np.std(gain * wet)
    return gain * sentence, (gain * wet + noise).astype(np.float32)


def measure(options: Options, report: Report) -> None:
    """Add a row for each method."""
    judges = Judges(options, report, with_pesq=True)
    report.has(PYROOMACOUSTICS, "Rooms of another program than the one that models are trained in")
    entries = corpus_entries(options.speech, options.split, needs_text=True, min_seconds=options.min_seconds)
    chosen = draw_entries(entries, options.count)
    texts = [str(entry.text) for entry in chosen]
    sentences = [read_wave(entry.path, SAMPLE_RATE) for entry in chosen]
    dry = [(sentence, sentence) for sentence in sentences]
    report.add(DEREVERBERATED, measure_method("none", "none", lambda wave: wave, dry, texts, judges))
    rng = np.random.default_rng(SEED)
    rooms = {
        "simulated": [
            in_room(rng, sentence, simulated_response(rng, SAMPLE_RATE, T60, DISTANCE)) for sentence in sentences
        ]
    }
    for name, path in files_by_name(options.responses, []).items() if options.responses else ():
        response = measured_response(path)
        rooms[name] = [in_room(rng, sentence, response) for sentence in sentences]
    methods = methods_of(options, report)
    for room, pairs in rooms.items():
        for name, method in methods.items():
            report.add(DEREVERBERATED, measure_method(room, name, method, pairs, texts, judges))


BENCHMARK = Benchmark(
    __doc__,
    (DEREVERBERATED,),
    measure,
    Option("speech", Path("corpora/prompts"), "a corpus with texts", smoke=smoke_speech),
    Option("responses", type=Path, help="a folder of measured impulse responses", smoke=smoke_responses),
    Option("split", "test"),
    Option("model", ["denoise-16k"], "denoisers at 16 kHz"),
    Option("count", 40, smoke=1),
    Option("min_seconds", 2.0),
    *JUDGE_OPTIONS,
)
