"""The scoring server with real MLflow models.

Needs a Python with mlflow-skinny, scikit-learn, skops and pandas; without them this file fails:
    PYTHON -m unittest discover -s assets/scoring -p 'test_score_mlflow.py'
"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import score  # noqa: E402
from test_score import Scoring  # noqa: E402

SAVE = """
import sys
import mlflow, pandas
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
folder, form = sys.argv[1:]
x = pandas.DataFrame({"size": [1.0, 2.0, 30.0, 40.0], "a column with a name that is long": [1, 1, 9, 9]})
y = ["small", "small", "large", "large"]
model = LogisticRegression().fit(x, y)
options = {} if form in ("default", "bare") else {"serialization_format": form}
if form != "bare":
    options.update(signature=infer_signature(x, model.predict(x)), input_example=x.head(1))
mlflow.sklearn.save_model(model, folder, **options)
"""


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folders = {}
        environment = dict(os.environ, MLFLOW_TRACKING_URI="sqlite://", MLFLOW_DISABLE_TELEMETRY="true")
        for form in ("default", "bare", "cloudpickle"):
            cls.folders[form] = os.path.join(cls.temporary.name, form)
            done = subprocess.run(
                [sys.executable, "-c", SAVE, cls.folders[form], form],
                env=environment, cwd=cls.temporary.name, capture_output=True, text=True,
            )
            if done.returncode:
                raise AssertionError(done.stderr)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def start(self, form):
        server = Scoring(self.folders[form])
        self.addCleanup(server.end)
        server.wait_line("model loaded")
        return server

    def test_the_default_format_with_a_signature(self):
        server = self.start("default")
        self.assertEqual(server.ask("GET", "/version")[1]["flavor"], "python_function")
        name = "a column with a name that is long"
        expected = (200, {"predictions": ["small", "large"]})
        for body in (
            # Whole numbers where the signature wants doubles, columns in another order.
            {"dataframe_split": {"columns": [name, "size"], "data": [[1, 1], [9, 40]]}},
            {"dataframe_records": [{"size": 1.0, name: 1}, {"size": 40, name: 9.0}]},
            {"instances": [[1, 1], [40, 9]]},
            {"instances": [{"size": 1, name: 1}, {"size": 40, name: 9}]},
            {"inputs": {"size": [1, 40], name: [1, 9]}},
        ):
            self.assertEqual(server.invoke(body), expected, body)
        self.assertEqual(server.invoke(f"size,{name}\n1,1\n40,9\n", "text/csv"), expected)
        with open(os.path.join(self.folders["default"], "serving_input_example.json"), encoding="utf-8") as file:
            self.assertEqual(server.invoke(file.read()), (200, {"predictions": ["small"]}))
        for body, words in (
            ({"dataframe_records": [{"size": 1}]}, name),
            ({"dataframe_records": [{"size": "big", name: 1}]}, "size"),
            ({"dataframe_records": [{"size": 1, name: 1.5}]}, name),
            ({"instances": [[1]]}, "2 values"),
        ):
            status, answer = server.invoke(body)
            self.assertEqual(status, 400, answer)
            self.assertIn(words, answer["message"])

    def test_without_a_signature_plain_arrays_are_taken(self):
        server = self.start("bare")
        self.assertEqual(server.invoke({"inputs": [[1, 1], [40, 9]]}), (200, {"predictions": ["small", "large"]}))

    def test_sklearn_without_mlflow(self):
        model = score.SklearnModel(
            self.folders["cloudpickle"], self.description("cloudpickle")["flavors"]["sklearn"],
            self.description("cloudpickle"),
        )
        table = score.parse_json('{"instances": [[1, 1], [40, 9]]}')
        self.assertEqual(score.plain_answer(model.predict(table)), ["small", "large"])
        with self.assertRaises(score.ModelError):
            score.SklearnModel(self.folders["default"], self.description("default")["flavors"]["sklearn"], {})

    def description(self, form):
        with open(os.path.join(self.folders[form], "MLmodel"), encoding="utf-8") as file:
            return score.read_yaml(file.read())

    def test_small_yaml_reads_the_same_as_pyyaml(self):
        for form in self.folders:
            with open(os.path.join(self.folders[form], "MLmodel"), encoding="utf-8") as file:
                text = file.read()
            self.assertEqual(score.SmallYaml(text).document(), score.read_yaml(text))


if __name__ == "__main__":
    unittest.main()
