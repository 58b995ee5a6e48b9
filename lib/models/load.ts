import {
  type CheckpointIndex,
  dequantize,
  listProblems,
  mapTensors,
  type TensorEntry,
} from '../checkpoint/index.ts'
import { TorchLoraError } from '../errors.ts'
import * as ops from '../generated/ops.ts'
import { noGrad } from '../grad-mode.ts'
import { dropPages } from '../memory.ts'
import { scope } from '../scope.ts'
import { type DType, isHalf, type Tensor, type TensorOptions } from '../tensor.ts'
import type { PretrainedModel } from './pretrained-model.ts'

/** What became of a checkpoint's tensors. Paths are the model's. */
export interface LoadReport {
  /** Parameters that the checkpoint lacks: they start fresh and need training. */
  missing: string[]
  /** Tensors of the checkpoint that the model has no place for. */
  unexpected: string[]
}

/** How {@link loadParameters} converts, and what it may leave out. */
export interface LoadOptions {
  dtype?: DType | undefined
  device?: string | undefined
  /** Whether the caller chose the labels: a head of the file for another number of them then starts fresh. */
  ownLabels?: boolean | undefined
  /** Leave the file's classifier: a new one is trained. */
  freshHead?: boolean | undefined
}

/**
 * Fills a model with a checkpoint's tensors. Names with and without the body's prefix ("bert.") are understood, as
 * are TensorFlow's gamma and beta, and the prefixes of wrappers ("module."); parameters of the head and of a pooler
 * that are missing start fresh.
 * @throws TorchLoraError INCOMPATIBLE naming the file and every parameter that is missing from the body or has another
 * shape, and every one that float16 cannot hold; INVALID_FILE for tensors that share bytes many times over
 */
export function loadParameters(
  model: PretrainedModel,
  checkpoint: CheckpointIndex,
  { dtype, device, ownLabels = false, freshHead = false }: LoadOptions = {},
): LoadReport {
  const names = matchNames(model, checkpoint)
  const parameters = new Map(model.namedParameters())
  const report: LoadReport = { missing: [], unexpected: [] }
  const problems: string[] = []
  const wanted: TensorEntry[] = []
  const labels = model.headOutputs
  for (const [path, { shape }] of parameters) {
    const entry = names.get(path)
    const isHead = model.roleOf(path) === 'head'
    if (freshHead && shape[0] === labels && isHead) report.missing.push(path)
    else if (entry && sameShape(entry.shape, shape)) wanted.push({ ...entry, name: path })
    else if (entry && isHead && shape[0] === labels && sameShape(entry.shape.slice(1), shape.slice(1))) {
      if (ownLabels) report.missing.push(path)
      else problems.push(`${path} is ${list(entry.shape)}, config.json says ${labels} labels`)
    } else if (entry) problems.push(`${path} is ${list(entry.shape)}, expected ${list(shape)}`)
    else if (!isHead) problems.push(`${path} is missing`)
    else report.missing.push(path)
  }
  if (problems.length > 0) throw misfit(model, checkpoint, problems)
  refuseAliases(wanted, checkpoint)
  for (const path of names.keys()) if (!parameters.has(path)) report.unexpected.push(path)

  const options: TensorOptions = { device }
  const place = (path: string, source: Tensor) => {
    const wide = dtypeOf(model, path, dtype ?? 'float32')
    if (wide === 'float16' && overflows(source)) problems.push(path)
    model.replaceParameter(path, convert(source, wide, device))
  }
  for (const [path, mapped] of mapTensors(wanted.filter(({ nf4 }) => !nf4))) place(path, mapped)
  for (const { name, nf4 } of wanted) if (nf4) place(name, dequantize(nf4))
  if (problems.length > 0) {
    model.dispose()
    throw tooLarge(problems, wanted[0]!.file)
  }
  for (const path of report.missing) {
    model.replaceParameter(path, freshParameter(model, path, options))
    model.freshParameters.add(path)
  }
  return report
}

function list(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

function misfit(
  model: PretrainedModel,
  { entries }: CheckpointIndex,
  problems: readonly string[],
): TorchLoraError {
  const [file, ...others] = new Set(Array.from(entries.values(), (entry) => entry.file))
  const where =
    others.length > 0 ? `${file} and ${others.length} more files` : (file ?? 'an empty checkpoint')
  const shown = problems.slice(0, 12).join('; ')
  const more = problems.length > 12 ? `; and ${problems.length - 12} more` : ''
  const prefix = commonPrefix([...entries.keys()])
  const named = prefix && prefix !== model.family.prefix ? ` All its tensors are named "${prefix}.…".` : ''
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${where} does not fit ${model.architecture}: ${shown}${more}.${named}`,
    { file },
  )
}

/** Whether a tensor has numbers beyond float16's largest. */
function overflows(source: Tensor): boolean {
  if (source.dtype === 'float16') return false
  return scope(() => noGrad(() => ops.gt(ops.max(ops.abs(source)), 65504).item() === 1))
}

function tooLarge(paths: readonly string[], file: string): TorchLoraError {
  return new TorchLoraError(
    'INCOMPATIBLE',
    `${file} has numbers beyond float16's largest, 65,504, in ${listProblems(paths)}. Load it with dtype 'bfloat16', which has float32's range in as many bits, or with 'float32'.`,
    { file },
  )
}

/**
 * Tensors of a `pytorch_model.bin` may share bytes, as tied weights do; a small file in which all do would still ask
 * for a large model's memory.
 * @throws TorchLoraError INVALID_FILE for tensors that take more than four times the bytes that they lie in
 */
function refuseAliases(wanted: readonly TensorEntry[], { entries }: CheckpointIndex): void {
  const ends = new Map<string, number>()
  for (const { file, byteOffset, byteLength } of entries.values())
    ends.set(file, Math.max(ends.get(file) ?? 0, byteOffset + byteLength))
  const there = [...ends.values()].reduce((sum, bytes) => sum + bytes, 0)
  const asked = wanted.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (asked <= 4 * there) return
  const [file] = ends.keys()
  const message = `${file}: its tensors share bytes: together they take ${asked}, of which ${there} are there; save them each on its own`
  throw new TorchLoraError('INVALID_FILE', message, { file })
}

/** What wraps a model without changing it: DataParallel, torch.compile, and training loops. */
const wrappers: readonly string[] = ['module', '_orig_mod', 'model', 'net', 'network']

/** The checkpoint's entries by the model's paths. */
function matchNames(model: PretrainedModel, { entries }: CheckpointIndex): Map<string, TensorEntry> {
  const found = unwrap([...entries])
  const prefix = `${model.family.prefix}.`
  const hasPrefix = found.some(([name]) => name.startsWith(prefix))
  const names = new Map<string, TensorEntry>()
  for (const [name, entry] of found) {
    const current = name.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias')
    const path = hasPrefix || model.roleOf(current) === 'head' ? current : prefix + current
    names.set(path.startsWith(prefix) ? model.encoderPrefix + path.slice(prefix.length) : path, entry)
  }
  return names
}

/** Without the prefixes of wrappers that all names have. */
function unwrap(found: (readonly [name: string, entry: TensorEntry])[]): typeof found {
  let names = found
  for (let depth = 0; depth < wrappers.length; depth++) {
    const prefix = commonPrefix(names.map(([name]) => name))
    if (prefix === null || !wrappers.includes(prefix)) break
    names = names.map(([name, entry]) => [name.slice(prefix.length + 1), entry])
  }
  return names
}

/** The first part of a dotted name that all names have; null where they differ. */
function commonPrefix(names: readonly string[]): string | null {
  const [prefix, rest] = names[0]?.split('.', 2) ?? []
  if (prefix === undefined || rest === undefined) return null
  return names.every((name) => name.startsWith(`${prefix}.`)) ? prefix : null
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, d) => size === b[d])
}

/** float32 for the head of a model in half precision (`Model.encode`). */
function dtypeOf(model: PretrainedModel, path: string, dtype: DType): DType {
  return isHalf(dtype) && model.roleOf(path) === 'head' ? 'float32' : dtype
}

/** The tensor in another dtype or place; itself, still mapped, when neither changes. */
function convert(mapped: Tensor, dtype: DType, device?: string): Tensor {
  const converted = noGrad(() => mapped.to({ dtype, device }))
  if (converted === mapped) return mapped
  dropPages(mapped)
  mapped.dispose()
  return converted
}

function freshParameter(model: PretrainedModel, path: string, options: TensorOptions): Tensor {
  const dot = path.lastIndexOf('.')
  const owner = new Map(model.namedModules()).get(path.slice(0, dot))!
  return owner.initial(path.slice(dot + 1), options)
}
