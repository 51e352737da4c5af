"""Applications: command line, server, studio, module of Speech Dispatcher, batches."""
