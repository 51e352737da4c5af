"""Neural audio codec: sound to integer codes, a few levels a frame, and back."""
