import { describe, expect, it } from 'vitest'
import { packBatch } from '../lib/data/index.ts'
import * as fused from '../lib/generated/fused.ts'
import * as ops from '../lib/generated/ops.ts'
import { noGrad } from '../lib/grad-mode.ts'
import { memory, resetPeakMemory } from '../lib/memory.ts'
import { AutoModelForSequenceClassification } from '../lib/models/auto.ts'
import type { Model } from '../lib/models/model.ts'
import { batchTensors } from '../lib/nn/batch.ts'
import { compile } from '../lib/program.ts'
import { manualSeed } from '../lib/random.ts'
import { recompute } from '../lib/recompute.ts'
import { Tensor } from '../lib/tensor.ts'

const leaf = (shape: number[]) => {
  const tensor = Tensor.randn(shape)
  tensor.requiresGrad = true
  return tensor
}

describe('checkpoint', () => {
  it('gives the values and gradients of what it runs, dropout included', async () => {
    const w = leaf([8, 8])
    const v = leaf([8, 8])
    const x = leaf([4, 8])
    const block = (input: Tensor, weight: Tensor) =>
      fused.dropout(ops.tanh(ops.matmul(fused.dropout(input, 0.4), weight)), 0.5)
    const step = (run: (body: () => Tensor) => Tensor) =>
      compile(() => {
        const hidden = run(() => block(x, w))
        const loss = ops.sum(run(() => ops.add(block(hidden, v), hidden)))
        loss.backward()
        const gradients = [x, w, v].map((tensor) => tensor.grad!)
        return { loss: loss.detach(), gradients, after: Tensor.randn([3]) }
      })
    const results = []
    for (const run of [(body: () => Tensor) => body(), recompute]) {
      manualSeed(7)
      const { loss, gradients, after } = await step(run)()
      results.push([loss, ...gradients, after].map((tensor) => tensor.readSync()))
      for (const tensor of [x, w, v]) tensor.clearGrad()
    }
    expect(results[1]).toEqual(results[0])
  })

  it('nests', async () => {
    const w = leaf([3])
    const step = compile((x: Tensor) => {
      const y = recompute(() =>
        ops.mul(
          w,
          recompute(() => ops.mul(ops.exp(w), x)),
        ),
      )
      ops.sum(y).backward()
      return { gradient: w.grad! }
    })
    const { gradient } = await step(Tensor.ones([3]))
    const values = w.readSync() as Float32Array
    const expected = Array.from(values, (value) => Math.exp(value) * (1 + value))
    for (const [i, value] of (gradient.readSync() as Float32Array).entries())
      expect(value).toBeCloseTo(expected[i]!, 4)
  })

  it('is its body where no gradient is recorded', async () => {
    const w = leaf([2])
    expect(recompute(() => ops.mul(w, w)).shape).toEqual([2])
    const program = compile(() => noGrad(() => recompute(() => ops.mul(w, w))))
    const square = await program()
    expect(square.requiresGrad).toBe(false)
    expect(square.readSync()).toEqual(ops.mul(w, w).readSync())
  })

  it('refuses what cannot be run twice', async () => {
    const w = leaf([2])
    await expect(compile(() => recompute(() => noGrad(() => ops.mul(w, w))))()).rejects.toMatchObject({
      code: 'RECORDING',
      message: expect.stringMatching(/may only call operators; it recorded 'gradMode'/),
    })
    await expect(compile(() => recompute(() => w))()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

const sizes = {
  vocab_size: 50,
  hidden_size: 64,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  intermediate_size: 256,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
}

const families: [name: string, build: () => Model][] = [
  [
    'RoBERTa',
    () => {
      const raw = { ...sizes, model_type: 'roberta', max_position_embeddings: 130, type_vocab_size: 1 }
      return AutoModelForSequenceClassification.fromConfig(raw, { seed: 2 })
    },
  ],
  [
    'DeBERTa',
    () => {
      const raw = {
        ...sizes,
        model_type: 'deberta-v2',
        max_position_embeddings: 128,
        type_vocab_size: 0,
        relative_attention: true,
        position_buckets: 16,
        pos_att_type: 'p2c|c2p',
        share_att_key: true,
        norm_rel_ebd: 'layer_norm',
        conv_kernel_size: 3,
        conv_act: 'gelu',
      }
      return AutoModelForSequenceClassification.fromConfig(raw, { seed: 2 })
    },
  ],
]

describe.each(families)('gradient checkpointing of %s', (_, build) => {
  it('gives the same loss and gradients in less memory', async () => {
    manualSeed(2)
    using model = build()
    model.setRequiresGrad(true)
    model.train()
    const lengths = [90, 30, 120, 16]
    const ids = lengths.map((length) => Array.from({ length }, (_, i) => 5 + ((i * 7) % 40)))
    const encodings = ids.map((each) => ({
      ids: Int32Array.from(each),
      typeIds: new Int32Array(each.length),
    }))
    const batch = batchTensors(packBatch(encodings, { positions: model.positions }), model.device)
    const labels = Tensor.from([0, 1, 1, 0], { dtype: 'int64' })
    const results = []
    for (const enabled of [false, true]) {
      model.setGradientCheckpointing(enabled)
      using step = compile(() => {
        const loss = model.loss(model.forward(batch), { labels })
        loss.backward()
        return {
          loss: loss.detach(),
          gradients: model.trainableParameters().map(([, tensor]) => tensor.grad!),
        }
      })
      for (let run = 0; run < 2; run++) {
        manualSeed(3)
        resetPeakMemory()
        const before = memory().liveBytes
        const { loss, gradients } = await step()
        if (run === 1) {
          results.push({
            peak: memory().peakBytes - before,
            values: [loss, ...gradients].map((tensor) => tensor.readSync()),
          })
        }
        for (const tensor of [loss, ...gradients]) tensor.dispose()
        for (const [, tensor] of model.trainableParameters()) tensor.clearGrad()
      }
    }
    const [kept, again] = results
    // A parameter that several layers read gets its gradients added up in another order: the last bits may differ.
    for (const [i, tensor] of again!.values.entries()) {
      const expected = kept!.values[i] as Float32Array
      const scale = Math.max(...expected.map(Math.abs))
      const apart = Math.max(...(tensor as Float32Array).map((value, j) => Math.abs(value - expected[j]!)))
      expect(apart).toBeLessThanOrEqual(1e-5 * scale)
    }
    expect(again!.peak).toBeLessThan(0.6 * kept!.peak)
  })
})
