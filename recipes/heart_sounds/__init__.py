"""Heart sounds: beats of a recording, recordings at another rate, synthetic heart sounds, features of beats.

For research on recordings; nothing here makes a diagnosis.
"""
