import { expect, it } from 'vitest'
import { methodNames } from '../../lib/adapters/method-names.ts'
import { methodOf } from '../../lib/adapters/registry.ts'
import { methodConfig } from '../../lib/cli/methods.ts'

it('the learning rate of a run is its method’s own; LoRA’s go by the width of the encoder', async () => {
  const rates = await Promise.all(
    methodNames.map(async (method) => {
      const config = await methodConfig({ method }, 'base')
      return [method, methodOf(config).learningRate?.(config)]
    }),
  )
  expect(Object.fromEntries(rates)).toEqual({
    pissa: 2e-4,
    olora: 2e-4,
    adalora: 1e-3,
    vera: 4e-3,
    ia3: 4e-3,
    bitfit: 1e-3,
    ln_tuning: 1e-3,
  })
})
