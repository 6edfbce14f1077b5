"""Label selectors, as the API evaluates them."""

from collections.abc import Mapping

from meshmig.model.objects import Json


def selects(selector: Mapping[str, Json] | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector matches; an absent one matches nothing, an empty one everything."""
    if selector is None:
        return False
    if not matches(selector.get("matchLabels") or {}, labels):
        return False
    return all(_requirement(one, labels) for one in selector.get("matchExpressions") or ())


def matches(wanted: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    """Whether the labels hold every wanted pair."""
    return all(labels.get(key) == value for key, value in wanted.items())


def _requirement(one: Mapping[str, Json], labels: Mapping[str, str]) -> bool:
    key, values = str(one.get("key")), one.get("values") or ()
    match one.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
