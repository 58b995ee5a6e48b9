import { Command } from 'commander'
import { positiveNumber } from './options.ts'

interface MergeFlags {
  model: string
  adapter: string
  out: string
  alpha?: number
}

/** `torch-lora merge`: base model + adapter = an ordinary Hugging Face model folder. */
export function mergeCommand(): Command {
  return new Command('merge')
    .description(
      'Merge an adapter into its base model: an ordinary model folder that costs nothing extra to run',
    )
    .requiredOption('--model <dir or id>', 'the base model')
    .requiredOption('--adapter <dir or file>', 'a PEFT adapter folder, or a loralib checkpoint')
    .requiredOption('--out <dir>', 'folder to write config.json, model.safetensors and the tokenizer to')
    .option('--alpha <number>', 'for a loralib checkpoint, which does not say its alpha', positiveNumber)
    .action(async ({ model: base, adapter, out, alpha }: MergeFlags) => {
      const { loadClassifier } = await import('../inference/load-classifier.ts')
      const { mergeLora } = await import('../adapters/merge.ts')
      const { model, tokenizer } = await loadClassifier(base, { adapter, loraAlpha: alpha })
      await mergeLora(model).savePretrained(out)
      await tokenizer.close()
      console.log(`merged model written to ${out}`)
    })
}
