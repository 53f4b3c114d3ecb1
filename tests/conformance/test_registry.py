import mlflow
from common import Conformance, unique


class Registry(Conformance):
    def setUp(self):
        super().setUp()
        self.name = unique("model")
        self.run = self.new_run().info.run_id
        self.source = f"mlflow-artifacts:/{self.experiment}/{self.run}/artifacts/model"

    def version(self, **kwargs):
        return self.client.create_model_version(self.name, self.source, self.run, **kwargs)

    def test_models(self):
        made = self.client.create_registered_model(self.name, tags={"a": "1"}, description="d")
        self.assertEqual((made.name, made.description, made.tags), (self.name, "d", {"a": "1"}))
        self.refused("RESOURCE_ALREADY_EXISTS", self.client.create_registered_model, self.name)
        self.client.update_registered_model(self.name, "other")
        self.client.set_registered_model_tag(self.name, "b", "2")
        self.client.delete_registered_model_tag(self.name, "a")
        got = self.client.get_registered_model(self.name)
        self.assertEqual((got.description, got.tags), ("other", {"b": "2"}))
        renamed = unique("renamed")
        self.version()
        self.client.rename_registered_model(self.name, renamed)
        self.assertEqual(self.client.get_model_version(renamed, "1").name, renamed)
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_registered_model, self.name)
        self.client.delete_registered_model(renamed)
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_registered_model, renamed)

    def test_bad_names(self):
        for name in ["", "  ", "a/b", "a:b", "..", "."]:
            with self.subTest(name):
                self.refused("INVALID_PARAMETER_VALUE", self.client.create_registered_model, name)

    def test_versions(self):
        self.client.create_registered_model(self.name)
        first = self.version(tags={"t": "1"}, description="first")
        second = self.version()
        self.assertEqual((first.version, second.version), ("1", "2"))
        self.assertEqual((first.status, first.run_id, first.source), ("READY", self.run, self.source))
        self.client.update_model_version(self.name, "1", "better")
        self.client.set_model_version_tag(self.name, "1", "u", "2")
        self.client.delete_model_version_tag(self.name, "1", "t")
        got = self.client.get_model_version(self.name, "1")
        self.assertEqual((got.description, got.tags), ("better", {"u": "2"}))
        self.assertEqual(self.client.get_model_version_download_uri(self.name, "1"), self.source)
        self.client.delete_model_version(self.name, "2")
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_model_version, self.name, "2")
        self.assertEqual(self.version().version, "3", "a number never comes again")
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_model_version, self.name, "9")
        self.refused("INVALID_PARAMETER_VALUE", self.client.get_model_version, self.name, "x")
        self.refused(
            "RESOURCE_DOES_NOT_EXIST", self.client.create_model_version, "no " + self.name, self.source, self.run
        )

    def test_sources_that_lead_out(self):
        self.client.create_registered_model(self.name)
        for source in [
            "/etc/passwd",
            "file:///etc",
            f"{self.source}/../../../../etc",
            f"{self.source}/%2e%2e/%2e%2e",
            "../x",
        ]:
            with self.subTest(source):
                self.refused(
                    "INVALID_PARAMETER_VALUE", self.client.create_model_version, self.name, source, self.run
                )

    def test_aliases(self):
        self.client.create_registered_model(self.name)
        self.version()
        self.version()
        self.client.set_registered_model_alias(self.name, "champion", "1")
        self.assertEqual(self.client.get_model_version_by_alias(self.name, "champion").version, "1")
        self.client.set_registered_model_alias(self.name, "champion", "2")
        self.assertEqual(self.client.get_registered_model(self.name).aliases, {"champion": "2"})
        self.assertEqual(self.client.get_model_version(self.name, "2").aliases, ["champion"])
        self.client.delete_registered_model_alias(self.name, "champion")
        self.assertEqual(self.client.get_registered_model(self.name).aliases, {})
        self.refused("INVALID_PARAMETER_VALUE", self.client.get_model_version_by_alias, self.name, "champion")
        for alias in ["latest", "LATEST", "v1", "V22", "a b", "", "x" * 256]:
            with self.subTest(alias):
                self.refused(
                    "INVALID_PARAMETER_VALUE", self.client.set_registered_model_alias, self.name, alias, "1"
                )
        self.refused("RESOURCE_DOES_NOT_EXIST", self.client.set_registered_model_alias, self.name, "a", "9")
        self.client.set_registered_model_alias(self.name, "gone", "2")
        self.client.delete_model_version(self.name, "2")
        self.assertEqual(self.client.get_registered_model(self.name).aliases, {})

    def test_stages(self):
        self.client.create_registered_model(self.name)
        self.version()
        self.version()
        self.client.transition_model_version_stage(self.name, "1", "Production")
        got = self.client.transition_model_version_stage(
            self.name, "2", "Production", archive_existing_versions=True
        )
        self.assertEqual(got.current_stage, "Production")
        self.assertEqual(self.client.get_model_version(self.name, "1").current_stage, "Archived")
        latest = self.client.get_latest_versions(self.name, ["Production"])
        self.assertEqual([version.version for version in latest], ["2"])
        self.refused(
            "INVALID_PARAMETER_VALUE", self.client.transition_model_version_stage, self.name, "1", "Nowhere"
        )

    def test_search(self):
        names = [f"{self.name}-{n}" for n in range(5)]
        for n, name in enumerate(names):
            self.client.create_registered_model(name, tags={"n": str(n)})
            self.client.create_model_version(name, self.source, self.run, tags={"n": str(n)})
        found = self.client.search_registered_models(f"name LIKE '{self.name}%'", order_by=["name DESC"])
        self.assertEqual([model.name for model in found], names[::-1])
        found = self.client.search_registered_models(f"name ILIKE '{self.name.upper()}%' and tags.n = '3'")
        self.assertEqual([model.name for model in found], [names[3]])
        seen, token = [], None
        while True:
            page = self.client.search_registered_models(
                f"name LIKE '{self.name}%'", max_results=2, page_token=token
            )
            seen += [model.name for model in page]
            token = page.token
            if not token:
                break
        self.assertEqual(seen, names)
        versions = self.client.search_model_versions(f"run_id = '{self.run}'")
        self.assertEqual({version.name for version in versions}, set(names))
        self.assertEqual(len(self.client.search_model_versions(f"name = '{names[1]}' and tags.n = '1'")), 1)
        self.assertEqual(self.client.search_model_versions(f"name IN ('{names[0]}') and version_number > 1"), [])
        self.refused("INVALID_PARAMETER_VALUE", self.client.search_registered_models, "nonsense = 'x'")
        self.refused("INVALID_PARAMETER_VALUE", self.client.search_model_versions, "name > 'x'")

    def test_prompts_are_hidden(self):
        prompt = mlflow.genai.register_prompt(unique("prompt"), "Say {{what}}") if hasattr(mlflow, "genai") else None
        if prompt is None:
            self.skipTest("this client has no prompts")
        names = {model.name for model in self.client.search_registered_models()}
        self.assertNotIn(prompt.name, names)
