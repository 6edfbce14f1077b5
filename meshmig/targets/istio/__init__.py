"""The neutral mesh to Istio's manifests."""

from meshmig.targets.istio.edges import edge_objects
from meshmig.targets.istio.enrol import enrol, enrol_gateway
from meshmig.targets.istio.install import RELEASE, install_command
from meshmig.targets.istio.installation import BASE, CNI, ISTIOD, Value, helm_values, installation, operator_values
from meshmig.targets.istio.protocols import declared_ports
from meshmig.targets.istio.routing import host_objects
from meshmig.targets.istio.rules import rule_objects
from meshmig.targets.istio.security import permissive_objects, strict_objects
from meshmig.targets.istio.services import SUFFIX, listener_ports, service_manifest, suffixed
from meshmig.targets.istio.settings import Placements, Settings
from meshmig.targets.istio.sidecars import sidecar_objects
from meshmig.targets.istio.whole import desired, findings, translated

__all__ = [
    "BASE",
    "CNI",
    "ISTIOD",
    "RELEASE",
    "SUFFIX",
    "Placements",
    "Settings",
    "Value",
    "declared_ports",
    "desired",
    "edge_objects",
    "enrol",
    "enrol_gateway",
    "findings",
    "helm_values",
    "host_objects",
    "install_command",
    "installation",
    "listener_ports",
    "operator_values",
    "permissive_objects",
    "rule_objects",
    "service_manifest",
    "sidecar_objects",
    "strict_objects",
    "suffixed",
    "translated",
]
