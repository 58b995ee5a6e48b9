/**
 * Fine-tuning sentence vectors on STS-B with LoRA here and in sentence-transformers + PEFT, at the same settings in one
 * run: Spearman's correlation on the dev set before and after each epoch, and the seconds that training took.
 *
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/sentence-training.ts --data GLUE --model all-MiniLM-L6-v2
 *     [--epochs 2] [--lr 1e-4] [--seeds 0]
 *
 * CoSENT, r 8, alpha 16 on query and value, dropout 0.1, AdamW without weight decay, 32 pairs a batch, 10 % warm-up and a
 * linear way down; each side shuffles for itself. Ours is `torch-lora train`; the seconds are those of updates, without
 * loading and evaluating.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadGlue } from '../lib/index.ts'
import { machine } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    epochs: { type: 'string', default: '2' },
    lr: { type: 'string', default: '1e-4' },
    seeds: { type: 'string', default: '0' },
  },
})
if (!flags.data || !flags.model) throw new Error('say where things are: --data GLUE --model MINILM_FOLDER')

/** What a side says of a run: correlations before the first epoch and after each. */
interface Outcome {
  spearman: number[]
  seconds: number
}

const main = join(dirname(import.meta.dirname), 'dist', 'cli', 'main.js')

/** A line of metrics.jsonl, as far as it is read. */
interface Line {
  type: string
  spearmanr: number
}

async function ours(seed: string, out: string): Promise<Outcome> {
  const glue = ['--task-type', 'sentence-similarity', '--task', 'stsb', '--data', flags.data!]
  const before = execFileSync(process.execPath, [
    main,
    'evaluate',
    '--model',
    flags.model!,
    ...glue,
    '--json',
  ])
  const settings = [
    '--r',
    '8',
    '--alpha',
    '16',
    '--target',
    'query,value',
    '--dropout',
    '0.1',
    '--warmup',
    '0.1',
  ]
  const schedule = ['--lr', flags.lr, '--epochs', flags.epochs, '--batch-size', '32', '--seed', seed]
  const train = ['train', '--model', flags.model!, ...glue, '--out', out, ...settings, ...schedule]
  execFileSync(process.execPath, [main, ...train], { stdio: ['ignore', 'ignore', 'ignore'] })
  const text = await readFile(join(out, 'metrics.jsonl'), 'utf8')
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const after = lines.flatMap(({ type, spearmanr }) => (type === 'evaluation' ? [spearmanr] : []))
  const summary = JSON.parse(await readFile(join(out, 'summary.json'), 'utf8')) as { trainSeconds: number }
  return { spearman: [JSON.parse(before.toString()).spearmanr, ...after], seconds: summary.trainSeconds }
}

function theirs(seed: string, pairs: string): Outcome {
  const python = process.env.TORCH_LORA_PYTHON ?? 'python3'
  const script = new URL('peers/sentence_training.py', import.meta.url).pathname
  const args = [script, flags.model!, pairs, flags.epochs, flags.lr, seed]
  return JSON.parse(execFileSync(python, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()) as Outcome
}

const folder = await mkdtemp(join(tmpdir(), 'bench-sentences-'))
try {
  const read = async (split: 'train' | 'validation') => {
    const { examples } = await loadGlue('stsb', { split, dataDir: flags.data })
    return examples.map(({ text, textPair, label }) => [text, textPair, Number(label) / 5])
  }
  const pairs = join(folder, 'pairs.json')
  await writeFile(pairs, JSON.stringify({ train: await read('train'), dev: await read('validation') }))
  console.log(await machine())
  for (const seed of flags.seeds.split(',')) {
    const sides = { ours: await ours(seed, join(folder, `run-${seed}`)), PEFT: theirs(seed, pairs) }
    for (const [side, { spearman, seconds }] of Object.entries(sides))
      console.log(
        `seed ${seed}, ${side}: Spearman ${spearman.map((value) => value.toFixed(4)).join(', ')}; ${seconds.toFixed(1)} s`,
      )
    console.log(`  ours ${(sides.PEFT.seconds / sides.ours.seconds).toFixed(2)}x as fast`)
  }
} finally {
  await rm(folder, { recursive: true })
}
