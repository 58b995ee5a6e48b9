import { describe, expect, it } from 'vitest'
import { callOperator } from '../lib/dispatch.ts'
import type { TorchLoraError } from '../lib/errors.ts'
import * as ops from '../lib/generated/ops.ts'
import { noGrad } from '../lib/grad-mode.ts'
import { memory } from '../lib/memory.ts'
import { guarded } from '../lib/native.ts'
import { compile } from '../lib/program.ts'
import { recompute } from '../lib/recompute.ts'
import { Tensor } from '../lib/tensor.ts'

const failure = async (promise: Promise<unknown>): Promise<TorchLoraError> =>
  promise.then(
    () => {
      throw new Error('expected a rejection')
    },
    (thrown) => thrown as TorchLoraError,
  )

describe('compile', () => {
  it('gives what the function gives, for every shape', async () => {
    const gram = (x: Tensor) => ops.softmax(ops.matmul(x, x.t()), -1)
    const compiled = compile(gram)
    for (const rows of [1, 3, 17]) {
      const x = Tensor.randn([rows, 8])
      expect((await compiled(x)).readSync()).toEqual(gram(x).readSync())
    }
    expect(compiled.instructionCount).toBe(3)
  })

  it('takes and gives trees, and records again for another form', async () => {
    const add = compile((batch: { x: Tensor; bias: Tensor | null }) => ({
      sum: batch.bias ? ops.add(batch.x, batch.bias) : batch.x,
      nothing: null,
    }))
    const x = Tensor.from([1, 2])
    const withBias = await add({ x, bias: Tensor.from([10, 20]) })
    expect(withBias.sum.toArray()).toEqual([11, 22])
    expect(withBias.nothing).toBeNull()
    expect((await add({ x, bias: null })).sum.toArray()).toEqual([1, 2])
  })

  it('captures tensors by reference', async () => {
    const weight = Tensor.from([1])
    const program = compile((x: Tensor) => ops.mul(x, weight))
    expect((await program(Tensor.from([3]))).toArray()).toEqual([3])
    noGrad(() => ops.fill_(weight, 5))
    expect((await program(Tensor.from([3]))).toArray()).toEqual([15])
  })

  it('keeps what it made of a captured tensor while a run of it is under way', async () => {
    const weight = Tensor.from([2])
    const program = compile((x: Tensor) => ops.mul(x, weight))
    await program(Tensor.from([3]))
    const running = program(Tensor.from([4]))
    weight.dispose()
    expect((await running).toArray()).toEqual([8])
  })

  it('trains: forward, backward, clipping, AdamW and clearing are one program', async () => {
    const w = Tensor.from([1, -2])
    const eager = Tensor.from([1, -2])
    w.requiresGrad = true
    eager.requiresGrad = true
    const lr = Tensor.scalar(0.1)
    const state = (like: Tensor) => ({ m: ops.zerosLike(like), v: ops.zerosLike(like), t: Tensor.scalar(0) })
    const update = (parameter: Tensor, s: ReturnType<typeof state>, gradient: Tensor, rate: Tensor) =>
      noGrad(() => {
        const norm = ops.linalgVectorNorm(ops.stack(ops.foreachNorm([gradient])))
        ops.foreachMul_([gradient], ops.clamp(ops.reciprocal(norm), { max: 1 }))
        ops.foreachAdd_([s.t], 1)
        ops.fusedAdamw_([parameter], [gradient], [s.m], [s.v], [], [s.t], {
          lr: rate,
          beta1: 0.9,
          beta2: 0.999,
          weightDecay: 0.01,
          eps: 1e-8,
          amsgrad: false,
          maximize: false,
        })
      })
    const states = [state(w), state(eager)] as const
    const step = compile((x: Tensor, rate: Tensor) => {
      const loss = ops.sum(ops.mul(ops.mul(w, w), x))
      loss.backward()
      update(w, states[0], w.grad!, rate)
      w.clearGrad()
      return { loss: loss.detach() }
    })
    for (let i = 0; i < 5; i++) {
      const x = Tensor.from([i, 2])
      const { loss } = await step(x, lr)
      const expected = ops.sum(ops.mul(ops.mul(eager, eager), x))
      expected.backward()
      update(eager, states[1], eager.grad!, lr)
      eager.clearGrad()
      expect(loss.item()).toBe(expected.item())
    }
    expect(w.readSync()).toEqual(eager.readSync())
    expect(w.grad).toBeNull()
  })

  it('says what cannot be done while recording', async () => {
    for (const body of [
      (x: Tensor) => ops.mul(x, x.item()),
      (x: Tensor) => ops.view(x, x.shape),
      (x: Tensor) => ops.mul(x, x.dtype.length),
    ]) {
      const error = await failure(compile(body)(Tensor.from([1])))
      expect(error.code).toBe('RECORDING')
      expect(error.message).toMatch(/has no value/)
    }
  })

  it('takes a number for a number, never for a slot', async () => {
    const program = compile((x: Tensor) => callOperator('aten::add.Tensor', x, 0) as Tensor)
    expect((await program(Tensor.from([5]))).toArray()).toEqual([5])
    const typed = compile((x: Tensor) => callOperator('aten::mul.Tensor', x, 2.5) as Tensor)
    expect((await typed(Tensor.from([2]).to({ dtype: 'bfloat16' }))).dtype).toBe('bfloat16')
    for (const body of [
      (x: Tensor) => callOperator('aten::add_.Tensor', 0, x) as Tensor,
      (x: Tensor) => callOperator('aten::softmax.int', x, x) as Tensor,
      (x: Tensor) => callOperator('aten::neg', [x]) as Tensor,
      (x: Tensor) => callOperator('aten::cat', [x, 0]) as Tensor,
      (x: Tensor) => callOperator('aten::neg', x, x) as Tensor,
    ]) {
      expect((await failure(compile(body)(Tensor.from([1])))).code).toBe('INVALID_ARGUMENT')
    }
  })

  it('refuses a value of another program, or of a recomputed part', async () => {
    let leaked: Tensor | undefined
    await compile((x: Tensor) => {
      leaked = ops.neg(x)
      return x
    })(Tensor.from([1]))
    const error = await failure(compile((x: Tensor) => ops.add(x, leaked!))(Tensor.from([1])))
    expect(error.code).toBe('RECORDING')
    expect(error.message).toMatch(/another program/)
    const w = Tensor.from([2])
    const inside = compile((x: Tensor) => {
      let kept: Tensor | undefined
      const y = recompute(() => {
        kept = ops.mul(x, w)
        return ops.neg(kept)
      })
      return ops.add(y, kept!)
    })
    expect((await failure(inside(Tensor.from([1])))).message).toMatch(/inside a recomputed part/)
  })

  it('gives the tensor itself from an operator in place', async () => {
    const w = Tensor.from([1])
    let same: boolean[] = []
    const program = compile((x: Tensor) => {
      const y = ops.neg(x)
      same = [ops.add_(y, x) === y, ops.add_(w, x) === w]
      return ops.add(y, ops.mul_(y, 3 as never))
    })
    expect((await program(Tensor.from([4]))).toArray()).toEqual([0])
    expect(same).toEqual([true, true])
    expect(w.toArray()).toEqual([5])
  })

  it('gives results that are disposed of as a whole', async () => {
    const program = compile((x: Tensor) => ({ y: ops.neg(x), list: [ops.exp(x), null] as const }))
    const x = Tensor.from([1])
    ;(await program(x))[Symbol.dispose]()
    const before = memory().tensors
    {
      using out = await program(x)
      expect(memory().tensors).toBe(before + 2)
      expect(Object.keys(out)).toEqual(['y', 'list'])
    }
    expect(memory().tensors).toBe(before)
    expect(x.disposed).toBe(false)
  })

  it('reports no graphs for a program without them', async () => {
    const program = compile((x: Tensor) => ops.neg(x))
    await program(Tensor.from([1]))
    expect(program.graphReport).toEqual({ captures: 0, replays: 0 })
    const id = guarded((native) =>
      native.createProgram({ slots: 1, inputs: 1, captured: [], instructions: [], outputs: [0] }),
    )
    expect(guarded((native) => native.graphReport(id))).toEqual({ captures: 0, replays: 0, refusal: '' })
    guarded((native) => native.releaseProgram(id))
  })

  it('refuses what is no tensor', async () => {
    const program = compile((x: Tensor) => x)
    expect((await failure(program(3 as never))).message).toMatch(/Tensor\.scalar/)
    // @ts-expect-error a number is no tensor
    expect((await failure(compile(() => 3)())).code).toBe('INVALID_ARGUMENT')
    // @ts-expect-error a promise is no tensor
    expect((await failure(compile(async () => Tensor.ones([1]))())).code).toBe('INVALID_ARGUMENT')
  })

  it('rejects with the failing operator', async () => {
    const program = compile((x: Tensor) => ops.matmul(x, x))
    const error = await failure(program(Tensor.zeros([2, 3])))
    expect(error).toMatchObject({ code: 'NATIVE', op: 'aten::matmul' })
    expect((await program(Tensor.ones([1, 1]))).item()).toBe(1)
  })

  it('outlives running out of memory, and says what was asked for', async () => {
    const square = compile((x: Tensor) => ops.matmul(x.t(), x))
    const error = await failure(square(Tensor.zeros([1, 3_000_000])))
    expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', op: 'aten::matmul' })
    expect(error.message).toMatch(/36000000000000 bytes/)
    expect((await square(Tensor.zeros([2, 3]))).shape).toEqual([3, 3])
    expect(() => Tensor.zeros([2 ** 42])).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
  })

  it('runs off the main thread, in order', async () => {
    const slow = compile((x: Tensor) => {
      let y = x
      for (let i = 0; i < 30; i++) y = ops.tanh(ops.matmul(y, x))
      return y
    })
    const x = Tensor.randn([500, 500])
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const order: number[] = []
    await Promise.all([0, 1, 2].map(async (i) => slow(x).then(() => order.push(i))))
    clearInterval(timer)
    expect(order).toEqual([0, 1, 2])
    expect(ticks).toBeGreaterThan(3)
  })

  it('bounds its queue', async () => {
    const slow = compile(
      (x: Tensor) => {
        let y = x
        for (let i = 0; i < 20; i++) y = ops.tanh(ops.matmul(y, x))
        return y
      },
      { maxQueue: 2 },
    )
    const x = Tensor.randn([400, 400])
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => slow(x)))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.every((result) => (result.reason as TorchLoraError).code === 'QUEUE_FULL')).toBe(true)
    expect((await slow(x)).shape).toEqual([400, 400])
  })

  it('aborts what waits and what runs', async () => {
    const slow = compile((x: Tensor) => {
      let y = x
      for (let i = 0; i < 200; i++) y = ops.tanh(ops.matmul(y, x))
      return y
    })
    const x = Tensor.randn([400, 400])
    const controller = new AbortController()
    const running = slow.run([x], { signal: controller.signal })
    const waiting = slow.run([x], { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 5)
    for (const error of await Promise.all([failure(running), failure(waiting)])) {
      expect(error.code).toBe('ABORTED')
      expect((error.cause as Error).message).toBe('enough')
    }
    expect((await failure(slow.run([x], { signal: AbortSignal.abort() }))).code).toBe('ABORTED')
  })

  it('does a step that changes parameters whole or not at all', async () => {
    const counter = Tensor.scalar(0)
    const step = compile((x: Tensor) => {
      ops.foreachAdd_([counter], 1)
      let y = x
      for (let i = 0; i < 100; i++) y = ops.tanh(ops.matmul(y, x))
      ops.foreachAdd_([counter], 1)
      return y
    })
    const controller = new AbortController()
    const run = step.run([Tensor.randn([300, 300])], { signal: controller.signal })
    setTimeout(() => controller.abort(), 5)
    await run.catch(() => undefined)
    expect(counter.item() % 2).toBe(0)
  })

  it('may be disposed of while it runs', async () => {
    const program = compile((x: Tensor) => ops.matmul(x, x))
    const run = program(Tensor.ones([100, 100]))
    program.dispose()
    expect((await run).shape).toEqual([100, 100])
    expect((await failure(program(Tensor.ones([1, 1])))).code).toBe('DISPOSED')
  })

  it('leaks nothing in a hundred runs, failures included', async () => {
    const program = compile((x: Tensor) => ops.matmul(ops.tanh(x), x))
    const good = Tensor.randn([64, 64])
    const bad = Tensor.randn([64, 32])
    ;(await program(good)).dispose()
    const before = memory()
    for (let i = 0; i < 100; i++) {
      ;(await program(good)).dispose()
      await failure(program(bad))
    }
    expect(memory()).toMatchObject({
      tensors: before.tensors,
      liveBytes: before.liveBytes,
      liveBlocks: before.liveBlocks,
      pending: 0,
    })
  })
})

describe('a tensor that a run holds', () => {
  const side = 700
  const slow = (x: Tensor) => {
    let y = x
    for (let i = 0; i < 20; i++) y = ops.softmax(ops.matmul(y, x), -1)
    return y
  }
  const moves: [string, (tensor: Tensor) => unknown][] = [
    ['aten::resize_', (tensor) => callOperator('aten::resize_', tensor, [2 * side, 2 * side])],
    [
      'aten::set_.source_Tensor',
      (tensor) => callOperator('aten::set_.source_Tensor', tensor, Tensor.ones([1])),
    ],
    ['aten::set_data', (tensor) => callOperator('aten::set_data', tensor, Tensor.ones([1]))],
    ['aten::t_', (tensor) => callOperator('aten::t_', tensor)],
    [
      'aten::add.out',
      (tensor) => callOperator('aten::add.out', Tensor.ones([9]), Tensor.ones([9]), 1, tensor),
    ],
    [
      'lora::share_storage_',
      (tensor) => callOperator('lora::share_storage_', [tensor, Tensor.ones([3, side])]),
    ],
  ]

  it.each(moves)('is not moved by %s until the run is settled', async (name, move) => {
    const weight = Tensor.randn([side, side])
    const input = Tensor.randn([side, side])
    const program = compile((x: Tensor) => slow(ops.add(x, weight)))
    await program(input)
    for (const held of [weight, input, ops.narrow(weight, 0, 1, 5)]) {
      const run = program(input)
      const error = await failure((async () => move(held))())
      expect(error.code).toBe('INVALID_ARGUMENT')
      expect(error.message).toContain('a run that is not settled holds this tensor')
      expect(error.message).toContain(name.replace(/\.\w+$/, ''))
      await run
    }
    const run = program(input)
    move(Tensor.randn([side, side])) // another
    ops.mul_(weight, 1) // values may be written
    await run
    move(weight)
  })

  it('keeps its gradient and its requiresGrad', async () => {
    const weight = Tensor.randn([side, side])
    weight.requiresGrad = true
    const program = compile((x: Tensor) => {
      ops.sum(slow(ops.mul(x, weight))).backward()
    })
    const input = Tensor.randn([side, side])
    await program(input)
    const run = program(input)
    expect(() => weight.clearGrad()).toThrow(/clearGrad: a run that is not settled holds this tensor/)
    expect(() => {
      weight.requiresGrad = false
    }).toThrow(/requiresGrad: a run/)
    await run
    weight.clearGrad()
    weight.requiresGrad = false
  })

  it('is not moved by the run itself', async () => {
    const weight = Tensor.randn([4, 4])
    for (const body of [
      (x: Tensor) => ops.sum(callOperator('aten::resize_', x, [2, 2]) as Tensor),
      (x: Tensor) => ops.add(x, callOperator('aten::t_', weight) as Tensor),
      (x: Tensor) => recompute(() => ops.sum(callOperator('aten::resize_', x, [2, 2]) as Tensor)),
      (x: Tensor) => recompute(() => ops.add(x, callOperator('aten::t_', weight) as Tensor)),
      (x: Tensor) =>
        recompute(() => recompute(() => ops.sum(callOperator('aten::resize_', x, [2, 2]) as Tensor))),
      // Where its memory lies, by another name.
      (x: Tensor) => ops.sum(callOperator('aten::resize_', ops.view(x, [-1]), [99]) as Tensor),
      (x: Tensor) => ops.sum(callOperator('aten::resize_', ops.mul_(weight, x), [99]) as Tensor),
      (x: Tensor) =>
        ops.sum(
          callOperator(
            'aten::resize_',
            recompute(() => ops.view(x, [2, 8])),
            [99],
          ) as Tensor,
        ),
      (x: Tensor) => ops.sum(callOperator('aten::resize_', ops.select(x, 0, 1), [99]) as Tensor),
    ]) {
      const error = await failure((async () => compile(body)(Tensor.randn([4, 4])))())
      expect(error.message, String(body)).toContain(
        'cannot be recorded for a tensor that the program is given or captures',
      )
    }
    for (const body of [
      (x: Tensor) => callOperator('aten::t_', ops.add(x, 1)) as Tensor,
      (x: Tensor) => recompute(() => callOperator('aten::t_', ops.add(x, 1)) as Tensor),
      (x: Tensor) =>
        callOperator(
          'aten::t_',
          recompute(() => ops.add(x, 1)),
        ) as Tensor,
    ])
      expect((await compile(body)(Tensor.from([[1, 2]]))).shape).toEqual([2, 1])
  })
})
