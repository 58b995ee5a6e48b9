import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { adapterTensors, loadAdapter, readAdapterLabels } from '../../lib/adapters/adapter.ts'
import type { LoraLinear } from '../../lib/adapters/lora.ts'
import { mergeLora } from '../../lib/adapters/merge.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import { Tensor } from '../../lib/tensor.ts'
import { goldenBatch, maxDifference } from '../models/golden.ts'

const shared = process.env.TORCH_LORA_SHARED ?? resolve(import.meta.dirname, '../../../shared')
const file = join(shared, 'data/adapters/roberta-base-lora-mnli/roberta_base_lora_mnli.bin')
const shapes = join(shared, 'data/tokenizers/roberta-base/config.json')
const present = existsSync(file) && existsSync(shapes)
if (!present) console.log(`skipped: ${shared}/data is not there (TORCH_LORA_SHARED names another place)`)

it.skipIf(!present)(
  'the MNLI adapter of microsoft/LoRA loads onto roberta-base shapes, every key used',
  async () => {
    const { temperature, ...labels } = (await readAdapterLabels(file))!
    expect({ temperature, ...labels }).toEqual({ numLabels: 3, temperature: 1 })
    const raw = JSON.parse(await readFile(shapes, 'utf8'))
    using model = AutoModelForSequenceClassification.fromConfig(raw, labels!)
    // Refuses tensors left over as well as places left empty.
    await loadAdapter(model, file, { loraAlpha: 16 })

    const { layers } = loraState(model)
    expect(layers.size).toBe(24)
    for (const layer of layers.values()) expect((layer as LoraLinear).update.scaling).toBe(2)
    const { entries } = await readCheckpoint(file)
    const inFile = mapTensors(entries.values())
    const inModel = adapterTensors(model)
    expect(inFile.size).toBe(52)
    expect(inModel.size).toBe(52)
    const count = (tensors: Map<string, Tensor>) =>
      [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(count(inModel)).toBe(887_811)
    for (const [path, tensor] of inModel) {
      const key = path.replace(/\.(lora_[AB])\.weight$/, '.$1')
      expect(maxDifference(tensor, inFile.get(key)!), path).toBe(0)
    }

    const batch = goldenBatch(
      new Map([
        ['input_ids', Tensor.from([0, 713, 16, 2, 0, 2387, 2], { dtype: 'int32' })],
        ['position_ids', Tensor.from([2, 3, 4, 5, 2, 3, 4], { dtype: 'int32' })],
        ['token_type_ids', Tensor.from([0, 0, 0, 0, 0, 0, 0], { dtype: 'int32' })],
        ['cu_seqlens', Tensor.from([0, 4, 7], { dtype: 'int32' })],
      ]),
    )
    const unmerged = noGrad(() => model.eval().forward(batch))
    const merged = noGrad(() => mergeLora(model).forward(batch))
    expect(maxDifference(merged, unmerged)).toBeLessThan(1e-5)
  },
)
