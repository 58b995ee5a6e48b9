import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import type { Model } from '../models/model.ts'
import type { LowRank } from '../nn/linear.ts'
import { list, number, oneOf, type Rule, type Rules, readOptions, requireObject, string } from '../options.ts'
import { compile } from '../program.ts'
import type { Tensor } from '../tensor.ts'
import { applyAdapter } from './apply.ts'
import { type CombinationType, combinationTypes } from './combination-types.ts'
import { LoraConfig } from './config.ts'
import { lowRankDelta } from './lora-delta.ts'
import { activeAdapter, adapterState, deleteAdapter, type LoraState, setAdapter } from './state.ts'
import { type MajoritySignMethod, type SumOptions, sums } from './task-arithmetic.ts'

/** PEFT's arguments of `add_weighted_adapter`, in camelCase. */
export interface WeightedAdapterOptions {
  /** Names of the model's adapters, all of LoRA. */
  adapters: readonly string[]
  /** A factor for each of them, which may be below zero. */
  weights: readonly number[]
  /** What the new one is called. */
  adapterName: string
  /** Default 'svd', which is exact but for the rank; 'cat' is exact, of the sum of the ranks. */
  combinationType?: CombinationType
  /** Rank of what ends with svd. Default: the largest of the adapters'. */
  svdRank?: number
  /** Values of the factors beyond this quantile are cut to it. Default: none. */
  svdClamp?: number
  /** The share of values that ties, dare and magnitude_prune keep, from 0 to 1. Those need it. */
  density?: number
  /** Of ties. Default 'total'. */
  majoritySignMethod?: MajoritySignMethod
  /** Whose head the new adapter takes. Needed where more than one of them brings one. */
  head?: string
}

/**
 * Adds an adapter that is the weighted combination of others; the active one stays active (`setAdapter`), and the new
 * one is frozen. `add_weighted_adapter` of PEFT, whose factors of `svd` may differ in sign.
 *
 * Where PEFT refuses adapters that bring a head each, `head` says whose to take. Where PEFT scales the result of rsLoRA
 * adapters a second time, here it is scaled by one.
 * @throws TorchLoraError INVALID_ARGUMENT for an option out of range, or adapters that cannot be combined so; NATIVE
 * when a factorization does not converge
 */
export async function addWeightedAdapter<M extends Model>(
  model: M,
  options: WeightedAdapterOptions,
): Promise<M> {
  requireOptions(options)
  const { adapters, weights, adapterName, svdClamp, majoritySignMethod = 'total' } = options
  const combinationType = adapters.length === 1 ? 'linear' : (options.combinationType ?? 'svd')
  const sources = adapters.map((name) => sourceOf(model, name))
  const head = headOf(sources, options.head)
  const rank = rankOf(sources, { combinationType, svdRank: options.svdRank })
  const config = sources[0]!.config as LoraConfig
  const combined = config.with({
    r: rank,
    loraAlpha: rank,
    targetModules: unionOf(sources),
    modulesToSave: head?.config.modulesToSave ?? config.modulesToSave,
    rankPattern: {},
    alphaPattern: {},
    useRslora: false,
    layersToTransform: null,
    layersPattern: null,
    initLoraWeights: true,
  })
  const active = activeAdapter(model)
  applyAdapter(model, combined, { adapterName })
  try {
    const target = adapterState(model, adapterName)
    await fill(target, sources, {
      rank,
      combinationType,
      svdClamp,
      weights,
      density: options.density ?? 1,
      majoritySignMethod,
    })
    setAdapter(model, adapterName)
    takeHead(model, target, head)
  } catch (thrown) {
    deleteAdapter(model, adapterName)
    throw thrown
  } finally {
    if (active !== null) setAdapter(model, active)
  }
  return model
}

const least1: Rule = (value) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31
    ? undefined
    : 'a whole number of at least 1'
const share = number({ least: 0, most: 1 })

const rules: Rules<WeightedAdapterOptions> = {
  adapters: list('names of adapters'),
  weights: list('numbers'),
  adapterName: string,
  combinationType: oneOf(...combinationTypes),
  svdRank: least1,
  svdClamp: share,
  density: share,
  majoritySignMethod: oneOf('total', 'frequency'),
  head: string,
}

/** @throws TorchLoraError INVALID_ARGUMENT naming everything that is wrong with them */
function requireOptions(options: WeightedAdapterOptions): void {
  requireObject('addWeightedAdapter', options)
  const known = Object.keys(rules)
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw refused(unknown.map((name) => `'${name}' is no option of it: those are ${known.join(', ')}`))
  const { adapters, weights, combinationType, density } = readOptions('addWeightedAdapter', options, rules)
  const missing = (['adapters', 'weights', 'adapterName'] as const).filter(
    (name) => options[name] === undefined,
  )
  if (missing.length > 0) throw refused(missing.map((name) => `${name} must be given`))
  const prunes = adapters.length !== 1 && /^(ties|dare|magnitude)/.test(combinationType ?? 'svd')
  const problems = prunes && density === undefined ? [`${combinationType} needs density`] : []
  if (adapters.length === 0) problems.push('adapters must name an adapter')
  if (adapters.length !== weights.length || !weights.every(Number.isFinite))
    problems.push(
      `weights must be ${adapters.length} numbers, a number an adapter, received [${weights.join(', ')}]`,
    )
  if (problems.length > 0) throw refused(problems)
}

function refused(problems: readonly string[]): TorchLoraError {
  return new TorchLoraError('INVALID_ARGUMENT', `addWeightedAdapter: ${problems.join('; ')}.`)
}

/** @throws TorchLoraError INVALID_ARGUMENT for an adapter that is not there, or that is more than factors of LoRA */
function sourceOf(model: Model, name: string): LoraState {
  const state = adapterState(model, name)
  const { config, method } = state
  const refuse = (why: string) =>
    new TorchLoraError('INVALID_ARGUMENT', `addWeightedAdapter: adapter '${name}' ${why}.`)
  if (!(config instanceof LoraConfig)) throw refuse(`is of ${method.name}; only LoRA's can be combined`)
  if (config.useDora) throw refuse("is of DoRA; only LoRA's can be combined")
  if (config.bias !== 'none') throw refuse(`trains biases (bias: '${config.bias}'), which cannot be combined`)
  if (config.initLoraWeights === 'loftq')
    throw refuse('stands on a base model in four bits, which the factors of others do not: merge it')
  if (state.changed)
    throw refuse('stands on a changed base model: save it, which makes plain LoRA of it, and load that')
  return state
}

/** The adapter whose head is taken; null where none brings one. */
function headOf(sources: readonly LoraState[], name: string | undefined): LoraState | null {
  const having = sources.filter(({ trained }) => trained.size > 0)
  if (name !== undefined) {
    const chosen = sources.find((source) => source.name === name)
    if (chosen) return chosen
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `addWeightedAdapter: head must be one of ${sources.map((source) => source.name).join(', ')}, received '${name}'.`,
    )
  }
  if (having.length <= 1) return having[0] ?? null
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `addWeightedAdapter: ${having.map((source) => source.name).join(', ')} bring a head each, and heads cannot be combined: say by head whose to take.`,
  )
}

function rankOf(
  sources: readonly LoraState[],
  { combinationType, svdRank }: { combinationType: CombinationType; svdRank?: number },
): number {
  const ranks = sources.map(({ config }) => {
    const { r, rankPattern } = config as LoraConfig
    return Math.max(r, ...Object.values(rankPattern))
  })
  if (combinationType === 'cat') return ranks.reduce((sum, r) => sum + r, 0)
  if (combinationType.endsWith('svd')) return svdRank ?? Math.max(...ranks)
  if (new Set(ranks).size === 1) return ranks[0]!
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `addWeightedAdapter: ${combinationType} combines adapters of one rank, these have ${ranks.join(', ')}. Use svd or cat.`,
  )
}

/** What any of them adapts. */
function unionOf(sources: readonly LoraState[]): readonly string[] | string {
  const targets = sources.map(({ config }) => config.targetModules!)
  const expressions = targets.filter((each) => typeof each === 'string')
  if (expressions.length === 0) return [...new Set(targets.flat())]
  if (expressions.length === targets.length) return expressions.map((each) => `(${each})`).join('|')
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    'addWeightedAdapter: the targetModules of some of the adapters are names, of others an expression. Make them alike.',
  )
}

interface Combination extends Omit<SumOptions, 'shape'> {
  rank: number
  combinationType: CombinationType
  svdClamp?: number
}

/** The factors of every layer of the new adapter; those of a layer are computed off the main thread. */
async function fill(
  target: LoraState,
  sources: readonly LoraState[],
  { weights, ...combination }: Combination,
): Promise<void> {
  for (const [path, layer] of target.layers) {
    const own = sources.flatMap(({ layers }, i) => {
      const update = layers.get(path)?.lowRank()
      return update ? [{ ...update, weight: weights[i]! }] : []
    })
    const into = layer.lowRank()
    if (own.length === 0 || !into) continue
    using combine = compile((factors: { A: Tensor; B: Tensor }[]) =>
      noGrad(() =>
        combinedFactors(
          factors.map((each, i) => ({ ...own[i]!, ...each })),
          {
            ...combination,
            weights: own.map(({ weight }) => weight),
            shapes: { A: own[0]!.A.shape, B: own[0]!.B.shape },
          },
        ),
      ),
    )
    const { A, B } = await combine(own.map(({ A, B }) => ({ A: A.detach(), B: B.detach() })))
    noGrad(() => {
      for (const [place, value] of [
        [into.A, A],
        [into.B, B],
      ] as const) {
        ops.zero_(place)
        const [rows, columns] = value.shape as [number, number]
        ops.copy_(ops.slice(ops.slice(place, { dim: 0, end: rows }), { dim: 1, end: columns }), value)
        place.requiresGrad = false
      }
    })
    A.dispose()
    B.dispose()
  }
}

/** lora/model.py: add_weighted_adapter and what it calls. */
function combinedFactors(
  updates: readonly (LowRank & { weight: number })[],
  { shapes, ...combination }: Combination & { shapes: { A: readonly number[]; B: readonly number[] } },
): { A: Tensor; B: Tensor } {
  const { combinationType, rank, svdClamp } = combination
  if (combinationType === 'cat')
    return {
      A: ops.cat(
        updates.map(({ A, weight, scaling }) => ops.mul(A, weight * scaling)),
        { dim: 0 },
      ), // [sum of R, in]
      B: ops.cat(
        updates.map(({ B }) => B),
        { dim: 1 },
      ), // [out, sum of R]
    }
  const kind =
    combinationType === 'svd' ? 'linear' : (combinationType.replace('_svd', '') as keyof typeof sums)
  if (!combinationType.endsWith('svd')) {
    const factors = updates.map(({ weight, scaling }) => weight * scaling)
    const roots = factors.map((factor) => Math.sqrt(Math.abs(factor)))
    const signed = roots.map((root, i) => (factors[i]! < 0 ? -root : root))
    return {
      A: sums[kind](
        updates.map(({ A }) => A),
        { ...combination, weights: signed, shape: shapes.A },
      ),
      B: sums[kind](
        updates.map(({ B }) => B),
        { ...combination, weights: roots, shape: shapes.B },
      ),
    }
  }
  const delta = sums[kind](updates.map(lowRankDelta), {
    ...combination,
    shape: [shapes.B[0]!, shapes.A[1]!],
  }) // [out, in]
  const [u, s, v] = ops.linalgSvd(delta, { fullMatrices: false }) // [out, k], [k], [k, in]
  const B = ops.mul(ops.slice(u, { dim: 1, end: rank }), ops.slice(s, { dim: 0, end: rank })) // [out, R]
  const A = ops.slice(v, { dim: 0, end: rank }) // [R, in]
  if (svdClamp === undefined) return { A, B }
  const all = ops.cat([ops.reshape(B, [-1]), ops.reshape(A, [-1])])
  const high = ops.quantile(all, svdClamp) // []
  const cut = (tensor: Tensor) => ops.minimum(ops.maximum(tensor, ops.neg(high)), high)
  return { A: cut(A), B: cut(B) }
}

/** The head and whatever else `head` trains in full. The new adapter is the active one. */
function takeHead(model: Model, target: LoraState, head: LoraState | null): void {
  if (!head) return
  const own = new Map(model.namedParameters())
  noGrad(() => {
    for (const path of target.trained) {
      const given = head.before.get(path)
      if (given) ops.copy_(own.get(path)!, given)
      own.get(path)!.requiresGrad = false
    }
  })
}
