import { TorchLoraError } from '../errors.ts'
import { show } from '../options.ts'
import { adalora } from './adalora.ts'
import { AdaLoraConfig } from './adalora-config.ts'
import { BitFitConfig, bitfit } from './bitfit.ts'
import { LoraConfig } from './config.ts'
import { dora } from './dora.ts'
import { IA3Config, ia3 } from './ia3.ts'
import { LNTuningConfig, lnTuning } from './ln-tuning.ts'
import { lora } from './lora.ts'
import type { AdapterMethod } from './method.ts'
import { configFromJson, PeftConfig } from './peft-config.ts'
import { VeraConfig, vera } from './vera.ts'

/** PEFT's methods; the first that handles a configuration is taken. */
const methods: readonly (AdapterMethod & Required<Pick<AdapterMethod, 'handles'>>)[] = [
  dora,
  lora,
  adalora,
  ia3,
  bitfit,
  lnTuning,
  vera,
]

/** The configurations that adapter_config.json may hold, by its peft_type. */
const configs: Readonly<
  Record<string, (json: Readonly<Record<string, unknown>>, file: string) => PeftConfig>
> = {
  LORA: LoraConfig.fromJson,
  IA3: IA3Config.fromJson,
  ADALORA: AdaLoraConfig.fromJson,
  VERA: VeraConfig.fromJson,
  LN_TUNING: LNTuningConfig.fromJson,
}

/**
 * The method that a configuration means.
 * @throws TorchLoraError INVALID_ARGUMENT for what is no configuration of any
 */
export function methodOf(config: PeftConfig): AdapterMethod {
  const found =
    (config instanceof PeftConfig ? config.method : null) ?? methods.find((method) => method.handles(config))
  if (found) return found
  throw new TorchLoraError(
    'INVALID_ARGUMENT',
    `applyAdapter: config must be a configuration of a method, new LoraConfig({ r: 8 }), received ${show(config)}.`,
  )
}

/**
 * Reads PEFT's `adapter_config.json`.
 * @param options.mark what the metadata of the tensors' file say of the method
 * @param options.method one of one's own, whose file it is
 * @throws TorchLoraError INVALID_FILE, or UNSUPPORTED naming the method or each field that cannot be honoured;
 * INVALID_ARGUMENT for a method that has no configuration
 */
export function readPeftConfig(
  json: Readonly<Record<string, unknown>>,
  { file, mark, method }: { file: string; mark?: string | undefined; method?: AdapterMethod | undefined },
): PeftConfig {
  if (method && !method.Config)
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `loadAdapter: the method ${method.name} has no Config, the class that a file's configuration becomes.`,
    )
  if (method) return configFromJson(method.Config!, json, { file })
  const type = json.peft_type
  if (typeof type === 'string' && Object.hasOwn(configs, type)) {
    const config = configs[type]!(json, file)
    return config instanceof LoraConfig && mark === bitfit.mark ? BitFitConfig.fromLora(config) : config
  }
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${file}: peft_type is ${JSON.stringify(type)?.slice(0, 100)}; supported: ${Object.keys(configs).join(', ')}.`,
    { file },
  )
}
