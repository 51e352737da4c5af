"""Recordings recognised by classifiers: labels, events, key words in streams."""
