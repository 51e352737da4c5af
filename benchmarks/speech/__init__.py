"""Voices beside recordings and other engines: words understood, quality, times and pitch."""
