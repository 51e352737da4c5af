"""Payload of the mark: 16 bits that name the model and the version of the mark."""

from __future__ import annotations

from dataclasses import dataclass

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
