import math
import time

import mlflow
from common import Conformance, call, unique
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType


class Experiments(Conformance):
    def test_created_found_renamed_deleted_restored(self):
        found = self.client.get_experiment_by_name(self.experiment_name)
        self.assertEqual(found.experiment_id, self.experiment)
        self.assertEqual(found.lifecycle_stage, "active")
        self.assertTrue(found.artifact_location.startswith("mlflow-artifacts:/"))
        renamed = unique("renamed")
        self.client.rename_experiment(self.experiment, renamed)
        self.assertEqual(self.client.get_experiment(self.experiment).name, renamed)
        run = self.new_run()
        self.client.delete_experiment(self.experiment)
        self.assertEqual(self.client.get_experiment(self.experiment).lifecycle_stage, "deleted")
        self.assertEqual(self.client.get_run(run.info.run_id).info.lifecycle_stage, "deleted")
        self.refused("INVALID_PARAMETER_VALUE", self.client.create_run, self.experiment)
        self.client.restore_experiment(self.experiment)
        self.assertEqual(self.client.get_run(run.info.run_id).info.lifecycle_stage, "active")

    def test_default_is_zero(self):
        self.assertEqual(self.client.get_experiment("0").name, "Default")

    def test_names_are_unique(self):
        self.refused("RESOURCE_ALREADY_EXISTS", self.client.create_experiment, self.experiment_name)
        self.refused("INVALID_PARAMETER_VALUE", self.client.create_experiment, "x" * 501)
        self.assertIsNone(self.client.get_experiment_by_name("no such " + self.experiment_name))
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_experiment, "999999")

    def test_tags(self):
        self.client.set_experiment_tag(self.experiment, "team", "blå ö 漢字")
        self.assertEqual(self.client.get_experiment(self.experiment).tags["team"], "blå ö 漢字")
        self.client.delete_experiment_tag(self.experiment, "team")
        self.assertNotIn("team", self.client.get_experiment(self.experiment).tags)
        self.refused(
            "RESOURCE_DOES_NOT_EXIST", self.client.delete_experiment_tag, self.experiment, "team"
        )

    def test_search_and_pages(self):
        prefix = unique("page")
        made = [self.client.create_experiment(f"{prefix}-{n}", tags={"n": str(n)}) for n in range(7)]
        seen, token = [], None
        while True:
            page = self.client.search_experiments(
                filter_string=f"name LIKE '{prefix}%'", max_results=3, page_token=token, order_by=["name DESC"]
            )
            seen += [experiment.experiment_id for experiment in page]
            token = page.token
            if not token:
                break
        self.assertEqual(seen, made[::-1])
        found = self.client.search_experiments(filter_string=f"name ILIKE '{prefix.upper()}%' AND tags.n = '3'")
        self.assertEqual([experiment.experiment_id for experiment in found], [made[3]])
        self.client.delete_experiment(made[0])
        deleted = self.client.search_experiments(
            view_type=ViewType.DELETED_ONLY, filter_string=f"name LIKE '{prefix}%'"
        )
        self.assertEqual([experiment.experiment_id for experiment in deleted], [made[0]])


class Runs(Conformance):
    def test_life(self):
        with mlflow.start_run(run_name="first", tags={"a": "1"}, description="why") as run:
            mlflow.log_param("lr", 0.01)
            mlflow.log_metric("loss", 0.5, step=1)
            mlflow.log_metric("loss", 0.25, step=2)
            mlflow.set_tag("b", "2")
        got = self.client.get_run(run.info.run_id)
        self.assertEqual(got.info.status, "FINISHED")
        self.assertEqual(got.info.run_name, "first")
        self.assertEqual(got.data.params, {"lr": "0.01"})
        self.assertEqual(got.data.metrics, {"loss": 0.25})
        self.assertEqual(got.data.tags["a"] + got.data.tags["b"], "12")
        self.assertEqual(got.data.tags["mlflow.runName"], "first")
        self.assertEqual(got.data.tags["mlflow.note.content"], "why")
        self.assertGreaterEqual(got.info.end_time, got.info.start_time)
        self.assertRegex(run.info.run_id, "^[0-9a-f]{32}$")

    def test_a_failure_is_failed(self):
        with self.assertRaises(ZeroDivisionError):
            with mlflow.start_run() as run:
                1 / 0
        self.assertEqual(self.client.get_run(run.info.run_id).info.status, "FAILED")
        self.assertRegex(run.info.run_name, r"^[a-z]+-[a-z]+-\d+$")

    def test_resumed_and_nested(self):
        with mlflow.start_run() as parent:
            mlflow.log_param("outer", 1)
            with mlflow.start_run(nested=True) as child:
                mlflow.log_param("inner", 2)
        with mlflow.start_run(run_id=parent.info.run_id):
            mlflow.log_param("again", 3)
        self.assertEqual(self.client.get_run(parent.info.run_id).data.params, {"outer": "1", "again": "3"})
        self.assertEqual(
            self.client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"], parent.info.run_id
        )

    def test_names(self):
        run = self.new_run(run_name="one")
        self.client.update_run(run.info.run_id, name="two", status="KILLED")
        got = self.client.get_run(run.info.run_id)
        self.assertEqual((got.info.run_name, got.data.tags["mlflow.runName"]), ("two", "two"))
        self.assertEqual(got.info.status, "KILLED")
        self.client.set_tag(run.info.run_id, "mlflow.runName", "three")
        self.assertEqual(self.client.get_run(run.info.run_id).info.run_name, "three")

    def test_params_never_change(self):
        run = self.new_run().info.run_id
        self.client.log_param(run, "p", "1")
        self.client.log_param(run, "p", "1")
        message = self.refused("INVALID_PARAMETER_VALUE", self.client.log_param, run, "p", "2")
        self.assertIn("Changing param values is not allowed", message)
        self.assertIn("already logged with value='1'", message)
        message = self.refused(
            "INVALID_PARAMETER_VALUE",
            self.client.log_batch,
            run,
            params=[Param("q", "1"), Param("p", "3")],
        )
        self.assertEqual(self.client.get_run(run).data.params, {"p": "1"}, "all or nothing")

    def test_long_values_are_cut(self):
        run = self.new_run().info.run_id
        self.client.log_param(run, "p", "x" * 7000)
        self.client.set_tag(run, "t", "ö" * 9000)
        got = self.client.get_run(run).data
        self.assertEqual((len(got.params["p"]), len(got.tags["t"])), (6000, 8000))

    def test_bad_keys(self):
        run = self.new_run().info.run_id
        for key in ["../x", "/x", "a//b", "a#b", ".", "x" * 251, "a\nb"]:
            self.refused("INVALID_PARAMETER_VALUE", self.client.log_metric, run, key, 1.0)
            self.refused("INVALID_PARAMETER_VALUE", self.client.log_param, run, key, 1.0)
            self.refused("INVALID_PARAMETER_VALUE", self.client.set_tag, run, key, "1")
        for key in ["a/b", "a b.c-d_e:f", "ö"]:
            self.client.log_metric(run, key, 1.0)
        self.assertEqual(len(self.client.get_run(run).data.metrics), 3)

    def test_tags(self):
        run = self.new_run(tags={"x": "1"}).info.run_id
        self.client.set_tag(run, "x", "2")
        self.assertEqual(self.client.get_run(run).data.tags["x"], "2")
        self.client.delete_tag(run, "x")
        self.assertNotIn("x", self.client.get_run(run).data.tags)
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.delete_tag, run, "x")

    def test_deleted_runs_refuse_writes(self):
        run = self.new_run().info.run_id
        self.client.delete_run(run)
        self.refused("INVALID_PARAMETER_VALUE", self.client.log_metric, run, "m", 1.0)
        self.client.restore_run(run)
        self.client.log_metric(run, "m", 1.0)

    def test_missing(self):
        message = self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_run, "f" * 32)
        self.assertIn("not found", message)
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.log_metric, "f" * 32, "m", 1.0)
        self.refused("INVALID_PARAMETER_VALUE", self.client.get_run, "not/a/run")


class Metrics(Conformance):
    def test_odd_numbers(self):
        run = self.new_run().info.run_id
        for step, value in enumerate([1.5, math.nan, math.inf, -math.inf, 1e-320, -0.0]):
            self.client.log_metric(run, "odd", value, step=step, timestamp=1000 + step)
        history = self.client.get_metric_history(run, "odd")
        values = [point.value for point in history]
        self.assertTrue(math.isnan(values[1]))
        self.assertEqual(values[2], 1.7976931348623157e308)
        self.assertEqual(values[3], -1.7976931348623157e308)
        self.assertEqual(values[4], 1e-320)
        self.client.log_metric(run, "nan", math.nan)
        self.assertTrue(math.isnan(self.client.get_run(run).data.metrics["nan"]))

    def test_latest_is_the_greatest_step(self):
        run = self.new_run().info.run_id
        self.client.log_metric(run, "m", 1.0, step=10, timestamp=100)
        self.client.log_metric(run, "m", 2.0, step=5, timestamp=200)
        self.assertEqual(self.client.get_run(run).data.metrics["m"], 1.0)
        self.client.log_metric(run, "m", 3.0, step=10, timestamp=101)
        self.assertEqual(self.client.get_run(run).data.metrics["m"], 3.0)
        self.client.log_metric(run, "m", 2.5, step=10, timestamp=101)
        self.assertEqual(self.client.get_run(run).data.metrics["m"], 3.0, "the greater value of the same time")

    def test_the_same_point_twice_is_one(self):
        run = self.new_run().info.run_id
        batch = [Metric("m", float(n), 1000 + n, n) for n in range(5)]
        for _ in range(3):
            self.client.log_batch(run, metrics=batch)
        self.assertEqual([point.step for point in self.client.get_metric_history(run, "m")], list(range(5)))

    def test_history_in_pages(self):
        run = self.new_run().info.run_id
        for start in range(0, 3000, 1000):
            self.client.log_batch(
                run, metrics=[Metric("m", n / 3, 1_700_000_000_000 + n, n) for n in range(start, start + 1000)]
            )
        whole = self.client.get_metric_history(run, "m")
        self.assertEqual([point.step for point in whole], list(range(3000)))
        self.assertEqual([point.value for point in whole], [n / 3 for n in range(3000)])
        self.assertEqual(self.client.get_metric_history(run, "no such metric"), [])

    def test_limits_of_a_batch(self):
        run = self.new_run().info.run_id
        metrics = [Metric(f"m{n}", 1.0, 1, 0) for n in range(1001)]
        # The client splits; the protocol does not take more than 1000.
        self.client.log_batch(run, metrics=metrics[:1000])
        self.assertEqual(len(self.client.get_run(run).data.metrics), 1000)
        self.client.log_batch(
            run,
            metrics=[Metric("x", 1.0, 1, 0)],
            params=[Param(f"p{n}", str(n)) for n in range(100)],
            tags=[RunTag(f"t{n}", str(n)) for n in range(100)],
        )
        self.assertEqual(len(self.client.get_run(run).data.params), 100)

    def test_async_logging(self):
        with mlflow.start_run() as run:
            for step in range(50):
                mlflow.log_metric("a", step, step=step, synchronous=False)
            mlflow.log_params({"x": 1}, synchronous=False)
            mlflow.flush_async_logging()
        self.assertEqual(len(self.client.get_metric_history(run.info.run_id, "a")), 50)


class Search(Conformance):
    def setUp(self):
        super().setUp()
        self.runs = []
        for n in range(6):
            run = self.client.create_run(
                self.experiment, start_time=1_000_000 + n, run_name=f"run {n}", tags={"odd": str(n % 2), "a.b-c": "x"}
            ).info.run_id
            self.client.log_param(run, "lr", f"0.0{n}")
            if n < 4:
                self.client.log_metric(run, "acc", n / 10)
            if n == 4:
                self.client.log_metric(run, "acc", math.nan)
            self.runs.append(run)

    def numbers(self, filter_string="", order_by=None, **kwargs):
        found = self.client.search_runs([self.experiment], filter_string, order_by=order_by, **kwargs)
        return [self.runs.index(run.info.run_id) for run in found]

    def test_default_order_is_newest_first(self):
        self.assertEqual(self.numbers(), [5, 4, 3, 2, 1, 0])

    def test_filters(self):
        for text, wanted in [
            ("metrics.acc > 0.1", [3, 2]),
            ("metrics.acc >= 0.1 and metrics.acc != 0.2", [3, 1]),
            ("metric.acc = 0.3", [3]),
            ("params.lr = '0.01'", [1]),
            ("params.lr != '0.01' and tags.odd = '0'", [4, 2, 0]),
            ("params.lr LIKE '0.0%' and tag.odd = '1'", [5, 3, 1]),
            ("tags.`a.b-c` ILIKE 'X'", [5, 4, 3, 2, 1, 0]),
            ('tags."a.b-c" LIKE \'X\'', []),
            ("attributes.run_name = 'run 2'", [2]),
            ("run_name LIKE 'run%' AND status = 'RUNNING' and start_time > 1000003", [5, 4]),
            ("attr.`Run name` = 'run 3'", [3]),
            (f"run_id IN ('{self.runs[0]}', '{self.runs[5]}')", [5, 0]),
            (f"attributes.run_id NOT IN ('{self.runs[0]}')", [5, 4, 3, 2, 1]),
            ("params.nothing IS NULL and tags.odd IS NOT NULL", [5, 4, 3, 2, 1, 0]),
            ("params.lr IS NULL", []),
            ("tags.odd = \"1\"", [5, 3, 1]),
        ]:
            with self.subTest(text):
                self.assertEqual(self.numbers(text), wanted)

    def test_orders(self):
        self.assertEqual(self.numbers(order_by=["metrics.acc DESC"]), [3, 2, 1, 0, 4, 5])
        self.assertEqual(self.numbers(order_by=["metrics.acc ASC"]), [0, 1, 2, 3, 4, 5])
        self.assertEqual(self.numbers(order_by=["params.lr DESC"]), [5, 4, 3, 2, 1, 0])
        self.assertEqual(self.numbers(order_by=["tags.odd", "attributes.start_time ASC"]), [0, 2, 4, 1, 3, 5])
        self.assertEqual(self.numbers(order_by=["run_name"]), [0, 1, 2, 3, 4, 5])

    def test_pages(self):
        seen, token = [], None
        while True:
            page = self.client.search_runs([self.experiment], max_results=4, page_token=token)
            seen += [self.runs.index(run.info.run_id) for run in page]
            token = page.token
            if not token:
                break
        self.assertEqual(seen, [5, 4, 3, 2, 1, 0])

    def test_views(self):
        self.client.delete_run(self.runs[2])
        self.assertEqual(self.numbers(), [5, 4, 3, 1, 0])
        self.assertEqual(self.numbers(run_view_type=ViewType.DELETED_ONLY), [2])
        self.assertEqual(len(self.numbers(run_view_type=ViewType.ALL)), 6)

    def test_or_and_parentheses(self):
        # Not in MLflow: an extension of this server.
        either = self.numbers("metrics.acc > 0.25 OR metrics.acc < 0.15")
        self.assertEqual(sorted(either), sorted(self.numbers("metrics.acc > 0.25") + self.numbers("metrics.acc < 0.15")))
        both = self.numbers("(metrics.acc > 0.25 OR metrics.acc < 0.15) AND metrics.acc > 0.2")
        self.assertEqual(both, self.numbers("metrics.acc > 0.25"))

    def test_nonsense_is_refused(self):
        for text in [
            "metrics.acc >",
            "metrics.acc > 'x'",
            "params.lr > 1",
            "params.lr = 0.01",
            "nonsense.x = '1'",
            "attributes.nonsense = '1'",
            "metrics.acc > 1 OR",
            "(metrics.acc > 1",
            "metrics.acc LIKE 'x'",
            "start_time = 'x'",
            "run_id IN (1)",
            "status IN ('x')",
            "''",
            "params.lr = '0.01' garbage",
            "attributes.status IS NULL",
        ]:
            with self.subTest(text):
                self.refused("INVALID_PARAMETER_VALUE", self.numbers, text)
        for order in [["nonsense.x"], ["metrics.acc sideways"], ["metrics.acc", "metrics.acc DESC"], ["attributes.x"]]:
            with self.subTest(order):
                self.refused("INVALID_PARAMETER_VALUE", self.numbers, "", order)

    def test_pandas(self):
        frame = mlflow.search_runs([self.experiment], "metrics.acc > 0.1", order_by=["metrics.acc DESC"])
        self.assertEqual(list(frame["metrics.acc"]), [0.3, 0.2])
        self.assertEqual(list(frame["params.lr"]), ["0.03", "0.02"])


class Inputs(Conformance):
    def test_datasets(self):
        import pandas

        frame = pandas.DataFrame({"x": [1, 2], "y": [0.5, 1.5]})
        dataset = mlflow.data.from_pandas(frame, name="numbers", targets="y")
        with mlflow.start_run() as run:
            mlflow.log_input(dataset, context="training")
        got = self.client.get_run(run.info.run_id).inputs.dataset_inputs
        self.assertEqual(len(got), 1)
        self.assertEqual(got[0].dataset.name, "numbers")
        self.assertEqual(got[0].dataset.digest, dataset.digest)
        self.assertEqual(got[0].tags[0].value, "training")
        for text, count in [
            ("datasets.name = 'numbers'", 1),
            ("dataset.context = 'training' and datasets.digest LIKE '%'", 1),
            ("datasets.context = 'test'", 0),
            ("datasets.name IN ('numbers', 'others')", 1),
        ]:
            self.assertEqual(len(self.client.search_runs([self.experiment], text)), count, text)
        for path in ["/ajax-api/2.0/mlflow/experiments/search-datasets", "/api/2.0mlflow/experiments/search-datasets"]:
            status, answer = call("POST", path, {"experiment_ids": [self.experiment]})
            self.assertEqual(status, 200)
            summaries = [(set["name"], set["context"]) for set in answer["dataset_summaries"]]
            self.assertEqual(summaries, [("numbers", "training")])


class Concurrency(Conformance):
    def test_many_writers(self):
        from concurrent.futures import ThreadPoolExecutor

        run = self.new_run().info.run_id

        def work(writer):
            for step in range(40):
                self.client.log_metric(run, f"m{writer % 2}", writer, step=step, timestamp=int(time.time() * 1000))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        points = [len(self.client.get_metric_history(run, f"m{n}")) for n in range(2)]
        self.assertEqual(sum(points), 320)
        self.assertEqual(self.client.get_run(run).info.status, RunStatus.to_string(RunStatus.RUNNING))
