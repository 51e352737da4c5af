"""What the benchmarks share: their options and output, tables, timing, other tools to compare with, synthetic corpora."""
