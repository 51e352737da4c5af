"""Sound files as bytes: their chunks, pages, frames, blocks and tags."""
