import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Group, MethodResult } from './groups.ts'

/** A figure as a standalone SVG document. */
export interface Figure {
  /** Of its file: `mrpc-metric`. */
  name: string
  caption: string
  svg: string
}

const { document } = parseHTML('<!doctype html><html><body></body></html>')

const legendWidth = 130
const below = { labelAnchor: 'center', labelArrow: 'none', labelOffset: 40 } as const
const palette = [
  '#4269d0',
  '#ff725c',
  '#3ca951',
  '#efb118',
  '#a463f2',
  '#6cc5b0',
  '#ff8ab7',
  '#9c6b4e',
  '#97bbf5',
]

/** The figures of a group: metric and loss by epoch, metric against trained parameters, costs. */
export function drawFigures(group: Group): Figure[] {
  const stem = `${group.model}-${group.task ?? 'files'}`.replace(/[^\w.-]+/g, '_')
  const what = `${group.model} on ${group.task ?? 'the given files'}`
  const seeds = Math.max(...group.methods.map(({ runs }) => runs.length))
  const band = seeds > 1 ? `, mean over up to ${seeds} seeds, one standard deviation shaded` : ''
  const figures = [
    group.metricCurve.length > 0 && {
      name: `${stem}-metric`,
      caption: `Development ${group.metric} of ${what} by epoch${band}${group.paper.length ? '; dashed: the LoRA paper, Table 2' : ''}.`,
      svg: metricByEpoch(group),
    },
    group.lossCurve.length > 0 && {
      name: `${stem}-loss`,
      caption: `Training loss of ${what}${band}.`,
      svg: lossByEpoch(group),
    },
    group.methods.some(({ best }) => best.count > 0) && {
      name: `${stem}-parameters`,
      caption: `Best ${group.metric} of ${what} against trained parameters${seeds > 1 ? ', one standard deviation either way' : ''}${group.paper.length ? '; crosses: the LoRA paper, Table 2' : ''}.`,
      svg: metricByParameters(group),
    },
    ...costFigures(group, stem, what),
  ]
  return figures.filter((figure) => figure !== false)
}

function colors(group: Group): { domain: string[]; range: string[] } {
  const domain = group.methods.map(({ method }) => method)
  let next = 0
  const range = group.methods.map(({ runs }) =>
    runs[0]!.method === 'full' ? '#555' : palette[next++ % palette.length]!,
  )
  return { domain, range }
}

/** Method names in their colours at the right: in the drawing, so that an SVG file alone can be read. */
function legend({ domain, range }: ReturnType<typeof colors>): Plot.Markish[] {
  return domain.map((name, i) =>
    Plot.text([`● ${name}`], {
      frameAnchor: 'top-right',
      textAnchor: 'start',
      dx: 14,
      dy: 4 + 17 * i,
      fill: range[i],
      fontSize: 12,
    }),
  )
}

function plot(options: Plot.PlotOptions, scale: ReturnType<typeof colors>): string {
  const drawn = Plot.plot({
    document: document as never,
    width: 720,
    height: 380,
    marginLeft: 60,
    marginBottom: 46,
    marginRight: legendWidth,
    style: { fontSize: '12px', background: 'white', color: '#222' },
    grid: true,
    ...options,
    color: { ...scale, type: 'ordinal' },
  })
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return drawn.outerHTML
}

function metricByEpoch(group: Group): string {
  const { metricCurve, metric, paper } = group
  return plot(
    {
      ariaLabel: `${metric} by epoch`,
      x: { label: 'epoch', zero: true, ...below },
      y: { label: metric, tickFormat: '.3~f' },
      marks: [
        Plot.ruleY(paper, { y: 'accuracy', stroke: '#999', strokeDasharray: '5 4' }),
        Plot.text(paper, {
          y: 'accuracy',
          text: (result) =>
            `paper, ${result.method === 'full' ? 'full' : 'LoRA'} ${(100 * result.accuracy).toFixed(1)} %`,
          frameAnchor: 'left',
          dx: 6,
          dy: -7,
          fill: '#777',
          textAnchor: 'start',
        }),
        ...curves(metricCurve, true),
        ...legend(colors(group)),
      ],
    },
    colors(group),
  )
}

function lossByEpoch(group: Group): string {
  return plot(
    {
      ariaLabel: 'training loss by epoch',
      x: { label: 'epoch', zero: true, ...below },
      y: { label: 'training loss', zero: true },
      marks: [...curves(group.lossCurve, false), ...legend(colors(group))],
    },
    colors(group),
  )
}

function curves(points: Group['metricCurve'], marker: boolean): Plot.Markish[] {
  const spreads = points.filter(({ deviation }) => deviation !== null)
  return [
    Plot.areaY(spreads, {
      x: 'epoch',
      y1: ({ mean, deviation }) => mean - deviation,
      y2: ({ mean, deviation }) => mean + deviation,
      z: 'method',
      fill: 'method',
      fillOpacity: 0.13,
    }),
    Plot.lineY(points, {
      x: 'epoch',
      y: 'mean',
      z: 'method',
      stroke: 'method',
      strokeWidth: 1.8,
      marker: marker ? 'dot' : 'none',
    }),
  ]
}

function metricByParameters(group: Group): string {
  const measured = group.methods.filter(({ best }) => best.count > 0)
  return plot(
    {
      ariaLabel: `best ${group.metric} against trained parameters`,
      x: { type: 'log', label: 'trained parameters', tickFormat: '~s', nice: true, ...below },
      y: { label: `best ${group.metric}`, tickFormat: '.3~f', nice: true },
      marks: [
        Plot.ruleX(
          measured.filter(({ best }) => best.deviation !== null),
          {
            x: 'trainableParameters',
            y1: ({ best }) => best.mean - best.deviation,
            y2: ({ best }) => best.mean + best.deviation,
            stroke: 'method',
            strokeWidth: 1.5,
          },
        ),
        Plot.dot(measured, { x: 'trainableParameters', y: ({ best }) => best.mean, fill: 'method', r: 5 }),
        Plot.dot(group.paper, {
          x: 'trainableParameters',
          y: 'accuracy',
          symbol: 'times',
          stroke: '#777',
          r: 5,
        }),
        Plot.text(group.paper, {
          x: 'trainableParameters',
          y: 'accuracy',
          text: (result) => `paper, ${result.method === 'full' ? 'full' : 'LoRA'}`,
          dy: -12,
          fill: '#777',
        }),
        ...legend(colors(group)),
      ],
    },
    colors(group),
  )
}

function costFigures(group: Group, stem: string, what: string): Figure[] {
  const costs: [name: string, label: string, of: (method: MethodResult) => number][] = [
    ['time', 'wall time, seconds', ({ wallSeconds }) => wallSeconds.mean],
    ['cpu', 'processor time, seconds', ({ cpuSeconds }) => cpuSeconds.mean],
    ['memory', 'peak resident memory, MiB', ({ peakResidentBytes }) => peakResidentBytes.mean / 2 ** 20],
    ['optimizer', 'optimizer state, MiB', ({ optimizerStateBytes }) => optimizerStateBytes / 2 ** 20],
  ]
  return costs.map(([name, label, of]) => ({
    name: `${stem}-${name}`,
    caption: `${label[0]!.toUpperCase()}${label.slice(1)}, of ${what}${name === 'optimizer' ? '' : ', mean over seeds'}.`,
    svg: bars(group, label, of),
  }))
}

function bars(group: Group, label: string, of: (method: MethodResult) => number): string {
  const scale = colors(group)
  const widest = Math.max(...scale.domain.map((name) => name.length))
  return plot(
    {
      ariaLabel: label,
      height: 76 + 30 * group.methods.length,
      marginLeft: 24 + 7.5 * widest,
      marginRight: 90,
      x: { label, nice: true, ...below },
      y: { domain: scale.domain, label: null },
      marks: [
        Plot.barX(group.methods, { x: of, y: 'method', fill: 'method', insetTop: 3, insetBottom: 3 }),
        Plot.text(group.methods, {
          x: of,
          y: 'method',
          text: (method) => of(method).toLocaleString('en', { maximumSignificantDigits: 3 }),
          textAnchor: 'start',
          dx: 5,
        }),
      ],
    },
    scale,
  )
}
