import { type Command, Option } from 'commander'
import {
  allMethodFlags,
  type MethodFlag,
  type MethodName,
  methodFlags,
  methodNames,
} from '../adapters/method-names.ts'
import type { PeftConfig } from '../adapters/peft-config.ts'
import { TorchLoraError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import { flagOf } from '../options.ts'
import { trainingSchema } from '../train/training-schema.ts'
import { fraction, list, nonNegativeNumber, positiveNumber, wholeNumber } from './options.ts'
import { trainingOption } from './training-option.ts'

/** The flags that say what trains beside the head. */
export interface MethodFlags {
  method: MethodName
  r?: number
  alpha?: number
  target?: string[]
  dropout?: number
  bias?: 'none' | 'all' | 'lora_only' | 'vera_only'
  rslora?: boolean
  dora?: boolean
  initLoraWeights?: string
  loftqIter?: number
  evaRho?: number
  trainableTokenIndices?: number[]
  feedforward?: string[]
  targetR?: number
  initR?: number
  tinit?: number
  tfinal?: number
  deltaT?: number
  orthRegWeight?: number
  dInitial?: number
  projectionPrngKey?: number
  loraplusLrRatio?: number
}

/** Adds `--method` and what belongs to it. */
export function withMethod(command: Command): Command {
  return command
    .addOption(
      new Option('--method <name>', 'what trains beside the head').choices(methodNames).default('lora'),
    )
    .option('--r <rank>', 'rank of the updates (default: 8, of vera 256)', wholeNumber)
    .option(
      '--alpha <number>',
      'updates are scaled by alpha/r (default: 2r; of adalora 2 init-r)',
      positiveNumber,
    )
    .option('--target <names>', "modules to adapt, or all-linear (default: the family's)", list)
    .option('--dropout <p>', "dropout on an update's input", fraction)
    .option('--bias <mode>', 'biases to train: none, all, lora_only or vera_only (default: none)')
    .option('--rslora', 'scale by alpha/sqrt(r)')
    .option('--dora', 'train a magnitude for each output too (DoRA)')
    .option(
      '--init-lora-weights <how>',
      'gaussian, orthogonal, pissa, pissa_niter_N, olora, loftq or eva (default: kaiming-uniform and zero)',
    )
    .option(
      '--loftq-iter <count>',
      'of loftq: how often quantization and factors take turns (default: 1)',
      wholeNumber,
    )
    .option(
      '--eva-rho <number>',
      'of eva: a layer may get so many times its rank (default: 2)',
      positiveNumber,
    )
    .option('--trainable-token-indices <ids>', 'rows of the table of tokens to train too', tokenIds)
    .addOption(trainingOption('loraplusLrRatio'))
    .option('--feedforward <names>', 'of ia3: those of --target whose input is scaled', list)
    .option('--target-r <rank>', 'of adalora: the mean rank at the end (default: 8)', wholeNumber)
    .option('--init-r <rank>', 'of adalora: the rank at the beginning (default: 12)', wholeNumber)
    .option('--tinit <updates>', 'of adalora: updates before ranks shrink (default: 0)', wholeNumber)
    .option('--tfinal <updates>', 'of adalora: updates after they have (default: 0)', wholeNumber)
    .option('--delta-t <updates>', 'of adalora: updates between two allocations (default: 1)', wholeNumber)
    .option('--orth-reg-weight <number>', 'of adalora: of the penalty (default: 0.5)', nonNegativeNumber)
    .option('--d-initial <number>', 'of vera: what d starts from (default: 0.1)', positiveNumber)
    .option('--projection-prng-key <seed>', 'of vera: of the shared projections (default: 0)', wholeNumber)
}

function tokenIds(text: string): number[] {
  return list(text).map(wholeNumber)
}

/** The method of a model's adapter. */
export async function methodOfAdapter(model: Model): Promise<MethodName> {
  const { loraState } = await import('../adapters/state.ts')
  const { name } = loraState(model).method
  return methodNames.find((each) => each === name.toLowerCase().replace(' ', '_'))!
}

/**
 * The configuration that the flags mean.
 * @throws TorchLoraError INVALID_ARGUMENT for flags that the method does not have
 */
export async function methodConfig(flags: MethodFlags, base: string): Promise<PeftConfig> {
  requireOwn(flags)
  const { method, target, dropout, bias } = flags
  const [only] = target ?? []
  const common = { targetModules: only === 'all-linear' ? only : target, baseModelNameOrPath: base }
  switch (method) {
    case 'adalora': {
      const { AdaLoraConfig } = await import('../adapters/adalora-config.ts')
      const { alpha, targetR, initR, tinit, tfinal, deltaT, orthRegWeight } = flags
      return new AdaLoraConfig({
        ...common,
        ...{ targetR, initR, tinit, tfinal, deltaT, orthRegWeight },
        loraAlpha: alpha,
        loraDropout: dropout,
        bias: bias as 'all',
      })
    }
    case 'vera': {
      const { VeraConfig } = await import('../adapters/vera.ts')
      const { r, dInitial, projectionPrngKey } = flags
      return new VeraConfig({
        ...common,
        ...{ r, dInitial, projectionPrngKey },
        veraDropout: dropout,
        bias: bias as 'all',
      })
    }
    case 'ia3': {
      const { IA3Config } = await import('../adapters/ia3.ts')
      return new IA3Config({ ...common, feedforwardModules: flags.feedforward })
    }
    case 'bitfit': {
      const { BitFitConfig } = await import('../adapters/bitfit.ts')
      return new BitFitConfig({ baseModelNameOrPath: base })
    }
    case 'ln_tuning': {
      const { LNTuningConfig } = await import('../adapters/ln-tuning.ts')
      return new LNTuningConfig(common)
    }
    default: {
      const { LoraConfig } = await import('../adapters/config.ts')
      const { r, alpha, rslora, dora, initLoraWeights, trainableTokenIndices, loftqIter, evaRho } = flags
      const how = method === 'pissa' || method === 'olora' ? method : initLoraWeights
      return new LoraConfig({
        ...common,
        ...{ r, trainableTokenIndices },
        loraAlpha: alpha,
        loraDropout: dropout,
        bias: bias as 'all',
        useRslora: rslora,
        useDora: dora || method === 'dora',
        initLoraWeights: how as 'pissa' | undefined,
        loftqConfig: loftqIter === undefined ? undefined : { loftqIter },
        evaConfig: evaRho === undefined ? undefined : { rho: evaRho },
      })
    }
  }
}

/**
 * What moves the parameters: the optimizer of that name, or LoRA-FA's.
 * @throws TorchLoraError INVALID_ARGUMENT for another optimizer beside LoRA-FA's own
 */
export async function methodOptimizer<Name extends string>(
  { method }: MethodFlags,
  { model, optimizer }: { model: Model; optimizer: Name },
) {
  if (method !== 'lorafa') return optimizer
  if (optimizer !== trainingSchema.optimizer.default)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `--method lorafa is an optimizer of its own: leave --optimizer ${optimizer} away.`,
    )
  const { createLorafaOptimizer } = await import('../adapters/lora-fa.ts')
  return createLorafaOptimizer(model)
}

/** What a resumed run must share with the first of these flags. */
export function methodIdentity({ method, ...flags }: MethodFlags): Record<string, unknown> {
  const own = Object.fromEntries(methodFlags[method].map((flag) => [flag, flags[flag]]))
  // Runs from before there was a choice go on: they knew LoRA alone, and said its defaults.
  if (method !== 'lora') return { method, ...own }
  return { ...own, r: flags.r ?? 8, dropout: flags.dropout ?? 0, bias: flags.bias ?? 'none' }
}

function requireOwn({ method, ...flags }: MethodFlags): void {
  const own: readonly MethodFlag[] = methodFlags[method]
  const strays = allMethodFlags.filter((flag) => flags[flag] !== undefined && !own.includes(flag))
  if (strays.length === 0) return
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `--method ${method} has no ${strays.map(flagOf).join(', ')}. It has ${own.length === 0 ? 'no flags of its own' : own.map(flagOf).join(', ')}.`,
  )
}
