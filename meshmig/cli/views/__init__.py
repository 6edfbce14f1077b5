"""The views: values in, text or JSON out; no decisions."""
