"""What goes on inside: every lens returns a record of named arrays."""
