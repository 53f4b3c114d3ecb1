"""Protected aliases at the door of MLflow's protocol. SKERRY is the program, SKERRY_FOLDER its data folder."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from common import Conformance, unique
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

ROOT = [] if os.geteuid() == 0 else ["sudo", "-n", "--preserve-env"]
# Another person to the system, who may read the folder all the same.
CAPABILITIES = "+dac_override,+dac_read_search"
NOBODY = [
    *ROOT,
    "setpriv",
    "--reuid=65534",
    f"--inh-caps={CAPABILITIES}",
    f"--ambient-caps={CAPABILITIES}",
]


def skerry(*args, by=()):
    command = [*by, os.environ["SKERRY"], "--json", "--data", os.environ["SKERRY_FOLDER"], "model", *args, "--server"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout or done.stderr)


class Approvals(Conformance):
    def test_a_protected_alias_moves_only_to_an_approved_version(self):
        name = unique("model")
        self.client.create_registered_model(name)
        run = self.new_run().info.run_id
        self.client.log_text(run, "flavors: {}", "model/MLmodel")
        source = f"mlflow-artifacts:/{self.experiment}/{run}/artifacts/model"
        for _ in range(2):
            self.client.create_model_version(name, source, run)
        self.client.set_registered_model_alias(name, "champion", "1")
        done = skerry("protect", name, "champion", "--reason", "it serves")
        self.assertEqual(done, (0, {"event": "alias_protected"}))

        said = self.refused("INVALID_STATE", self.client.set_registered_model_alias, name, "champion", "2")
        self.assertIn("is protected", said)
        self.assertIn("ask for its approval", said)
        self.refused("INVALID_STATE", self.client.delete_registered_model_alias, name, "champion")
        self.refused("INVALID_STATE", self.client.delete_model_version, name, "1")
        self.refused("INVALID_STATE", self.client.delete_registered_model, name)
        self.refused("INVALID_STATE", self.client.rename_registered_model, name, name + "-2")
        self.assertEqual(self.client.get_model_version_by_alias(name, "champion").version, "1")
        # Stages and other aliases are free.
        self.client.set_registered_model_alias(name, "candidate", "2")
        self.client.transition_model_version_stage(name, "2", "Staging")

        self.assertEqual(skerry("ask", name, "2")[0], 0)
        code, answer = skerry("approve", name, "2", "--reason", "mine")
        self.assertEqual((code, answer["reason"]), (1, "approval_own"))
        self.refused("INVALID_STATE", self.client.set_registered_model_alias, name, "champion", "2")
        code, answer = skerry("approve", name, "2", "--reason", "looked at it", by=NOBODY)
        self.assertEqual((code, answer), (0, None))
        self.client.set_registered_model_alias(name, "champion", "2")

        # What was approved is the files as they were.
        self.client.log_text(run, "flavors: {other: {}}", "model/MLmodel")
        self.client.set_registered_model_alias(name, "candidate", "1")
        said = self.refused("INVALID_STATE", self.client.set_registered_model_alias, name, "champion", "2")
        self.assertIn("files have changed", said)

        # Nobody takes the protection away alone.
        self.assertEqual(skerry("unprotect", name, "champion"), (0, {"event": "alias_unprotect_asked"}))
        code, answer = skerry("unprotect", name, "champion")
        self.assertEqual((code, answer["reason"]), (1, "unprotect_own"))
        self.refused("INVALID_STATE", self.client.set_registered_model_alias, name, "champion", "1")
        freed = skerry("unprotect", name, "champion", by=NOBODY)
        self.assertEqual(freed, (0, {"event": "alias_unprotected"}))
        self.client.set_registered_model_alias(name, "champion", "1")
        self.client.set_registered_model_alias(name, "champion", "2")

        code, rows = skerry("history", name, "2")
        self.assertEqual(code, 0)
        told = [(row["event"], row["via"], row["subject"]) for row in reversed(rows)]
        self.assertEqual(
            told,
            [
                ("version_created", "client", None),
                ("alias_set", "client", "candidate"),
                ("stage_changed", "client", None),
                ("approval_asked", "person", None),
                ("approval_given", "person", None),
                ("alias_set", "client", "champion"),
                ("alias_set", "client", "champion"),
            ],
        )
        self.assertEqual(rows[2]["who"], "nobody")
        self.assertNotEqual(rows[3]["who"], "nobody")
        code, verified = skerry("verify")
        self.assertEqual((code, verified["whole"]), (0, True))
        code, found = skerry("alias-at", name, "champion", "2100-01-01")
        self.assertEqual((code, found["version"]), (0, 2))


class Group(unittest.TestCase):
    """A server's folder that a group shares. Nobody who uses it has more rights than any user."""

    GROUP = 60

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(subprocess.run, [*ROOT, "rm", "-rf", self.folder])
        os.chmod(self.folder, 0o755)
        # Where the program lies not everybody may go.
        self.skerry = shutil.copy(os.environ["SKERRY"], self.folder)
        self.data = os.path.join(self.folder, "tracking")
        owner = ["--owner=3", f"--group={self.GROUP}", "--mode=2770"]
        subprocess.run([*ROOT, "install", "--directory", *owner, self.data], check=True)

    def by(self, user, *groups):
        groups = ["--groups=" + ",".join(map(str, groups))] if groups else ["--clear-groups"]
        shell = ["sh", "-c", 'umask 007; exec "$@"', "sh"]
        return [*ROOT, "setpriv", f"--reuid={user}", f"--regid={user}", *groups, "--bounding-set=-all", *shell]

    def run_as(self, user, groups, *args):
        command = [*self.by(user, *groups), self.skerry, "--json", "--data", self.data, "model", *args, "--server"]
        env = {"PATH": os.environ["PATH"], "HOME": self.folder}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
        return done.returncode, json.loads(done.stdout or done.stderr)

    def serve(self, user, groups):
        command = [*self.by(user, *groups), self.skerry, "--data", self.data, "serve", "--no-auth"]
        server = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": self.folder},
        )

        def end():
            subprocess.run([*ROOT, "kill", str(server.pid)], check=True)
            server.communicate(timeout=60)

        self.addCleanup(end)
        for line in server.stdout:
            if line.startswith("MLFLOW_TRACKING_URI="):
                return MlflowClient(line.strip().partition("=")[2])
        self.fail("the server did not start")

    def test_who_is_in_the_group_approves_and_who_asked_does_not(self):
        ada, bo, eve = (3, [self.GROUP]), (6, [self.GROUP]), (7, [])
        client = self.serve(*ada)
        client.create_registered_model("digits")
        run = client.create_run(client.create_experiment("e")).info
        source = f"mlflow-artifacts:/{run.experiment_id}/{run.run_id}/artifacts/model"
        for _ in range(2):
            client.create_model_version("digits", source, run.run_id)
        client.set_registered_model_alias("digits", "champion", "1")
        self.assertEqual(self.run_as(*ada, "protect", "digits", "champion")[0], 0)
        self.assertEqual(self.run_as(*ada, "ask", "digits", "2")[0], 0)
        code, answer = self.run_as(*ada, "approve", "digits", "2", "--reason", "mine")
        self.assertEqual((code, answer["reason"]), (1, "approval_own"))
        # Out of the group it is not even seen that there is a registry.
        code, answer = self.run_as(*eve, "approve", "digits", "2", "--reason", "why not")
        self.assertEqual((code, answer["code"]), (3, "not_found"))
        with self.assertRaises(MlflowException):
            client.set_registered_model_alias("digits", "champion", "2")
        done = self.run_as(*bo, "approve", "digits", "2", "--reason", "checked on the hold-out set")
        self.assertEqual(done, (0, None))
        client.set_registered_model_alias("digits", "champion", "2")
        self.assertEqual(client.get_model_version_by_alias("digits", "champion").version, "2")
        _, rows = self.run_as(*bo, "history", "digits", "2")
        who = {row["event"]: row["who"] for row in rows}
        self.assertNotEqual(who["approval_asked"], who["approval_given"])
        # What bo wrote is still the server's to write.
        client.set_model_version_tag("digits", "2", "seen", "yes")
        self.assertEqual(self.run_as(*ada, "verify")[1]["whole"], True)
