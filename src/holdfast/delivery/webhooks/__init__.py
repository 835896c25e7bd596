"""Webhooks: endpoints of receivers, signed notices, and deliveries that reach no private address."""
