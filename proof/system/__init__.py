"""Deployment: the system under test, started, found out about, and ended."""

from proof.system.deployment import Deployment
from proof.system.postgres import Cluster, Postgres
from proof.system.server import Server

__all__ = ["Cluster", "Deployment", "Postgres", "Server"]
