"""How a person makes the control plane that a plan waits for."""

from meshmig.targets.istio.settings import Settings

RELEASE = "1.31.0"
"""The Istio release that everything is generated for; objects also pass the schemas of 1.24."""

_CHARTS = "oci://gcr.io/istio-release/charts"


def install_command(settings: Settings) -> str:
    """Return the commands that install Istio's control plane in the wanted revision, from the generated values."""
    revision = settings.choice.revision
    release = "istiod" if revision == "default" else f"istiod-{revision}"
    helm = "helm upgrade --install"
    return (
        "meshmig generate iop -o istio\n"
        f"{helm} istio-base {_CHARTS}/base --version {RELEASE} -n istio-system --create-namespace -f istio/base.yaml\n"
        f"{helm} {release} {_CHARTS}/istiod --version {RELEASE} -n istio-system --wait -f istio/istiod.yaml"
    )
