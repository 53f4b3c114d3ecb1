import mlflow
import mlflow.sklearn
import numpy
from common import Conformance, unique
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


class Models(Conformance):
    def setUp(self):
        super().setUp()
        rows, labels = load_iris(return_X_y=True, as_frame=True)
        self.rows, self.test_rows, self.labels, self.test_labels = train_test_split(rows, labels, random_state=1)

    def test_logged_registered_loaded(self):
        name = unique("iris")
        fitted = LogisticRegression(max_iter=300).fit(self.rows, self.labels)
        with mlflow.start_run() as run:
            info = mlflow.sklearn.log_model(
                fitted, name="model", registered_model_name=name, input_example=self.rows.head(3)
            )
            mlflow.log_metric("acc", 0.9, model_id=info.model_id)
        expected = fitted.predict(self.test_rows)
        for uri in [info.model_uri, f"models:/{name}/1", f"runs:/{run.info.run_id}/model"]:
            with self.subTest(uri):
                got = mlflow.pyfunc.load_model(uri).predict(self.test_rows)
                self.assertTrue(numpy.array_equal(got, expected))
        self.client.set_registered_model_alias(name, "champion", "1")
        got = mlflow.sklearn.load_model(f"models:/{name}@champion").predict(self.test_rows)
        self.assertTrue(numpy.array_equal(got, expected))
        version = self.client.get_model_version(name, "1")
        self.assertEqual(version.run_id, run.info.run_id)
        model = mlflow.get_logged_model(info.model_id)
        self.assertEqual(str(model.status), "READY")
        self.assertEqual([(metric.key, metric.value) for metric in model.metrics], [("acc", 0.9)])
        outputs = self.client.get_run(run.info.run_id).outputs.model_outputs
        self.assertEqual([output.model_id for output in outputs], [info.model_id])
        found = mlflow.search_logged_models(
            [self.experiment], filter_string="metrics.acc > 0.5 and name = 'model'", output_format="list"
        )
        self.assertEqual([model.model_id for model in found], [info.model_id])

    def test_registered_afterwards(self):
        name = unique("later")
        fitted = LogisticRegression(max_iter=300).fit(self.rows, self.labels)
        with mlflow.start_run() as run:
            mlflow.sklearn.log_model(fitted, name="m")
        for _ in range(2):
            made = mlflow.register_model(f"runs:/{run.info.run_id}/m", name)
        self.assertEqual(made.version, "2")

    def test_autolog(self):
        mlflow.sklearn.autolog()
        try:
            with mlflow.start_run() as run:
                LogisticRegression(max_iter=300).fit(self.rows, self.labels)
        finally:
            mlflow.sklearn.autolog(disable=True)
        got = self.client.get_run(run.info.run_id)
        self.assertEqual(got.data.params["max_iter"], "300")
        self.assertGreater(got.data.metrics["training_accuracy_score"], 0.9)
        self.assertEqual(len(got.inputs.dataset_inputs), 1)
        self.assertEqual(len(got.outputs.model_outputs), 1)
        self.assertIn("estimator.html", [f.path for f in self.client.list_artifacts(run.info.run_id)])

    def test_logged_models_by_hand(self):
        model = mlflow.create_external_model(name="outside", params={"p": "1"}, tags={"t": "1"})
        mlflow.set_logged_model_tags(model.model_id, {"u": "2"})
        mlflow.delete_logged_model_tag(model.model_id, "t")
        mlflow.log_model_params({"q": "2"}, model_id=model.model_id)
        got = mlflow.get_logged_model(model.model_id)
        self.assertEqual((got.tags.get("u"), got.tags.get("t")), ("2", None))
        self.assertEqual(got.params, {"p": "1", "q": "2"})
        self.client.delete_logged_model(model.model_id)
        self.refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_logged_model, model.model_id)
