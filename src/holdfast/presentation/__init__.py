"""Presentation: how an event presents itself on its page, by a description and a poster."""
