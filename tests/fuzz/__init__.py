"""Fuzzers of everything that reads outside data: ``python -m tests.fuzz --all --cases 2000 --seed 1``.

A module of this folder that has ``READERS`` is found by itself. A reader is a function ``(rng, folder)`` that makes one bad (or
healthy) input below ``folder`` and reads it as a person would have it read. All that it decides comes from ``rng``, a
``random.Random`` that the driver seeds with reader, seed and case, so that a finding can be repeated. A case passes where the reader
returns, or raises a WavewrightError of one line or an OSError, as the command line makes a sentence of both. What a case writes as
output goes to ``folder / "out"`` or to a name that begins with ``out.``; where the case is refused, nothing of that may be there.

What takes long before the first case goes into ``WARM_UP``, a function without arguments that runs once in each worker. The suite runs
``QUICK_CASES`` of each reader of a module (200 where it says nothing), which take about a second; some of them must pass and some be
refused. Readers whose names begin with ``_`` are not run by ``--all``.
"""
