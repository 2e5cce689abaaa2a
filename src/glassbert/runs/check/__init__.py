"""What is in a file of labelled texts, and whether training on it makes sense."""
