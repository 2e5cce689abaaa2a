"""Two models of one shape, side by side: what fine-tuning changed."""
