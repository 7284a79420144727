"""The decoder of bench/decoder.ts in PyTorch: same sizes, same float32 work, answering one command a line.

step            one training step (forward, cross-entropy, backward, AdamW); prints {"ms", "loss"}
generate B P N  greedy generation with a KV cache: batch B, prompt P, N new tokens; prints {"ms", "ids"}
memory          prints {"mb"}, the peak resident memory so far
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

LAYERS, WIDTH, HEADS, HIDDEN, VOCABULARY = 4, 256, 8, 688, 4096
BATCH, SEQUENCE = 16, 128
HEAD = WIDTH // HEADS


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))

    def forward(self, x, cos, sin, cache=None):
        batch, sequence, _ = x.shape
        q, k, v = (f(x).view(batch, sequence, HEADS, HEAD).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        causal = sequence > 1
        if cache is not None:
            keys, values, past = cache
            keys[:, :, past : past + sequence] = k
            values[:, :, past : past + sequence] = v
            k, v = keys[:, :, : past + sequence], values[:, :, : past + sequence]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.o(y.transpose(1, 2).reshape(batch, sequence, WIDTH))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(WIDTH, eps=1e-5), nn.RMSNorm(WIDTH, eps=1e-5)
        self.attention = Attention()
        self.gate, self.up = nn.Linear(WIDTH, HIDDEN, bias=False), nn.Linear(WIDTH, HIDDEN, bias=False)
        self.down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x, cos, sin, cache=None):
        x = x + self.attention(self.norm1(x), cos, sin, cache)
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.RMSNorm(WIDTH, eps=1e-5)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
        angles = torch.outer(torch.arange(4096.0), 10000.0 ** (-torch.arange(0, HEAD, 2) / HEAD))
        self.cos, self.sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()

    def forward(self, ids, cache=None, past=0, last=False):
        x = self.embedding(ids)
        positions = slice(past, past + ids.shape[1])
        cos, sin = self.cos[positions], self.sin[positions]
        for index, layer in enumerate(self.layers):
            x = layer(x, cos, sin, None if cache is None else (*cache[index], past))
        if last:
            x = x[:, -1:]
        return self.head(self.norm(x))


def main():
    threads, fused = int(sys.argv[1]), len(sys.argv) > 2 and sys.argv[2] == "fused"
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Decoder()
    optimizer = None
    ids = torch.randint(0, VOCABULARY, (BATCH, SEQUENCE + 1))

    def step():
        nonlocal optimizer
        if optimizer is None:
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, fused=fused)
        optimizer.zero_grad()
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1))
        loss.backward()
        optimizer.step()
        return {"loss": loss.item()}

    @torch.inference_mode()
    def generate(batch, prompt, count):
        cache = [tuple(torch.zeros(batch, HEADS, prompt + count, HEAD) for _ in range(2)) for _ in range(LAYERS)]
        tokens, past, out = ids[:batch, :prompt], 0, []
        for _ in range(count):
            logits = model(tokens, cache, past, last=True)
            past += tokens.shape[1]
            tokens = logits[:, -1].argmax(-1, keepdim=True)
            out.append(tokens)
        return {"ids": torch.cat(out, 1)[0, :4].tolist()}

    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        name, *numbers = line.split()
        if name == "memory":
            print(json.dumps({"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
            continue
        start = time.perf_counter()
        result = step() if name == "step" else generate(*map(int, numbers))
        print(json.dumps({"ms": (time.perf_counter() - start) * 1000, **result}), flush=True)


main()
