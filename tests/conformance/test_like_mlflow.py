"""Answers that MLflow's own tests ask of a server, where they are easily got otherwise."""

import math

from common import API, Conformance, call, unique
from mlflow.utils.name_utils import _GENERATOR_PREDICATES


class Runs(Conformance):
    def found(self, text, **more):
        return [run.info.run_id for run in self.client.search_runs([self.experiment], text, **more)]

    def test_nan_is_unlike_any_number(self):
        nan, one, none = (self.new_run().info.run_id for _ in range(3))
        self.client.log_metric(nan, "m", math.nan)
        self.client.log_metric(one, "m", 1.0)
        self.client.log_metric(none, "other", 1.0)
        self.assertEqual(self.found("metrics.m != 1"), [nan])
        for order in ["metrics.m", "metrics.m DESC", "start_time"]:
            self.assertEqual(set(self.found("metrics.m != 2", order_by=[order])), {nan, one}, order)
        self.assertEqual(self.found("metrics.m <= 1"), [one])

    def test_what_can_be_missing(self):
        for text in ["metrics.m IS NULL", "attributes.status IS NOT NULL", "start_time IS NULL"]:
            with self.subTest(text):
                message = self.refused("INVALID_PARAMETER_VALUE", self.found, text)
                self.assertIn("IS NULL / IS NOT NULL is only supported for tags and params", message)

    def test_first_tags_have_any_key(self):
        tags = {"a!": "1", "../up": "2", "rows&columns": "3"}
        run = self.new_run(tags=tags).info.run_id
        self.assertLessEqual(tags.items(), self.client.get_run(run).data.tags.items())
        self.assertEqual(self.found("tags.`rows&columns` = '3'"), [run])
        self.refused("INVALID_PARAMETER_VALUE", self.client.set_tag, run, "b!", "1")

    def test_numbers_that_scripts_send(self):
        # Python's time.time() * 1000 has a fraction, and True is a number.
        body = {"experiment_id": self.experiment, "start_time": 1795797286734.7}
        info = call("POST", API + "runs/create", body)[1]["run"]["info"]
        self.assertEqual(info["start_time"], 1795797286734)
        run = info["run_id"]
        point = {"key": "m", "value": True, "timestamp": 1795797286734.7, "step": 3.0}
        self.assertEqual(call("POST", API + "runs/log-metric", {"run_id": run, **point}), (200, {}))
        points = {"metrics": [{**point, "value": False, "step": 4}]}
        self.assertEqual(call("POST", API + "runs/log-batch", {"run_id": run, **points}), (200, {}))
        history = self.client.get_metric_history(run, "m")
        self.assertEqual([(m.value, m.timestamp, m.step) for m in history], [(1, 1795797286734, 3), (0, 1795797286734, 4)])
        for wrong in [{"timestamp": True}, {"timestamp": "1.5"}, {"step": "x"}, {"value": "x"}]:
            with self.subTest(wrong):
                status, _ = call("POST", API + "runs/log-metric", {"run_id": run, **point, **wrong})
                self.assertEqual(status, 400)

    def test_found_names_begin_as_mlflow_s_do(self):
        for _ in range(20):
            name = self.new_run().info.run_name
            self.assertIn(name.split("-")[0], _GENERATOR_PREDICATES, name)


class Registry(Conformance):
    def test_words_about_filters(self):
        search = self.client.search_model_versions
        for text, words in [
            ("run_id IN (1, 2)", "got different type in list"),
            ("run_id IN ()", "a non-empty list of string values, but got empty list"),
            ("run_id IN (,)", "got ill-formed list"),
            ("run_id IN ('a',, 'b')", "got ill-formed list"),
            ("run_id IN (", "Invalid clause(s) in filter string"),
            ("name LIKE", "Invalid clause(s) in filter string"),
            ("name = true", "Invalid clause(s) in filter string"),
            ("name != bare", "either not quoted or unidentified quote types used for string value bare"),
        ]:
            with self.subTest(text):
                self.assertIn(words, self.refused("INVALID_PARAMETER_VALUE", search, text))

    def test_words_about_orders(self):
        for search, words in [
            (self.client.search_model_versions, "Invalid attribute key 'run_id' specified"),
            (self.client.search_experiments, "Invalid attribute key 'run_id' specified"),
            (self.client.search_registered_models, "Invalid order by key 'run_id' specified"),
        ]:
            message = self.refused("INVALID_PARAMETER_VALUE", search, order_by=["name", "run_id DESC"])
            self.assertIn(words, message)

    def test_none_asked_for(self):
        self.client.create_registered_model(unique("model"))
        path = API + "registered-models/search?max_results="
        for none in ("0", "-1"):
            self.assertEqual(call("GET", path + none), (200, {}))
            self.assertEqual(call("GET", path + none + "&filter=name")[0], 400)
            status, answer = call("GET", f"{API}model-versions/search?max_results={none}")
            self.assertEqual(status, 400)
            self.assertIn(f"It must be a positive integer, but got {none}", answer["message"])

    def test_what_versions_do_not_have(self):
        name = unique("model")
        run = self.new_run().info.run_id
        self.client.create_registered_model(name)
        for run_id in (None, run):
            self.client.create_model_version(name, "s3://bucket/model", run_id)

        def found(text):
            versions = self.client.search_model_versions(f"name = '{name}' AND {text}")
            return sorted(version.version for version in versions)

        for text, versions in [
            ("run_id = ''", ["1"]),
            ("run_id IN ('')", ["1"]),
            (f"run_id != '{run}'", ["1"]),
            (f"run_id NOT IN ('{run}')", ["1"]),
            ("run_id LIKE '%'", ["1", "2"]),
            (f"run_id = '{run}'", ["2"]),
            (f"run_id IN ('{run}', '')", ["1", "2"]),
            # A version's number is text to the client.
            ("version_number = '2'", ["2"]),
            ("version_number < '2'", ["1"]),
        ]:
            with self.subTest(text):
                self.assertEqual(found(text), versions)
        self.refused("INVALID_PARAMETER_VALUE", found, "version_number = 'two'")

    def test_keys_and_aliases_that_cannot_be(self):
        name = unique("model")
        self.client.create_registered_model(name)
        self.client.create_model_version(name, "s3://bucket/model")
        for action, words in [
            (lambda: self.client.delete_registered_model_tag(name, "a!"), "Names may only contain"),
            (lambda: self.client.delete_model_version_tag(name, "1", "a!"), "Names may only contain"),
            (lambda: self.client.delete_registered_model_alias(name, "a!"), "Invalid alias name: 'a!'"),
        ]:
            self.assertIn(words, self.refused("INVALID_PARAMETER_VALUE", action))

    def test_the_longest_prompt(self):
        name = unique("prompt")
        self.client.register_prompt(name, "a" * 100_000)
        self.assertEqual(len(self.client.load_prompt(name, version=1).template), 100_000)
        message = self.refused("INVALID_PARAMETER_VALUE", self.client.register_prompt, name, "a" * 100_001)
        self.assertIn("Prompt text exceeds max length of 100000 characters", message)

    def test_prompts_and_models_share_names(self):
        model, prompt = unique("model"), unique("prompt")
        tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]

        def create(name, tags):
            return call("POST", API + "registered-models/create", {"name": name, "tags": tags})

        self.assertEqual((create(model, [])[0], create(prompt, tags)[0]), (200, 200))
        for name, more, words in [
            (model, [], f"Registered Model (name={model}) already exists"),
            (prompt, tags, f"Prompt (name={prompt}) already exists"),
            (model, tags, f"create a prompt with name '{model}', but the name is already taken by a"),
            (prompt, [], f"create a registered model with name '{prompt}', but the name is already taken by a"),
        ]:
            status, answer = create(name, more)
            self.assertEqual((status, answer["error_code"]), (400, "RESOURCE_ALREADY_EXISTS"))
            self.assertIn(words, answer["message"])


class LoggedModels(Conformance):
    def setUp(self):
        super().setUp()
        self.models = [self.client.create_logged_model(self.experiment, name=f"m{n}") for n in range(3)]

    def search(self, **more):
        return self.client.search_logged_models([self.experiment], **more)

    def test_a_page_belongs_to_its_search(self):
        page = self.search(max_results=2, filter_string="creation_time > 0")
        rest = self.search(max_results=9, filter_string="creation_time > 0", page_token=page.token)
        self.assertEqual({m.name for m in [*page, *rest]}, {"m0", "m1", "m2"})
        self.assertIsNone(rest.token)
        order = [{"field_name": "name"}]
        for more, words in [
            ({}, "Filter string in the page token does not match"),
            ({"filter_string": "creation_time > 0", "order_by": order}, "Order by in the page token does not match"),
        ]:
            message = self.refused("INVALID_PARAMETER_VALUE", self.search, page_token=page.token, **more)
            self.assertIn(words, message)
        other = self.client.create_experiment(unique("other"))
        message = self.refused(
            "INVALID_PARAMETER_VALUE",
            self.client.search_logged_models,
            [other],
            filter_string="creation_time > 0",
            page_token=page.token,
        )
        self.assertIn("Experiment IDs in the page token do not match", message)

    def test_sizes_of_pages(self):
        for n in range(3, 53):
            self.client.create_logged_model(self.experiment, name=f"m{n}")

        def size(**more):
            body = {"experiment_ids": [self.experiment], **more}
            return len(call("POST", API + "logged-models/search", body)[1].get("models", []))

        for more, models in [({}, 50), ({"max_results": 0}, 53), ({"max_results": -1}, 0), ({"max_results": 200_000}, 53)]:
            with self.subTest(more):
                self.assertEqual(size(**more), models)

    def test_models_without_a_run(self):
        run = self.new_run().info.run_id
        self.client.create_logged_model(self.experiment, name="of a run", source_run_id=run)
        for text, names in [
            (f"source_run_id != '{run}'", {"m0", "m1", "m2"}),
            ("source_run_id = ''", {"m0", "m1", "m2"}),
            (f"source_run_id = '{run}'", {"of a run"}),
        ]:
            with self.subTest(text):
                self.assertEqual({model.name for model in self.search(filter_string=text)}, names)

    def test_params_stay_as_they_are(self):
        model = self.models[0].model_id
        self.client.log_model_params(model, {"p": "1"})
        # A client that did not hear the answer sends it again.
        self.client.log_model_params(model, {"p": "1", "q": "2"})
        self.refused("INVALID_PARAMETER_VALUE", self.client.log_model_params, model, {"r": "3", "p": "2"})
        self.assertEqual(self.client.get_logged_model(model).params, {"p": "1", "q": "2"})

    def test_deleted_twice(self):
        model = self.models[1].model_id
        for _ in range(2):
            self.client.delete_logged_model(model)
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_logged_model, model)
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.delete_logged_model, "m-" + "0" * 32)

    def test_metrics_on_data_sets(self):
        run = self.new_run().info.run_id
        for model, value, name, digest in [(0, 0.1, "a'{op}", "1"), (1, 0.9, "a'{op}", "2"), (1, 0.1, "b", "1")]:
            self.client.log_metric(
                run,
                "acc",
                value,
                model_id=self.models[model].model_id,
                dataset_name=name,
                dataset_digest=digest,
            )

        def names(text, **dataset):
            return {model.name for model in self.search(filter_string=text, datasets=[dataset])}

        self.assertEqual(names("metrics.acc < 0.5", dataset_name="a'{op}"), {"m0"})
        self.assertEqual(names("metrics.acc < 0.5", dataset_name="b"), {"m1"})
        self.assertEqual(names("metrics.acc > 0.5", dataset_name="a'{op}", dataset_digest="1"), set())
        self.assertEqual(names("", dataset_name="a'{op}"), {"m0", "m1"})

    def test_words_about_filters(self):
        for text, words in [
            ("Foo", "Invalid filter string"),
            ("name = 'a' OR name = 'b'", "Invalid filter string"),
            ("foo.bar = 'a'", "Invalid entity type"),
            ("name > 'a'", "Invalid comparison operator"),
            ("metrics.acc LIKE 0", "Invalid comparison operator"),
        ]:
            with self.subTest(text):
                self.assertIn(words, self.refused("INVALID_PARAMETER_VALUE", self.search, filter_string=text))
