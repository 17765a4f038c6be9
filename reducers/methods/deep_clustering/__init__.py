"""Methods that learn codes to cluster them, and have clusters of their own."""
