"""Foundations of all packages: errors, names, units, files written whole, the processor."""
