"""System: the deployment under test. Starts it, inspects it and stops it."""

from proof.system.deployment import Deployment
from proof.system.postgres import Cluster, Postgres
from proof.system.server import Server

__all__ = ["Cluster", "Deployment", "Postgres", "Server"]
