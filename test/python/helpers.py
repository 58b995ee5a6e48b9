"""What several test files need."""
import torch

lora = torch.ops.lora


def with_seed(function, *args, seed=3):
    """The operator from a fixed state of the generator."""
    torch.manual_seed(seed)
    return function(*args)


def seed_of(seed=3):
    """The seed that an operator draws from that state."""
    torch.manual_seed(seed)
    return lora.draw_seed()


def tensor(*shape, dtype=torch.float64, grad=True):
    return torch.randn(*shape, dtype=dtype).requires_grad_(grad)


def relative(a, b):
    """Largest difference, relative to the largest value."""
    scale = b.abs().max().item() if b.numel() else 0.0
    return ((a - b).abs().max().item() if b.numel() else 0.0) / max(scale, 1e-30)


def assert_same(values, expected, tolerance):
    assert len(values) == len(expected)
    for i, (a, b) in enumerate(zip(values, expected)):
        assert a.shape == b.shape
        assert relative(a, b) < tolerance, f'tensor {i} of shape {tuple(b.shape)}: {relative(a, b):.1e}'


def tolerance(dtype):
    return 3e-5 if dtype == torch.float32 else 1e-12


def cu_seqlens(lengths):
    return torch.tensor([0, *lengths]).cumsum(0).int()
