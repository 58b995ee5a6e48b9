import { once } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import { extname } from 'node:path'
import { Command, Option } from 'commander'
import { TorchLoraError } from '../errors.ts'
import type { TextEmbedding } from '../inference/text-embedder.ts'
import { type SentencePooling, sentencePoolings } from '../tasks/sentence-folder.ts'
import { type ColumnFlags, withTextColumn } from './dataset.ts'
import { interruptible } from './failure.ts'
import {
  type LoadingFlags,
  loadingOptions,
  longTextOption,
  maxLengthOption,
  modelOption,
  withAdapterFile,
} from './model-flags.ts'
import { npyHeader } from './npy.ts'
import { countingNumber, withDevice } from './options.ts'
import { readTexts } from './prediction-lines.ts'
import { watched } from './watched.ts'

interface EmbedFlags extends LoadingFlags<'truncate' | 'refuse'>, ColumnFlags {
  input: string
  out?: string
  json?: boolean
  dimensions?: number
  normalize?: boolean
  pooling?: SentencePooling
  prompt?: string
  promptName?: string
}

/** `torch-lora embed`: a vector an input line, in order. */
export function embedCommand(): Command {
  const command = new Command('embed')
    .description('Give each text of a file its vector: folders of sentence-transformers, and plain encoders')
    .addOption(modelOption())
    .requiredOption('--input <file>', 'texts: .jsonl with {"text"} a line, or .json, .csv, .tsv')
    .option(
      '--out <file>',
      'write a file instead of printing: .jsonl, or .npy for numpy (float32, texts x dimensions)',
    )
    .option('--json', 'print or write {"embedding": [...]} a line (default when printing: numbers with tabs)')
  withTextColumn(command)
    .option(
      '--dimensions <count>',
      'so many elements of each vector, for models trained for it (Matryoshka)',
      countingNumber,
    )
    .option('--normalize', "vectors of length 1 (default: what the model's folder says)")
    .option('--no-normalize', 'vectors as they are pooled')
    .addOption(
      new Option(
        '--pooling <how>',
        "how the vectors of tokens become one (default: what the model's folder says, else mean)",
      ).choices(sentencePoolings),
    )
    .option('--prompt <text>', 'what stands in front of each text')
    .option('--prompt-name <name>', "the same by its name in the model's folder: query, document")
    .addOption(maxLengthOption({ otherwise: 'what the model was made for' }))
    .addOption(longTextOption())
  withAdapterFile(command)
  return withDevice(command, { int8: true }).action((flags: EmbedFlags) =>
    interruptible((signal) => embed(flags, signal)),
  )
}

async function embed(flags: EmbedFlags, signal: AbortSignal): Promise<void> {
  const { out, json = false, dimensions, normalize, prompt, promptName } = flags
  const kind = out === undefined ? undefined : extname(out).toLowerCase()
  if (kind !== undefined && kind !== '.jsonl' && kind !== '.npy')
    throw new TorchLoraError('INVALID_ARGUMENT', `--out: expected a .jsonl or .npy file, received ${out}.`)
  if (kind === '.npy' && json)
    throw new TorchLoraError('INVALID_ARGUMENT', '--json: a .npy file holds numbers alone; write .jsonl.')
  const texts = await readTexts(flags.input, flags)
  const { TextEmbedder } = await import('../inference/text-embedder.ts')
  const { writeFileAtomically } = await import('../checkpoint/index.ts')
  await using model = await TextEmbedder.load(flags.model, {
    ...(await loadingOptions(flags, signal)),
    pooling: flags.pooling,
  })
  const { maxLength } = model
  const options = { dimensions, normalize, prompt, promptName, signal }
  const results = model.embedAll(texts, { ...options, input: ({ text }) => text, onError: 'yield' })
  const vectors = watched(results, { what: 'embedding', count: texts.length, maxLength })
  if (kind === '.npy') {
    const header = npyHeader(texts.length, dimensions ?? model.dimensions)
    await writeFileAtomically(out!, (file) => writeNumbers(file, header, vectors))
  } else if (kind === '.jsonl') await writeFileAtomically(out!, (file) => writeLines(file, vectors))
  else
    for await (const { embedding } of vectors) {
      const line = json ? jsonLine(embedding) : `${shortest(embedding).join('\t')}\n`
      if (!process.stdout.write(line)) await once(process.stdout, 'drain')
    }
}

async function writeNumbers(
  file: FileHandle,
  header: Uint8Array,
  vectors: AsyncIterable<TextEmbedding>,
): Promise<void> {
  await file.write(header)
  for await (const { embedding } of vectors)
    await file.write(new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength))
}

async function writeLines(file: FileHandle, vectors: AsyncIterable<TextEmbedding>): Promise<void> {
  for await (const { embedding } of vectors) await file.write(jsonLine(embedding))
}

function jsonLine(embedding: Float32Array): string {
  return `${JSON.stringify({ embedding: shortest(embedding) })}\n`
}

/** Nine digits are the same float32 when they are read again. */
function shortest(embedding: Float32Array): number[] {
  return Array.from(embedding, (value) => Number(value.toPrecision(9)))
}
