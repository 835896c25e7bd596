"""Fuzz: random connections to a real server, judged by a strict reader of the same bytes."""
