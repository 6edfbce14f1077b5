"""What rendering needs beside the mesh, and how every object is stamped."""

from collections.abc import Mapping
from dataclasses import dataclass

from meshmig.model.intent import IstioChoice
from meshmig.model.mesh import Origin, Placement
from meshmig.model.objects import Json, Manifest
from meshmig.model.units import Duration

Placements = Mapping[str, Placement]
"""Where each Upstream's requests go at one moment, by Upstream id."""

WORKLOAD = "meshmig.io/workload"
"""The label of a workload's Istio pods; its value is the workload's name."""
MANAGED_BY = "app.kubernetes.io/managed-by"
ORIGIN = "meshmig.io/origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The `to istio { … }` of the file."""

    choice: IstioChoice = IstioChoice()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an emitted object is called, and what it came from."""

    api_version: str
    kind: str
    namespace: str
    name: str
    origin: Origin


def stamped(named: Named, spec: Mapping[str, Json], settings: Settings) -> Manifest:
    """Build one object with meshmig's label, its origin, and the revision where it has a name."""
    labels = {MANAGED_BY: "meshmig"}
    if settings.choice.revision != "default":
        labels["istio.io/rev"] = settings.choice.revision
    metadata = {
        "name": named.name,
        "namespace": named.namespace,
        "labels": labels,
        "annotations": {ORIGIN: str(named.origin.ref)},
    }
    return Manifest({"apiVersion": named.api_version, "kind": named.kind, "metadata": metadata, "spec": dict(spec)})


def object_name(text: str) -> str:
    """Return a DNS label for a name: lower case, dots and underscores as dashes, at most 63 characters."""
    safe = "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")
    return safe[:63].rstrip("-")


def seconds(length: Duration) -> str:
    """Write a duration as Istio reads it: seconds, or milliseconds."""
    return f"{length.ms // 1000}s" if length.ms % 1000 == 0 else f"{length.ms}ms"
