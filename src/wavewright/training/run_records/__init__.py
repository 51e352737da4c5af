"""Records of trainings: their settings, metrics and curves, read from run folders and compared without PyTorch."""
