"""Two runs judged on the same rows."""
