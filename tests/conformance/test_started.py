"""What whoever starts the server asks for besides."""

import base64
import json
import os
import subprocess

from common import API, Conformance, call


class OneUser(Conformance):
    """Started with --user: this name with the token as password, and nothing else."""

    def test_nobody_else(self):
        user, token = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
        run = self.new_run().info.run_id
        self.client.log_metric(run, "m", 1.0)

        def status(kind, text):
            return call("GET", API + "experiments/get?experiment_id=0", headers={"Authorization": f"{kind} {text}"})[0]

        def basic(text):
            return status("Basic", base64.b64encode(text.encode()).decode())

        self.assertEqual(basic(f"{user}:{token}"), 200)
        for other in [f"{user}x:{token}", f":{token}", f"{user.upper()}:{token}", f"{user}:{token}x", f"{user}:", user]:
            self.assertEqual(basic(other), 401, other)
        self.assertEqual(status("Bearer", token), 401)
        self.assertEqual(call("GET", API + "experiments/get?experiment_id=0")[0], 401)

    def test_the_registry_names_the_user(self):
        name = self.experiment_name
        self.client.create_registered_model(name)
        self.client.set_registered_model_tag(name, "team", "a")
        words = [os.environ["SKERRY"], "--json", "--data", os.environ["SKERRY_FOLDER"], "model", "history", name, "--server"]
        rows = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=120).stdout)
        self.assertEqual({(row["via"], row["who"]) for row in rows}, {("client", "ann")})


class SourcePattern(Conformance):
    """Started with MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX."""

    def test_only_what_matches(self):
        name = self.experiment_name
        self.client.create_registered_model(name)
        run = self.new_run()
        message = self.refused("INVALID_PARAMETER_VALUE", self.client.create_model_version, name, "s3://b/model")
        self.assertIn("Invalid model version source: 's3://b/model'", message)
        made = self.client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
        self.assertEqual(made.version, "1")
