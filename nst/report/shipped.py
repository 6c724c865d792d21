"""The files that nst's pages are made of, and what keeps a page from running anything else."""

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


def text(name: str, package: str = "nst.report") -> str:
    """Return a page's file.

    Args:
      name: of the file in the package's page_files.
      package: that brings it along.
    """
    return files(package).joinpath("page_files", name).read_text(encoding="utf-8")


def template(name: str, package: str = "nst.report") -> Template:
    """Return a page's template, which escapes what it is given.

    Args:
      name: of the file in the package's page_files.
      package: that brings it along.
    """
    loader = PackageLoader(package, "page_files")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(name)


def script(parts: Iterable[str]) -> str:
    """Join scripts into one that leaves no name in the window.

    Args:
      parts: texts of scripts, in the order in which they use each other.
    """
    joined = "\n".join(parts)
    return f"(() => {{\n'use strict';\n{joined}\n}})();"


def policy(*scripts: str) -> str:
    """Return a content security policy under which only these scripts run.

    Args:
      scripts: their texts.
    """
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: file: 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def as_json(value: Any) -> Markup:
    """Return JSON that can't end the script element that it lies in.

    Args:
      value: plain data without NaN.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    # json.dumps has escaped all that isn't ASCII, U+2028 and U+2029 too.
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)
