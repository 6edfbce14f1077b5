"""Ways to an API server as kubectl finds them: kubeconfig files, contexts, plugins, or the pod's own account."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from meshmig.adapters.yaml_text import read_value
from meshmig.diagnostics import RejectedError, reject
from meshmig.model.objects import Json

CODES: dict[str, str] = {
    "MIG621": "no kubeconfig was found, or it cannot be read",
    "MIG622": "the kubeconfig has no such context",
    "MIG623": "the kubeconfig's context cannot be used",
    "MIG624": "the kubeconfig's credential plugin failed",
    "MIG625": "not inside a cluster",
}

_DEFAULT = "~/.kube/config"
_LISTS = ("clusters", "contexts", "users")
_PATHS = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One way to one API server; `load` reads the credentials (again) as the `kubernetes` client's Configuration."""

    name: str
    """The context's name."""

    load: Callable[[], Any]
    headers: tuple[tuple[str, str], ...] = ()
    """Impersonation, where the context asks for it."""


def in_cluster_access() -> Access:
    """Return the way of a pod's service account.

    Raises:
        RejectedError: this process is not in a pod with an account.
    """
    access = Access(name="in-cluster", load=_load_in_cluster)
    access.load()
    return access


def kubeconfig_access(context: str | None, kubeconfig: str | None = None) -> Access:
    """Return the way that a context names, the current one without a name.

    Raises:
        RejectedError: no kubeconfig, no such context, or credentials that cannot be had.
    """
    config = _read_config(kubeconfig)
    name = context or config["current-context"]
    chosen = _named(config["contexts"], name)
    if chosen is None:
        known = ", ".join(sorted(str(entry["name"]) for entry in config["contexts"])) or "none"
        text = f"the kubeconfig has no context `{name}`" if name else "the kubeconfig has no current context"
        raise reject("MIG622", text, f"name one of its contexts: {known}")
    user_name = str((chosen.get("context") or {}).get("user") or "")
    user: Mapping[str, Json] = (_named(config["users"], user_name) or {}).get("user") or {}
    load = partial(_load, config, name, user)
    load()
    return Access(name=name, load=load, headers=_impersonation(user))


def _load_in_cluster() -> Any:  # noqa: ANN401 - the client package has no types
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_incluster_config

    configuration = Configuration()
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException as error:
        text = f"there is no service account of a pod here: {error}"
        raise reject("MIG625", text, "inside a pod, mount its token; outside, name a context instead") from error
    return configuration


def _load(config: Mapping[str, Json], name: str, user: Mapping[str, Json]) -> Any:  # noqa: ANN401 - see above
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config_from_dict

    configuration = Configuration()
    with _logged() as complaints:
        try:
            load_kube_config_from_dict(
                dict(config), context=name, client_configuration=configuration, persist_config=False
            )
        except (ConfigException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise _unusable(name, str(error)) from error
    if user.get("exec") and not configuration.api_key and not configuration.cert_file:
        raise _plugin_failed(user["exec"], complaints)
    if not str(configuration.host).startswith(("https://", "http://")):
        raise _unusable(name, "its cluster has no server address")
    return configuration


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Gather what the client logs: it swallows a plugin's failure and only logs it, to the terminal."""
    complaints: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: complaints.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield complaints
    finally:
        logging.getLogger().removeHandler(handler)


def _unusable(name: str, why: str) -> RejectedError:
    text = f"the context `{name}` cannot be used: {why}"
    return reject("MIG623", text, f"see whether this works: kubectl --context {name} get namespaces")


def _plugin_failed(plugin: Mapping[str, Json], complaints: Iterable[str]) -> RejectedError:
    command = " ".join([str(plugin.get("command", "")), *(str(word) for word in plugin.get("args") or ())])
    why = "; ".join(complaints) or "it gave neither a token nor a certificate"
    hint = str(plugin.get("installHint") or "").strip() or f"run it by hand until it works: {command}"
    return reject("MIG624", f"the credential plugin `{command}` failed: {why}", hint)


def _read_config(kubeconfig: str | None) -> Mapping[str, Json]:
    merged: dict[str, Json] = {"apiVersion": "v1", "kind": "Config", "current-context": ""}
    merged |= {listed: [] for listed in _LISTS}
    for path in _files(kubeconfig):
        content = _read_file(path)
        merged["current-context"] = merged["current-context"] or str(content.get("current-context") or "")
        for listed in _LISTS:
            known = {entry["name"] for entry in merged[listed]}
            entries = [entry for entry in content.get(listed) or () if isinstance(entry, dict) and "name" in entry]
            merged[listed] += [_absolute(entry, path.parent) for entry in entries if entry["name"] not in known]
    return merged


def _files(kubeconfig: str | None) -> list[Path]:
    """The kubeconfig files, first wins; files that KUBECONFIG names but that are missing are passed over."""
    named = (
        [kubeconfig] if kubeconfig else [word for word in os.environ.get("KUBECONFIG", "").split(os.pathsep) if word]
    )
    paths = [Path(word).expanduser() for word in named or [_DEFAULT]]
    found = [path for path in paths if path.exists()]
    if not found:
        looked = ", ".join(str(path) for path in paths)
        hint = "make one, name it in KUBECONFIG, or say `in cluster` when this runs in a pod"
        raise reject("MIG621", f"there is no kubeconfig at {looked}", hint)
    return found


def _read_file(path: Path) -> Mapping[str, Json]:
    try:
        content = read_value(path.read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise reject("MIG621", f"the kubeconfig {path} cannot be read: {why}", "correct it, or name another") from error
    if not isinstance(content, dict):
        raise reject("MIG621", f"the kubeconfig {path} holds no settings", "correct it, or name another")
    return content


def _absolute(entry: Mapping[str, Json], folder: Path) -> Mapping[str, Json]:
    """Paths in a kubeconfig are relative to it; so is a plugin's command that has a slash."""
    changed = dict(entry)
    for part, names in _PATHS.items():
        inner = changed.get(part)
        if isinstance(inner, dict):
            changed[part] = inner | {name: str(folder / inner[name]) for name in names if inner.get(name)}
    plugin = (changed.get("user") or {}).get("exec") if isinstance(changed.get("user"), dict) else None
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command", "")):
        changed["user"] = changed["user"] | {"exec": plugin | {"command": str(folder / plugin["command"])}}
    return changed


def _named(entries: Iterable[Mapping[str, Json]], name: str) -> Mapping[str, Json] | None:
    return next((entry for entry in entries if entry["name"] == name), None)


def _impersonation(user: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """The `kubernetes` client leaves `as` out; without it the caller would act with more rights than was asked."""
    if not user.get("as"):
        return ()
    groups = (("Impersonate-Group", str(group)) for group in user.get("as-groups") or ())
    return (("Impersonate-User", str(user["as"])), *groups)
