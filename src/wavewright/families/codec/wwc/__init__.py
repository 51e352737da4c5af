"""The .wwc format: files and streams of codes, entropy-coded; docs/codec-format.md specifies it.

`header` and `packets` write it, `packet_reader` reads it and resumes after damage. `range_coder` codes each code by its
mean frequency, `context_coder` by the codes before it (`contexts`); their loops are compiled (`range_kernels`,
`context_kernels`).
"""

from __future__ import annotations

from ....audio.pcm import WWC_MAGIC

MAGIC = WWC_MAGIC
"""First bytes of a .wwc file."""

TOTAL = 2**16
"""Sum of the frequencies of a codebook."""

SILENT = -1
"""The code, in every codebook, of a frame of digital silence."""

LOST = -2
"""The code, in every codebook, of a frame that did not arrive; a decoder may make it up, no file holds it."""
