import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generatedFiles, generateOps } from '../scripts/generate-ops.ts'

it.each(generatedFiles)('lib/generated/%s is what the generator writes from the loaded schemas', (name) => {
  const file = new URL(`../lib/generated/${name}`, import.meta.url)
  expect(generateOps(name) === readFileSync(file, 'utf8'), 'not current: run `npm run generate`').toBe(true)
})
