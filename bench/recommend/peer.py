"""The best items by NumPy: one product with all vectors, and the same with the best twenty taken out and sorted."""
import json
import sys
import time

import numpy as np

path, items, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
vectors = np.fromfile(path, np.float32, items * width).reshape(items, width)
queries = np.fromfile(path, np.float32, offset=4 * items * width).reshape(-1, width)
scores = np.empty(items, np.float32)


def product(query):
    np.dot(vectors, query, out=scores)


def best(query):
    np.dot(vectors, query, out=scores)
    top = np.argpartition(scores, -20)[-20:]
    return top[np.argsort(-scores[top], kind="stable")]


print(json.dumps({"numpy": np.__version__}), flush=True)
for line in sys.stdin:
    what = line.strip()
    if what == "end":
        break
    work = product if what == "product" else best
    times, found = [], []
    for query in queries:
        start = time.perf_counter()
        result = work(query)
        times.append((time.perf_counter() - start) * 1000)
        if result is not None:
            found.append(result.tolist())
    print(json.dumps({"times": times, "found": found}), flush=True)
