"""Audits of models: recitation of training recordings, membership, voices that they imitate, licences of their sources.

References
----------
N. Carlini et al., "Extracting training data from diffusion models", 2023.
D. Bralios et al., "Generation or replication: auscultating audio latent diffusion models", 2024.
"""
