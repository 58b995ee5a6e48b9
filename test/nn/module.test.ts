import { expect, it } from 'vitest'
import { memory, Tensor } from '../../lib/index.ts'
import { Linear, Module, ModuleList } from '../../lib/nn/index.ts'

/** Modules in every place where a user may put them. */
class Mixed extends Module {
  first = new Linear(2, 2)
  list = [new Linear(2, 2), new Linear(2, 2)]
  named = { key: new Linear(2, 2, { bias: false }) }
  blocks = new ModuleList([new Linear(2, 2, { bias: false })])
  scale = Tensor.ones([2])
  table: Tensor | null = null
  readonly #hidden = Tensor.ones([2])
  rate = 0.5

  constructor() {
    super()
    this.registerBuffer('table', Tensor.zeros([2]))
  }

  get hidden(): Tensor {
    return this.#hidden
  }
}

const parameters = [
  'first.weight',
  'first.bias',
  'list.0.weight',
  'list.0.bias',
  'list.1.weight',
  'list.1.bias',
  'named.key.weight',
  'blocks.0.weight',
  'scale',
]

it('a module’s parameters are its tensors and those of modules in arrays and plain objects; buffers are told apart', () => {
  using module = new Mixed()
  expect(Array.from(module.namedParameters(), ([path]) => path)).toEqual(parameters)
  expect(Array.from(module.namedBuffers(), ([path]) => path)).toEqual(['table'])
  expect([...module.stateDict().keys()]).toEqual([...parameters, 'table'])
  module.setRequiresGrad(true)
  expect(module.trainableParameters().map(([path]) => path)).toEqual(parameters)
  expect(module.table!.requiresGrad).toBe(false)
})

it('a module in a plain object is found, put in another’s place, and set to train', () => {
  using module = new Mixed()
  using other = new Linear(2, 2)
  expect(module.replaceModule('named.key', other)).toBeInstanceOf(Linear)
  expect(module.named.key).toBe(other)
  module.train()
  expect(module.named.key.training).toBe(true)
  expect(module.revision).toBe(1)
  expect(() => module.replaceModule('named.none', other)).toThrow(/no module 'named.none'/)
})

it('disposing of a module frees all of its state and nothing else', () => {
  const before = memory().tensors
  const module = new Mixed()
  module.dispose()
  expect(module.hidden.disposed).toBe(false)
  module.hidden.dispose()
  expect(memory().tensors).toBe(before)
})
