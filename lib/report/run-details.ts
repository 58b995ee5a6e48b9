import type { EvaluationFile } from '../train/evaluation-file.ts'
import { escapeHtml } from './html.ts'

/** What an evaluation says of classes and texts: per-class bars, confusion matrix, the worst errors. */
export function renderDetails({ report, confusion, worst, intervals, metrics }: EvaluationFile): string {
  return [
    metricList(metrics, intervals),
    report &&
      `<div class="figures">${[classes(report), confusion && matrix(confusion, report)].map((part) => `<div>${part ?? ''}</div>`).join('')}</div>`,
    worst && errors(worst),
  ]
    .filter(Boolean)
    .join('\n')
}

function metricList(metrics: EvaluationFile['metrics'], intervals: EvaluationFile['intervals']): string {
  const parts = Object.entries(metrics).map(([name, value]) => {
    const between = intervals?.[name]
    return `${escapeHtml(name)} <b>${value.toFixed(3)}</b>${between ? ` (${between[0].toFixed(3)} to ${between[1].toFixed(3)})` : ''}`
  })
  return `<p class="note">${parts.join(' · ')}${intervals ? ' · in brackets: 95 % bootstrap intervals' : ''}</p>`
}

type Report = NonNullable<EvaluationFile['report']>

function classes({ classes: rows, macro, weighted }: Report): string {
  const row = ({ label, precision, recall, f1, support }: Report['classes'][number]) =>
    `<tr><td>${escapeHtml(label)}</td><td><span class="bar"><i style="width:${(100 * f1).toFixed(1)}%"></i></span>${f1.toFixed(3)}</td><td>${precision.toFixed(3)}</td><td>${recall.toFixed(3)}</td><td>${support}</td></tr>`
  return `<h3>By class</h3>
<div class="scroll"><table class="classes"><thead><tr><th>class</th><th>F1</th><th>precision</th><th>recall</th><th>rows</th></tr></thead>
<tbody>${[...rows, { label: 'macro average', ...macro }, { label: 'weighted average', ...weighted }].map(row).join('\n')}</tbody></table></div>`
}

/** Each cell as dark as its share of the row; what is off the diagonal in another colour. */
function matrix(confusion: readonly (readonly number[])[], { classes: rows }: Report): string {
  const names = rows.map(({ label }) => escapeHtml(label))
  const cells = (row: readonly number[], r: number) => {
    const total = Math.max(
      1,
      row.reduce((sum, count) => sum + count, 0),
    )
    return row
      .map((count, c) => {
        const colour = r === c ? 'var(--good)' : 'var(--bad)'
        const shade = count === 0 ? 0 : 0.12 + (0.5 * count) / total
        return `<td style="background:rgba(${colour},${shade.toFixed(2)})">${count}</td>`
      })
      .join('')
  }
  return `<h3>What was taken for what</h3>
<div class="scroll"><table class="confusion"><thead><tr><th></th>${names.map((name) => `<th>${name}</th>`).join('')}</tr></thead>
<tbody>${confusion.map((row, r) => `<tr><th>${names[r]}</th>${cells(row, r)}</tr>`).join('\n')}</tbody></table></div>
<p class="note">Rows are labels, columns answers.</p>`
}

function errors(worst: NonNullable<EvaluationFile['worst']>): string {
  if (worst.length === 0) return '<p class="note">No answer was wrong.</p>'
  const items = worst.map(
    ({ text, textPair, label, predicted, confidence }) =>
      `<li>${escapeHtml(shorten(text))}${textPair === undefined ? '' : ` <span class="dim">/</span> ${escapeHtml(shorten(textPair))}`}<br><span class="dim">is ${escapeHtml(label || 'none')}, answered <b>${escapeHtml(predicted || 'none')}</b> with ${(100 * confidence).toFixed(0)} %</span></li>`,
  )
  return `<h3>The most confident errors</h3>\n<ol class="errors">${items.slice(0, 10).join('\n')}</ol>`
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
