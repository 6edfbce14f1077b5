"""What a file's names stand for, worked out also while the file has mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from meshmig.language import tree
from meshmig.language.names import Names, Scope, collect
from meshmig.language.parser import Parsed
from meshmig.language.remembering import Once
from meshmig.language.report import Report
from meshmig.language.resolve_gates import resolve_gate
from meshmig.language.resolve_params import filled, resolve_params
from meshmig.language.resolve_profiles import resolve_profile, with_parts
from meshmig.language.resolve_selections import resolve_group
from meshmig.lsp.workspace import View
from meshmig.model import intent
from meshmig.model.mesh import Mesh


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The names of one migration by kind, and its mesh where the manifests are at hand. `main` is its file, as read.

    `docs` are the `##` comments of groups; gates and profiles hold their own.
    """

    main: Parsed
    gates: Mapping[str, intent.Gate]
    profiles: Mapping[str, intent.Profile]
    groups: Mapping[str, intent.Selection]
    docs: Mapping[str, str]
    params: Mapping[str, intent.Param]
    mesh: Mesh | None
    scope: Scope

    def overridden(self, name: str, overrides: tree.Overrides | None) -> intent.Profile | None:
        """Return a profile with what a move puts in its place."""
        profile = self.profiles.get(name)
        if profile is None or overrides is None:
            return profile
        return with_parts(profile, overrides.parts, "", self.scope)


def know(view: View, mesh: Mesh | None) -> Knowledge | None:
    """Return what the names mean for a file; None where its migration is no text. What is wrong is told elsewhere."""
    if not view.loaded.files:
        return None
    *used, main = (replace(parsed, report=Report(parsed.source)) for parsed in view.loaded.files)
    params = resolve_params(main, {})
    once = Once(memory=None, reports=())
    files = [*(filled(parsed, {}, once) for parsed in used), filled(main, params.values, once)]
    names = collect(files, partial=True)
    profiles = {name: _profile(name, names) for name in names.profiles if name}
    return Knowledge(
        main=main,
        gates={name: resolve_gate(d.node, Scope.of(names, d.parsed)) for name, d in names.gates.items() if name},
        profiles=profiles,
        groups={name: resolve_group(d.node, Scope.of(names, d.parsed)) for name, d in names.groups.items() if name},
        docs={name: Scope.of(names, d.parsed).doc(d.node.at) for name, d in names.groups.items()},
        params={param.name: param for param in params.params},
        mesh=mesh,
        scope=Scope.of(names, files[-1]),
    )


def _profile(name: str, names: Names) -> intent.Profile:
    found = names.profiles[name]
    return resolve_profile(found.node, Scope.of(names, found.parsed))
