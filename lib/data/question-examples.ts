import { z } from 'zod'
import { fileError, isJsonLines, readJsonLines, readWhole } from './lines.ts'

/** A question on a text, with what answers it there. */
export interface QuestionExample {
  question: string
  context: string
  /** Each with where it begins in the context, in UTF-16 code units; none for a question without an answer. */
  answers: readonly { text: string; start: number }[]
  id?: string
  /** Where it was read, for messages. */
  file?: string
  line?: number
}

const answer = z.looseObject({ text: z.string(), answer_start: z.int().min(0) })
const squad = z.looseObject({
  data: z.array(
    z.looseObject({
      paragraphs: z.array(
        z.looseObject({
          context: z.string(),
          qas: z.array(
            z.looseObject({
              id: z.union([z.string(), z.number()]).optional(),
              question: z.string(),
              is_impossible: z.boolean().optional(),
              answers: z.array(answer).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
})

/** A line of .jsonl: SQuAD's fields flat, answers as a list or as Hugging Face's two columns. */
const flat = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  question: z.string(),
  context: z.string(),
  answers: z
    .union([
      z.array(z.looseObject({ text: z.string(), start: z.int().min(0) })),
      z.array(answer).transform((list) => list.map(({ text, answer_start: start }) => ({ text, start }))),
      z
        .looseObject({ text: z.array(z.string()), answer_start: z.array(z.int().min(0)) })
        .transform(({ text, answer_start }) =>
          text.map((one, i) => ({ text: one, start: answer_start[i] ?? -1 })),
        ),
    ])
    .default([]),
})

/**
 * Reads questions from SQuAD's JSON (1.1 and 2.0), or from .jsonl with `{"question", "context", "answers": [{"text",
 * "start"}]}` a line. Offsets of SQuAD's files count code points, and become UTF-16 code units.
 * @throws TorchLoraError INVALID_FILE naming file and line, or the question, for an answer that does not stand where it is said to
 */
export async function readQuestionExamples(path: string): Promise<QuestionExample[]> {
  const examples = isJsonLines(path) ? await readFlat(path) : await readSquad(path)
  if (examples.length === 0)
    throw fileError(path, "holds no questions; expected SQuAD's form, or one question a line (.jsonl)")
  return examples
}

async function readSquad(path: string): Promise<QuestionExample[]> {
  const text = await readWhole(path, 'write one question a line (.jsonl)')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw fileError(
      path,
      `not JSON (${(cause as Error).message}); a file with one question a line is .jsonl`,
      cause,
    )
  }
  const { data } = parsed(squad, path, value)
  return data.flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) => {
      const place = codePoints(context)
      return qas.map(({ id, question, answers, is_impossible }) => {
        const own = is_impossible
          ? []
          : answers.map((one) => ({ text: one.text, start: place(one.answer_start) }))
        const example = {
          question,
          context,
          answers: own,
          ...(id !== undefined && { id: String(id) }),
          file: path,
        }
        return checked(example, path)
      })
    }),
  )
}

async function readFlat(path: string): Promise<QuestionExample[]> {
  const examples: QuestionExample[] = []
  for await (const { value, number } of readJsonLines(path)) {
    const { id, question, context, answers } = parsed(flat, path, value, number)
    const example = {
      question,
      context,
      answers,
      ...(id !== undefined && { id: String(id) }),
      file: path,
      line: number,
    }
    examples.push(checked(example, path))
  }
  return examples
}

function parsed<T>(schema: z.ZodType<T>, path: string, value: unknown, line?: number): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw fileError(
    path,
    `${issue!.path.join('.') || 'it'}: ${issue!.message}; expected ${line === undefined ? "SQuAD's form" : '{"question", "context", "answers": [{"text", "start"}]}'}`,
    undefined,
    line,
  )
}

function checked(example: QuestionExample, path: string): QuestionExample {
  for (const { text, start } of example.answers) {
    const there = example.context.slice(start, start + text.length)
    if (text !== '' && there === text) continue
    throw fileError(
      path,
      `question ${JSON.stringify(example.id ?? example.question.slice(0, 60))}: the answer ${JSON.stringify(text.slice(0, 60))} does not stand at ${start}, where the context has ${JSON.stringify(there.slice(0, 60))}; correct where it begins, in UTF-16 code units in .jsonl and in characters in SQuAD's form`,
      undefined,
      example.line,
    )
  }
  return example
}

/** Where the n-th code point of a text begins, in UTF-16 code units; quick for texts without any beyond 16 bits. */
function codePoints(text: string): (n: number) => number {
  if (!/[\ud800-\udbff]/.test(text)) return (n) => n
  const places: number[] = []
  let at = 0
  for (const character of text) {
    places.push(at)
    at += character.length
  }
  return (n) => places[n] ?? at
}
