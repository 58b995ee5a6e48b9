import { once } from 'node:events'
import { Command } from 'commander'
import { fileError, readJsonLines } from '../data/lines.ts'
import type { RankInput, Ranking } from '../inference/text-reranker.ts'
import { interruptible } from './failure.ts'
import {
  type LoadingFlags,
  loadingOptions,
  longTextOption,
  maxLengthOption,
  modelOption,
  withAdapterFile,
} from './model-flags.ts'
import { countingNumber, withDevice } from './options.ts'
import { type ReadRow, watched } from './watched.ts'

interface RankFlags extends LoadingFlags<'truncate' | 'refuse'> {
  input: string
  json?: boolean
  topK?: number
  rawScores?: boolean
}

/** `torch-lora rank`: the texts of each query, best first. */
export function rankCommand(): Command {
  const command = new Command('rank')
    .description('Order texts by how well they answer a query, with a cross-encoder')
    .addOption(modelOption())
    .requiredOption('--input <file>', '.jsonl with {"query", "texts": [...]} a line')
    .option('--top-k <count>', 'so many of the best texts (default: all)', countingNumber)
    .option('--raw-scores', 'scores as the model gives them, not their sigmoid')
    .option('--json', 'print {"ranking": [{"index", "score"}]} a line (default: score and text, a line each)')
    .addOption(maxLengthOption({ of: 'a query and a text' }))
    .addOption(longTextOption())
  withAdapterFile(command)
  return withDevice(command, { int8: true }).action((flags: RankFlags) =>
    interruptible((signal) => rank(flags, signal)),
  )
}

async function rank(flags: RankFlags, signal: AbortSignal): Promise<void> {
  const queries = await readQueries(flags.input)
  const { TextReranker } = await import('../inference/text-reranker.ts')
  await using model = await TextReranker.load(flags.model, await loadingOptions(flags, signal))
  const { maxLength } = model
  const results = model.rankAll(queries, {
    topK: flags.topK,
    rawScores: flags.rawScores,
    signal,
    onError: 'yield',
  })
  for await (const result of watched(results, {
    what: 'ranking',
    unit: 'queries',
    count: queries.length,
    maxLength,
  })) {
    const line = flags.json ? `${JSON.stringify({ ranking: result.ranking })}\n` : table(result)
    if (!process.stdout.write(line)) await once(process.stdout, 'drain')
  }
}

function table({ ranking, row }: Ranking & { row: RankInput }): string {
  const lines = ranking.map(({ index, score }) => `${score.toFixed(4)}\t${row.texts[index]}\n`)
  return `${row.query}\n${lines.join('')}\n`
}

/** @throws TorchLoraError INVALID_FILE naming file and line */
async function readQueries(path: string): Promise<(RankInput & ReadRow)[]> {
  const queries: (RankInput & ReadRow)[] = []
  for await (const { value, text, number } of readJsonLines(path)) {
    const { query, texts } = (value ?? {}) as Partial<RankInput>
    const isText = (one: unknown) => typeof one === 'string'
    if (!isText(query) || !Array.isArray(texts) || !texts.every(isText))
      throw fileError(
        path,
        `expected {"query", "texts"} with a string and an array of strings, received ${text.slice(0, 60)}`,
        undefined,
        number,
      )
    const wrong =
      query!.trim() === ''
        ? 'query: expected a text, received an empty one'
        : texts.length === 0 && 'texts: expected at least one text to rank, received none'
    if (wrong) throw fileError(path, wrong, undefined, number)
    queries.push({ query: query!, texts, file: path, line: number })
  }
  if (queries.length === 0) throw fileError(path, 'holds no queries; expected {"query", "texts"} a line')
  return queries
}
