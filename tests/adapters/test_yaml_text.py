"""Text to manifests and back, by the only door to YAML."""

import pytest

from meshmig.adapters.yaml_text import documents, dump
from meshmig.diagnostics import Severity

ITEM = "- apiVersion: v1\n  kind: Service\n  metadata: {name: %s}\n"
ONE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"


def _read(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    manifests, findings = documents(text.encode(), "f.yaml")
    return [(one.ref.name, one.source) for one in manifests], [one.code for one in findings]


TEXTS = {
    "one": (ONE % "a", [("a", "f.yaml:1")]),
    "several, some empty": (
        f"---\n{ONE % 'a'}---\n---\n# nothing\n---\n{ONE % 'b'}",
        [("a", "f.yaml:2"), ("b", "f.yaml:9")],
    ),
    "a List": (
        "apiVersion: v1\nkind: List\nitems:\n" + "".join(ITEM % name for name in "ab"),
        [("a", "f.yaml:4"), ("b", "f.yaml:7")],
    ),
    "a typed list": (
        '{"apiVersion":"v1","kind":"ServiceList","items":[{"metadata":{"name":"a"}}]}',
        [("a", "f.yaml:1")],
    ),
    "JSON": ('{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}', [("a", "f.yaml:1")]),
    "nothing": ("", []),
}


@pytest.mark.parametrize("case", TEXTS)
def test_every_form_is_read_with_its_lines(case: str) -> None:
    """Multi-document, Lists, typed lists and JSON give the same objects, each with its line."""
    text, expected = TEXTS[case]

    assert _read(text) == (expected, [])


WRONG = {
    "broken": ("a: [1\nb: 2", "MIG610"),
    "a tab": ("a:\n\tb: 1", "MIG610"),
    "a key twice": (ONE % "a" + "kind: Other\n", "MIG611"),
    "a key twice in JSON": ('{"apiVersion":"v1","kind":"A","kind":"B","metadata":{"name":"x"}}', "MIG611"),
    "no object": ("just: text", "MIG612"),
    "no name": ("apiVersion: v1\nkind: Service\nmetadata: {}", "MIG612"),
    "a list": ("- 1", "MIG612"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(case: str) -> None:
    """Never a traceback."""
    text, code = WRONG[case]
    _, findings = documents(text.encode(), "f.yaml")

    assert [one.code for one in findings] == [code]
    assert findings[0].span is not None


def test_a_broken_document_keeps_those_before_it() -> None:
    """One error, with line and column."""
    manifests, findings = documents((ONE % "a" + "---\na: [").encode(), "f.yaml")

    assert [one.ref.name for one in manifests] == ["a"]
    assert findings[0].severity is Severity.ERROR
    assert findings[0].span is not None
    assert findings[0].span.line >= 5


def test_dates_stay_text() -> None:
    """A manifest is JSON: it has no dates."""
    manifests, _ = documents(
        b"apiVersion: v1\nkind: A\nmetadata: {name: a, creationTimestamp: 2026-01-01T00:00:00Z}", "f"
    )

    assert manifests[0].metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_what_is_written_reads_back() -> None:
    """In the order of the keys, without anchors."""
    shared = {"a": "yes", "b": [1, True, None, "true"]}
    body = {"kind": "A", "apiVersion": "v1", "metadata": {"name": "x"}, "spec": {"one": shared, "two": shared}}

    text = dump([body, body])

    assert "&" not in text
    assert [one.body for one in documents(text.encode(), "f")[0]] == [body, body]


def test_a_kustomization_is_no_object_and_no_mistake() -> None:
    """It lies beside manifests by design: neither an object nor a finding."""
    text = b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"

    assert documents(text, "kustomization.yaml") == ((), ())
