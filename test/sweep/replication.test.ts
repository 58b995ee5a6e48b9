import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { expandRecipe, expandSearch } from '../../lib/sweep/cells.ts'
import { readRecipe, resolveRecipe } from '../../lib/sweep/recipe.ts'

const folder = resolve(import.meta.dirname, '../../examples/replication')

const runs: Record<string, number> = {
  'poster-mrpc': 21,
  'poster-rte': 21,
  'poster-sst2': 1,
  'poster-deberta-sst2': 2,
  'paper-base-from-mnli': 10,
  'paper-base-sst2': 5,
  'paper-large-from-mnli': 10,
  'paper-large-sst2': 5,
  'paper-xxlarge-from-mnli': 10,
  'paper-xxlarge-sst2': 5,
  'minilm-dtypes': 24,
  'minilm-methods': 35,
  'minilm-mrpc-rte': 36,
  'minilm-search': 14,
  'minilm-small': 6,
  'minilm-sst2': 2,
}

it('every recipe of the replication is one that the sweep takes', async () => {
  const names = readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []))
  expect(names.sort()).toEqual(Object.keys(runs).sort())
  for (const name of names) {
    const recipe = resolveRecipe(await readRecipe(join(folder, `${name}.json`)))
    const cells = recipe.search
      ? expandSearch(recipe).flatMap((bracket) => bracket.cells)
      : expandRecipe(recipe)
    expect([name, cells.length]).toEqual([name, runs[name]])
  }
})
