"""Semantic differences of objects: normalised, field by field, predicted, inverted."""

from meshmig.diffs.difference import difference, removal
from meshmig.diffs.inverse import inverse
from meshmig.diffs.moved import Moved, moved, owner_of, owners_of
from meshmig.diffs.normalise import normalise
from meshmig.diffs.predict import predict

__all__ = ["Moved", "difference", "inverse", "moved", "normalise", "owner_of", "owners_of", "predict", "removal"]
