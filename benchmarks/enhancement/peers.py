"""Other programs: those that enhance speech, as functions of waves at 16 kHz to waves in time with them, and rooms."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.harness.judges import SAMPLE_RATE
from benchmarks.harness.peers import Peer
from benchmarks.harness.script import Report
from benchmarks.harness.waves import in_time, resampled
from wavewright.dsp.rooms import Room

RNNOISE = Peer("RNNoise", "pip install pyrnnoise==0.4.5", module="pyrnnoise")
WEBRTC = Peer("WebRTC's audio processing", "pip install pywebrtc-audio==0.2.0", module="pywebrtc_audio")
SPEEX = Peer("SpeexDSP", "pip install pyaec==1.0.1", module="pyaec")
RNNOISE_RATE, RNNOISE_FRAME = 48_000, 480
MAX_DELAY = 800  # samples, of a program, which is found by correlation and taken back
WEBRTC_FRAME, WEBRTC_LEVEL = 160, 2  # levels are 0 (mild) to 3
SPEEX_FRAME, SPEEX_FILTER, GTCRN_FFT, GTCRN_HOP = 256, 4_096, 512, 256
LIBROSA = Peer("harmonic-percussive separation and REPET-SIM", "pip install librosa==0.11.0", module="librosa")
LONG_FFT, SHORT_FFT, SIMILAR_SECONDS = 8_192, 2_048, 2.0
SEPARATION_RATE = 44_100
PYROOMACOUSTICS = Peer("pyroomacoustics", "pip install pyroomacoustics==0.10.1", module="pyroomacoustics")
SMALLEST, LARGEST = (3.0, 3.0, 2.4), (9.0, 7.0, 4.0)  # metres
WALL, MAX_ORDER = 0.5, 40  # distance of source and microphone from the walls, and reflections

Denoise = Callable[[np.ndarray], np.ndarray]
CancelEcho = Callable[[np.ndarray, np.ndarray], np.ndarray]


def denoising_peers(gtcrn: Path | None, report: Report) -> dict[str, Denoise]:
    """Return the denoisers that are installed, by name; note the others in ``report``.

    ``gtcrn`` is a copy of the repository Xiaobin-Rong/gtcrn with its two checkpoints.
    """
    peers: dict[str, Denoise] = {"RNNoise": rnnoise} if report.has(RNNOISE) else {}
    if report.has(WEBRTC):
        peers["WebRTC"] = webrtc_suppressor
    if gtcrn is None:
        report.note("GTCRN: left out; give --gtcrn a copy of the repository Xiaobin-Rong/gtcrn.")
    else:
        for path in sorted((gtcrn / "checkpoints").glob("*.tar")):
            peers[f"GTCRN {path.stem.removeprefix('model_trained_on_')}"] = gtcrn_denoiser(gtcrn, path)
    return peers


def echo_cancelling_peers(report: Report) -> dict[str, CancelEcho]:
    """Return the echo cancellers that are installed, by name; note the others in ``report``."""
    peers = ((SPEEX, "SpeexDSP", speex_canceller), (WEBRTC, "WebRTC AEC3", webrtc_canceller))
    return {name: cancel for peer, name, cancel in peers if report.has(peer, name)}


def rnnoise(wave: np.ndarray) -> np.ndarray:
    """Denoise a wave ``(time,)`` by RNNoise at 48 kHz."""
    from pyrnnoise.rnnoise import create, destroy, process_mono_frame

    high = resampled(wave, SAMPLE_RATE, RNNOISE_RATE)
    state = create()
    denoised = _by_frames(
        high[None].clip(-1, 1),
        RNNOISE_FRAME,
        lambda frame: process_mono_frame(state, (32_767 * frame[0]).astype(np.int16))[0] / 32_768,
    )
    destroy(state)
    return in_time(resampled(denoised, RNNOISE_RATE, SAMPLE_RATE), wave, MAX_DELAY)


def webrtc_suppressor(wave: np.ndarray) -> np.ndarray:
    """Denoise a wave ``(time,)`` by WebRTC's noise suppressor."""
    from pywebrtc_audio import NoiseSuppressor

    suppressor = NoiseSuppressor(SAMPLE_RATE, 1, WEBRTC_LEVEL)
    denoised = _by_frames(wave[None], WEBRTC_FRAME, lambda frame: suppressor.process(frame[0].copy()))
    return in_time(denoised, wave, MAX_DELAY)


def webrtc_canceller(microphone: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Remove echo from a wave ``(time,)`` by WebRTC's AEC3."""
    from pywebrtc_audio import EchoCanceller

    canceller = EchoCanceller(SAMPLE_RATE, 1)
    waves = np.stack([microphone, far])
    cancelled = _by_frames(waves, WEBRTC_FRAME, lambda frame: canceller.process(frame[0].copy(), frame[1].copy()))
    return in_time(cancelled, microphone, MAX_DELAY)


def speex_canceller(microphone: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Remove echo from a wave ``(time,)`` by SpeexDSP's filter and residual suppressor."""
    from pyaec import Aec

    canceller = Aec(SPEEX_FRAME, SPEEX_FILTER, SAMPLE_RATE, True)

    def cancel(frame: np.ndarray) -> np.ndarray:
        rows = (frame.clip(-1, 1) * 32_767).astype(np.int16)
        return np.array(canceller.cancel_echo(rows[0].tolist(), rows[1].tolist()), np.float32) / 32_768

    return _by_frames(np.stack([microphone, far]), SPEEX_FRAME, cancel)


def gtcrn_denoiser(folder: Path, checkpoint: Path) -> Denoise:
    """Return the denoiser of a checkpoint of GTCRN."""
    import torch

    sys.path.insert(0, str(folder))
    from gtcrn import GTCRN

    network = GTCRN().eval()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["model"])
    window = torch.hann_window(GTCRN_FFT).sqrt()

    @torch.no_grad()
    def denoise(wave: np.ndarray) -> np.ndarray:
        spectra = torch.stft(torch.from_numpy(wave), GTCRN_FFT, GTCRN_HOP, window=window, return_complex=True)
        enhanced = torch.view_as_complex(network(torch.view_as_real(spectra)[None])[0].contiguous())
        return torch.istft(enhanced, GTCRN_FFT, GTCRN_HOP, window=window, length=len(wave)).numpy()

    return denoise


def separating_peers(report: Report) -> dict[str, Denoise]:
    """Return the methods without a network that part speech from music, by name, of waves ``(channels, time)``."""
    return {"harmonic-percussive": transients, "REPET-SIM": unlike_parts} if report.has(LIBROSA) else {}


def transients(wave: np.ndarray) -> np.ndarray:
    """Return what is percussive in windows so long that music is steady in them and speech is not."""
    import librosa

    spectra = librosa.stft(wave, n_fft=LONG_FFT)
    return librosa.istft(librosa.decompose.hpss(spectra)[1], n_fft=LONG_FFT, length=wave.shape[1])


def unlike_parts(wave: np.ndarray) -> np.ndarray:
    """Return what differs from the median of the most similar frames, which are the accompaniment."""
    import librosa

    spectra = librosa.stft(wave, n_fft=SHORT_FFT)
    frames = librosa.time_to_frames(SIMILAR_SECONDS, sr=SEPARATION_RATE, n_fft=SHORT_FFT)
    width = max(1, min(int(frames), spectra.shape[2] // 4))
    parts = []
    for channel in spectra:
        size = np.abs(channel)
        similar = librosa.decompose.nn_filter(size, aggregate=np.median, metric="cosine", width=width)
        mask = 1 - np.minimum(size, similar) / np.maximum(size, 1e-9)
        parts.append(librosa.istft(mask * channel, n_fft=SHORT_FFT, length=wave.shape[1]))
    return np.stack(parts)


def simulated_response(
    rng: np.random.Generator, report: Report, t60: tuple[float, float], distance: tuple[float, float]
) -> np.ndarray:
    """Return an impulse response ``(time,)`` at SAMPLE_RATE; the direct sound is the first sample, 1.

    ``t60`` and ``distance`` are ranges of the reverberation time in seconds and of the distance in metres. Rooms are
    pyroomacoustics', or Wavewright's own where that is not installed.
    """
    if not report.has(PYROOMACOUSTICS, "Rooms of another program than the one that models are trained in"):
        size = rng.uniform(SMALLEST, LARGEST)
        return Room(size, rng.uniform(*t60)).response(rng, SAMPLE_RATE, max_distance=distance[1])
    import pyroomacoustics

    while True:
        size = rng.uniform(SMALLEST, LARGEST)
        try:
            absorption, order = pyroomacoustics.inverse_sabine(rng.uniform(*t60), size)
        except ValueError:  # so short a reverberation is impossible in so large a room
            continue
        microphone = rng.uniform(WALL, size - WALL)
        direction = rng.standard_normal(3)
        source = microphone + rng.uniform(*distance) * direction / np.linalg.norm(direction)
        if (source > WALL).all() and (source < size - WALL).all():
            break
    room = pyroomacoustics.ShoeBox(
        size, fs=SAMPLE_RATE, materials=pyroomacoustics.Material(absorption), max_order=min(order, MAX_ORDER)
    )
    room.add_source(source)
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0])
    start = int(np.abs(response).argmax())
    return (response[start:] / response[start]).astype(np.float32)


def convolved(wave: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Return a wave ``(time,)`` in a room, of the same length."""
    from scipy.signal import oaconvolve

    return oaconvolve(wave, response)[: len(wave)].astype(np.float32)


def _by_frames(waves: np.ndarray, frame_length: int, process: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the output ``(time,)`` of a process of frames ``(rows, frame_length)``."""
    n_samples = waves.shape[1]
    padded = np.pad(waves, ((0, 0), (0, -n_samples % frame_length))).astype(np.float32)
    frames = [process(padded[:, start : start + frame_length]) for start in range(0, padded.shape[1], frame_length)]
    return np.concatenate(frames)[:n_samples].astype(np.float32)
