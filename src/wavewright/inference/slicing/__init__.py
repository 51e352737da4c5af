"""Recordings cut into one-shots and made into instruments that play them."""
