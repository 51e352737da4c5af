"""Narration: speech written to sound files, for one text, a book by chapters, or a batch line by line."""
