# A Python rank among the others: the same exchanges, in the same order, as rank.ts's "interop".
import datetime
import json
import sys

import torch
import torch.distributed as dist

dist.init_process_group(sys.argv[1], timeout=datetime.timedelta(seconds=20))
rank = dist.get_rank()
total = torch.arange(1000, dtype=torch.float32) * (rank + 1)
dist.all_reduce(total)
sent = torch.full((5,), 42.0 if rank == 0 else 0.0)
dist.broadcast(sent, 0)
dist.barrier()
gathered = [torch.empty(1) for _ in range(dist.get_world_size())]
dist.all_gather(gathered, torch.tensor([rank + 0.5]))
print(json.dumps({"sum": total[-2:].tolist(), "sent": sent[4].item(), "gathered": torch.cat(gathered).tolist()}))
dist.destroy_process_group()
