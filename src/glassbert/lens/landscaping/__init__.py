"""The loss around and between models: planes through weights, where to measure, and how it bends."""
