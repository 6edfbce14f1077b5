"""meshmig moves a production service mesh from AWS App Mesh to Istio."""

__version__ = "0.1.0"
