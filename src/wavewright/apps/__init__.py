"""Applications: command line, server, studio, module of Speech Dispatcher, batches."""

import os

# Pydantic looks through all installed packages for plugins, which no application of this one uses.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
