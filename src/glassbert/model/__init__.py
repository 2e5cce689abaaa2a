"""A BERT-family network on packed tokens; knows no task, file format of data, logger or rank.

Letters of shapes: B sequences, T tokens of the batch, S length of a sequence, N heads, D head size, H hidden,
F feed-forward, V vocabulary, R chosen rows, C labels.
"""
