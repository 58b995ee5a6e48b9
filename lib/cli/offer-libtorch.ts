import { createInterface } from 'node:readline/promises'
import { addonPath, findLibtorchFor, opens } from '../addon.ts'
import { TorchLoraError } from '../errors.ts'
import { hasNvidiaDriver } from '../libtorch/inspect.ts'
import type { InstallPlan } from '../libtorch/plan.ts'
import { defaultLibtorch } from '../libtorch/versions.ts'
import { interruptible } from './failure.ts'

/** Whether there is no libtorch at all, where one could be installed and used. */
function isMissing(): boolean {
  if (process.env.TORCH_LORA_LIBTORCH) return false
  try {
    const addon = addonPath()
    if (!opens(addon, defaultLibtorch)) return false
    findLibtorchFor(addon)
    return false
  } catch (error) {
    return error instanceof TorchLoraError && error.code === 'LIBTORCH_NOT_FOUND'
  }
}

async function inWords({ files, into }: InstallPlan): Promise<string> {
  const { formatBytes } = await import('./progress.ts')
  const sum = (what: 'bytes' | 'unpackedBytes') =>
    files.reduce((total, file) => total + (file[what] ?? Number.NaN), 0)
  const [bytes, unpacked] = [sum('bytes'), sum('unpackedBytes')]
  const sizes = [
    ...(bytes ? [`${formatBytes(bytes)} to download`] : []),
    ...(unpacked ? [`${formatBytes(unpacked)} unpacked`] : []),
  ]
  return `${files.map(({ source }) => `  ${source}`).join('\n')}\n  into ${into}${sizes.length > 0 ? `; ${sizes.join(', ')}` : ''}`
}

/** Asks on stderr; no where the answer is anything but yes, or there is none. */
async function confirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await interruptible(async (signal) => {
      const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
      const answer = await Promise.race([lines.question(question, { signal }), ended])
      return /^y(es)?$/i.test(answer.trim())
    })
  } finally {
    lines.close()
  }
}

/**
 * For a command that needs libtorch: where there is none and a person sits at the terminal, says what would be got, from
 * where and how large, and gets it if they say yes. Without a terminal, or with no for an answer, nothing is done, and
 * the command says what is missing.
 */
export async function offerLibtorch(): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || !isMissing()) return
  const [{ planInstall }, { installWithProgress }] = await Promise.all([
    import('../libtorch/plan.ts'),
    import('./libtorch-install.ts'),
  ])
  const cuda = hasNvidiaDriver()
  const options = { version: defaultLibtorch, cuda }
  const plan = await interruptible((signal) => planInstall({ ...options, signal })).catch((error) => {
    // No index can be asked: then there is nothing to offer.
    if (error instanceof TorchLoraError && error.code === 'NETWORK') return undefined
    throw error
  })
  if (!plan || plan.files.length === 0) return
  console.error(
    `There is no libtorch here yet. \`torch-lora libtorch install${cuda ? ' --cuda' : ''}\` would get ${defaultLibtorch}:\n${await inWords(plan)}`,
  )
  if (await confirmed('Get it now? [y/N] ')) await installWithProgress(options)
}
