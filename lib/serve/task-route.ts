import type { FastifyReply } from 'fastify'
import type { AnyTextModel } from '../inference/load-text-model.ts'
import type { LongText } from '../inference/long-texts.ts'
import type { SchemaRef } from './components.ts'
import type { Serves, TaskName } from './served-models.ts'
import type { Work } from './work.ts'

/** What a route answers a request with. */
export interface TaskContext<K extends TaskName = TaskName> {
  /** The model that the request means, of a task that the route serves. */
  model: Extract<AnyTextModel, { task: K }>
  /** What requests call it. */
  name: string | undefined
  work: Work
  longText: LongText | undefined
  reply: FastifyReply
}

/** A route of the work of models: one entry in the list of them (`routes/index.ts`). */
export interface TaskRoute<K extends TaskName = TaskName, Body = unknown> extends Serves {
  readonly serves: readonly K[]
  /** Other paths of the same, which the documentation leaves out. */
  readonly aliases?: readonly string[] | undefined
  /** The tasks for which `POST /` and `/invocations` are this route, as in text-embeddings-inference. */
  readonly root?: readonly K[] | undefined
  readonly operationId: string
  readonly summary: string
  readonly request: SchemaRef
  readonly response: SchemaRef
  /** Whose errors it answers with: OpenAI's clients read others. */
  readonly errors?: 'openai' | undefined
  answer(body: Body, context: TaskContext<K>): Promise<unknown>
}

/** A route with the types of its tasks and its body. */
export function taskRoute<K extends TaskName, Body>(route: TaskRoute<K, Body>): TaskRoute {
  return route as unknown as TaskRoute
}

/** text-embeddings-inference's word for an end of a text. */
export type Direction = 'Left' | 'Right' | 'left' | 'right'

/** What a request says of texts that are too long (`truncation` of its schema). */
export interface TruncationBody {
  truncate?: boolean | null | undefined
  truncation_direction?: Direction | undefined
}

/** Of a model that reads one window of a text: cut where the request says so, or, where it says nothing, the server. */
export function cutOrRefused({ truncate, truncation_direction }: TruncationBody, said: LongText | undefined) {
  return {
    longText: (truncate ?? said === 'truncate') ? 'truncate' : 'refuse',
    truncationSide: sideOf(truncation_direction),
  } as const
}

/** The same of one that may read several: what the server says, but no cut that the request does not want. */
export function longTextOf({ truncate }: TruncationBody, said: LongText = 'refuse'): LongText {
  if (truncate) return 'truncate'
  return truncate === false && said === 'truncate' ? 'refuse' : said
}

/** An end of a text as calls take it. */
export function sideOf(direction: Direction | undefined): 'left' | 'right' | undefined {
  return direction ? (direction.toLowerCase() as 'left' | 'right') : undefined
}
