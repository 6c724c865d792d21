"""Random overrides of every key and group: a checked configuration or one sentence."""

import dataclasses
import json
import logging
import random
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers import refusal
from hydra._internal.hydra import Hydra

from nst import run
from nst.base import interrupt
from nst.command.options import options
from nst.config.schema import Config, entries, keys, to_mapping
from nst.config.validation import validated
from nst.multirun import cluster
from nst.runner import prepare as inputs
from nst.runner import session
from nst.runner.job import Job
from nst.runner.outcome import Outcome

EACH = 300  # overrides of a slow seed; together these have 5,100
LEAVES = keys()
TREES = [entry.name for entry in dataclasses.fields(Config) if dataclasses.is_dataclass(entry.type)]
#: Keys whose value is a mapping, with names that no schema has.
OPEN = ("content.layers", "style.layers", "style.blend")

WORDS = [word for entry in entries().values() for word in entry.key.choices]
NUMBERS = """
0 -0 1 2 64 256 1e3 0.5 64.0 1_000 0x10 -1 1.5 1e400 -1e400 1e-400 nan -nan inf -inf +1 01 1e 1e308
4294967296 99999999999999999999999999999999 - .5 5.
"""
TEXTS = r"""
'' "" null NULL true off ??? '???' conv4_2 pool5 ../x /etc/passwd '~/x' ~/x a=b a:b '<script>'
'%s{0}{a}' file:///x ' " 'a a"b 'a\'b' "a\"b" \' \ '\\' `a` $(a) a;b '\x00' \0 '\u0000' %00
"""
NESTED = """
[] {} [1,2] [[1]] [a,b] [16,32] {a:1} {a:{b:1}} {1:2} {null:1} {conv1_1:1} {conv1_1:-1}
{conv1_1:nan} [null] [conv1_1,pool1] [conv1_1,conv1_1] {night:1,starry:2} [{a:1}] [ } [1 1,
[night,./a.png] {lr:1} {gamma:1} {gama:1} {name:x}
"""
CALLS = """
1,2 int(3) str(3) int([]) str({a:1}) float(x) bool(2) foo(1) range(1,3) choice(1,2) glob(*) int( )
shuffle(1,2) sort(2,1) interval(0,1) json_str(1) extend_list(1) tag(a,1)
"""
DOLLARS = """
${oc.env:HOME} ${oc.env:NST_NO_SUCH} ${oc.env:NST_NO_SUCH,x} ${oc.decode:12} ${oc.decode:'[1]'}
${oc.decode:${oc.env:HOME}} ${oc.select:nope,64} ${oc.select:} ${oc.create:1} ${oc.dict.keys:tv}
${oc.dict.values:style} ${oc.deprecated:size} ${hydra:job} ${hydra:runtime.cwd} ${hydra:nope}
${now:%Y} ${now:} ${foo:bar} ${nope} ${size} ${tv} ${style} ${style.layers} ${tv.gamma} ${name}
${ $} ${} '${x}' '\\${x}' \\${x} a${size}b ${${size}} ${.x} ${..size} ${size:} '${oc.env:HOME'
"""
UNICODE = (
    *("日本", "'日本'", "'\u202egnp.exe'", "\u202e", "'a\u2028b'", "'e\u0301'", "١٢", "'١٢'", "²"),
    *("'\U0001f9d1\u200d\U0001f680'", "'\udcff'", "\udcff", "'\x01\x7f'", "a\tb", "'a\nb'"),
    *("'\x1b[31m'", "'\r'", "\u2066", "\ufeff", "'\x85'"),
)
LONG = (
    *("9" * 400, "-" + "9" * 400, "9" * 5000, "1e" + "9" * 5000, "{conv1_1:" + "9" * 400 + "}"),
    *("x" * 300, "x" * 10_000, "' '", "'" + "x " * 5000 + "'", "", "'conv1_1 1, conv2_1 0.5'"),
    *("[" * 60 + "]" * 60, "[" * 400 + "]" * 400, "{a:" * 60 + "1" + "}" * 60),
    "[" + ",".join("1" * 500) + "]",
)
VALUES = (*map(str.split, (NUMBERS, TEXTS, NESTED, CALLS, DOLLARS)), WORDS, UNICODE, LONG)

STRANGE = """
_target_ defaults schema config __class__ nope a.b.c a/b size@tv style@content style@x.y size: tags
style@_global_ style@ @style .size size. tv..gamma tv.gamma.x size.x size[0] scales.0
tracking.tags.0 tracking.tags[0] style.layers.conv1_1 content.layers.x.y style.blend.night
style.blend./a.png naïve optimizer.name.x 日本 - = == + ~ @ . .. $ ${size} 'size' "size" a@b@x
experiment@style network/vgg16 init/..
"""
ODD_KEYS = (
    *(*STRANGE.split(), "", " ", "a b", "x" * 300, "x" * 5000, "\u202e", "\udcff", "size ", "a\nb"),
)
ALPHABET = "=+~@${}[]()'\"\\,:./* \t\n#%-_0123456789aesxyz\u202e\u00e9\x1b"


def a_value(dice: random.Random, key: str) -> str:
    if dice.random() < 0.25:
        return default(key)
    return dice.choice(dice.choice(VALUES))


def default(key: str) -> str:
    """Return the schema's own value of a key as an override has it; a word where it is a group."""
    value: Any = to_mapping(Config()) if key in LEAVES else "x"
    for part in key.split(".") if key in LEAVES else ():
        value = value[part]
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return str(value) if isinstance(value, int | float | list) else f"'{value}'"


def misspelt(dice: random.Random, word: str) -> str:
    at = dice.randrange(len(word))
    before, letter, after = word[:at], dice.choice("etaoinsr._ E0"), word[at + 1 :]
    swapped = before + word[at : at + 2][::-1] + word[at + 2 :]
    others = (before + after, before + letter + word[at:], before + letter + after)
    return dice.choice([*others, swapped, word.upper()])


def an_override(dice: random.Random) -> str:
    """Return one override, in three of four cases of a key or a group that there is."""
    kind = dice.random()
    if kind < 0.05:
        return "".join(dice.choices(ALPHABET, k=dice.randrange(1, 30)))
    mark = dice.choices(["", "+", "++", "~"], [7, 1, 1, 1])[0]
    groups = options()
    if kind < 0.2:
        group = dice.choice(sorted(groups))
        option = dice.choice([*groups[group], misspelt(dice, dice.choice(groups[group]))])
        value = option if dice.random() < 0.6 else a_value(dice, "x")
        return f"{mark}{group}={value}" if mark != "~" or dice.random() < 0.5 else f"~{group}"
    key = dice.choice(LEAVES) if kind < 0.75 else dice.choice([*TREES, *ODD_KEYS])
    if 0.6 < kind < 0.75:
        key = misspelt(dice, key)
    if mark == "~" and dice.random() < 0.5:
        return mark + key
    return f"{mark}{key}={a_value(dice, key)}"


Ask = Callable[..., list[Config] | str]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """`python -m nst.run` in this process: the configurations that it would run, or its sentence.

    A checked configuration meets `inputs.prepare` and `session.perform`, or in a sweep
    `cluster.in_process`, which do nothing here.
    """
    checked: list[Config] = []

    def prepare(config: Config) -> None:
        checked.append(config)

    monkeypatch.setattr(inputs, "prepare", prepare)
    done = Outcome("finished", None, 0, 1.0, None)
    monkeypatch.setattr(session, "perform", lambda prepared, place: done)

    def in_process(jobs: Sequence[Job], lanes: int | None, _: object) -> list[Outcome]:
        checked.extend(job.config for job in jobs)
        return [done for _ in jobs]

    monkeypatch.setattr(cluster, "in_process", in_process)
    monkeypatch.setattr(interrupt, "listen", lambda: None)
    # Hydra would compose everything twice, the first time to learn whether this is a sweep.
    monkeypatch.setattr(Hydra, "get_mode", lambda *_, **__: None)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    # It would close the handlers that pytest catches logs with.
    monkeypatch.setattr("hydra._internal.logging_config.configure_logging", lambda *_: None)
    # So deep that name=../x stays inside.
    here = tmp_path / "a" / "b" / "c"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)

    def asked(*arguments: str) -> list[Config] | str:
        checked.clear()
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
        monkeypatch.setattr(sys, "argv", ["nst", *arguments])
        try:
            run.main()
        except SystemExit as ended:
            refused = str(ended.code)
        else:
            for left in here.iterdir():  # name=../x leaves a folder beside outputs/
                shutil.rmtree(left)
            return list(checked)
        assert capsys.readouterr().err == ""
        assert list(here.iterdir()) == []  # nothing is left of what was refused
        return refused

    return asked


def is_a_sentence(text: str) -> bool:
    return (
        text.startswith("nst: ")
        and 15 < len(text) < 600
        and text.isprintable()
        and not re.search(r"Traceback|\bat 0x|<class |\$(KEY|VALUE|FULL_KEY)", text)
    )


def known(override: str) -> bool:
    """Return whether an override sets a key or a group that there is."""
    key = override.lstrip("+~").partition("=")[0].strip()
    group, at, _ = key.partition("@")
    if at:
        return group in options()
    return key in (*LEAVES, *TREES, *options()) or key.startswith(tuple(f"{one}." for one in OPEN))


def is_a_plan(config: Config) -> bool:
    """Return whether a configuration can be recorded and hasn't changed by being checked again."""
    json.dumps(to_mapping(config), allow_nan=False)
    return validated(config) == config


def plans(ask: Ask, arguments: list[str], own: str) -> list[Config]:
    """Return what a command would run; nothing where it is refused.

    Args:
      ask: the command.
      arguments: of it.
      own: the override among them that the dice have made.
    """
    try:
        answer = ask(*arguments)
        if isinstance(answer, str):
            assert is_a_sentence(answer), answer
            return []
        assert known(own)
        assert answer
        assert all(map(is_a_plan, answer))
    except BaseException as error:
        error.add_note(f"the arguments are {arguments!r}")
        raise
    return answer


def seeds(slow: int) -> list[Any]:
    return [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, slow + 1))]


@pytest.mark.parametrize("seed", seeds(17))
def test_an_override_gives_a_plan_or_a_sentence(ask: Ask, seed: int):
    dice = random.Random(seed)
    count = EACH if seed else EACH // 5
    accepted = 0
    for _ in range(count):
        override = an_override(dice)
        accepted += len(plans(ask, [override], override))
    # The dice are of some use only while both answers are frequent.
    assert count / 10 < accepted < count / 2


@pytest.mark.parametrize("seed", seeds(8))
def test_overrides_of_a_sweep_give_plans_or_a_sentence(ask: Ask, seed: int):
    dice = random.Random(1000 + seed)
    accepted = []
    for _ in range(EACH // 10 if seed else EACH // 50):
        own, others = an_override(dice), ["seed=1,2", "pooling=avg,max", "beta=1"]
        accepted += plans(ask, ["-m", "sweep.report=false", own, *dice.sample(others, 2)], own)
    assert accepted


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("+=1", "'+=1': it must look like key=value"),
        ("size=" + "9" * 5000, "can't read the override 'size=999"),
        ("alpha=" + "9" * 400, "alpha must be a number"),
        ("style.layers={conv1_1:" + "9" * 400 + "}", "style.layers.conv1_1 must be a number"),
        ("steps=" + "[" * 400 + "]" * 400, "its brackets nest too deeply"),
        ("tv={gama:1}", "there is no key 'tv.gama' (did you mean 'tv.gamma'?)"),
        ("style=[night,starry]", "style has no option '[night,starry]'"),
        ("style=../content/chelsea", "style has no option '../content/chelsea'"),
        ("pooling='\x1b[31m\u202e'", r"not '\x1b[31m\u202e'"),
        ("pooling='" + "x" * 10_000 + "'", "pooling must be one of avg, max, not 'xxx"),
        ("nam\udcff=1", r"'nam\udcff=1'"),
        ("tracking.tags=[[a]]", "each of tracking.tags must be a text of 1 to 64 characters"),
        ("tracking.project=a/b", "tracking.project must be at most 128 characters"),
        ("content.path=日本.png", "does not exist"),
        ("size=日本", "with quotes about a value"),
        ("name=${oc.env:NST_NO_SUCH}", "name gives the folder of a run"),
        ("size=64 -m seed=1", "can't read seed=1: an option, -m say, goes before all overrides"),
        ("--size=64", "--size=64; a key has no dashes, size=64"),
    ],
)
def test_the_oddest_from_the_command_line(command, override: str, part: str):
    line = refusal(command, *override.split(" "))
    assert is_a_sentence(line)
    assert part in line
