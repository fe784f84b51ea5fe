"""V-MPO's losses in NumPy, in double precision, written after the paper alone: JSON in, JSON out.

Gradients are central differences of the total loss, so nothing here depends on automatic differentiation.
"""

import json
import sys

import numpy as np


def losses(given):
    means, log_deviations = given["means"], given["logDeviations"]
    old_means, old_log_deviations = given["targetMeans"], given["targetLogDeviations"]
    advantages, actions = given["advantages"], given["actions"]
    eta, alpha_mean, alpha_deviation = given["temperature"], given["alphaMean"], given["alphaDeviation"]

    order = np.argsort(-advantages, kind="stable")
    top = order[: len(advantages) // 2]
    shifted = (advantages[top] - advantages[top].max()) / eta
    weights = np.zeros(len(advantages))
    weights[top] = np.exp(shifted) / np.exp(shifted).sum()

    sigma, old_sigma = np.exp(log_deviations), np.exp(old_log_deviations)
    densities = np.exp(-((actions - means) ** 2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    policy = -(weights * np.log(densities.prod(axis=1))).sum()
    temperature = eta * given["epsilonEta"] + eta * np.log(np.mean(np.exp(advantages[top] / eta)))
    kl_mean = 0.5 * (((means - old_means) / old_sigma) ** 2).sum(axis=1).mean()
    kl_deviation = (np.log(sigma / old_sigma) + 0.5 * (old_sigma**2 / sigma**2 - 1)).sum()
    return {
        "weights": weights.tolist(),
        "policy": policy,
        "temperature": temperature,
        "klMean": kl_mean,
        "klDeviation": kl_deviation,
        "multipliers": alpha_mean * (given["epsilonMu"] - kl_mean)
        + alpha_deviation * (given["epsilonSigma"] - kl_deviation),
        "divergence": alpha_mean * kl_mean + alpha_deviation * kl_deviation,
        "value": 0.5 * np.mean((given["values"] - given["returns"]) ** 2),
    }


def gradient(given, name, total):
    """Central differences of a total by one input."""
    result = np.zeros_like(given[name])
    for index in np.ndindex(given[name].shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = given[name].copy()
            moved[index] += step
            ends.append(total(losses({**given, name: moved})))
        result[index] = (ends[0] - ends[1]) / 2e-5
    return result.tolist()


def solved_temperature(given):
    """The temperature at which KL(psi || uniform) is the bound, by bisection."""
    best = np.sort(given["advantages"])[::-1][: len(given["advantages"]) // 2]

    def divergence(eta):
        weights = np.exp((best - best.max()) / eta)
        weights /= weights.sum()
        return (weights * np.log(np.maximum(weights * len(best), 1e-300))).sum()

    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if divergence(middle) > given["epsilonEta"] else (low, middle)
    return low


given = {name: np.array(value, dtype=np.float64) for name, value in json.load(sys.stdin).items()}
trained = lambda found: found["policy"] + found["divergence"] + found["value"]
duals = lambda found: found["temperature"]
json.dump(
    {
        "losses": losses(given),
        "gradients": {name: gradient(given, name, trained) for name in ("means", "logDeviations", "values")}
        | {"temperature": gradient(given, "temperature", duals)},
        "solvedTemperature": solved_temperature(given),
    },
    sys.stdout,
)
