"""Proof: the promises of Holdfast, tried from outside with faults that hurt, and a verdict that anyone can repeat."""
