import { type Channel, channel } from 'node:diagnostics_channel'

/** Where observers of the whole process listen (`node:diagnostics_channel`); nothing is made for them while none does. */
const channels = { batch: channel('torch-lora:batch'), call: channel('torch-lora:call') }

/**
 * Tells whoever watches: the subscribers of `torch-lora:batch` or `torch-lora:call`, and the hook that a caller gave. A
 * hook that throws, or whose promise is rejected, is a warning of the process; the work goes on.
 */
export function tell<T extends object>(
  name: keyof typeof channels,
  value: T,
  hook?: (value: T) => unknown,
): void {
  const subscribers: Channel = channels[name]
  if (subscribers.hasSubscribers) subscribers.publish(value)
  if (!hook) return
  const warn = (error: unknown) =>
    process.emitWarning(error instanceof Error ? error : String(error), { type: 'TorchLoraHook' })
  try {
    Promise.resolve(hook(value)).catch(warn)
  } catch (error) {
    warn(error)
  }
}
