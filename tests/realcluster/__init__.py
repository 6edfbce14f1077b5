"""The project's own way to a real Kubernetes and a real Istio: their programs on loopback, without containers."""
