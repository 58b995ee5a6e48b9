"""What the device's matrix products reach: TFLOP/s of n x n x n in a dtype, of random numbers, the mean of ten after three.

    python gemm.py DEVICE DTYPE [N]
"""
import json
import sys
import time

import torch

device, dtype, n = (*sys.argv[1:], '8192')[:3]
size = int(n)
a, b = (torch.randn(size, size, device=device).to(getattr(torch, dtype)) for _ in range(2))
wait = torch.cuda.synchronize if device.startswith('cuda') else (lambda: None)
for _ in range(3):
    a @ b
wait()
began = time.perf_counter()
for _ in range(10):
    a @ b
wait()
seconds = (time.perf_counter() - began) / 10
name = torch.cuda.get_device_name(device) if device.startswith('cuda') else 'cpu'
print(json.dumps({'device': name, 'torch': torch.__version__, 'n': size, 'tflops': 2 * size**3 / seconds / 1e12}))
