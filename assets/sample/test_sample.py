"""The sample against a recording server that keeps the protocol's limits."""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = "0123456789abcdef0123456789abcdef"


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        book = self.server.book
        book.seen.append((self.command, self.path, self.headers.get("Authorization")))
        path = urllib.parse.urlsplit(self.path).path
        if book.token and self.headers.get("Authorization") != f"Bearer {book.token}":
            return self.answer(401, {"error_code": "UNAUTHENTICATED", "message": "no"})
        if book.fail_next:
            book.fail_next -= 1
            return self.answer(503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "starting"})
        info = {"run_id": RUN, "experiment_id": "3", "artifact_uri": f"mlflow-artifacts:/3/{RUN}/artifacts"}
        prefix = "/api/2.0/mlflow-artifacts/artifacts/"
        if self.command == "PUT" and path.startswith(prefix):
            book.artifacts[urllib.parse.unquote(path[len(prefix):])] = body
            return self.answer(200, {})
        sent = json.loads(body) if body else {}
        if path == "/api/2.0/mlflow/experiments/get-by-name":
            return self.answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"})
        if path == "/api/2.0/mlflow/experiments/create":
            book.experiment = sent["name"]
            return self.answer(200, {"experiment_id": "3"})
        if path in ("/api/2.0/mlflow/runs/create", "/api/2.0/mlflow/runs/get"):
            return self.answer(200, {"run": {"info": info}})
        if path == "/api/2.0/mlflow/runs/log-batch":
            sizes = [len(sent.get(k, [])) for k in ("metrics", "params", "tags")]
            if sizes[0] > 1000 or max(sizes[1:]) > 100 or sum(sizes) > 1000:
                return self.answer(400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "too many"})
            book.metrics += sent.get("metrics", [])
            book.params.update((p["key"], p["value"]) for p in sent.get("params", []))
            book.tags.update((t["key"], t["value"]) for t in sent.get("tags", []))
            return self.answer(200, {})
        if path == "/api/2.0/mlflow/runs/update":
            book.statuses.append(sent["status"])
            return self.answer(200, {})
        if path == "/api/2.0/mlflow/runs/log-inputs":
            book.datasets += sent["datasets"]
            return self.answer(200, {})
        if path == "/api/2.0/mlflow/runs/log-model":
            book.models.append(json.loads(sent["model_json"]))
            return self.answer(200, {})
        return self.answer(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": path})

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *_):
        pass


class Book:
    """What the server was told."""

    def __init__(self, token=None, fail_next=0):
        self.token, self.fail_next = token, fail_next
        self.seen, self.metrics, self.statuses, self.datasets, self.models = [], [], [], [], []
        self.artifacts, self.params, self.tags, self.experiment = {}, {}, {}, None


class Sample(unittest.TestCase):
    def train(self, book, *arguments, **environment):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
        server.book = book
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
        clean.update(
            MLFLOW_TRACKING_URI=f"http://127.0.0.1:{server.server_address[1]}",
            SKERRY_SAMPLE_PACE="0",
            PYTHONDONTWRITEBYTECODE="1",
        )
        clean.update(environment)
        return subprocess.run(
            [sys.executable, os.path.join(HERE, "train.py"), *arguments],
            env=clean, capture_output=True, text=True, timeout=300,
        )

    def test_a_whole_run(self):
        book = Book()
        done = self.train(book)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(book.experiment, "Penguins")
        for key in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate"):
            points = [m for m in book.metrics if m["key"] == key]
            self.assertEqual([m["step"] for m in points], list(range(1, 241)), key)
        losses = [m["value"] for m in book.metrics if m["key"] == "val_loss"]
        self.assertLess(losses[-1], losses[0] / 4)
        accuracy = [m["value"] for m in book.metrics if m["key"] == "val_accuracy"]
        self.assertGreater(accuracy[-1], 0.95)
        self.assertEqual(book.params["epochs"], "240")
        self.assertEqual(len(book.tags["data.sha256"]), 64)
        self.assertEqual(book.datasets[0]["dataset"]["name"], "penguins")
        self.assertEqual(book.statuses, ["FINISHED"])
        self.assertIn("epoch 240/240", done.stdout)

        root = f"3/{RUN}/artifacts/"
        self.assertEqual(
            sorted(name[len(root):] for name in book.artifacts),
            ["confusion_matrix.csv", "learning_curve.svg", "model/MLmodel", "model/input_example.json",
             "model/model.py", "model/weights.json"],
        )
        table = book.artifacts[root + "confusion_matrix.csv"].decode().splitlines()
        counted = sum(int(n) for line in table[1:] for n in line.split(",")[1:])
        self.assertEqual(counted, int(book.params["validation_rows"]))
        self.assertIn(b"<svg", book.artifacts[root + "learning_curve.svg"])
        self.assertIn("skerry_function", book.models[0]["flavors"])

        # The uploaded folder alone predicts: what the scoring server will do.
        with tempfile.TemporaryDirectory() as folder:
            for name in ("model.py", "weights.json", "input_example.json"):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(book.artifacts[f"{root}model/{name}"])
            code = (
                "import json, model; e = json.load(open('input_example.json'));"
                "rows = [dict(zip(e['columns'], r)) for r in e['data']];"
                "print(json.dumps(model.predict(model.load('.'), rows)))"
            )
            answer = json.loads(subprocess.run(
                [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, check=True, timeout=60
            ).stdout)
        self.assertEqual(answer[0]["species"], "Adelie")
        self.assertAlmostEqual(sum(v for k, v in answer[0].items() if k.startswith("p_")), 1, places=4)

    def test_the_same_seed_gives_the_same_numbers(self):
        books = [Book(), Book()]
        for book in books:
            self.assertEqual(self.train(book, "--epochs", "5").returncode, 0)
        numbers = [[(m["key"], m["step"], m["value"]) for m in book.metrics] for book in books]
        self.assertEqual(numbers[0], numbers[1])

    def test_an_existing_run_is_continued_with_the_token(self):
        book = Book(token="secret-token", fail_next=2)
        done = self.train(book, "--epochs", "3", MLFLOW_RUN_ID=RUN, MLFLOW_TRACKING_TOKEN="secret-token")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(book.experiment)
        self.assertEqual(book.statuses, ["RUNNING", "FINISHED"])
        self.assertNotIn("secret-token", done.stdout + done.stderr)

    def test_a_refusal_is_said_in_one_line(self):
        done = self.train(Book(token="right"), MLFLOW_TRACKING_TOKEN="wrong")
        self.assertEqual(done.returncode, 1)
        self.assertIn("answered 401", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_bad_input_is_named(self):
        done = self.train(Book(), "--data", "/nowhere.csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere.csv", done.stderr)
        self.assertEqual(self.train(Book(), "--epochs", "0").returncode, 2)
        self.assertEqual(self.train(Book(), "--learning-rate", "nan").returncode, 2)
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("a,b\n1,2\n")
            file.flush()
            done = self.train(Book(), "--data", file.name)
        self.assertIn("species", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_a_run_that_breaks_is_told_as_failed(self):
        book = Book()
        done = self.train(book, SKERRY_SAMPLE_PACE="soon")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(book.statuses, ["FAILED"])


if __name__ == "__main__":
    unittest.main()
