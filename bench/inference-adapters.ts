/**
 * What an adapter costs at inference: the base model, the model with an adapter merged, and the base model with adapters
 * beside it, alone in a batch and mixed.
 *
 *   npx tsx bench/inference-adapters.ts [--rounds 15] [--tokens 64]
 *
 * roberta-base shapes, random weights, r=8 on query and value. One text, then a batch of eight texts: of the base, of
 * one adapter, of four. The sides take turns; medians, and the mean deviation from them.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer, applyLora, noGrad, ops, saveAdapter, scope, TextClassifier } from '../lib/index.ts'
import { randomRoberta } from './random-model.ts'
import { machine, median } from './worker.ts'

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, tokens: { type: 'string', default: '64' } },
})
const folder = await mkdtemp(join(tmpdir(), 'bench-adapters-'))
const base = join(folder, 'base')
const adapters = Object.fromEntries([0, 1, 2, 3].map((i) => [`a${i}`, join(folder, `a${i}`)]))
try {
  await cp(new URL('../test/tokenizer/fixtures/roberta', import.meta.url).pathname, base, { recursive: true })
  await makeModels()
  console.log(`${await machine()}; roberta-base shapes, ${flags.tokens} tokens a text`)
  await measure()
} finally {
  await rm(folder, { recursive: true })
}

async function makeModels(): Promise<void> {
  await using tokenizer = await AutoTokenizer.fromPretrained(base)
  using model = randomRoberta({ vocab_size: tokenizer.vocabSize, pad_token_id: tokenizer.padTokenId })
  await model.savePretrained(base)
  applyLora(model, { r: 8, loraAlpha: 16 })
  for (const directory of Object.values(adapters)) {
    scope(() =>
      noGrad(() => {
        for (const [path, parameter] of model.trainableParameters())
          if (path.endsWith('lora_B.weight')) ops.normal_(parameter, { std: 0.02 })
      }),
    )
    await saveAdapter(model, directory)
  }
}

async function measure(): Promise<void> {
  const options = { longText: 'truncate', maxLength: Number(flags.tokens) } as const
  await using plain = await TextClassifier.load(base, options)
  await using merged = await TextClassifier.load(base, { ...options, mergeAdapter: adapters.a0 })
  await using beside = await TextClassifier.load(base, { ...options, adapters })
  const text = 'x '.repeat(4 * Number(flags.tokens))
  const eight = Array.from({ length: 8 }, () => text)
  const sides: Record<string, () => Promise<unknown>> = {
    'one text: base': () => plain.classify(text),
    'one text: merged': () => merged.classify(text),
    'one text: adapter beside': () => beside.classify(text, { adapter: 'a0' }),
    'eight texts: base': () => plain.classify(eight),
    'eight texts: merged': () => merged.classify(eight),
    'eight texts: one adapter beside': () => beside.classify(eight, { adapter: 'a0' }),
    'eight texts: of four adapters': () =>
      Promise.all(eight.map((one, i) => beside.classify(one, { adapter: `a${i % 4}` }))),
  }
  const times = new Map(Object.keys(sides).map((name): [string, number[]] => [name, []]))
  for (let round = -1; round < Number(flags.rounds); round++)
    for (const [name, run] of Object.entries(sides)) {
      const began = performance.now()
      await run()
      if (round >= 0) times.get(name)!.push(performance.now() - began)
    }
  for (const [name, found] of times) {
    const middle = median(found)
    const deviation = found.reduce((sum, time) => sum + Math.abs(time - middle), 0) / found.length
    console.log(`${name.padEnd(34)} ${middle.toFixed(1).padStart(8)} ms  +-${deviation.toFixed(1)}`)
  }
}
