"""Asks the package index for known vulnerabilities of what the tests ran with.

    python tests/faults/audit.py

`pip-audit` does it better where the index answers for each version. This asks for the page of each
package alone, which tells of its latest release; what is older is listed as not known. Exit status
1 says that a vulnerability was found.
"""

import json
import re
import sys
import urllib.request
from pathlib import Path

from pip._internal.models.index import PyPI

PINNED = Path(__file__).parents[2] / "constraints.txt"


def main() -> int:
    """Print what was found; return the exit status."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", PINNED.read_text(), re.MULTILINE)
    older, found = [], []
    for name, version in pins:
        with urllib.request.urlopen(f"{PyPI.pypi_url}/{name}/json", timeout=60) as answer:
            page = json.load(answer)
        if page["info"]["version"] != version:
            older.append(f"{name} {version}")
        else:
            found += [f"{name} {version}: {known['id']}" for known in page["vulnerabilities"]]
    latest = len(pins) - len(older)
    print(f"{latest} of {len(pins)} packages are the latest release: {len(found)} vulnerabilities")
    print("\n".join(found), end="\n" * bool(found))
    print(f"not known, as there is a later release: {', '.join(older)}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
