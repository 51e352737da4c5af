"""Benchmarks of loops."""
