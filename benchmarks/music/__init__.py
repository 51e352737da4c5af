"""Benchmarks of scores and of the models that compose them."""
