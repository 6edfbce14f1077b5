"""Every check: its code, its question, how much it weighs, what to do, and the function that looks."""

from collections.abc import Mapping

from meshmig.checks import (
    capacity,
    dumps,
    edges,
    identity,
    installation,
    membership,
    network,
    observing,
    ownership,
    pods,
    protocols,
    rollout,
    routing,
    running,
    scaling,
    survival,
)
from meshmig.checks.check import Check
from meshmig.diagnostics import Severity

B, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741 - the reference's own letters: blocker, warning, info

_ROWS = (
    ("P01", B, "Kubernetes is too old for Istio", "upgrade the cluster first", installation.versions),
    (
        "P02",
        B,
        "A right to install Istio is missing",
        "ask for it, or let somebody who has it install Istio",
        installation.rights_to_install,
    ),
    (
        "P03",
        B,
        "A right to move workloads is missing",
        "ask for it: the run would stop midway",
        installation.rights_to_move,
    ),
    (
        "P04",
        W,
        "Gateway API is served in versions that Istio does not read",
        "install Gateway API's standard channel, 1.0 or newer",
        installation.gateway_api,
    ),
    (
        "P05",
        B,
        "An Istio is there already, and does not fit",
        "decide which revision serves the mesh",
        installation.present_istio,
    ),
    (
        "P06",
        W,
        "Another mesh or CNI takes connections too",
        "look at its settings beside Istio before the first pod moves",
        installation.other_meshes,
    ),
    (
        "P07",
        I,
        "Which world this is: App Mesh's control plane alive or gone",
        "say it in the file if you know better",
        survival.control_plane,
    ),
    (
        "P08",
        B,
        "App Mesh's pod webhook answers nobody",
        "bring the controller back (its own work needs no AWS), or delete the webhook configuration first",
        survival.pod_webhook,
    ),
    (
        "P09",
        W,
        "App Mesh's images may become unpullable",
        "mirror them, or hold every node that has them, until the last App Mesh pod is gone",
        survival.images,
    ),
    (
        "P10",
        B,
        "An App Mesh proxy has no configuration",
        "move or repair this workload first: it cannot come back by itself",
        survival.broken_proxies,
    ),
    (
        "P11",
        W,
        "What App Mesh's proxies really do is not what the translation assumes",
        "compare a config dump with the plan",
        survival.dumps,
    ),
    (
        "P12",
        W,
        "App Mesh's objects differ from what the proxies do",
        "correct the object, or take it away",
        survival.conditions,
    ),
    ("P13", W, "Pods of a VirtualNode cannot be told apart", "correct the podSelector", membership.selectors),
    ("P14", B, "Two of App Mesh's objects take the same pods", "narrow the podSelectors", membership.double_claims),
    ("P15", W, "An address or reference leads nowhere", "correct it, or remove what leads there", membership.addresses),
    (
        "P16",
        W,
        "A Cloud Map name is nobody's any more",
        "move its pods together with their callers",
        membership.cloud_map,
    ),
    (
        "P17",
        W,
        "TLS inside App Mesh limits the order",
        "move callers before callees: the plan's order does",
        membership.tls,
    ),
    ("P18", B, "Something lies outside this cluster", "decide how it is reached", membership.outside),
    (
        "P19",
        W,
        "A port's protocol is not declared, or declared wrong",
        "set appProtocol on the Service port: the move by copy does, the old Service stays as it is",
        protocols.port_protocols,
    ),
    ("P20", W, "Pods are called one by one", "no weights: plan for 0 or 100 %", protocols.headless),
    (
        "P21",
        W,
        "A server speaks first",
        "declare the port tcp, and set mTLS DISABLE on it until all callers have moved",
        protocols.server_first,
    ),
    ("P22", B, "Pods that Istio never injects", "leave them out of the mesh, or change them first", pods.uninjectable),
    ("P23", B, "Pods on Fargate", "run them on nodes, or leave them out of the mesh", pods.fargate),
    (
        "P24",
        B,
        "Pod security refuses Istio's init container",
        "install istio-cni, or let the namespace be privileged for the journey",
        pods.security_levels,
    ),
    ("P25", B, "A pod clashes with Istio's proxy", "give the application another user", pods.clashes),
    (
        "P26",
        W,
        "An application that listens on the loopback address only",
        "let it listen on every address (0.0.0.0)",
        protocols.loopback,
    ),
    ("P27", B, "Injection labels that surprise", "correct the label before any pod is made anew", pods.labels),
    ("P28", W, "Too few pods to lose one", "add replicas, probes or a budget first", rollout.redundancy),
    ("P29", W, "An autoscaler works against the move", "freeze it: `protect` does", scaling.autoscalers),
    (
        "P30",
        W,
        "Jobs in the mesh",
        "annotate its pod template appmesh.k8s.aws/sidecarInjectorWebhook: disabled, and let running ones end",
        rollout.jobs,
    ),
    ("P31", W, "Starting and stopping loses requests", "correct the pod's lifecycle first", rollout.start_and_stop),
    (
        "P32",
        W,
        "Another tool owns what a move writes",
        "make the change at its source too (`plan --emit` writes the files), and suspend its sync",
        ownership.owners,
    ),
    ("P33", W, "Callers outside the mesh", "keep the callee PERMISSIVE", routing.strangers),
    ("P34", I, "Workloads that only move together", "give the stage time for all of them", routing.cycles),
    (
        "P35",
        W,
        "Routing features without an exact counterpart",
        "read the difference in `plan --ledger`",
        routing.features,
    ),
    ("P36", W, "Gateway routes that meet", "give them priorities", routing.edge_routes),
    (
        "P37",
        I,
        "The front doors, and how they can be shifted",
        "say in the stage of the edge how it is shifted",
        edges.front_doors,
    ),
    (
        "P38",
        W,
        "A load balancer checks health in App Mesh's way",
        "let it check port 15021, path /healthz/ready",
        edges.health_checks,
    ),
    ("P39", W, "Egress changes", "decide between `egress open` and `egress declared`", routing.egress),
    ("P40", W, "Names that only App Mesh or Cloud Map keeps alive", "keep what resolves them", routing.names),
    ("P41", W, "Identity at AWS, and the group of volumes", "set fsGroup and trust before the move", identity.accounts),
    ("P42", B, "NetworkPolicies stop Istio or the copies", "allow the ports", network.policies),
    ("P43", B, "No room for the copies", "make room", capacity.room),
    ("P44", B, "Gates without eyes", "let Prometheus scrape both meshes", observing.metrics),
    ("P45", I, "Traces and logs that go elsewhere", "give Istio a provider for them", observing.sinks),
    ("P46", I, "BackendGroups", "nothing to do: they are written out", membership.backend_groups),
    ("P47", B, "Istio objects for the same hosts exist", "adopt, merge or remove them", installation.colliding_objects),
    (
        "P48",
        I,
        "Finalizers hold App Mesh's objects",
        "`retire appmesh` strips them in the safe order; never delete by hand",
        survival.finalizers,
    ),
    ("P49", W, "Certificates that expire while proxies still use them", "move it before", survival.certificates),
    (
        "P50",
        W,
        "Istio's webhooks do not guard what is written",
        "set the validator's failurePolicy to Fail once istiod is up",
        installation.istio_webhooks,
    ),
    ("P51", W, "Nodes that come and go", "hold them until the last App Mesh pod is gone", scaling.disruption),
    (
        "P52",
        I,
        "Address families",
        "install Istio with ISTIO_DUAL_STACK for both, and prove the address that apps bind",
        network.families,
    ),
    ("P53", I, "Traffic that passes by the proxy", "nothing to do, unless the list is old", observing.bypasses),
)

CHECKS: tuple[Check, ...] = tuple(
    Check(code=code, severity=severity, title=title, remedy=remedy, look=look)
    for code, severity, title, remedy, look in _ROWS
)

IMPOSSIBLE: Mapping[str, str] = {}
"""Checks of the list that no input could answer, with the reason; there are none: each one looks at something."""

CODES: Mapping[str, str] = {check.code: check.title for check in CHECKS} | dumps.CODES | running.CODES
