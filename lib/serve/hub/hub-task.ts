import type { FastifyReply } from 'fastify'
import type { SchemaRef } from '../components.ts'
import { adapter, model } from '../schemas.ts'
import type { TaskName } from '../served-models.ts'
import type { TaskContext } from '../task-route.ts'

/** What Hugging Face's clients send: `InferenceClient` of Python, `@huggingface/inference` of JavaScript. */
export interface HubBody<Inputs = unknown, Parameters extends object = object> {
  inputs: Inputs
  /** A null stands for the task's default. */
  parameters?: Nullable<Parameters> | null | undefined
  model?: string | undefined
}

type Nullable<T> = { [Name in keyof T]?: T[Name] | null | undefined }

/** Parameters without those that are null. */
export function given<P extends object>(parameters: Nullable<P> | null | undefined): Partial<P> {
  return Object.fromEntries(
    Object.entries(parameters ?? {}).filter(([, value]) => value !== null),
  ) as Partial<P>
}

/** Says in a header that a part of a text was not read: answers in Hugging Face's form have no place for it. */
export function sayCut(reply: FastifyReply, results: readonly { truncated: boolean }[]): void {
  if (results.some(({ truncated }) => truncated)) reply.header('x-truncated', 'true')
}

/** How models of a task answer Hugging Face's form: one entry in the list of them (`hub/index.ts`). */
export interface HubTask<K extends TaskName = TaskName, Body = HubBody> {
  readonly task: K
  readonly request: SchemaRef
  answer(body: Body, context: TaskContext<K>): Promise<unknown>
}

/** A task of the hub with the types of its models and its body. */
export function hubTask<K extends TaskName, Body>(task: HubTask<K, Body>): HubTask {
  return task as unknown as HubTask
}

/**
 * The schema of a body in Hugging Face's form: what is not in `parameters` is refused.
 * @param options.beside whether what the task takes may stand beside `inputs`, too
 */
export function hubRequest(
  inputs: object,
  parameters: Readonly<Record<string, object>>,
  { beside = false } = {},
): object {
  const all = { ...parameters, adapter: { ...adapter, type: ['string', 'null'] } }
  return {
    type: 'object',
    required: ['inputs'],
    additionalProperties: false,
    properties: {
      inputs,
      ...(beside && all),
      parameters: {
        type: ['object', 'null'],
        additionalProperties: false,
        description: "What the task takes; null stands for a parameter's default.",
        properties: all,
      },
      options: {
        type: ['object', 'null'],
        description: "Of Hugging Face's own service (use_cache, wait_for_model): ignored.",
      },
      model,
    },
  }
}
