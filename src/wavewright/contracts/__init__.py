"""The contract of model families: configuration, recipe, runtime and capabilities."""
