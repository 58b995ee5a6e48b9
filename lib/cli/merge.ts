import { Command } from 'commander'
import { adapterOptions, type ModelFlags, withAdapter } from './model-flags.ts'

interface MergeFlags extends ModelFlags {
  out: string
}

/** `torch-lora merge`: base model + adapter = an ordinary Hugging Face model folder. */
export function mergeCommand(): Command {
  const command = new Command('merge')
    .description(
      'Merge an adapter into its base model: an ordinary model folder that costs nothing extra to run',
    )
    .requiredOption('--model <dir or id>', 'the base model')
    .requiredOption('--out <dir>', 'folder to write config.json, model.safetensors and the tokenizer to')
  return withAdapter(command, { required: true }).action(
    async ({ model: base, out, ...flags }: MergeFlags) => {
      const { loadModel } = await import('../inference/load-model.ts')
      const { taskTypeOf } = await import('../tasks/registry.ts')
      const { taskOfModel } = await import('../inference/task-of-model.ts')
      const { mergeLora } = await import('../adapters/merge.ts')
      const { kind } = (await taskOfModel(base, { adapter: flags.adapter })) ?? taskTypeOf()
      const { model, tokenizer } = await loadModel(kind, base, adapterOptions({ model: base, ...flags }))
      await mergeLora(model).savePretrained(out)
      await tokenizer.close()
      console.log(`merged model written to ${out}`)
    },
  )
}
