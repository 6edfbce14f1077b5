"""What a run reads while it waits."""

import pytest

from meshmig.execution.conditions import listed
from meshmig.model.objects import ObjectRef
from meshmig.ports import GoneError, Page
from tests.worlds import world_of

_PODS = ObjectRef("v1", "Pod", "", "")


class _Forgetful:
    """A cluster whose lists come in two pages, of which the second's token expires so many times."""

    def __init__(self, inner, times: int) -> None:
        self._inner, self._left = inner, times

    def list_page(self, resource, namespace: str = "", *, token: str = "", **_: int) -> Page:
        """Return half of a kind."""
        items = self._inner.list_page(resource, namespace).items
        if not token:
            return Page(items[:1], "1", "rest")
        if self._left:
            self._left -= 1
            raise GoneError(410, "Expired", "too old")
        return Page(items[1:], "1")


def test_a_list_whose_token_expires_on_the_way_is_begun_anew() -> None:
    """Nothing is missed and nothing counted twice."""
    cluster = world_of("shop").cluster

    assert listed(_Forgetful(cluster, 2), _PODS, "shop") == listed(cluster, _PODS, "shop")


def test_a_list_whose_token_always_expires_is_given_up() -> None:
    """Half a list is never taken for the whole."""
    with pytest.raises(GoneError):
        listed(_Forgetful(world_of("shop").cluster, 99), _PODS, "shop")
