"""Torch layers, losses and critics that more than one family uses."""
