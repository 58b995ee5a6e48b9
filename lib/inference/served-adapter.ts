import { loadAdapter, readAdapterLabels } from '../adapters/adapter.ts'
import { unloadLora } from '../adapters/merge.ts'
import type { AdaptedModule } from '../adapters/method.ts'
import { hasLora, loraState } from '../adapters/state.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { sameShape } from '../models/load.ts'
import { Model } from '../models/model.ts'
import type { LinearLike, LowRank } from '../nn/linear.ts'
import { scope } from '../scope.ts'
import type { Task } from '../tasks/task.ts'
import { type DType, Tensor } from '../tensor.ts'
import { flatten } from '../tree.ts'
import { productsOf } from './frozen-model.ts'
import type { ServedUpdate } from './served-linear.ts'

/** The tensors that an adapter brings into a forward pass: inputs of a program, so that any adapter can take them. */
export interface AdapterTensors {
  /** By path of the Linear: A [R, in], and B [out, R] with the scaling in it. */
  updates: Record<string, ServedUpdate>
  /** The head's parameters, by path. */
  head: Record<string, Tensor>
}

/** An adapter held beside its base model in memory, for the requests that name it. */
export interface ServedAdapter<T extends Task = Task> {
  readonly source: string
  readonly task: T
  readonly r: number
  readonly parameters: number
  /** For a loralib checkpoint, as it was given. */
  readonly loraAlpha?: number
  readonly tensors: AdapterTensors
  /** What it adapts: adapters with one signature can take each other's place in a program. */
  readonly signature: string
  dispose(): void
}

/**
 * Reads an adapter for a base model that stays as it is.
 * @throws TorchLoraError INVALID_FILE; INCOMPATIBLE when it does not fit the base model; UNSUPPORTED when it changes
 * what cannot differ between texts of one batch: merge such an adapter
 */
export async function readServedAdapter<T extends Task>(
  base: Model<T>,
  source: string,
  { loraAlpha }: { loraAlpha?: number } = {},
): Promise<ServedAdapter<T>> {
  const said = await readAdapterLabels(source)
  const task = base.task.withLabels(said ?? {}) as T
  // A model that borrows the base's parameters: what the loader checks and fills, without touching the base.
  const borrower = new Model(base.family, base.config, task, { device: 'meta' })
  const own = new Map(borrower.namedParameters())
  const { dtype } = base
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
    const { layers, trained, method, changed, bringsHead } = loraState(borrower)
    if (changed)
      throw new TorchLoraError(
        'UNSUPPORTED',
        `${source} stands on a base model in four bits (LoftQ), and cannot stand beside others. Load it merged (\`mergeAdapter\`, or torch-lora merge).`,
        { file: source },
      )
    if (!bringsHead && [...base.freshParameters].some((path) => base.roleOf(path) === 'head'))
      throw new TorchLoraError(
        'INCOMPATIBLE',
        `${source} brings no head and the model has no trained one: its answers would be random.`,
        { file: source },
      )
    const head = Array.from(borrower.namedParameters(), ([path]) => path).filter(
      (path) => borrower.roleOf(path) === 'head',
    )
    // The head is the adapter's own: updates of its Linears are merged.
    const beside = [...layers].filter(([path]) => !head.includes(`${path}.weight`))
    refuseUnmixable(
      source,
      beside.map(([path]) => path),
      [...trained],
      head,
      base,
    )
    const parameters = new Map(borrower.namedParameters())
    const tensors = scope(() =>
      noGrad(() => ({
        updates: Object.fromEntries(
          Array.from(beside, ([path, layer]) => {
            const { A, B, scaling } = updateOf(layer, path, { source, method: method.name })
            return [path, { A: owned(A, dtype), B: owned(ops.mul(B, scaling), dtype) }]
          }),
        ),
        head: Object.fromEntries(
          head.map((path) => {
            const [, owner, name] = /^(.*)\.([^.]+)$/.exec(path)!
            const own = parameters.get(path)!
            return [path, owned(layers.get(owner!)?.mergedParameters()[name!] ?? own, own.dtype)]
          }),
        ),
      })),
    )
    const all = flatten(tensors, (leaf) => [leaf as Tensor])
    const count = all.reduce((sum, { numel }) => sum + numel, 0)
    unloadLora(borrower)
    return {
      source,
      task,
      r: Math.max(0, ...Object.values(tensors.updates).map(({ A }) => A.shape[0]!)),
      parameters: count,
      loraAlpha,
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

/** @throws TorchLoraError UNSUPPORTED for a method that is no low-rank update of the output */
function updateOf(
  layer: AdaptedModule,
  path: string,
  { source, method }: { source: string; method: string },
): LowRank {
  const update = layer.lowRank()
  if (update) return update
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${source} is an adapter of ${method}: it changes ${path} by more than a low-rank update, so it cannot stand beside other adapters. Load it merged (\`mergeAdapter\`, or torch-lora merge).`,
    { file: source },
  )
}

/** Texts of one batch share every weight but the head's and the updates of Linears that see the texts' own rows. */
function refuseUnmixable(
  source: string,
  adapted: readonly string[],
  trained: readonly string[],
  head: readonly string[],
  base: Model,
): void {
  const modules = new Map(base.namedModules())
  const common = new Set(productsOf(base).flatMap(({ layers, rows }) => (rows === 'position' ? layers : [])))
  const shared = adapted.filter((path) => common.has(modules.get(path) as LinearLike))
  const problems = [...trained.filter((path) => !head.includes(path)), ...shared]
  if (problems.length === 0) return
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${source} changes ${problems.slice(0, 6).join(', ')}${problems.length > 6 ? ` and ${problems.length - 6} more` : ''}, which all texts of a batch share. Load it merged (\`mergeAdapter\`, or torch-lora merge) instead of beside others.`,
    { file: source },
  )
}
