"""Moving in from MLflow and out again: real sources, compared through the real client.

SKERRY_PROGRAM names the program. The sources are made by MLflow itself: an `mlruns`
folder, its SQLite file, and one real server."""

import contextlib
import fcntl
import json
import math
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)

SKERRY = os.environ["SKERRY_PROGRAM"]
LONG = 100_000
SHORTER = 5_000
PATIENCE = 120


def skerry(*words, expect=0, **kwargs):
    """Runs the program; answers its lines of JSON."""
    done = subprocess.run([SKERRY, "--json", *map(str, words)], capture_output=True, text=True, timeout=900, **kwargs)
    if done.returncode != expect:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line]
    return lines if expect == 0 else (lines, json.loads(done.stderr.splitlines()[-1]))


@contextlib.contextmanager
def serving(data):
    """`skerry serve` on a data folder; answers a client."""
    child = subprocess.Popen(
        [SKERRY, "serve", "--no-auth", "--listen", "127.0.0.1:0", "--data", str(data)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in child.stdout:
            if line.startswith("MLFLOW_TRACKING_URI="):
                uri = line.partition("=")[2].strip()
                break
        yield MlflowClient(uri)
    finally:
        child.terminate()
        child.wait(PATIENCE)
        child.stdout.close()


def points(client, run, key):
    found = set()
    for point in client.get_metric_history(run, key):
        value = point.value
        if math.isnan(value):
            value = "nan"
        elif abs(value) >= sys.float_info.max:
            value = "inf" if value > 0 else "-inf"
        found.add((point.timestamp, point.step, value))
    return found


def files(client, run, path=None):
    found = {}
    for file in client.list_artifacts(run, path):
        if file.is_dir:
            found.update(files(client, run, file.path))
        else:
            found[file.path] = file.file_size
    return found


def snapshot(client, long=None):
    """Everything that a client can see, but where files are."""
    seen = {"experiments": {}, "runs": {}, "models": {}, "registry": {}}
    experiments = client.search_experiments(view_type=ViewType.ALL)
    for experiment in experiments:
        seen["experiments"][experiment.name] = (experiment.lifecycle_stage, experiment.tags)
        for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL):
            info = run.info
            inputs = sorted(
                (d.dataset.name, d.dataset.digest, d.dataset.source, d.dataset.schema, sorted((t.key, t.value) for t in d.tags))
                for d in run.inputs.dataset_inputs
            )
            seen["runs"][info.run_id] = {
                "info": (experiment.name, info.run_name, info.status, info.start_time, info.end_time, info.lifecycle_stage),
                "params": run.data.params,
                "tags": run.data.tags,
                "metrics": {key: points(client, info.run_id, key) for key in run.data.metrics if key != long},
                "inputs": inputs,
                "outputs": sorted((o.model_id, o.step) for o in (run.outputs.model_outputs if run.outputs else [])),
                "files": files(client, info.run_id),
            }
        for model in client.search_logged_models([experiment.experiment_id]):
            seen["models"][model.model_id] = (
                model.name,
                str(model.status),
                model.source_run_id,
                model.params,
                {k: v for k, v in model.tags.items()},
                sorted((m.key, m.value, m.step) for m in model.metrics or []),
            )
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name='{model.name}'")
        seen["registry"][model.name] = (
            model.description or "",
            model.tags,
            {alias: int(version) for alias, version in model.aliases.items()},
            sorted((int(v.version), v.description or "", v.current_stage, v.run_id or "", tuple(sorted(v.tags.items()))) for v in versions),
        )
    return seen


def wave(count):
    return [Metric("long", math.sin(n), 1_700_000_000_000 + n, n) for n in range(count)]


def fill(client, root, tags=None):
    """Gives a store of MLflow everything that there is to carry but a long metric."""
    work = root / "work"
    (work / "folder/deep").mkdir(parents=True, exist_ok=True)
    (work / "folder/deep/ünicode ☃.txt").write_text("snö")
    (work / "folder/blob.bin").write_bytes(random.Random(7).randbytes(1 << 20))
    (work / "empty.txt").write_text("")
    first = client.create_experiment("first – ä", tags={"team": "skär", "long": "x" * 5000})
    client.create_experiment("empty")
    gone = client.create_experiment("gone")
    client.log_param(client.create_run(gone).info.run_id, "p", "1")
    run = client.create_run(first, start_time=1_700_000_000_000, run_name="the run", tags={"a": "b", **(tags or {})})
    run_id = run.info.run_id
    client.log_batch(
        run_id,
        params=[Param("lr", "0.1"), Param("nested/deep/param", "{'a': [1, 2]}"), Param("ключ", "värde\nline 2"), Param("empty", "")],
        tags=[RunTag("mlflow.note.content", "# Title\n\nText: 'quoted' \"twice\""), RunTag("nyckel/ä", "☃")],
        metrics=[
            Metric("odd/values", float("nan"), 1_700_000_000_001, 0),
            Metric("odd/values", float("inf"), 1_700_000_000_002, 1),
            Metric("odd/values", float("-inf"), 1_700_000_000_003, 2),
            Metric("odd/values", -0.0, 1_700_000_000_004, -5),
            Metric("odd/values", 1e-320, 1_700_000_000_000, 7),
            Metric("odd/values", 0.1 + 0.2, 1_700_000_000_000, 7),
            Metric("mått", 1.0, 1, 1),
        ],
    )
    client.log_batch(run_id, metrics=wave(1))
    dataset = Dataset(name="my-data", digest="4f2a", source_type="local", source='{"uri": "/data"}', schema='{"a": 1}')
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    client.log_artifacts(run_id, str(work / "folder"), "sub folder")
    client.log_artifact(run_id, str(work / "empty.txt"))
    model = client.create_logged_model(first, name="net", source_run_id=run_id, params={"depth": "3"}, tags={"kind": "test"})
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 4)])
    # MLflow's file store reads the step of such a point as 0, whatever it was.
    client.log_batch(run_id, metrics=[Metric("acc", 0.75, 1_700_000_000_009, 0, dataset_name="my-data", dataset_digest="4f2a", model_id=model.model_id)])
    client.log_model_artifacts(model.model_id, str(work / "folder"))
    client.finalize_logged_model(model.model_id, "READY")
    client.set_terminated(run_id, "FINISHED", 1_700_000_009_000)
    child = client.create_run(first, run_name="child", tags={"mlflow.parentRunId": run_id})
    client.set_terminated(child.info.run_id, "FAILED")
    deleted = client.create_run(first, run_name="deleted")
    client.log_metric(deleted.info.run_id, "m", 1.5, 7, 3)
    client.delete_run(deleted.info.run_id)
    client.delete_experiment(gone)
    client.create_registered_model("digits", tags={"owner": "ä"}, description="Reads digits.\nWell.")
    source = f"{run.info.artifact_uri}/sub folder"
    for number in range(1, 5):
        client.create_model_version("digits", source, run_id, description=f"version {number}", tags={"n": str(number)})
    client.delete_model_version("digits", "2")
    client.set_registered_model_alias("digits", "champion", "3")
    client.transition_model_version_stage("digits", "3", "Production")
    client.create_registered_model("bare")
    return run_id


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Transfer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.root = Path(cls.home.name)
        cls.addClassCleanup(cls.home.cleanup)
        # Both in the process, without a server.
        cls.folder = cls.root / "file/mlruns"
        cls.folder.parent.mkdir()
        cls.folder_client = MlflowClient(f"file://{cls.folder}")
        cls.folder_run = fill(cls.folder_client, cls.root / "file")
        # As the file store writes it, without its 100,000 openings of the file.
        (file,) = cls.folder.glob(f"*/{cls.folder_run}/metrics/long")
        file.write_text("".join(f"{m.timestamp} {m.value} {m.step}\n" for m in wave(LONG)))
        cls.sqlite = cls.root / "sql/mlflow.db"
        cls.sqlite.parent.mkdir()
        here = os.getcwd()
        # Artifacts go to ./mlruns.
        os.chdir(cls.sqlite.parent)
        try:
            cls.sqlite_client = MlflowClient(f"sqlite:///{cls.sqlite}")
            # A key that MLflow takes when a run is made, and never again.
            cls.sqlite_run = fill(cls.sqlite_client, cls.root / "sql", {"rows&columns!": "3"})
            for at in range(0, SHORTER, 1000):
                cls.sqlite_client.log_batch(cls.sqlite_run, metrics=wave(SHORTER)[at : at + 1000])
        finally:
            os.chdir(here)

    def check(self, report, long):
        self.assertTrue(report["complete"], report)
        self.assertEqual(report["source"], report["target"])
        self.assertEqual(report["source"]["runs"], 4)
        self.assertEqual(report["source"]["points"], long + 9)
        self.assertEqual(report["source"]["versions"], 3)
        self.assertEqual(report["source"]["artifacts"], 5)

    def same(self, source, data):
        with serving(data) as client:
            self.same_there(source, client)

    def same_there(self, source, client, beside=()):
        wanted = snapshot(source, long="long")
        found = snapshot(client, long="long")
        # A file store says "inf" where a database says the greatest number.
        self.maxDiff = None
        for part in ("experiments", "runs", "models", "registry"):
            self.assertEqual(wanted[part].keys(), found[part].keys() - set(beside), part)
            for key, value in wanted[part].items():
                self.assertEqual(value, found[part][key], f"{part} {key}")
        run = self.folder_run if source is self.folder_client else self.sqlite_run
        self.assertEqual(points(source, run, "long"), points(client, run, "long"))
        with tempfile.TemporaryDirectory() as there, tempfile.TemporaryDirectory() as here:
            source.download_artifacts(run, "sub folder", there)
            client.download_artifacts(run, "sub folder", here)
            for file in Path(there).rglob("*"):
                if file.is_file():
                    self.assertEqual(file.read_bytes(), (Path(here) / file.relative_to(there)).read_bytes())
        # The next version gets the next number; one that was deleted does not come again.
        version = client.create_model_version("digits", "s3://bucket/x", run)
        self.assertEqual(int(version.version), 5)

    def test_folder(self):
        data = self.root / "from-folder"
        before = sorted((str(p), p.stat().st_mtime_ns) for p in self.folder.rglob("*"))
        survey = skerry("import", self.folder, "--dry-run", "--data", data)[-1]
        self.assertEqual(survey["event"], "survey")
        self.assertFalse((data / "tracking.db").exists())
        report = skerry("import", self.folder, "--data", data)[-1]
        self.check(report, LONG)
        self.assertEqual(report["source"]["points"], survey["source"]["points"])
        again = skerry("import", self.folder, "--data", data)[-1]
        self.assertEqual(again["target"], report["target"])
        self.same(self.folder_client, data)
        self.assertEqual(before, sorted((str(p), p.stat().st_mtime_ns) for p in self.folder.rglob("*")), "the source is only read")

    def test_sqlite_interrupted(self):
        """Killed at random moments, it goes on and ends with everything, once."""
        data = self.root / "from-sqlite"
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}", file=sys.stderr)
        chance = random.Random(seed)
        for _ in range(4):
            child = subprocess.Popen([SKERRY, "import", str(self.sqlite), "--data", str(data)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.05, 1.5))
            child.send_signal(signal.SIGKILL)
            child.wait(PATIENCE)
        self.check(skerry("import", self.sqlite, "--data", data)[-1], SHORTER)
        self.same(self.sqlite_client, data)

    def test_what_is_lost_is_told(self):
        data = self.root / "lossy"
        copy = self.root / "lossy.db"
        with sqlite3.connect(self.sqlite) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        # Beside the copy are no artifacts.
        lines, error = skerry("import", copy, "--data", data, expect=1)
        self.assertEqual(error["code"], "transfer_incomplete")
        self.assertTrue(any(self.sqlite_run in p["what"] and "--artifacts" in p["why"] for p in lines[-1]["problems"]), lines[-1])
        # Told where they are, nothing is missing.
        self.assertTrue(skerry("import", copy, "--artifacts", self.sqlite.parent / "mlruns", "--data", data)[-1]["complete"])

    def test_no_source(self):
        for source, code in ((self.root / "nowhere", "not_found"), (self.root / "file/work", "invalid"), (f"http://127.0.0.1:{free_port()}", "connection_refused")):
            status = {"not_found": 3, "invalid": 2, "connection_refused": 4}[code]
            _, error = skerry("import", source, "--data", self.root / "none", expect=status)
            self.assertEqual(error["code"], code, error)
        other = self.root / "other.db"
        with sqlite3.connect(other) as db:
            db.execute("CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT)")
        _, error = skerry("import", other, "--data", self.root / "none", expect=2)
        self.assertIn("runs", error["message"])

    def test_in_use(self):
        """Held by a program that does not answer."""
        data = self.root / "held"
        data.mkdir()
        with open(data / "serve.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _, error = skerry("import", self.folder, "--data", data, expect=1)
            self.assertEqual(error["code"], "data_folder_in_use")

    def test_beside_a_server(self):
        """The running server takes it in, while others write; what is broken off goes on."""
        data = self.root / "beside"
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}", file=sys.stderr)
        chance = random.Random(seed)
        with serving(data) as client:
            own = client.create_run(client.create_experiment("own")).info.run_id
            for step in range(4):
                child = subprocess.Popen([SKERRY, "import", "sql/mlflow.db", "--data", str(data)], cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                client.log_metric(own, "m", step, step=step)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(chance.uniform(0.05, 1.5))
                child.send_signal(chance.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
                child.wait(PATIENCE)
            lines = skerry("import", "sql/mlflow.db", "--data", data, cwd=self.root)
            self.check(lines[-1], SHORTER)
            self.assertIn("transferred", [line["event"] for line in lines])
            self.same_there(self.sqlite_client, client, {"own", own})
            self.assertEqual(len(client.get_metric_history(own, "m")), 4)
            # What keeps it from coming in is told from there.
            _, error = skerry("import", self.root / "file/work", "--data", data, expect=2)
            self.assertEqual(error["code"], "invalid")
            # What was logged to a run here since stays when it is imported once more.
            client.log_metric(self.sqlite_run, "long", 7.5, 1_800_000_000_000, 70_000)
            client.log_metric(self.sqlite_run, "mått", -1.0, 0, 0)
            self.check(skerry("import", self.sqlite, "--data", data)[-1], SHORTER)
            self.assertEqual(points(client, self.sqlite_run, "long") - points(self.sqlite_client, self.sqlite_run, "long"), {(1_800_000_000_000, 70_000, 7.5)})
            self.assertEqual(len(client.get_metric_history(self.sqlite_run, "mått")), 2)
        # Nothing is half: the file as it lies there is the same.
        before = skerry("import", self.sqlite, "--data", data)[-1]
        self.assertTrue(before["complete"], before)

    def test_beside_a_console(self):
        data = self.root / "console"
        web = subprocess.Popen([SKERRY, "web", "--listen", "127.0.0.1:0", "--data", str(data)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            self.assertTrue(any("token=" in line for line in web.stdout))
            self.check(skerry("import", self.sqlite, "--data", data)[-1], SHORTER)
            self.assertFalse((data / "tracking.db").exists())
            query = {"filter": "", "order_by": [], "experiment": None, "machine_id": None, "stage": "active", "offset": 0, "limit": 10}
            told = subprocess.run([SKERRY, "call", "runs_search", json.dumps(query), "--data", str(data)], capture_output=True, check=True, timeout=PATIENCE)
            self.assertIn(self.sqlite_run, [row["id"] for row in json.loads(told.stdout)["rows"]])
        finally:
            web.terminate()
            web.wait(PATIENCE)
            web.stdout.close()
        self.check(skerry("import", self.sqlite, "--data", data)[-1], SHORTER)

    def server(self, python, name):
        """A real server of MLflow's; answers its URI."""
        port = free_port()
        place = self.root / name
        place.mkdir()
        command = [python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", str(place / "artifacts")]
        log = open(place / "log", "w")
        self.addCleanup(log.close)
        server = subprocess.Popen(command, cwd=place, stdout=log, stderr=log, start_new_session=True)
        self.addCleanup(server.wait, PATIENCE)
        self.addCleanup(os.killpg, server.pid, signal.SIGKILL)
        uri = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 2 * PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{uri}/health", timeout=5).close()
                return uri
            except OSError:
                self.assertLess(time.monotonic(), deadline, (place / "log").read_text())
                self.assertIsNone(server.poll(), (place / "log").read_text())
                time.sleep(0.2)

    def test_server(self):
        """Out to a real server, and from there into another store: the same as before."""
        first, second = self.root / "first", self.root / "second"
        skerry("import", self.sqlite, "--data", first)
        uri = self.server(sys.executable, "server")
        # Killed in the midst, then once more, from a store that is open.
        child = subprocess.Popen([SKERRY, "export", uri, "--data", str(first)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(2)
        child.kill()
        child.wait(PATIENCE)
        with serving(first):
            report = skerry("export", uri, "--data", first)[-1]
        self.check(report, SHORTER)
        # Told, since no request can say it.
        told = dict(map(tuple, report["not_kept"]))
        self.assertEqual(told["creation and update time of an experiment"], 4)
        self.assertEqual(told["creation and update time of a model version"], 3)
        self.assertEqual(told["id of a run (the tag skerry.run_id keeps it)"], 4)
        there = MlflowClient(uri)
        runs = there.search_runs([e.experiment_id for e in there.search_experiments(view_type=ViewType.ALL)], run_view_type=ViewType.ALL)
        self.assertEqual(len(runs), 4, "a repeat makes nothing twice")
        # Times of runs and points are kept.
        (run,) = [run for run in runs if run.data.tags["skerry.run_id"] == self.sqlite_run]
        was = self.sqlite_client.get_run(self.sqlite_run)
        self.assertEqual((run.info.start_time, run.info.end_time), (was.info.start_time, was.info.end_time))
        self.assertEqual(points(there, run.info.run_id, "long"), points(self.sqlite_client, self.sqlite_run, "long"))
        self.check(skerry("import", uri, "--data", second)[-1], SHORTER)
        with serving(first) as one, serving(second) as other:
            self.maxDiff = None
            self.assertEqual(snapshot(one), snapshot(other))

    def test_server_before_mlflow_3(self):
        """The same with a server that has no logged models: these are told, the rest is equal."""
        first, second = self.root / "first-2", self.root / "second-2"
        skerry("import", self.sqlite, "--data", first)
        uri = self.server(os.environ["SKERRY_PYTHON_2"], "server-2")
        for _ in range(2):
            lines, error = skerry("export", uri, "--data", first, expect=1)
            self.assertEqual(error["code"], "transfer_incomplete")
            report = lines[-1]
            lost = [p for p in report["problems"] if "logged model" not in p["what"]]
            self.assertEqual([p for p in lost if "model m-" not in p["what"]], [], report["problems"])
            for part in ("experiments", "runs", "params", "tags", "metrics", "points", "registered_models", "versions", "aliases"):
                self.assertEqual(report["source"][part], report["target"][part], part)
        back = skerry("import", uri, "--data", second)[-1]
        self.assertTrue(back["complete"], back)
        with serving(first) as one, serving(second) as other:
            wanted, found = snapshot(one), snapshot(other)
        self.assertEqual(found["models"], {})
        for run in wanted["runs"].values():
            run["outputs"] = []
        self.maxDiff = None
        for part in ("experiments", "runs", "registry"):
            self.assertEqual(wanted[part], found[part], part)


if __name__ == "__main__":
    unittest.main()
