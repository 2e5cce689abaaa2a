"""The rooms of the structure lens: recording a forward pass call by call, folding it, drawing it."""
