import type { AnyTextModel } from '../../inference/load-text-model.ts'
import { isFor } from '../served-models.ts'
import type { TaskRoute } from '../task-route.ts'
import { embed, embedAll } from './embed.ts'
import { explain } from './explain.ts'
import { openAiEmbeddings } from './openai-embeddings.ts'
import { predict } from './predict.ts'
import { rerank } from './rerank.ts'
import { similarity } from './similarity.ts'
import { tag } from './tag.ts'

/**
 * The routes of the models' work. A route is its file and its line here: registration, documentation and what is said of
 * models that it is not for come from it.
 */
export const taskRoutes: readonly TaskRoute[] = [
  predict,
  explain,
  tag,
  embed,
  embedAll,
  similarity,
  openAiEmbeddings,
  rerank,
]

/** Hugging Face's form of all of them. */
export const hubPath = '/models/{name}'

/** The routes that serve a model, for people. */
export function routesFor(model: AnyTextModel): string[] {
  return [...taskRoutes.filter((route) => isFor(route, model)).map(({ path }) => path), hubPath]
}
