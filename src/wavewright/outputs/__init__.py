"""Outputs of commands: folders of clips with manifests, converted folders, watermarks, signed records."""
