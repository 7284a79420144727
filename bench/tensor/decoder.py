"""The decoder of decoder.ts in PyTorch: the same sizes and the same float32 work."""
import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS, WIDTH, HEADS, HIDDEN, VOCABULARY = 4, 256, 8, 688, 4096
BATCH, SEQUENCE = 16, 128
PROMPT, NEW = 32, 128
HEAD = WIDTH // HEADS


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))

    def forward(self, x, cos, sin, cache, past):
        batch, sequence, _ = x.shape
        q, k, v = (f(x).view(batch, sequence, HEADS, HEAD).transpose(1, 2) for f in (self.query, self.key, self.value))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if cache is not None:
            keys, values = cache
            keys[:, :, past : past + sequence] = k
            values[:, :, past : past + sequence] = v
            k, v = keys[:, :, : past + sequence], values[:, :, : past + sequence]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=sequence > 1)
        return self.output(y.transpose(1, 2).reshape(batch, sequence, WIDTH))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = nn.RMSNorm(WIDTH, eps=1e-5), nn.RMSNorm(WIDTH, eps=1e-5)
        self.attention = Attention()
        self.gate, self.up = nn.Linear(WIDTH, HIDDEN, bias=False), nn.Linear(WIDTH, HIDDEN, bias=False)
        self.down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x, cos, sin, cache, past):
        x = x + self.attention(self.attention_norm(x), cos, sin, cache, past)
        y = self.feed_forward_norm(x)
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
        angles = torch.outer(torch.arange(1024.0), 10000.0 ** (-torch.arange(0, HEAD, 2) / HEAD))
        self.cos, self.sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()

    def forward(self, ids, caches=None, past=0, last=False):
        x = self.embedding(ids)
        places = slice(past, past + ids.shape[1])
        for index, layer in enumerate(self.layers):
            x = layer(x, self.cos[places], self.sin[places], None if caches is None else caches[index], past)
        return self.head(self.norm(x[:, -1:] if last else x))


def training(fused):
    model = Decoder()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-3, weight_decay=0.01, **({"fused": True} if fused else {})
    )
    ids = torch.randint(0, VOCABULARY, (BATCH, SEQUENCE + 1))

    def step():
        optimizer.zero_grad()
        logits = model(ids[:, :-1])
        F.cross_entropy(logits.reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1)).backward()
        optimizer.step()

    return step


def generation(batch):
    model = Decoder()
    prompts = torch.randint(0, VOCABULARY, (batch, PROMPT))

    @torch.inference_mode()
    def step():
        caches = [
            tuple(torch.zeros(batch, HEADS, PROMPT + NEW, HEAD) for _ in range(2)) for _ in range(LAYERS)
        ]
        tokens, past, written = prompts, 0, []
        for _ in range(NEW):
            logits = model(tokens, caches, past, last=True)
            past += tokens.shape[1]
            tokens = logits[:, -1].argmax(-1, keepdim=True)
            written.append(tokens)
        return torch.cat(written, 1).tolist()

    return step
