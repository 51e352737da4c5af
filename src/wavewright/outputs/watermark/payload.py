"""Payload of the mark, 16 bits of model and version, and the keyed sequences of signs that carry it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...base.errors import BadSetting

MODEL_DIGITS = 3
"""Hexadecimal digits of a model's hash in the payload."""

VERSION_BITS = 4

MARK_VERSION = 1
"""Version of the mark that this version of Wavewright writes."""

_N_MODELS = 16**MODEL_DIGITS
_N_VERSIONS = 2**VERSION_BITS


@dataclass(frozen=True)
class Payload:
    """The number in a mark.

    - ``model``: first three hexadecimal digits of the model's hash, 0 to 4095; 0 for an unknown model.
    - ``version``: version of the mark, 0 to 15.

    Raises BadSetting if a number is out of range.
    """

    model: int = 0
    version: int = MARK_VERSION

    def __post_init__(self) -> None:
        if not 0 <= self.model < _N_MODELS or not 0 <= self.version < _N_VERSIONS:
            raise BadSetting(
                f"The payload is model {self.model} and version {self.version}; the model is a number from 0 to "
                f"{_N_MODELS - 1}, the version one from 0 to {_N_VERSIONS - 1}."
            )

    @classmethod
    def of_model(cls, model_hash: str) -> Payload:
        """Return the payload for a model's hash, of which the first three hexadecimal digits are kept."""
        return cls(int(model_hash[:MODEL_DIGITS], 16))

    @classmethod
    def from_bytes(cls, numbers: tuple[int, int]) -> Payload:
        """Return the payload of its two bytes."""
        number = 256 * numbers[0] + numbers[1]
        return cls(number >> VERSION_BITS, number % _N_VERSIONS)

    def to_bytes(self) -> tuple[int, int]:
        """Return the payload as two bytes."""
        return divmod((self.model << VERSION_BITS) + self.version, 256)

    @property
    def model_prefix(self) -> str:
        """First hexadecimal digits of the model's hash."""
        return f"{self.model:0{MODEL_DIGITS}x}"


NO_MODEL = Payload()
"""Payload of sound by no known model."""


DEFAULT_KEY = "wavewright"
"""Key of marks that anybody may detect."""

CHIP_RATE_HZ = 16_000
"""Signs per second, and the sample rate of the detector."""

N_CHIPS = 3_840
"""Signs of a period of 0.24 s, which is a whole number of samples at all usual sample rates."""

PERIOD_S = N_CHIPS / CHIP_RATE_HZ

LOWEST_HARMONIC, HIGHEST_HARMONIC = 60, 1_560
"""Harmonics of the period in the mark: 250 Hz, and below 6500 Hz."""

N_SEQUENCES = 3
"""One sequence for the position, and one for each byte of the payload, shifted by it."""

SHIFT_CHIPS = N_CHIPS // 256
"""Cyclic shift of a sequence for each unit of its byte."""


def keyed_signs(key: str, name: str, n_signs: int) -> np.ndarray:
    """Return signs, -1 or 1 ``(n_signs,)``, by SHAKE-256 of the key and a name.

    Without the key, they are as good as signs drawn at random.
    """
    digest = hashlib.shake_256(f"wavewright watermark\0{name}\0{key}".encode()).digest(-(-n_signs // 8))
    return 2.0 * np.unpackbits(np.frombuffer(digest, np.uint8))[:n_signs] - 1.0


@lru_cache(maxsize=16)
def sequence_spectra(key: str) -> np.ndarray:
    """Return the harmonics of the sequences ``(N_SEQUENCES, harmonics)`` from LOWEST_HARMONIC on."""
    signs = np.stack([keyed_signs(key, f"noise {index}", N_CHIPS) for index in range(N_SEQUENCES)])
    return np.fft.rfft(signs)[:, LOWEST_HARMONIC:HIGHEST_HARMONIC]


def carrier_spectrum(key: str, payload: Payload) -> np.ndarray:
    """Return the harmonics ``(harmonics,)`` of the carrier: the sequences, shifted by the payload, of unit power."""
    spectra = sequence_spectra(key)
    harmonics = np.arange(LOWEST_HARMONIC, HIGHEST_HARMONIC)
    shifts = SHIFT_CHIPS * np.array((0, *payload.to_bytes()))
    shifted = spectra * np.exp(-2j * np.pi / N_CHIPS * np.outer(shifts, harmonics))
    return np.asarray(shifted.sum(axis=0) / np.sqrt(N_SEQUENCES))
