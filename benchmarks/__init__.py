"""Measure what Wavewright does: a script for each table of docs/benchmarks, `python -m benchmarks SUBJECT.NAME`.

Each script prints the processor, Markdown tables and, with ``--json``, writes the same rows to a file. ``--smoke`` runs
it on tiny sizes in seconds, with clips of the bundled models instead of corpora. Benchmarks run on one thread.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy, ONNX Runtime and PyTorch are imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
