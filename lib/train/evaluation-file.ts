import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Example } from '../data/examples.ts'
import { type McNemar, mcNemar } from '../data/mcnemar.ts'
import { TorchLoraError } from '../errors.ts'
import type { Metrics, Task } from '../tasks/task.ts'

/** JSON writes NaN, the correlation of a constant, as null. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN)

const scores = z.object({ precision: z.number(), recall: z.number(), f1: z.number(), support: z.number() })

const wrongAnswer = z.object({
  text: z.string(),
  textPair: z.string().optional(),
  label: z.string(),
  predicted: z.string(),
  confidence: z.number(),
  file: z.string().optional(),
  line: z.number().optional(),
})

/** What `RUN/evaluation.json` and `torch-lora evaluate --out` hold. */
export const evaluationFile = z.object({
  examples: z.number(),
  metrics: z.record(z.string(), number),
  /** 95 % bootstrap intervals, by metric. */
  intervals: z.record(z.string(), z.tuple([number, number])).optional(),
  report: z
    .object({
      classes: z.array(scores.extend({ label: z.string() })),
      micro: scores,
      macro: scores,
      weighted: scores,
    })
    .optional(),
  /** Rows are labels, columns predictions. */
  confusion: z.array(z.array(z.number())).nullable().optional(),
  calibration: z
    .array(z.object({ confidence: z.number(), accuracy: z.number(), count: z.number() }))
    .optional(),
  /** The temperature of the model's probabilities, and the calibration error without it and with it. */
  calibrated: z
    .object({ temperature: z.number(), ece: z.object({ before: z.number(), after: z.number() }) })
    .optional(),
  /** A digit an example, 1 for a right answer; `digest` says which examples they are. */
  answers: z.object({ digest: z.string(), right: z.string() }).optional(),
  /** The most confident ones. */
  worst: z.array(wrongAnswer).optional(),
})

export type EvaluationFile = z.infer<typeof evaluationFile>

/** An answer that was wrong, with the text. */
export type WrongAnswer = z.infer<typeof wrongAnswer>

export interface DescribeOptions {
  examples: readonly Example[]
  metrics: readonly string[]
}

/** All that there is to say of outputs, as `EvaluationFile` has it, and every wrong answer, the most confident first. */
export function describeEvaluation(
  task: Task,
  { outputs, labels }: { outputs: readonly Float32Array[]; labels: unknown },
  { examples, metrics }: DescribeOptions,
): { evaluation: EvaluationFile; wrong: WrongAnswer[] } {
  const found: Metrics = task.score(outputs, labels, metrics)
  const details = task.details(outputs, labels)
  if (!details) return { evaluation: { examples: examples.length, metrics: found }, wrong: [] }
  const { report, confusion, calibration, calibrated, answers } = details
  const wrong = answers
    .flatMap(({ right, label, predicted, confidence }, i): WrongAnswer[] => {
      const { text, textPair, file, line } = examples[i]!
      return right ? [] : [{ text, textPair, label, predicted, confidence, file, line }]
    })
    .sort((a, b) => b.confidence - a.confidence)
  const hash = createHash('sha256')
  for (const [i, { text, textPair }] of examples.entries())
    hash.update(JSON.stringify([text, textPair, answers[i]!.label]))
  return {
    evaluation: {
      examples: examples.length,
      metrics: found,
      intervals: Object.fromEntries(
        Object.entries(details.intervals(metrics)).map(([name, [low, high]]) => [name, [low, high]]),
      ),
      report,
      confusion,
      calibration,
      ...(calibrated && { calibrated }),
      answers: {
        digest: hash.digest('hex').slice(0, 16),
        right: answers.map(({ right }) => (right ? '1' : '0')).join(''),
      },
      worst: wrong.slice(0, 20),
    },
    wrong,
  }
}

/**
 * McNemar's test between two evaluations on the same examples.
 * @throws TorchLoraError INCOMPATIBLE where the examples are not the same, or one has no answers
 */
export function compareEvaluations(first: EvaluationFile, second: EvaluationFile): McNemar {
  if (!first.answers || first.answers.digest !== second.answers?.digest)
    throw new TorchLoraError(
      'INCOMPATIBLE',
      'The two evaluations are not of the same labelled texts, in the same order: evaluate both on one file.',
    )
  return mcNemar([...first.answers.right].map(Number), [...second.answers.right].map(Number))
}
