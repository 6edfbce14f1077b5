"""Requests through the embedded cluster, routed by the objects as applied, counted in both meshes' metrics."""

from meshmig.sandbox.traffic.model import Requests, Traffic

__all__ = ["Requests", "Traffic"]
