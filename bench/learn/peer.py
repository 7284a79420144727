"""The same work in PyTorch: python peer.py NAME THREADS. Answers each line with one round."""
import json
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

name, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)
folder = pathlib.Path(__file__).parent.parent.parent / ".cache/bench-learn"
about = json.loads((folder / "ready.json").read_text())
sizes, few = about["sizes"], about["newcomers"]
WIDTH, BATCH, EPOCHS, HEADS = sizes["width"], sizes["batch"], sizes["epochs"], sizes["heads"]


def numbers(what, *shape, dtype=np.float32):
    return torch.from_numpy(np.fromfile(folder / f"{what}.bin", dtype=dtype)).reshape(shape or (-1,))


def places(what):
    return numbers(what, dtype=np.int32).long()


class Mixture(nn.Module):
    """P = Σ π_k σ(r_k(a) − r_k(b)), π = softmax(V c + v), and 0.05 Σ π ln π."""

    def __init__(self):
        super().__init__()
        self.heads, self.router = nn.Linear(WIDTH, HEADS, bias=False), nn.Linear(WIDTH, HEADS)
        with torch.no_grad():
            self.heads.weight.copy_(numbers("heads", HEADS, WIDTH))
            self.router.weight.zero_()
            self.router.bias.zero_()

    def forward(self, a, b, context):
        leads = self.heads(a) - self.heads(b)
        weights = F.log_softmax(self.router(context), -1)
        preferred = (weights + F.logsigmoid(leads)).logsumexp(-1)
        other = (weights + F.logsigmoid(-leads)).logsumexp(-1)
        return preferred, other, weights

    def nll(self, a, b, context, y):
        preferred, other, weights = self(a, b, context)
        return -(y * preferred + (1 - y) * other).mean(), weights

    def loss(self, *batch):
        fit, weights = self.nll(*batch)
        return fit + 0.05 * (weights.exp() * weights).sum(-1).mean()


class Reward(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        if hidden:
            self.score = nn.Sequential(nn.Linear(WIDTH, 64), nn.ReLU(), nn.Linear(64, 1))
            with torch.no_grad():
                self.score[0].weight.copy_(numbers("hidden", 64, WIDTH))
                self.score[2].weight.copy_(numbers("output", 1, 64))
                self.score[0].bias.zero_()
                self.score[2].bias.zero_()
        else:
            self.score = nn.Linear(WIDTH, 1, bias=False)
            nn.init.zeros_(self.score.weight)

    def loss(self, a, b, context, y):
        return F.binary_cross_entropy_with_logits((self.score(a) - self.score(b)).squeeze(-1), y)


def heads(make, mixed=False, loader=False):
    """Epochs over all pairs in random order; rows are taken from one tensor, labels too, AdamW is the fused one."""
    features = numbers("features", -1, WIDTH)
    contexts = numbers("contextFeatures", -1, WIDTH) if mixed else None
    a, b, context, y = places("a"), places("b"), places("context"), numbers("mixed" if mixed else "targets")
    pairs = len(a)

    def batches():
        if loader:
            some = torch.utils.data.TensorDataset(a, b, context, y)
            yield from torch.utils.data.DataLoader(some, batch_size=BATCH, shuffle=True)
            return
        order = torch.randperm(pairs)
        for start in range(0, pairs, BATCH):
            at = order[start : start + BATCH]
            yield a[at], b[at], context[at] if mixed else None, y[at]

    def rows(i, j, c, t):
        return (
            features.index_select(0, i),
            features.index_select(0, j),
            contexts.index_select(0, c) if mixed else None,
            t,
        )

    def round():
        start = time.perf_counter()
        model = make()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
        for _ in range(EPOCHS):
            for batch in batches():
                optimizer.zero_grad()
                model.loss(*rows(*batch)).backward()
                optimizer.step()
        ms = (time.perf_counter() - start) * 1e3
        total = 0.0
        with torch.no_grad():
            for start in range(0, pairs, 8192):
                part = slice(start, start + 8192)
                batch = rows(a[part], b[part], context[part], y[part])
                loss = model.nll(*batch)[0] if mixed else model.loss(*batch)
                total += loss.item() * len(a[part])
        return {"done": EPOCHS * pairs, "ms": ms, "loss": total / pairs}

    return round


def newcomers(fit, count):
    """Rater by rater: each has a problem of an own, and raters of the sample stand for all."""
    each, width = few["pairsEach"], few["width"]
    leads = numbers("leads", -1, each, width)[:count]
    answers = numbers("answers", -1, each)[:count]

    def round():
        start = time.perf_counter()
        tastes = [fit(leads[of], answers[of]) for of in range(count)]
        ms = (time.perf_counter() - start) * 1e3
        margins = torch.einsum("rpk,rk->rp", leads, torch.stack(tastes).detach().float())
        return {"done": count, "ms": ms, "loss": F.binary_cross_entropy_with_logits(margins[:10], answers[:10]).item()}

    return round


def newton(x, y):
    """Newton's method on Σ ℓ + ½‖θ‖², in doubles, until a step gains nothing."""
    x, y = x.double(), y.double()
    theta, unit = torch.zeros(x.shape[1], dtype=torch.double), torch.eye(x.shape[1], dtype=torch.double)
    for _ in range(100):
        p = torch.sigmoid(x @ theta)
        gradient = x.T @ (p - y) + theta
        step = torch.linalg.solve((x.T * (p * (1 - p))) @ x + unit, gradient)
        if gradient @ step <= 1e-15:
            break
        theta = theta - step
    return theta


def adam(x, y):
    theta = torch.zeros(x.shape[1], requires_grad=True)
    optimizer = torch.optim.AdamW([theta], lr=0.05, weight_decay=0, fused=True)
    for _ in range(200):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(x @ theta, y).backward()
        optimizer.step()
    return theta


workloads = {
    "linear": lambda: heads(lambda: Reward(False)),
    "loader": lambda: heads(lambda: Reward(False), loader=True),
    "mlp": lambda: heads(lambda: Reward(True)),
    "mixture": lambda: heads(Mixture, mixed=True),
    "newcomers": lambda: newcomers(newton, 1000),
    "newcomers-one-by-one": lambda: newcomers(newton, 1000),
    "adapt": lambda: newcomers(adam, 50),
    "adapt-one-by-one": lambda: newcomers(adam, 50),
}

round = workloads[name]()
print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    if line.strip() == "end":
        break
    print(json.dumps(round()), flush=True)
