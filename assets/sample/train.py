#!/usr/bin/env python3
"""Trains a small neural network to tell three species of penguin apart.

Nothing but the standard library of Python 3.9 or newer is needed. The run is
logged to the MLflow server that MLFLOW_TRACKING_URI names (see tracking.py).
"""

import argparse
import csv
import hashlib
import json
import math
import os
import platform
import random
import signal
import sys
import time

import model as network
from report import confusion_csv, learning_curve_svg
from tracking import Run, TrackingError

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    options = arguments()
    # A stopped run says so, instead of staying "running" for ever.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        rows, digest = read_penguins(options.data)
        run = Run.from_environment("penguins")
    except (OSError, ValueError, TrackingError) as error:
        sys.exit(f"error: {error}")
    try:
        train(run, rows, digest, options)
    except TrackingError as error:
        sys.exit(f"error: {error}")
    except BaseException as error:
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        try:
            run.flush()
            run.update("KILLED" if stopped else "FAILED")
        except TrackingError as unsaid:
            say(f"the end of the run could not be told: {unsaid}")
        raise
    run.update("FINISHED")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(HERE, "data", "penguins.csv"), help="the CSV file to learn from")
    parser.add_argument("--epochs", type=int, default=240)
    parser.add_argument("--hidden", type=int, default=8, help="nodes of the hidden layer")
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--decay", type=float, default=0.012, help="the learning rate falls as 1 / (1 + decay * epoch)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    for name in ("epochs", "hidden", "batch"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if not 0 < options.learning_rate <= 10 or options.decay < 0:
        parser.error("--learning-rate must lie above 0 and at most 10, --decay must not be negative")
    return options


def read_penguins(path):
    """The rows with all four measures, and the SHA-256 of the file."""
    with open(path, "rb") as file:
        raw = file.read()
    rows = list(csv.DictReader(raw.decode("utf-8").splitlines()))
    needed = network.MEASURES + ["species", "island"]
    missing = [name for name in needed if not rows or name not in rows[0]]
    if missing:
        raise ValueError(f"{path} has no rows with the columns {', '.join(missing)}")
    complete = [row for row in rows if all(row[name] not in ("", "NA") for name in needed)]
    return complete, hashlib.sha256(raw).hexdigest()


def split(rows, randomness):
    """A quarter of each species for validation, the rest for training."""
    training, validation = [], []
    for species in sorted({row["species"] for row in rows}):
        own = [row for row in rows if row["species"] == species]
        randomness.shuffle(own)
        cut = len(own) // 4
        validation += own[:cut]
        training += own[cut:]
    return training, validation


def new_model(rows, hidden, randomness):
    columns = [[float(row[name]) for row in rows] for name in network.MEASURES]
    means = [sum(column) / len(column) for column in columns]
    deviations = [
        (sum((v - mean) ** 2 for v in column) / len(column)) ** 0.5 or 1.0 for column, mean in zip(columns, means)
    ]
    islands = sorted({row["island"] for row in rows})
    species = sorted({row["species"] for row in rows})
    inputs = len(means) + len(islands)

    def weights(count, width):
        return [[randomness.gauss(0, width**-0.5) for _ in range(width)] for _ in range(count)]

    return {
        "mean": means,
        "deviation": deviations,
        "islands": islands,
        "species": species,
        "hidden": weights(hidden, inputs),
        "hidden_bias": [0.0] * hidden,
        "output": weights(len(species), hidden),
        "output_bias": [0.0] * len(species),
    }


def learn(model, batch, rate):
    """One step of gradient descent on the cross-entropy of a batch."""
    step = rate / len(batch)
    wrong_output = [[0.0] * len(row) for row in model["output"]]
    wrong_hidden = [[0.0] * len(row) for row in model["hidden"]]
    output_bias = [0.0] * len(model["output"])
    hidden_bias = [0.0] * len(model["hidden"])
    for x, target in batch:
        hidden, probabilities = network.forward(model, x)
        slopes = [p - (1.0 if k == target else 0.0) for k, p in enumerate(probabilities)]
        for k, slope in enumerate(slopes):
            output_bias[k] += slope
            for j, value in enumerate(hidden):
                wrong_output[k][j] += slope * value
        for j, value in enumerate(hidden):
            back = sum(slope * model["output"][k][j] for k, slope in enumerate(slopes)) * (1 - value * value)
            hidden_bias[j] += back
            for i, v in enumerate(x):
                wrong_hidden[j][i] += back * v
    for weights, wrong in (("output", wrong_output), ("hidden", wrong_hidden)):
        for row, slopes in zip(model[weights], wrong):
            for i, slope in enumerate(slopes):
                row[i] -= step * slope
    for bias, slopes in (("output_bias", output_bias), ("hidden_bias", hidden_bias)):
        for i, slope in enumerate(slopes):
            model[bias][i] -= step * slope


def measure(model, examples):
    """Mean cross-entropy, share of right answers, and the confusion matrix."""
    size = len(model["species"])
    matrix = [[0] * size for _ in range(size)]
    loss = 0.0
    for x, target in examples:
        _, probabilities = network.forward(model, x)
        loss -= math.log(max(probabilities[target], 1e-12))
        matrix[target][probabilities.index(max(probabilities))] += 1
    right = sum(matrix[k][k] for k in range(size))
    return loss / len(examples), right / len(examples), matrix


def train(run, rows, digest, options):
    randomness = random.Random(options.seed)
    training_rows, validation_rows = split(rows, randomness)
    model = new_model(training_rows, options.hidden, randomness)

    def examples(of):
        return [(network.encode(model, row), model["species"].index(row["species"])) for row in of]

    training, validation = examples(training_rows), examples(validation_rows)
    say(f"{len(rows)} penguins: {len(training)} to learn from, {len(validation)} to check on")
    run.log(
        params={
            "epochs": options.epochs,
            "hidden": options.hidden,
            "learning_rate": options.learning_rate,
            "decay": options.decay,
            "batch": options.batch,
            "seed": options.seed,
            "training_rows": len(training),
            "validation_rows": len(validation),
        },
        tags={
            "sample": "penguins",
            "python": platform.python_version(),
            "data.sha256": digest,
        },
    )
    columns = network.MEASURES + ["island", "species"]
    run.dataset("penguins", digest[:32], os.path.basename(options.data), len(rows), columns)

    pace = pace_seconds()
    curve = []
    matrix = []
    for epoch in range(1, options.epochs + 1):
        began = time.monotonic()
        rate = options.learning_rate / (1 + options.decay * epoch)
        randomness.shuffle(training)
        for start in range(0, len(training), options.batch):
            learn(model, training[start : start + options.batch], rate)
        train_loss, train_accuracy, _ = measure(model, training)
        val_loss, val_accuracy, matrix = measure(model, validation)
        curve.append((epoch, train_loss, val_loss))
        run.metrics(epoch, {
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "val_loss": val_loss,
            "val_accuracy": val_accuracy,
            "learning_rate": rate,
        })
        if epoch % 8 == 0:
            run.flush()
        if epoch == 1 or epoch % 20 == 0:
            say(
                f"epoch {epoch:3d}/{options.epochs}  loss {train_loss:.4f}  "
                f"validation loss {val_loss:.4f}  validation accuracy {val_accuracy:.1%}"
            )
        # Paced so that a person can watch the charts grow.
        time.sleep(max(0.0, pace - (time.monotonic() - began)))
    run.flush()

    run.artifact("confusion_matrix.csv", confusion_csv(model["species"], matrix))
    run.artifact("learning_curve.svg", learning_curve_svg(curve))
    upload_model(run, model, validation_rows)
    say(f"done: {sum(map(sum, matrix))} penguins checked, {val_accuracy:.1%} told right; model uploaded")


def pace_seconds():
    """Least seconds per epoch: 0.065, or what SKERRY_SAMPLE_PACE says."""
    text = os.environ.get("SKERRY_SAMPLE_PACE", "0.065")
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace <= 10:
        raise ValueError(f"SKERRY_SAMPLE_PACE must be a number of seconds from 0 to 10, not {text!r}")
    return pace


def upload_model(run, model, validation_rows):
    """The folder that is registered, packed and deployed: see README.md."""
    names = network.MEASURES + ["island"]
    example = {
        "columns": names,
        "data": [[float(row[n]) for n in network.MEASURES] + [row["island"]] for row in validation_rows[:1]],
    }
    inputs = [{"type": "double", "name": name, "required": True} for name in network.MEASURES]
    inputs.append({"type": "string", "name": "island", "required": True})
    outputs = [{"type": "string", "name": "species", "required": True}]
    outputs += [
        {"type": "double", "name": name, "required": True}
        for name in ["probability"] + ["p_" + name.lower() for name in model["species"]]
    ]
    created = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    description = {
        "artifact_path": "model",
        "flavors": {"skerry_function": {"code": "model.py", "python_version": platform.python_version()}},
        "run_id": run.id,
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs)},
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        },
        "utc_time_created": created,
    }
    with open(os.path.join(HERE, "model.py"), encoding="utf-8") as file:
        run.artifact("model/model.py", file.read())
    run.artifact("model/weights.json", json.dumps(model, indent=1))
    run.artifact("model/input_example.json", json.dumps(example))
    # Last: a folder with an MLmodel file is a whole one.
    run.artifact("model/MLmodel", yaml(description))
    run.model(description)


def yaml(value, indent=""):
    """Nested dicts of strings as YAML, each string in single quotes."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            lines.append(f"{indent}{key}:\n{yaml(inner, indent + '  ')}")
        else:
            quoted = str(inner).replace("'", "''")
            lines.append(f"{indent}{key}: '{quoted}'\n")
    return "".join(lines)


def say(line):
    print(line, flush=True)


if __name__ == "__main__":
    main()
