import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { adapterTensors } from '../../lib/adapters/adapter.ts'
import { padToBucket } from '../../lib/data/index.ts'
import {
  AutoModelForSequenceClassification,
  applyLora,
  batchTensors,
  type Model,
  manualSeed,
  noGrad,
  ops,
  packBatch,
  Tensor,
} from '../../lib/index.ts'
import type { DType } from '../../lib/tensor.ts'
import { fixtures } from '../models/golden.ts'

const folders = await mkdtemp(join(tmpdir(), 'gpu-training-'))
afterAll(() => rm(folders, { recursive: true }))

/** A fixture's folder without dropout: devices draw from generators of their own. */
export async function withoutDropout(name: string): Promise<string> {
  const folder = join(folders, name)
  await cp(`${fixtures}models/${name}`, folder, { recursive: true })
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  for (const key of [
    'hidden_dropout_prob',
    'attention_probs_dropout_prob',
    'classifier_dropout',
    'cls_dropout',
  ])
    config[key] = 0
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, pooler_dropout: 0 }))
  return folder
}

/** The same adapter numbers on every device: drawn on the CPU, then copied. */
export async function adapted(folder: string, where: string, dtype: DType) {
  manualSeed(7)
  const source = applyLora(await AutoModelForSequenceClassification.fromPretrained(folder), {
    r: 4,
    loraAlpha: 8,
    initLoraWeights: false,
  })
  const model = applyLora(
    await AutoModelForSequenceClassification.fromPretrained(folder, {
      device: where,
      dtype,
    }),
    { r: 4, loraAlpha: 8 },
  )
  const drawn = new Map(adapterTensors(source))
  noGrad(() => {
    for (const [path, tensor] of adapterTensors(model)) ops.copy_(tensor, drawn.get(path)!)
  })
  return model
}

/** A step's inputs, padded to a shape of few where `padded`. */
export function inputs(
  model: Model,
  sizes: readonly number[],
  where: string,
  { padded = false, lossScale = 1 } = {},
) {
  const encodings = sizes.map((length, b) => ({
    ids: Int32Array.from({ length }, (_, t) => 5 + ((7 * t + 3 * b) % 20)),
    typeIds: new Int32Array(length),
  }))
  const packed = packBatch(encodings, { positions: model.positions })
  const batch = padded ? padToBucket(packed, model.config) : packed
  const values = Int32Array.from(sizes, (_, b) => b % model.task.width)
  const examples = sizes.map((_, b) => b)
  const lengths = Array.from({ length: batch.cuSeqlens.length - 1 }, () => 0)
  return {
    batch: batchTensors(batch, where),
    targets: model.task.collate({ values, shape: [values.length] }, examples, {
      device: where,
      dtype: model.outputDType,
      lengths,
    }),
    lossScale: Tensor.scalar(lossScale),
  }
}
