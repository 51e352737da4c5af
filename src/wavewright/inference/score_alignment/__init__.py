"""Recordings aligned with their scores."""

from .aligning import ScoreAlignment, align_score

__all__ = ["ScoreAlignment", "align_score"]
