"""What an encoder is for: one file per task, plus metrics, calibration and baselines."""
