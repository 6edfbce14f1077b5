"""How a person makes the control plane that a plan waits for."""

from meshmig.targets.istio.settings import Settings

RELEASE = "1.31.0"
_CHARTS = "oci://gcr.io/istio-release/charts"


def install_command(settings: Settings) -> str:
    """Return the Helm commands that install Istio's control plane in the wanted revision."""
    revision = settings.choice.revision
    named = "" if revision == "default" else f" --set revision={revision}"
    release = "istiod" if revision == "default" else f"istiod-{revision}"
    base = f"helm upgrade --install istio-base {_CHARTS}/base --version {RELEASE} -n istio-system --create-namespace"
    return (
        f"{base} --set defaultRevision={revision}\n"
        f"helm upgrade --install {release} {_CHARTS}/istiod --version {RELEASE} -n istio-system --wait{named}"
        " --set meshConfig.outboundTrafficPolicy.mode=ALLOW_ANY --set pilot.autoscaleMin=2"
    )
