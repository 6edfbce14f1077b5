"""Classes of requests in words: a request that a person can send, and what becomes of it on either side."""

import shlex
from collections.abc import Iterator, Mapping

from meshmig.model.objects import Json
from meshmig.proof.comparing import Class, seen_path
from meshmig.proof.model import (
    AUTHORITY,
    HEADER,
    METHOD,
    PATH,
    QUERY,
    SCHEME,
    Entry,
    Forward,
    Outcome,
    Refused,
    Retries,
    Share,
)

_SECOND_MS = 1000


def request_data(item: Class) -> dict[str, Json]:
    """Return a class's request, part by part; who sends it and where it enters stand beside."""
    entry, request = item.entry, item.request or {}
    found: dict[str, Json] = {
        "from": entry.client,
        "gateway": entry.gateway,
        "authority": request.get(AUTHORITY) or entry.host or None,
        "port": entry.port,
        "protocol": entry.protocol,
    }
    if not entry.is_http or item.request is None:
        return found
    return found | {
        "method": request.get(METHOD) or _method(entry),
        "scheme": request.get(SCHEME) or "http",
        "path": request.get(PATH) or "/",
        "query": _named(request, QUERY),
        "headers": _named(request, HEADER),
    }


def _named(request: Mapping[str, str | None], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in request.items()
        if name.startswith(prefix) and value is not None
    }


def _method(entry: Entry) -> str:
    return "POST" if entry.protocol == "grpc" else "GET"


def curl_of(item: Class) -> str:
    """Return the command that sends a class's request; `$GATEWAY` stands for the address of a gateway."""
    entry = item.entry
    data = request_data(item)
    authority = data["authority"] or ""
    place = "$GATEWAY" if entry.gateway else authority
    if not entry.is_http:
        return f"nc -z {authority} {entry.port}"
    if item.request is None:
        return ""
    if entry.protocol == "grpc" and data["path"].count("/") == 2:  # noqa: PLR2004 - /SERVICE/METHOD
        return _grpcurl(data, place)
    words = ["curl"]
    words += ["--http2-prior-knowledge"] if entry.protocol in ("http2", "grpc") else []
    words += [] if data["method"] == "GET" else ["--request", data["method"]]
    words += ["--header", f"Host: {authority}"] if entry.gateway and authority else []
    for name, value in data["headers"].items():
        words += ["--header", f"{name}: {value}" if value else f"{name};"]
    words += ["--header", f"X-Forwarded-Proto: {data['scheme']}"] if data["scheme"] != "http" else []
    query = "&".join(f"{name}={value}" for name, value in data["query"].items())
    url = f"http://{place}:{entry.port}{data['path']}" + (f"?{query}" if query else "")
    quoted = f'"{url}"' if entry.gateway else shlex.quote(url)
    return " ".join([*(shlex.quote(word) for word in words), "--path-as-is", quoted])


def _grpcurl(data: Mapping[str, Json], place: str) -> str:
    words = ["grpcurl", "-plaintext"]
    words += ["-authority", data["authority"]] if data["gateway"] and data["authority"] else []
    for name, value in data["headers"].items():
        words += ["-H", f"{name}: {value}"]
    quoted = " ".join(shlex.quote(word) for word in words)
    target = f'"{place}:{data["port"]}"' if data["gateway"] else f"{place}:{data['port']}"
    return f"{quoted} {target} {shlex.quote(data['path'].removeprefix('/'))}"


def witness_data(item: Class) -> dict[str, Json]:
    """Return a class for a file of witnesses: its request, what both sides do, whether they were proved equal."""
    path = (item.request or {}).get(PATH) or "/"
    return {
        "request": request_data(item),
        "curl": curl_of(item),
        "before": outcome_data(item.before, path),
        "after": outcome_data(item.after, path),
        "equal": item.is_equal,
        "undecided": item.undecided,
    }


def request_text(item: Class) -> str:
    """Return a class's request as one line for people."""
    data, entry = request_data(item), item.entry
    where = f"gateway {entry.client} port {entry.port}" if entry.gateway else f"{entry.host}:{entry.port}"
    if not entry.is_http:
        return f"a connection from {entry.client} to {where}"
    if item.request is None:
        return f"requests to {where}"
    query = "&".join(f"{name}={value}" for name, value in data["query"].items())
    parts = [f"{data['method']} {data['path']}" + (f"?{query}" if query else "")]
    parts += [f"{name}: {value}" for name, value in data["headers"].items()]
    parts += [f"scheme {data['scheme']}"] if data["scheme"] != "http" else []
    host = f" for {data['authority']}" if entry.gateway and data["authority"] else ""
    return (
        f"{', '.join(parts)}{host} at {where}"
        if entry.gateway
        else f"{', '.join(parts)} from {entry.client} to {where}"
    )


def outcome_data(outcome: Outcome, path: str) -> dict[str, Json]:
    """Return an outcome part by part, with its sentence as `text`."""
    found: dict[str, Json] = {"text": outcome_text(outcome, path)}
    match outcome:
        case Forward():
            return found | {
                "kind": "forward",
                "to": [_share_data(share) for share in outcome.shares],
                "path": seen_path(outcome, path),
                "host": outcome.authority or None,
                "retries": _retries_data(outcome.retries),
                "extras": list(outcome.extras),
            }
        case Refused(why=why):
            return found | {"kind": "refused", "why": why}
        case _:
            return found | {"kind": "unrouted"}


def _share_data(share: Share) -> Json:
    return {
        "workloads": list(share.target.workloads),
        "outside": share.target.outside or None,
        "port": share.target.port,
        "share": f"{share.part.numerator}/{share.part.denominator}",
        "timeout_ms": share.timeout_ms,
    }


def _retries_data(retries: Retries) -> Json:
    upon = sorted(retries.conditions)
    return {"attempts": retries.attempts, "per_try_ms": retries.per_try_ms, "on": upon}


def outcome_text(outcome: Outcome, path: str) -> str:
    """Say in a line what becomes of a request."""
    match outcome:
        case Forward():
            return ", ".join(_forward_parts(outcome, path))
        case Refused(why=why):
            return f"refused: {why}" if why else "refused"
        case _:
            return "unrouted: it goes to the address that was dialled, past every rule"


def _forward_parts(outcome: Forward, path: str) -> Iterator[str]:
    if len(outcome.shares) == 1:
        yield f"to {outcome.shares[0].target}"
    elif outcome.shares:
        yield "to " + " and ".join(f"{float(share.part):.4g} of all {share.target}" for share in outcome.shares)
    limits = sorted({share.timeout_ms for share in outcome.shares})
    yield " or ".join(f"{duration(limit)} limit" if limit else "no time limit" for limit in limits)
    retries = outcome.retries
    upon = f" on {', '.join(sorted(retries.conditions))}" if retries.attempts else ""
    each = f" of {duration(retries.per_try_ms)}" if retries.per_try_ms else ""
    yield f"{retries.attempts} retries{each}{upon}"
    if seen_path(outcome, path) != path:
        yield f"path {seen_path(outcome, path)}"
    if outcome.authority:
        yield f"Host {outcome.authority}"
    yield from outcome.extras


def duration(milliseconds: int) -> str:
    """Write a time limit in seconds where it is whole ones."""
    return f"{milliseconds // _SECOND_MS}s" if milliseconds % _SECOND_MS == 0 else f"{milliseconds}ms"
