"""Pipelines with the call signatures and the shapes of transformers 4: one file each, and a registry."""
