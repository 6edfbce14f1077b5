"""Istio's own definitions of its kinds, out of the published Go module istio.io/api, release by release."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from meshmig.model.objects import Manifest

HERE = Path(__file__).parent
MODULES = {"1.24": HERE / "modules" / "istio_1_24", "1.31": HERE.parent / "realcluster" / "modules" / "istio"}
"""The releases that objects are checked against, and the module files that pin them."""

_FILE = Path("kubernetes") / "customresourcedefinitions.gen.yaml"
Key = tuple[str, str]


def broken_rules(release: str, manifest: Manifest) -> list[str]:
    """What a release's schema says against an object, unknown fields too; empty where it takes it."""
    validator = validators(release)[manifest.ref.api_version, manifest.ref.kind]
    body = {name: value for name, value in manifest.body.items() if name not in {"apiVersion", "kind", "metadata"}}
    return [
        f"{manifest.ref} {'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(body)
    ]


@cache
def validators(release: str) -> Mapping[Key, Draft202012Validator]:
    """The schemas of a release by API version and kind."""
    listed = yaml.load_all(_definitions(release).read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {
        key: Draft202012Validator(schema) for definition in listed if definition for key, schema in _served(definition)
    }


def _served(definition: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = _strict(version["schema"]["openAPIV3Schema"])
        if version["served"]:
            yield (f"{spec['group']}/{version['name']}", spec["names"]["kind"]), schema


def _strict(schema: Any) -> Any:
    """The schema as strict field validation has it: what is not named is an error."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _strict(value) for name, value in schema.items()}
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not is_open:
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


def _definitions(release: str) -> Path:
    """The file of definitions, downloaded by the go command where its cache lacks it."""
    if shutil.which("go") is None:
        if os.environ.get("CI"):
            pytest.fail("the go command is missing: it fetches Istio's definitions")
        pytest.skip("the go command is missing: it fetches Istio's definitions")
    command = ["go", "mod", "download", "-json", "istio.io/api"]
    done = subprocess.run(command, cwd=MODULES[release], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"istio.io/api of {release} cannot be fetched: {done.stdout[-300:]}{done.stderr[-300:]}")
    return Path(json.loads(done.stdout)["Dir"]) / _FILE
