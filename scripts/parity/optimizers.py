"""torch.optim.Muon's weights after some updates, for test/parity/optimizers.test.ts.

    python scripts/parity/optimizers.py    # reads {"shape", "settings", "weights", "gradients"} from stdin, prints weights
"""

import json
import sys

import torch

torch.set_num_threads(1)
given = json.load(sys.stdin)
weight = torch.nn.Parameter(torch.tensor(given["weights"]).reshape(given["shape"]))
optimizer = torch.optim.Muon([weight], adjust_lr_fn="match_rms_adamw", **given["settings"])
for gradient in given["gradients"]:
    weight.grad = torch.tensor(gradient).reshape(given["shape"])
    optimizer.step()
print(json.dumps(weight.detach().flatten().tolist()))
