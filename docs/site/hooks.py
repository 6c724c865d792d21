"""What MkDocs does not do by itself: the notebook as a page, and links out of docs/."""

import base64
import json
import logging
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((\.\.?/[^)#]*)(#[^)]*)?\)")

BAR = "━"  # of a progress bar, which says nothing once it has ended

log = logging.getLogger("mkdocs.hooks.nst")


def on_files(files: Files, config: Any) -> Files:
    """Add tour.md, made from tour.ipynb, and the pictures that it shows."""
    notebook = json.loads((ROOT / "docs" / "tour.ipynb").read_text())
    parts = list[str]()
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            text, picture = _shown(output)
            if picture:
                name = f"tour/{number}.{picture[0]}"
                files.append(File.generated(config, name, content=picture[1]))
                text = f"![What this cell shows]({name})"
            parts.append(text)
    note = "*This page is the notebook [tour.ipynb](tour.ipynb), to download and run.*"
    page = "\n\n".join([parts[0], note, *parts[1:]])
    files.append(File.generated(config, "tour.md", content=page))
    return files


def _shown(output: dict[str, Any]) -> tuple[str, tuple[str, bytes] | None]:
    """Return an output as text in Markdown, or as a picture: its suffix and bytes."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    for kind, suffix in {"image/png": "png", "image/jpeg": "jpg"}.items():
        if kind in data:
            return "", (suffix, base64.b64decode("".join(data[kind])))
    if "text/html" in data:
        table = re.sub(r"<style.*?</style>", "", "".join(data["text/html"]), flags=re.DOTALL)
        return re.sub(r"\n\s*", "\n", table.replace(' border="1" class="dataframe"', "")), None
    text = re.sub(r"\x1b\[[0-9;]*m", "", "".join(data["text/plain"])).rstrip()
    return ("" if BAR in text or not text else f"```text\n{text}\n```"), None


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Make links to the sources, which the site does not hold, those of the repository or text."""

    def link(found: re.Match[str]) -> str:
        text, target, _ = found.groups()
        folder = posixpath.dirname(page.file.src_uri)
        path = posixpath.normpath(posixpath.join("docs", folder, target))
        if path.startswith("docs/"):
            return found[0]
        if not (ROOT / path).exists():
            log.warning("%s links to %s, which is not there", page.file.src_uri, target)
        return (
            f"[{text}]({config.repo_url.rstrip('/')}/blob/main/{path})" if config.repo_url else text
        )

    if page.file.src_uri != "tour.md":
        markdown = markdown.replace("tour.ipynb)", "tour.md)")
    return LINK.sub(link, markdown)
