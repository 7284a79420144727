"""All-ranking evaluation by NumPy: python evaluation.py NAME FOLDER THREADS."""
import os
import sys
import time

_, folder, threads = sys.argv[1:4]
os.environ["OPENBLAS_NUM_THREADS"] = threads

import numpy as np

from rounds import Data, answer, measured, tested

WIDTH = 64
data = Data(folder)


def factors(rows, seed):
    """As factor-table.ts."""
    word = np.arange(rows * WIDTH, dtype=np.uint32) + np.uint32(seed * 0x9E3779B9 % 2**32)
    word = (word ^ (word >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    word = (word ^ (word >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    word ^= word >> np.uint32(16)
    return ((word >> np.uint32(8)).astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(rows, WIDTH)


users, items = factors(data.users, 1), factors(data.items, 2)
ndcg = float("nan")


def evaluate():
    global ndcg
    start = time.perf_counter()
    asked = tested(data)
    _, ndcg = measured(data, asked, lambda some, out: np.matmul(users[some], items.T, out=out))
    return len(asked), time.perf_counter() - start


answer(evaluate, lambda: 1000 * ndcg)
