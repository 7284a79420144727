"""The same work in PyTorch: python peer.py NAME THREADS [fused]. Answers each line (a number of steps) with times."""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

import decoder
import nets

name, threads, fused = sys.argv[1], int(sys.argv[2]), "fused" in sys.argv[3:]
torch.set_num_threads(threads)
torch.manual_seed(0)


def memory(field):
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return int(line.split()[1]) / 1024


def training(model, optimizer, loss):
    """One step: zero the gradients, forward, backward, update."""

    def step():
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()

    return step


def adam(model, **options):
    return torch.optim.Adam(model.parameters(), lr=1e-3, **options, **({"fused": True} if fused else {}))


def mlp():
    model = nn.Sequential(nn.Linear(512, 2048), nn.ReLU(), nn.Linear(2048, 512))
    x, y = torch.randn(256, 512), torch.randn(256, 512)
    return training(model, adam(model), lambda m: F.mse_loss(m(x), y))


def reward(pairs):
    model = nn.Sequential(nn.Linear(384, 64), nn.ReLU(), nn.Linear(64, 1))
    preferred, other = torch.randn(pairs, 384), torch.randn(pairs, 384)
    return training(model, adam(model), lambda m: -F.logsigmoid(m(preferred) - m(other)).mean())


workloads = {
    "mlp": mlp,
    "reward": lambda: reward(512),
    "reward-pairs": lambda: reward(1024),
    "decoder": lambda: decoder.training(fused),
    "generate1": lambda: decoder.generation(1),
    "generate16": lambda: decoder.generation(16),
    "lightgcn": lambda: nets.light_gcn(training, adam, compressed=False),
    "lightgcn-csr": lambda: nets.light_gcn(training, adam, compressed=True),
    "sasrec": lambda: nets.sasrec(training, adam),
    "dit": lambda: nets.dit(training, adam),
}

idle = memory("VmRSS")
step = workloads[name]()
print(json.dumps({"torch": torch.__version__}), flush=True)
for line in sys.stdin:
    count = int(line)
    if count == 0:
        break
    ms = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        ms.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"ms": ms}), flush=True)
print(json.dumps({"peakMb": memory("VmHWM"), "idleMb": idle}), flush=True)
