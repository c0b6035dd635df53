"""The doors to the two vendor systems: the only rooms of the daemon that speak HTTP."""

from optimizer.clients.aris import ArisClient
from optimizer.clients.heat import HeatCloudClient, HeatCloudPaths, HeatCloudPoster, request_body
from optimizer.clients.http import HttpDoor, Patience

__all__ = [
    "ArisClient",
    "HeatCloudClient",
    "HeatCloudPaths",
    "HeatCloudPoster",
    "HttpDoor",
    "Patience",
    "request_body",
]
