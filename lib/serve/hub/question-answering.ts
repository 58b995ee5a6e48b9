import { charactersBefore } from '../characters.ts'
import { component } from '../components.ts'
import { orNull, text } from '../schemas.ts'
import { given, type HubBody, hubRequest, hubTask, sayCut } from './hub-task.ts'

interface Parameters {
  top_k: number
  handle_impossible_answer: boolean
  max_answer_len: number
  align_to_words: boolean
  doc_stride: number
  max_question_len: number
  max_seq_len: number
  adapter: string
}

const ignored = (type: string) =>
  orNull({
    type,
    description: 'Ignored: contexts are read in windows that overlap, as long as the model takes.',
  })

const QuestionAnsweringRequest = component(
  'QuestionAnsweringRequest',
  hubRequest(
    {
      type: 'object',
      required: ['question', 'context'],
      additionalProperties: false,
      properties: { question: text, context: text },
    },
    {
      top_k: orNull({ type: 'integer', minimum: 1, description: 'Answers. Above 1 they are an array.' }),
      handle_impossible_answer: orNull({
        type: 'boolean',
        description: 'Whether it may be answered that there is none. Default false.',
      }),
      max_answer_len: orNull({ type: 'integer', minimum: 1, description: 'Tokens of an answer at most.' }),
      align_to_words: orNull({ type: 'boolean', description: 'Ignored: answers are whole tokens.' }),
      doc_stride: ignored('integer'),
      max_question_len: ignored('integer'),
      max_seq_len: ignored('integer'),
    },
  ),
)

/** The stretch of a context that answers a question, with its place in characters, as Python counts. */
export const questionAnswering = hubTask<
  'question-answering',
  HubBody<{ question: string; context: string }, Parameters>
>({
  task: 'question-answering',
  request: QuestionAnsweringRequest,
  async answer({ inputs, parameters }, { model, work, reply }) {
    const { question, context } = inputs
    const { top_k, handle_impossible_answer, max_answer_len, adapter } = given(parameters)
    const result = await work(reply, [question + context], (call) =>
      model.answer(inputs, {
        ...call,
        adapter,
        topK: top_k,
        handleImpossibleAnswer: handle_impossible_answer,
        maxAnswerTokens: max_answer_len,
      }),
    )
    sayCut(reply, [result])
    const characters = charactersBefore(context)
    const found = result.answers.map(({ answer, score, start, end }) => ({
      answer,
      score,
      start: characters(start),
      end: characters(end),
    }))
    return (top_k ?? 1) > 1 ? found : (found[0] ?? { answer: '', score: 0, start: 0, end: 0 })
  },
})
