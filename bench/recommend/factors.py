"""Matrix factors by implicit: python factors.py bpr|als FOLDER THREADS."""
import os
import sys
import time

# implicit asks for it: its own threads each call BLAS on small matrices.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking

from rounds import Data, answer, measured, tested

name, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
EPOCHS, ITERATIONS, ALPHA, LAMBDA = 20, 15, 10, 10
data = Data(folder)
pairs = len(data.train.columns)
taken = scipy.sparse.csr_matrix(
    (np.ones(pairs, np.float32), data.train.columns.astype(np.int32), data.train.offsets.astype(np.int32)),
    shape=(data.users, data.items),
)
# Its values are whole confidences, 1 + α where ours says α.
confidence = taken * np.float32(1 + ALPHA)
model = None


def fit():
    global model
    if name == "bpr":
        model = BayesianPersonalizedRanking(
            factors=64, learning_rate=0.05, regularization=0.01, iterations=EPOCHS, num_threads=threads, random_state=1
        )
    else:
        model = AlternatingLeastSquares(
            factors=64, regularization=LAMBDA, iterations=ITERATIONS, num_threads=threads, random_state=1
        )
    start = time.perf_counter()
    model.fit(taken if name == "bpr" else confidence, show_progress=False)
    return (EPOCHS * pairs if name == "bpr" else 1), time.perf_counter() - start


def recall():
    users, items = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return measured(data, tested(data, 5), lambda some, out: np.matmul(users[some], items.T, out=out))[0]


answer(fit, recall)
