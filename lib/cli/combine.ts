import { Command, Option } from 'commander'
import { type CombinationType, combinationTypes } from '../adapters/combination-types.ts'
import { TorchLoraError } from '../errors.ts'
import { fraction, list, nonNegativeNumber, wholeNumber } from './options.ts'

interface CombineFlags {
  model: string
  adapter: string[]
  weights: number[]
  out: string
  combinationType: CombinationType
  svdRank?: number
  svdClamp?: number
  density?: number
  majoritySignMethod?: 'total' | 'frequency'
  head?: string
}

/** `torch-lora combine`: several LoRA adapters = one, by PEFT's `add_weighted_adapter`. */
export function combineCommand(): Command {
  return new Command('combine')
    .description('Combine LoRA adapters of one base model into one adapter, weighted')
    .requiredOption('--model <dir or id>', 'the base model')
    .requiredOption('--adapter <dirs...>', 'the adapters, two or more')
    .requiredOption('--weights <numbers>', 'a factor for each, as 0.7,0.3; may be below zero', weightList)
    .requiredOption('--out <dir>', 'folder to write the adapter to')
    .addOption(
      new Option('--combination-type <name>', 'how; svd and cat are the precise ones')
        .choices(combinationTypes)
        .default('svd'),
    )
    .option(
      '--svd-rank <rank>',
      "of svd: the result's rank (default: the largest of the adapters')",
      wholeNumber,
    )
    .option('--svd-clamp <quantile>', 'of svd: cut values of the factors beyond this quantile', fraction)
    .option(
      '--density <share>',
      'of ties, dare and magnitude_prune: the share of values that stay',
      nonNegativeNumber,
    )
    .addOption(
      new Option('--majority-sign-method <name>', 'of ties (default: total)').choices(['total', 'frequency']),
    )
    .option('--head <dir>', 'the adapter whose head is taken, where several bring one')
    .action(combine)
}

function weightList(text: string): number[] {
  return list(text).map((each) => {
    const weight = Number(each)
    if (Number.isFinite(weight)) return weight
    throw new TorchLoraError('INVALID_ARGUMENT', `--weights must be numbers, received '${each}'.`)
  })
}

async function combine({ model: base, adapter, out, head, ...options }: CombineFlags): Promise<void> {
  const { loadAdapter, readAdapterLabels, saveAdapter } = await import('../adapters/adapter.ts')
  const { addWeightedAdapter } = await import('../adapters/combine.ts')
  const { setAdapter } = await import('../adapters/state.ts')
  const { loadModel } = await import('../inference/load-model.ts')
  const { taskOfModel } = await import('../inference/task-of-model.ts')
  const { taskTypeOf } = await import('../tasks/registry.ts')
  const headed = head ?? adapter[0]!
  if (!adapter.includes(headed))
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `--head must be one of the adapters (${adapter.join(', ')}), received ${headed}.`,
    )
  const bringing = await Promise.all(adapter.map((each) => readAdapterLabels(each)))
  if (head === undefined && bringing.filter(Boolean).length > 1)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `${adapter.filter((_, i) => bringing[i]).join(', ')} bring a head each, and heads cannot be combined: say by --head whose to take.`,
    )
  const { kind } = (await taskOfModel(base, { adapter: headed })) ?? taskTypeOf()
  const { model, tokenizer } = await loadModel(kind, base, { adapter: headed })
  await tokenizer.close()
  // One is loaded with the model, whose head it brings, as 'default'; the others' names are of no folder.
  const at = adapter.indexOf(headed)
  const names = adapter.map((each, i) => (i === at ? 'default' : `${i + 1}: ${each}`))
  for (const [i, adapterName] of names.entries())
    if (i !== at) await loadAdapter(model, adapter[i]!, { adapterName, head: 'keep' })
  await addWeightedAdapter(model, {
    ...options,
    adapters: names,
    adapterName: 'combined',
    head: 'default',
  })
  await saveAdapter(setAdapter(model, 'combined'), out)
  console.log(`combined adapter written to ${out}`)
}
