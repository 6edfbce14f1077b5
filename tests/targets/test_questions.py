"""Each answer of each question changes what is emitted as it says; the first, the default, is the safe one."""

import pytest

from meshmig.sources.appmesh.questions import WORDINGS
from tests.targets.emitted import emitted
from tests.targets.test_settings_of_pods import plain_shop
from tests.targets.whole_mesh import whole_mesh

SHOWN = {
    ("certificates", "mesh"): ("after DestinationRule shop/kept", '"mode": "SIMPLE"', False),
    ("certificates", "files"): ("after Sidecar shop/kept", '"serverCertificate": "/certs/chain.pem"', True),
    ("gateway_tls", "tls"): ("after Gateway shop/door-edge", '"name": "https-8443"', True),
    ("gateway_tls", "plaintext"): ("after Gateway shop/door-edge", '"name": "http-8443"', True),
    ("health_checks", "readiness"): ("pods shop/front", "readinessProbe", False),
    ("health_checks", "probe"): ("pods shop/front", '"path": "/ping"', True),
    ("inbound_ports", "listeners"): ("pods shop/front", 'includeInboundPorts": "8080"', True),
    ("inbound_ports", "all"): ("pods shop/front", "includeInboundPorts", False),
    ("outlier_detection", "carry"): ("after DestinationRule shop/kept", '"consecutive5xxErrors": 5', True),
    ("outlier_detection", "omit"): ("after DestinationRule shop/kept", "outlierDetection", False),
    ("default_retries", "carry"): ("after VirtualService shop/kept", '"attempts": 2', True),
    ("default_retries", "none"): ("after VirtualService shop/kept", '"attempts": 0', True),
    ("host_rewrite", "rewrite"): ("after VirtualService shop/door-edge", '"authority": "cart.shop"', True),
    ("host_rewrite", "keep"): ("after VirtualService shop/door-edge", '"authority"', False),
}
"""Where an answer shows: the object, a text, whether it is there."""


def test_every_answer_of_every_question_is_looked_at() -> None:
    """A new question, or a new choice, needs a row."""
    assert set(SHOWN) == {(name, choice) for name, wording in WORDINGS.items() for choice in wording.choices}


@pytest.mark.parametrize(("question", "choice"), sorted(SHOWN))
def test_the_answer_does_what_it_says(question: str, choice: str) -> None:
    """In the object that it is about."""
    place, text, is_there = SHOWN[question, choice]
    bodies = plain_shop() if question == "host_rewrite" else whole_mesh()

    found = emitted(bodies, {question: choice})

    assert (text in found[place]) is is_there
