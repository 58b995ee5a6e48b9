import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { CalibrationBin } from '../data/calibration.ts'
import { gainOf } from '../data/metrics.ts'
import type { LearningRatesFile } from '../train/learning-rates-file.ts'
import type { CurvePoint, Group, MethodResult } from './groups.ts'
import { percent } from './words.ts'

/** A figure as a standalone SVG document. */
export interface Figure {
  /** Of its file: `mrpc-metric`. */
  name: string
  caption: string
  svg: string
}

const { document } = parseHTML('<!doctype html><html><body></body></html>')

const below = { labelAnchor: 'center', labelArrow: 'none', labelOffset: 38 } as const
/** Told apart by people who see colours differently, on white and on black (Okabe and Ito's, without yellow). */
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00']
const grey = '#888'
/** As wide as a phone's page and a third of a large one: text is as large as it is drawn, as large as captions. */
const width = 360
const height = 270
const fontSize = 14
/** How wide a bold letter is. */
const letter = 8
/** More curves than these cannot be told apart in one frame: each gets its own. */
const mostCurves = 5

/** The figures of a group: metric and loss by epoch, metric against trained parameters, costs, calibration. */
export function drawFigures(group: Group): Figure[] {
  const stem = `${group.model}-${group.task ?? 'files'}`.replace(/[^\w.-]+/g, '_')
  const seeds = Math.max(...group.methods.map(({ runs }) => runs.length))
  const band = seeds > 1 ? `, mean over up to ${seeds} seeds, one standard deviation shaded` : ''
  const several = group.methods.length > 1
  const { evaluation, learningRates } = group.methods[0]!.runs[0]!
  const calibration = evaluation?.calibration
  const figures = [
    group.metricCurve.length > 0 && {
      name: `${stem}-metric`,
      caption: `${group.metric[0]!.toUpperCase()}${group.metric.slice(1)} on the evaluation data by epoch${band}${group.paper.length ? '; dashed: the LoRA paper, Table 2' : ''}.`,
      svg: curveFigure(group, group.metricCurve, { label: group.metric, marker: true }),
    },
    group.lossCurve.length > 0 && {
      name: `${stem}-loss`,
      caption: `Training loss, smoothed${several ? band : ', over the raw values in grey'}.`,
      svg: curveFigure(group, smoothed(group.lossCurve), {
        label: 'training loss',
        raw: several ? [] : group.lossCurve,
      }),
    },
    new Set(group.methods.map(({ trainableParameters }) => trainableParameters)).size > 1 &&
      group.methods.some(({ best }) => best.count > 0) && {
        name: `${stem}-parameters`,
        caption: `Best ${group.metric} against trained parameters${seeds > 1 ? ', one standard deviation either way' : ''}; the line joins those that no other beats with fewer${group.paper.length ? '; crosses: the LoRA paper, Table 2' : ''}.`,
        svg: metricByParameters(group),
      },
    several && {
      name: `${stem}-costs`,
      caption: `Costs as a share of ${reference(group).method}'s${seeds > 1 ? ', means over seeds' : ''}.`,
      svg: costs(group),
    },
    !several &&
      calibration && {
        name: `${stem}-calibration`,
        caption:
          'How often answers are right by how sure the model was; on the dashed line they agree. Larger dots stand for more answers.',
        svg: calibrationFigure(calibration),
      },
    !several &&
      learningRates && {
        name: `${stem}-learning-rates`,
        caption: `Loss of each update of the search for the learning rate, one rate after the other${learningRates.learningRate === null ? '; it falls nowhere by more than chance would have it' : `; the line: where it falls fastest, ${learningRates.learningRate}`}.`,
        svg: learningRateFigure(learningRates),
      },
  ]
  return figures.filter((figure) => figure !== false && figure !== undefined)
}

/** An SVG that is a file of its own has no page to take its colours from. */
export function standalone(svg: string): string {
  return svg.replace('style="', 'style="background:#fff;color:#222;')
}

function colors(group: Group): { domain: string[]; range: string[] } {
  const domain = group.methods.map(({ method }) => method)
  let next = 0
  const range = group.methods.map(({ runs }) =>
    runs[0]!.method === 'full' ? grey : palette[next++ % palette.length]!,
  )
  return { domain, range }
}

function plot(options: Plot.PlotOptions, scale?: ReturnType<typeof colors>): string {
  const drawn = Plot.plot({
    document: document as never,
    width,
    height,
    marginTop: 34,
    marginLeft: 52,
    marginBottom: 44,
    marginRight: 20,
    style: { fontSize: `${fontSize}px`, background: 'transparent', color: 'currentColor' },
    grid: true,
    ...options,
    ...(scale && { color: { ...scale, type: 'ordinal' } }),
  })
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return drawn.outerHTML
}

interface CurveOptions {
  label: string
  marker?: boolean
  raw?: readonly CurvePoint[]
}

/** Curves with their names at their ends; beyond five a frame each, the others in grey behind. */
function curveFigure(
  group: Group,
  points: readonly CurvePoint[],
  { label, marker, raw = [] }: CurveOptions,
): string {
  const scale = colors(group)
  const { domain } = scale
  const many = domain.length > mostCurves
  const place = (method: string) =>
    many ? { fx: domain.indexOf(method) % 2, fy: Math.floor(domain.indexOf(method) / 2) } : {}
  const placed = points.map((point) => ({ ...point, ...place(point.method) }))
  const facets = many ? ({ fx: 'fx', fy: 'fy' } as const) : {}
  const rows = Math.ceil(domain.length / 2)
  const paper = marker ? group.paper.map(({ accuracy }) => ({ mean: accuracy, deviation: null })) : []
  return plot(
    {
      ariaLabel: `${label} by epoch`,
      height: many ? 74 + 130 * rows : height,
      marginRight:
        many || domain.length === 1 ? 20 : 24 + letter * Math.max(...domain.map((name) => name.length)),
      x: { label: 'epoch', ...below, ...(many && { ticks: 3 }) },
      y: {
        label,
        labelArrow: 'up',
        tickFormat: '.3~f',
        nice: true,
        ...room([...points, ...raw, ...paper]),
        ...(many && { ticks: 4 }),
      },
      ...(many && { fx: { axis: null }, fy: { axis: null } }),
      marks: [
        !many
          ? null
          : Plot.lineY(points, { x: 'epoch', y: 'mean', z: 'method', stroke: grey, strokeOpacity: 0.35 }),
        !many ? null : Plot.frame({ stroke: grey, strokeOpacity: 0.4 }),
        Plot.lineY(raw, { x: 'epoch', y: 'mean', stroke: grey, strokeOpacity: 0.5, strokeWidth: 1 }),
        !marker || many
          ? null
          : [
              Plot.ruleY(group.paper, { y: 'accuracy', stroke: grey, strokeDasharray: '5 4' }),
              Plot.text(group.paper, {
                y: 'accuracy',
                text: (result) =>
                  `paper, ${result.method === 'full' ? 'full' : 'LoRA'} ${(100 * result.accuracy).toFixed(1)} %`,
                frameAnchor: 'left',
                dx: 6,
                dy: -7,
                fill: grey,
                textAnchor: 'start',
              }),
            ],
        Plot.areaY(
          placed.filter(({ deviation }) => deviation !== null),
          {
            x: 'epoch',
            y1: ({ mean, deviation }) => mean - deviation!,
            y2: ({ mean, deviation }) => mean + deviation!,
            z: 'method',
            fill: 'method',
            fillOpacity: 0.15,
            ...facets,
          },
        ),
        Plot.lineY(placed, {
          x: 'epoch',
          y: 'mean',
          z: 'method',
          stroke: 'method',
          strokeWidth: 2,
          marker: marker ? 'dot' : 'none',
          ...facets,
        }),
        many
          ? Plot.text(
              domain.map((method) => ({ method, ...place(method) })),
              {
                text: 'method',
                fill: 'method',
                frameAnchor: 'top-left',
                dx: 5,
                dy: 5,
                textAnchor: 'start',
                fontWeight: 600,
                ...facets,
              },
            )
          : domain.length < 2
            ? null
            : Plot.text(endLabels(points), {
                x: 'epoch',
                y: 'at',
                text: 'method',
                fill: 'method',
                textAnchor: 'start',
                dx: 8,
                fontWeight: 600,
              }),
      ],
    },
    scale,
  )
}

/** From the least to the greatest, deviations too, whatever the names at the ends need; a flat curve gets some room. */
function room(points: readonly Pick<CurvePoint, 'mean' | 'deviation'>[]): { domain?: [number, number] } {
  if (points.length === 0) return {}
  const low = Math.min(...points.map(({ mean, deviation }) => mean - (deviation ?? 0)))
  const high = Math.max(...points.map(({ mean, deviation }) => mean + (deviation ?? 0)))
  if (low < high) return { domain: [low, high] }
  const half = 0.05 * (Math.abs(low) || 1)
  return { domain: [low - half, low === 1 ? 1 : low + half] }
}

/** Names at the ends of their curves, moved apart where they would lie on each other. */
function endLabels(points: readonly CurvePoint[]): { method: string; epoch: number; at: number }[] {
  const ends = new Map(points.map((point) => [point.method, point]))
  const means = points.map(({ mean }) => mean)
  const gap = 0.085 * (Math.max(...means) - Math.min(...means))
  const epoch = Math.max(...points.map((point) => point.epoch))
  const names = [...ends.values()]
    .sort((a, b) => a.mean - b.mean)
    .map(({ method, mean }) => ({ method, epoch, at: mean }))
  for (const [i, name] of names.entries()) if (i > 0) name.at = Math.max(name.at, names[i - 1]!.at + gap)
  let above = Math.max(...means) + gap
  for (const name of names.reverse()) above = name.at = Math.min(name.at, above - gap)
  return names
}

/** An exponential mean over each method's points, of about a twelfth of the curve. */
function smoothed(points: readonly CurvePoint[]): CurvePoint[] {
  const counts = new Map<string, number>()
  for (const { method } of points) counts.set(method, (counts.get(method) ?? 0) + 1)
  const last = new Map<string, number>()
  return points.map((point) => {
    const keep = 1 - Math.min(1, 12 / counts.get(point.method)!)
    const mean = keep * (last.get(point.method) ?? point.mean) + (1 - keep) * point.mean
    last.set(point.method, mean)
    return { ...point, mean }
  })
}

/** Whether a method's name, above its dot, would lie on that of another whose dot is beside it and no lower. */
function isCrowded(method: MethodResult, other: MethodResult, all: readonly MethodResult[]): boolean {
  const share = (of: (method: MethodResult) => number) => {
    const values = all.map(of)
    return Math.abs(of(method) - of(other)) / (Math.max(...values) - Math.min(...values))
  }
  if (method === other || share(({ best }) => best.mean) > 0.12) return false
  if (share(({ trainableParameters }) => Math.log(trainableParameters)) > 0.25) return false
  const below = method.best.mean - other.best.mean
  return below < 0 || (below === 0 && all.indexOf(method) > all.indexOf(other))
}

function metricByParameters(group: Group): string {
  const measured = group.methods.filter(({ best }) => best.count > 0)
  const front = measured.filter(
    (one) =>
      !measured.some(
        (other) =>
          other !== one &&
          other.trainableParameters <= one.trainableParameters &&
          gainOf(group.metric, other.best.mean) > gainOf(group.metric, one.best.mean),
      ),
  )
  const crowded = new Set(
    measured.filter((method) => measured.some((other) => isCrowded(method, other, measured))),
  )
  return plot(
    {
      ariaLabel: `best ${group.metric} against trained parameters`,
      marginRight: 60,
      // Names stand above their dots, in the middle.
      inset: Math.max(24, (letter / 2) * Math.max(...measured.map(({ method }) => method.length)) - 40),
      x: { type: 'log', label: 'trained parameters', tickFormat: '~s', ...below },
      y: { label: `best ${group.metric}`, tickFormat: '.3~f', nice: true },
      marks: [
        Plot.lineY(
          front.toSorted((a, b) => a.trainableParameters - b.trainableParameters),
          {
            x: 'trainableParameters',
            y: ({ best }) => best.mean,
            curve: 'step-after',
            stroke: 'currentColor',
            strokeOpacity: 0.4,
            strokeWidth: 1.5,
          },
        ),
        Plot.ruleX(
          measured.filter(({ best }) => best.deviation !== null),
          {
            x: 'trainableParameters',
            y1: ({ best }) => best.mean - best.deviation!,
            y2: ({ best }) => best.mean + best.deviation!,
            stroke: 'method',
            strokeWidth: 1.5,
          },
        ),
        Plot.dot(measured, { x: 'trainableParameters', y: ({ best }) => best.mean, fill: 'method', r: 5 }),
        [-13, 15].map((dy) =>
          Plot.text(
            measured.filter((method) => crowded.has(method) === dy > 0),
            {
              x: 'trainableParameters',
              y: ({ best }) => best.mean,
              text: 'method',
              fill: 'method',
              dy,
              fontWeight: 600,
            },
          ),
        ),
        Plot.dot(group.paper, {
          x: 'trainableParameters',
          y: 'accuracy',
          symbol: 'times',
          stroke: grey,
          r: 5,
        }),
        Plot.text(group.paper, {
          x: 'trainableParameters',
          y: 'accuracy',
          text: (result) => `paper, ${result.method === 'full' ? 'full' : 'LoRA'}`,
          dy: -12,
          fill: grey,
        }),
      ],
    },
    colors(group),
  )
}

/** What the others' costs are compared with: full fine-tuning, else of what trains most that over float32 weights. */
export function reference({ methods }: Group): MethodResult {
  const all = methods.filter(({ runs }) => runs[0]!.method === 'full')
  const most = Math.max(...methods.map(({ trainableParameters }) => trainableParameters))
  const those = all.length > 0 ? all : methods.filter((method) => method.trainableParameters === most)
  return those.find(({ runs }) => runs[0]!.precision === 'float32') ?? those[0]!
}

/** Costs of a method, by name. */
export const costsOf = {
  'trained parameters': ({ trainableParameters }) => trainableParameters,
  'wall time': ({ wallSeconds }) => wallSeconds.mean,
  'processor time': ({ cpuSeconds }) => cpuSeconds.mean,
  'peak memory': ({ peakResidentBytes }) => peakResidentBytes.mean,
  'optimizer state': ({ optimizerStateBytes }) => optimizerStateBytes,
} as const satisfies Record<string, (method: MethodResult) => number>

/** What the name of a cost takes above its bars. */
const heading = 30

function costs(group: Group): string {
  const scale = colors(group)
  const full = reference(group)
  const values = Object.entries(costsOf).flatMap(([cost, of]) =>
    group.methods.map((method) => ({ cost, method: method.method, share: of(method) / of(full) })),
  )
  const largest = Math.max(...values.map(({ share }) => share))
  return plot(
    {
      ariaLabel: `costs as a share of ${full.method}`,
      height: 28 + Object.keys(costsOf).length * (heading + 20 * group.methods.length),
      marginLeft: 16 + letter * Math.max(...scale.domain.map((name) => name.length)),
      marginRight: 64,
      marginTop: 24,
      marginBottom: 4,
      x: { axis: null, domain: [0, largest] },
      y: { domain: scale.domain, label: null },
      fy: {
        domain: Object.keys(costsOf),
        axis: null,
        padding: heading / (heading + 20 * group.methods.length),
      },
      grid: false,
      marks: [
        Plot.text(Object.keys(costsOf), {
          fy: (cost) => cost,
          text: (cost) => cost,
          frameAnchor: 'top-left',
          dy: -18,
          textAnchor: 'start',
          fontWeight: 600,
        }),
        Plot.barX(values, {
          x: 'share',
          y: 'method',
          fy: 'cost',
          fill: 'method',
          insetTop: 1,
          insetBottom: 1,
        }),
        Plot.text(values, {
          x: 'share',
          y: 'method',
          fy: 'cost',
          text: ({ share }) => percent(share),
          textAnchor: 'start',
          dx: 5,
        }),
      ],
    },
    scale,
  )
}

/** Losses that broke out are drawn at the top of the frame, so that the fall before can be seen. */
function learningRateFigure({ points, learningRate }: LearningRatesFile): string {
  const losses = points.map(({ loss }) => loss)
  const top = Math.min(Math.max(...losses), 2 * (losses[0] ?? 1))
  return plot({
    ariaLabel: 'loss by learning rate',
    x: { type: 'log', label: 'learning rate', tickFormat: '.0e', ticks: 6, ...below },
    y: {
      label: 'training loss',
      tickFormat: '.3~f',
      domain: [Math.min(...losses), top],
      clamp: true,
      nice: true,
    },
    marks: [
      Plot.lineY(points, { x: 'learningRate', y: 'loss', stroke: grey, strokeOpacity: 0.5, strokeWidth: 1 }),
      Plot.lineY(
        points,
        Plot.windowY(
          { k: 9, anchor: 'middle', reduce: 'median' },
          { x: 'learningRate', y: 'loss', stroke: palette[0]!, strokeWidth: 2 },
        ),
      ),
      learningRate === null
        ? null
        : Plot.ruleX([learningRate], { stroke: 'currentColor', strokeDasharray: '5 4' }),
    ],
  })
}

function calibrationFigure(bins: readonly CalibrationBin[]): string {
  return plot({
    ariaLabel: 'accuracy by confidence',
    x: { label: 'confidence', domain: [0, 1], ...below },
    y: { label: 'share that is right', domain: [0, 1] },
    r: { range: [0, 14] },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: grey, strokeDasharray: '5 4' },
      ),
      Plot.lineY(bins, { x: 'confidence', y: 'accuracy', stroke: palette[0]!, strokeWidth: 2 }),
      Plot.dot(bins, { x: 'confidence', y: 'accuracy', r: 'count', fill: palette[0]!, fillOpacity: 0.7 }),
    ],
  })
}
