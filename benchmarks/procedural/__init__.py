"""Benchmarks of procedural sound effects."""
