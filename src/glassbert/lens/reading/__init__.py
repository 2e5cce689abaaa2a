"""What the masked-word head would say of the states inside: logit lens and tuned lens."""
