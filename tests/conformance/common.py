"""What the conformance tests share. MLFLOW_TRACKING_URI names the server under test."""

import json
import os
import unittest
import urllib.error
import urllib.request
import uuid

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

URI = os.environ["MLFLOW_TRACKING_URI"]
API = "/api/2.0/mlflow/"


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def call(method, path, body=None, headers=None, raw=None):
    """One request without MLflow's client: status and parsed answer."""
    data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
    request = urllib.request.Request(URI + path, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text.decode("utf-8", "replace")


class Conformance(unittest.TestCase):
    def setUp(self):
        mlflow.set_tracking_uri(URI)
        self.client = MlflowClient()
        self.experiment_name = unique("experiment")
        self.experiment = self.client.create_experiment(self.experiment_name)
        mlflow.set_experiment(self.experiment_name)

    def tearDown(self):
        while mlflow.active_run():
            mlflow.end_run()

    def new_run(self, **kwargs):
        return self.client.create_run(self.experiment, **kwargs)

    def refused(self, code, action, *args, **kwargs):
        """The action fails with MLflow's error code; answers the message."""
        with self.assertRaises(MlflowException) as caught:
            action(*args, **kwargs)
        self.assertEqual(caught.exception.error_code, code, caught.exception.message)
        return caught.exception.message
