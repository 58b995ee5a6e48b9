import { gainOf } from '../data/metrics.ts'
import { conclusion, seconds } from './conclusion.ts'
import { costsOf, type Figure, reference } from './figures.ts'
import type { Group, MethodResult, Spread } from './groups.ts'
import { escapeHtml } from './html.ts'
import { renderDetails } from './run-details.ts'
import { style } from './style.ts'
import { counted, percent } from './words.ts'

/** One page with everything in it: style, figures, tables. It asks for nothing from anywhere. */
export function renderPage(
  sections: readonly { group: Group; figures: readonly Figure[] }[],
  title: string,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="torch-lora report">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="dim">${escapeHtml(provenance(sections.map(({ group }) => group)))}</p>
${sections.map(renderSection).join('\n')}
</body>
</html>
`
}

/** When and on what the runs were made. */
function provenance(groups: readonly Group[]): string {
  const runs = groups.flatMap(({ methods }) => methods.flatMap((method) => method.runs))
  const days = [...new Set(runs.flatMap(({ finished }) => (finished ? [finished.slice(0, 10)] : [])))].sort()
  const machines = [...new Set(runs.flatMap(({ machine }) => (machine ? [machine] : [])))]
  const when = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : days[0]
  return [counted(runs.length, 'run'), when, ...machines].filter(Boolean).join(' · ')
}

function renderSection({ group, figures }: { group: Group; figures: readonly Figure[] }): string {
  const only = group.methods.length === 1 ? group.methods[0]!.runs : []
  const evaluation = only.length === 1 ? only[0]!.evaluation : undefined
  return `<section>
<h2>${escapeHtml(group.model)} on ${escapeHtml(group.task ?? 'the given files')}</h2>
<p class="conclusion">${escapeHtml(conclusion(group))}</p>
${group.methods.length > 1 ? renderTable(group) : ''}
${renderPaper(group)}
${evaluation ? renderDetails(evaluation) : ''}
<div class="figures">
${figures.map(({ svg, caption }) => `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`).join('\n')}
</div>
<details><summary>Every run and its configuration</summary>
${group.methods
  .flatMap(({ runs }) => runs)
  .map(renderRun(group.metric))
  .join('\n')}
</details>
</section>`
}

function renderTable(group: Group): string {
  const { methods, metric } = group
  const full = reference(group)
  const gain = ({ best }: MethodResult) => gainOf(metric, best.mean)
  const top = Math.max(...methods.flatMap((method) => (method.best.count > 0 ? [gain(method)] : [])))
  const cost = (method: MethodResult, name: keyof typeof costsOf, show: (value: number) => string) => {
    const of = costsOf[name]
    return `${show(of(method))}${method === full ? '' : `<span class="share">${percent(of(method) / of(full))}</span>`}`
  }
  const rows = methods.map(
    (method) =>
      [
        ['method', escapeHtml(method.method)],
        ['seeds', String(method.runs.length)],
        [`best ${metric}`, showSpread(method.best, 4)],
        ['trained', cost(method, 'trained parameters', (n) => n.toLocaleString('en'))],
        ['time', cost(method, 'wall time', seconds)],
        ['examples/s', method.examplesPerSecond.mean.toFixed(1)],
        ['peak memory', cost(method, 'peak memory', mebibytes)],
        ['optimizer state', cost(method, 'optimizer state', mebibytes)],
      ] as const,
  )
  const head = rows[0]!.map(([name]) => `<th>${escapeHtml(name)}</th>`).join('')
  const body = rows.map(
    (cells, i) =>
      `<tr${gain(methods[i]!) === top ? ' class="best"' : ''}>${cells.map(([name, html]) => `<td data-label="${escapeHtml(name)}"><span>${html}</span></td>`).join('')}</tr>`,
  )
  return `<table class="runs"><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>
<p class="note">Shares are of ${escapeHtml(full.method)}. ± is one sample standard deviation over seeds.</p>`
}

function renderPaper({ paper }: Group): string {
  if (paper.length === 0) return ''
  const parts = paper.map(
    ({ method, accuracy, deviation, trainableParameters }) =>
      `${method === 'full' ? 'full' : 'LoRA'} ${(100 * accuracy).toFixed(1)}${deviation ? ` ± ${(100 * deviation).toFixed(1)}` : ''} % with ${trainableParameters.toLocaleString('en')} parameters`,
  )
  return `<p class="note">The LoRA paper (Hu et al., ICLR 2022, Table 2; MRPC and RTE start from MNLI there): ${escapeHtml(parts.join('; '))}.</p>`
}

function renderRun(metric: string) {
  return ({ folder, label, best, wallSeconds, configuration }: MethodResult['runs'][number]): string => {
    const result = best
      ? `${metric} ${best.metrics[metric]!.toFixed(4)} at epoch ${best.epoch.toFixed(2)}`
      : 'not evaluated'
    return `<p><b>${escapeHtml(label)}</b>, seed ${configuration.seed}: ${escapeHtml(result)}, ${wallSeconds.toFixed(1)} s, ${escapeHtml(folder)}</p>
<pre>${escapeHtml(JSON.stringify(configuration))}</pre>`
  }
}

function showSpread({ mean, deviation, count }: Spread, digits: number): string {
  if (count === 0) return '-'
  return mean.toFixed(digits) + (deviation === null ? '' : ` ± ${deviation.toFixed(digits)}`)
}

function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20
  return `${value < 10 ? value.toPrecision(2) : value.toFixed(0)} MiB`
}
