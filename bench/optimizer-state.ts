/**
 * Optimizer state of roberta-base: full fine-tuning beside LoRA r=8 on query and value.
 *
 *   npx tsx bench/optimizer-state.ts
 *
 * Builds the model and both optimizers, and adds up the bytes of the moments they really hold. `LoRA` counts A and B;
 * `LoRA + head` is what training a classifier keeps.
 */
import { AdamW, applyLora, type Model } from '../lib/index.ts'
import { randomRoberta } from './random-model.ts'

const model = randomRoberta()

type Parameters = ReturnType<Model['trainableParameters']>

function report(what: string, parameters: Parameters): void {
  using optimizer = new AdamW(parameters)
  const trained = parameters.reduce((sum, [, { numel }]) => sum + numel, 0)
  const bytes = [...optimizer.state()]
    .filter(([name]) => name.startsWith('exp_avg'))
    .reduce((sum, [, tensor]) => sum + tensor.readSync().byteLength, 0)
  const each = (bytes / trained).toFixed(2)
  console.log(
    `${what.padEnd(12)} ${trained.toLocaleString('en').padStart(12)} parameters ${(bytes / 2 ** 20).toFixed(2).padStart(8)} MiB  ${each} bytes each`,
  )
}

model.setRequiresGrad(true)
report('full', model.trainableParameters())
applyLora(model, { r: 8, loraAlpha: 16 })
const trainable = model.trainableParameters()
report(
  'LoRA',
  trainable.filter(([path]) => /\.lora_[AB]\./.test(path)),
)
report('LoRA + head', trainable)
