"""Sound files encoded, their metadata read and written: a file for each format, imported as one of it is at hand."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
