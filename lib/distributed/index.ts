import { agree } from './agreement.ts'
import { allGather, allReduce, barrier, broadcast } from './collectives.ts'
import { alone, close, currentWorld, init } from './world.ts'

/**
 * Several processes, on one machine or many, that train one model: PyTorch's own c10d, without Python. Any launcher of
 * PyTorch's starts them: `torchrun --no-python --nproc-per-node 2 node train.js`, Kubeflow, a script under Slurm.
 *
 * ```ts
 * const { rank, worldSize } = await distributed.init()
 * ```
 *
 * A process that was started alone is rank 0 of 1, and every exchange is with itself: a program needs no other form.
 */
export const distributed = {
  init,
  close,
  /** The group of this process alone: a Trainer with it shares nothing with the other ranks. */
  alone,
  allReduce,
  broadcast,
  allGather,
  barrier,
  agree,
  /** This process's number, from 0; 0 before `init`. */
  get rank(): number {
    return currentWorld().rank
  },
  /** How many processes there are; 1 before `init`. */
  get worldSize(): number {
    return currentWorld().worldSize
  },
  /** Its number among the processes of this machine: the GPU to use. */
  get localRank(): number {
    return currentWorld().localRank
  },
}
