"""The penguin classifier: a network with one hidden layer, in plain Python.

train.py trains it with the functions below and then uploads this very file
beside the weights, so that the scoring server loads the same code. The two
functions that the scoring server calls are `load` and `predict`.
"""

import json
import math
import os

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def load(folder):
    """Reads the weights that train.py wrote into the model folder."""
    with open(os.path.join(folder, "weights.json"), encoding="utf-8") as file:
        return json.load(file)


def predict(model, rows):
    """One answer per row: the most likely species and the probability of each.

    A row is a dict with the four measures and `island`; a missing or unknown
    value is a ValueError that names the row and the column.
    """
    answers = []
    for number, row in enumerate(rows):
        _, probabilities = forward(model, encode(model, row, number))
        by_species = dict(zip(model["species"], probabilities))
        species = max(by_species, key=by_species.get)
        answer = {"species": species, "probability": round(by_species[species], 6)}
        for name, value in by_species.items():
            answer["p_" + name.lower()] = round(value, 6)
        answers.append(answer)
    return answers


def encode(model, row, number=0):
    """Standardised measures followed by the island as one of n."""
    values = []
    for name, mean, deviation in zip(MEASURES, model["mean"], model["deviation"]):
        value = row.get(name)
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"row {number}: {name} must be a number, not {value!r}") from None
        if not math.isfinite(value):
            raise ValueError(f"row {number}: {name} must be a finite number")
        values.append((value - mean) / deviation)
    island = row.get("island")
    if island not in model["islands"]:
        known = ", ".join(model["islands"])
        raise ValueError(f"row {number}: island must be one of {known}, not {island!r}")
    values.extend(1.0 if island == name else 0.0 for name in model["islands"])
    return values


def forward(model, x):
    """The hidden layer's values and the probability of each species."""
    hidden = [
        math.tanh(bias + sum(w * v for w, v in zip(weights, x)))
        for weights, bias in zip(model["hidden"], model["hidden_bias"])
    ]
    scores = [
        bias + sum(w * v for w, v in zip(weights, hidden))
        for weights, bias in zip(model["output"], model["output_bias"])
    ]
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return hidden, [power / total for power in powers]
