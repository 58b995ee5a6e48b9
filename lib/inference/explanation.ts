import { gaussLegendre, type Quadrature } from './gauss-legendre.ts'
import type { InputToken } from './options.ts'

/** How an answer is explained. */
export const attributionMethods = ['integrated-gradients', 'gradient-x-input'] as const

/** One of the ways to explain an answer. */
export type AttributionMethod = (typeof attributionMethods)[number]

/** A token of the text and its part in the answer. */
export interface AttributedToken extends InputToken {
  /** Above 0 where it speaks for the label, below 0 where it speaks against. */
  attribution: number
}

/** Why a classifier says what it says: its logit of a label, shared out among the tokens. */
export interface Explanation<L extends string = string> {
  /** The label whose logit is explained. */
  label: L
  /** Its logit for the text, in the model's own weights, never in 8 bits. */
  logit: number
  /** Integrated gradients: its logit where padding stands in the place of every token that is not special; else null. */
  baselineLogit: number | null
  tokens: AttributedToken[]
  /** What the attributions sum to, less `logit - baselineLogit`: the error of the integral; else null. */
  error: number | null
  /** Places on the way from the baseline to the text at which gradients were taken. */
  steps: number
  /** Whether the text was longer than what the model read. */
  truncated: boolean
}

/** A path's values, at places of one's choice. */
export type Along = (alphas: readonly number[]) => Promise<{ outputs: number[]; products: Float64Array[] }>

/** What the tokens have to do with an output. */
export interface Attribution {
  output: number
  baseline: number | null
  /** [T] */
  attributions: Float64Array
  steps: number
}

/** Where nobody says how many places: the least, and the most, where the sum is not yet right. */
export const leastSteps = 32
const mostSteps = 256
const tolerance = 0.01

/**
 * Integrated gradients (Sundararajan et al., 2017, equation 1) of an output by the rows that the first layer reads:
 * (x - x') times the mean gradient on the straight way from the baseline x' to x, by Gauss-Legendre quadrature. The
 * attributions sum to output(x) - output(x').
 * @param steps where it is not given, 32, doubled up to 256 while the sum is off by more than 1 %
 */
export async function integratedGradients(along: Along, steps: number | undefined): Promise<Attribution> {
  const { outputs, products } = await along([0, 1])
  const [baseline, output] = outputs as [number, number]
  const tokens = products[0]!.length
  const difference = output - baseline
  for (let n = steps ?? leastSteps; ; n *= 2) {
    const rule = gaussLegendre(n)
    const attributions = weighted(rule, (await along(rule.nodes)).products, tokens)
    const sum = attributions.reduce((a, b) => a + b, 0)
    const exact = Math.abs(sum - difference) <= tolerance * Math.abs(difference)
    if (steps !== undefined || exact || 2 * n > mostSteps) return { output, baseline, attributions, steps: n }
  }
}

/** Gradient times input: the first order of an output around x. */
export async function gradientTimesInput(along: Along): Promise<Attribution> {
  const { outputs, products } = await along([1])
  return { output: outputs[0]!, baseline: null, attributions: products[0]!, steps: 1 }
}

function weighted({ weights }: Quadrature, products: readonly Float64Array[], tokens: number): Float64Array {
  const sums = new Float64Array(tokens)
  for (const [i, row] of products.entries())
    for (let t = 0; t < tokens; t++) sums[t]! += weights[i]! * row[t]!
  return sums
}
