"""The doors to Kubernetes, Prometheus, files and the clock."""
