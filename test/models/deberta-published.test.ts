import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { packBatch } from '../../lib/data/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { loadReport } from '../../lib/models/origin.ts'
import { batchTensors } from '../../lib/nn/batch.ts'
import { fixtures, maxDifference } from './golden.ts'

const python = process.env.TORCH_LORA_PYTHON
const script = resolve(import.meta.dirname, '../../scripts/parity/published_deberta.py')

describe.skipIf(!python).each(['deberta-v2', 'deberta-v3'])(
  '%s as Microsoft publishes it (skipped without TORCH_LORA_PYTHON)',
  (name) => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'published-'))
      await promisify(execFile)(python!, [script, `${fixtures}models/${name}`, folder])
    }, 120_000)
    afterAll(() => rm(folder, { recursive: true, force: true }))

    it('loads from pytorch_model.bin: the body as transformers reads it, the heads of pretraining left out', async () => {
      using model = await AutoModelForSequenceClassification.fromPretrained(folder, {
        labels: ['no', 'yes'],
        seed: 1,
      })
      const expected = mapTensors(
        (await readCheckpoint(join(folder, 'expected.safetensors'))).entries.values(),
      )
      const ids = Int32Array.from(expected.get('input_ids')!.readSync(), Number)
      const ends = Array.from(expected.get('cu_seqlens')!.readSync(), Number)
      const sequences = ends.slice(1).map((end, b) => ({
        ids: ids.slice(ends[b], end),
        typeIds: new Int32Array(end - ends[b]!),
      }))
      const batch = batchTensors(packBatch(sequences, { positions: model.positions }))
      const first = noGrad(() => model.encode(batch))
      expect(maxDifference(first, expected.get('first')!)).toBeLessThan(1e-5)

      const { missing, unexpected } = loadReport(model)!
      expect(missing).toEqual([
        'pooler.dense.weight',
        'pooler.dense.bias',
        'classifier.weight',
        'classifier.bias',
      ])
      expect(unexpected.sort()).toEqual(
        [
          'deberta.embeddings.position_embeddings.weight',
          'deberta.embeddings.position_ids',
          'lm_predictions.lm_head.LayerNorm.weight',
          'lm_predictions.lm_head.bias',
          'lm_predictions.lm_head.dense.weight',
          'mask_predictions.LayerNorm.weight',
          'mask_predictions.classifier.weight',
          'mask_predictions.dense.weight',
        ].sort(),
      )
    })

    it('trains and saves the pooler that starts fresh, with the classifier', async () => {
      using model = await AutoModelForSequenceClassification.fromPretrained(folder, { numLabels: 3 })
      applyLora(model)
      const saved = [...adapterTensors(model).keys()]
      expect(saved).toEqual(expect.arrayContaining(['pooler.dense.weight', 'pooler.dense.bias']))
      expect(saved).toEqual(expect.arrayContaining(['classifier.weight', 'classifier.bias']))
      expect(
        model
          .trainableParameters()
          .map(([path]) => path)
          .sort(),
      ).toEqual(saved.sort())
    })
  },
)
