import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { addonPath } from '../../lib/addon.ts'
import { packBatch } from '../../lib/data/index.ts'
import { AutoModelForSequenceClassification, loadAdapter, manualSeed, Tensor } from '../../lib/index.ts'
import { batchTensors, disposeBatch } from '../../lib/nn/batch.ts'
import { AdamW } from '../../lib/optim/adamw.ts'
import { learningRateFactor } from '../../lib/optim/schedule.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'

// TORCH_LORA_PYTHON names a Python that has transformers and peft.
const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/trajectory.py')

interface Run {
  settings: {
    lr: number
    weightDecay: number
    warmup: number
    updates: number
    maxGradNorm: number
    seed: number
  }
  batches: { rows: number[][]; labels: number[] }[]
  losses: number[]
}

/** None, or the file of our operators: PEFT then drops what we drop. */
const cases = { 'without dropout': [], 'with our dropout': [join(dirname(addonPath()), 'liblora_ops.so')] }

describe.skipIf(!python)('a run beside PEFT’s', () => {
  const folder = mkdtempSync(join(tmpdir(), 'torch-lora-trajectory-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(Object.entries(cases))(
    '%s: has its loss at every update, from the same adapter on the same batches',
    async (_, library) => {
      execFileSync(python!, [script, folder, ...library], { stdio: ['ignore', 'ignore', 'pipe'] })
      const run: Run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
      const { lr, weightDecay, warmup, updates, maxGradNorm, seed } = run.settings
      const model = await AutoModelForSequenceClassification.fromPretrained(join(folder, 'model'))
      await loadAdapter(model, join(folder, 'adapter'), { trainable: true })
      using optimizer = new AdamW(model.trainableParameters(), { weightDecay })
      const step = compileTrainingStep(model, optimizer, { maxGradNorm })
      manualSeed(seed)
      const losses: number[] = []
      for (const [done, { rows, labels }] of run.batches.entries()) {
        const encodings = rows.map((row) => ({
          ids: Int32Array.from(row),
          typeIds: new Int32Array(row.length),
          truncated: false,
        }))
        const batch = batchTensors(packBatch(encodings, { positions: model.positions }), 'cpu')
        const factor = learningRateFactor(done, {
          schedule: 'linear',
          totalSteps: updates,
          warmupSteps: warmup,
        })
        const { loss } = await step.update({
          batch,
          targets: { labels: Tensor.from(labels, { dtype: 'int64' }) },
          lossScale: Tensor.scalar(1),
          learningRate: Tensor.scalar(lr * factor),
        })
        losses.push(loss.item())
        disposeBatch(batch)
      }
      step.dispose()
      expect(losses).toHaveLength(updates)
      expect(Math.max(...losses) - Math.min(...losses)).toBeGreaterThan(0.05) // the updates have changed something
      for (const [done, loss] of losses.entries())
        expect(Math.abs(loss - run.losses[done]!), `before update ${done + 1}`).toBeLessThan(1e-4)
    },
  )
})
