"""The wire: pygls reads the editor's messages, each goes to one method of the session."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter

from meshmig import __version__
from meshmig.lsp.addresses import path_of
from meshmig.lsp.disk import RealDisk
from meshmig.lsp.naming import RefusedError
from meshmig.lsp.requests import ANSWERS
from meshmig.lsp.session import Session
from meshmig.lsp.workspace import Workspace

_PAUSE_SECONDS = 0.002
"""Changes that come closer together than this are checked once, at the last of them."""

_REQUEST_FAILED = -32803
"""The protocol's code of a request that was understood and cannot be carried out."""


class _Protocol(LanguageServerProtocol):
    """The protocol, with an answer also to requests that cannot be understood."""

    def structure_message(self, data: dict[str, Any]) -> Any:  # noqa: ANN401 - any message of the protocol
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise


class _Server(LanguageServer):
    """The server of one connection."""

    def __init__(self) -> None:
        super().__init__("meshmig", __version__, protocol_cls=_Protocol, converter_factory=default_converter)
        self.session = Session(Workspace(RealDisk()), "utf-16")
        self.was_shut_down = False
        self._changed: set[str] = set()

    def report_server_error(self, error: Exception, source: type[Exception]) -> None:  # noqa: ARG002 - pygls' signature
        """Write what went wrong to the editor's log; a request gets its own answer."""
        message = f"meshmig could not answer: {str(error) or type(error).__name__}"
        self.window_log_message(types.LogMessageParams(type=types.MessageType.Error, message=message))

    def begin(self, params: types.InitializeParams) -> None:
        """Begin the session as the editor counts and where it works."""
        folders = [path_of(folder.uri) for folder in params.workspace_folders or ()]
        root = path_of(params.root_uri) if params.root_uri and not folders else ""
        encoding = types.PositionEncodingKind(self.protocol.workspace.position_encoding or "utf-16")
        self.session = Session(Workspace(RealDisk(), folders or filter(None, (root,))), encoding.value)

    def watch_files(self) -> None:
        """Ask an editor that can to tell when a `.mig` file changes on the disk."""
        able = self.client_capabilities.workspace
        if able and able.did_change_watched_files and able.did_change_watched_files.dynamic_registration:
            watched = types.DidChangeWatchedFilesRegistrationOptions(watchers=[types.FileSystemWatcher("**/*.mig")])
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            registration = types.Registration(id="mig-files", method=method, register_options=watched)
            self.client_register_capability(types.RegistrationParams([registration]))

    def changed(self, path: str | None) -> None:
        """Check a file soon: the checks of changes that come close together are one."""
        if path is None:
            return
        if not self._changed:
            asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._check)
        self._changed.add(path)

    def refreshed(self) -> None:
        """Check every open file: those on the disk may have changed."""
        self.session.workspace.refresh()
        for path in self.session.workspace.documents:
            self.changed(path)

    def _check(self) -> None:
        waiting, self._changed = sorted(self._changed), set()
        for path in waiting:
            try:
                self.publish(self.session.publications(path))
            except Exception as error:  # noqa: BLE001 - whatever one document does, the server goes on
                self.report_server_error(error, type(error))

    def publish(self, publications: Iterable[types.PublishDiagnosticsParams]) -> None:
        """Send findings."""
        for publication in publications:
            self.text_document_publish_diagnostics(publication)


def serve() -> bool:
    """Serve one editor on standard input and output until it leaves; says whether it said good-bye first."""
    logging.getLogger("pygls").addHandler(logging.NullHandler())
    logging.getLogger("pygls").propagate = False
    server = _build()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        _start(server, out)
    return server.was_shut_down


def _start(server: _Server, out: BinaryIO) -> None:
    """Serve with nothing else able to write into the protocol's stream."""
    stdout, sys.stdout = sys.stdout, sys.stderr
    try:
        server.start_io(sys.stdin.buffer, out)
    finally:
        sys.stdout = stdout


def _build() -> _Server:
    server = _Server()
    _watch(server)
    for method, (answer, options) in ANSWERS.items():
        server.feature(method, options)(_asked(server, answer))
    return server


def _asked(server: _Server, answer: Callable[[Session, Any], object]) -> Callable[[Any], object]:
    def asked(params: Any) -> object:  # noqa: ANN401 - each request has its own type
        try:
            return answer(server.session, params)
        except RefusedError as refusal:
            raise JsonRpcException(str(refusal), _REQUEST_FAILED) from refusal

    return asked


def _watch(server: _Server) -> None:
    """Follow the session and its documents."""

    @server.feature(types.INITIALIZE)
    def _(params: types.InitializeParams) -> None:
        server.begin(params)

    @server.feature(types.INITIALIZED)
    def _(_params: types.InitializedParams) -> None:
        server.watch_files()

    @server.feature(types.SHUTDOWN)
    def _(_params: None) -> None:
        server.was_shut_down = True

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _(params: types.DidOpenTextDocumentParams) -> None:
        server.changed(server.session.did_open(params))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _(params: types.DidChangeTextDocumentParams) -> None:
        server.changed(server.session.did_change(params))

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _(params: types.DidCloseTextDocumentParams) -> None:
        server.publish(server.session.farewell(server.session.did_close(params)))
        server.refreshed()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _(_params: types.DidSaveTextDocumentParams) -> None:
        server.refreshed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _(_params: types.DidChangeWatchedFilesParams) -> None:
        server.refreshed()
