"""Enhancement of speech: noise, reverberation and echo."""
