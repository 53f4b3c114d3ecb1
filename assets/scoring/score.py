#!/usr/bin/env python3
"""Serves one MLflow model folder over HTTP: python3 score.py --model DIR --listen 127.0.0.1:8080

    GET  /ping         200 once the model is loaded; 503 with the reason before, or when loading failed
    GET  /version      what serves: this server, Python, MLflow when it is there, the model's flavor
    POST /invocations  JSON with one of dataframe_split, dataframe_records, instances, inputs; or text/csv
                       with a header line. Answers {"predictions": [...]}; numbers that JSON cannot
                       write (NaN, infinity) are answered as null.

A mistake in the request is answered with 400 (or 411, 413, 415) and {"error_code", "message"}.

One file, standard library only, Python 3.9 or newer. Models it loads, in this order:
  skerry_function  model.py in the folder with load(folder) and predict(model, rows)
  python_function  through mlflow, where that can be imported
  sklearn          by pickle (or cloudpickle), where mlflow cannot be imported
"""

import argparse
import csv
import http.server
import importlib.util
import io
import json
import math
import os
import pickle
import platform
import re
import signal
import socket
import sys
import threading
import time

VERSION = "1"
INPUT_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
# Seconds that a silent connection is kept, and that requests under way get at the end.
IDLE_SECONDS = 60
GRACE_SECONDS = 10


class BadRequest(Exception):
    """A mistake of the caller's, with the status and the words to answer."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


class ModelError(Exception):
    """The model folder cannot be served, and why."""


# --- The model -------------------------------------------------------------------------------


def load_model(folder):
    """The model in `folder`, as an object with `flavor` and `predict(table)`."""
    try:
        with open(os.path.join(folder, "MLmodel"), encoding="utf-8") as file:
            description = read_yaml(file.read())
    except OSError as error:
        raise ModelError(f"the model folder has no readable MLmodel file: {error}") from error
    flavors = description.get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise ModelError("the MLmodel file names no flavor")
    if "skerry_function" in flavors:
        return FunctionModel(folder, flavors["skerry_function"], description)
    has_mlflow = importlib.util.find_spec("mlflow") is not None
    if "python_function" in flavors and has_mlflow:
        return PyfuncModel(folder)
    if "sklearn" in flavors:
        return SklearnModel(folder, flavors["sklearn"], description)
    names = ", ".join(sorted(flavors))
    if "python_function" in flavors:
        raise ModelError(f"the model (flavors: {names}) needs mlflow, which this Python does not have")
    raise ModelError(f"this server cannot load a model of the flavors {names}")


class FunctionModel:
    """A model.py of the model's own, called with rows as dicts."""

    flavor = "skerry_function"

    def __init__(self, folder, options, description):
        name = (options or {}).get("code") or "model.py"
        path = os.path.join(folder, name)
        if os.path.dirname(name) or not os.path.isfile(path):
            raise ModelError(f"the model's code {name!r} is not a file in the model folder")
        spec = importlib.util.spec_from_file_location("skerry_model", path)
        self.code = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.code)
        for function in ("load", "predict"):
            if not callable(getattr(self.code, function, None)):
                raise ModelError(f"{name} has no function {function}")
        self.columns = signature_columns(description)
        self.model = self.code.load(folder)

    def predict(self, table):
        return self.code.predict(self.model, check_rows(table.rows(self.columns), self.columns))


class PyfuncModel:
    """Any MLflow model, through mlflow.pyfunc (which checks the signature)."""

    flavor = "python_function"

    def __init__(self, folder):
        import mlflow.pyfunc

        self.model = mlflow.pyfunc.load_model(folder)
        self.errors = _mlflow_errors()
        schema = self.model.metadata.get_input_schema()
        self.columns = [
            {"name": item.name, "type": getattr(item.type, "name", "any"), "required": item.required}
            for item in (schema.inputs if schema and schema.has_input_names() else [])
            if hasattr(item, "type")
        ]
        # A tensor signature wants arrays as they are, a column signature wants a frame.
        self.tensor = bool(schema and schema.is_tensor_spec())

    def predict(self, table):
        try:
            if table.plain is not None and (self.tensor or not self.columns):
                data = table.arrays()
            else:
                data = table.frame(self.columns)
            if table.params:
                return self.model.predict(data, params=table.params)
            return self.model.predict(data)
        except self.errors as error:
            raise BadRequest(str(error)) from error


def _mlflow_errors():
    from mlflow.exceptions import MlflowException

    return (MlflowException,)


class SklearnModel:
    """A scikit-learn model without mlflow: unpickled, called with a frame or a matrix."""

    flavor = "sklearn"

    def __init__(self, folder, options, description):
        options = options or {}
        name = options.get("pickled_model") or "model.pkl"
        form = options.get("serialization_format") or "pickle"
        if form not in ("pickle", "cloudpickle"):
            raise ModelError(f"a model written by {form} needs mlflow, which this Python does not have")
        loader = pickle
        if form == "cloudpickle":
            try:
                import cloudpickle as loader
            except ImportError:
                # Most such files hold nothing that plain pickle cannot read.
                loader = pickle
        with open(os.path.join(folder, name), "rb") as file:
            self.model = loader.load(file)
        self.columns = signature_columns(description)

    def predict(self, table):
        if importlib.util.find_spec("pandas") is not None:
            if table.plain is not None and not self.columns:
                return self.model.predict(table.arrays())
            rows = check_rows(table.rows(self.columns), self.columns) if self.columns else None
            import pandas

            return self.model.predict(pandas.DataFrame(rows) if rows is not None else table.frame([]))
        rows = check_rows(table.rows(self.columns), self.columns)
        return self.model.predict([list(row.values()) for row in rows])


def signature_columns(description):
    """The named input columns of the model's signature; none when it has no such signature."""
    signature = description.get("signature") or {}
    try:
        columns = json.loads(signature.get("inputs") or "[]")
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"the signature in MLmodel cannot be read: {error}") from error
    if not isinstance(columns, list):
        return []
    return [c for c in columns if isinstance(c, dict) and c.get("name") and c.get("type") != "tensor"]


# --- What was sent ---------------------------------------------------------------------------


class Table:
    """The input of one request: columns with data, or the plain values of `instances` and `inputs`."""

    def __init__(self, columns=None, data=None, plain=None, params=None):
        self.columns, self.data, self.plain, self.params = columns, data, plain, params

    def rows(self, expected):
        """The input as a list of dicts."""
        if self.plain is None:
            return [dict(zip(self.columns, values)) for values in self.data]
        plain = self.plain
        if isinstance(plain, dict):
            return columns_to_rows(plain)
        names = [column["name"] for column in expected]
        rows = []
        for number, item in enumerate(plain):
            if isinstance(item, dict):
                rows.append(item)
            elif isinstance(item, list) and names and len(item) == len(names):
                rows.append(dict(zip(names, item)))
            elif names:
                wanted = ", ".join(names)
                raise BadRequest(f"row {number} must be an object, or a list of {len(names)} values: {wanted}")
            else:
                raise BadRequest(f"row {number} must be an object with the model's input columns")
        return rows

    def frame(self, expected):
        import pandas

        if self.plain is None:
            return cast_frame(pandas.DataFrame(self.data, columns=self.columns), expected)
        if isinstance(self.plain, list) and not all(isinstance(item, dict) for item in self.plain) and not expected:
            return pandas.DataFrame(self.plain)
        return cast_frame(pandas.DataFrame(self.rows(expected)), expected)

    def arrays(self):
        import numpy

        if isinstance(self.plain, dict):
            return {name: numpy.array(values) for name, values in self.plain.items()}
        if self.plain and all(isinstance(item, dict) for item in self.plain):
            return self.frame([])
        return numpy.array(self.plain)


def cast_frame(frame, expected):
    """JSON and CSV know fewer types than a signature: whole numbers become doubles where those are wanted."""
    for column in expected:
        name, kind = column["name"], column.get("type")
        if name not in frame.columns:
            continue
        try:
            if kind in ("double", "float"):
                frame[name] = frame[name].astype("float64" if kind == "double" else "float32")
            elif kind in ("integer", "long") and not frame[name].isna().any():
                whole = frame[name].astype("float64")
                if (whole == whole.round()).all():
                    frame[name] = frame[name].astype("int32" if kind == "integer" else "int64")
            elif kind == "string":
                frame[name] = frame[name].map(lambda v: v if v is None or isinstance(v, str) else str(v))
        except (TypeError, ValueError) as error:
            raise BadRequest(f"the column {name!r} must be of the type {kind}: {error}") from error
    return frame


def columns_to_rows(columns):
    lists = {name: values if isinstance(values, list) else [values] for name, values in columns.items()}
    lengths = {len(values) for values in lists.values()}
    if len(lengths) > 1:
        raise BadRequest("the columns of inputs have different lengths")
    return [dict(zip(lists, values)) for values in zip(*lists.values())]


def check_rows(rows, columns):
    """Rows with just the signature's columns, each of its type; all columns when there is no signature."""
    if not columns:
        return rows
    checked = []
    for number, row in enumerate(rows):
        clean = {}
        for column in columns:
            name = column["name"]
            value = row.get(name)
            if value is None or value == "":
                if column.get("required", True) and not (value == "" and column.get("type") == "string"):
                    raise BadRequest(f"row {number}: the column {name!r} is missing")
                clean[name] = value
            else:
                clean[name] = convert(value, column.get("type"), f"row {number}: the column {name!r}")
        checked.append(clean)
    return checked


def convert(value, kind, where):
    try:
        if kind in ("double", "float") and not isinstance(value, bool):
            number = float(value)
            if math.isfinite(number):
                return number
        elif kind in ("integer", "long") and not isinstance(value, bool):
            if float(value) == int(float(value)):
                return int(value) if not isinstance(value, float) else int(value)
        elif kind == "boolean":
            if isinstance(value, bool):
                return value
            if str(value).lower() in ("true", "false"):
                return str(value).lower() == "true"
        elif kind == "string":
            return value if isinstance(value, str) else json.dumps(value)
        else:
            return value
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadRequest(f"{where} must be of the type {kind}, not {json.dumps(value)[:80]}")


def parse_input(content_type, body):
    kind = (content_type or "application/json").split(";")[0].strip().lower()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: {error}") from error
    if kind == "text/csv":
        return parse_csv(text)
    if kind == "application/json":
        return parse_json(text)
    raise BadRequest(f"the content type {kind} is not known here: send application/json or text/csv", 415)


def parse_json(text):
    def refuse(word):
        raise ValueError(f"{word} is not JSON; send null for a missing value")

    try:
        sent = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(sent, dict):
        raise BadRequest("the body must be a JSON object with one of " + ", ".join(INPUT_KEYS))
    given = [key for key in INPUT_KEYS if key in sent]
    if len(given) != 1:
        found = f"it has {' and '.join(given)}" if given else "it has none"
        raise BadRequest(f"the body must have exactly one of {', '.join(INPUT_KEYS)}; {found}")
    unknown = sorted(set(sent) - set(INPUT_KEYS) - {"params"})
    if unknown:
        raise BadRequest(f"the body has unknown keys: {', '.join(unknown)}")
    params = sent.get("params")
    if params is not None and not isinstance(params, dict):
        raise BadRequest("params must be an object")
    value = sent[given[0]]
    if given[0] == "dataframe_split":
        return split_table(value, params)
    if given[0] == "dataframe_records":
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise BadRequest("dataframe_records must be a list of objects")
        columns = list(dict.fromkeys(name for row in value for name in row))
        return Table(columns, [[row.get(name) for name in columns] for row in value], params=params)
    if given[0] == "instances" and not isinstance(value, list):
        raise BadRequest("instances must be a list")
    if given[0] == "inputs" and not isinstance(value, (list, dict)):
        raise BadRequest("inputs must be a list or an object of columns")
    return Table(plain=value, params=params)


def split_table(value, params):
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise BadRequest("dataframe_split must be an object with columns and data")
    data = value["data"]
    columns = value.get("columns")
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise BadRequest("dataframe_split.columns must be a list of names")
    if len(set(columns)) != len(columns):
        raise BadRequest("dataframe_split.columns names a column twice")
    for number, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise BadRequest(f"dataframe_split.data: row {number} must be a list of {len(columns)} values")
    return Table(columns, data, params=params)


def parse_csv(text):
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadRequest(f"the body is not CSV: {error}") from error
    lines = [line for line in lines if line]
    if not lines:
        raise BadRequest("the CSV body is empty: the first line must name the columns")
    columns = lines[0]
    if len(set(columns)) != len(columns):
        raise BadRequest("the CSV header names a column twice")
    for number, line in enumerate(lines[1:]):
        if len(line) != len(columns):
            raise BadRequest(f"row {number} of the CSV has {len(line)} values, the header {len(columns)}")
    return Table(columns, [[csv_value(value) for value in line] for line in lines[1:]])


def csv_value(text):
    """A number where the text is one; None for an empty field."""
    if text == "":
        return None
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    return text


def plain_answer(value):
    """What a model answered, as JSON can write it (numpy and pandas included)."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain_answer(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain_answer(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if type(value).__name__ == "DataFrame":
        return plain_answer(value.to_dict(orient="records"))
    if hasattr(value, "tolist"):
        return plain_answer(value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


# --- MLmodel ---------------------------------------------------------------------------------


def read_yaml(text):
    """Reads YAML by PyYAML where it is there, else the part of YAML that MLflow writes."""
    try:
        import yaml
    except ImportError:
        value = SmallYaml(text).document()
    else:
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ModelError(f"the MLmodel file is not YAML: {error}") from error
    if not isinstance(value, dict):
        raise ModelError("the MLmodel file holds no mapping")
    return value


class SmallYaml:
    """Block mappings and lists of scalars; scalars plain or quoted, folded over lines as MLflow's writer does."""

    def __init__(self, text):
        self.lines = text.splitlines()
        self.at = 0

    def document(self):
        value = self.block(0)
        if self.peek() is not None:
            raise ModelError(f"the MLmodel file cannot be read at line {self.at + 1}")
        return value

    def peek(self):
        """Indentation and text of the next line that says something."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            text = line.strip()
            if text and not text.startswith("#") and text != "---":
                return len(line) - len(line.lstrip(" ")), text
            self.at += 1
        return None

    def block(self, indent):
        first = self.peek()
        if first is None or first[0] < indent:
            return None
        indent = first[0]
        if first[1].startswith("- ") or first[1] == "-":
            return self.items(indent)
        mapping = {}
        while True:
            here = self.peek()
            if here is None or here[0] < indent or here[1].startswith("- "):
                return mapping
            match = re.match(r"""('(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^\s'"#][^:#]*?)\s*:(?:\s+(.*))?$""", here[1])
            if here[0] != indent or not match:
                raise ModelError(f"the MLmodel file cannot be read at line {self.at + 1}")
            self.at += 1
            key = str(self.scalar_text(match.group(1)))
            rest = match.group(2)
            if rest:
                mapping[key] = self.scalar(rest, indent)
            else:
                after = self.peek()
                # A list may stand as far left as its key.
                same = after is not None and after[0] == indent and after[1].startswith("- ")
                mapping[key] = self.block(indent if same else indent + 1)

    def items(self, indent):
        values = []
        while True:
            here = self.peek()
            if here is None or here[0] != indent or not here[1].startswith("-"):
                return values
            self.at += 1
            values.append(self.scalar(here[1][1:].strip(), indent))

    def scalar(self, text, indent):
        """A scalar that may go on over the following, deeper lines."""
        quote = text[0] if text[:1] in ("'", '"') else None
        if quote:
            while not self.closed(text, quote):
                if self.at >= len(self.lines):
                    raise ModelError("the MLmodel file ends inside a quoted value")
                nxt = self.lines[self.at].strip()
                self.at += 1
                if quote == '"' and text.endswith("\\"):
                    # An escaped line break joins; the next line's leading "\ " keeps a space.
                    text = text[:-1] + nxt
                else:
                    text = text + ("\n" if not nxt else " " if not text.endswith("\n") else "") + nxt
        else:
            while self.at < len(self.lines):
                line = self.lines[self.at]
                if not line.strip() or len(line) - len(line.lstrip(" ")) <= indent:
                    break
                text += " " + line.strip()
                self.at += 1
        return self.scalar_text(text)

    @staticmethod
    def closed(text, quote):
        if quote == "'":
            return bool(re.fullmatch(r"'(?:[^']|'')*'", text, re.S))
        return bool(re.fullmatch(r'"(?:[^"\\]|\\.)*"', text, re.S))

    @staticmethod
    def scalar_text(text):
        if text.startswith("'"):
            return text[1:-1].replace("''", "'")
        if text.startswith('"'):
            return json.loads('"' + text[1:-1].replace("\\ ", " ").replace("\n", "\\n") + '"', strict=False)
        if text in ("null", "~", "Null", "NULL"):
            return None
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if text == "{}":
            return {}
        if text == "[]":
            return []
        if re.fullmatch(r"[+-]?\d+", text):
            return int(text)
        if re.fullmatch(r"[+-]?\d+\.\d*", text):
            return float(text)
        return text


# --- The server ------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host, port, folder, max_body):
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)
        self.folder, self.max_body = folder, max_body
        self.model = None
        self.problem = "the model is being loaded"
        self.state = "loading"
        self.busy = 0
        self.change = threading.Condition()

    def load(self):
        began = time.monotonic()
        try:
            # The model's own folder may hold modules that it imports.
            self.model = load_model(self.folder)
        except BaseException as error:  # a model's code may fail in any way: the reason is for /ping
            name = "" if isinstance(error, ModelError) else type(error).__name__ + ": "
            self.state, self.problem = "failed", f"the model cannot be loaded: {name}{error}"
            say(self.problem)
            return
        self.state, self.problem = "ready", None
        say(f"model loaded in {time.monotonic() - began:.1f} s (flavor {self.model.flavor})")

    def finish(self):
        """Stops listening, then waits for the requests under way."""
        self.shutdown()
        with self.change:
            self.change.wait_for(lambda: self.busy == 0, timeout=GRACE_SECONDS)
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "skerry-score/" + VERSION
    sys_version = ""
    timeout = IDLE_SECONDS
    # Header and body in one packet: no wait for the other side's delayed acknowledgement.
    wbufsize = 65536
    disable_nagle_algorithm = True

    def do_GET(self):
        path = self.path.split("?")[0]
        if path in ("/ping", "/health"):
            if self.server.model is not None:
                self.answer(200, {"status": "ready"})
            else:
                self.answer(503, {"status": self.server.state, "error": self.server.problem})
        elif path == "/version":
            flavor = self.server.model.flavor if self.server.model is not None else None
            self.answer(200, {
                "server": "skerry-score " + VERSION,
                "python": platform.python_version(),
                "mlflow": installed_version("mlflow") or installed_version("mlflow-skinny"),
                "flavor": flavor,
            })
        elif path == "/invocations":
            self.problem(405, "METHOD_NOT_ALLOWED", "send POST to /invocations")
        else:
            self.problem(404, "ENDPOINT_NOT_FOUND", f"there is nothing at {path}")

    do_HEAD = do_GET

    def do_POST(self):
        try:
            body = self.body()
        except BadRequest as error:
            # What is left of the body stays unread, so the connection cannot go on.
            self.close_connection = True
            return self.problem(error.status, "BAD_REQUEST", str(error))
        path = self.path.split("?")[0]
        if path != "/invocations":
            return self.problem(404, "ENDPOINT_NOT_FOUND", f"there is nothing to POST to at {path}")
        model = self.server.model
        if model is None:
            return self.problem(503, "MODEL_NOT_READY", self.server.problem)
        with self.server.change:
            self.server.busy += 1
        try:
            self.invoke(model, body)
        finally:
            with self.server.change:
                self.server.busy -= 1
                self.server.change.notify_all()

    def invoke(self, model, body):
        try:
            table = parse_input(self.headers.get("Content-Type"), body)
            answer = {"predictions": plain_answer(model.predict(table))}
        except BadRequest as error:
            return self.problem(error.status, "BAD_REQUEST", str(error))
        except (ValueError, TypeError, KeyError) as error:
            words = f"the column {error} is missing" if isinstance(error, KeyError) else str(error)
            return self.problem(400, "BAD_REQUEST", f"the model does not take this input: {words}")
        except Exception as error:
            say(f"prediction failed: {type(error).__name__}: {error}")
            return self.problem(500, "INTERNAL_ERROR", f"the model failed: {type(error).__name__}: {error}")
        self.answer(200, answer)

    def body(self):
        limit = self.server.max_body
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self.chunks(limit)
        length = self.headers.get("Content-Length")
        if length is None:
            raise BadRequest("the request has no Content-Length", 411)
        if not re.fullmatch(r"\d{1,15}", length):
            raise BadRequest("Content-Length is not a number")
        if int(length) > limit:
            raise BadRequest(f"the body of {length} bytes is over the limit of {limit} bytes", 413)
        data = self.rfile.read(int(length))
        if len(data) < int(length):
            raise BadRequest("the body ended before its Content-Length")
        return data

    def chunks(self, limit):
        parts, total = [], 0
        while True:
            line = self.rfile.readline(1024)
            size = line.split(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
                raise BadRequest("the chunked body is broken")
            count = int(size, 16)
            total += count
            if total > limit:
                raise BadRequest(f"the body is over the limit of {limit} bytes", 413)
            if count == 0:
                while self.rfile.readline(8192).strip():
                    pass
                return b"".join(parts)
            data = self.rfile.read(count)
            if len(data) < count or self.rfile.readline(3).strip():
                raise BadRequest("the chunked body is broken")
            parts.append(data)

    def answer(self, status, body):
        data = json.dumps(body, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def problem(self, status, code, message):
        self.answer(status, {"error_code": code, "message": message})

    def log_request(self, code="-", size="-"):
        # Health checks come every few seconds: only what they find wrong is worth a line.
        if self.path.startswith(("/ping", "/health")) and code == 200:
            return
        say(f"{self.command} {self.path} {int(code) if str(code).isdigit() else code}")

    def log_message(self, form, *values):
        say(form % values)


def installed_version(package):
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def say(line):
    # Control characters of a request must not forge log lines.
    clean = "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in line)
    print(clean, file=sys.stderr, flush=True)


def address(text):
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:]+)):(\d{1,5})", text)
    if not match or int(match.group(3)) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return match.group(1) or match.group(2), int(match.group(3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR", help="the MLflow model folder")
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 8080), metavar="HOST:PORT")
    parser.add_argument("--max-body", type=int, default=32 * 1024 * 1024, metavar="BYTES")
    options = parser.parse_args()
    folder = os.path.abspath(options.model)
    # Before any thread: a signal that comes early must not be lost.
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        server = Server(*options.listen, folder, options.max_body)
    except OSError as error:
        sys.exit(f"cannot listen on {options.listen[0]}:{options.listen[1]}: {error.strerror or error}")
    host, port = server.server_address[:2]
    say(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}")
    threading.Thread(target=server.load, name="load", daemon=True).start()
    threading.Thread(target=server.serve_forever, args=(0.2,), name="serve", daemon=True).start()
    ended.wait()
    say("stopping")
    server.finish()
    sys.stderr.flush()
    # Threads of a model's own must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
