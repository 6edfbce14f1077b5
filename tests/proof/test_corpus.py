"""The proof over every real set: nothing differs that was not announced, nothing is undecided, no call breaks."""

import pytest

from meshmig.commands.opening import Place
from meshmig.commands.result import ProofShown
from meshmig.commands.verify import VerifyOptions, verify
from tests.corpus.sets import FOLDER, REFUSED, folder_of, names
from tests.program import meshmig

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(FOLDER is None, reason="the corpus is absent: give its folder as MESHMIG_CORPUS"),
]


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith(REFUSED)])
def test_the_set_is_proved(name: str, tmp_path) -> None:
    """Unannounced, undecided and unsafe are all 0; every class has a request."""
    made = meshmig("init", "--files", str(folder_of(name)), "-o", "site.mig", cwd=tmp_path)
    assert made.exit == 0, made.stderr

    result = verify(str(tmp_path / "site.mig"), Place(), VerifyOptions())

    assert isinstance(result.shown, ProofShown)
    proof = result.shown.proved.proof
    routing = proof.routing
    print(
        f"{name}: {routing.compared} classes, {routing.equal} equal, {routing.announced} announced, "
        f"{routing.unannounced} unannounced, {routing.undecided} undecided; "
        f"{proof.states} states of {proof.pairs} pairs, {len(proof.unsafe)} unsafe"
    )
    assert (routing.unannounced, routing.undecided, proof.unsafe) == (0, 0, ())
    assert result.outcome == "ok", result.findings
    assert routing.compared == routing.equal + routing.announced > 0
    assert all(item.request is not None for item in result.shown.proved.classes)
