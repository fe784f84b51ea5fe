"""Reference answers from scikit-learn, SciPy and naive Python, for reference.test.ts.

Reads one JSON request a line, {"kind": ..., ...}, and writes one JSON answer a line.
"""
import os

# Before NumPy is imported: one thread, so that the reference neither hogs the machine nor depends on it.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import json
import math
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
from scipy import stats
from scipy.linalg import cho_solve, cholesky
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, Matern


def positions(n):
    return (np.arange(n) / n).reshape(-1, 1)


def fixed(request):
    """Smooths with scikit-learn's own regressor."""
    scores = np.array(request["scores"])
    x = positions(len(scores))
    model = GaussianProcessRegressor(RBF(1.0), alpha=1e-10, optimizer=None, normalize_y=True, copy_X_train=False)
    return model.fit(x, scores).predict(x).tolist()


def fixed_extended(request):
    """Smooths on the whole kernel matrix in extended precision: its condition is n * 1e10, which leaves double precision few digits."""
    scores = np.array(request["scores"], dtype=np.longdouble)
    n = len(scores)
    x = np.arange(n, dtype=np.longdouble) / n
    kernel = np.exp(-((x[:, None] - x[None, :]) ** 2) / 2)
    lower = kernel + np.longdouble("1e-10") * np.eye(n, dtype=np.longdouble)
    mean = scores.mean()
    weights = scores - mean
    for j in range(n):
        lower[j:, j] /= np.sqrt(lower[j, j])
        lower[j + 1 :, j + 1 :] -= np.outer(lower[j + 1 :, j], lower[j + 1 :, j])
        weights[j] /= lower[j, j]
        weights[j + 1 :] -= lower[j + 1 :, j] * weights[j]
    for j in range(n - 1, -1, -1):
        weights[j] /= lower[j, j]
        weights[:j] -= lower[j, :j] * weights[j]
    return (mean + kernel @ weights).astype(float).tolist()


def estimated(request):
    """Searches the grid with dense matrices and scikit-learn's Matern kernel."""
    scores = np.array(request["scores"])
    n, mean, deviation = len(scores), scores.mean(), scores.std()
    y = (scores - mean) / deviation
    best, answer = 0.0, np.zeros(n)
    for length_scale in request["lengthScales"]:
        if length_scale * n < request["leastPoints"]:
            continue
        kernel = Matern(length_scale, nu=2.5)(positions(n))
        for ratio in request["noiseRatios"]:
            factor = cholesky(kernel + ratio * np.eye(n), lower=True)
            weights = cho_solve((factor, True), y)
            likelihood = -n / 2 * math.log(y @ weights / n) - np.log(np.diag(factor)).sum()
            if likelihood > best:
                best, answer = likelihood, kernel @ weights
    return (mean + deviation * answer).tolist()


def find_overlap(a, b):
    if a[0] < b[0]:
        for i in range(1, len(a)):
            if a[i] >= b[0]:
                return [i, 0, min(len(a) - i, len(b))]
    else:
        for i in range(len(b)):
            if b[i] >= a[0]:
                return [0, i, min(len(a), len(b) - i)]
    return None


def gap_over(overlap, a, b):
    start_a, start_b, length = overlap
    return max(a[start_a : start_a + length]) - max(b[start_b : start_b + length])


def best_score_difference(a, b):
    overlap = find_overlap(a["smoothed"], b["smoothed"])
    if overlap:
        return gap_over(overlap, a["raw"], b["raw"])
    if min(a["raw"]) <= max(b["raw"]):
        return 0
    from_, to = min(a["raw"]) - max(b["raw"]), min(a["raw"]) - min(b["raw"])
    if from_ == to:
        return 0
    gaps = [0]
    for shift in np.linspace(from_, to, 10, endpoint=False):
        overlap = find_overlap([score - shift for score in a["smoothed"]], b["smoothed"])
        gaps.append(gap_over(overlap, [score - shift for score in a["raw"]], b["raw"]) if overlap else 0)
    return float(max(gaps))


def binomial(a, b):
    """Returns the answer from SciPy and the one from exact fractions."""
    overlap = find_overlap(a["smoothed"], b["smoothed"])
    if overlap is None:
        if min(a["raw"]) > max(b["raw"]):
            return 0.0, 0.0
        if max(a["raw"]) < min(b["raw"]):
            return 2.0, 2.0
        overlap = [0, 0, min(len(a["raw"]), len(b["raw"]))]
    start_a, start_b, length = overlap
    pairs = zip(a["raw"][start_a : start_a + length], b["raw"][start_b : start_b + length])
    return tail(sum(x > y for x, y in pairs), length)


def tail(wins, pairs):
    exact = Fraction(sum(math.comb(pairs, k) for k in range(wins, pairs + 1)), 2**pairs)
    return stats.binomtest(wins, pairs, 0.5, alternative="greater").pvalue, float(exact)


def compare(request):
    a, b = request["a"], request["b"]
    scipy_p, exact_p = binomial(a, b)
    return {"overlap": find_overlap(a["smoothed"], b["smoothed"]), "gap": best_score_difference(a, b), "scipyP": float(scipy_p), "exactP": exact_p}


def tails(request):
    return [[float(p) for p in tail(wins, pairs)] for wins, pairs in request["cases"]]


def exponential(request):
    """Returns exp or log, correctly rounded."""
    getcontext().prec = 60
    function = {"exp": Decimal.exp, "log": Decimal.ln}[request["function"]]
    return [float(function(Decimal(x))) for x in request["values"]]


KINDS = {
    "fixed": fixed,
    "fixed-extended": fixed_extended,
    "estimated": estimated,
    "compare": compare,
    "tails": tails,
    "exponential": exponential,
}

for line in sys.stdin:
    message = json.loads(line)
    print(json.dumps(KINDS[message["kind"]](message)), flush=True)
