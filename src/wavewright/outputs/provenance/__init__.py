"""Provenance: signed records of what made a sound, beside sound files and in their metadata."""
