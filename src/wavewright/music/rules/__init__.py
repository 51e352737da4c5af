"""Music by rules: random motion, Markov chains, grammars, L-systems, automata, Euclidean rhythms, counterpoint."""

from .composing import PRESETS, RulePiece, compose_by_rule

__all__ = ["PRESETS", "RulePiece", "compose_by_rule"]
