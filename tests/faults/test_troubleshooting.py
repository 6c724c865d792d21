"""docs/troubleshooting.md has every message that tells a user of something gone wrong."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "troubleshooting.md"

#: What is called with a message; a bare `log` is a logger's method that was chosen before.
SPEAKERS = (
    *("UserError", "UnreachableError", "BadRecordError", "ArgumentTypeError"),
    *("warning", "log"),
)
#: Each f-string that a function of these files returns is a message.
SENTENCES = ("nst/command/sentence.py", "nst/command/options.py")
#: Characters of the shortest piece of a message that is looked for: less is found anywhere.
SHORTEST = 10

#: Messages without such a piece, and why.
PASSED_ON = {
    "{_silent[host]}": "what a host answered before",
    "{why}": "what the network libraries say; nst/sources/download.py's own reasons are held apart",
    "{path}: {error.strerror}": "the system's words",
    "{without}": "a run's own message",
    "{job.label}: {outcome.error}": "a run's own message",
    "job {number} ({label}): {sentence(error)}": "a run's own message",
    "{path}: parameters.{name}: {unknown_key(str(name), options())}": "unknown_key's message",
    "--{option}: {problem}; {vary}": "held apart: its problems are made before",
    "{key}{_expected(key)}: {line}": "OmegaConf's words after _expected's",
    "{unknown_option(group, chosen, own)}": "_unknown_option's message",
    "{key} names a {what} twice: {', '.join(names)}": "held apart: too much of it differs",
    "nst.run {' '.join(arguments)} failed: {last.strip()}": "held apart: too much of it differs",
    "{done.stdout.decode(errors='surrogateescape')}": "the message of the process that read it",
    "must be {allowed}, not {text}": "held apart: what is allowed is made before",
}
#: Messages and parts of them that are made before they are raised, or by other projects.
APART = (
    "has layout N, and this version reads layout 1",
    "holds another run, which differs in",
    "the pictures' or weights' bytes",
    "names a layer twice",
    "nst.run ARGUMENTS failed",
    "is VALUE in all runs; keys that vary are",
    "there is no key 'KEY'; no key varies",
    "must be a whole number from LOW to HIGH, not",
    "it redirects to URL, but only https:// is allowed",
    "the server answered N REASON",
    "ended without a result (STATE): see FILE",
    "stopped with an error: see FILE",
    "the gradient overflowed before step N",
    "the loss became nan at step N",
    "stopped by Ctrl-C",
    "the folder can't be opened",
    "No space left on device",
    "An NVIDIA GPU may be present on this machine",
)


class Message(NamedTuple):
    where: str  # file:line
    template: str  # placeholders as {their code}
    pieces: list[str]  # what stands between placeholders


def plain(text: str) -> str:
    """Return text as it is compared: one space between words, nothing of Markdown."""
    return " ".join(text.replace("`", "").replace("\\|", "|").split())


def template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(template, node.values))
    if isinstance(node, ast.BinOp):
        return template(node.left) + template(node.right)
    if isinstance(node, ast.FormattedValue):
        node = node.value
    return f"{{{ast.unparse(node)}}}"


def pieces(node: ast.expr) -> list[str]:
    """Return the constant parts of a message, also of its alternatives."""
    if isinstance(node, ast.Constant):
        return re.split(r"%[a-z]", str(node.value))
    if isinstance(node, ast.JoinedStr):
        return [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
    if isinstance(node, ast.BinOp):
        return pieces(node.left) + pieces(node.right)
    if isinstance(node, ast.IfExp):
        return pieces(node.body) + pieces(node.orelse)
    return []


def spoken(tree: ast.AST, sentences: bool) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in SPEAKERS and not (name == "log" and isinstance(called, ast.Attribute)):
                yield node.args[0]
        elif sentences and isinstance(node, ast.Return) and isinstance(node.value, ast.JoinedStr):
            yield node.value


def messages() -> list[Message]:
    files = [*(ROOT / "nst").rglob("*.py"), *(ROOT / "sweeps" / "hydra_plugins").rglob("*.py")]
    found = []
    for file in sorted(files):
        name = file.relative_to(ROOT).as_posix()
        for node in spoken(ast.parse(file.read_text()), sentences=name in SENTENCES):
            own = [plain(piece) for piece in pieces(node)]
            found.append(Message(f"{name}:{node.lineno}", template(node), own))
    return found


def test_each_message_is_there():
    document = plain(DOCUMENT.read_text())
    lacking = []
    for message in messages():
        longest = max(message.pieces, key=len, default="")
        if len(longest) >= SHORTEST:
            if longest not in document:
                lacking.append(f"{message.where}: {longest!r}")
        elif message.template not in PASSED_ON:
            lacking.append(f"{message.where}: {message.template!r}, to be named in PASSED_ON")
    assert not lacking, f"not in {DOCUMENT.name}:\n" + "\n".join(lacking)


def test_there_are_messages():
    assert len(messages()) > 150


def test_what_is_made_elsewhere_is_there():
    document = plain(DOCUMENT.read_text())
    assert [part for part in APART if part not in document] == []


def test_nothing_is_excepted_in_vain():
    assert set(PASSED_ON) - {message.template for message in messages()} == set()


def test_each_row_has_a_message_and_a_remedy():
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            assert len(cells) == 2, line
            assert all(cell.strip() for cell in cells), line
