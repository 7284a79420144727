"""What the peers share: the data both sides read, ranking measures, and answers to the bench."""
import json
import pathlib
import sys

import numpy as np


class Rows:
    """Compressed sparse rows: row r has columns[offsets[r]:offsets[r + 1]]."""

    def __init__(self, folder, part):
        self.offsets = np.fromfile(folder / f"{part}-offsets.bin", np.uint32).astype(np.int64)
        self.columns = np.fromfile(folder / f"{part}-columns.bin", np.uint32).astype(np.int64)
        self.lengths = np.diff(self.offsets)
        self.rows = np.repeat(np.arange(len(self.lengths)), self.lengths)


class Data:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        about = json.loads((folder / "about.json").read_text())
        self.users, self.items = about["users"], about["items"]
        self.train, self.test = Rows(folder, "train"), Rows(folder, "test")


def measured(data, users, scores_of, k=20, block=128):
    """Mean recall and NDCG at k of all items ranked for users, ascending, what they took in training left out.

    scores_of(some, out) gives the scores [some, items] in memory that may be written to; out is such memory.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideals = np.concatenate([[0], np.cumsum(discounts)])
    # Ascending, so that whether a user holds an item is one search.
    held_out = data.test.rows * data.items + data.test.columns
    out = np.empty((block, data.items), np.float32)
    recalls, ndcgs = [], []
    for start in range(0, len(users), block):
        some = users[start : start + block]
        scores = scores_of(some, out[: len(some)])
        lengths = data.train.lengths[some]
        places = np.repeat(data.train.offsets[some] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        scores[np.repeat(np.arange(len(some)), lengths), data.train.columns[places]] = -np.inf
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, 1)
        asked = some[:, None] * data.items + best
        found = np.minimum(np.searchsorted(held_out, asked), len(held_out) - 1)
        hits = held_out[found] == asked
        relevant = data.test.lengths[some]
        recalls.append(hits.sum(1) / relevant)
        ndcgs.append((hits * discounts).sum(1) / ideals[np.minimum(relevant, k)])
    return float(np.concatenate(recalls).mean()), float(np.concatenate(ndcgs).mean())


def tested(data, every=1):
    """Users with a held-out item; of each so many, one."""
    users = np.flatnonzero(data.test.lengths)
    return users[users % every == 0]


def answer(work, quality):
    """work() does a round and gives what was done and the seconds it took; quality() is of what it found."""
    print("{}", flush=True)
    for line in sys.stdin:
        asked = line.strip()
        if asked == "end":
            break
        if asked == "quality":
            print(json.dumps({"quality": quality()}), flush=True)
        else:
            done, seconds = work()
            print(json.dumps({"done": done, "ms": seconds * 1000}), flush=True)
