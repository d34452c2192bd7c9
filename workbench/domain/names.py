"""How is a name from outside stored as a file name, and shown without harm?"""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

_UNSAFE_IN_FILES = set('/\\%\0<>:"|?*')
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def shown(text: object, limit: int | None = None) -> str:
    r"""Text made harmless for a terminal: control, bidirectional and invisible characters escaped.

    Args:
        text: anything; `str()` of it is shown.
        limit: cut to this many characters, the last being an ellipsis.

    >>> shown("a\x1b[31mred")
    'a\\x1b[31mred'
    >>> shown("abcdef", limit=4)
    'abc…'
    """
    raw = str(text)
    if not raw.isprintable():
        raw = "".join(
            c if unicodedata.category(c) not in _HIDDEN_CATEGORIES or c == "\u200d" else _escaped(c)
            for c in raw
        )
    if limit is not None and len(raw) > limit:
        raw = raw[: max(limit - 1, 0)] + "…"
    return raw


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def file_stem(name: str) -> str:
    """The file name (without ending) that holds a model's name, whatever the name is.

    Only characters that a file system or a shell could trip over are percent-encoded, so
    that ordinary names stay as they are; `name_of_stem` is the inverse.

    >>> file_stem("arrival-delay"), file_stem("[/b]")
    ('arrival-delay', '[%2Fb]')
    """
    encoded = "".join(
        "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass"))
        if c in _UNSAFE_IN_FILES or not c.isprintable()
        else c
        for c in name
    )
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def name_of_stem(stem: str) -> str:
    """The model's name that `file_stem` turned into this file name."""
    return unquote(stem, errors="surrogatepass")
