"""The scoring server as a process, asked over HTTP. `python3 -m unittest discover -s assets/scoring`"""

import http.client
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import score  # noqa: E402

DOUBLER = """
    import os, time

    def load(folder):
        with open(os.path.join(folder, "weights.json")) as file:
            return float(file.read())

    def predict(model, rows):
        if rows and rows[0].get("x") == 13:
            raise RuntimeError("unlucky")
        if rows and rows[0].get("x") == 14:
            return [float("nan"), float("inf"), {"a": (1, 2)}]
        if rows and rows[0].get("x") == 15:
            open(os.path.join(os.path.dirname(__file__), "started"), "w").close()
            while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")):
                time.sleep(0.01)
        return [{"y": row["x"] * model, "row": row} for row in rows]
"""

SIGNATURE = json.dumps([
    {"type": "double", "name": "x", "required": True},
    {"type": "long", "name": "n", "required": False},
    {"type": "string", "name": "word", "required": False},
])


class Scoring:
    """A running score.py with the address it said."""

    def __init__(self, folder, *arguments, python=sys.executable):
        self.process = subprocess.Popen(
            [python, os.path.join(HERE, "score.py"), "--model", folder, "--listen", "127.0.0.1:0", *arguments],
            stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"),
        )
        self.lines = []
        self.port = int(self.wait_line("listening on").rsplit(":", 1)[1])

    def wait_line(self, part):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if part in line:
                return self.lines[-1]
        raise AssertionError(f"the server ended without saying {part!r}: {self.lines}")

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def invoke(self, body, kind="application/json"):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.ask("POST", "/invocations", text, {"Content-Type": kind})

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)
        self.process.stderr.close()


def write_model(folder, mlmodel, code=None, weights="2"):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "MLmodel"), "w", encoding="utf-8") as file:
        file.write(mlmodel)
    if code is not None:
        with open(os.path.join(folder, "model.py"), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(code))
        with open(os.path.join(folder, "weights.json"), "w", encoding="utf-8") as file:
            file.write(weights)


def function_mlmodel(signature=None):
    lines = "flavors:\n  skerry_function:\n    code: model.py\n"
    if signature:
        lines += "signature:\n  inputs: '" + signature + "'\n"
    return lines


class Served(unittest.TestCase):
    def start(self, mlmodel, code=None, *arguments, weights="2", ready=True):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        write_model(self.folder, mlmodel, code, weights)
        server = Scoring(self.folder, *arguments)
        self.addCleanup(server.end)
        server.wait_line("model loaded" if ready else "cannot be loaded")
        return server

    def test_each_input_form_gives_the_same_rows(self):
        server = self.start(function_mlmodel(SIGNATURE), DOUBLER)
        self.assertEqual(server.ask("GET", "/ping"), (200, {"status": "ready"}))
        row = {"x": 1.5, "n": 3, "word": "å"}
        expected = (200, {"predictions": [{"y": 3.0, "row": row}]})
        for body in (
            {"dataframe_split": {"columns": ["word", "n", "x", "more"], "data": [["å", 3, 1.5, 0]]}},
            {"dataframe_records": [{"word": "å", "n": 3.0, "x": "1.5"}]},
            {"instances": [row]},
            {"instances": [[1.5, 3, "å"]]},
            {"inputs": {"x": [1.5], "n": [3], "word": ["å"]}},
            {"inputs": {"x": 1.5, "n": 3, "word": "å"}},
            {"inputs": [row], "params": {}},
        ):
            self.assertEqual(server.invoke(body), expected, body)
        self.assertEqual(server.invoke("x,n,word\r\n1.5,3,å\r\n".encode(), "text/csv; charset=utf-8"), expected)
        self.assertEqual(server.invoke({"dataframe_split": {"columns": ["x"], "data": []}}), (200, {"predictions": []}))
        status, version = server.ask("GET", "/version")
        self.assertEqual((status, version["flavor"]), (200, "skerry_function"))

    def test_mistakes_are_400_with_the_reason(self):
        server = self.start(function_mlmodel(SIGNATURE), DOUBLER, "--max-body", "2000")
        for body, words in (
            ("", "not JSON"),
            ("[1]", "must be a JSON object"),
            ("{}", "it has none"),
            ('{"inputs": [], "instances": []}', "exactly one"),
            ('{"inputs": [], "extra": 1}', "unknown keys: extra"),
            ('{"instances": [{"x": NaN}]}', "NaN is not JSON"),
            ('{"instances": 3}', "must be a list"),
            ('{"instances": [[1, 2]]}', "row 0 must be an object, or a list of 3 values"),
            ('{"dataframe_split": {"columns": ["x", "x"], "data": []}}', "twice"),
            ('{"dataframe_split": {"columns": ["x"], "data": [[1], [1, 2]]}}', "row 1"),
            ('{"dataframe_records": [{"n": 1}]}', "row 0: the column 'x' is missing"),
            ('{"dataframe_records": [{"x": "high"}]}', "must be of the type double"),
            ('{"dataframe_records": [{"x": 1e999}]}', "must be of the type double"),
            ('{"dataframe_records": [{"x": 1, "n": 1.5}]}', "must be of the type long"),
            ('{"inputs": {"x": [1], "n": [1, 2]}}', "different lengths"),
            ('{"inputs": [], "params": 1}', "params"),
            ("[" * 1900, "not JSON"),
            (b'{"\xff": 1}', "not UTF-8"),
        ):
            status, answer = server.invoke(body)
            self.assertEqual(status, 400, body)
            self.assertIn(words, answer["message"], body)
        for body, words in (("", "empty"), ("x,x\n1,2", "twice"), ("x,n\n1", "1 values"), ('x\n"1', "not CSV")):
            status, answer = server.invoke(body, "text/csv")
            self.assertEqual(status, 400, body)
            self.assertIn(words, answer["message"], body)
        self.assertEqual(server.invoke("x", "text/html")[0], 415)
        self.assertEqual(server.invoke("x" * 2001)[0], 413)
        self.assertEqual(server.ask("GET", "/nothing")[0], 404)
        self.assertEqual(server.ask("POST", "/nothing", "{}")[0], 404)
        self.assertEqual(server.ask("GET", "/invocations")[0], 405)
        self.assertEqual(server.ask("POST", "/invocations", headers={"Content-Length": "many"})[0], 400)
        self.assertEqual(server.invoke({"instances": [{"x": 1}]})[0], 200)

    def test_the_models_own_failures_and_odd_numbers(self):
        server = self.start(function_mlmodel(), DOUBLER)
        status, answer = server.invoke({"instances": [{"x": 13}]})
        self.assertEqual((status, answer["message"]), (500, "the model failed: RuntimeError: unlucky"))
        status, answer = server.invoke({"instances": [{"z": 1}]})
        self.assertEqual(status, 400)
        self.assertIn("'x' is missing", answer["message"])
        self.assertEqual(server.invoke({"instances": [{"x": 14}]})[1], {"predictions": [None, None, {"a": [1, 2]}]})

    def test_a_model_that_cannot_be_loaded_says_why(self):
        for mlmodel, code, weights, words in (
            ("flavors: {}\n", None, "", "names no flavor"),
            ("- flavors\n", None, "", "holds no mapping"),
            (function_mlmodel(), None, "", "'model.py' is not a file"),
            (function_mlmodel(), "x = 1", "", "has no function load"),
            (function_mlmodel(), "1 / 0", "", "ZeroDivisionError: division by zero"),
            (function_mlmodel(), DOUBLER, "two", "could not convert string to float"),
            ("flavors:\n  skerry_function:\n    code: ../model.py\n", None, "", "not a file in the model folder"),
            ("flavors:\n  onnx:\n    data: model.onnx\n", None, "", "cannot load a model of the flavors onnx"),
            ("flavors:\n  sklearn:\n    serialization_format: other\n", None, "", "written by other"),
        ):
            server = self.start(mlmodel, code, weights=weights, ready=False)
            status, answer = server.ask("GET", "/ping")
            self.assertEqual((status, answer["status"]), (503, "failed"))
            self.assertIn(words, answer["error"])
            status, answer = server.invoke({"instances": []})
            self.assertEqual((status, answer["error_code"]), (503, "MODEL_NOT_READY"))
        os.remove(os.path.join(self.folder, "MLmodel"))
        server = Scoring(self.folder)
        self.addCleanup(server.end)
        server.wait_line("no readable MLmodel file")

    def test_a_chunked_body_and_a_kept_connection(self):
        server = self.start(function_mlmodel(), DOUBLER)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.addCleanup(connection.close)
        for _ in range(2):
            parts = iter([b'{"instances": ', b'[{"x": 4}]}'])
            connection.request("POST", "/invocations", parts, {"Content-Type": "application/json"}, encode_chunked=True)
            response = connection.getresponse()
            self.assertEqual(json.loads(response.read())["predictions"][0]["y"], 8)
        with socket.create_connection(("127.0.0.1", server.port), 60) as raw:
            raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            self.assertIn(b" 400 ", raw.recv(100))

    def test_sigterm_lets_a_request_finish(self):
        server = self.start(function_mlmodel(), DOUBLER)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/invocations", json.dumps({"instances": [{"x": 15}]}))
        started = os.path.join(self.folder, "started")
        self.assertTrue(wait_until(lambda: os.path.exists(started)))
        server.process.send_signal(signal.SIGTERM)
        server.wait_line("stopping")
        with open(os.path.join(self.folder, "go"), "w"):
            pass
        self.assertEqual(json.loads(connection.getresponse().read())["predictions"][0]["y"], 30)
        self.assertEqual(server.process.wait(60), 0)

    def test_a_taken_port_is_said(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "score.py"), "--model", ".", "--listen",
             f"127.0.0.1:{taken.getsockname()[1]}"],
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("Address already in use", done.stderr)
        for wrong in ("8080", "host:", "host:99999", "[::1:80", ":80"):
            with self.assertRaises(score.argparse.ArgumentTypeError):
                score.address(wrong)
        self.assertEqual(score.address("[::1]:80"), ("::1", 80))

    def test_a_request_cannot_forge_log_lines(self):
        server = self.start(function_mlmodel(), DOUBLER)
        server.ask("GET", "/a%0d%0a?x")
        with socket.create_connection(("127.0.0.1", server.port), 60) as raw:
            raw.sendall(b"GET /\x1b[2J HTTP/1.0\r\n\r\n")
            raw.recv(1000)
        self.assertIn("\\x1b", server.wait_line("[2J"))


class TwoTimes:
    """Stands for a scikit-learn model: anything picklable with predict."""

    def predict(self, rows):
        return [2 * row[0] for row in rows]


class Parts(unittest.TestCase):
    def test_small_yaml_reads_what_mlflow_writes(self):
        text = textwrap.dedent("""\
            # written by mlflow 3.17.2
            artifact_path: model
            flavors:
              python_function:
                env:
                  conda: conda.yaml
                  virtualenv: python_env.yaml
                loader_module: mlflow.sklearn
                python_version: 3.11.7
              sklearn:
                code: null
                pickled_model: model.pkl
                skops_trusted_types:
                - numpy.dtype
                - "a: b"
            is_signature_from_type_hint: false
            metadata: {}
            model_size_bytes: 1199
            signature:
              inputs: '[{"type": "double", "name": "a", "required": true}, {"type": "double",
                "name": "b''s with space", "required": true}, {"type": "long", "name": "a third column
                with a rather long name: yes", "required": true}]'
              outputs: "[{\\"type\\": \\"string\\", \\"name\\":\\
                \\ \\"\\xE5\\"}]"
              params: null
            note: plain text that
              goes on
            utc_time_created: '2026-11-26 23:58:48.615478'
            """).replace("\\xE5", "\\u00e5")
        read = score.SmallYaml(text).document()
        self.assertEqual(read["flavors"]["python_function"]["env"]["virtualenv"], "python_env.yaml")
        self.assertEqual(read["flavors"]["python_function"]["python_version"], "3.11.7")
        self.assertEqual(read["flavors"]["sklearn"]["skops_trusted_types"], ["numpy.dtype", "a: b"])
        self.assertIsNone(read["flavors"]["sklearn"]["code"])
        self.assertEqual(
            [c["name"] for c in json.loads(read["signature"]["inputs"])],
            ["a", "b's with space", "a third column with a rather long name: yes"],
        )
        self.assertEqual(json.loads(read["signature"]["outputs"])[0]["name"], "å")
        self.assertEqual(read["note"], "plain text that goes on")
        self.assertEqual((read["model_size_bytes"], read["metadata"]), (1199, {}))
        self.assertIs(read["is_signature_from_type_hint"], False)
        for broken in ("flavors: 'open", "just words"):
            with self.assertRaises(score.ModelError):
                score.SmallYaml(broken).document()

    def test_a_pickled_model_is_served_without_mlflow(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "model.pkl"), "wb") as file:
                pickle.dump(TwoTimes(), file)
            write_model(folder, "flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
            model = score.SklearnModel(folder, {"pickled_model": "model.pkl"}, {"signature": {
                "inputs": '[{"type": "double", "name": "x", "required": true}]'}})
            table = score.parse_json('{"dataframe_records": [{"x": 4}]}')
            rows = score.check_rows(table.rows(model.columns), model.columns)
            self.assertEqual(model.model.predict([list(row.values()) for row in rows]), [8.0])

    def test_csv_values(self):
        given = ["", "1", "-2", "1.5", ".5", "1e3", "0x10", "nan", "1_000", " 1", "123456789012345678901"]
        expected = [None, 1, -2, 1.5, 0.5, 1000.0, "0x10", "nan", "1_000", " 1", 123456789012345678901.0]
        self.assertEqual([score.csv_value(v) for v in given], expected)


def wait_until(condition, seconds=60):
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


if __name__ == "__main__":
    unittest.main()
