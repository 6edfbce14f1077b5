"""Plans and events to canonical JSON and back, guarded by pydantic at the border."""

import hashlib
import json
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from meshmig.diagnostics import reject
from meshmig.model.objects import Json

T = TypeVar("T")


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - pydantic takes any annotation, unions included
    return TypeAdapter(type_)


def to_json(type_: Any, value: object) -> Json:  # noqa: ANN401 - see _adapter
    """Turn a value of the model into plain JSON values, every field written out: `kind` tells unions apart."""
    return _adapter(type_).dump_python(value, mode="json")


def from_json(type_: type[T], data: Json, what: str) -> T:
    """Build a value of the model from plain JSON values.

    Raises:
        RejectedError: the JSON is not what meshmig wrote; `what` names the file or the journal.
    """
    try:
        return _adapter(type_).validate_python(data)  # type: ignore[no-any-return, arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise reject(
            "MIG901",
            f"{what} is not what meshmig wrote: {where}: {first['msg']}",
            "make it anew with `meshmig plan -o`, or use the version of meshmig that wrote it",
        ) from error


def canonical(data: Json) -> bytes:
    """Write JSON in the one form that is hashed and stored: sorted keys, no blanks, UTF-8."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data: Json) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(data)).hexdigest()
