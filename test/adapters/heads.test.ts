import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { applyLora } from '../../lib/adapters/apply.ts'
import { loadAdapter, saveAdapter } from '../../lib/index.ts'
import { AutoModelForQuestionAnswering } from '../../lib/models/auto.ts'
import type { Tensor } from '../../lib/tensor.ts'
import { tinyModel } from '../train/tiny.ts'

it('the head of a question answerer comes with its adapter, and no fresh one answers in its place', async () => {
  const base = await tinyModel()
  const folder = await mkdtemp(join(tmpdir(), 'head-'))
  const trained = await AutoModelForQuestionAnswering.fromPretrained(base, { seed: 1 })
  applyLora(trained, { r: 4 })
  await saveAdapter(trained, folder)
  const other = await AutoModelForQuestionAnswering.fromPretrained(base, { seed: 2 })
  const headOf = (model: typeof trained) => {
    const entries: [string, Tensor][] = [...model.namedParameters()]
    const [, weight] = entries.find(([path]) => path.includes('qa_outputs') && path.endsWith('weight'))!
    return Array.from(weight.readSync() as Float32Array)
  }
  expect(headOf(other)).not.toEqual(headOf(trained))
  await loadAdapter(other, folder)
  expect(headOf(other)).toEqual(headOf(trained))
})
