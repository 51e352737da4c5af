"""What people start: command line, server, studio, batches."""
