import { cp, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadAdapter } from '../../lib/adapters/adapter.ts'
import { mergeLora } from '../../lib/adapters/merge.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { tinyAdapter, tinyClassifier } from '../inference/models.ts'
import { cli } from './run.ts'

it('adapters are taken by where they stand, whatever their folders are called', {
  timeout: 90_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'combine-'))
  const base = await tinyClassifier()
  const lora = { r: 4, targetModules: ['query'] }
  for (const [i, name] of ['default', 'combined', 'third'].entries())
    await cp(await tinyAdapter(base, { ...lora, seed: i + 1 }), join(folder, name), { recursive: true })
  const query = async (adapter: string) => {
    using model = await AutoModelForSequenceClassification.fromPretrained(base)
    await loadAdapter(model, join(folder, adapter))
    const merged = new Map(mergeLora(model).namedParameters())
    return merged.get('bert.encoder.layer.0.attention.self.query.weight')!.readSync() as Float32Array
  }
  // Of one of them with weight 1 and others with weight 0 nothing but that one is left.
  for (const [i, name] of ['default', 'combined', 'third'].entries()) {
    const weights = [0, 1, 2].map((n) => (n === i ? 1 : 0)).join()
    const { code, stderr } = await cli(
      ['combine', '--model', base, '--adapter', 'default', 'combined', 'third', '--weights', weights].concat([
        '--head',
        'third',
        '--combination-type',
        'linear',
        '--out',
        `out-${name}`,
      ]),
      { cwd: folder },
    )
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const [found, expected] = [await query(`out-${name}`), await query(name)]
    for (const [n, value] of found.entries()) expect(value).toBeCloseTo(expected[n]!, 5)
  }
})
