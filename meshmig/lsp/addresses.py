"""Addresses of documents and paths of files."""

import posixpath
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit


def path_of(uri: str) -> str:
    """Return the path of a `file:` address; another address is its own name, since nothing lies there to read."""
    parts = urlsplit(uri)
    return posixpath.normpath(unquote(parts.path)) if parts.scheme == "file" else uri


def uri_of(path: str) -> str:
    """Return the address of a path; what is no absolute path is an address already."""
    return PurePosixPath(path).as_uri() if path.startswith("/") else path


def beside(file: str, relative: str) -> str:
    """Return the path that a relative one means in a file."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), relative))
