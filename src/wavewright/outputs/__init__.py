"""What a command leaves: folders of clips with manifests, converted folders, watermarks, signed records."""
