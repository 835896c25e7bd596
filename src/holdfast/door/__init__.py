"""Door: check-ins of tickets, their rules, and what a door needs without a network."""
