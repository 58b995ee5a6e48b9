import type { CheckpointIndex, TensorEntry, TensorSource } from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import { noGrad } from '../grad-mode.ts'
import { dropPages } from '../memory.ts'
import { guarded, type Native } from '../native.ts'
import { type DType, isHalf, Tensor, type TensorOptions } from '../tensor.ts'
import type { SequenceClassifier } from './classifier.ts'

/** What became of a checkpoint's tensors. Paths are the model's. */
export interface LoadReport {
  /** Parameters that the checkpoint lacks: they start fresh and need training. */
  missing: string[]
  /** Tensors of the checkpoint that the model has no place for. */
  unexpected: string[]
}

/**
 * The tensors of a checkpoint on the pages of its files: nothing is read until it is used, and what is only
 * read is shared with every process that maps the file.
 * @throws TorchLoraError INVALID_FILE when a file changed since it was indexed
 */
export function mapTensors(entries: Iterable<TensorEntry>): Map<string, Tensor> {
  const files = new Map<string, number>()
  const tensors = new Map<string, Tensor>()
  try {
    for (const { name, dtype, shape, strides, file, byteOffset, byteLength } of entries) {
      const mapped = files.get(file) ?? ofFile(file, (native) => native.openFile(file))
      files.set(file, mapped)
      const id = ofFile(file, (native) =>
        native.mappedTensor(mapped, byteOffset, byteLength, dtype, shape, strides),
      )
      tensors.set(name, Tensor.wrap(id))
    }
  } finally {
    for (const file of files.values()) guarded((native) => native.releaseFile(file))
  }
  return tensors
}

/** What the addon refuses here was well when the file was indexed. */
function ofFile<T>(file: string, body: (native: Native) => T): T {
  try {
    return guarded(body)
  } catch (cause) {
    const message = `${file} has changed since it was opened: ${(cause as Error).message}`
    throw new TorchLoraError('INVALID_FILE', message, { file, cause })
  }
}

/**
 * Fills a model with a checkpoint's tensors. Names with and without the body's prefix ("bert.") are understood, as
 * are TensorFlow's gamma and beta; parameters of the head that are missing, or have another number of labels, start
 * fresh.
 * @throws TorchLoraError INCOMPATIBLE naming every parameter of the body that is missing or has another shape
 */
export function loadParameters(
  model: SequenceClassifier,
  checkpoint: CheckpointIndex,
  { dtype, device }: { dtype?: DType; device?: string } = {},
): LoadReport {
  const names = matchNames(model, checkpoint)
  const parameters = new Map(model.namedParameters())
  const report: LoadReport = { missing: [], unexpected: [] }
  const problems: string[] = []
  const wanted: TensorEntry[] = []
  for (const [path, parameter] of parameters) {
    const entry = names.get(path)
    const isBody = path.startsWith(`${model.basePrefix}.`) && !path.startsWith(`${model.basePrefix}.pooler.`)
    const fits = entry && sameShape(entry.shape, parameter.shape)
    if (fits) wanted.push({ ...entry, name: path })
    else if (!isBody) report.missing.push(path)
    else if (!entry) problems.push(`${path} is missing`)
    else problems.push(`${path} is [${entry.shape.join(', ')}], expected [${parameter.shape.join(', ')}]`)
  }
  if (problems.length > 0) {
    const shown = problems.slice(0, 12).join('; ')
    const more = problems.length > 12 ? `; and ${problems.length - 12} more` : ''
    throw new TorchLoraError(
      'INCOMPATIBLE',
      `The checkpoint does not fit ${model.constructor.name}: ${shown}${more}.`,
    )
  }
  for (const path of names.keys()) if (!parameters.has(path)) report.unexpected.push(path)

  const options: TensorOptions = { device }
  for (const [path, mapped] of mapTensors(wanted))
    model.replaceParameter(path, convert(mapped, dtypeOf(model, path, dtype ?? 'float32'), device))
  for (const path of report.missing) {
    model.replaceParameter(path, freshParameter(model, path, options))
    model.freshParameters.add(path)
  }
  return report
}

/** Tensors as `writeCheckpoint` takes them; each is read when its turn comes, off the main thread. */
export function tensorSources(tensors: Iterable<[name: string, tensor: Tensor]>): TensorSource[] {
  return Array.from(tensors, ([name, tensor]) => ({
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    data: (async function* () {
      yield await tensor.bytes()
    })(),
  }))
}

/** The checkpoint's entries by the model's paths. */
function matchNames(model: SequenceClassifier, { entries }: CheckpointIndex): Map<string, TensorEntry> {
  const prefix = `${model.basePrefix}.`
  const hasPrefix = [...entries.keys()].some((name) => name.startsWith(prefix))
  const heads = model.headModules.map((name) => `${name}.`)
  const names = new Map<string, TensorEntry>()
  for (const [name, entry] of entries) {
    const current = name.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias')
    const isHead = heads.some((head) => current.startsWith(head))
    names.set(hasPrefix || isHead ? current : prefix + current, entry)
  }
  return names
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, d) => size === b[d])
}

/** float32 for the head of a model in half precision (`SequenceClassifier.encodeForHead`). */
function dtypeOf(model: SequenceClassifier, path: string, dtype: DType): DType {
  return isHalf(dtype) && model.isOfHead(path) ? 'float32' : dtype
}

/** The tensor in another dtype or place; itself, still mapped, when neither changes. */
function convert(mapped: Tensor, dtype: DType, device?: string): Tensor {
  const converted = noGrad(() => mapped.to({ dtype, device }))
  if (converted.dtype !== mapped.dtype || converted.device !== mapped.device) dropPages(mapped)
  mapped.dispose()
  return converted
}

function freshParameter(model: SequenceClassifier, path: string, options: TensorOptions): Tensor {
  const dot = path.lastIndexOf('.')
  const owner = new Map(model.namedModules()).get(path.slice(0, dot))!
  return owner.initial(path.slice(dot + 1), options)
}
