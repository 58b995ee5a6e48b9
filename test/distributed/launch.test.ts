import { describe, expect, it } from 'vitest'
import { readLaunch, withoutLaunch } from '../../lib/distributed/launch.ts'

const kubeflow = { RANK: '1', WORLD_SIZE: '4', MASTER_ADDR: 'train-master-0', MASTER_PORT: '23456' }

describe('readLaunch', () => {
  it('is alone where nothing says otherwise', () => {
    expect(readLaunch({})).toBeUndefined()
    // A shell or an image that names a place for others.
    expect(readLaunch({ MASTER_ADDR: 'localhost', MASTER_PORT: '29500', PATH: '/bin' })).toBeUndefined()
    expect(readLaunch({ RANK: '', WORLD_SIZE: ' ' })).toBeUndefined()
    expect(readLaunch({ PET_NNODES: '1', PET_NPROC_PER_NODE: '1' })).toBeUndefined()
  })

  it('reads four variables, as PyTorchJob sets them: rank 0 keeps the store', () => {
    expect(readLaunch(kubeflow)).toEqual({
      rank: 1,
      worldSize: 4,
      localRank: 0,
      masterAddress: 'train-master-0',
      masterPort: 23456,
      agentStore: false,
      restartCount: 0,
    })
  })

  it("reads torchrun's: the agent keeps the store", () => {
    const torchrun = {
      ...kubeflow,
      LOCAL_RANK: '1',
      TORCHELASTIC_USE_AGENT_STORE: 'True',
      TORCHELASTIC_RESTART_COUNT: '2',
    }
    expect(readLaunch(torchrun)).toMatchObject({ localRank: 1, agentStore: true, restartCount: 2 })
    expect(readLaunch({ ...torchrun, TORCHELASTIC_USE_AGENT_STORE: 'False' })).toMatchObject({
      agentStore: false,
    })
  })

  it.each<[string, Record<string, string>, RegExp[]]>([
    [
      'RANK without MASTER_ADDR',
      { RANK: '0', WORLD_SIZE: '2' },
      [/RANK, WORLD_SIZE are set, but not MASTER_ADDR, MASTER_PORT/],
    ],
    ['RANK alone', { RANK: '0' }, [/RANK is set, but not WORLD_SIZE, MASTER_ADDR, MASTER_PORT/]],
    ['WORLD_SIZE alone', { WORLD_SIZE: '2' }, [/WORLD_SIZE is set, but not RANK, /]],
    ['a rank that there is not', { ...kubeflow, RANK: '4' }, [/RANK is 4, which WORLD_SIZE 4 does not have/]],
    [
      'no number',
      { ...kubeflow, RANK: 'one' },
      [/RANK: expected a whole number from 0 to \d+, received 'one'/],
    ],
    ['a negative one', { ...kubeflow, RANK: '-1' }, [/RANK: .* received '-1'/]],
    ['a world of none', { ...kubeflow, WORLD_SIZE: '0' }, [/WORLD_SIZE: .* received '0'/]],
    [
      'a port that is none',
      { ...kubeflow, MASTER_PORT: '65536' },
      [/MASTER_PORT: .* from 1 to 65535, received '65536'/],
    ],
    [
      'several at once',
      { ...kubeflow, MASTER_PORT: '1e3', LOCAL_RANK: '0.5', TORCHELASTIC_RESTART_COUNT: 'x' },
      [/MASTER_PORT/, /LOCAL_RANK/, /TORCHELASTIC_RESTART_COUNT/],
    ],
  ])('refuses %s', (_, environment, patterns) => {
    const read = () => readLaunch(environment)
    for (const pattern of patterns) expect(read).toThrow(pattern)
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('refuses an environment that only torchrun reads, in which every pod would train on its own', () => {
    expect(() => readLaunch({ PET_NNODES: '2', PET_NODE_RANK: '0' })).toThrow(
      /PET_NNODES is 2, but RANK and WORLD_SIZE are not set.*torchrun --no-python/,
    )
  })
})

describe('withoutLaunch', () => {
  it('leaves an environment in which a process is alone', () => {
    const launched = { ...kubeflow, LOCAL_RANK: '1', TORCHELASTIC_ERROR_FILE: '/tmp/e', PET_NNODES: '2' }
    expect(withoutLaunch({ ...launched, PATH: '/bin', RANKING: 'x' })).toEqual({ PATH: '/bin', RANKING: 'x' })
  })
})
