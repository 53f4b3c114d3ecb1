"""Moving in what older releases of MLflow left: SQLite files of their schemas, made by
MLflow's own migrations, and `mlruns` folders as they wrote them, damaged ones too."""

import os
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import sqlalchemy
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
from mlflow import MlflowClient
from test_transfer import serving, skerry, snapshot

RUN = "0123456789abcdef0123456789abcde"
# The last revision of a release.
REVISIONS = {
    "0.9": None,
    "1.0": "90e64c465722",
    "1.4": "cfd24bdc0731",
    "1.30": "97727af70f4d",
    "2.0": "97727af70f4d",
    "2.22": "0584bdc529eb",
    "now": "heads",
}


def upgrade(file, revision):
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    config = _get_alembic_config(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def insert(db, table, **values):
    """A row, of those columns that this release has."""
    there = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
    values = {key: value for key, value in values.items() if key in there}
    if values:
        db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))


def database(file, revision):
    """What that release could have written."""
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    Base.metadata.create_all(engine)
    engine.dispose()
    if revision:
        upgrade(file, revision)
    with sqlite3.connect(file) as db:
        for number, name, stage in ((0, "Default", "active"), (1, "old – ä", "active"), (2, "gone", "deleted")):
            insert(db, "experiments", experiment_id=number, name=name, artifact_location=f"./mlruns/{number}", lifecycle_stage=stage, creation_time=1_500_000_000_000, last_update_time=1_500_000_000_001)
        insert(db, "experiment_tags", experiment_id=1, key="team", value="skär")
        for n, (experiment, status, stage) in enumerate(((1, "FINISHED", "active"), (1, "FAILED", "deleted"), (2, "RUNNING", "deleted"))):
            run = f"{RUN}{n}"
            insert(
                db, "runs", run_uuid=run, name=f"run {n}", source_type="PROJECT", source_name="train me.py", entry_point_name="main",
                source_version="4f2a", user_id="ada", status=status, start_time=1_500_000_000_002 + n, end_time=None if status == "RUNNING" else 1_500_000_000_009,
                lifecycle_stage=stage, artifact_uri=f"./mlruns/{experiment}/{run}/artifacts", experiment_id=experiment,
            )
            insert(db, "params", key="a param", value="0.1", run_uuid=run)
            insert(db, "tags", key="mlflow.user", value="ada", run_uuid=run)
            insert(db, "tags", key="mlflow.source.name", value="said before", run_uuid=f"{RUN}2") if n == 2 else None
            for at in range(5):
                insert(db, "metrics", key="loss", value=0.5 / (at + 1), timestamp=1_500_000_000_003 + at, step=at, is_nan=False, run_uuid=run)
                if at == 4:
                    insert(db, "latest_metrics", key="loss", value=0.5 / (at + 1), timestamp=1_500_000_000_003 + at, step=at, is_nan=False, run_uuid=run)
        insert(db, "registered_models", name="digits", creation_time=1, last_updated_time=2, description="Reads digits.", workspace="default")
        insert(db, "registered_model_tags", name="digits", key="owner", value="ada", workspace="default")
        for number, stage in ((1, "None"), (2, "Deleted_Internal"), (3, "Production")):
            insert(
                db, "model_versions", name="digits", version=number, creation_time=3, last_updated_time=4, current_stage=stage,
                source=f"./mlruns/1/{RUN}0/artifacts/model", run_id=f"{RUN}0", status="READY", user_id="ada", workspace="default",
            )
        insert(db, "model_version_tags", name="digits", version=3, key="n", value="3", workspace="default")
    files = file.parent / f"mlruns/1/{RUN}0/artifacts/model"
    files.mkdir(parents=True)
    (files / "a b.txt").write_text("snö")


class Databases(unittest.TestCase):
    def test_of_every_age(self):
        for release, revision in REVISIONS.items():
            with self.subTest(release), tempfile.TemporaryDirectory() as home:
                home = Path(home)
                file = home / "mlflow.db"
                database(file, revision)
                report = skerry("import", file, "--data", home / "old")[-1]
                self.assertTrue(report["complete"], report)
                there = report["source"]
                self.assertEqual((there["experiments"], there["runs"], there["points"], there["artifacts"]), (3, 3, 15, 1))
                registry = release not in ("0.9", "1.0")
                self.assertEqual(there["versions"], 2 if registry else 0)
                with serving(home / "old") as client:
                    found = snapshot(client)
                    run = client.get_run(f"{RUN}0")
                    self.assertEqual((run.info.status, run.info.start_time, run.info.user_id), ("FINISHED", 1_500_000_000_002, "ada"))
                    self.assertEqual(run.data.tags["mlflow.source.name"], "train me.py")
                    self.assertEqual(run.data.tags["mlflow.source.git.commit"], "4f2a")
                    self.assertEqual(client.get_run(f"{RUN}2").data.tags["mlflow.source.name"], "said before")
                    steps = [point.step for point in client.get_metric_history(f"{RUN}0", "loss")]
                    self.assertEqual(steps, [0] * 5 if release == "0.9" else list(range(5)))
                # MLflow's own migration to this day makes the same of it.
                upgrade(file, "heads")
                again = skerry("import", file, "--data", home / "new")[-1]
                self.assertTrue(again["complete"], again)
                with serving(home / "new") as client:
                    self.maxDiff = None
                    self.assertEqual(snapshot(client), found)

    def test_not_of_mlflow(self):
        with tempfile.TemporaryDirectory() as home:
            with sqlite3.connect(Path(home) / "x.db") as db:
                db.execute("CREATE TABLE experiments (experiment_id INTEGER)")
            _, error = skerry("import", Path(home) / "x.db", "--data", Path(home) / "data", expect=2)
            self.assertIn("'name'", error["message"])


def run_folder(place, run, files, **meta):
    folder = place / run
    folder.mkdir(parents=True)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    lines = [f"{key}: {value}" for key, value in meta.items()]
    (folder / "meta.yaml").write_text("\n".join(lines) + "\n")
    return folder


def old_folder(root):
    """As releases before 1.0 and of 1.x wrote it, beside each other."""
    for number, meta in (
        ("0", "artifact_location: ./mlruns/0\nexperiment_id: 0\nname: Default\n"),
        ("1", "artifact_location: file:///gone/mlruns/1\nexperiment_id: '1'\nlifecycle_stage: active\nname: My experiment\n"),
        (".trash/2", "artifact_location: ./mlruns/2\nexperiment_id: 2\nname: \"thrown\\xE4 away\"\n"),
    ):
        (root / number).mkdir(parents=True)
        (root / number / "meta.yaml").write_text(meta)
    files = {
        "params/lr": "0.1\n",
        "params/with a space": "two words\n",
        "metrics/loss": "1500000000 0.5\n1500000001 0.25\n",
        "metrics/train/deep": "1500000000 nan\n",
        "artifacts/model/a b.txt": "snö",
    }
    row = {"source_type": 4, "status": 3, "start_time": 1_500_000_000_000, "end_time": 1_500_000_001_000, "user_id": "ada"}
    # Before 1.0: no run_id, no lifecycle_stage; the source is in the row.
    run_folder(
        root / "0", f"{RUN}0", files, artifact_uri=f"./mlruns/0/{RUN}0/artifacts", entry_point_name="main", experiment_id=0,
        name="'an old: run'", run_uuid=f"{RUN}0", source_name="train.py", source_version="4f2a", tags="[]", **row,
    )
    files = {
        "params/lr": "0.1",
        "params/lines": "one\ntwo\n",
        "tags/mlflow.runName": "by tag",
        "tags/mlflow.source.name": "script.py",
        "metrics/loss": "1500000000000 0.5 0\n1500000000001 0.25 1\n",
        "artifacts/empty": "",
    }
    run_folder(
        root / "1", f"{RUN}1", files, artifact_uri=f"file:///gone/mlruns/1/{RUN}1/artifacts", entry_point_name="''", experiment_id="'1'",
        lifecycle_stage="deleted", name="''", run_id=f"{RUN}1", run_uuid=f"{RUN}1", source_name="''", source_version="''", tags="[]", **row,
    )
    run_folder(root / ".trash/2", f"{RUN}2", {}, artifact_uri=f"./mlruns/2/{RUN}2/artifacts", experiment_id=2, run_uuid=f"{RUN}2", status=1, user_id="null", end_time="null")


class Folders(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)
        self.root = self.home / "mlruns"
        old_folder(self.root)

    def test_of_every_age(self):
        report = skerry("import", self.root, "--data", self.home / "data")[-1]
        self.assertTrue(report["complete"], report)
        there = report["source"]
        self.assertEqual((there["experiments"], there["runs"], there["points"], there["artifacts"]), (3, 3, 5, 2))
        with serving(self.home / "data") as client:
            seen = snapshot(client)
            stages = {name: experiment[0] for name, experiment in seen["experiments"].items()}
            self.assertEqual(stages, {"Default": "active", "My experiment": "active", "thrownä away": "deleted"})
            first, second = client.get_run(f"{RUN}0"), client.get_run(f"{RUN}1")
            self.assertEqual((first.info.run_name, first.info.status, first.info.lifecycle_stage), ("an old: run", "FINISHED", "active"))
            self.assertEqual(first.data.params, {"lr": "0.1", "with a space": "two words"})
            self.assertEqual(first.data.tags["mlflow.source.name"], "train.py")
            self.assertEqual(first.data.tags["mlflow.source.type"], "LOCAL")
            points = [(p.timestamp, p.step, p.value) for p in client.get_metric_history(f"{RUN}0", "loss")]
            self.assertEqual(points, [(1_500_000_000, 0, 0.5), (1_500_000_001, 0, 0.25)])
            self.assertEqual((second.info.run_name, second.info.lifecycle_stage), ("by tag", "deleted"))
            self.assertEqual(second.data.params, {"lr": "0.1", "lines": "one\ntwo\n"})
            self.assertEqual(second.data.tags["mlflow.source.name"], "script.py")
            self.assertNotIn("mlflow.source.type", second.data.tags)
            self.assertEqual(seen["runs"][f"{RUN}0"]["files"], {"model/a b.txt": 4})

    def test_damaged(self):
        """What is damaged is named; everything else comes in."""
        one = self.root / "1"
        files = {"params/ok": "1", "params/bad": b"\xff\xfe", "metrics/m": "1 0.5 0\nnonsense\n2 0.25 1\n3 0.1", "inputs/x/meta.yaml": "source_type: [\n"}
        run_folder(one, f"{RUN}3", {**files, "metrics/bytes": b"1 1 1\n\xff\xfe\n"}, run_id=f"{RUN}3", experiment_id="'1'", status=3, lifecycle_stage="active")
        shutil.copytree(one / f"{RUN}1", one / f"{RUN}4")
        (one / f"{RUN}4/meta.yaml").write_text("status: [3\nrun_id")
        shutil.copytree(one / f"{RUN}1", one / f"{RUN}5")
        (one / f"{RUN}5/meta.yaml").unlink()
        # Of a database beside it.
        (one / f"{RUN}7/artifacts").mkdir(parents=True)
        (self.root / f"3/{RUN}8/artifacts").mkdir(parents=True)
        for name, meta in (("7", None), ("8", "name: {"), ("9 (copy)", "experiment_id: 1\nname: copied\n")):
            run_folder(self.root / name, f"{RUN}6", {"params/p": "1"}, run_id=f"{RUN}6", status=3)
            if meta:
                (self.root / name / "meta.yaml").write_text(meta)
        model = self.root / "models/m"
        (model / "version-1").mkdir(parents=True)
        (model / "meta.yaml").write_text("name: m\ncreation_timestamp: 1\n")
        (model / "version-1/meta.yaml").write_text("version: [")
        (model / "aliases").mkdir()
        (model / "aliases/best").write_text("one")
        lines, error = skerry("import", self.root, "--data", self.home / "data", expect=1)
        self.assertEqual(error["code"], "transfer_incomplete")
        told = {problem["what"]: problem["why"] for problem in lines[-1]["problems"]}
        self.assertEqual(len(told), len(lines[-1]["problems"]), "each is told once")
        run = f"run {RUN}3: "
        for what, why in (
            (f"{run}param 'bad'", "UTF-8"),
            (f"{run}metric 'm'", "1 of its lines are no points, the first is line 2"),
            (f"{run}metric 'bytes'", "line 2"),
            (f"{run}input x", "meta.yaml"),
            (f"run {RUN}4", "meta.yaml"),
            (f"run {RUN}5", "missing"),
            ("experiment 7", "1 runs"),
            ("experiment 8", "1 runs"),
            ("experiment 9 (copy)", "has the number of"),
            ("registered model 'm'", "meta.yaml"),
            ("registered model 'm': alias 'best'", "whole number"),
        ):
            self.assertIn(why, told.pop(what), what)
        self.assertEqual(told, {})
        ((what, count),) = lines[-1]["left_out"]
        self.assertEqual((what.partition(":")[0], count), ("runs of which only artifacts are there", 2))
        with serving(self.home / "data") as client:
            run = client.get_run(f"{RUN}3")
            self.assertEqual(run.data.params, {"ok": "1"})
            self.assertEqual(sorted(p.value for p in client.get_metric_history(f"{RUN}3", "m")), [0.1, 0.25, 0.5])
            self.assertEqual(client.get_run(f"{RUN}1").data.params["lr"], "0.1")
            self.assertEqual(client.get_registered_model("m").name, "m")


if __name__ == "__main__":
    unittest.main()
