"""Common code of the benchmarks: options and output, tables, timing, peers, corpora."""
