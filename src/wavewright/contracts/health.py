"""The validation metrics of a family that show whether training goes wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HealthRules:
    """Names of the validation metrics that are watched while a model trains, and remedies for the messages.

    A metric without a name is not watched. The limits are in :mod:`wavewright.training.health`.

    Attributes
    ----------
    loss
        Positive validation loss, lower is better; it rises when the network over-fits.
    level_db
        Peak level of generated clips, dB; low when they are silent.
    diversity
        Distance between generated clips over that between recordings; low when the generator repeats itself.
    copying
        Fraction of generated clips that are closer to a training clip than training clips are to each other.
    active_latents
        Fraction of the dimensions of the latents that carry information.
    diversity_remedy, copying_remedy, latents_remedy
        What to try, in the imperative.
    """

    loss: str = ""
    level_db: str = ""
    diversity: str = ""
    copying: str = ""
    active_latents: str = ""
    diversity_remedy: str = "give it more recordings"
    copying_remedy: str = "use more recordings, a smaller --size, or stop earlier"
    latents_remedy: str = "give it more recordings"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that are watched."""
        names = (self.loss, self.level_db, self.diversity, self.copying, self.active_latents)
        return tuple(name for name in names if name)
