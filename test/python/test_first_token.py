"""lora::first_token_attention against the attention of every token, of which the first rows are taken."""
import pytest
import torch
from helpers import cu_seqlens, lora, relative

HEADS, SIZE, WIDTH = 3, 8, 24


def inputs(lengths, dtype=torch.float64):
    torch.manual_seed(0)
    x = torch.randn(sum(lengths), WIDTH, dtype=dtype)
    weights = [torch.randn(HEADS * SIZE, WIDTH, dtype=dtype) / 4 for _ in range(3)]
    biases = [torch.randn(HEADS * SIZE, dtype=dtype) for _ in range(3)]
    return x, weights, biases, cu_seqlens(lengths), torch.tensor(max(lengths, default=0))


def run(x, weights, biases, cu, longest, **options):
    query = torch.nn.functional.linear(x[cu[:-1].long()], weights[0], biases[0]).view(-1, HEADS, SIZE)
    return lora.first_token_attention(query=query, x=x, key=weights[1], value=weights[2], value_bias=biases[2],
                                      cu_seqlens=cu, max_seqlen=longest, **options)


def expected(x, weights, biases, cu, longest, **options):
    qkv = torch.nn.functional.linear(x, torch.cat(weights), torch.cat(biases)).view(-1, 3, HEADS, SIZE)
    y = lora.varlen_attention_reference(qkv, cu, longest, **options)
    return y.reshape(-1, HEADS * SIZE)[cu[:-1].long()]


@pytest.mark.parametrize('dtype,tolerance', [(torch.float64, 1e-13), (torch.float32, 1e-5),
                                             (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize('lengths', [[1], [17], [5, 1, 30, 2], [3] * 21, [200, 1, 7], []])
def test_values(lengths, dtype, tolerance):
    given = inputs(lengths, dtype)
    y = run(*given)
    assert y.shape == (len(lengths), HEADS * SIZE) and y.dtype == dtype
    exact = [given[0].double(), *([part.double() for part in parts] for parts in given[1:3]), *given[3:]]
    assert relative(y.double(), expected(*exact)) < tolerance


def test_scale():
    given = inputs([4, 9])
    assert relative(run(*given, scale=0.9), expected(*given, scale=0.9)) < 1e-13
    assert relative(run(*given), run(*given, scale=SIZE ** -0.5)) < 1e-13


def test_without_bias():
    x, weights, biases, cu, longest = inputs([4, 9])
    query = torch.randn(2, HEADS, SIZE, dtype=x.dtype)
    bare = lora.first_token_attention(x, query, weights[1], weights[2], None, cu, longest)
    biased = lora.first_token_attention(x, query, weights[1], weights[2], biases[2], cu, longest)
    assert relative(bare + biases[2], biased) < 1e-14


def test_a_sequence_gets_the_same_bits_whatever_is_beside_it_and_however_many_threads():
    lengths = [11, 70, 3] * 20
    x, weights, biases, cu, longest = inputs(lengths, torch.float32)
    query = torch.randn(len(lengths), HEADS, SIZE)
    before = torch.get_num_threads()
    values = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        values.append(lora.first_token_attention(x, query, *weights[1:], biases[2], cu, longest))
    torch.set_num_threads(before)
    assert torch.equal(*values)
    for b in (0, 1, 31):
        own = lora.first_token_attention(x[cu[b]:cu[b + 1]], query[b:b + 1], *weights[1:], biases[2],
                                         cu_seqlens(lengths[b:b + 1]), longest)
        assert torch.equal(own[0], values[0][b])


@pytest.mark.parametrize('change,message', [
    ({'x': torch.randn(7, 2, WIDTH)}, r'expected x \[T, H\]'),
    ({'query': torch.randn(3, HEADS, SIZE)}, r'expected a query \[B, N, D\] for each of 2 sequences'),
    ({'key': torch.randn(HEADS * SIZE, WIDTH + 1)}, r'expected key \[24, 24\], received \[24, 25\]'),
    ({'value': torch.randn(5, WIDTH)}, r'expected value \[24, 24\], received \[5, 24\]'),
    ({'value_bias': torch.randn(5)}, r'expected value_bias \[24\], received \[5\]'),
    ({'cu_seqlens': torch.tensor([0, 4, 7])}, 'expected cu_seqlens .* of int32'),
    ({'cu_seqlens': cu_seqlens([4, 2])}, 'to end at the number of tokens 7'),
    ({'max_seqlen': torch.tensor(3)}, 'more than max_seqlen 3'),
])
def test_wrong_shapes(change, message):
    x, weights, biases, cu, longest = inputs([4, 3], torch.float32)
    given = {'x': x, 'query': torch.randn(2, HEADS, SIZE), 'key': weights[1], 'value': weights[2],
             'value_bias': biases[2], 'cu_seqlens': cu, 'max_seqlen': longest}
    with pytest.raises(ValueError, match=message):
        lora.first_token_attention(**{**given, **change})


def test_wrong_types():
    x, weights, biases, cu, longest = inputs([4, 3], torch.float32)
    with pytest.raises(TypeError, match='expected query of Float on cpu like x, received Double on cpu'):
        lora.first_token_attention(x, torch.randn(2, HEADS, SIZE).double(), *weights[1:], biases[2], cu, longest)
    with pytest.raises(TypeError, match='expected x of float, double or bfloat16, received Half'):
        lora.first_token_attention(x.half(), torch.randn(2, HEADS, SIZE).half(), *(w.half() for w in weights[1:]), None,
                                   cu, longest)
