"""A server on this machine that keeps what W&B's client sends it, as far as nst's runs need.

`Wandb` answers W&B's client; `wandb_server()` runs one and gives its `Store`, in which a test finds
what W&B's own pages would show: runs with their rows, summary, configuration and files.
"""

import base64
import contextlib
import copy
import hashlib
import json
import re
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from servers import Quiet, Server, serving

#: Who has an account here, and the key that proves it.
USER = "me"
KEY = "0123456789" * 4

Variables = Mapping[str, Any]


@dataclass
class Kept:
    """A run as the server has it."""

    entity: str
    project: str
    name: str  # W&B's id of the run
    display: str = ""
    group: str = ""
    job_type: str = ""
    notes: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # by file
    twice: int = 0  # lines that were sent for a place that had one
    summary: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    state: str = "running"
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    @property
    def id(self) -> str:
        return f"id-{self.name}"

    @property
    def path(self) -> str:
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The history, a mapping a row."""
        return [json.loads(line) for line in self.lines["wandb-history.jsonl"]]

    @property
    def steps(self) -> list[int]:
        """The step of each row, as sent."""
        return [row["_step"] for row in self.rows]

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration without what W&B adds."""
        return {key: one["value"] for key, one in self.config.items() if key != "_wandb"}


@dataclass
class Store:
    """What the server has been sent."""

    url: str = ""
    runs: dict[str, Kept] = field(default_factory=dict)  # by W&B's id
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)  # by its name: its files
    alerts: list[dict[str, Any]] = field(default_factory=list)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)  # views and reports, by their id
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # of the server's own
    refused: dict[str, int] = field(default_factory=dict)  # operation or part of a path -> status
    forgets: bool = False  # rows and summaries that it is sent

    def seen(self) -> list[dict[str, Any]]:
        """Return all that W&B's pages would show of the runs, to be compared."""
        return [
            {
                "run": one.path,
                "rows": one.rows,
                "summary": {key: value for key, value in one.summary.items() if key[0] != "_"},
                "settings": copy.deepcopy(one.settings),
                "files": {name: digest(data) for name, data in one.files.items() if _shown(name)},
            }
            for one in self.runs.values()
        ]


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(data).hexdigest()


def _shown(name: str) -> bool:
    return name.startswith("media/")


def account(url: str, home: Any) -> dict[str, str | None]:
    """Return the environment of somebody with an account at the server of that address."""
    return {
        "WANDB_BASE_URL": url,
        "WANDB_API_KEY": KEY,
        "WANDB_MODE": None,
        "HOME": str(home),
        "NETRC": str(home / "netrc"),
        "NO_PROXY": "*",
    }


@contextlib.contextmanager
def wandb_server(port: int = 0, store: Store | None = None) -> Iterator[Store]:
    """Run the server until the block ends; a store of before is gone on with."""
    store = store or Store()
    handler = type("Of", (Wandb,), {"store": store, "lock": threading.RLock()})
    with serving(handler, port) as server:
        store.url = server.url
        yield store
    assert store.errors == []


# --- What each operation does -------------------------------------------------------------------


def _viewer(*_: Any) -> dict[str, Any]:
    entity = {"id": "e", "name": USER}
    return {
        "viewer": {
            **{"id": "u", "entity": USER, "username": USER, "name": USER, "flags": "{}"},
            **{"admin": False, "email": "", "deletedAt": None, "apiKeys": {"edges": []}},
            **{"defaultEntity": entity, "teams": {"edges": []}},
        }
    }


def _run_fields(run: Kept) -> dict[str, Any]:
    """Return a run as the queries of wandb-core and of wandb.Api have it, together."""
    return {
        **{"id": run.id, "name": run.name, "displayName": run.display or run.name},
        **{"tags": run.tags, "notes": run.notes, "group": run.group, "jobType": run.job_type},
        **{"state": run.state, "createdAt": run.created, "heartbeatAt": run.created},
        "config": json.dumps(run.config),
        "wandbConfig": json.dumps({"t": 1}),
        "summaryMetrics": json.dumps(run.summary),
        **{"systemMetrics": "{}", "historyKeys": _history_keys(run), "readOnly": False},
        **{"sweepName": None, "commit": None, "description": "", "projectId": "1"},
        "user": {"name": USER, "username": USER},
        **{f"{kind}LineCount": len(lines) for kind, lines in _by_kind(run).items()},
        **{f"{kind}Tail": json.dumps(lines[-1:]) for kind, lines in _by_kind(run).items()},
    }


def _by_kind(run: Kept) -> dict[str, list[str]]:
    return {
        "history": run.lines["wandb-history.jsonl"],
        "events": run.lines["wandb-events.jsonl"],
        "log": run.lines["output.log"],
    }


def _history_keys(run: Kept) -> dict[str, Any]:
    rows = run.rows
    keys = {key: {"typeCounts": [{"type": "number"}]} for row in rows for key in row}
    return {"keys": keys, "lastStep": rows[-1]["_step"] if rows else -1, "sets": []}


def _project(entity: str, name: str) -> dict[str, Any]:
    owner = {"id": f"e-{entity}", "name": entity}
    return {"id": f"p-{name}", "internalId": "1", "name": name, "entity": owner}


def _upsert(store: Store, given: Variables) -> dict[str, Any]:
    entity, project = given.get("entity") or USER, given.get("project") or "uncategorized"
    known = next((one for one in store.runs.values() if one.id == given.get("id")), None)
    name = known.name if known else given["name"]
    fresh = name not in store.runs
    run = store.runs.setdefault(name, Kept(entity, project, name))
    for key, own in (("displayName", "display"), ("groupName", "group"), ("notes", "notes")):
        setattr(run, own, given.get(key) or getattr(run, own))
    run.job_type = given.get("jobType") or run.job_type
    run.tags = given.get("tags") or run.tags
    if given.get("config"):
        run.config = json.loads(given["config"])
    if given.get("summaryMetrics"):
        run.summary |= json.loads(given["summaryMetrics"])
    run.state = given.get("state") or "running"
    bucket = _run_fields(run) | {"project": _project(run.entity, run.project)}
    return {"upsertBucket": {"bucket": bucket, "inserted": fresh}}


def _resume_status(store: Store, given: Variables) -> dict[str, Any]:
    run = store.runs.get(given["name"])
    own = run and (run.entity, run.project) == (given.get("entity") or USER, given["project"])
    bucket = _run_fields(run) if run and own else None
    return {"model": _project(given.get("entity") or USER, given["project"]) | {"bucket": bucket}}


def _runs(store: Store, given: Variables) -> dict[str, Any]:
    wanted = json.loads(given.get("filters") or "{}")
    own = [
        one
        for one in store.runs.values()
        if (one.entity, one.project) == (given["entity"], given["project"])
    ]
    if not own:
        return {"project": None}
    found = [_run_fields(one) for one in own if _matches(one, wanted)]
    begin = int(given.get("cursor") or 0)
    end = begin + (given.get("perPage") or 50)
    edges = [{"node": one, "cursor": str(at)} for at, one in enumerate(found[begin:end], begin)]
    page = {"endCursor": str(end), "hasNextPage": end < len(found)}
    runs = {"edges": edges, "pageInfo": page}
    whole = _project(given["entity"], given["project"])
    return {"project": whole | {"runCount": len(found), "readOnly": False, "runs": runs}}


def _matches(run: Kept, wanted: Mapping[str, Any]) -> bool:
    """Return whether a run is one that a filter in MongoDB's language asks for."""
    fields = {"name": run.name, "group": run.group, "jobType": run.job_type, "state": run.state}
    for key, value in wanted.items():
        if key in ("$and", "$or"):
            parts = [_matches(run, one) for one in value]
            if not (all if key == "$and" else any)(parts):
                return False
        elif isinstance(value, dict):
            if fields[key] not in value["$in"]:
                return False
        elif fields[key] != value:
            return False
    return True


def _run(store: Store, given: Variables) -> dict[str, Any]:
    run = store.runs.get(given["name"])
    whole = _project(given["entity"], given["project"])
    return {"project": whole | {"run": run and _run_fields(run)}}


def _create_run_files(store: Store, given: Variables) -> dict[str, Any]:
    run = store.runs[given["run"]]
    files = [
        {"name": name, "uploadUrl": f"{store.url}/storage/{run.name}/{name}"}
        for name in given.get("files", ())
    ]
    return {"createRunFiles": {"runID": run.id, "uploadHeaders": [], "files": files}}


def _create_artifact(store: Store, given: Variables) -> dict[str, Any]:
    name = given.get("artifactCollectionName") or given["artifactCollectionNames"][0]
    store.artifacts.setdefault(name, {})
    made = {"id": f"artifact-{name}", "state": "PENDING", "versionIndex": 0}
    sequence = {"id": "s", "latestArtifact": None, "name": name}
    return {"createArtifact": {"artifact": made | {"artifactSequence": sequence}}}


def _create_manifest(store: Store, given: Variables) -> dict[str, Any]:
    name = given["artifactID"].removeprefix("artifact-")
    url = f"{store.url}/artifact/{name}/{given['name']}"
    file = {"id": "f", "name": given["name"], "displayName": given["name"]}
    file |= {"uploadUrl": url, "uploadHeaders": []}
    return {
        "createArtifactManifest": {"artifactManifest": {"id": f"manifest-{name}", "file": file}}
    }


def _artifact_files(store: Store, given: Variables) -> dict[str, Any]:
    edges = []
    for spec in given["artifactFiles"]:
        name = spec["artifactID"].removeprefix("artifact-")
        own = {"id": "f", "name": spec["name"], "displayName": spec["name"]}
        own |= {"uploadUrl": f"{store.url}/artifact/{name}/{spec['name']}", "uploadHeaders": []}
        own |= {
            "storagePath": None,
            "uploadMultipartUrls": None,
            "artifact": {"id": f"artifact-{name}"},
        }
        edges.append({"node": own})
    return {"createArtifactFiles": {"files": {"edges": edges}}}


def _commit(store: Store, given: Variables) -> dict[str, Any]:
    return {"commitArtifact": {"artifact": {"id": given["artifactID"], "digest": "d"}}}


def _alert(store: Store, given: Variables) -> dict[str, Any]:
    store.alerts.append(dict(given))
    return {"notifyScriptableRunAlert": {"success": True}}


def _upsert_view(store: Store, given: Variables) -> dict[str, Any]:
    """Keep a view or a report, as wandb-workspaces sends both."""
    known = given.get("id")
    if known and known not in store.views:
        return {"upsertView": None}
    number = base64.b64encode(f"View:{len(store.views) + 1}".encode()).decode()
    view = store.views.setdefault(known or number, {"id": known or number})
    view |= {key: given[key] for key in ("name", "displayName", "description", "type", "spec")}
    owner = {"name": given["projectName"], "entityName": given["entityName"], "id": "1"}
    view |= {"project": owner, "updatedAt": datetime.now(UTC).isoformat()}
    return {"upsertView": {"view": view, "inserted": not known}}


def _all_views(store: Store, given: Variables) -> dict[str, Any]:
    place = {"name": given["name"], "entityName": given["entityName"], "id": "1"}
    own = [one for one in store.views.values() if one["project"] == place]
    found = [{"node": one} for one in own if one["name"] == given["viewName"]]
    return {"project": {"allViews": {"edges": found}}}


def _projects(store: Store, given: Variables) -> dict[str, Any]:
    names = dict.fromkeys(one.project for one in store.runs.values())
    page = {"endCursor": None, "hasNextPage": False}
    more = {"entityName": given["entity"], "createdAt": "", "isBenchmark": False, "user": None}
    nodes = [_project(given["entity"], name) | more for name in names]
    edges = [{"cursor": "", "node": one} for one in nodes]
    return {"models": {"edges": edges, "pageInfo": page}}


#: Operation -> what it answers. Of one that isn't here the answer is empty, and W&B's client copes.
OPERATIONS: dict[str, Callable[[Store, Variables], dict[str, Any]]] = {
    "Viewer": _viewer,
    "GetViewer": _viewer,
    "GetDefaultEntity": _viewer,
    "UpsertBucket": _upsert,
    "RunResumeStatus": _resume_status,
    "Runs": _runs,
    "Run": _run,
    "CreateRunFiles": _create_run_files,
    "CreateArtifact": _create_artifact,
    "CreateArtifactManifest": _create_manifest,
    "CreateArtifactFiles": _artifact_files,
    "CommitArtifact": _commit,
    "NotifyScriptableRunAlert": _alert,
    "UpsertView2": _upsert_view,  # a view
    "upsertView": _upsert_view,  # a report
    "View": _all_views,
    "SpecificReport": lambda store, given: {"view": store.views.get(given["reportId"])},
    "ProjectInternalId": lambda _, given: {
        "project": _project(given["entityName"], given["projectName"])
    },
    "GetProjects": _projects,
    "MarkRunFilesUploaded": lambda *_: {"markRunFilesUploaded": {"success": True}},
    "ServerFeaturesQuery": lambda *_: {"serverInfo": {"features": []}},
    "ArtifactType": lambda *_: {"project": {"artifact": None}},  # none of that name yet
    "RunStoppedStatus": lambda *_: {"project": {"run": {"stopped": False}}},
}


class Wandb(Quiet):
    """Answers W&B's client from a store."""

    store: Store
    lock: threading.RLock
    server: Server

    def answer(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        self.store.asked.append(self.path)
        self.answer({})

    def do_PUT(self) -> None:
        self.store.asked.append(self.path)
        data = self.body()
        if self.refuses(self.path):
            return
        _, kind, name, file = unquote(urlsplit(self.path).path).split("/", 3)
        with self.lock:
            files = self.store.runs[name].files if kind == "storage" else self.store.artifacts[name]
            files[file] = data
        self.answer({})

    def do_POST(self) -> None:
        data = self.body()
        if self.path != "/graphql":
            self.store.asked.append(self.path)
            if not self.refuses(self.path):
                self._take_stream(json.loads(data))
            return
        asked = json.loads(data)
        named = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
        operation = asked.get("operationName") or (named and named[1]) or ""
        self.store.asked.append(operation)
        if self.refuses(operation):
            return
        known = OPERATIONS.get(operation, lambda *_: {})
        try:
            with self.lock:
                given = asked.get("variables") or {}
                found = known(self.store, given.get("input") or given)
        except Exception:
            self.store.errors.append(f"{operation} {asked}\n{traceback.format_exc()}")
            raise
        self.answer({"data": found})

    def refuses(self, what: str) -> bool:
        """Answer with the status that the store has for an operation or a part of a path."""
        status = next((code for part, code in self.store.refused.items() if part in what), None)
        if status:
            self.answer({"errors": [{"message": f"refused with {status}"}]}, status)
        return bool(status)

    def _take_stream(self, sent: Mapping[str, Any]) -> None:
        """Take the lines of a run's files, each for the place that it was sent for."""
        name = unquote(self.path).split("/")[-2]
        run = self.store.runs.get(name)
        if run is None:
            self.answer({"errors": [{"message": "no such run"}]}, 404)
            return
        with self.lock:
            for file, chunk in (sent.get("files") or {}).items():
                lines, at = chunk["content"], chunk["offset"]
                if self.store.forgets:
                    continue
                if file == "wandb-summary.json":
                    run.summary = json.loads(lines[-1])
                else:
                    kept = run.lines[file]
                    if file == "wandb-history.jsonl":
                        run.twice += max(0, len(kept) - at)
                    kept[at : at + len(lines)] = lines
            if sent.get("complete"):
                run.state = "finished" if sent.get("exitcode") == 0 else "failed"
        self.answer({"exitcode": None, "limits": {}})
