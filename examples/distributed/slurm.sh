#!/bin/bash
#SBATCH --job-name=mrpc
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --signal=TERM@60
#SBATCH --requeue
# A task a GPU, no torchrun: the four variables are enough. SIGTERM, a minute before the time is up, saves a checkpoint;
# the job starts again from it.
set -e
export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))
srun bash -c 'RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID WORLD_SIZE=$SLURM_NTASKS OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK \
  exec npx torch-lora train --model roberta-base --task mrpc --out runs/mrpc --resume'
