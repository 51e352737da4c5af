"""The configuration of a tiny prior over the codes of the codec of tiny_codec_model."""

from __future__ import annotations

from dataclasses import replace

from wavewright.families.prior.config import PriorConfig

CODES = PriorConfig(codec="tiny-codec", codebook_size=64, n_codebooks=3, top_p=1.0)
TINY = replace(CODES, hidden_size=12, embedding_size=10, label_size=3, depth_layers=1, kernel_size=3)
