"""``nst dashboard`` as it is typed: what W&B's own library reads back, and what is refused."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from fake_runs import write_run
from helpers import TINY, Command, Done
from wandb_server import Kept, Store, account, wandb_server

from nst.dashboard import columns, command_line, runset
from nst.dashboard.record import FILE
from nst.figure import gathered

DASHBOARD = (sys.executable, "-m", "nst.dashboard")
GROUP = "sweeps/it's 2=3 & <more>"
NOBODY = {"WANDB_API_KEY": None, "WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_MODE": None}


def write_sweep(folder: Path) -> Path:
    """Write a sweep over two betas, three gammas and two seeds as if it had been tracked."""
    cells = [(b, g, s) for b in (1e3, 1e5) for g in (0.0, 1e2, 1e3) for s in (0, 1)]
    for at, (beta, gamma, seed) in enumerate(cells):
        # Seed 1 is worse in both numbers; of seed 0 none beats another.
        away = 0.3 * seed
        metrics = {
            "style_distance": 0.1 + at / 100 + away,
            "content_distance": 0.5 - at / 100 + away,
        }
        changes: dict[str, Any] = {"beta": beta, "tv.gamma": gamma, "seed": seed}
        changes |= {"tracking.mode": "offline", "tracked": {"id": f"run{at}", "group": GROUP}}
        write_run(folder / str(at), metrics=metrics, **changes)
    return folder


def send(store: Store, sweep: Path, group: str = GROUP) -> None:
    """Let the server have the runs of a sweep, as `nst sync` would send them."""
    for folder in sweep.glob("[0-9]*"):
        name = f"run{folder.name}"
        store.runs[name] = Kept("me", "nst", name, group=group)
    store.runs["cells"] = Kept("me", "nst", "cells", group=group, job_type="report")


def write_hydra(sweep: Path, own: list[str], task: list[str]) -> None:
    hydra = {"overrides": {"hydra": own, "task": task}}
    (sweep / "multirun.yaml").write_text(json.dumps({"hydra": hydra}))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A server, and this process as somebody with an account there."""
    wandb.teardown()
    with wandb_server() as store:
        for name, value in account(store.url, tmp_path).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        yield store
        wandb.teardown()


def test_a_view_and_a_report_are_made_once_and_then_updated(command: Command, server: Store):
    sweep = write_sweep(command.folder / "sweep")
    task = ["beta=1e3,1e5", "tv.gamma=0,1e2,1e3", "seed=0,1", "search.storage=sqlite://me:pw@db"]
    write_hydra(sweep, ["hydra.mode=MULTIRUN", "hydra.sweep.dir=x"], task)
    send(server, sweep)
    done = command("sweep", "--report", program=DASHBOARD)
    assert (done.returncode, done.stderr) == (0, ""), done
    view_url, report_url = [line.rpartition(" ")[2] for line in done.stdout.splitlines()]
    assert done.stdout == f"view made: {view_url}\nreport made: {report_url}\n"

    again = command("sweep", "--report", "--name", "Cats / moon", program=DASHBOARD)
    identity = report_url.rpartition("--")[2]
    renamed = f"{server.url}/me/nst/reports/Cats-moon--{identity}"
    assert again.stdout == f"view updated: {view_url}\nreport updated: {renamed}\n"
    assert [one["type"] for one in server.views.values()] == ["project-view", "runs"]
    assert [one["displayName"] for one in server.views.values()] == ["Cats / moon"] * 2
    check_view(ws.Workspace.from_url(view_url))
    check_report(wr.Report.from_url(renamed), view_url)

    # A view that somebody deleted is made anew, and that is said.
    server.views = {key: one for key, one in server.views.items() if one["type"] == "runs"}
    anew = command("sweep", program=DASHBOARD).stdout.splitlines()
    assert anew[0] == f"the view of before, {view_url}, is no longer at W&B: this is a new one"
    assert anew[1].startswith("view made: ")
    (kept,) = json.loads((sweep / FILE).read_text()).values()
    assert kept == {"me/nst": {"view": anew[1].rpartition(" ")[2], "report": renamed}}


def filters(view: ws.Workspace) -> list[dict[str, Any]]:
    found: Any = view._to_model().spec.section.run_sets[0].filters
    return found["filters"]


def check_view(view: ws.Workspace) -> None:
    (group,) = filters(view)
    assert (group["key"], group["op"]) == ({"section": "run", "name": "group"}, "=")
    assert group["value"] == GROUP
    assert view.auto_generate_panels is False
    # The run `cells` is one more than the twelve.
    assert view.settings.max_runs == 13
    media: list[Any] = [one for section in view.sections[:2] for one in section.panels]
    made_from = ["content_image/chelsea", "style_image/night"]
    assert [one.media_keys for one in media] == [["grid"], ["result"], ["picture"], made_from]
    shown: dict[str, Any] = {
        type(one).__name__: one for section in view.sections for one in section.panels
    }
    assert [(one.metric, one.log) for one in shown["ParallelCoordinatesPlot"].columns] == [
        (wr.Config("seed"), None),
        (wr.Config("beta"), True),
        (wr.Config("tv.gamma"), None),
        (wr.SummaryMetric("metrics/style_distance"), None),
        (wr.SummaryMetric("metrics/content_distance"), None),
    ]
    assert shown["ScatterPlot"].x == wr.SummaryMetric("metrics/content_distance")
    assert shown["ScatterPlot"].y == wr.SummaryMetric("metrics/style_distance")
    assert shown["ParameterImportancePlot"].with_respect_to == "metrics/content_distance"
    assert shown["BarPlot"].groupby == wr.Config("seed")
    assert shown["RunComparer"].diff_only is True
    assert shown["LinePlot"].y == [wr.Metric("loss/total")]


def check_report(report: wr.Report, view_url: str) -> None:
    blocks: list[Any] = report.blocks
    assert [one.text for one in blocks if isinstance(one, wr.H2)] == [
        "The picture grid",
        "The pictures that no other beats",
        "What each setting does",
        "The command",
    ]
    grids: list[Any] = [one for one in blocks if isinstance(one, wr.PanelGrid)]
    grid, front, _ = grids
    assert grid.panels[0].media_keys == ["grid"]
    assert (grid.runsets[0].entity, grid.runsets[0].project) == ("me", "nst")
    # From the least content distance to the most.
    ids = "'run10', 'run8', 'run6', 'run4', 'run2', 'run0'"
    assert front.runsets[0].filters == f'Metric("ID") in [{ids}]'
    assert front.panels[0].media_keys == ["result"]
    (table,) = [one.text for one in blocks if isinstance(one, wr.MarkdownBlock)]
    assert "| alpha/beta | style distance |" in table
    (line,) = [one.code for one in blocks if isinstance(one, wr.CodeBlock)]
    assert line == "nst -m beta=1e3,1e5 tv.gamma=0,1e2,1e3 seed=0,1"
    (link,) = [one for one in blocks[0].text if isinstance(one, wr.Link)]
    assert link.url == view_url


def test_a_view_is_printed_without_an_account(command: Command):
    sweep = write_sweep(command.folder / "sweep")
    for path in sweep.glob("*/run.json"):
        known = json.loads(path.read_text())
        known["config"]["search"] = {"objective": ["metrics/lpips", "loss/style"]}
        path.write_text(json.dumps(known))
    options = ("--dry-run", "--entity", "me", "--project", "cats")
    done = command("sweep", *options, program=DASHBOARD, env=NOBODY)
    assert (done.returncode, done.stderr) == (0, ""), done
    printed = json.loads(done.stdout)
    assert [printed[key] for key in ("entity", "project")] == ["me", "cats"]
    # wandb-workspaces takes = and < for emoji.
    assert printed["displayName"] == "Sweep sweeps/it's 2 3 & more"
    panels = panels_of(printed["spec"])

    def of(kind: str) -> list[dict[str, Any]]:
        return [one["config"] for one in panels if one["viewType"] == kind]

    # A search's objectives stand before the two distances.
    assert [one["accessor"] for one in of("Parallel Coordinates Plot")[0]["columns"]] == [
        *("config:seed.value", "config:beta.value", "config:tv.value.gamma"),
        *("summary:metrics/lpips", "summary:loss/style"),
        *("summary:metrics/style_distance", "summary:metrics/content_distance"),
    ]
    assert [(one["xAxis"], one["yAxis"]) for one in of("Scatter Plot")] == [
        ("summary:metrics/content_distance", "summary:metrics/style_distance"),
        ("summary:loss/style", "summary:metrics/lpips"),
    ]
    aims = [one["targetKey"] for one in of("Parameter Importance")]
    assert aims == ["metrics/lpips", "loss/style"]
    assert [one["groupBy"] for one in of("Bar Chart")] == ["seed.value"] * 2
    (runs,) = printed["spec"]["section"]["runSets"]
    order = [one["key"]["name"] for one in runs["sort"]["keys"]]
    assert order == ["seed.value", "beta.value", "tv.value.gamma"]
    assert not (sweep / FILE).exists()


def test_a_view_names_what_the_runs_send(command: Command, server: Store):
    sweep = ("-m", *TINY, "tv.gamma=0,100", "seed=0,1", "tracking=online", "hydra.sweep.dir=out/x")
    assert command(*sweep).returncode == 0
    done = command("out/x", "--report", program=DASHBOARD)
    assert (done.returncode, done.stderr) == (0, ""), done
    view, report = (json.loads(one["spec"]) for one in server.views.values())
    runs = [one for one in server.runs.values() if one.job_type == "sweep"]
    columns = view["section"]["runSets"][0]["runFeed"]["columnOrder"]
    found = {one: [at(run, one) for run in runs] for one in columns if not one.startswith("run:")}
    assert set(map(str, found.pop("config:tv.value.gamma"))) == {"0", "100"}
    assert set(found.pop("config:seed.value")) == {0, 1}
    assert list(found) == ["summary:metrics/style_distance", "summary:metrics/content_distance"]
    assert all(isinstance(one, float) for numbers in found.values() for one in numbers)
    (cells,) = [one for one in server.runs.values() if one.job_type == "report"]
    media = {key for one in panels_of(view) for key in one["config"].get("mediaKeys", ())}
    assert {"result", "picture"} < set(runs[0].summary)
    assert media - {"result", "picture"} == {key for key in cells.summary if key in media}
    assert len(media) == 5
    (group,) = view["section"]["runSets"][0]["filters"]["filters"]
    assert {one.group for one in server.runs.values()} == {group["value"]} == {"out/x"}
    grids = [one["metadata"] for one in report["blocks"] if one["type"] == "panel-grid"]
    (front,) = grids[1]["runSets"][0]["filters"]["filters"]
    assert set(front["value"]) < {one.name for one in runs}


def at(run: Kept, column: str) -> Any:
    """Return what a run has where W&B's tables look for a column."""
    kind, _, path = column.partition(":")
    if kind == "summary":
        return run.summary[path]
    found: Any = run.config
    for part in path.split("."):
        found = found[part]
    return found


def panels_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    sections = spec["section"]["panelBankConfig"]["sections"]
    return [one for section in sections for one in section["panels"]]


def test_keys_stand_where_w_and_b_has_them(tmp_path: Path):
    layers = [{"conv1_1": 1.0}, {"conv1_1": 0.5, "conv2_1": 0.5}]
    for at, content in enumerate(("chelsea", "rocket")):
        changes: dict[str, Any] = {"content": content, "style.layers": layers[at]}
        changes |= {"optimizer.name": ("adam", "sgd")[at], "pooling": ("avg", "max")[at]}
        write_run(tmp_path / str(at), **changes)
    assert [one.path for one in columns.swept(gathered.of([tmp_path]))] == [
        "config:pooling.value",
        *("config:style.value.layers.conv1_1", "config:style.value.layers.conv2_1"),
        "config:optimizer.value.name",
        "summary:sources/content",
    ]


@pytest.mark.parametrize("text", ["a/b", "it's", 'x="1" <= 2', "雪/\U0001f600", "a\\n", "in [1]"])
def test_a_filter_has_the_group_letter_by_letter(text: str):
    settings = ws.RunsetSettings(filters=runset.of_group(text))
    view = ws.Workspace(entity="me", project="nst", runset_settings=settings)
    (found,) = filters(view)
    assert found["value"] == text


def test_the_command_of_a_sweep_file_names_it(tmp_path: Path):
    own = ["hydra/sweeper=sweep_file", "hydra.sweeper.file='/opt/nst/sweeps/pooling.yaml'"]
    own += ["hydra.mode=MULTIRUN", "hydra.launcher.lanes=2"]
    write_hydra(tmp_path, own, ["name=pooling", "style=starry"])
    assert command_line.ran(tmp_path) == "nst sweep pooling style=starry hydra.launcher.lanes=2"
    (tmp_path / "multirun.yaml").write_text("- no\n- record")
    assert command_line.ran(tmp_path) is None


def refused(command: Command, *arguments: str, env: Any = NOBODY) -> str:
    done: Done = command(*arguments, program=DASHBOARD, env=env)
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    return line.removeprefix("nst: ")


def test_what_is_no_sweep_is_refused(command: Command, monkeypatch: pytest.MonkeyPatch):
    (command.folder / "empty").mkdir()
    assert "there are no runs in empty" in refused(command, "empty")
    one = write_sweep(command.folder / "sweeps" / "one")
    write_sweep(command.folder / "sweeps" / "two")
    assert "has one run alone, and a dashboard compares" in refused(command, str(one / "0"))
    assert "holds 2 sweeps (one, two), and a dashboard is of one" in refused(command, "sweeps")
    dry = ("sweeps/one", "--dry-run")
    assert "name the account by --entity" in refused(command, *dry)
    assert "--dry-run shows the view alone" in refused(command, *dry, "--report")
    named = refused(command, *dry, "--entity", "me", "--name", "a=b")
    assert "--name: W&B takes letters, digits and punctuation, and not '='" in named
    assert r"are names without any of /\#?%:, not 'me/you'" in refused(
        command, *dry, "--entity", "me/you"
    )
    assert "and none was found: run `wandb login`" in refused(command, "sweeps/one")
    wrong = NOBODY | {"WANDB_INIT_TIMEOUT": "x"}
    assert "WANDB_INIT_TIMEOUT='x' is refused by W&B" in refused(command, "sweeps/one", env=wrong)
    (one / FILE).write_text("{}")
    assert f"{FILE} was not written by nst" in refused(command, "sweeps/one")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install wandb-workspaces" in refused(command, "sweeps/one")


def test_what_the_server_lacks_is_said(command: Command, server: Store):
    sweep = write_sweep(command.folder / "sweep")
    sync = f"`nst sync {sweep}`"
    lacks = refused(command, "sweep", env=None)
    assert f"W&B has no project me/nst that this key may see: {sync} makes it" in lacks
    send(server, sweep, group="another")
    lacks = refused(command, "sweep", env=None)
    assert f"W&B has no runs of the group {GROUP!r} in me/nst yet: {sync} sends them" in lacks
    send(server, sweep)
    del server.runs["run3"]
    server.refused["UpsertView2"] = 403
    done = command("sweep", program=DASHBOARD)
    assert done.stdout == f"1 of the 12 runs are not at W&B yet: {sync} sends them\n"
    assert "could not take the view: refused with 403" in done.stderr
    assert not (sweep / FILE).exists()
    server.refused = {"Viewer": 401}
    assert "could not say whose key this is" in refused(command, "sweep", env=None)
