import { TextClassifier } from 'torch-lora'
import type { Given } from './given.ts'

/** Labels as types: a typo in the switch does not compile. */
export async function main({ base }: Given) {
  await using classifier = await TextClassifier.load(base, { labels: ['bad', 'good'], warmUp: false })
  const { label } = await classifier.classify('the film was good')
  const answer: 'bad' | 'good' = label
  switch (label) {
    case 'bad':
    case 'good':
      return { answer }
  }
}
