"""Clips and their latents by a VAE: inputs, clips derived from them, folders, and files of latents."""
