"""What whoever starts the server asks for besides."""

import base64
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

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


class SeveralUsers(Conformance):
    """Started with --users-file: these names, each with its own password, and not the token that is set besides."""

    def test_each_with_the_own_password(self):
        def status(text):
            headers = {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}
            return call("GET", API + "experiments/get?experiment_id=0", headers=headers)[0]

        for known in ["ann:annspass", "bo:bos:pass"]:
            self.assertEqual(status(known), 200, known)
        for other in ["ann:bos:pass", "bo:annspass", "bo:bos", "cy:annspass", f"ann:{os.environ['TOKEN']}", ":"]:
            self.assertEqual(status(other), 401, other)

    def test_the_registry_names_each(self):
        name = self.experiment_name
        self.client.create_registered_model(name)
        users = [("ann", "annspass"), ("bo", "bos:pass")] * 20

        # Whoever asks at the same time is told apart.
        def tag(n):
            user, password = users[n]
            headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
            body = {"name": name, "key": f"{user}{n}", "value": "x"}
            return call("POST", API + "registered-models/set-tag", body, headers=headers)[0]

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(tag, range(len(users)))), {200})
        words = [os.environ["SKERRY"], "--json", "--data", os.environ["SKERRY_FOLDER"], "model", "history", name]
        rows = json.loads(subprocess.run([*words, "--server"], capture_output=True, check=True, timeout=120).stdout)
        told = {row["subject"]: row["who"] for row in rows if row["event"] == "model_tag"}
        self.assertEqual(told, {f"{user}{n}": user for n, (user, _) in enumerate(users)})


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
