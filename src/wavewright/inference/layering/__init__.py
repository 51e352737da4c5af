"""Layered backgrounds from presets."""
