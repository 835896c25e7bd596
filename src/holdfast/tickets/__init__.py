"""Tickets: one document for each admission of a booking, with a code that a door can check without a network."""
