"""Proof: tests the promises of Holdfast from outside, under severe faults, with a verdict that anyone can
reproduce."""
