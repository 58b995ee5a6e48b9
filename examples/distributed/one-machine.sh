#!/bin/sh
# A process a GPU; on a machine without, as many as are asked for. torchrun comes with PyTorch for Python.
set -e
exec torchrun --standalone --no-python --nproc-per-node "${RANKS:-auto}" --max-restarts 3 \
  npx torch-lora train --model roberta-base --task mrpc --out runs/mrpc --resume
