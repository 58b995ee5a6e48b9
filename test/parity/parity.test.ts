import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adapterTensors, keyInFile, loadAdapter, saveAdapter } from '../../lib/adapters/adapter.ts'
import { keyOfPath } from '../../lib/adapters/adapter-keys.ts'
import { applyLora } from '../../lib/adapters/apply.ts'
import { LoraConfig } from '../../lib/adapters/config.ts'
import { mergeLora } from '../../lib/adapters/merge.ts'
import { loraState } from '../../lib/adapters/state.ts'
import { mapTensors, readCheckpoint } from '../../lib/checkpoint/index.ts'
import * as ops from '../../lib/generated/ops.ts'
import { noGrad } from '../../lib/grad-mode.ts'
import { AutoModelForSequenceClassification } from '../../lib/models/auto.ts'
import type { Model } from '../../lib/models/model.ts'
import { manualSeed } from '../../lib/random.ts'
import type { Tensor } from '../../lib/tensor.ts'
import { goldenBatch, maxDifference } from '../models/golden.ts'
import { type ParityCase, parityCases, parityTasks } from './cases.ts'
import { loadCase, lossOf } from './heads.ts'

// Live parity with transformers and peft: TORCH_LORA_PYTHON names a Python that has both.
const python = process.env.TORCH_LORA_PYTHON
const families =
  process.env.TORCH_LORA_PARITY_FAMILIES?.split(',') ?? AutoModelForSequenceClassification.modelTypes
const count = Number(process.env.TORCH_LORA_PARITY_CASES ?? parityTasks.length * families.length)
const seed = Number(process.env.TORCH_LORA_PARITY_SEED ?? 1)
const script = resolve(import.meta.dirname, '../../scripts/parity/reference.py')
const cases = parityCases(families, count, seed)

/** How far logits (absolute), loss and all gradients as one vector (relative) may be from the float64 reference. */
const allowed = { float32: 1e-4, float64: 1e-6 }

type DType = 'float32' | 'float64'

/**
 * How far outputs may be off. Those of words and vectors whose length is not 1 are large, and float32 rounds by their
 * size: there it is a share of the largest.
 */
function allowedFor({ task }: ParityCase, dtype: DType, expected: Tensor): number {
  return allowed[dtype] * (task === 'masked' || task === 'sentence' ? Math.max(1, magnitude(expected)) : 1)
}

/** How far gradients may be off: a softmax over many words, or a cosine, loses digits in float32. */
function allowedGradients({ task }: ParityCase, dtype: DType): number {
  return allowed[dtype] * (dtype === 'float32' && task !== 'sequence' && task !== 'token' ? 20 : 1)
}

let root: string

async function reference(action: 'make' | 'check'): Promise<void> {
  await promisify(execFile)(python!, [script, action, root], { timeout: 600_000, maxBuffer: 1 << 26 })
}

async function tensors(...path: string[]): Promise<Map<string, Tensor>> {
  return mapTensors((await readCheckpoint(join(root, ...path))).entries.values())
}

const load = (drawn: ParityCase, dtype: DType = 'float32') =>
  loadCase(drawn, join(root, drawn.name, 'model'), dtype)

/**
 * All gradients as one vector; in float64 also each by itself, where nothing but a wrong formula can differ.
 */
function expectGradients(
  drawn: ParityCase,
  pairs: { key: string; actual: Tensor | null }[],
  { values, dtype }: { values: Map<string, Tensor>; dtype: DType },
) {
  const largest = largestGradient(values)
  let difference = 0
  let norm = 0
  for (const { key, actual } of pairs) {
    const expected = values.get(`grad.${key}`)!
    const theirs = Array.from(expected.readSync(), Number)
    // No gradient here is a gradient of zero there: a parameter that the loss does not depend on.
    if (actual === null) expect(magnitude(expected), key).toBe(0)
    const ours = actual === null ? theirs : Array.from(actual.readSync(), Number)
    difference = Math.hypot(difference, ...ours.map((value, at) => value - theirs[at]!))
    norm = Math.hypot(norm, ...theirs)
    // A key's bias has no gradient, since the softmax does not see it: only rounding, of larger ones.
    if (actual === null || dtype !== 'float64' || maxDifference(actual, expected) < largest * 1e-9) continue
    expect(relativeDifference(actual, expected), key).toBeLessThan(1e-6)
  }
  expect(difference / norm, `all gradients in ${dtype}`).toBeLessThan(allowedGradients(drawn, dtype))
}

/** The norm of the difference over the norm of what is expected. */
function relativeDifference(actual: Tensor, expected: Tensor): number {
  const [ours, theirs] = [actual.readSync(), expected.readSync()].map((values) => Array.from(values, Number))
  const difference = Math.hypot(...ours!.map((value, at) => value - theirs![at]!))
  return difference === 0 ? 0 : difference / Math.hypot(...theirs!)
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

    it.each(['float32', 'float64'] as const)(
      'base model in %s: logits, loss and every gradient',
      async (dtype) => {
        const model = await load(drawn, dtype)
        const values = await tensors(name, 'model.safetensors')
        const logits = noGrad(() => model.forward(goldenBatch(values)))
        const expected = values.get('logits')!
        expect(maxDifference(logits, expected)).toBeLessThan(allowedFor(drawn, dtype, expected))
        model.setRequiresGrad(true)
        const loss = lossOf(drawn, model, values)
        expect(relativeDifference(loss, values.get('loss')!)).toBeLessThan(allowed[dtype])
        loss.backward()
        const pairs = Array.from(model.namedParameters(), ([key, { grad }]) => ({ key, actual: grad }))
        expect(pairs.length).toBe([...values.keys()].filter((key) => key.startsWith('grad.')).length)
        expectGradients(drawn, pairs, { values, dtype })
      },
    )

    it.each(['float32', 'float64'] as const)(
      "peft's adapter in %s: logits, loss, gradients",
      async (dtype) => {
        const model = await loadAdapter(await load(drawn, dtype), join(root, name, 'adapter'), {
          trainable: true,
        })
        const values = await tensors(name, 'adapter.safetensors')
        const loss = lossOf(drawn, model, values)
        expect(relativeDifference(loss, values.get('loss')!)).toBeLessThan(allowed[dtype])
        loss.backward()
        const state = loraState(model)
        const ours = new Map(
          Array.from(adapterTensors(model), ([path, tensor]) => [
            keyInFile(model, keyOfPath(path, state)),
            tensor,
          ]),
        )
        const theirs = [...values.keys()].filter((key) => key.startsWith('grad.')).map((key) => key.slice(5))
        const trained = theirs.filter((key) => !/\.(original_module|modules_to_save)\./.test(key))
        expect(trained.filter((key) => !ours.has(key))).toEqual([])
        expectGradients(
          drawn,
          trained.map((key) => ({ key, actual: ours.get(key)!.grad })),
          { values, dtype },
        )
        const batch = goldenBatch(values)
        const expectLogits = (expected: Tensor, times: number) =>
          expect(
            maxDifference(
              noGrad(() => model.forward(batch)),
              expected,
            ),
          ).toBeLessThan(times * allowedFor(drawn, dtype, expected))
        expectLogits(values.get('logits')!, 1)
        mergeLora(model)
        // Both sides have rounded the merged weights once more, each in its own order.
        expectLogits(values.get('merged_logits')!, 3)
      },
    )
  })

  it('what this package writes, transformers and peft load, with the same logits', async () => {
    const ours = new Map<string, { adapter: Tensor; model: Tensor; merged: Tensor }>()
    for (const drawn of cases) {
      const { name, lora } = drawn
      const folder = join(root, name, 'ours')
      await mkdir(folder)
      const batch = goldenBatch(await tensors(name, 'model.safetensors'))
      const logits = (model: Model) => noGrad(() => model.forward(batch))
      const model = await load(drawn)
      await model.savePretrained(join(folder, 'model'))
      const base = logits(model)
      applyLora(model, loraConfig(lora!))
      manualSeed(seed)
      noGrad(() => {
        for (const [path, tensor] of adapterTensors(model))
          if (path.includes('lora_B')) ops.normal_(tensor, { std: 0.3 })
      })
      await saveAdapter(model, join(folder, 'adapter'))
      const adapter = logits(model)
      expect(maxDifference(adapter, base)).toBeGreaterThan(allowed.float32)
      mergeLora(model)
      await model.savePretrained(join(folder, 'merged'))
      ours.set(name, { model: base, adapter, merged: logits(model) })
    }
    await reference('check')
    for (const drawn of cases) {
      const theirs = await tensors(drawn.name, 'check.safetensors')
      for (const [kind, value] of Object.entries(ours.get(drawn.name)!)) {
        const expected = theirs.get(kind)!
        const apart = maxDifference(value, expected)
        expect(apart, `${drawn.name} ${kind}`).toBeLessThan(allowedFor(drawn, 'float32', expected))
      }
    }
  }, 600_000)
})

/** The drawn configuration in this package's names. */
function loraConfig(json: Record<string, unknown>): LoraConfig {
  const camel = (key: string) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  return new LoraConfig(Object.fromEntries(Object.entries(json).map(([key, value]) => [camel(key), value])))
}
