import type { AnyTextModel } from '../inference/load-text-model.ts'
import type { LongText } from '../inference/long-texts.ts'
import { httpError } from './requests.ts'
import type { Work } from './work.ts'

/** The tasks of models that can be served. */
export type TaskName = AnyTextModel['task']

/** A model that the server holds. */
export interface ServedModel {
  /** What requests call it; undefined for an only one that was given no name. */
  readonly name: string | undefined
  readonly model: AnyTextModel
  readonly work: Work
  /** What becomes of a long text that a request does not ask to be cut; undefined where nobody said it. */
  readonly longText: LongText | undefined
}

/** What a route says of the models that it is for. */
export interface Serves {
  readonly path: string
  /** The tasks, first the one that it is for before all. */
  readonly serves: readonly TaskName[]
  /** Which models of these tasks, where it is not for all. */
  readonly fits?: ((model: AnyTextModel) => boolean) | undefined
  /** text-embeddings-inference's words for a model that it is not for. */
  readonly refusal: string
}

/** Whether a route is for a model. */
export function isFor({ serves, fits }: Pick<Serves, 'serves' | 'fits'>, model: AnyTextModel): boolean {
  return serves.includes(model.task) && (fits?.(model) ?? true)
}

/** The models of a server, and which of them a request means. */
export class ServedModels {
  constructor(readonly all: readonly ServedModel[]) {}

  /** Texts that wait, for all models together: they run on one device. */
  get waiting(): number {
    return this.all.reduce((sum, { model }) => sum + model.waiting, 0)
  }

  get names(): string[] {
    return this.all.flatMap(({ name }) => name ?? [])
  }

  /**
   * The model of that name; of none the only one.
   * @throws 404 for a name that no model has, 422 for none where there are several
   */
  find(name: string | undefined): ServedModel {
    const [first] = this.all
    if (this.names.length === 0) return first! // an only model without a name answers to any
    if (name === undefined && this.all.length > 1)
      throw httpError(422, `Say which model, as "model": ${this.names.join(', ')}.`)
    const found = name === undefined ? first : this.all.find((one) => one.name === name)
    if (found) return found
    throw httpError(404, `There is no model '${name}'; there are ${this.names.join(', ')}.`)
  }

  /**
   * The model that a request of a route means: the one that it names, else the only one of the first task that the route
   * is for and that there is.
   * @param routesOf the routes that serve a model, for the message
   * @throws 404 for a name that no model has, 424 where the route is not for it, 422 where it could be several
   */
  forRoute(
    { path, refusal, ...route }: Serves,
    name: string | undefined,
    routesOf: (model: AnyTextModel) => readonly string[],
  ): ServedModel {
    const fits = ({ model }: ServedModel) => isFor(route, model)
    const fitting = this.all.filter(fits)
    const first = route.serves.find((task) => fitting.some(({ model }) => model.task === task))
    const meant = fitting.filter(({ model }) => model.task === first)
    if (name === undefined && meant.length === 1) return meant[0]!
    if (name === undefined && fitting.length > 1)
      throw httpError(
        422,
        `Several models serve ${path}; say which as "model": ${fitting.map((one) => one.name).join(', ')}.`,
      )
    if (name === undefined && this.all.length > 1) {
      const said = this.all.map(
        (one) => `${one.name} is for ${one.model.task} (${routesOf(one.model).join(', ')})`,
      )
      throw httpError(424, `${refusal}: of the models here ${said.join('; ')}.`)
    }
    const found = this.find(name)
    if (fits(found)) return found
    const served = routesOf(found.model).join(' and ')
    throw httpError(424, `${refusal}: this one is for ${found.model.task}, which ${served} serve.`)
  }
}
