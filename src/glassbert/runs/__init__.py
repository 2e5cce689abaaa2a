"""Where a task meets the loop: run directory, finetune, evaluate, predict, estimators, models by name."""
