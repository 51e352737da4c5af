"""Batches: tasks run for thousands of files or texts, by several workers, each job exactly once."""
