"""Delivery: outward acts that are due. Each is a job, written with its cause and done outside any transaction."""
