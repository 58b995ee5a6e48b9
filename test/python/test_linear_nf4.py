"""lora::linear over weights in four bits: to the bit what it makes of the numbers that bitsandbytes dequantizes them to."""
import json
import struct
from pathlib import Path

import pytest
import torch
from helpers import lora, with_seed

LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def quantized(weight):
    """Codes and scales as bitsandbytes 0.50.2 makes them on the CPU (backends/default/ops.py, quantize_4bit)."""
    flat = weight.flatten()
    whole, rest = flat[:flat.numel() // 64 * 64].view(-1, 64), flat[flat.numel() // 64 * 64:]
    absmax = whole.abs().amax(1)
    scaled = (whole * (1 / absmax.clamp(min=1e-38))[:, None]).flatten()
    if rest.numel() > 0:
        last = rest.abs().amax().clamp(min=1e-38)
        absmax, scaled = torch.cat([absmax, last[None]]), torch.cat([scaled, rest / last])
    bounds = (LEVELS[1:] + LEVELS[:-1]) / 2
    return torch.bucketize(scaled, bounds), absmax


def dequantized(weight):
    codes, absmax = quantized(weight)
    return (LEVELS[codes] * absmax.repeat_interleave(64)[:codes.numel()]).view(weight.shape)


def parts_of(packed, weights):
    """What prepack_linear_nf4 lays out: a header, then scales and codes of each weight, every part whole cache lines."""
    def lines(n):
        return (n + 63) // 64 * 64
    at = lines(4 * (2 + len(weights)))
    for weight in weights:
        count = weight.numel()
        blocks = (count + 63) // 64
        absmax = packed[at:at + 4 * blocks].view(torch.float32)
        at += lines(4 * blocks)
        own = packed[at:at + (count + 1) // 2]
        at += lines((count + 1) // 2)
        yield torch.stack([own >> 4, own & 15], 1).flatten()[:count].long(), absmax
    assert at == packed.numel()


SHAPES = [(768, [768, 768, 768]), (64, [48]), (3072, [96]), (50, [7, 130]), (16, [1]), (1, [3]), (24, [33]), (1040, [16])]


@pytest.mark.parametrize('fan_in,outs', SHAPES)
def test_codes_are_those_of_bitsandbytes(fan_in, outs):
    weights = [torch.randn(out, fan_in) for out in outs]
    weights[0][0] = 0  # whole blocks of zeros among them
    for weight, (codes, absmax) in zip(weights, parts_of(lora.prepack_linear_nf4(weights), weights)):
        expected, scales = quantized(weight)
        assert torch.equal(codes, expected) and torch.equal(absmax, scales)


def written():
    """The weights of the fixture as bitsandbytes wrote them, by name: bytes of each part, and the shape."""
    data = (Path(__file__).parent.parent / 'fixtures/checkpoints/nf4.safetensors').read_bytes()
    size = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + size])
    raw = {name: data[8 + size + entry['data_offsets'][0]:8 + size + entry['data_offsets'][1]]
           for name, entry in header.items() if name != '__metadata__'}
    for name in raw:
        if '.quant_state.' in name:
            weight = name.split('.quant_state.')[0]
            parts = {part[len(weight) + 1:]: raw[part] for part in raw if part.startswith(f'{weight}.')}
            state = json.loads(raw[name])
            own = torch.frombuffer(bytearray(raw[weight]), dtype=torch.uint8)
            codes = torch.stack([own >> 4, own & 15], 1).flatten()[:state['shape'][0] * state['shape'][1]].long()
            yield weight, state, codes, parts, raw[weight.replace('.weight', '.expected')]


def test_a_checkpoint_that_bitsandbytes_wrote():
    """Numbers that a checkpoint's codes stand for have these codes again: its scales too where they are float32, and
    rounded as the numbers are where those are of 16 bits."""
    found = set()
    for weight, state, codes, parts, expected in written():
        dtype = getattr(torch, state['dtype'])
        numbers = torch.frombuffer(bytearray(expected), dtype=dtype).float().view(state['shape'])
        [(again, scales)] = parts_of(lora.prepack_linear_nf4([numbers]), [numbers])
        assert torch.equal(again, codes), weight
        if 'nested_absmax' not in parts:
            absmax = torch.frombuffer(bytearray(parts['absmax']), dtype=torch.float32)
            assert torch.equal(scales, absmax), weight
        assert torch.equal(scales.to(dtype).float(), scales), weight
        kept = dequantized(numbers)
        assert (kept - numbers).abs().max() <= torch.finfo(dtype).eps * numbers.abs().max(), weight
        found.add(state['dtype'])
    assert found == {'float32', 'bfloat16', 'float16'}


@pytest.mark.parametrize('gelu', [False, True])
@pytest.mark.parametrize('adapters,dropout', [(False, 0.0), (True, 0.0), (True, 0.2)])
@pytest.mark.parametrize('tokens', [1, 9, 150])
@pytest.mark.parametrize('fan_in,outs', SHAPES)
def test_values_and_gradients(fan_in, outs, tokens, adapters, dropout, gelu):
    torch.manual_seed(1)
    weights = [torch.randn(out, fan_in) for out in outs]
    biases = [torch.randn(out) for out in outs]
    a = [torch.randn(4, fan_in) if adapters and i != 1 else None for i in range(len(outs))]
    b = [torch.randn(out, 4) if a[i] is not None else None for i, out in enumerate(outs)]
    packed = lora.prepack_linear_nf4(weights)
    x, grad = torch.randn(tokens, fan_in), torch.randn(tokens, sum(outs))
    found = []
    for given, codes in ((weights, packed), ([dequantized(w) for w in weights], None)):
        leaves = [x.clone().requires_grad_()] + [m.clone().requires_grad_() for m in a + b if m is not None]
        rest = iter(leaves[1:])
        own_a = [next(rest) if m is not None else None for m in a]
        own_b = [next(rest) if m is not None else None for m in b]
        op = lora.linear_gelu if gelu else lora.linear
        y = with_seed(op, leaves[0], given, biases, own_a if adapters else [], own_b if adapters else [],
                      [0.5] * len(outs) if adapters else [], dropout, codes, codes)
        y.backward(grad)
        found.append([y, *(leaf.grad for leaf in leaves)])
    for own, exact in zip(*found):
        assert torch.equal(own, exact)


def test_wrong_packed():
    weights = [torch.randn(8, 64), torch.randn(4, 64)]
    packed = lora.prepack_linear_nf4(weights)
    x = torch.randn(3, 64)
    for other in ([torch.randn(4, 64), torch.randn(8, 64)], [torch.randn(12, 64)], [torch.randn(8, 32)]):
        given = x[:, :other[0].shape[1]]
        with pytest.raises(ValueError, match='bytes as prepack_linear_nf4 makes them of these weights'):
            lora.linear(given, other, [], [], [], [], 0.0, packed, None)
    with pytest.raises(ValueError, match='expected a packed tensor'):
        lora.linear(x.bfloat16(), [w.bfloat16() for w in weights], [], [], [], [], 0.0, packed, None)
    with pytest.raises(TypeError, match='expected float weights, received Double'):
        lora.prepack_linear_nf4([weights[0].double()])
