/** A dev-set result of Hu et al., "LoRA" (ICLR 2022): Table 2, the median of five seeds and their deviation. */
export interface PaperResult {
  model: string
  task: string
  method: 'full' | 'lora'
  trainableParameters: number
  /** Accuracy, a share. */
  accuracy: number
  deviation?: number
}

const rows: [
  model: string,
  method: 'full' | 'lora',
  millions: number,
  sst2: string,
  mrpc: string,
  rte: string,
][] = [
  ['roberta-base', 'full', 125, '94.8', '90.2', '78.7'],
  ['roberta-base', 'lora', 0.3, '95.1 .2', '89.7 .7', '86.6 .7'],
  ['roberta-large', 'full', 355, '96.4', '90.9', '86.6'],
  ['roberta-large', 'lora', 0.8, '96.2 .5', '90.9 1.2', '87.4 2.5'],
  ['deberta-v2-xxlarge', 'full', 1500, '97.2', '92.0', '93.9'],
  ['deberta-v2-xxlarge', 'lora', 4.7, '96.9 .2', '92.6 .6', '94.9 .4'],
]

const results: PaperResult[] = rows.flatMap(([model, method, millions, ...cells]) =>
  (['sst2', 'mrpc', 'rte'] as const).map((task, i) => {
    const [accuracy, deviation] = cells[i]!.split(' ').map((percent) => Number(percent) / 100)
    return { model, task, method, trainableParameters: millions * 1e6, accuracy: accuracy!, deviation }
  }),
)

/** What the paper reports of a model (by the last part of its path or id) on a GLUE task; MRPC and RTE start from MNLI. */
export function paperResults(model: string, task: string | null): PaperResult[] {
  return results.filter((result) => result.model === model && result.task === task)
}
