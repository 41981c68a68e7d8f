"""How objects show themselves in a notebook: a title and a table of a few lines, everything escaped."""

from collections.abc import Mapping
from html import escape


def html_table(title: str, lines: Mapping[str, object]) -> str:
    """HTML of a title and two columns; empty values are left out."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in lines.items()
        if value not in ("", None)
    )
    return f"<div><strong>{escape(title)}</strong><table>{rows}</table></div>"
