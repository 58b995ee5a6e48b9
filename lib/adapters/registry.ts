import { TorchLoraError } from '../errors.ts'
import { LoraConfig } from './config.ts'
import { dora } from './dora.ts'
import { lora } from './lora.ts'
import type { AdapterMethod } from './method.ts'
import type { PeftConfig } from './peft-config.ts'

/** Every adapter method; the first that handles a configuration is taken. */
const methods: readonly AdapterMethod[] = [dora, lora]

/** The configurations that adapter_config.json may hold, by its peft_type. */
const configs: Readonly<
  Record<string, (json: Readonly<Record<string, unknown>>, file: string) => PeftConfig>
> = {
  LORA: LoraConfig.fromJson,
}

export function methodOf(config: PeftConfig): AdapterMethod {
  return methods.find((method) => method.handles(config))!
}

/**
 * Reads PEFT's `adapter_config.json`.
 * @throws TorchLoraError INVALID_FILE, or UNSUPPORTED naming the method or each field that cannot be honoured
 */
export function readPeftConfig(json: Readonly<Record<string, unknown>>, file: string): PeftConfig {
  const type = json.peft_type
  if (typeof type === 'string' && Object.hasOwn(configs, type)) return configs[type]!(json, file)
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${file}: peft_type is ${JSON.stringify(type)?.slice(0, 100)}; supported: ${Object.keys(configs).join(', ')}.`,
    { file },
  )
}
