"""The codec beside Opus, its codebooks, models of its codes and long files."""
