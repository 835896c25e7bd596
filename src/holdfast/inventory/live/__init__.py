"""Live: the streams of events, and the commits that they follow."""
