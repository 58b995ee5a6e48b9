import { TorchLoraError } from '../errors.ts'
import { number, oneOf, type Rules, readOptions, string } from '../options.ts'
import { argmax } from '../tasks/arithmetic.ts'
import type { SequenceClassification } from '../tasks/sequence-classification.ts'
import type { Encoding, Tokenizer } from '../tokenizer/index.ts'
import { encodeTexts, isCut, windowsOf } from './encode-texts.ts'
import {
  type Along,
  type AttributionMethod,
  attributionMethods,
  type Explanation,
  gradientTimesInput,
  integratedGradients,
} from './explanation.ts'
import { inputTokens } from './input-tokens.ts'
import { type TextInput, tokenizerInput } from './inputs.ts'
import { type CallOptions, callRules } from './options.ts'
import type { AloneContext } from './text-model.ts'

/** What one call of `TextClassifier.explain` may ask for. */
export interface ExplainOptions<L extends string = string> extends Omit<CallOptions, 'longText'> {
  /**
   * 'integrated-gradients' (default): attributions that sum to how far the label's logit is from that of a text of
   * padding. 'gradient-x-input': one pass, and only the first order of that.
   */
  method?: AttributionMethod | undefined
  /**
   * Places at which integrated gradients are taken, up to 512. Default: 32, doubled up to 256 while the sum is off by
   * more than 1 %.
   */
  steps?: number | undefined
  /** The label whose logit is explained. Default: the one that the classifier chooses. */
  label?: L | undefined
  /** What becomes of a text with more tokens than the model takes. Default: the classifier's, of whose windows the first. */
  longText?: 'truncate' | 'refuse' | undefined
}

const whole: Rules<ExplainOptions>['steps'] = (value) =>
  Number.isInteger(value) ? number({ least: 1, most: 512 })(value) : 'a whole number from 1 to 512'

const rules: Rules<ExplainOptions> = {
  ...callRules,
  method: oneOf(...attributionMethods),
  steps: whole,
  label: string,
  longText: oneOf('truncate', 'refuse'),
}

/** @throws TorchLoraError INVALID_ARGUMENT for options that `explain` does not take, or not together */
export function checkExplainOptions(options: ExplainOptions): void {
  const { method, steps } = readOptions('explain', options, rules)
  if (method === 'gradient-x-input' && steps !== undefined)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      'explain: gradient-x-input takes one gradient; leave `steps` away, or choose integrated-gradients.',
    )
}

/** Shares a label's logit out among the tokens of a text. */
export async function explain(
  input: TextInput,
  { method = 'integrated-gradients', steps, label, truncationSide }: ExplainOptions,
  context: AloneContext<SequenceClassification> & { maxLength: number; maxBatchTokens: number },
): Promise<{ result: Explanation; tokens: number; tokenization: number }> {
  const { engine, adapter, signal, maxLength, maxBatchTokens } = context
  const { tokenizer } = engine
  const { task } = adapter?.value ?? engine.model
  const began = performance.now()
  const [encoding] = await encodeTexts(engine, [input], {
    maxLength,
    longText: context.longText === 'refuse' ? 'refuse' : 'truncate',
    truncationSide,
    offsets: true,
  })
  const sequence = encoding!
  const texts = tokenizerInput(input, 0)
  const tokens = await inputTokens(tokenizer, texts, sequence)
  const tokenization = performance.now() - began
  const [logits] = await engine.run([{ sequence, adapter }], signal)
  const output = outputOf(task, label, logits!)
  const attributor = await engine.attributor()
  const length = sequence.ids.length
  const times = method === 'integrated-gradients' ? 'difference' : 'input'
  const baselineIds = baselineOf(sequence, tokenizer)
  const atOnce = Math.max(1, Math.floor(maxBatchTokens / length))
  let passed = 0
  const along: Along = async (alphas) => {
    const outputs: number[] = []
    const products: Float64Array[] = []
    for (let from = 0; from < alphas.length; from += atOnce) {
      const own = alphas.slice(from, from + atOnce)
      const path = {
        sequence,
        baselineIds,
        alphas: own,
        times,
        output,
        adapter: adapter?.value ?? null,
      } as const
      const found = await attributor.run(path, { signal })
      signal.throwIfAborted()
      passed += own.length
      outputs.push(...found.outputs)
      for (const i of own.keys())
        products.push(Float64Array.from(found.products.subarray(i * length, (i + 1) * length)))
    }
    return { outputs, products }
  }
  const found =
    method === 'integrated-gradients'
      ? await integratedGradients(along, steps)
      : await gradientTimesInput(along)
  const { attributions, baseline } = found
  const sum = attributions.reduce((a, b) => a + b, 0)
  const result: Explanation = {
    label: task.labels[output]!,
    logit: found.output,
    baselineLogit: baseline,
    tokens: tokens.map((token, t) => ({ ...token, attribution: attributions[t]! })),
    error: baseline === null ? null : sum - (found.output - baseline),
    steps: found.steps,
    truncated: isCut(windowsOf(sequence)),
  }
  return { result, tokens: (passed + 1) * length, tokenization }
}

/**
 * Which output is explained: the label's, else the one with the greatest score.
 * @throws TorchLoraError INVALID_ARGUMENT for a label that is none of the model's
 */
function outputOf(task: SequenceClassification, label: string | undefined, logits: Float32Array): number {
  if (label === undefined) return argmax(task.scores(Array.from(logits)))
  const output = task.labels.indexOf(label)
  if (output >= 0) return output
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `explain: there is no label ${JSON.stringify(label)}; there are ${task.labels.slice(0, 50).join(', ')}.`,
  )
}

/** The tokens with padding in the place of all but special tokens around the texts. */
function baselineOf({ ids, sequenceIds }: Encoding, tokenizer: Tokenizer): Int32Array {
  const nothing = tokenizer.padTokenId ?? tokenizer.maskTokenId ?? tokenizer.unkTokenId
  if (nothing === undefined)
    throw new TorchLoraError(
      'UNSUPPORTED',
      'explain: the tokenizer has neither padding nor a mask nor an unknown token to stand where there is nothing.',
    )
  return ids.map((id, t) => (sequenceIds![t]! < 0 ? id : nothing))
}
