"""Fuzzers of everything that reads outside data: ``python -m tests.fuzz --all --cases 2000 --seed 1``.

The driver finds every module of this folder that has ``READERS``. A reader is a function ``(rng, folder)`` that creates
one bad (or healthy) input below ``folder`` and reads it as a user would. Its choices depend only on ``rng``, a
``random.Random`` that the driver seeds with reader, seed and case, so that a finding can be reproduced. A case passes
if the reader returns, or raises a WavewrightError of one line or an OSError, which the command line both turns into a
message. A case writes its output to ``folder / "out"`` or to a name that begins with ``out.``; after a refusal neither
may exist.

``WARM_UP``, a function without arguments, runs once in each worker before the first case. The suite runs
``QUICK_CASES`` of each reader of a module (20 by default), some of which must pass and some be refused; the shard
``fuzz`` of ``.ci/full`` runs 200. ``USES`` names the families that the readers of a module need.
Readers whose names begin with ``_`` are not run by ``--all``."""
