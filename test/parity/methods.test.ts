import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors, loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { keyOfPath } from '../../lib/adapters/adapter-keys.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { createLorafaOptimizer } from '../../lib/adapters/lora-fa.ts'
import { loraPlusScale } from '../../lib/adapters/lora-plus.ts'
import { mergeLora, unloadLora } from '../../lib/adapters/merge.ts'
import { adapterOptimizer, loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'

import type { Model } from '../../lib/models/model.ts'
import { AdamW } from '../../lib/optim/adamw.ts'
import type { Optimizer } from '../../lib/optim/optimizer.ts'
import { Tensor } from '../../lib/tensor.ts'
import { compileTrainingStep } from '../../lib/train/step.ts'
import { goldenBatch, maxDifference } from '../models/golden.ts'
import { type MethodCase, methodCases, methodDraws } from './method-cases.ts'

// Each method of PEFT on random models: TORCH_LORA_PYTHON names a Python that has transformers and peft.
const python = process.env.TORCH_LORA_PYTHON
const seed = Number(process.env.TORCH_LORA_PARITY_SEED ?? 1)
const methods = process.env.TORCH_LORA_PARITY_METHODS?.split(',') ?? Object.keys(methodDraws)
const script = resolve(import.meta.dirname, '../../scripts/parity/methods.py')
const cases = methodCases(methods, seed)

let root: string

function reference(action: 'make' | 'check') {
  return promisify(execFile)(python!, [script, action, root], { timeout: 600_000, maxBuffer: 1 << 26 })
}

async function tensors(...path: string[]): Promise<Map<string, Tensor>> {
  return mapTensors((await readCheckpoint(join(root, ...path))).entries.values())
}

function load({ name }: MethodCase, dtype: 'float32' | 'float64') {
  return AutoModelForSequenceClassification.fromPretrained(join(root, name, 'model'), { dtype })
}

function labelsOf(model: Model, values: Map<string, Tensor>): Tensor {
  const given = values.get('labels')! // whole numbers are classes
  return given.to({ dtype: given.dtype === 'int32' ? 'int64' : model.outputDType })
}

/** The norm of the difference over the norm of what is expected. */
function relative(actual: Tensor, expected: Tensor): number {
  const [ours, theirs] = [actual, expected].map((tensor) => Array.from(tensor.readSync(), Number))
  const difference = Math.hypot(...ours!.map((value, at) => value - theirs![at]!))
  return difference === 0 ? 0 : difference / Math.hypot(...theirs!)
}

/** The tensors of the adapter by their names in PEFT's files. */
function byKey(model: Model): Map<string, Tensor> {
  const state = loraState(model)
  return new Map(Array.from(adapterTensors(model), ([path, tensor]) => [keyOfPath(path, state), tensor]))
}

function startingWith(values: Map<string, Tensor>, prefix: string): [key: string, value: Tensor][] {
  return [...values]
    .filter(([name]) => name.startsWith(prefix) && !/\.original_module\./.test(name))
    .map(([name, value]) => [name.slice(prefix.length), value])
}

function optimizerOf(model: Model, { optimizer, lr }: MethodCase): Optimizer {
  if (optimizer === 'lorafa') {
    const make = createLorafaOptimizer(model)
    return make(model.trainableParameters(), {})
  }
  if (optimizer === null) return new AdamW(model.trainableParameters())
  const learningRateScale = loraPlusScale(model, { learningRate: lr, loraplusLrRatio: 8 })
  return new AdamW(model.trainableParameters(), { learningRateScale })
}

/** The loss of each update. */
async function losses(model: Model, values: Map<string, Tensor>, drawn: MethodCase): Promise<number[]> {
  const { updates, lr } = drawn
  using optimizer = adapterOptimizer(model, optimizerOf(model, drawn))
  optimizer.begin?.(updates)
  const step = compileTrainingStep(model, optimizer, { maxGradNorm: 0 })
  const all: number[] = []
  for (let done = 0; done < updates; done++) {
    const { loss } = await step.update({
      batch: goldenBatch(values),
      targets: { labels: labelsOf(model, values) },
      lossScale: Tensor.scalar(1),
      learningRate: Tensor.scalar(lr),
    })
    all.push(loss.item())
  }
  step.dispose()
  return all
}

function expectLosses(actual: readonly number[], values: Map<string, Tensor>): void {
  const expected = Array.from(values.get('losses')!.readSync(), Number)
  expect(Math.abs(expected[0]! - expected.at(-1)!)).toBeGreaterThan(1e-3) // the updates have changed something
  for (const [at, loss] of actual.entries())
    expect(Math.abs(loss - expected[at]!), `loss ${at}`).toBeLessThan(1e-4 * Math.max(1, expected[0]!))
}

/** Logits of the adapters that were trained here and written for peft. */
const written = new Map<string, Tensor>()

describe.skipIf(!python)(`${methods.join(', ')}, seed ${seed} (skipped without TORCH_LORA_PYTHON)`, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'torch-lora-methods-'))
    await writeFile(join(root, 'spec.json'), JSON.stringify(cases))
    await reference('make')
  }, 600_000)
  afterAll(() => rm(root, { recursive: true, force: true }))

  describe.each(cases.filter(({ fresh }) => !fresh))('$name of $family', (drawn) => {
    const { name } = drawn

    it("peft's adapter: logits, loss, gradients, and merged", async () => {
      const model = await loadAdapter(await load(drawn, 'float64'), join(root, name, 'adapter'), {
        trainable: true,
      })
      const values = await tensors(name, 'adapter.safetensors')
      const batch = goldenBatch(values)
      model.train() // peft adds AdaLoRA's penalty to every loss, here training does
      const loss = model.loss(model.forward(batch), { labels: labelsOf(model, values) })
      expect(relative(loss, values.get('loss')!)).toBeLessThan(1e-6)
      loss.backward()
      const ours = byKey(model)
      const gradients = startingWith(values, 'grad.')
      expect(gradients.filter(([key]) => !ours.has(key)).map(([key]) => key)).toEqual([])
      const largest = Math.max(
        ...gradients.map(([, value]) => maxDifference(value, Tensor.zeros(value.shape))),
      )
      for (const [key, expected] of gradients) {
        const actual = ours.get(key)!.grad ?? Tensor.zeros(expected.shape)
        // Where it is zero but for rounding, as a key's bias has it, there is nothing to compare.
        if (maxDifference(actual, expected) > largest * 1e-8)
          expect(relative(actual, expected), key).toBeLessThan(1e-6)
      }
      const logits = () => noGrad(() => model.forward(batch))
      expect(maxDifference(logits(), values.get('logits')!)).toBeLessThan(1e-6)
      mergeLora(model, { safe: true })
      expect(maxDifference(logits(), values.get('merged_logits')!)).toBeLessThan(1e-6)
    })

    it('updates: the loss at each, and what they make of every tensor', async () => {
      const model = await loadAdapter(await load(drawn, 'float32'), join(root, name, 'adapter'), {
        trainable: true,
      })
      const values = await tensors(name, 'adapter.safetensors')
      expectLosses(await losses(model, values, drawn), values)
      const ours = byKey(model)
      // LoRA+ takes larger steps, and rounding that turns one of Adam's first steps around counts as much.
      const bound = name.startsWith('loraplus') ? 8e-3 : 2e-3
      for (const [key, after] of startingWith(values, 'after.'))
        expect(maxDifference(ours.get(key)!, after), key).toBeLessThan(bound)
    })
  })

  it.each(cases.filter(({ fresh }) => fresh))(
    '$name of $family: trained from where it starts, saved as plain LoRA',
    async (drawn) => {
      const { name, peft } = drawn
      const values = await tensors(name, 'fresh.safetensors')
      const model = await load(drawn, 'float32')
      const { type: _, ...own } = peft
      const camel = (key: string) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
      const plain = noGrad(() => model.forward(goldenBatch(values)))
      applyLora(model, Object.fromEntries(Object.entries(own).map(([key, value]) => [camel(key), value])))
      expect(
        maxDifference(
          noGrad(() => model.forward(goldenBatch(values))),
          plain,
        ),
      ).toBeLessThan(1e-4)
      expectLosses(await losses(model, values, drawn), values)
      const logits = noGrad(() => model.eval().forward(goldenBatch(values)))
      expect(maxDifference(logits, values.get('trained_logits')!)).toBeLessThan(2e-3)
      await mkdir(join(root, name, 'ours'))
      await saveAdapter(model, join(root, name, 'ours', 'adapter'))
      const again = await loadAdapter(await load(drawn, 'float32'), join(root, name, 'ours', 'adapter'))
      expect(
        maxDifference(
          noGrad(() => again.forward(goldenBatch(values))),
          logits,
        ),
      ).toBeLessThan(1e-4)
      unloadLora(model)
      expect(noGrad(() => model.forward(goldenBatch(values))).readSync()).toEqual(plain.readSync())
      written.set(name, logits)
    },
  )

  it('what this package writes peft loads, with the same logits', async () => {
    for (const drawn of cases.filter(({ fresh }) => !fresh)) {
      const model = await loadAdapter(await load(drawn, 'float32'), join(root, drawn.name, 'adapter'))
      await mkdir(join(root, drawn.name, 'ours'))
      await saveAdapter(model, join(root, drawn.name, 'ours', 'adapter'))
    }
    await reference('check')
    for (const { name } of cases) {
      const theirs = (await tensors(name, 'check.safetensors')).get('logits')!
      const before = written.get(name) ?? (await tensors(name, 'adapter.safetensors')).get('logits')!
      expect(maxDifference(theirs, before), name).toBeLessThan(1e-4)
    }
  }, 600_000)
})
