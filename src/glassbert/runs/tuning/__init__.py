"""The search for better settings than the defaults, and the proof that they are better."""
