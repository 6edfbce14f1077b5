"""How lists and maps merge: the list-map keys and atomic fields of the kinds that meshmig writes."""

from collections.abc import Mapping, Sequence

from meshmig.model.objects import Json

LIST_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "webhooks": ("name",),
}
"""Lists that server-side apply merges item by item, by field name, with the keys of an item."""

ATOMIC = frozenset({"selector", "matchLabels", "nodeSelector", "data_", "podSelector"})
"""Maps that are replaced whole."""

_PORT_OWNERS = {"Service": ("port", "protocol")}
_CONTAINER_PORT = ("containerPort", "protocol")


def list_keys(field: str, kind: str, items: Sequence[Json]) -> tuple[str, ...]:
    """Return the keys by which a list's items are told apart; empty for a list that is replaced whole."""
    if field == "ports" and items and isinstance(items[0], Mapping):
        if "containerPort" in items[0]:
            return _CONTAINER_PORT
        return _PORT_OWNERS.get(kind, ())
    if kind in {"VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "Telemetry"}:
        return ()
    return LIST_KEYS.get(field, ())


def key_of(item: Mapping[str, Json], keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return an item's key; a port's protocol defaults to TCP."""
    return tuple(str(item.get(key, "TCP" if key == "protocol" else "")) for key in keys)
