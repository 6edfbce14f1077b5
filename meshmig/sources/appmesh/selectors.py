"""Kubernetes' label selectors."""

from collections.abc import Mapping
from typing import assert_never

from meshmig.sources.appmesh.schema import LabelSelector, Requirement


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Say whether a selector takes labels: a missing one takes nothing, an empty one everything."""
    if selector is None:
        return False
    return selector.match_labels.items() <= labels.items() and all(
        _meets(requirement, labels) for requirement in selector.match_expressions
    )


def takes(selector: Mapping[str, object] | None, labels: Mapping[str, str]) -> bool:
    """Say whether a selector as a Kubernetes object holds it takes labels."""
    return selector is not None and selects(LabelSelector.model_validate(selector), labels)


def equalities(selector: LabelSelector | None) -> Mapping[str, str] | None:
    """Return a selector as plain equal labels; None where it cannot be said so, or takes all or nothing."""
    if selector is None:
        return None
    found = dict(selector.match_labels)
    for requirement in selector.match_expressions:
        if requirement.operator != "In" or len(requirement.values) != 1:
            return None
        found[requirement.key] = requirement.values[0]
    return found or None


def _meets(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    present, value = requirement.key in labels, labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case _:
            assert_never(requirement.operator)
