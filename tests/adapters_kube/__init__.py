"""The doors to Kubernetes and Prometheus, against servers that answer what real ones may."""
