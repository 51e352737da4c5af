"""Copy the playable files of a run into the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from wavewright.models.card import CARD_FILE, Card

BUNDLED = Path(__file__).parents[1] / "src" / "wavewright" / "models" / "bundled"


def bundle(run: Path) -> None:
    """Put a run's model among the bundled ones, under the name on its card."""
    card = Card.read(run)
    target = BUNDLED / card.name
    target.mkdir(parents=True, exist_ok=True)
    for name in [*card.files, CARD_FILE]:
        shutil.copyfile(run / name, target / name)
    print(f"bundled {card.name}: {sum(path.stat().st_size for path in target.iterdir()) / 1e6:.1f} MB")
