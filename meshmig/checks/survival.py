"""What lives on after App Mesh's control plane, and what would end it."""

from collections.abc import Iterator

from meshmig.checks.dumps import PodDump
from meshmig.checks.facts import APPMESH_GROUP, Facts, proxy_containers
from meshmig.checks.installation import is_dead
from meshmig.checks.metrics import CERTIFICATE_DAYS, CONNECTED, LIVE
from meshmig.diagnostics import Severity
from meshmig.model.intent import ControlPlane
from meshmig.model.mesh import Edge, TlsMode, Upstream
from meshmig.model.objects import Manifest, ObjectRef
from meshmig.model.precheck import Evidence, Fired, Gap, Seen
from meshmig.sources.appmesh.shape import at, items, mapping, number, text

END_OF_SERVICE = "2026-10-01T00:00:00Z"
SOON_DAYS = 30
"""A certificate that ends within this many days may end before the workload's stage."""

_HOLDING = "finalizers.appmesh.k8s.aws/"
_ADMISSION = "admissionregistration.k8s.io"
_IMAGES = ("840364872350.dkr.ecr.", "public.ecr.aws/appmesh/", "aws-appmesh-envoy", "aws-appmesh-proxy-route-manager")


def control_plane(facts: Facts) -> Iterator[Seen]:
    """P07: which world this is: App Mesh's control plane alive or gone."""
    state = facts.world.control_plane
    yield Fired(
        Evidence(facts.mesh.origin.ref, "", "; ".join(facts.world.evidence)),
        f"App Mesh's control plane is taken to be {state.value}",
        "say `control_plane alive` or `gone` after `cluster` in the file if you know better",
        Severity.INFO,
    )
    if facts.measured is not None:
        connected = sum(series.value > 0 for series in facts.measured.of(CONNECTED))
        total = len(facts.measured.of(CONNECTED))
        if total and state is ControlPlane.ALIVE and not connected:
            yield _contradiction(facts, f"0 of {total} proxies are connected")
    cut_off = [dump.name for dump in facts.dumps if dump.connected is False]
    if state is ControlPlane.ALIVE and cut_off:
        yield _contradiction(facts, f"cut off: {', '.join(cut_off)}")
    if facts.measured is None and not any(dump.connected is not None for dump in facts.dumps):
        yield Gap(
            f"needs Prometheus, or the stats of a pod, to see whether proxies are connected: {facts.unmeasured}",
            partly=True,
        )


def _contradiction(facts: Facts, value: str) -> Fired:
    return Fired(
        Evidence(facts.mesh.origin.ref, "control_plane.connected_state", value),
        "the control plane is taken to be alive, and proxies are not connected to it",
        "say `control_plane gone`: App Mesh weights and restarts must not be relied on",
        Severity.ERROR,
    )


def pod_webhook(facts: Facts) -> Iterator[Seen]:
    """P08: App Mesh's pod webhook answers nobody."""
    hooks = facts.snapshot.of_kind(_ADMISSION, "MutatingWebhookConfiguration")
    if not hooks and (reason := facts.blind("MutatingWebhookConfiguration", _ADMISSION)):
        yield Gap(reason)
    for manifest in hooks:
        for index, hook in enumerate(map(mapping, items(manifest.body.get("webhooks")))):
            if text(hook.get("name")).startswith("mpod.") and text(hook.get("name")).endswith("appmesh.k8s.aws"):
                yield from _pod_hook(facts, manifest, index)


def _pod_hook(facts: Facts, manifest: Manifest, index: int) -> Iterator[Seen]:
    hook = mapping(items(manifest.body.get("webhooks"))[index])
    service = mapping(at(hook, "clientConfig", "service"))
    namespace, name = text(service.get("namespace")), text(service.get("name"))
    if (hook.get("failurePolicy") or "Fail") == "Fail" and service and is_dead(facts, namespace, name):
        yield Fired(
            Evidence(manifest.ref, f"webhooks[{index}].clientConfig.service", f"{namespace}/{name} has no ready pod"),
            "the pod webhook fails closed and nothing serves it: in namespaces labelled `enabled` or `disabled` "
            "no pod at all can be created, Istio's included",
        )


def images(facts: Facts) -> Iterator[Seen]:
    """P09: App Mesh's images may become unpullable."""
    found: dict[str, tuple[ObjectRef, str, int]] = {}
    holders = facts.meshed_pods or tuple(template.manifest for _, template in facts.meshed)
    for manifest in holders:
        spec = manifest.spec if manifest.ref.kind == "Pod" else mapping(at(manifest.body, "spec", "template", "spec"))
        for part in ("initContainers", "containers"):
            for container in map(mapping, items(spec.get(part))):
                image = text(container.get("image"))
                if any(mark in image for mark in _IMAGES):
                    ref, path, count = found.get(image, (manifest.ref, f"{part}[{container.get('name')}].image", 0))
                    found[image] = (ref, path, count + 1)
    for image, (ref, path, count) in sorted(found.items()):
        yield Fired(
            Evidence(ref, path, f"{image} ({count} containers)"),
            "this image lies in a registry of AWS that may close: a node that does not hold it cannot start it",
        )
    if reason := facts.blind("Pod"):
        yield Gap(reason, partly=True)


def broken_proxies(facts: Facts) -> Iterator[Seen]:
    """P10: an App Mesh proxy has no configuration."""
    if reason := facts.blind("Pod"):
        if not facts.dumps:
            yield Gap(reason)
            return
        yield Gap(reason, partly=True)
    for pod in facts.meshed_pods:
        for status in proxy_containers(pod):
            ended = text(at(status, "lastState", "terminated", "finishedAt"))
            if status.get("ready") is False:
                why = "was started again after the end of App Mesh" if ended >= END_OF_SERVICE else "is not ready"
                yield Fired(
                    Evidence(pod.ref, "status.containerStatuses[envoy].ready", "false"),
                    f"the App Mesh proxy {why}: without a control plane it never gets its configuration",
                )
    for dump in facts.dumps:
        if dump.state == "INITIALIZING" or dump.has_config is False:
            yield Fired(
                Evidence(_pod_ref(dump), "server_info.state", dump.state or "no listeners"),
                "this proxy holds no configuration: it drops every connection of its pod",
            )
    if facts.measured is not None:
        for series in facts.measured.of(LIVE):
            if series.value == 0:
                pod_name = f"{series.labels.get('namespace', '')}/{series.labels.get('pod', '?')}"
                yield Fired(
                    Evidence(None, f"envoy_server_live of {pod_name}", "0"),
                    "this proxy is not live: it has no configuration",
                )


def _pod_ref(dump: PodDump) -> ObjectRef:
    return ObjectRef("v1", "Pod", dump.namespace, dump.pod)


def needs_dump(pod: str, what: str, *, partly: bool) -> Gap:
    """Return the gap that a dump of that pod would close."""
    return Gap(f"needs a dump of {pod}: {what}", partly=partly, pod=pod)


def dumps(facts: Facts) -> Iterator[Seen]:
    """P11: what App Mesh's proxies really do is not what the translation assumes."""
    missing = [owner for owner in facts.owners_with_pods() if not any(d.has_config for d in facts.dumps_of(owner))]
    owners = list(facts.owners_with_pods())
    for owner in missing:
        yield needs_dump(facts.pod_to_dump(owner), "config_dump", partly=len(missing) < len(owners))
    carried = {a.id: a.choice for a in facts.migration.answers}.get("default_retries", "carry")
    for owner in owners:
        for dump in facts.dumps_of(owner):
            yield from _retries(facts, owner, dump, carried)


def _retries(facts: Facts, owner: Upstream | Edge, dump: PodDump, carried: str) -> Iterator[Seen]:
    implicit = [route for host in facts.mesh.hosts for route in host.routes if route.retry and route.retry.implicit]
    if carried == "carry" and implicit and dump.routes_without_retry and "reset" not in dump.retry_words:
        yield Fired(
            Evidence(
                owner.origin.ref,
                f"config_dump of {dump.name}: routes without retry_policy",
                str(dump.routes_without_retry),
            ),
            "this account never had App Mesh's hidden retries, and the translation would add them",
            "write `answer default_retries = none`",
        )


def conditions(facts: Facts) -> Iterator[Seen]:
    """P12: App Mesh's objects differ from what the proxies do."""
    objects = [one for one in facts.snapshot if one.ref.group == APPMESH_GROUP]
    if not any(one.status for one in objects):
        where = "none of them has one" if facts.live else "manifests in a folder have none"
        yield Gap(f"needs the status of App Mesh's objects: {where}")
        return
    for manifest in objects:
        if not manifest.status and manifest.ref.kind != "BackendGroup":
            yield Fired(
                Evidence(manifest.ref, "status", "none"),
                "others have a status and it has none: App Mesh never saw it, and no proxy does what it says",
            )
        written, seen = number(manifest.metadata.get("generation")), number(manifest.status.get("observedGeneration"))
        if written is not None and seen is not None and written > seen:
            yield Fired(
                Evidence(manifest.ref, "status.observedGeneration", f"{seen}, metadata.generation {written}"),
                "it was edited after App Mesh last read it: what the proxies do is the older text",
                "compare it with a config dump, and write back what runs, before anything is translated from it",
            )
        for condition in map(mapping, items(manifest.status.get("conditions"))):
            if text(condition.get("type")).endswith("Active") and condition.get("status") != "True":
                reason = (
                    text(condition.get("reason")) or text(condition.get("message")) or text(condition.get("status"))
                )
                yield Fired(
                    Evidence(manifest.ref, f"status.conditions[{condition.get('type')}]", reason),
                    "App Mesh never accepted it: no proxy does what it says",
                )


def finalizers(facts: Facts) -> Iterator[Seen]:
    """P48: finalizers hold App Mesh's objects."""
    held = [
        one
        for one in facts.snapshot
        if one.ref.group == APPMESH_GROUP
        and any(text(name).startswith(_HOLDING) for name in items(one.metadata.get("finalizers")))
    ]
    if held:
        yield Fired(
            Evidence(held[0].ref, "metadata.finalizers", f"on {len(held)} App Mesh objects"),
            "App Mesh's finalizers hold them: deleting them hangs for as long as the controller cannot ask AWS",
        )
    elif not facts.live and not any(one.status for one in facts.snapshot if one.ref.group == APPMESH_GROUP):
        yield Gap("needs the live objects: manifests in a folder carry no finalizers")


def certificates(facts: Facts) -> Iterator[Seen]:
    """P49: certificates that expire while proxies still use them."""
    for dump in facts.dumps:
        for shown in dump.certificates or ():
            yield from _expiry(
                Evidence(_pod_ref(dump), shown.path, f"{shown.days} days left, until {shown.until}"), shown.days
            )
    measured = facts.measured.of(CERTIFICATE_DAYS) if facts.measured else ()
    for series in measured:
        pod = f"{series.labels.get('namespace', '')}/{series.labels.get('pod', '?')}"
        yield from _expiry(
            Evidence(None, f"envoy_server_days_until_first_cert_expiring of {pod}", f"{series.value:g}"),
            int(series.value),
        )
    yield from _managed_certificates(facts)
    users = [owner for owner in facts.owners_with_pods() if _uses_tls(owner)]
    dumped = [owner for owner in users if any(dump.certificates is not None for dump in facts.dumps_of(owner))]
    for owner in users:
        if owner not in dumped and not measured:
            yield needs_dump(facts.pod_to_dump(owner), "certs", partly=bool(dumped))


def _expiry(evidence: Evidence, days: int) -> Iterator[Seen]:
    if days < SOON_DAYS:
        yield Fired(
            evidence,
            "a proxy never reads its certificates again, and a restart would end it: when this one expires, "
            "every TLS call to its pods fails",
            "move its workload and all its callers before that day",
            Severity.ERROR if days <= 0 else None,
        )


def _managed_certificates(facts: Facts) -> Iterator[Seen]:
    for manifest in facts.snapshot.of_kind("cert-manager.io", "Certificate"):
        renewal = text(manifest.status.get("renewalTime"))
        if manifest.ref.namespace in facts.mesh.namespaces and renewal:
            yield Fired(
                Evidence(manifest.ref, "status.renewalTime", renewal),
                "cert-manager renews its Secret then, and running App Mesh proxies go on with the old certificate",
                "count the proxies' own expiry (--dump with certs), not the Secret's",
                Severity.INFO,
            )


def _uses_tls(owner: Upstream | Edge) -> bool:
    serves = any(one.tls is not None and one.tls.mode is not TlsMode.DISABLED for one in owner.listeners)
    calls = isinstance(owner, Upstream) and any(use.client_tls and use.client_tls.enforce for use in owner.backends)
    return serves or calls
