"""Recognition: accuracy, calibration and speed."""
