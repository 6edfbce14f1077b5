"""What is proved before anything runs: routing stays the same, and every call works in every state on the way."""

from meshmig.proof.announcing import Announced
from meshmig.proof.comparing import Class
from meshmig.proof.describing import curl_of, outcome_data, outcome_text, request_data, request_text, witness_data
from meshmig.proof.findings import CODES
from meshmig.proof.model import PATH, Cause
from meshmig.proof.proving import Case, Proved, journeys_end, prove

__all__ = [
    "CODES",
    "PATH",
    "Announced",
    "Case",
    "Cause",
    "Class",
    "Proved",
    "curl_of",
    "journeys_end",
    "outcome_data",
    "outcome_text",
    "prove",
    "request_data",
    "request_text",
    "witness_data",
]
