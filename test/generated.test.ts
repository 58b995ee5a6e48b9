import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generateOps } from '../scripts/generate-ops.ts'

it('lib/generated/ops.ts is what the generator writes from the loaded schemas', () => {
  const file = new URL('../lib/generated/ops.ts', import.meta.url)
  expect(generateOps() === readFileSync(file, 'utf8'), 'not current: run `npm run generate`').toBe(true)
})
