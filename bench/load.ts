/**
 * Import and load of a model against transformers, in one run: times, and resident memory over the process's own.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/load.ts [--rounds 3]
 *
 * roberta-base shapes, random weights, 500 MB of safetensors in the page cache; each round in fresh processes, in
 * turns; medians. Memory is VmRSS less what it was with the library and libtorch loaded: pages of the mapped file
 * count. After load, and after the logits of 64 tokens. Ours: `new Predictor(model)` on the mapped weights, and
 * `Predictor.frozen(model)`, which packs them as TextClassifier does.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { randomRoberta } from './random-model.ts'
import { machine, median, ourWorker, peerWorker, type Worker } from './worker.ts'

interface Loaded {
  milliseconds: { import: number; libtorch: number; load: number; first: number }
  baseline: number
  loaded: number
  used: number
}

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const folder = await mkdtemp(join(tmpdir(), 'bench-load-'))
try {
  {
    using model = randomRoberta()
    await model.savePretrained(folder)
  }
  const { size } = await stat(join(folder, 'model.safetensors'))
  const sides: Record<string, () => Worker> = {
    'ours, mapped': () => ourWorker('load-ours.ts', [folder, 'mapped']),
    'ours, frozen': () => ourWorker('load-ours.ts', [folder, 'frozen']),
    transformers: () => peerWorker('load.py', [folder]),
  }
  const results = new Map(Object.keys(sides).map((name) => [name, [] as Loaded[]]))
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const [name, start] of Object.entries(sides)) {
      const worker = start()
      results.get(name)!.push(await worker.next<Loaded>())
      worker.close()
    }
  }
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  console.log(`${await machine()}; weights ${mib(size)}, median of ${flags.rounds}\n`)
  console.log(
    '| side | import | libtorch | load | first logits | process | after load | after the first logits |',
  )
  console.log(
    '| ---- | ------ | -------- | ---- | ------------ | ------- | ---------- | ---------------------- |',
  )
  for (const [name, rounds] of results) {
    const of = (value: (round: Loaded) => number) => median(rounds.map(value))
    const times = (['import', 'libtorch', 'load', 'first'] as const).map(
      (key) => `${of(({ milliseconds }) => milliseconds[key]).toFixed(0)} ms`,
    )
    const memory = (['loaded', 'used'] as const).map(
      (key) => `${mib(of((round) => round[key]))}, ${(of((round) => round[key]) / size).toFixed(2)}x`,
    )
    console.log(`| ${[name, ...times, mib(of(({ baseline }) => baseline)), ...memory].join(' | ')} |`)
  }
} finally {
  await rm(folder, { recursive: true })
}
