"""The page: one HTML file drawn from records."""
