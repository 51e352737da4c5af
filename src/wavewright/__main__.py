"""``python -m wavewright`` is the command line."""

from .cli import main

main()
