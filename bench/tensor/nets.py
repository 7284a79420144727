"""The nets of light-gcn.ts, sasrec.ts and dit.ts in PyTorch: the same sizes and the same float32 work."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class LightGcn(nn.Module):
    USERS, ITEMS, PAIRS, WIDTH, LAYERS = 29_858, 40_981, 810_000, 64, 3

    def __init__(self, compressed):
        super().__init__()
        nodes = self.USERS + self.ITEMS
        self.embedding = nn.Parameter(0.1 * torch.randn(nodes, self.WIDTH))
        cells = torch.empty(0, dtype=torch.long)
        while len(cells) < self.PAIRS:
            users = (torch.rand(self.PAIRS, dtype=torch.double) ** 1.5 * self.USERS).long()
            items = (torch.rand(self.PAIRS, dtype=torch.double) ** 2 * self.ITEMS).long()
            cells = torch.cat([cells, users * self.ITEMS + items]).unique()
        cells = cells[torch.randperm(len(cells))[: self.PAIRS]]
        users, items = cells // self.ITEMS, self.USERS + cells % self.ITEMS
        rows, columns = torch.cat([users, items]), torch.cat([items, users])
        degrees = torch.bincount(rows, minlength=nodes).clamp(min=1).float()
        weights = (degrees[rows] * degrees[columns]) ** -0.5
        graph = torch.sparse_coo_tensor(
            torch.stack([rows, columns]), weights, (nodes, nodes), check_invariants=False
        ).coalesce()
        # Coordinates and torch's own gradient are what the authors' program has; compressed rows with the gradient
        # written by hand are the fastest that torch can do.
        self.graph = graph.to_sparse_csr() if compressed else graph
        self.product = SymmetricProduct.apply if compressed else torch.sparse.mm

    def forward(self):
        layer, total = self.embedding, self.embedding
        for _ in range(self.LAYERS):
            layer = self.product(self.graph, layer)
            total = total + layer
        return total / (self.LAYERS + 1)


class SymmetricProduct(torch.autograd.Function):
    """The graph is its own transpose; torch would transpose it anew in every step."""

    @staticmethod
    def forward(context, graph, x):
        context.graph = graph
        return graph @ x

    @staticmethod
    def backward(context, gradient):
        return None, context.graph @ gradient


def light_gcn(training, adam, compressed):
    batch = 2048
    model = LightGcn(compressed)
    ids = torch.cat(
        [torch.randint(0, model.USERS, (batch,)), model.USERS + torch.randint(0, model.ITEMS, (2 * batch,))]
    )

    def loss(m):
        user, liked, other = m()[ids].chunk(3)
        first = m.embedding[ids]
        margin = (user * (liked - other)).sum(-1)
        return F.softplus(-margin).mean() + 1e-4 / (2 * batch) * first.square().sum()

    return training(model, adam(model), loss)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, memory, mask=None):
        def apart(y):
            return y.view(*y.shape[:2], self.heads, -1).transpose(1, 2)

        y = F.scaled_dot_product_attention(
            apart(self.query(x)), apart(self.key(memory)), apart(self.value(memory)), attn_mask=mask
        )
        return self.output(y.transpose(1, 2).flatten(2))


class Sasrec(nn.Module):
    ITEMS, LENGTH, WIDTH, LAYERS, RATE = 20_000, 50, 64, 2, 0.2

    def __init__(self):
        super().__init__()
        self.items = nn.Embedding(self.ITEMS + 1, self.WIDTH)
        self.positions = nn.Parameter(torch.randn(self.LENGTH, self.WIDTH) / 8)

        def norm():
            return nn.LayerNorm(self.WIDTH, eps=1e-8)

        self.layers = nn.ModuleList(
            nn.ModuleDict({
                "norm1": norm(), "attention": Attention(self.WIDTH, 1), "norm2": norm(),
                "up": nn.Linear(self.WIDTH, self.WIDTH), "down": nn.Linear(self.WIDTH, self.WIDTH),
            })
            for _ in range(self.LAYERS)
        )
        self.norm = norm()
        self.past = torch.full((self.LENGTH, self.LENGTH), -1e30).triu(1)

    def forward(self, ids, embedded):
        real = ids != 0
        kept = real[..., None].float()
        mask = torch.where(real[:, None, None], self.past, -1e30)
        x = F.dropout(embedded * math.sqrt(self.WIDTH) + self.positions, self.RATE) * kept
        for layer in self.layers:
            queries = layer["norm1"](x)
            between = queries + F.dropout(layer["attention"](queries, x, mask), self.RATE)
            inner = layer["norm2"](between)
            fed = layer["down"](F.dropout(F.relu(layer["up"](inner)), self.RATE))
            x = (inner + F.dropout(fed, self.RATE)) * kept
        return self.norm(x) * kept


def sasrec(training, adam):
    model = Sasrec()
    ids = torch.randint(1, model.ITEMS + 1, (3, 256, model.LENGTH))

    def loss(m):
        read, after, other = m.items(ids)
        states = m(ids[0], read)
        return (F.softplus(-(states * after).sum(-1)) + F.softplus((states * other).sum(-1))).mean()

    return training(model, adam(model), loss)


class Dit(nn.Module):
    WIDTH, LAYERS, HEADS, PATCH, CHANNELS, SIDE = 128, 4, 4, 2, 3, 16

    def __init__(self):
        super().__init__()
        width, numbers = self.WIDTH, self.CHANNELS * self.PATCH**2
        self.patches = nn.Linear(numbers, width)
        self.positions = nn.Parameter(torch.randn((self.SIDE // self.PATCH) ** 2, width))
        self.time = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))
        self.captions = nn.Embedding(23, width)
        self.layers = nn.ModuleList(
            nn.ModuleDict({
                "modulation": nn.Linear(width, 6 * width), "attention": Attention(width, self.HEADS),
                "cross": Attention(width, self.HEADS), "up": nn.Linear(width, 3 * width),
                "down": nn.Linear(3 * width, width),
            })
            for _ in range(self.LAYERS)
        )
        self.modulation = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, numbers)
        self.frequencies = 10000.0 ** (-torch.arange(128) / 128)

    def forward(self, x, seen, caption):
        def normal(y):
            return F.layer_norm(y, (self.WIDTH,), eps=1e-6)

        side = self.SIDE // self.PATCH
        apart = x.view(-1, self.CHANNELS, side, self.PATCH, side, self.PATCH).permute(0, 2, 4, 1, 3, 5)
        tokens = self.patches(apart.reshape(len(x), side * side, -1)) + self.positions
        words = self.captions(caption)
        angles = seen[:, None] * self.frequencies
        condition = F.silu(self.time(torch.cat([angles.cos(), angles.sin()], -1)) + words.mean(1))[:, None]
        for layer in self.layers:
            shift, scale, gate, shift2, scale2, gate2 = layer["modulation"](condition).chunk(6, -1)
            y = normal(tokens) * (1 + scale) + shift
            tokens = tokens + gate * layer["attention"](y, y)
            tokens = tokens + layer["cross"](normal(tokens), words)
            y = normal(tokens) * (1 + scale2) + shift2
            tokens = tokens + gate2 * layer["down"](F.gelu(layer["up"](y), approximate="tanh"))
        shift, scale = self.modulation(condition).chunk(2, -1)
        y = self.output(normal(tokens) * (1 + scale) + shift)
        apart = y.view(-1, side, side, self.CHANNELS, self.PATCH, self.PATCH).permute(0, 3, 1, 4, 2, 5)
        return apart.reshape(x.shape)


def dit(training, adam):
    model = Dit()
    clean, time, caption = torch.randn(64, 3, 16, 16), torch.randint(0, 1000, (64,)), torch.randint(0, 23, (64, 6))
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.double), 0)
    signal, noise = kept.sqrt().float(), (1 - kept).sqrt().float()

    def loss(m):
        e = torch.randn_like(clean)
        state = signal[time].view(-1, 1, 1, 1) * clean + noise[time].view(-1, 1, 1, 1) * e
        return (m(state, time.float(), caption) - e).square().mean((1, 2, 3)).mean()

    return training(model, adam(model), loss)
