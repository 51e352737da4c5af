"""Sounds as files and waves: Clip, decoding and encoding, metadata, blocks."""
