"""Text to a resolved migration, and back."""

from meshmig.language.codes import CODES
from meshmig.language.loading import Loaded, load
from meshmig.language.printer import Formatted, format_text
from meshmig.language.render import WIDTH, render_finding
from meshmig.language.source import MAX_BYTES

__all__ = ["CODES", "MAX_BYTES", "WIDTH", "Formatted", "Loaded", "format_text", "load", "render_finding"]
