"""Hidden states as points: read off the model, mapped to the plane, and the map held against the space."""
