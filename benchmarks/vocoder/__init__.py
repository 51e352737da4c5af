"""Copies of recordings by vocoders, from their mel frames."""
