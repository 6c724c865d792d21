"""``nst stats`` as it is typed: what it says, its tables, and what it refuses."""

import csv
import io
import re
import resource
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fake_runs import write_run
from helpers import Command, Done, Process

from nst.metrics.effects import between
from nst.metrics.effects import paired as effect_pairs
from nst.metrics.permutation import sign_flips
from nst.report import effects, factors
from nst.stats import replicates
from nst.stats.compare import compare
from nst.stats.gather import gather
from nst.stats.latex import escaped

STATS = (sys.executable, "-m", "nst.stats")
BETAS = [10.0**power for power in range(2, 8)]
MINUS = "\u2212"


def stats(folder: Path, *arguments: str) -> Done:
    return Command(folder)("sweep", *arguments, program=STATS)


def refused(folder: Path, *arguments: str) -> str:
    done = stats(folder, *arguments)
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: ")
    return line


def a_sweep(work: Path, seeds: int = 1, **changes: object) -> Path:
    """Six blocks by two poolings: max is 0.2 to 0.25 higher in style distance, alike in SSIM."""
    draw = np.random.default_rng(0)
    for at, (pooling, beta, seed) in enumerate(product(["avg", "max"], BETAS, range(seeds))):
        style = 0.1 + (pooling == "max") * (0.2 + 0.01 * BETAS.index(beta)) + 0.001 * seed
        ssim = 0.5 + BETAS.index(beta) / 50 + draw.normal() / 100
        metrics = {"style_distance": style, "ssim": ssim}
        fields = {"pooling": pooling, "beta": beta, "seed": seed, "metrics": metrics} | changes
        write_run(work / "sweep" / str(at), None, **fields)
    return work / "sweep"


def test_it_says_what_a_setting_does(work: Path):
    a_sweep(work)
    done = stats(work, "--by", "pooling")
    assert done.returncode == 0, done
    first, blank, style, ssim, *_ = done.stdout.splitlines()
    assert (first, blank) == ("12 runs, 2 comparisons", "")
    # Differences 0.20 to 0.25: mean 0.225, deviation 0.0187, t of five degrees of freedom 2.571:
    # half the width is 0.0196. Six pairs, of 32 patterns one is as far: 2/64, twice that by Holm.
    assert style == (
        "pooling: avg seems lower than max in style distance by 0.225 (95 % interval 0.205 to "
        "0.245), in 6 of 6 blocks, p = 0.062 after Holm"
    )
    assert ssim.startswith("pooling: no clear difference in SSIM: ")
    told = " ".join(done.stdout.split())
    assert "No replicates: each combination of settings ran once, and reruns in float32" in told
    assert "6 pairs are too few for 2 comparisons at once: they can give no p below 0.031" in told
    alone = stats(work, "--by", "pooling", "--metric", "style_distance").stdout
    assert "avg is lower than max in style distance" in alone
    assert "p = 0.031 after Holm" in alone


def test_it_has_the_pages_own_numbers(work: Path):
    folder = a_sweep(work, seeds=2)
    sweep = gather([folder], ["beta"], ["ssim"])
    (finding,) = compare(sweep, "t", None)
    (one,) = sweep.by
    numbers = effects.numbers(sweep.report, sweep.metrics[0])
    theirs = effects.single(sweep.report, one, sweep.every, numbers)
    assert [each.difference for each in finding.comparisons] == theirs.differences
    assert (finding.blocks, finding.complete) == (theirs.blocks, theirs.complete) == (2, 2)
    assert factors.SEED not in one.others


def test_replicates_are_counted_and_have_their_share(work: Path):
    a_sweep(work, seeds=3)
    done = stats(work, "--by", "pooling", "--metric", "style_distance")
    said = " ".join(done.stdout.split())
    # The seeds give 0, 0.001 and 0.002 more in each cell: a deviation of 0.001.
    assert "3 replicates a cell; their standard deviation is 0.001 in style distance." in said
    assert "No replicates" not in said
    (row,) = csv.DictReader(io.StringIO(stats(work, "--by", "pooling", "--metric", "style_distance",
        "--format", "csv").stdout))  # fmt: skip
    shares = [float(row[f"share_{one}"]) for one in ("key", "blocks", "rest", "replicates")]
    assert sum(shares) == pytest.approx(1)
    # By hand: the key 0.225**2 / 4 a run; blocks and rest each the deviation of 0 to 0.05 halved;
    # within a cell the mean square of 0.001, 0, 0.001.
    parts: list[float] = [0.225**2 / 4, *2 * [float(np.var(np.arange(6) / 100)) / 4], 2e-6 / 3]
    assert shares == pytest.approx(np.array(parts) / np.sum(parts))
    assert (row["replicates_least"], row["replicates_most"]) == ("3", "3")
    # Each seed gives avg and max the same, so a block has one difference and not three.
    assert (row["p_pairs"], float(row["p"])) == ("6", 2 / 2**6)


def test_seeds_tell_what_chance_is(work: Path):
    draw = np.random.default_rng(1)
    for at, (beta, seed, pooling) in enumerate(product(BETAS[:3], range(3), ["avg", "max"])):
        style = 0.1 + BETAS.index(beta) / 10 + (pooling == "max") * 0.2 + draw.normal() / 100
        write_run(work / "sweep" / str(at), None, beta=beta, seed=seed, pooling=pooling,
            metrics={"style_distance": style})  # fmt: skip
    done = stats(work, "--by", "pooling")
    # Three blocks alone could give no p below 0.25, their nine pairs of runs 2 / 2**9.
    assert "avg is lower than max in style distance by 0.2" in done.stdout
    assert "in 3 of 3 blocks, p = 0.0039 after Holm" in done.stdout
    assert "they are swapped in each seed of each block" in " ".join(done.stdout.split())


def test_with_seeds_a_planted_null_is_found_one_time_in_twenty():
    draw = np.random.default_rng(0)
    blocks, seeds, levels = (part.ravel() for part in np.indices((3, 3, 2)))
    one, false = factors.Factor([], ["avg", "max"], levels), []
    for _ in range(1000):
        numbers = draw.normal(size=3)[blocks] * 5 + draw.standard_t(3, 18)
        paired = effect_pairs(levels, blocks, numbers, 2, seeds)
        flipped = replicates.pairs(one, blocks, numbers, seeds, paired).differences(1, 0)
        assert flipped.sum() == pytest.approx(between(paired.table, 1, 0).sum())
        false.append(flipped)
    ps = np.array(sign_flips(false))
    assert 0.03 < (ps <= 0.05).mean() <= 0.065


def test_unequal_seeds_count_as_far_as_they_go(work: Path):
    levels = np.array([0, 1, 0, 1, 0, 0, 1, 0, 1])
    blocks = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2])
    seeds = np.array([0, 0, 1, 1, 2, 0, 1, 0, 0])
    numbers = np.array([1, 3, 2, 5, 9, 4, 7, 0, np.nan])
    paired = effect_pairs(levels, blocks, numbers, 2, seeds)
    one = factors.Factor([], ["avg", "max"], levels)
    flipped = replicates.pairs(one, blocks, numbers, seeds, paired).differences(1, 0)
    # Block 0 has two seeds at both values, with 2 and 3; block 1 none in common; block 2 no max.
    assert flipped.tolist() == [1.0, 1.5, 3.0]


def test_a_start_that_nobody_can_see_is_a_replicate_too(work: Path):
    for at, (pooling, mix) in enumerate(product(["avg", "max"], [1e-6, 2e-6, 3e-6])):
        style = {"avg": 0.1, "max": 0.3}[pooling] + mix * 1e4 + at / 1000
        write_run(work / "sweep" / str(at), None, pooling=pooling,
            **{"init.mix": mix, "metrics": {"style_distance": style}})  # fmt: skip
    said = stats(work, "--by", "pooling").stdout
    assert "in 3 of 3 seeds" in said
    assert "The pairs of pooling are seeds: all other settings are alike." in said
    assert "3 replicates a cell" in said
    assert "even one comparison alone: they can give no p below 0.25" in said  # 2 / 2**3
    # Named by --by, it is a setting like any other.
    assert "init.mix: " in stats(work, "--by", "init.mix").stdout


def test_seeds_that_change_nothing_are_no_replicates(work: Path):
    for at, (pooling, seed) in enumerate(product(["avg", "max"], [0, 1])):
        metrics = {"style_distance": {"avg": 0.1, "max": 0.3}[pooling]}
        write_run(work / "sweep" / str(at), None, pooling=pooling, seed=seed, metrics=metrics)
    said = " ".join(stats(work, "--by", "pooling").stdout.split())
    assert "avg was lower than max in style distance by 0.200 in the only pair" in said
    assert "which has neither interval nor p" in said
    assert "No replicates: the seeds change nothing" in said


def test_what_is_missing_is_named(work: Path):
    folder = a_sweep(work)
    write_run(folder / "7", None, pooling="max", beta=BETAS[1], status="diverged", error="It did.")
    shutil.rmtree(folder / "9")
    (folder / "broken").mkdir()
    (folder / "broken" / "run.json").write_text("{")
    said = " ".join(stats(work, "--by", "pooling").stdout.split())
    assert said.startswith("11 runs (10 finished, 1 diverged)")
    assert (
        "2 of 6 blocks of pooling lack a value and are left out: "
        "alpha/beta 10⁻⁵ lacks max; alpha/beta 10⁻³ lacks max (diverged)." in said
    )
    assert "in 4 of 4 blocks" in said
    assert "Can't be read: broken: run.json" in said


def test_several_photographs_are_blocks_and_never_compared(work: Path):
    for at, (content, pooling) in enumerate(product(["chelsea", "coffee"], ["avg", "max"])):
        metrics = {"style_distance": 0.1 * at + (pooling == "max") * 0.1, "lpips": 0.1 * at}
        write_run(work / "sweep" / str(at), None, content=content, pooling=pooling, metrics=metrics)
    assert "The style distance of one content image does not compare" in refused(
        work, "--by", "content"
    )
    said = stats(work, "--by", "pooling", "--by", "content", "--format", "table").stdout
    assert re.search("content +style distance +not compared", said)
    assert "Blocks are of several values of content: their differences are averaged" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name what to compare with --by KEY: keys that vary are pooling, alpha/beta"),
        (["--by", "poolign"], "no key 'poolign' (did you mean 'pooling'?); keys that vary are"),
        (["--by", "tv.gamma"], "--by: tv.gamma is 0 in all runs; keys that vary are pooling"),
        (["--by", "seed"], "seeds stand for chance"),
        (["--by", "pooling", "--metric", "style"], "no run has 'style'"),
        (["--by", "pooling", "--metric", "lpips"], "they have style_distance, ssim, loss/style"),
        (["--by", "pooling", "--metric", "preference"], "there are no votes on these pictures yet"),
        (["--by", "pooling", "--metric", "loss/total"], "different sum for each pooling"),
        (["--by", "pooling", "--against", "agv"], "no run has 'agv' (did you mean 'avg'?)"),
        (["--by", "pooling", "--interval", "z"], "--interval must be t or bootstrap, not 'z'"),
        (["--by", "pooling", "--format", "tex"], "--format must be words, table, csv, markdown"),
        (["--by", "pooling", "--out", "sweep"], "sweep is a folder"),
        (["--by", "pooling", "--out", "metrics.csv"], "metrics.csv is what nst report writes"),
        (["nowhere", "--by", "pooling"], "nowhere does not exist"),
    ],
)
def test_what_can_not_be_compared_is_one_sentence(work: Path, arguments: list[str], said: str):
    a_sweep(work)
    assert said in refused(work, *arguments)


def test_one_cell_and_a_random_search_are_one_sentence(work: Path):
    write_run(work / "sweep" / "0", None, metrics={"ssim": 0.5})
    assert "there is one run alone" in refused(work, "--by", "pooling")
    write_run(work / "sweep" / "1", None, seed=1, metrics={"ssim": 0.6})
    assert "pooling is avg in all runs; no key varies" in refused(work, "--by", "pooling")
    draw = np.random.default_rng(0)
    for at in range(2, 30):
        write_run(work / "sweep" / str(at), None, beta=draw.random(), metrics={"ssim": 0.5},
            pooling=["avg", "max"][at % 2])  # fmt: skip
    assert "No two runs with a number differ in pooling alone" in refused(work, "--by", "pooling")


def test_values_are_compared_each_with_each_or_with_one(work: Path):
    a_sweep(work)
    six = stats(work, "--by", "beta", "--metric", "ssim").stdout
    assert six.count("\nstyle weight beta: ") == 5  # each with the first
    with_one = stats(
        work, "--by", "beta", "--metric", "ssim", "--against", "1e4", "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(with_one.stdout)))
    assert [row["value"] for row in rows] == ["100", "1e3", "1e5", "1e6", "1e7"]
    assert {row["against"] for row in rows} == {"1e4"}


def test_the_csv_comes_back_with_all_digits(work: Path):
    folder = a_sweep(work)
    done = stats(work, "--by", "pooling,beta", "--interval", "bootstrap", "--out", "all.csv")
    assert done.stdout.splitlines()[-1] == "all.csv"
    with (work / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = compare(gather([folder], ["pooling", "beta"], []), "bootstrap", None)
    expected = [
        (one.metric["name"], each.difference.mean, each.difference.low, each.holm)
        for one in found
        for each in one.comparisons
    ]
    numbers = ("difference", "low", "p_holm")
    assert [(row["metric"], *(float(row[one]) for one in numbers)) for row in rows] == expected
    assert {row["interval"] for row in rows} == {"bootstrap"}
    assert "Of 2 pairs a bootstrap interval is too narrow" in " ".join(done.stdout.split())


def test_only_a_file_of_its_own_is_replaced(work: Path):
    a_sweep(work)
    (work / "mine.tex").write_text("mine")
    assert "mine.tex was not written by nst" in refused(
        work, "--by", "pooling", "--out", "mine.tex"
    )
    assert (work / "mine.tex").read_text() == "mine"
    for _ in range(2):
        assert stats(work, "--by", "pooling", "--out", "own.md").returncode == 0
    whole = (work / "own.md").read_text()
    assert whole.startswith(
        "What pooling does to style distance and SSIM: 12 runs, 2 comparisons.\n\n"
        "| metric | value | against | difference | 95 % interval | pairs | p (Holm) |\n"
    )
    (work / "own.md").write_text(whole + "and my own words\n")
    assert "own.md was changed since nst wrote it" in refused(
        work, "--by", "pooling", "--out", "own.md"
    )


HOSTILE = (
    "\x1b[31m"
    + r"\input{/etc/passwd} 50% $x_1^2$ & #1 ~ {a} <b> |c| [d] *e* 'f' `g` \"h\" -- \\ end"
)


def test_latex_is_whole_whatever_the_names(work: Path):
    for at, (content, pooling) in enumerate(product([HOSTILE, "[0]*"], [HOSTILE, "[max]"])):
        metrics = {"style_distance": 0.1 * at + (pooling == HOSTILE) * 0.1}
        write_run(work / "sweep" / str(at), None, content=content, pooling=pooling, metrics=metrics)
    done = stats(work, "--by", "pooling", "--out", "t.tex")
    assert done.returncode == 0
    assert all(one.isprintable() for one in done.stdout.replace("\n", ""))
    text = (work / "t.tex").read_text()
    commands = {"begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule"}
    commands |= {
        "par",
        "smallskip",
        "footnotesize",
        "symbol",
        "usepackage",
        "setlength",
        "tabcolsep",
        "raggedright",
    }
    letters = {"textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater"}
    assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= commands | letters | {"textbar"}
    assert r"\input" not in text
    # Braces match, and each row has as many cells as the table has columns.
    bare = re.sub(r"\\[\\{}$&#%_]", "", text)
    depth = np.cumsum([(one == "{") - (one == "}") for one in bare])
    assert (depth.min(), depth[-1]) == (0, 0)
    for columns, rows in re.findall(
        r"\\begin\{tabular\}\{([lr]+)\}\n\\toprule\n(.*?)\\bottomrule", text, re.DOTALL
    ):
        lines = [line for line in rows.splitlines() if line != r"\midrule"]
        assert all(line.endswith(r" \\") for line in lines)
        cells = [len(re.sub(r"\\&", "", line).split(" & ")) for line in lines]
        assert cells == [len(columns)] * len(lines)
        assert not any(re.match(r"[\[*]", line) for line in lines)
    if shutil.which("pdflatex"):
        document = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
        (work / "d.tex").write_text(document + text + "\\end{document}\n")
        subprocess.run(["pdflatex", "-halt-on-error", "d.tex"], cwd=work, check=True)
    assert escaped("3×10⁻³") == r"3$\times$10$^{-3}$"
    assert escaped(f"{MINUS}1") == "$-$1"


@pytest.mark.slow
def test_five_hundred_runs_answer_in_two_seconds_without_jax(work: Path):
    draw = np.random.default_rng(0)
    grid = product(["avg", "max"], BETAS[:5], range(10), range(5))
    for at, (pooling, beta, gamma, seed) in enumerate(grid):
        metrics = {name: draw.random() for name in ("style_distance", "ssim", "lpips", "tv")}
        write_run(work / "sweep" / str(at), None, pooling=pooling, beta=beta, seed=seed,
            **{"tv.gamma": float(gamma), "metrics": metrics})  # fmt: skip
    code = (
        "import sys, nst.stats.__main__ as stats; stats.main();"
        "print([one for one in ('jax', 'wandb', 'hydra', 'optuna') if one in sys.modules])"
    )
    begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = Process(work)("sweep", "--by", "pooling,beta,tv.gamma",
        program=(sys.executable, "-c", code))  # fmt: skip
    # The processor's time, since other tests run beside it.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun < 2
    assert "5 replicates a cell" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
