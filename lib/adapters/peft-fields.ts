import { TorchLoraError } from '../errors.ts'

/** Fields of PEFT 0.21's configurations that say nothing of what the adapter computes. */
const general = (
  'peft_type task_type peft_version auto_mapping base_model_name_or_path revision inference_mode ' +
  'fan_in_fan_out'
) // of a Linear, PEFT sets it to false
  .split(' ')

/** Fields that ask for another computation unless they are null, false, zero or empty. */
const switches = new Set(
  (
    'lora_bias use_qalora use_bdlora layer_replication target_parameters ' +
    'alora_invocation_tokens arrow_config velora_config monteclora_config kasa_config megatron_config'
  ).split(' '),
)

/** Whether a field leaves the adapter as it would be without it. Later versions of PEFT add fields, off by default. */
function isOff(field: string, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return !value || (!switches.has(field) && value !== true)
}

/**
 * @param options.understood the fields that the method reads, or that PEFT ignores
 * @throws TorchLoraError UNSUPPORTED naming each field of an adapter_config.json that changes the adapter in a way that
 * is not followed here
 */
export function refuseUnfollowed(
  json: Readonly<Record<string, unknown>>,
  { file, understood }: { file: string; understood: readonly string[] },
): void {
  const bad = Object.entries(json)
    .filter(([field, value]) => ![...general, ...understood].includes(field) && !isOff(field, value))
    .map(([field, value]) => `${field}: ${JSON.stringify(value)}`.slice(0, 200))
  if (bad.length === 0) return
  const shown = bad.slice(0, 10).join(', ')
  throw new TorchLoraError('UNSUPPORTED', `${file} asks for what this library does not do: ${shown}.`, {
    file,
  })
}

/**
 * How PEFT changes the base model's weights when it starts an adapter, and again whenever it loads one: by the
 * principal part of each weight, which the adapter then stands for.
 */
export type BaseChange = 'pissa' | 'olora'

/** What an adapter starts from changes nothing but itself, and its weights in the file replace that. */
const harmless: readonly unknown[] = [true, false, null, undefined, 'gaussian', 'eva', 'orthogonal', 'mica']

/**
 * What `init_lora_weights` says of the base model (peft 0.21, tuners/lora/layer.py: update_layer).
 * @throws TorchLoraError UNSUPPORTED for a change that cannot be computed again: it needs the data, the gradients or
 * the random numbers of the training
 */
export function baseChangeOf(json: Readonly<Record<string, unknown>>, file: string): BaseChange | null {
  const value = json.init_lora_weights
  const name = typeof value === 'string' ? value.toLowerCase() : value
  if (harmless.includes(name)) return null
  // Its configuration carries it: the adapter starts from quantized weights.
  if (value === 'loftq' && !json.use_dora) return null
  if ((value === 'pissa' || name === 'olora') && !json.use_dora) return name as BaseChange
  throw new TorchLoraError(
    'UNSUPPORTED',
    `${file}: init_lora_weights is ${JSON.stringify(value).slice(0, 100)}. It changes the base model in a way that cannot be computed again from the adapter. ` +
      "Save it with PEFT's save_pretrained(dir, path_initial_model_for_weight_conversion=...), which makes an ordinary adapter of it; or, if --model is the changed base model that was saved beside it, set init_lora_weights to true.",
    { file },
  )
}
