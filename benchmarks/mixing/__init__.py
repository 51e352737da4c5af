"""Benchmarks of mixes and layered backgrounds."""
