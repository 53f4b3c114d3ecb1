"""A run at an MLflow server, over its REST interface and the standard library.

Read from the environment, as the mlflow client does: MLFLOW_TRACKING_URI,
MLFLOW_TRACKING_TOKEN, MLFLOW_RUN_ID (continue that run), and otherwise
MLFLOW_EXPERIMENT_NAME (create a run there).
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

# A restarted server is waited for; a refusal (4xx) is not tried again.
PATIENCE_SECONDS = 60
RETRIED_STATUS = {408, 429, 500, 502, 503, 504}


class TrackingError(Exception):
    """The server refused, or could not be reached for PATIENCE_SECONDS."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


class Server:
    def __init__(self, uri, token=None):
        if urllib.parse.urlsplit(uri).scheme not in ("http", "https"):
            raise TrackingError(f"MLFLOW_TRACKING_URI must be an http or https address, not {uri!r}")
        self.uri = uri.rstrip("/")
        self.token = token

    def call(self, method, path, body=None, query=None):
        """Sends JSON, or raw bytes, and answers the decoded JSON."""
        url = self.uri + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        headers = {}
        data = body
        if isinstance(body, dict):
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif body is not None:
            headers["Content-Type"] = "application/octet-stream"
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.2
        while True:
            request = urllib.request.Request(url, data=data, headers=headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    text = response.read()
                    return json.loads(text) if text else {}
            except urllib.error.HTTPError as error:
                problem = _refusal(error)
                retry = error.code in RETRIED_STATUS
            except (urllib.error.URLError, OSError) as error:
                reason = getattr(error, "reason", error)
                problem = TrackingError(f"no answer from the tracking server at {self.uri}: {reason}")
                retry = True
            if not retry or time.monotonic() + pause > deadline:
                raise problem
            time.sleep(pause)
            pause = min(pause * 2, 5)


def _refusal(error):
    try:
        body = json.loads(error.read())
        code, message = body.get("error_code"), body.get("message")
    except (ValueError, AttributeError, OSError):
        code, message = None, error.reason
    return TrackingError(f"the tracking server answered {error.code}: {message}", code)


class Run:
    """One run; metrics are collected and sent in batches by `flush`."""

    def __init__(self, server, info):
        self.server = server
        self.id = info["run_id"]
        self.experiment_id = info["experiment_id"]
        self.artifact_uri = info["artifact_uri"]
        self._metrics = []

    @classmethod
    def from_environment(cls, name):
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            raise TrackingError("MLFLOW_TRACKING_URI is not set: where shall the run be logged?")
        server = Server(uri, os.environ.get("MLFLOW_TRACKING_TOKEN"))
        run_id = os.environ.get("MLFLOW_RUN_ID")
        if run_id:
            found = server.call("GET", "/api/2.0/mlflow/runs/get", query={"run_id": run_id})
            run = cls(server, found["run"]["info"])
            run.update("RUNNING", ended=False)
            return run
        experiment = _experiment(server, os.environ.get("MLFLOW_EXPERIMENT_NAME", "Penguins"))
        created = server.call("POST", "/api/2.0/mlflow/runs/create", {
            "experiment_id": experiment,
            "run_name": name,
            "start_time": _now_ms(),
        })
        return cls(server, created["run"]["info"])

    def log(self, params=None, tags=None):
        self.server.call("POST", "/api/2.0/mlflow/runs/log-batch", {
            "run_id": self.id,
            "params": [{"key": k, "value": str(v)} for k, v in (params or {}).items()],
            "tags": [{"key": k, "value": str(v)} for k, v in (tags or {}).items()],
        })

    def metrics(self, step, values):
        at = _now_ms()
        self._metrics.extend(
            {"key": key, "value": value, "timestamp": at, "step": step} for key, value in values.items()
        )

    def flush(self):
        # 1,000 is the protocol's limit for one batch.
        while self._metrics:
            batch = self._metrics[:1000]
            self.server.call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": self.id, "metrics": batch})
            del self._metrics[:1000]

    def dataset(self, name, digest, source, rows, columns):
        """Records which data went in, so that a model version can name it."""
        self.server.call("POST", "/api/2.0/mlflow/runs/log-inputs", {
            "run_id": self.id,
            "datasets": [{
                "tags": [{"key": "mlflow.data.context", "value": "training"}],
                "dataset": {
                    "name": name,
                    "digest": digest,
                    "source_type": "local",
                    "source": json.dumps({"uri": source}),
                    "schema": json.dumps({"columns": columns}),
                    "profile": json.dumps({"num_rows": rows}),
                },
            }],
        })

    def artifact(self, path, content):
        """Uploads text or bytes to the run's own artifact folder."""
        root = urllib.parse.urlsplit(self.artifact_uri)
        if root.scheme != "mlflow-artifacts":
            raise TrackingError(f"cannot upload to {self.artifact_uri}: the server does not take artifacts itself")
        data = content.encode() if isinstance(content, str) else content
        target = urllib.parse.quote(f"{root.path.strip('/')}/{path}")
        self.server.call("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{target}", data)

    def model(self, description):
        """Tells the server that the artifact folder holds a model."""
        self.server.call("POST", "/api/2.0/mlflow/runs/log-model", {
            "run_id": self.id,
            "model_json": json.dumps(description),
        })

    def update(self, status, ended=True):
        body = {"run_id": self.id, "status": status}
        if ended:
            body["end_time"] = _now_ms()
        self.server.call("POST", "/api/2.0/mlflow/runs/update", body)


def _experiment(server, name):
    by_name = {"experiment_name": name}
    try:
        found = server.call("GET", "/api/2.0/mlflow/experiments/get-by-name", query=by_name)
        return found["experiment"]["experiment_id"]
    except TrackingError as error:
        if error.code != "RESOURCE_DOES_NOT_EXIST":
            raise
    return server.call("POST", "/api/2.0/mlflow/experiments/create", {"name": name})["experiment_id"]


def _now_ms():
    return int(time.time() * 1000)
