import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCheckpoint } from '../../lib/checkpoint/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { adapterTensors, loadAdapter, saveAdapter } from '../../lib/lora/adapter.ts'
import { keyOfPath } from '../../lib/lora/adapter-keys.ts'
import { applyLora, loraState } from '../../lib/lora/apply.ts'
import { LoraConfig } from '../../lib/lora/config.ts'
import { mergeLora } from '../../lib/lora/merge.ts'
import { AutoModelForSequenceClassification, savePretrained } from '../../lib/models/auto.ts'
import type { SequenceClassifier } from '../../lib/models/classifier.ts'
import { mapTensors } from '../../lib/models/load.ts'
import { manualSeed } from '../../lib/random.ts'
import type { Tensor } from '../../lib/tensor.ts'
import { goldenBatch, maxDifference, relativeDifference } from '../models/golden.ts'
import { parityCases } from './cases.ts'

// Live parity with transformers and peft: TORCH_LORA_PYTHON names a Python that has both.
const python = process.env.TORCH_LORA_PYTHON
const count = Number(process.env.TORCH_LORA_PARITY_CASES ?? 18)
const seed = Number(process.env.TORCH_LORA_PARITY_SEED ?? 1)
const script = resolve(import.meta.dirname, '../../scripts/parity/reference.py')
const cases = parityCases(AutoModelForSequenceClassification.families, count, seed)

const LOGITS = 1e-4 // absolute
const GRADIENTS = 1e-4 // relative, by norm

let root: string

async function reference(action: 'make' | 'check'): Promise<void> {
  await promisify(execFile)(python!, [script, action, root], { timeout: 600_000, maxBuffer: 1 << 26 })
}

async function tensors(...path: string[]): Promise<Map<string, Tensor>> {
  return mapTensors((await readCheckpoint(join(root, ...path))).entries.values())
}

const load = (name: string) => AutoModelForSequenceClassification.fromPretrained(join(root, name, 'model'))

function lossOf(model: SequenceClassifier, values: Map<string, Tensor>): Tensor {
  const single = model.config.problemType === 'single_label_classification'
  const labels = values.get('labels')!.to({ dtype: single ? 'int64' : 'float32' })
  return model.loss(model.forward(goldenBatch(values)), labels)
}

/** Gradients of parameters without influence (a key's bias, by the softmax) are noise around zero on both sides. */
function expectGradient(actual: Tensor, expected: Tensor, largest: number, name: string): void {
  if (maxDifference(actual, expected) < largest * 1e-6) return
  expect(relativeDifference(actual, expected), name).toBeLessThan(GRADIENTS)
}

/** The largest absolute value. */
function magnitude(tensor: Tensor): number {
  let largest = 0
  for (const value of tensor.readSync()) largest = Math.max(largest, Math.abs(Number(value)))
  return largest
}

function largestGradient(values: Map<string, Tensor>): number {
  const gradients = [...values].filter(([name]) => name.startsWith('grad.'))
  return Math.max(...gradients.map(([, value]) => magnitude(value)))
}

describe.skipIf(!python)(`${count} random models, seed ${seed} (skipped without TORCH_LORA_PYTHON)`, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'torch-lora-parity-'))
    await writeFile(join(root, 'spec.json'), JSON.stringify(cases))
    await reference('make')
  }, 600_000)
  afterAll(() => rm(root, { recursive: true, force: true }))

  describe.each(cases)('$name', (drawn) => {
    const { name } = drawn

    it('base model: logits, loss and every gradient', async () => {
      const model = await load(name)
      const values = await tensors(name, 'model.safetensors')
      const logits = noGrad(() => model.forward(goldenBatch(values)))
      expect(maxDifference(logits, values.get('logits')!)).toBeLessThan(LOGITS)
      model.setRequiresGrad(true)
      const loss = lossOf(model, values)
      expect(relativeDifference(loss, values.get('loss')!)).toBeLessThan(LOGITS)
      loss.backward()
      const largest = largestGradient(values)
      for (const [path, parameter] of model.namedParameters()) {
        // No gradient here is a gradient of zero there: a parameter that the loss does not depend on.
        const expected = values.get(`grad.${path}`)!
        if (parameter.grad) expectGradient(parameter.grad, expected, largest, path)
        else expect(magnitude(expected), path).toBe(0)
      }
    })

    it("peft's adapter: logits, loss, gradients, merged logits", async () => {
      const model = await loadAdapter(await load(name), join(root, name, 'adapter'), { trainable: true })
      const values = await tensors(name, 'adapter.safetensors')
      const loss = lossOf(model, values)
      expect(relativeDifference(loss, values.get('loss')!)).toBeLessThan(LOGITS)
      loss.backward()
      const state = loraState(model)
      const largest = largestGradient(values)
      const known = new Map(
        Array.from(adapterTensors(model), ([path, tensor]) => [keyOfPath(path, state), tensor]),
      )
      for (const [key, expected] of values) {
        if (!key.startsWith('grad.') || /\.(original_module|modules_to_save)\./.test(key)) continue
        const tensor = known.get(key.slice('grad.'.length))
        expect(tensor, key).toBeDefined()
        if (tensor!.grad) expectGradient(tensor!.grad, expected, largest, key)
      }
      const batch = goldenBatch(values)
      expect(
        maxDifference(
          noGrad(() => model.forward(batch)),
          values.get('logits')!,
        ),
      ).toBeLessThan(LOGITS)
      mergeLora(model)
      expect(
        maxDifference(
          noGrad(() => model.forward(batch)),
          values.get('merged_logits')!,
        ),
      ).toBeLessThan(LOGITS)
    })
  })

  it('what this package writes, transformers and peft load, with the same logits', async () => {
    const ours = new Map<string, { adapter: Tensor; model: Tensor; merged: Tensor }>()
    for (const { name, lora } of cases) {
      const folder = join(root, name, 'ours')
      await mkdir(folder)
      const batch = goldenBatch(await tensors(name, 'model.safetensors'))
      const logits = (model: SequenceClassifier) => noGrad(() => model.forward(batch))
      const model = await load(name)
      await savePretrained(model, join(folder, 'model'))
      const base = logits(model)
      applyLora(model, loraConfig(lora!))
      manualSeed(seed)
      noGrad(() => {
        for (const [path, tensor] of adapterTensors(model))
          if (path.includes('lora_B')) ops.normal_(tensor, { std: 0.3 })
      })
      await saveAdapter(model, join(folder, 'adapter'))
      const adapter = logits(model)
      expect(maxDifference(adapter, base)).toBeGreaterThan(LOGITS)
      mergeLora(model)
      await savePretrained(model, join(folder, 'merged'))
      ours.set(name, { model: base, adapter, merged: logits(model) })
    }
    await reference('check')
    for (const [name, logits] of ours) {
      const theirs = await tensors(name, 'check.safetensors')
      for (const [kind, value] of Object.entries(logits)) {
        expect(maxDifference(value, theirs.get(kind)!), `${name} ${kind}`).toBeLessThan(LOGITS)
      }
    }
  }, 600_000)
})

/** The drawn configuration in this package's names. */
function loraConfig(json: Record<string, unknown>): LoraConfig {
  const camel = (key: string) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  return new LoraConfig(Object.fromEntries(Object.entries(json).map(([key, value]) => [camel(key), value])))
}
