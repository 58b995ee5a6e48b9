#!/bin/sh
# Run on both machines, with NODE=0 on the first and NODE=1 on the second; FIRST names the first for both. runs/ must be
# a folder that both mount.
set -e
exec torchrun --no-python --nnodes 2 --node-rank "${NODE:?0 or 1}" --nproc-per-node "${RANKS:-8}" --max-restarts 3 \
  --master-addr "${FIRST:?name or address of the first machine}" --master-port 29500 \
  npx torch-lora train --model roberta-base --task mrpc --out runs/mrpc --resume
