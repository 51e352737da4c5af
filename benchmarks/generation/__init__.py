"""Sounds that models generate, beside recordings, cheats and other generators."""
