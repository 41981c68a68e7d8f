"""Text of others (reasons, licences, names, cells) as it may be shown; and addresses without their secrets."""

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    import pandas as pd

#: what a terminal obeys or what turns the order of letters around; line ends and tabs are kept
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
#: beginnings of a cell that a spreadsheet takes for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LOGIN = re.compile(r"(?P<head>\w[\w+.-]*://[^\s/:@]*):(?P<password>\S*)@")
_QUERY = re.compile(r"(://[^\s?]*\?)(?!\*\*\*)\S+")
_SECRET_FIELD = re.compile(r"(?i)(?:pass|pwd|secret|token|key)[\w-]*=([^\s&;]+)")
HIDDEN = "***"


def visible(text: str) -> str:
    r"""Control characters as escapes (``\x1b``), to be seen and not obeyed."""
    return _OBEYED.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}"  # the second is an escape of JSON too


def printable(text: str) -> str:
    """Every letter that is not printable as an escape, odd blanks and line ends too."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quoted(value: object) -> str:
    """A value as text in quotes, no more of it than sixty letters."""
    text = str(value)
    return repr(text if len(text) <= 60 else text[:60] + "…")


def one_line(text: str) -> str:
    """``visible``, and line ends and other white space as single blanks."""
    return visible(" ".join(text.split()))


def markdown(text: str) -> str:
    r"""One line that ends no cell of a Markdown table, begins no tag and is no link."""
    return one_line(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("](", "]\\(")


def no_formula(value: object) -> object:
    """A text as ``visible``, with an apostrophe where a spreadsheet would take it for a formula; else the value."""
    if not isinstance(value, str):
        return value
    return f"'{visible(value)}" if value.startswith(_FORMULA) else visible(value)


def without_formulas(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table for people, to be written as csv; numbers keep their type."""
    import pandas as pd

    texts = [name for name in table if table[name].dtype.kind == "O"]
    return table.assign(**{
        str(name): pd.Series([no_formula(value) for value in table[name]], table.index, dtype=object) for name in texts
    })  # fmt: skip


def address(url: str) -> str:
    """An address as it may be shown: without password, and without what follows a question mark."""
    return _QUERY.sub(rf"\1{HIDDEN}", _LOGIN.sub(rf"\g<head>:{HIDDEN}@", url))


def without_secrets(text: str, url: str) -> str:
    """What somebody says about an address (a driver its own way), without the secrets of the address."""
    login = _LOGIN.search(url)
    parts = [] if login is None else [login["password"], *re.split("[@/:]", login["password"])]
    secrets = {*parts, *_SECRET_FIELD.findall(unquote(url)), *_SECRET_FIELD.findall(url)}
    secrets |= {unquote(secret) for secret in secrets}
    text = address(text.replace(url, address(url)))
    for secret in sorted((secret for secret in secrets if len(secret) > 2), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
