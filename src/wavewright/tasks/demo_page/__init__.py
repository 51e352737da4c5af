"""The page of a demo: one HTML file with audio players, thumbnails and credits."""
