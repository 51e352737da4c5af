"""Commands as processes and the arithmetic of processors: cold starts, network calls, integer products."""
