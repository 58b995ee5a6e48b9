/**
 * Inference against onnxruntime-node and transformers, in one run: the time of one text, the throughput on real texts,
 * and how late the event loop is meanwhile.
 *
 *   npm install --no-save --ignore-scripts onnxruntime-node
 *   TORCH_LORA_PYTHON=.../python npx tsx bench/inference.ts --data GLUE --tokenizer ROBERTA_BASE_FOLDER
 *     [--rounds 7] [--texts 256] [--int8] [--bf16] [--parts latency,sst2,rte] [--without onnxruntime,transformers]
 *
 * roberta-base shapes, random weights, the same files on all sides, fp32. --int8 adds ours with dtype 'int8' and
 * onnxruntime's dynamic int8, per channel, the largest difference of either's logits from fp32's, and, where `nncf` is
 * installed for TORCH_LORA_PYTHON, OpenVINO's int8, weights and activations quantized after training; --bf16 ours and
 * transformers' with weights in bfloat16, and OpenVINO's default, which is bfloat16 where the processor has it, where
 * `openvino` is installed for TORCH_LORA_PYTHON. --without leaves out the sides whose names begin so. One text of 16, 64
 * and 128 tokens, and a batch of 8 texts of 64. Throughput: texts
 * of the SST-2 and RTE dev sets as 64 clients would send them. Ours through TextClassifier, tokenization included;
 * onnxruntime-node gets token ids, through the batcher of TextClassifier with its budget of tokens, each batch padded to
 * its longest row; and again, as transformers, in arrival order in batches of 8 and of 32, of which the better counts.
 * The sides take turns; medians; at p50 and p99 how late a timer was, and how long a request took.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AutoTokenizer, loadGlue } from '../lib/index.ts'
import { type Answer, at, isOnnx, Stream } from './inference-stream.ts'
import { randomRoberta } from './random-model.ts'
import { machine, median, ourWorker, peerWorker, type Worker } from './worker.ts'

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    tokenizer: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    texts: { type: 'string', default: '256' },
    int8: { type: 'boolean', default: false },
    bf16: { type: 'boolean', default: false },
    parts: { type: 'string', default: 'latency,sst2,rte' },
    without: { type: 'string', default: '' },
  },
})
if (!flags.data || !flags.tokenizer)
  throw new Error('say where the data are: --data GLUE --tokenizer ROBERTA_BASE_FOLDER')

/** Texts, one after the other, of a side's turn. */
const turn = 8

const folder = await mkdtemp(join(tmpdir(), 'bench-inference-'))
try {
  await run()
} finally {
  await rm(folder, { recursive: true })
}

async function run() {
  const raw = JSON.parse(await readFile(join(flags.tokenizer!, 'config.json'), 'utf8'))
  {
    using model = randomRoberta(raw)
    await model.savePretrained(folder)
  }
  await using tokenizer = await AutoTokenizer.fromPretrained(flags.tokenizer!)
  await tokenizer.save(folder)
  const file = (name: string) => join(folder, name)
  const python = process.env.TORCH_LORA_PYTHON ?? 'python3'
  const exporter = new URL('peers/onnx_export.py', import.meta.url).pathname
  execFileSync(
    python,
    [exporter, folder, file('m.onnx'), ...(flags.int8 ? ['--int8', file('int8.onnx')] : [])],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const threads = String(availableParallelism())
  const onnx = (name: string) =>
    ourWorker('inference-onnx.ts', [file(name), threads, String(tokenizer.padTokenId)])
  const openvino = (name: string) =>
    peerWorker('openvino_inference.py', [file(name), String(tokenizer.padTokenId)])
  const left = flags.without.split(',').filter(Boolean)
  const sides: Record<string, Worker> = {}
  const add = (name: string, start: () => Worker) => {
    if (!left.some((beginning) => name.startsWith(beginning))) sides[name] = start()
  }
  add('ours', () => ourWorker('inference-ours.ts', [folder, 'float32']))
  add('onnxruntime-node', () => onnx('m.onnx'))
  if (flags.int8) {
    add('ours int8', () => ourWorker('inference-ours.ts', [folder, 'int8']))
    add('onnxruntime int8', () => onnx('int8.onnx'))
    if (hasModules(python, 'openvino', 'nncf'))
      add('openvino int8', () => {
        const quantizer = new URL('peers/openvino_int8.py', import.meta.url).pathname
        const vocabulary = String(raw.vocab_size)
        execFileSync(python, [quantizer, file('m.onnx'), file('int8.xml'), vocabulary], {
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        return openvino('int8.xml')
      })
  }
  add('transformers', () => peerWorker('transformers_inference.py', [folder]))
  if (flags.bf16) {
    add('ours bf16', () => ourWorker('inference-ours.ts', [folder, 'bfloat16']))
    add('transformers bf16', () => peerWorker('transformers_inference.py', [folder, 'bfloat16']))
    if (hasModules(python, 'openvino')) add('openvino bf16', () => openvino('m.onnx'))
  }
  const ready = []
  for (const worker of Object.values(sides)) ready.push(await worker.next<{ maxBatchTokens?: number }>())
  const { maxBatchTokens } = ready[0]! // ours
  const names = Object.keys(sides)
  const rounds = Number(flags.rounds)
  const row = (head: string, cells: readonly string[]) =>
    console.log(head.padEnd(22) + cells.map((cell) => cell.padStart(24)).join(''))
  console.log(`${await machine()}; fp32, ${threads} threads a side`)

  const parts = flags.parts.split(',')
  row('one text, ms', names)
  const shapes = [
    [1, 16],
    [1, 64],
    [1, 128],
    [8, 64],
  ] as const
  for (const [count, tokens] of parts.includes('latency') ? shapes : []) {
    const batch = Array.from({ length: count }, (_, text) =>
      Array.from({ length: tokens }, (_, i) => 5 + i + text),
    )
    const times = new Map<string, number[]>(names.map((name) => [name, []]))
    let ours: number[] = []
    const apart: string[] = []
    for (let round = -1; round < rounds; round++)
      for (const name of names) {
        // The first of a turn find the caches full of another side's weights, and its threads perhaps still spinning.
        await sides[name]!.ask<Answer>({ batches: [batch, batch] })
        const { milliseconds, logits } = await sides[name]!.ask<Answer>({
          batches: Array.from({ length: turn }, () => batch),
        })
        if (round >= 0) times.get(name)!.push(milliseconds / turn)
        if (name === 'ours') ours = logits[0]!
        else if (!/int8|bf16/.test(name)) check(ours, logits[0]!, name)
        else if (round < 0) apart.push(`${name} ${distance(ours, logits[0]!).toFixed(4)}`)
      }
    row(
      count === 1 ? `${tokens} tokens` : `${count} x ${tokens} tokens`,
      names.map((name) => median(times.get(name)!).toFixed(1)),
    )
    if (apart.length > 0) console.log(`  from fp32's logits: ${apart.join(', ')}`)
  }

  const pairs = (
    [
      ['ours', 'onnxruntime-node'],
      ['ours int8', 'onnxruntime int8'],
      ['ours int8', 'openvino int8'],
      ['ours bf16', 'transformers bf16'],
      ['ours bf16', 'openvino bf16'],
      ['ours', 'transformers'],
    ] as const
  ).filter(([ours, peer]) => sides[ours] && sides[peer])
  const columns = names.flatMap((name) => (isOnnx(name) ? [name, '  its best batch'] : [name]))
  row('texts a second', [
    ...columns,
    ...pairs.map(([ours, peer]) => `${ours}/${peer}`.replace('transformers', 'transf.')),
  ])
  for (const task of ['sst2', 'rte'].filter((name) => parts.includes(name))) {
    const { examples } = await loadGlue(task, { split: 'validation', dataDir: flags.data })
    const count = task === 'rte' ? Math.ceil(Number(flags.texts) / 4) : Number(flags.texts)
    const texts = examples
      .slice(0, count)
      .map(({ text, textPair }) => (textPair === undefined ? text : ([text, textPair] as const)))
    const rows = (await tokenizer.encodeBatch(texts)).map(({ ids }) => Array.from(ids))
    const streams = new Map(names.map((name) => [name, new Stream(name, texts, rows, maxBatchTokens!)]))
    for (let round = 0; round < rounds; round++)
      for (const [name, stream] of streams) await stream.run(sides[name]!)
    const over = (ours: string, peer: string) => {
      const [{ rate: mine }] = streams.get(ours)!.rates as [{ rate: number }]
      return streams
        .get(peer)!
        .rates.map(({ rate }) => `${(mine / rate).toFixed(2)}x`)
        .join(', ')
    }
    row(task, [
      ...names.flatMap((name) => streams.get(name)!.cells()),
      ...pairs.map(([ours, peer]) => over(ours, peer)),
    ])
    const percentiles = (name: string, sorted: readonly number[] | undefined) =>
      [sorted?.length ? `${at(sorted, 0.5)}/${at(sorted, 0.99)}` : '-'].concat(isOnnx(name) ? [''] : [])
    row(
      '  loop late, ms',
      names.flatMap((name) => percentiles(name, streams.get(name)!.late)),
    )
    row(
      '  a request, ms',
      names.flatMap((name) => percentiles(name, streams.get(name)!.latencies)),
    )
  }
  for (const worker of Object.values(sides)) worker.close()
}

function hasModules(python: string, ...modules: readonly string[]): boolean {
  try {
    execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' })
    return true
  } catch {
    console.log(`${modules.join(' and ')} are not installed for ${python}: columns are left out`)
    return false
  }
}

function check(ours: readonly number[], theirs: readonly number[], name: string): void {
  const difference = distance(ours, theirs)
  if (!(difference < 1e-4))
    throw new Error(`${name} gives other logits: the largest difference is ${difference}`)
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))
}
