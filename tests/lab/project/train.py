"""Tells penguins apart with scikit-learn, logged by the mlflow client as it comes.

    python3 train.py --data /data [--alpha 0.001] [--pause 0.2]

Reads penguins.csv from the data folder (mounted read-only; assets/sample/data has it), logs to
MLFLOW_TRACKING_URI and registers the model.
"""

import argparse
import os
import time

# There is no git in a training image, which the client would say on each start.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="/data", help="the folder with penguins.csv")
parser.add_argument("--alpha", type=float, default=0.001, help="strength of the regularisation")
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--pause", type=float, default=0.0, help="seconds between epochs")
parser.add_argument("--model", default="penguins-sklearn", help="the name to register the model under")
options = parser.parse_args()

frame = pandas.read_csv(os.path.join(options.data, "penguins.csv")).dropna(subset=MEASURES)
x_train, x_test, y_train, y_test = train_test_split(
    frame[MEASURES], frame["species"], test_size=0.3, random_state=0, stratify=frame["species"]
)
print(f"{len(frame)} penguins of {frame['species'].nunique()} species", flush=True)

with mlflow.start_run() as run:
    mlflow.log_params({"alpha": options.alpha, "epochs": options.epochs, "rows": len(frame)})
    mlflow.set_tags({"data": "penguins", "team": "lab"})
    mlflow.log_input(mlflow.data.from_pandas(x_train, name="penguins"), context="training")

    scaler = StandardScaler().fit(x_train)
    classifier = SGDClassifier(loss="log_loss", alpha=options.alpha, random_state=0)
    species = sorted(frame["species"].unique())
    for epoch in range(1, options.epochs + 1):
        classifier.partial_fit(scaler.transform(x_train), y_train, classes=species)
        probabilities = classifier.predict_proba(scaler.transform(x_test))
        predicted = classifier.predict(scaler.transform(x_test))
        accuracy = accuracy_score(y_test, predicted)
        loss = log_loss(y_test, probabilities, labels=species)
        mlflow.log_metrics({"val_loss": loss, "val_accuracy": accuracy}, step=epoch)
        if epoch % 10 == 0:
            print(f"epoch {epoch}: accuracy {accuracy:.3f}", flush=True)
        time.sleep(options.pause)

    table = pandas.DataFrame(confusion_matrix(y_test, predicted), index=species, columns=species)
    mlflow.log_text(table.to_csv(), "confusion_matrix.csv")
    mlflow.log_text(f"<!doctype html><title>Confusion</title><h1>Confusion</h1>{table.to_html()}", "report.html")
    mlflow.log_dict({"measures": MEASURES, "species": species}, "about.json")

    pipeline = make_pipeline(scaler, classifier)
    logged = mlflow.sklearn.log_model(
        pipeline,
        name="model",
        signature=infer_signature(x_train, pipeline.predict(x_train)),
        input_example=x_train.head(2),
        registered_model_name=options.model,
    )
    print(f"registered {options.model} version {logged.registered_model_version}", flush=True)
