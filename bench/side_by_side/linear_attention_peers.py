"""Peers of linear attention: flash-linear-attention, batched products, and softmax for scale."""

from .peer import Peer, failed, off_by

RECURRENT_UP_TO = 4096  # tokens; it takes one step for each
SOFTMAX_UP_TO = 16384
CHECKED_TOKENS = 32
LIGHTNING = {"layer_idx": 4, "num_layers": 8}  # the decay per head follows from them


def decay_of_heads(heads) -> list:
    """What Lightning Attention has built in: all peers are given the same."""
    slope = 8 / heads * (1 - LIGHTNING["layer_idx"] / LIGHTNING["num_layers"])
    return [slope * head for head in range(heads)]


def tensors(row):
    import torch

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[row.dtype]
    length = 1 if row.decode else row.length

    def random(*shape):
        return torch.randn(*shape, device="cuda")

    q, k = (random(row.batch, length, row.heads, row.head_dim) for _ in range(2))
    if row.normalize:  # a denominator that does not vanish
        q, k = q.abs(), k.abs()
    made = {"q": q.to(dtype), "k": k.to(dtype), "v": random(row.batch, length, row.heads, row.values).to(dtype)}
    if row.decode:
        made["state"] = random(row.batch, row.heads, row.head_dim, row.values)
    if row.decay == "scalar":
        made["gate"] = torch.nn.functional.logsigmoid(random(row.batch, length, row.heads))
    if row.decay == "per_head":
        made["decay"] = torch.tensor(decay_of_heads(row.heads), device="cuda")
    return made


def fla_peers(row, given):
    from fla.ops.lightning_attn import chunk_lightning_attn
    from fla.ops.linear_attn import chunk_linear_attn, fused_chunk_linear_attn, fused_recurrent_linear_attn
    from fla.ops.simple_gla import chunk_simple_gla, fused_chunk_simple_gla, fused_recurrent_simple_gla

    qkv = given["q"], given["k"], given["v"]
    recurrent = row.length <= RECURRENT_UP_TO
    if row.decode:
        yield Peer("fla fused_recurrent", lambda: fused_recurrent_linear_attn(*qkv, initial_state=given["state"], output_final_state=True, normalize=False))
    elif row.decay != "none":
        decay = {"g": given["gate"]} if row.decay == "scalar" else {"g_gamma": -given["decay"]}
        yield Peer("fla simple_gla", lambda: chunk_simple_gla(*qkv, **decay))
        yield Peer("fla simple_gla fused_chunk", lambda: fused_chunk_simple_gla(*qkv, **decay))
        if recurrent:
            yield Peer("fla simple_gla fused_recurrent", lambda: fused_recurrent_simple_gla(*qkv, **decay))
        if row.decay == "per_head":
            yield Peer("fla lightning", lambda: chunk_lightning_attn(*qkv, **LIGHTNING))
    else:
        yield Peer("fla chunk", lambda: chunk_linear_attn(*qkv, normalize=row.normalize))
        yield Peer("fla fused_chunk", lambda: fused_chunk_linear_attn(*qkv, normalize=row.normalize))
        if recurrent:
            yield Peer("fla fused_recurrent", lambda: fused_recurrent_linear_attn(*qkv, normalize=row.normalize))


def torch_peers(row, given):
    """Those of PyTorch itself, in the layout that suits them."""
    import torch

    if row.decode:
        return
    if not row.causal:
        q, k, v = (given[name].transpose(1, 2).flatten(0, 1).contiguous() for name in "qkv")
        nothing, scale = q.new_zeros(1, 1, 1), row.head_dim**-0.5
        shape = row.batch, row.heads, row.length, row.values

        def products():
            state = torch.bmm(k.transpose(1, 2), v)
            return torch.baddbmm(nothing, q, state, beta=0, alpha=scale).view(shape).transpose(1, 2)

        yield Peer("two batched matmuls", products)
    if row.length <= SOFTMAX_UP_TO:
        heads_first = [given[name].transpose(1, 2) for name in "qkv"]
        attend = torch.nn.functional.scaled_dot_product_attention
        yield Peer("softmax (PyTorch)", lambda: attend(*heads_first, is_causal=row.causal), counted=False)


def peers(row, given):
    if row.causal:
        try:
            yield from fla_peers(row, given)
        except Exception as error:  # it is not installed, or not for this PyTorch
            yield failed("fla", error)
    yield from torch_peers(row, given)


def checker(row, given):
    """A function of a peer's output that says how far it is off over some tokens, from the definition in float64."""
    import torch

    q, k, v = (given[name].double() for name in "qkv")
    length = q.shape[1]
    tokens = sorted({0, length - 1, *torch.randint(length, (CHECKED_TOKENS,)).tolist()})
    distance = torch.tensor(tokens, device=q.device)[:, None] - torch.arange(length, device=q.device)  # to keys before
    weights = torch.einsum("bthd,bshd->bhts", q[:, tokens], k)
    if row.decay == "scalar":
        total = given["gate"].double().cumsum(1).transpose(1, 2)
        passed = total[:, :, tokens, None] - total[:, :, None]  # logarithm of the decay in between
    elif row.decay == "per_head":
        passed = -given["decay"].double()[:, None, None] * distance
    else:
        passed = torch.zeros_like(distance, dtype=torch.float64)
    if row.causal:
        weights *= passed.masked_fill(distance < 0, -torch.inf).exp()
    reference = torch.einsum("bhts,bshe->bthe", weights, v)
    if row.decode:
        reference += torch.einsum("bthd,bhde->bthe", q, given["state"].double())
    reference *= 1 / weights.sum(3).transpose(1, 2)[..., None] if row.normalize else row.head_dim**-0.5
    shape = v.shape

    def error(output):
        o = output[0] if isinstance(output, tuple) else output  # the state beside it is not looked at
        return off_by(o, shape, (slice(None), tokens), reference)
    return error
