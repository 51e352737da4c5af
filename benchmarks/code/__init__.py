"""The source of the package itself."""
