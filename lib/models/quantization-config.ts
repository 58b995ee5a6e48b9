import { z } from 'zod'
import { TorchLoraError } from '../errors.ts'

/** What transformers writes of bitsandbytes' 4-bit weights. */
const nf4 = z.looseObject({
  quant_method: z.literal('bitsandbytes'),
  load_in_4bit: z.literal(true),
  bnb_4bit_quant_type: z.literal('nf4'),
})

/**
 * A `config.json` without what says that its weights are quantized: in memory, and in what is saved, they are not.
 * @throws TorchLoraError UNSUPPORTED for another quantization than bitsandbytes' nf4
 */
export function withoutQuantization(
  raw: Readonly<Record<string, unknown>>,
  file: string,
): Readonly<Record<string, unknown>> {
  const { quantization_config: said, ...rest } = raw
  if (said === undefined || said === null) return raw
  if (nf4.safeParse(said).success) return rest
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${file}: quantization_config is ${JSON.stringify(said).slice(0, 200)}; of quantized checkpoints those of bitsandbytes in 4 bits, nf4, are read.`,
    { file },
  )
}
