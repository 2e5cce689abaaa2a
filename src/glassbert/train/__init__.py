"""Moves the parameters of any module: loop, optimiser, schedule, checkpoints, log; knows no BERT."""
