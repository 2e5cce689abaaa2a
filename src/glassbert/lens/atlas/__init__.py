"""What each head does, over many texts: patterns, distances between heads, relations of a treebank."""
