import { expectTypeOf, it } from 'vitest'
import { type Compiled, compile, fused, ops, scope, Tensor } from '../../lib/index.ts'

// Checked by tsc; none of it runs.
const x = undefined as unknown as Tensor
const never = (_: () => unknown) => {}

it('ops have the types of the schemas', () => {
  never(() => {
    expectTypeOf(ops.add(x, 1)).toEqualTypeOf<Tensor>()
    expectTypeOf(ops.max(x, 1)).toEqualTypeOf<[Tensor, Tensor]>()
    expectTypeOf(ops.max(x)).toEqualTypeOf<Tensor>()
    expectTypeOf(ops.split(x, 2)).toEqualTypeOf<Tensor[]>()
    expectTypeOf(ops.equal(x, x)).toEqualTypeOf<boolean>()
    expectTypeOf(ops.foreachAdd_([x], 1)).toEqualTypeOf<void>()
    expectTypeOf(x.matmul(x).softmax(-1)).toEqualTypeOf<Tensor>()
    expectTypeOf(x.add_(1)).toEqualTypeOf<Tensor>()
    expectTypeOf(x.sum(1, { keepdim: true })).toEqualTypeOf<Tensor>()
    // @ts-expect-error a string is no tensor
    ops.add(x, 'a')
    // @ts-expect-error matmul takes no number
    ops.matmul(x, 1)
    // @ts-expect-error softmax needs a dimension
    x.softmax()
    // @ts-expect-error the name is keepdim
    x.sum(1, { keepDim: true })
    // @ts-expect-error a reduction is a word
    ops.mseLoss(x, x, { reduction: 1 })
    // @ts-expect-error of three words
    ops.mseLoss(x, x, { reduction: 'average' })
    // @ts-expect-error none or tanh
    ops.gelu(x, { approximate: 'fast' })
    // @ts-expect-error ours are under fused
    ops.varlenAttention(x, x, x)
    expectTypeOf(fused.varlenAttention(x, x, x)).toEqualTypeOf<Tensor>()
  })
})

it('compile takes and gives tensors', () => {
  interface Batch {
    inputIds: Tensor
    labels?: Tensor | null
  }
  never(() => {
    const step = compile((batch: Batch, rate: Tensor) => ({
      loss: rate,
      parts: [batch.inputIds, null] as const,
    }))
    expectTypeOf(step).toEqualTypeOf<
      Compiled<[batch: Batch, rate: Tensor], { loss: Tensor; parts: readonly [Tensor, null] }>
    >()
    expectTypeOf(step({ inputIds: x }, x).then((out) => out.loss)).toEqualTypeOf<Promise<Tensor>>()
    expectTypeOf<Awaited<ReturnType<typeof step>>>().toExtend<Disposable>()
    expectTypeOf(compile((a: Tensor) => a)(x)).toEqualTypeOf<Promise<Tensor>>()
    compile(() => null)
    // @ts-expect-error a number changes nothing once it is recorded
    compile((a: Tensor, scale: number) => a.mul(scale))
    // @ts-expect-error nor one inside an object
    compile((a: { x: Tensor; scale: number }) => a.x)
    // @ts-expect-error a promise is no tensor
    compile(async (a: Tensor) => a)
    // @ts-expect-error nor is a promise that comes in
    compile((a: Promise<Tensor>) => (a ? x : x))
    // @ts-expect-error a number cannot come out
    compile((a: Tensor) => a.shape[0]!)
    // @ts-expect-error nor a string among tensors
    compile((a: Tensor) => ({ a, name: 'a' }))
  })
})

it('scope gives what its body gives', () => {
  never(() => {
    expectTypeOf(scope(() => ({ a: x }))).toEqualTypeOf<{ a: Tensor }>()
    expectTypeOf(scope(async () => x)).toEqualTypeOf<Promise<Tensor>>()
    expectTypeOf(Tensor.zeros([1]).detach()).toEqualTypeOf<Tensor>()
  })
})
