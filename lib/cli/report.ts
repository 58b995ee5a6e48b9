import { join } from 'node:path'
import { Command } from 'commander'

interface ReportFlags {
  out: string
  svg?: string
  title: string
}

/** `torch-lora report`: runs as one HTML page with figures and tables. */
export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Draw runs and sweeps as one self-contained HTML page: a conclusion, classes, errors, curves, costs, LoRA beside full',
    )
    .argument('<runs...>', 'folders of runs, of sweeps, or that hold such')
    .requiredOption('--out <file>', 'the page to write')
    .option('--svg <dir>', 'write every figure as an SVG file too')
    .option('--title <text>', 'title of the page', 'Fine-tuning runs')
    .action(report)
}

async function report(folders: string[], flags: ReportFlags): Promise<void> {
  const { writeFileAtomically } = await import('../checkpoint/index.ts')
  const { readRuns } = await import('../report/runs.ts')
  const { groupRuns } = await import('../report/groups.ts')
  const { drawFigures, standalone } = await import('../report/figures.ts')
  const { renderPage } = await import('../report/page.ts')
  const runs = await readRuns(folders)
  const sections = groupRuns(runs).map((group) => ({ group, figures: drawFigures(group) }))
  const figures = sections.flatMap((section) => section.figures)
  await writeFileAtomically(flags.out, renderPage(sections, flags.title))
  if (flags.svg)
    for (const { name, svg } of figures)
      await writeFileAtomically(join(flags.svg, `${name}.svg`), standalone(svg))
  const { counted } = await import('../report/words.ts')
  const also = flags.svg ? `, figures in ${flags.svg}` : ''
  console.log(`${counted(runs.length, 'run')}, ${counted(figures.length, 'figure')}: ${flags.out}${also}`)
}
