import type { LoraConfig } from './config.ts'
import { dora } from './dora.ts'
import { lora } from './lora.ts'
import type { AdapterMethod } from './method.ts'

/** Every adapter method; the first that handles a configuration is taken. */
const methods: readonly AdapterMethod[] = [dora, lora]

export function methodOf(config: LoraConfig): AdapterMethod {
  return methods.find((method) => method.handles(config))!
}
