"""Models put to use on recordings of any length: analysis, transcription, recognition, enhancement."""
