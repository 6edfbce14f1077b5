"""Whether a regular expression is one of RE2, as far as Python can tell."""

import re

_FOREIGN = (
    (re.compile(r"\(\?<?[=!]"), "RE2 has no look-around"),
    (re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]"), "RE2 has no back-references"),
    (re.compile(r"\(\?>|[*+?}]\+"), "RE2 has no possessive or atomic groups"),
    (re.compile(r"\(\?\("), "RE2 has no conditions"),
)
_LARGEST_REPEAT = 1000
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def why_no_re2(pattern: str) -> str:
    """Return why RE2 refuses a pattern; empty where nothing is known against it."""
    for foreign, why in _FOREIGN:
        if foreign.search(pattern):
            return why
    if any(int(bound) > _LARGEST_REPEAT for found in _REPEAT.findall(pattern) for bound in found if bound):
        return f"RE2 repeats at most {_LARGEST_REPEAT} times"
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""
