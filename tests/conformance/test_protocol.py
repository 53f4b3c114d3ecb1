"""What clients in other languages see: the JSON itself."""

import json
import os
import urllib.error

from common import API, Conformance, call


class Protocol(Conformance):
    def test_probes(self):
        self.assertEqual(call("GET", "/health"), (200, "OK"))
        status, version = call("GET", "/version")
        self.assertEqual(status, 200)
        self.assertRegex(str(version), r"^\d+\.\d+\.\d+$")
        status, info = call("GET", "/api/3.0/mlflow/server-info")
        self.assertEqual((status, info["multipart_uploads_enabled"]), (200, True))

    def test_unknown_paths(self):
        for path in ["/api/2.0/mlflow/nothing", "/api/9.9/x", "/"]:
            status, answer = call("GET", path)
            self.assertEqual((status, answer["error_code"]), (404, "ENDPOINT_NOT_FOUND"))

    def test_ajax_twins(self):
        for prefix in ["/api", "/ajax-api"]:
            status, answer = call("GET", f"{prefix}/2.0/mlflow/experiments/get?experiment_id={self.experiment}")
            self.assertEqual((status, answer["experiment"]["name"]), (200, self.experiment_name))

    def test_an_empty_search_is_an_empty_object(self):
        self.assertEqual(call("POST", API + "runs/search", {"experiment_ids": [self.experiment]}), (200, {}))

    def test_integers_are_numbers_and_may_come_as_strings(self):
        run = self.new_run().info.run_id
        point = {"run_uuid": run, "key": "m", "value": "0.5", "timestamp": "1700000000000", "step": "7"}
        self.assertEqual(call("POST", API + "runs/log-metric", point), (200, {}))
        batch = {"run_id": run, "metrics": [{"key": "n", "value": "NaN", "timestamp": "5"}], "unknown": [1]}
        self.assertEqual(call("POST", API + "runs/log-batch", batch), (200, {}))
        _, answer = call("GET", f"{API}runs/get?run_id={run}")
        metrics = {metric["key"]: metric for metric in answer["run"]["data"]["metrics"]}
        self.assertEqual(metrics["m"], {"key": "m", "value": 0.5, "timestamp": 1700000000000, "step": 7})
        self.assertEqual(metrics["n"]["value"], "NaN")
        self.assertEqual(answer["run"]["info"]["run_uuid"], run)

    def test_messages(self):
        run = self.new_run().info.run_id
        for path, body, message in [
            ("experiments/create", {}, "Missing value for required parameter 'name'."),
            ("experiments/create", {"name": 5}, "Invalid value 5 for parameter 'name' supplied"),
            ("runs/log-metric", {"run_id": run}, "Missing value for required parameter 'key'."),
            ("runs/log-metric", {"run_id": run, "key": "k", "value": "x", "timestamp": 1}, "for parameter 'value'"),
            ("runs/log-metric", {"key": "k", "value": 1, "timestamp": 1}, "parameter 'run_id'."),
            ("runs/log-batch", {"run_id": run, "metrics": [{"key": "k", "timestamp": 1}]}, "'metrics[0].value'"),
            ("runs/log-batch", {"run_id": run, "metrics": [{"value": 1, "timestamp": 1}]}, "'metrics[0].key'"),
            ("runs/log-batch", {"run_id": run, "metrics": [{"key": "k", "value": 1}]}, "'metrics[0].timestamp'"),
            ("runs/log-batch", {"run_id": run, "params": [{"value": "1"}]}, "'params[0].key'"),
            ("runs/log-batch", {"run_id": run, "metrics": "x"}, "metrics"),
            (
                "runs/log-batch",
                {"run_id": run, "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]},
                "Duplicate parameter keys have been submitted: ['a']",
            ),
            (
                "runs/log-batch",
                {"run_id": run, "metrics": [{"key": f"k{n}", "value": 1, "timestamp": 1} for n in range(1001)]},
                "can contain at most 1000 metrics. Got 1001",
            ),
            ("runs/search", {"experiment_ids": [self.experiment], "max_results": 50001}, "max_results"),
            ("runs/search", {"experiment_ids": [self.experiment], "page_token": "!"}, "Invalid page token"),
            ("runs/search", {"experiment_ids": ["x"]}, "Invalid experiment ID 'x'"),
            ("runs/update", {"run_id": run, "status": "BORED"}, "status"),
        ]:
            with self.subTest(path=path, message=message):
                status, answer = call("POST", API + path, body)
                self.assertEqual((status, answer["error_code"]), (400, "INVALID_PARAMETER_VALUE"), answer)
                self.assertIn(message, answer["message"])

    def test_bodies_that_are_no_json(self):
        for raw in [b"{", b"[1]", b"\xff\xfe", b'{"name": "a"', b"nul", b'"x"', b"[" * 100000]:
            with self.subTest(raw[:20]):
                status, answer = call("POST", API + "experiments/create", raw=raw)
                self.assertEqual(status, 400, answer)
        status, answer = call("POST", API + "experiments/create", {"name": "x"}, {"Content-Type": "text/plain"})
        self.assertEqual(status, 400)
        # Old clients send JSON in a JSON string.
        text = json.dumps({"experiment_ids": [self.experiment]})
        self.assertEqual(call("POST", API + "runs/search", text), (200, {}))

    def test_charts(self):
        run = self.new_run().info.run_id
        points = [{"key": "m", "value": n % 7, "timestamp": 1000 + n, "step": n} for n in range(1000)]
        points[500]["value"] = 1000
        for start in range(0, 20000, 1000):
            batch = [dict(point, step=point["step"] + start, timestamp=point["timestamp"] + start) for point in points]
            call("POST", API + "runs/log-batch", {"run_id": run, "metrics": batch})
        path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key=m&max_results=320"
        status, answer = call("GET", path)
        self.assertEqual(status, 200)
        metrics = answer["metrics"]
        self.assertLessEqual(len(metrics), 400)
        self.assertEqual((metrics[0]["step"], metrics[-1]["step"]), (0, 19999))
        self.assertEqual(len([metric for metric in metrics if metric["value"] == 1000]), 20, "every extreme is kept")
        status, answer = call("GET", path + "&start_step=100&end_step=110")
        self.assertEqual([metric["step"] for metric in answer["metrics"]], list(range(100, 111)))
        self.assertEqual(call("GET", path + "&start_step=100")[0], 400)
        status, answer = call("GET", f"/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={run}&metric_key=m")
        self.assertEqual((status, len(answer["metrics"])), (200, 20000))
        token, seen = "", []
        while True:
            query = f"run_id={run}&metric_key=m&max_results=7000&page_token={token}"
            _, answer = call("GET", f"{API}metrics/get-history?{query}")
            seen += [metric["step"] for metric in answer["metrics"]]
            token = answer.get("next_page_token")
            if not token:
                break
            token = token.replace("=", "%3D").replace("+", "%2B")
        self.assertEqual(seen, list(range(20000)))

    def test_a_line_of_ten_megabytes(self):
        run = self.new_run().info.run_id
        status, _ = call("POST", API + "runs/set-tag", {"run_id": run, "key": "t", "value": "x" * 10_000_000})
        self.assertEqual(status, 200)
        _, answer = call("GET", f"{API}runs/get?run_id={run}")
        tags = {tag["key"]: tag["value"] for tag in answer["run"]["data"]["tags"]}
        self.assertEqual(len(tags["t"]), 8000)
        try:
            status, _ = call("POST", API + "runs/set-tag", {"run_id": run, "key": "t", "value": "x" * 40_000_000})
            self.assertEqual(status, 413)
        except urllib.error.URLError:
            pass  # The server hung up while the rest was still being sent.
        _, after = call("GET", f"{API}runs/get?run_id={run}")
        self.assertEqual(after, answer)

    def test_other_sites_are_refused(self):
        status, answer = call("GET", API + "experiments/get?experiment_id=0", headers={"Origin": "http://evil.example"})
        self.assertEqual((status, answer["error_code"]), (403, "PERMISSION_DENIED"))
        status, answer = call("GET", API + "experiments/get?experiment_id=0", headers={"Host": "evil.example"})
        self.assertEqual((status, answer["error_code"]), (403, "PERMISSION_DENIED"))


class Authenticated(Conformance):
    def test_the_token_is_needed(self):
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        path = API + "experiments/get?experiment_id=0"
        self.assertEqual(call("GET", path)[0], 200)
        if not token:
            return
        for header in ["Bearer wrong", "Bearer", "Basic eDp5", token]:
            status, answer = call("GET", path, headers={"Authorization": header})
            self.assertEqual((status, answer["error_code"]), (401, "UNAUTHENTICATED"))
            self.assertNotIn(token, answer["message"])
        self.assertEqual(call("GET", "/health", headers={"Authorization": "Bearer wrong"})[0], 200)
