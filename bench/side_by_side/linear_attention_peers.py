"""Peers of linear attention: flash-linear-attention, batched products, and softmax for scale."""

from .peer import Peer, failed

RECURRENT_UP_TO = 4096  # tokens; it takes one step for each
SOFTMAX_UP_TO = 16384


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
        made["decay"] = torch.exp2(-2 - 6 * torch.rand(row.heads, device="cuda"))
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
            yield Peer("fla lightning", lambda: chunk_lightning_attn(*qkv, layer_idx=4, num_layers=8))
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
        q, k, v = (given[name].transpose(1, 2).contiguous() for name in "qkv")
        yield Peer("two batched matmuls", lambda: torch.matmul(q, torch.matmul(k.transpose(2, 3), v)))
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
    """None: what these compute is not compared here."""
