"""Applications: command line, server, studio, batches."""
