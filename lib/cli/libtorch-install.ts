import { Command } from 'commander'
import type { InstallOptions, InstallProgress, InstallResult } from '../libtorch/install.ts'
import type { InstallPlan } from '../libtorch/plan.ts'
import { defaultLibtorch, supportedRange } from '../libtorch/versions.ts'
import { interruptible } from './failure.ts'

/** Installs with a progress bar on stderr; used by the verb and by the build of a checkout. */
export async function installWithProgress(options: InstallOptions): Promise<InstallResult> {
  const [{ installLibtorch }, { bytesBar }] = await Promise.all([
    import('../libtorch/install.ts'),
    import('./progress.ts'),
  ])
  const bar = bytesBar()
  let showing = ''
  const onProgress = ({ step, what, bytes, total }: InstallProgress) => {
    const title = {
      wait: 'waiting for',
      download: 'getting',
      verify: 'verifying',
      unpack: 'unpacking',
      copy: 'copying',
    }[step]
    if (showing !== step + what) {
      bar.stop()
      showing = step + what
      console.error(`${title} ${what}`)
      if (total) bar.start(total, 0, { what: title })
    }
    if (total && bytes !== undefined) {
      if (bar.isActive) bar.setTotal(total)
      else bar.start(total, bytes, { what: title })
      bar.update(bytes, { what: title })
    }
  }
  try {
    return await interruptible((signal) => installLibtorch({ ...options, signal, onProgress }))
  } finally {
    bar.stop()
  }
}

interface Flags {
  version?: string
  cuda?: boolean
  headers?: boolean
  from?: string
  sha256?: string
  force?: boolean
  dryRun?: boolean
  json?: boolean
}

async function printPlan(plan: InstallPlan, { force }: Flags): Promise<void> {
  const { formatBytes } = await import('./progress.ts')
  const sum = (what: 'bytes' | 'unpackedBytes') =>
    plan.files.every((file) => file[what] !== undefined)
      ? formatBytes(plan.files.reduce((total, file) => total + file[what]!, 0))
      : undefined
  console.log(`from  ${plan.from}\ninto  ${plan.into}`)
  for (const { bytes, name, source, sha256 } of plan.files) {
    const size = bytes === undefined ? 'size unknown' : formatBytes(bytes)
    console.log(`${size.padStart(12)}  ${name}\n${''.padStart(12)}  ${source}`)
    if (sha256) console.log(`${''.padStart(12)}  sha256 ${sha256}`)
  }
  if (plan.files.length > 0) {
    const unpacked = sum('unpackedBytes')
    console.log(
      `${(sum('bytes') ?? 'size unknown').padStart(12)}  in all${unpacked ? `, ${unpacked} unpacked` : ''}`,
    )
  }
  if (plan.present) {
    const then = force ? 'it would be replaced' : 'nothing would be done'
    console.log(`libtorch ${plan.present.version} is there already; ${then}`)
  }
}

async function printResult({ version, path, from, leftOut }: InstallResult): Promise<void> {
  console.log(`libtorch ${version} installed in ${path}\nfrom ${from}`)
  if (!leftOut) return
  const { formatBytes } = await import('./progress.ts')
  const { bytes, libraries } = leftOut
  const unloaded =
    libraries.names.length > 0 ? `, ${formatBytes(libraries.bytes)} of libraries that nothing loads` : ''
  console.log(`left out: ${formatBytes(bytes)} of Python files, headers and the like${unloaded}`)
}

function installCommand(): Command {
  return new Command('install')
    .description(
      'Get libtorch from the package index that pip would ask (PIP_INDEX_URL, pip.conf, proxies, netrc), or from a URL,\nfile or folder, into a cache that all projects share. Neither Python nor pip is needed.\nIt is unpacked beside its place and renamed, so an interrupted run leaves nothing half-done; downloads go on.',
    )
    .option('--cuda', 'the CUDA build, with the NVIDIA libraries it names (several GB)')
    .option('--headers', 'the C++ headers too, to build the addon against')
    .option('--version <release>', `which release; ${supportedRange} are supported`, defaultLibtorch)
    .option(
      '--from <source>',
      'a URL or file (PyTorch wheel or libtorch zip), or a folder (a libtorch, or wheels)',
    )
    .option('--sha256 <hex>', 'what the file or URL of --from must hash to')
    .option('--force', 'install even if this version is there')
    .option('--dry-run', 'say what would be got from where, and how large it is; do nothing')
    .option('--json', 'the result as one JSON object on stdout')
    .action(async (flags: Flags) => {
      const options: InstallOptions = {
        version: flags.version,
        cuda: flags.cuda,
        headers: flags.headers,
        from: flags.from,
        sha256: flags.sha256,
        force: flags.force,
      }
      if (flags.dryRun) {
        const { planInstall } = await import('../libtorch/plan.ts')
        const plan = await interruptible((signal) => planInstall({ ...options, signal }))
        if (flags.json) console.log(JSON.stringify(plan))
        else await printPlan(plan, flags)
        return
      }
      const result = await installWithProgress(options)
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.installed) await printResult(result)
      else
        console.log(`libtorch ${result.version} is there already: ${result.path} (--force installs it anew)`)
    })
}

/** `torch-lora libtorch`: the group that `install` is in. */
export function libtorchCommand(): Command {
  return new Command('libtorch')
    .description('The PyTorch C++ libraries that this package opens')
    .addCommand(installCommand())
}
