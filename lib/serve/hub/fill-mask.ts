import { component } from '../components.ts'
import { orNull, text, texts } from '../schemas.ts'
import { given, type HubBody, hubRequest, hubTask, sayCut } from './hub-task.ts'

interface Parameters {
  top_k: number
  targets: string[]
  adapter: string
}

const FillMaskRequest = component(
  'FillMaskRequest',
  hubRequest(texts, {
    top_k: orNull({
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      description: 'Words of a mask. Default 5, or as many as there are targets.',
    }),
    targets: { type: ['array', 'null'], items: text, description: 'The words to choose from. Default: all.' },
  }),
)

/** Words for the masks of a text: `[{score, token, token_str, sequence}]`, of several masks a list each. */
export const fillMask = hubTask<'masked-language-model', HubBody<string | string[], Parameters>>({
  task: 'masked-language-model',
  request: FillMaskRequest,
  async answer({ inputs, parameters }, { model, work, reply }) {
    const { top_k, targets, adapter } = given(parameters)
    const asked = [inputs].flat()
    const results = await work(reply, asked, (call) =>
      model.fill(asked, { ...call, adapter, topK: top_k, targets }),
    )
    sayCut(reply, results)
    const answers = results.map(({ masks }, i) => {
      const parts = asked[i]!.split(model.maskToken)
      const filled = masks.map((words, k) =>
        words.map(({ token, id, score }) => ({
          score,
          token: id,
          token_str: token,
          sequence: [
            parts.slice(0, k + 1).join(model.maskToken),
            parts.slice(k + 1).join(model.maskToken),
          ].join(token.trim()),
        })),
      )
      return filled.length === 1 ? filled[0] : filled
    })
    return Array.isArray(inputs) ? answers : answers[0]
  },
})
