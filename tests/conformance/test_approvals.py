"""Protected aliases at the door of MLflow's protocol. SKERRY is the program, SKERRY_FOLDER its data folder."""

import json
import os
import subprocess
import unittest

from common import Conformance, unique

# Another person to the system, who may read the folder all the same.
CAPABILITIES = "+dac_override,+dac_read_search"
NOBODY = [
    *([] if os.geteuid() == 0 else ["sudo", "-n", "--preserve-env"]),
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
