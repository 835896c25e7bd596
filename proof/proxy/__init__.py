"""Proxy: network faults between client and app, and between app and database."""

from proof.proxy.handle import Door, Proxy

__all__ = ["Door", "Proxy"]
