import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { guarded } from '../../lib/native.ts'

const root = new URL('../..', import.meta.url).pathname
const patience = 300_000 // processes of their own, on machines that others use too
const folder = await mkdtemp(join(tmpdir(), 'gpu-stages-'))
afterAll(() => rm(folder, { recursive: true }))

/** What stands in for the sides of a benchmark: the named ones die when they are asked, or are never ready. */
async function sides(): Promise<Record<string, string>> {
  await mkdir(join(folder, 'compiled', 'bench'), { recursive: true })
  const ours = `console.log('{}')
    process.stdin.on('data', () => console.log(JSON.stringify({ seconds: 2, peakBytes: 1 << 20 })))`
  await writeFile(join(folder, 'compiled', 'bench', 'training-ours.js'), ours)
  const python = join(folder, 'python')
  const peer = `#!/usr/bin/env bash
    case "$*" in
      *gemm.py*) exit 1 ;;
      *peft-compiled.json) exec sleep 60 ;;
      *) echo '{}'; read -r; exit 1 ;;
    esac`
  await writeFile(python, peer)
  await chmod(python, 0o755)
  return {
    TORCH_LORA_COMPILED: join(folder, 'compiled'),
    TORCH_LORA_PYTHON: python,
    TORCH_LORA_GPU_RESULTS: folder,
  }
}

describe('what runs on a machine with a GPU', () => {
  it(
    'training keeps the figures of the sides that stand, whichever else fails',
    async () => {
      const env = { ...process.env, ...(await sides()) }
      const run = (file: string, ...args: string[]) =>
        spawnSync(process.execPath, ['--import', 'tsx', `bench/gpu/${file}`, ...args], {
          ...{ cwd: root, env, encoding: 'utf8' },
        })
      const flags = [
        '--device',
        'cpu',
        '--dtype',
        'float32',
        '--layers',
        '1',
        '--batches',
        '1',
        '--ready',
        '15',
      ]
      const names = ['--sides', 'ours,peft,peft compiled']
      const { status, stderr } = run('training.ts', ...flags, ...names, '--rounds', '2')
      expect(status, stderr).toBe(0)
      const kept = JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'))
      expect(kept.sides).toEqual({
        ours: expect.objectContaining({ examplesPerSecond: 8, peakBytes: 1 << 20 }),
      })
      expect(Object.keys(kept.failed).sort()).toEqual(['a matrix product', 'peft', 'peft compiled'])
      const report = run('report.ts', folder)
      expect(report.status, report.stderr).toBe(0)
      expect(report.stdout).toMatch(/\| ours \| 8\.0 \|/)
      expect(report.stdout).not.toMatch(/NaN|undefined|Infinity/)
    },
    patience,
  )

  it('a stage that fails does not stop the next', () => {
    const { status, stdout } = spawnSync('bash', ['scripts/gpu/run.sh', 'alone', 'report'], {
      cwd: root,
      env: {
        ...process.env,
        WORK: join(folder, 'work'),
        OUT: join(folder, 'out'),
        TORCH_LORA_PYTHON: 'false',
      },
      encoding: 'utf8',
    })
    expect(status).toBe(1)
    expect(stdout).toMatch(/== alone failed.*\n== report/)
    expect(stdout).toMatch(/== report failed/)
  })

  it.skipIf(guarded((native) => native.system()).cudaDevices > 0)(
    'tests fail where a GPU must be there and is not seen',
    () => {
      const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
      const { status, stderr } = spawnSync(process.execPath, [vitest, 'run', 'test/gpu/random.test.ts'], {
        ...{ cwd: root, encoding: 'utf8' },
        env: {
          ...process.env,
          TORCH_LORA_REQUIRE_CUDA: '1',
          TORCH_LORA_TEST_DEVICE: undefined,
          NO_COLOR: '1',
        },
      })
      expect(status).toBe(1)
      expect(stderr).toContain('TORCH_LORA_REQUIRE_CUDA is set, and the addon sees no CUDA device')
    },
    patience,
  )
})
