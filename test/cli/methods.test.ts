import { expect, it } from 'vitest'
import { methodNames } from '../../lib/adapters/method-names.ts'
import { learningRateOf } from '../../lib/cli/methods.ts'

it('methods that learn at the rate of LoRA leave it to the rule by the width of the encoder', () => {
  const own = methodNames.filter((method) => learningRateOf({ method }) !== undefined)
  expect(own).toEqual(['pissa', 'olora', 'adalora', 'vera', 'ia3', 'bitfit', 'ln_tuning'])
})
