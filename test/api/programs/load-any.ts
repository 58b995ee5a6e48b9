import { type AnyTextModel, AutoModelForMaskedLM, loadTextModel } from 'torch-lora'
import type { Given } from './given.ts'

/** A server that takes whatever a folder holds: the task says which verb there is, and the compiler that none is left out. */
async function verbOf(model: AnyTextModel): Promise<string> {
  switch (model.task) {
    case 'sequence-classification':
      return (await model.classify('good')).label
    case 'token-classification':
      return (await model.tag('good')).text
    case 'question-answering':
      return (await model.answer({ question: 'what', context: 'good' })).answer
    case 'sentence-similarity':
      return String((await model.embed('good')).length)
    case 'reranking':
      return String((await model.rank('what', ['good'])).length)
    case 'masked-language-model':
      return String((await model.fill(`it was ${model.maskToken}`, { topK: 2 })).masks[0]?.length)
  }
}

export async function main({ base, out }: Given) {
  using masked = await AutoModelForMaskedLM.fromPretrained(base)
  await masked.savePretrained(out)
  const answers: string[] = []
  for (const folder of [base, out]) {
    await using model = await loadTextModel(folder, { warmUp: false })
    answers.push(`${model.task}: ${await verbOf(model)}`)
  }
  return { answers }
}
