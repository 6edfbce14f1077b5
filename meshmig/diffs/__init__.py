"""Semantic differences of objects: normalised, field by field, digested."""
