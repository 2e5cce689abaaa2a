"""Pre-training: from plain text to an encoder."""
