import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/**
 * Small inputs that once went wrong, kept outside the repository (TORCH_LORA_SHARED names another place): a folder a
 * case, with a run.sh that takes a built checkout and an expected.txt. What each must print stands here.
 */
const root = resolve(import.meta.dirname, '..')
const shared = process.env.TORCH_LORA_SHARED ?? resolve(root, '../shared')
const cases = join(shared, 'cases')
const present = existsSync(cases)
if (!present) console.log(`skipped: ${cases} is not there (TORCH_LORA_SHARED names another place)`)

/** What a case prints, checked. */
const expectations: Record<string, (output: string) => void> = {
  'adapter-pissa': (output) => {
    const logits = output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { logits: number[] }).logits)
    const peft = [
      [0.004759827628731728, -0.057163625955581665, 0.24414551258087158],
      [-0.12291273474693298, 0.07942827045917511, 0.06711587309837341],
      [0.005533425137400627, -0.03388882055878639, 0.2829555869102478],
    ]
    for (const [i, row] of peft.entries())
      for (const [j, value] of row.entries()) expect(logits[i]![j]).toBeCloseTo(value, 5)
  },
  'head-size-message': (output) => {
    const [otherSize, wrapped] = output.trim().split('\n')
    expect(otherSize).toContain('classifier.weight is [3, 16], config.json says 2 labels')
    expect(wrapped).toContain('3/3 texts') // the prefix "module." is stripped
  },
}

/** Cases that have no expectation yet are named, so that one forgotten is seen. */
const missing = present
  ? readdirSync(cases).filter((name) => existsSync(join(cases, name, 'run.sh')) && !(name in expectations))
  : []
if (missing.length > 0) console.log(`cases without an expectation: ${missing.join(', ')}`)

describe.skipIf(!present)('what once went wrong', () => {
  it.each(Object.entries(expectations))('%s', { timeout: 120_000 }, async (name, check) => {
    const { stdout, stderr } = await promisify(execFile)('bash', [join(cases, name, 'run.sh')], {
      env: { ...process.env, TORCH_LORA: root },
    })
    check(stdout + stderr)
  })
})
