"""Torch parts that more than one family uses: spectra, blocks, critics, losses."""
