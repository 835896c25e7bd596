"""Mutants: planted bugs, each a small patch of the product, and each with the part of the proof that must catch it.

They try the tester. A patch is applied to a copy of the source; nothing in the product knows of it.
"""
