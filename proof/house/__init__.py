"""House: the system under test, started, found out about, and ended."""

from proof.house.house import Deployment
from proof.house.postgres import Cluster, Postgres
from proof.house.server import Server

__all__ = ["Cluster", "Deployment", "Postgres", "Server"]
