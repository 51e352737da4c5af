"""Configuration of the acoustic networks, and their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ...base.errors import BadSetting
from ...base.ranges import check_distinct, check_names, ranged
from ...contracts.config import MAX_STEPS, SpeechMelConfig
from ...text.shared_symbols import shared_signs

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"
SPEAKERS_FILE = "speakers.safetensors"
"""In a model folder: ``usual_style (speakers, n_styles)``, the mean style of a speaker's recordings, and
``pace (speakers,)``, the mean ratio of recorded to predicted durations: the predictor learns the mean of logarithms,
whose exponential is below the mean."""
WEIGHT_PREFIX = "voice."
"""Prefix of the network's weights in a model folder."""

BOUNDARY = "|"  # between words; may have no frames
N_PROSODY = 3  # numbers for each symbol: octaves, voicing, energy

METRICS = (
    "valid/mel",
    "valid/envelope",
    "valid/free_running",
    "valid/duration_ms",
    "valid/pitch_semitones",
    "valid/alignment",
)
"""Validation metrics, any of which may choose the best checkpoint."""


@dataclass(frozen=True)
class AcousticConfig(SpeechMelConfig):
    """Configuration of the networks."""

    TITLE = "a voice"
    VALIDATION_METRICS = METRICS
    LABELS_REMEDY = "leave labels empty, and name speakers in a manifest instead"

    language: str = "en"  # of the front end
    languages: tuple[str, ...] = ()  # all that the voice speaks, with phones of one sign in common; empty: language
    symbols: tuple[str, ...] = ()  # of the front end, or the signs of several; set when the recordings are prepared
    speakers: tuple[str, ...] = ()  # all speakers of the recordings, unless some are named here
    channels: int = ranged(192, 16, 1_024)
    hidden: int = ranged(576, 16, 4_096)  # channels between the two products of a block
    n_heads: int = ranged(2, 1, 16)
    encoder_blocks: int = ranged(4, 1, 32)
    encoder_kernel_size: int = ranged(5, 1, 31)  # symbols
    decoder_blocks: int = ranged(6, 1, 32)
    decoder_kernel_size: int = ranged(9, 1, 31)  # frames
    predictor_channels: int = ranged(192, 16, 1_024)
    aligner_channels: int = ranged(64, 8, 512)
    n_styles: int = ranged(8, 1, 64)
    dropout: float = ranged(0.1, 0.0, 0.9)
    predictor_dropout: float = ranged(0.4, 0.0, 0.9)  # of duration and prosody, which overfit sooner
    critic_channels: int = ranged(64, 4, 256)
    classifier_channels: int = ranged(128, 4, 1_024)  # of the phone classifier
    synthesis_from: int = ranged(1_500, 0, MAX_STEPS)  # from this step all but the aligner is trained
    joint_alignment_from: int = ranged(
        3_000, 0, MAX_STEPS
    )  # step from which the phone classifier aligns, too; 0: never
    adversarial_from: int = ranged(0, 0, MAX_STEPS)  # step from which critics train the decoder, too; 0: never

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(speakers=self.speakers)
        check_distinct(symbols=self.symbols, languages=self.languages)
        if self.languages and self.language not in self.languages:
            raise BadSetting(
                f"language is {self.language!r} and languages are {', '.join(self.languages)}; it must be one of them."
            )
        if self.channels % self.n_heads:
            raise BadSetting(f"channels is {self.channels}; it must be a multiple of n_heads ({self.n_heads}).")
        kernel_sizes = {
            "encoder_kernel_size": self.encoder_kernel_size,
            "decoder_kernel_size": self.decoder_kernel_size,
        }
        for name, kernel_size in kernel_sizes.items():
            if kernel_size % 2 == 0:
                raise BadSetting(f"{name} is {kernel_size}; it must be odd, so that the kernel is centred.")
        later_stages = {
            "joint_alignment_from": self.joint_alignment_from,
            "adversarial_from": self.adversarial_from,
        }
        for name, step in later_stages.items():
            if 0 < step <= self.synthesis_from:
                raise BadSetting(
                    f"{name} is {step}; it must be 0, or come after synthesis_from ({self.synthesis_from})."
                )

    @property
    def n_speakers(self) -> int:
        """Number of speakers; one if they have no names."""
        return max(len(self.speakers), 1)

    @property
    def all_languages(self) -> tuple[str, ...]:
        """The languages that the voice speaks, that of ``language`` first."""
        return tuple(dict.fromkeys((self.language, *self.languages)))

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each symbol of the front ends; phones of two languages with one sign have one row.

        Raises BadSetting or MissingExtra if a language has no front end here.
        """
        index = {symbol: row for row, symbol in enumerate(self.symbols)}
        if not self.languages:
            return index
        return {symbol: index[sign] for symbol, sign in shared_signs(self.languages).items() if sign in index}

    @property
    def boundary_index(self) -> int:
        """Index of the word boundary among the symbols, -1 if there is none."""
        return self.symbols.index(BOUNDARY) if BOUNDARY in self.symbols else -1

    @property
    def style_names(self) -> tuple[str, ...]:
        """Names of the styles, which are learned without labels."""
        return tuple(f"style-{number}" for number in range(1, self.n_styles + 1))


SIZES: dict[str, AcousticConfig] = {
    "tiny": AcousticConfig(
        channels=48,
        hidden=96,
        encoder_blocks=1,
        decoder_blocks=2,
        predictor_channels=48,
        aligner_channels=32,
        n_styles=4,
        critic_channels=16,
        classifier_channels=32,
    ),
    "small": AcousticConfig(),
    "base": AcousticConfig(channels=256, hidden=1_024, decoder_blocks=8),
}
"""The configuration of each size."""
