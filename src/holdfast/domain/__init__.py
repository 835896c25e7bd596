"""The domain: what a sale means, pure, with the standard library only."""
