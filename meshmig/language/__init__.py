"""Text to a resolved migration, and back."""

from meshmig.language.codes import CODES
from meshmig.language.loading import Loaded, load
from meshmig.language.printer import Formatted, format_text
from meshmig.language.render import render_finding

__all__ = ["CODES", "Formatted", "Loaded", "format_text", "load", "render_finding"]
