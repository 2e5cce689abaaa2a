"""Files to examples to token ids to an order of batches; knows no network."""
