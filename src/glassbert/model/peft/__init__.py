"""Adapters in the files of the peft library, without the library."""
