import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { loadAdapter, readAdapterLabels } from '../lora/adapter.ts'
import { hasLora, loraState } from '../lora/apply.ts'
import { unloadLora } from '../lora/merge.ts'
import type { SequenceClassifier } from '../models/classifier.ts'
import type { ClassifierConfig, LabelOptions } from '../models/config.ts'
import { sameShape } from '../models/load.ts'
import type { Family } from '../models/pretrained.ts'
import type { Linear } from '../nn/linear.ts'
import { scope } from '../scope.ts'
import { type DType, Tensor } from '../tensor.ts'
import { flatten } from '../tree.ts'
import { effectiveWeight } from './frozen-weights.ts'
import type { Product } from './products.ts'

/** The tensors that an adapter brings into a forward pass: inputs of a program, so that any adapter can take them. */
export interface AdapterTensors {
  /** By path of the Linear: A [R, in], and B [out, R] with the scaling in it. */
  updates: Record<string, { A: Tensor; B: Tensor }>
  /** The head's parameters, by path. */
  head: Record<string, Tensor>
}

/** An adapter held beside its base model in memory, for the requests that name it. */
export interface ServedAdapter {
  readonly source: string
  readonly labels: readonly string[]
  readonly problemType: ClassifierConfig['problemType']
  readonly r: number
  readonly parameters: number
  readonly tensors: AdapterTensors
  /** What it adapts: adapters with one signature can take each other's place in a program. */
  readonly signature: string
  dispose(): void
}

/** The parameters that `head()` reads: a pooler, wherever the family keeps it, and the classifier. */
export function headPaths(model: SequenceClassifier): string[] {
  return [...model.namedParameters()].map(([path]) => path).filter((path) => model.isOfHead(path))
}

/** A model of the same family without parameters of its own. */
export function emptyModel(
  model: SequenceClassifier,
  config: ClassifierConfig = model.config,
): SequenceClassifier {
  return new (model.constructor as unknown as Family)(config, { device: 'meta' })
}

/**
 * Reads an adapter for a base model that stays as it is.
 * @throws TorchLoraError INVALID_FILE; INCOMPATIBLE when it does not fit the base model; UNSUPPORTED when it changes
 * what cannot differ between texts of one batch: merge such an adapter
 */
export async function readServedAdapter(
  base: SequenceClassifier,
  products: readonly Product[],
  source: string,
  { loraAlpha }: { loraAlpha?: number } = {},
): Promise<ServedAdapter> {
  const config = { ...base.config, ...labelsFor(base.config, await readAdapterLabels(source)) }
  // A model that borrows the base's parameters: what the loader checks and fills, without touching the base.
  const borrower = emptyModel(base, config)
  const own = new Map(borrower.namedParameters())
  const { dtype } = products[0]!.layers[0]!.weight
  const fillers: Tensor[] = []
  for (const [path, parameter] of base.namedParameters()) {
    const { shape } = own.get(path)!
    const fits = sameShape(shape, parameter.shape)
    if (!fits) fillers.push(Tensor.zeros(shape, { device: base.device, dtype: parameter.dtype }))
    borrower.replaceParameter(path, fits ? parameter : fillers.at(-1)!)
  }
  for (const path of base.freshParameters) borrower.freshParameters.add(path)
  try {
    await loadAdapter(borrower, source, { loraAlpha })
    const { layers, trained, config: lora } = loraState(borrower)
    const head = headPaths(borrower)
    // The head is the adapter's own: updates of its Linears are merged.
    const beside = [...layers].filter(([path]) => !head.includes(`${path}.weight`))
    refuseUnmixable(
      source,
      beside.map(([path]) => path),
      [...trained],
      head,
      base,
      products,
    )
    const parameters = new Map(borrower.namedParameters())
    const tensors = scope(() =>
      noGrad(() => ({
        updates: Object.fromEntries(
          Array.from(beside, ([path, { update }]) => {
            const { A, B, scaling } = update!
            return [path, { A: owned(A, dtype), B: owned(ops.mulScalar(B, scaling), dtype) }]
          }),
        ),
        head: Object.fromEntries(
          head.map((path) => {
            const adapted = layers.get(path.replace(/\.weight$/, ''))
            return [
              path,
              owned(adapted ? effectiveWeight(adapted) : parameters.get(path)!, parameters.get(path)!.dtype),
            ]
          }),
        ),
      })),
    )
    const all = flatten(tensors, (leaf) => [leaf as Tensor])
    const count = all.reduce((sum, { numel }) => sum + numel, 0)
    unloadLora(borrower)
    return {
      source,
      labels: config.labels,
      problemType: config.problemType,
      r: lora.r,
      parameters: count,
      tensors,
      signature: Object.keys(tensors.updates).join(),
      dispose() {
        for (const tensor of all) tensor.dispose()
      },
    }
  } finally {
    if (hasLora(borrower)) unloadLora(borrower)
    for (const filler of fillers) filler.dispose()
  }
}

/** A copy that no other model owns. */
function owned(tensor: Tensor, dtype: DType): Tensor {
  const converted = tensor.detach().to({ dtype })
  return tensor.dtype === dtype ? converted.clone() : converted
}

function labelsFor(
  base: ClassifierConfig,
  said: LabelOptions,
): Pick<ClassifierConfig, 'labels' | 'problemType'> {
  if (said.labels && said.problemType) return { labels: [...said.labels], problemType: said.problemType }
  const count = said.numLabels ?? base.labels.length
  if (count === base.labels.length) return { labels: base.labels, problemType: base.problemType }
  return {
    labels: Array.from({ length: count }, (_, i) => `LABEL_${i}`),
    problemType: count === 1 ? 'regression' : 'single_label_classification',
  }
}

/** Texts of one batch share every weight but the head's and the updates of Linears that see the texts' own rows. */
function refuseUnmixable(
  source: string,
  adapted: readonly string[],
  trained: readonly string[],
  head: readonly string[],
  base: SequenceClassifier,
  products: readonly Product[],
): void {
  const modules = new Map(base.namedModules())
  const shared = adapted.filter((path) => {
    const layer = modules.get(path) as Linear
    const uses = new Set(products.filter(({ layers }) => layers.includes(layer)).map(({ rows }) => rows))
    return uses.size !== 1 || uses.has('other')
  })
  const problems = [...trained.filter((path) => !head.includes(path)), ...shared]
  if (problems.length === 0) return
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${source} changes ${problems.slice(0, 6).join(', ')}${problems.length > 6 ? ` and ${problems.length - 6} more` : ''}, which all texts of a batch share. Load it merged (option adapter, or torch-lora merge) instead of beside others.`,
    { file: source },
  )
}
