import { z } from 'zod'
import {
  allMethodFlags,
  type MethodFlag,
  type MethodName,
  methodFlags,
  methodNames,
} from '../adapters/method-names.ts'
import { listProblems, readJson } from '../checkpoint/index.ts'
import { glueTaskNames } from '../data/index.ts'
import { problemTypes } from '../data/problem-type.ts'
import { TorchLoraError } from '../errors.ts'
import {
  type TrainingFlag,
  type TrainingFlags,
  trainingOptions,
  trainingSchemaOf,
} from '../train/training-schema.ts'
import { rangeProblem, type SearchedName, searchedNames, usualRanges } from './search-space.ts'
import { withShortNames } from './short-names.ts'

/** Runs of a sweep at most: at a minute each, a week. */
const mostCells = 10_000

const count = z.int().min(1)
const name = z.string().min(1)

/** Keys of a recipe: options of training by their flags. */
type TrainingKeys = { [F in Exclude<TrainingFlag, 'seed'>]: z.ZodOptional<z.ZodType<TrainingFlags[F]>> }

/** A key for every option of training; those that belong to methods apart. */
function trainingKeys(ofMethod: boolean): TrainingKeys {
  const own = trainingOptions.filter(([, one]) => !one.notInRecipe && (one.ofMethod ?? false) === ofMethod)
  return Object.fromEntries(
    own.map(([flag]) => [flag, trainingKey(flag).optional()]),
  ) as unknown as TrainingKeys
}

/** A value as the Trainer takes it, or the text that its flag has. */
function trainingKey(flag: TrainingFlag) {
  const { rule, read } = trainingSchemaOf(flag)
  return z.custom(
    (value) =>
      rule(value) === undefined ||
      (read !== undefined && typeof value === 'string' && rule(read(value)) === undefined),
    { error: ({ input }) => `must be ${rule(input)}` },
  )
}

/** Options of `torch-lora train` by their names in camelCase, of which the library's are other spellings; each becomes its flag. */
const settings = z.strictObject({
  data: name.optional(),
  train: name.optional(),
  eval: name.optional(),
  evalShare: z.number().min(0).lt(1).optional(),
  text: name.optional(),
  textPair: name.optional(),
  label: name.optional(),
  labels: z.array(name).min(1).optional(),
  labelSeparator: name.optional(),
  labelColumns: z.array(name).min(1).optional(),
  problemType: z.enum(problemTypes).optional(),
  head: z.literal('fresh').optional(),
  adapter: name.optional(),
  target: z.array(name).min(1).optional(),
  dropout: z.number().min(0).lt(1).optional(),
  bias: z.enum(['none', 'all', 'lora_only', 'vera_only']).optional(),
  rslora: z.boolean().optional(),
  ...trainingKeys(false),
  calibrate: z.boolean().optional(),
  logEvery: count.optional(),
  tensorboard: z.boolean().optional(),
  mlflow: name.optional(),
  wandb: z.boolean().optional(),
  experiment: name.optional(),
  gradientCheckpointing: z.boolean().optional(),
  device: name.optional(),
  dtype: z.enum(['float32', 'bfloat16', 'bf16', 'float16', 'fp16', 'auto']).optional(),
  tf32: z.boolean().optional(),
  deterministic: z.boolean().optional(),
  threads: count.optional(),
})

/** Settings of a run, for all cells, those of a method or those of a task. */
export type RunSettings = z.infer<typeof settings>

const method = settings.extend({
  name: z
    .string()
    .regex(/^[\w.=-]{1,100}$/, 'expected at most 100 letters, digits, and any of . _ = -')
    .optional(),
  full: z.literal(true).optional(),
  r: count.optional(),
  alpha: z.number().positive().optional(),
  method: z.enum(methodNames).optional(),
  dora: z.boolean().optional(),
  initLoraWeights: name.optional(),
  loftqIter: count.optional(),
  evaRho: z.number().min(1).optional(),
  ...trainingKeys(true),
  feedforward: z.array(name).min(1).optional(),
  trainableTokenIndices: z.array(z.int().min(0)).min(1).optional(),
  targetR: count.optional(),
  initR: count.optional(),
  tinit: z.int().min(0).optional(),
  tfinal: z.int().min(0).optional(),
  deltaT: count.optional(),
  orthRegWeight: z.number().min(0).optional(),
  dInitial: z.number().positive().optional(),
  projectionPrngKey: z.int().min(0).optional(),
})

/** A method as an object, or as a word for one. */
const methodOrWord = z.preprocess((value, context) => {
  if (typeof value !== 'string') return withShortNames(value)
  const parsed = parseMethod(value)
  if (parsed) return parsed
  context.addIssue({ code: 'custom', message: `'${value.slice(0, 100)}' is no method: ${methodForms}` })
  return z.NEVER
}, method)

const task = settings.extend({ name: z.enum(glueTaskNames) })

const taskOrName = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : withShortNames(value)),
  task,
)

const search = z.strictObject({
  /** Settings to draw, each between two ends. Default: the learning rate. */
  ranges: z.partialRecord(z.enum(searchedNames), z.tuple([z.number(), z.number()])).optional(),
  /** The best 1/eta of a rung go on to eta times its epochs. */
  eta: z.int().min(2).default(3),
  /** Of what is drawn; the runs' own seed is `seeds`. */
  seed: z.int().min(0).default(0),
  /** Brackets of Hyperband at most; 1 is successive halving. Default: all. */
  brackets: count.optional(),
})

const recipe = z.strictObject({
  title: name.optional(),
  note: name.optional(),
  model: name,
  tasks: z.array(taskOrName).optional(),
  methods: z
    .array(methodOrWord)
    .min(1)
    .default([{ r: 8 }]),
  seeds: z.array(z.int().min(0)).min(1).default([0]),
  /** Learning rates, as an axis: every method runs with every one. */
  learningRates: z.array(z.number().positive()).min(1).optional(),
  settings: z.preprocess(withShortNames, settings).default({}),
  /** Draws settings and keeps the best runs, in place of running a matrix to its end. */
  search: search.optional(),
})

/** A matrix of runs: methods x tasks x seeds x learning rates over common settings; or a search. */
export type Recipe = z.infer<typeof recipe>

/** A recipe as it stands in a file or is made from flags, before defaults. */
export type RecipeInput = z.input<typeof recipe>

/** Methods that a word is enough for. */
const ownWords = methodNames.filter((each) => each !== 'lora')

const methodForms = `expected 'full', 'r8' (rank 8, alpha 16), 'r8a8' (rank 8, alpha 8) or one of ${ownWords.join(', ')}`

/** `full`, `r8`, `r8a16` or the name of another method than LoRA; null for anything else. */
export function parseMethod(
  text: string,
): { full?: true; r?: number; alpha?: number; method?: MethodName } | null {
  const own = ownWords.find((each) => each === text)
  if (own) return { method: own }
  if (text === 'full') return { full: true }
  const [, r, alpha] = /^r([1-9]\d*)(?:a(\d+(?:\.\d+)?))?$/.exec(text) ?? []
  if (r === undefined || Number(alpha ?? 1) === 0) return null
  return { r: Number(r), ...(alpha !== undefined && { alpha: Number(alpha) }) }
}

/**
 * Reads a recipe file. It may leave out the model, for flags to give.
 * @throws TorchLoraError INVALID_FILE naming every key that does not fit
 */
export async function readRecipe(file: string): Promise<Partial<RecipeInput>> {
  // What is returned is what the file says, not the schema's output: flags are laid over it before defaults are.
  const kept = z.custom<Partial<RecipeInput>>().superRefine((value, context) => {
    for (const { path, message } of recipe.partial({ model: true }).safeParse(value).error?.issues ?? [])
      context.addIssue({ code: 'custom', path, message })
  })
  return readJson(file, kept)
}

/** Tasks or methods by name: each as the recipe has it, or the name alone where it has none of that name. */
export function choose(names: readonly string[] | undefined, written: readonly unknown[] = []) {
  const named = (entry: unknown, name: string) => (entry as { name?: unknown }).name === name
  return names?.map((name) => written.find((entry) => named(entry, name)) ?? name)
}

/**
 * Fills in a recipe's defaults.
 * @throws TorchLoraError INVALID_ARGUMENT naming everything that does not fit
 */
export function resolveRecipe(input: Partial<RecipeInput>): Recipe {
  // A rank that is drawn is not one that a default method has.
  const drawsRank = input.search?.ranges && 'r' in input.search.ranges
  // An adapter that all runs start from has its own.
  const adapted = (input.settings as RunSettings | undefined)?.adapter !== undefined
  const usual = adapted ? [{}] : drawsRank ? [{ method: 'lora' }] : undefined
  const result = recipe.safeParse({ ...(usual && { methods: usual }), ...input })
  const problems = result.success
    ? misfits(result.data)
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  if (problems.length === 0) return result.data!
  throw new TorchLoraError('INVALID_ARGUMENT', `The sweep does not fit together: ${listProblems(problems)}.`)
}

function misfits(given: Recipe): string[] {
  const { tasks, methods, seeds, learningRates, settings, search } = given
  const problems: string[] = []
  const axes = [tasks?.length ?? 1, methods.length, learningRates?.length ?? 1, seeds.length]
  const cells = axes.reduce((product, length) => product * length)
  if (cells > mostCells)
    return [`its axes make ${cells} runs (${axes.join(' x ')}), at most ${mostCells} are taken`]
  const rates = [settings, ...methods, ...(tasks ?? [])].map(
    (each: RunSettings & { name?: string }) => each.lr,
  )
  if (!tasks?.length && !settings.train)
    problems.push('say what to train on: tasks, or settings.train (and settings.eval)')
  for (const [i, each] of methods.entries()) {
    if (each.full && (each.method || each.r || each.alpha || each.target || each.adapter || settings.adapter))
      problems.push(`methods.${i}: full fine-tuning takes no r, alpha, target, method or adapter`)
    if (!each.full && !each.r && !each.method && !each.adapter && !settings.adapter)
      problems.push(`methods.${i}: expected full, r, method, or an adapter to start from`)
    problems.push(...strayProblems(each, i, given))
  }
  if (learningRates && rates.some((lr) => lr !== undefined))
    problems.push('give learningRates (an axis) or lr (a setting), not both')
  return search ? [...problems, ...searchMisfits({ ...given, search })] : problems
}

type Method = Recipe['methods'][number]

/** A loralib checkpoint does not say its alpha; all else an adapter brings along. */
const ofAdapter: readonly MethodFlag[] = ['alpha']

/** What a method is called, and which settings of methods it takes. */
function takes(
  { full, method = 'lora', adapter }: Method,
  settings: RunSettings,
): { what: string; own: readonly MethodFlag[] } {
  if (full) return { what: 'full fine-tuning', own: [] }
  if (adapter ?? settings.adapter) return { what: 'a run that starts from an adapter', own: ofAdapter }
  return { what: method, own: methodFlags[method] }
}

/** Settings that a method has not, its own and common ones; those of full fine-tuning are left away in its runs. */
function strayProblems(each: Method, i: number, { settings, tasks = [] }: Recipe): string[] {
  if (each.full) return []
  const { what, own } = takes(each, settings)
  const names: readonly (MethodFlag | 'method')[] =
    own === ofAdapter ? ['method', ...allMethodFlags] : allMethodFlags
  const given: Partial<Record<MethodFlag | 'method', unknown>>[] = [each, settings, ...tasks]
  const strays = names.filter(
    (name) =>
      !own.some((one) => one === name) && given.some((one) => one[name] !== undefined && one[name] !== false),
  )
  if (strays.length === 0) return []
  return [
    `methods.${i}: ${what} has no ${strays.join(', ')}; it has ${own.join(', ') || 'no settings of its own'}`,
  ]
}

/** What a search cannot be made of: every problem of its own. */
function searchMisfits({
  tasks,
  methods,
  seeds,
  learningRates,
  settings,
  search,
}: Recipe & Required<Pick<Recipe, 'search'>>) {
  const ranges = Object.entries(search!.ranges ?? usualRanges) as [SearchedName, [number, number]][]
  const problems = ranges.flatMap(([name, range]) => rangeProblem(name, range) ?? [])
  const all: (RunSettings & { name?: string })[] = [settings, ...methods, ...(tasks ?? [])]
  for (const [name] of ranges)
    if (all.some((each) => (each as Record<string, unknown>)[name] !== undefined))
      problems.push(`${name} is searched and set: leave one of them away`)
  for (const each of methods) {
    const { what, own } = takes(each, settings)
    for (const [name] of ranges)
      if (allMethodFlags.some((flag) => flag === name) && !own.some((flag) => flag === name))
        problems.push(`${what} has no ${name} to search: search the methods apart`)
  }
  if (settings.epochs === undefined)
    problems.push(
      'a search needs settings.epochs: how long the longest run is, and what the shorter ones are a part of',
    )
  for (const name of ['evalEvery', 'maxSteps', 'patience'] as const)
    if (all.some((each) => each[name] !== undefined))
      problems.push(`a search compares the evaluations after epochs: leave ${name} away`)
  if (settings.evalShare === 0) problems.push('a search needs something to measure on: leave evalShare away')
  if (learningRates) problems.push('learningRates is an axis of a matrix: give a range of lr')
  if (seeds.length > 1)
    problems.push('a search runs with one seed; run the settings that it finds with several')
  return problems
}
