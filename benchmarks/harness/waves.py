"""Waves ``(time,)``: other rates and lengths, delays that are taken back, and codecs of FFmpeg."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

from wavewright.audio.clip import Clip


def resampled(wave: np.ndarray, sample_rate: int, to: int) -> np.ndarray:
    """Return a wave at another rate, as float32."""
    return Clip(np.asarray(wave, np.float32)[None], sample_rate).resample(to).wave[0]


def of_length(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """Return a wave that is cut or followed by silence."""
    return np.pad(wave[:n_samples], (0, max(0, n_samples - len(wave))))


def in_time(wave: np.ndarray, source: np.ndarray, max_delay: int) -> np.ndarray:
    """Return a wave from the shift at which it correlates most with its source, and as long as that."""
    n_fft = 1 << (len(source) + len(wave) - 1).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(wave, n_fft) * np.fft.rfft(source, n_fft).conj(), n_fft)
    return of_length(wave[int(np.argmax(correlation[: max_delay + 1])) :], len(source))


def through_codec(
    wave: np.ndarray,
    sample_rate: int,
    codec: str,
    container: str,
    kbps: float,
    settings: Mapping[str, str] | None = None,
) -> tuple[np.ndarray, int]:
    """Return the copy of a wave by a codec of PyAV at its rate, with the codec's delay, and the bytes of the file."""
    import av

    stored = io.BytesIO()
    source = av.AudioFrame.from_ndarray(np.clip(wave, -1, 1).astype(np.float32)[None], format="flt", layout="mono")
    source.sample_rate = sample_rate
    with av.open(stored, "w", format=container) as file:
        stream = file.add_stream(codec, rate=sample_rate, layout="mono", options=dict(settings or {}))
        stream.bit_rate = round(1_000 * kbps)
        converter = av.AudioResampler(stream.codec_context.format, "mono", sample_rate, stream.frame_size or 960)
        for frame in (*converter.resample(source), *converter.resample(None), None):
            file.mux(stream.encode(frame))
    stored.seek(0)
    back = av.AudioResampler("flt", "mono", sample_rate)
    with av.open(stored) as file:
        frames = [frame for each in file.decode(audio=0) for frame in back.resample(each)] + back.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames if frame is not None]), len(stored.getvalue())
