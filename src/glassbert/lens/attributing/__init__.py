"""Which tokens made the model say this: many methods, and the tests that tell whether to believe them."""
