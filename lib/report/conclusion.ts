import { gainOf } from '../data/metrics.ts'
import { compareEvaluations } from '../train/evaluation-file.ts'
import type { Group, MethodResult } from './groups.ts'
import { percent } from './words.ts'

/** What a group of runs comes to, in a sentence or two. */
export function conclusion(group: Group): string {
  const { methods, metric } = group
  const measured = methods.filter(({ best }) => best.count > 0)
  if (measured.length === 0) return 'Nothing was measured: the runs had no evaluation data.'
  const better = (top: MethodResult, method: MethodResult) => (isBetter(method, top, metric) ? method : top)
  const best = measured.reduce(better)
  const value = `${metric} ${best.best.mean.toFixed(3)}${spread(best, metric)}`
  if (measured.length === 1) return single(best, value)
  const others = measured.filter((method) => method !== best)
  const rival = others.find(({ runs }) => runs[0]!.method === 'full') ?? others.reduce(better)
  const share = best.trainableParameters / rival.trainableParameters
  const difference = best.best.mean - rival.best.mean
  const against =
    difference > 0
      ? `${(100 * difference).toFixed(1)} points above ${rival.method}`
      : difference < 0
        ? `${(-difference).toFixed(3)} below ${rival.method}`
        : `as ${rival.method} has`
  return `${best.method} is best with ${value}, ${against}${verdict(best, rival)}; it trains ${share < 1 ? `${percent(share)} of` : `${share.toLocaleString('en', { maximumSignificantDigits: 2 })} times`} the parameters in ${percent(best.wallSeconds.mean / rival.wallSeconds.mean)} of the time.`
}

/** Of two that come to the same the one that trains less. */
function isBetter(one: MethodResult, other: MethodResult, metric: string): boolean {
  const difference = gainOf(metric, one.best.mean) - gainOf(metric, other.best.mean)
  return difference > 0 || (difference === 0 && one.trainableParameters < other.trainableParameters)
}

function single({ method, runs, trainableParameters, wallSeconds }: MethodResult, value: string): string {
  const { evaluation } = runs[0]!
  const rows = evaluation ? ` on ${evaluation.examples.toLocaleString('en')} rows` : ''
  return `${method} comes to ${value}${rows}, with ${trainableParameters.toLocaleString('en')} trained parameters in ${seconds(wallSeconds.mean)}.`
}

/** Of several seeds the deviation, else the interval of the one run. */
function spread({ best: { deviation, count }, runs }: MethodResult, metric: string): string {
  if (deviation !== null) return ` ± ${deviation.toFixed(3)} over ${count} seeds`
  const between = runs[0]!.evaluation?.intervals?.[metric]
  return between ? ` (95 % interval ${between[0].toFixed(3)} to ${between[1].toFixed(3)})` : ''
}

/** McNemar's test of the first runs where both keep their answers, else whether seeds spread further than they differ. */
function verdict(best: MethodResult, rival: MethodResult): string {
  const [a, b] = [best, rival].map(({ runs }) => runs[0]!.evaluation)
  if (a?.answers && a.answers.digest === b?.answers?.digest) {
    const { pValue } = compareEvaluations(a, b)
    return ` (McNemar's p ${pValue.toPrecision(2)} for the first seeds: ${pValue < 0.05 ? 'a real difference' : 'no evidence of a difference'})`
  }
  const noise = Math.hypot(best.best.deviation ?? Number.NaN, rival.best.deviation ?? Number.NaN)
  if (Number.isNaN(noise)) return ''
  return Math.abs(best.best.mean - rival.best.mean) < noise ? ', less than seeds differ by' : ''
}

export function seconds(value: number): string {
  if (value < 120) return `${value.toFixed(0)} seconds`
  return value < 7200 ? `${(value / 60).toFixed(0)} minutes` : `${(value / 3600).toFixed(1)} hours`
}
