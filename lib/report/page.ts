import type { Figure } from './figures.ts'
import type { Group, MethodResult, Spread } from './groups.ts'

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
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1120px; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ddd; padding-bottom: .3rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 500px), 1fr)); gap: 1.5rem; align-items: start; }
figure { margin: 0; } figure svg { max-width: 100%; height: auto; } figcaption { color: #555; font-size: .9rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #e5e5e5; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } details { margin: 1rem 0; } pre { overflow-x: auto; background: #f6f6f6; padding: .6rem; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${sections.map(renderSection).join('\n')}
</body>
</html>
`
}

function renderSection({ group, figures }: { group: Group; figures: readonly Figure[] }): string {
  return `<section>
<h2>${escapeHtml(group.model)} on ${escapeHtml(group.task ?? 'the given files')}</h2>
${renderTable(group)}
${renderPaper(group)}
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

function renderTable({ methods, metric }: Group): string {
  const full = methods.find(({ runs }) => runs[0]!.method === 'full')
  const ratio = (of: (method: MethodResult) => number) => (method: MethodResult) =>
    full && method !== full ? ` (${((100 * of(method)) / of(full)).toPrecision(3)} %)` : ''
  const seconds = ratio(({ wallSeconds }) => wallSeconds.mean)
  const processor = ratio(({ cpuSeconds }) => cpuSeconds.mean)
  const memory = ratio(({ peakResidentBytes }) => peakResidentBytes.mean)
  const state = ratio(({ optimizerStateBytes }) => optimizerStateBytes)
  const trained = ratio(({ trainableParameters }) => trainableParameters)
  const rows = methods.map((method) => [
    method.method,
    String(method.runs.length),
    showSpread(method.best, 4),
    method.trainableParameters.toLocaleString('en') + trained(method),
    showSpread(method.wallSeconds, 1) + seconds(method),
    showSpread(method.cpuSeconds, 1) + processor(method),
    method.examplesPerSecond.mean.toFixed(1),
    mebibytes(method.peakResidentBytes.mean) + memory(method),
    mebibytes(method.optimizerStateBytes) + state(method),
  ])
  const head = [
    'method',
    'seeds',
    `best ${metric}`,
    'trained',
    'wall seconds',
    'CPU seconds',
    'examples/s',
    'peak MiB',
    'optimizer MiB',
  ]
  const note = full ? 'In brackets: the share of full fine-tuning. ' : ''
  return `<div class="scroll">${table(head, rows)}</div>
<p>${note}± is one sample standard deviation over seeds. CPU seconds are of all threads of a run.</p>`
}

function renderPaper({ paper }: Group): string {
  if (paper.length === 0) return ''
  const rows = paper.map(({ method, accuracy, deviation, trainableParameters }) => [
    method === 'full' ? 'full' : 'LoRA',
    `${(100 * accuracy).toFixed(1)}${deviation ? ` ± ${(100 * deviation).toFixed(1)}` : ''} %`,
    trainableParameters.toLocaleString('en'),
  ])
  return `<p>The LoRA paper (Hu et al., ICLR 2022, Table 2; MRPC and RTE start from MNLI there):</p>
<div class="scroll">${table(['paper', 'accuracy', 'trained'], rows)}</div>`
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`
  return `<table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table>`
}

function showSpread({ mean, deviation, count }: Spread, digits: number): string {
  if (count === 0) return '-'
  return mean.toFixed(digits) + (deviation === null ? '' : ` ± ${deviation.toFixed(digits)}`)
}

function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20
  return value < 10 ? value.toPrecision(2) : value.toFixed(0)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
