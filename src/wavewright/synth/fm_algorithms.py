"""The 32 algorithms of six operators, those of the Yamaha DX7 (1983), as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Algorithm:
    """Connections of the operators 1 to 6."""

    modulators: tuple[tuple[int, int], ...]  # pairs: the first operator modulates the second
    carriers: tuple[int, ...]  # operators whose sum is the output
    feedback: tuple[int, int]  # the first operator's last outputs modulate the second

    def matrix(self) -> np.ndarray:
        """Return ``(6, 6)`` float64, 1 at ``[a - 1, b - 1]`` if operator ``a`` modulates operator ``b``."""
        matrix = np.zeros((6, 6))
        for modulator, modulated in self.modulators:
            matrix[modulator - 1, modulated - 1] = 1.0
        return matrix


def _algorithm(chains: str, carriers: str, feedback: str) -> Algorithm:
    """Read chains such as ``6543 21``: 6 modulates 5, which modulates 4 ..."""
    pairs = {(int(chain[index]), int(chain[index + 1])) for chain in chains.split() for index in range(len(chain) - 1)}
    source, target = feedback[0], feedback[-1]
    return Algorithm(tuple(sorted(pairs, reverse=True)), tuple(map(int, carriers)), (int(source), int(target)))


ALGORITHMS: tuple[Algorithm, ...] = (
    _algorithm("6543 21", "13", "6"),
    _algorithm("6543 21", "13", "2"),
    _algorithm("654 321", "14", "6"),
    _algorithm("654 321", "14", "46"),
    _algorithm("65 43 21", "135", "6"),
    _algorithm("65 43 21", "135", "56"),
    _algorithm("653 43 21", "13", "6"),
    _algorithm("653 43 21", "13", "4"),
    _algorithm("653 43 21", "13", "2"),
    _algorithm("64 54 321", "14", "3"),
    _algorithm("64 54 321", "14", "6"),
    _algorithm("63 53 43 21", "13", "2"),
    _algorithm("63 53 43 21", "13", "6"),
    _algorithm("643 54 21", "13", "6"),
    _algorithm("643 54 21", "13", "2"),
    _algorithm("651 431 21", "1", "6"),
    _algorithm("651 431 21", "1", "2"),
    _algorithm("6541 31 21", "1", "3"),
    _algorithm("65 64 321", "145", "6"),
    _algorithm("64 54 32 31", "124", "3"),
    _algorithm("65 64 32 31", "1245", "3"),
    _algorithm("65 64 63 21", "1345", "6"),
    _algorithm("65 64 32", "1245", "6"),
    _algorithm("65 64 63", "12345", "6"),
    _algorithm("65 64", "12345", "6"),
    _algorithm("64 54 32", "124", "6"),
    _algorithm("64 54 32", "124", "3"),
    _algorithm("543 21", "136", "5"),
    _algorithm("65 43", "1235", "6"),
    _algorithm("543", "1236", "5"),
    _algorithm("65", "12345", "6"),
    _algorithm("", "123456", "6"),
)
"""The algorithms in their usual order; the first is number 1."""
