"""``python -m wavewright`` is the command line."""

from .apps.cli import main

main()
