"""Signal processing as pure functions on arrays ``(..., time)``; float32 in, float32 out."""
