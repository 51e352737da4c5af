"""An add-on for NVDA, the screen reader of Windows: it starts the output module and plays its audio.

`addon` writes the package. `driver` and `client` are files of it, and run inside NVDA without Wavewright.
"""
