"""Generated clips beside recordings, cheats and other generators."""
