import { Command } from 'commander'
import type { InstallOptions, InstallProgress, InstallResult } from '../libtorch/install.ts'
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
  from?: string
  sha256?: string
  force?: boolean
  dryRun?: boolean
  json?: boolean
}

function installCommand(): Command {
  return new Command('install')
    .description(
      'Get libtorch through pip (or from a URL, file or folder) into a cache that all projects share.\nIt is unpacked beside its place and renamed, so an interrupted run leaves nothing half-done.',
    )
    .option('--cuda', 'the CUDA build, with the NVIDIA libraries it names (several GB)')
    .option('--version <release>', `which release; ${supportedRange} are supported`, defaultLibtorch)
    .option(
      '--from <source>',
      'a URL or file (PyTorch wheel or libtorch zip), or a folder (a libtorch, or wheels)',
    )
    .option('--sha256 <hex>', 'what the file or URL of --from must hash to')
    .option('--force', 'install even if this version is there')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'the result as one JSON object on stdout')
    .action(async (flags: Flags) => {
      const options: InstallOptions = {
        version: flags.version,
        cuda: flags.cuda,
        from: flags.from,
        sha256: flags.sha256,
        force: flags.force,
      }
      if (flags.dryRun) {
        const { planInstall } = await import('../libtorch/install.ts')
        const plan = planInstall(options)
        if (flags.json) return console.log(JSON.stringify(plan))
        console.log(`from  ${plan.from}\ninto  ${plan.into}`)
        if (plan.present)
          console.log(
            `libtorch ${plan.present.version} is there already${flags.force ? '; it would be replaced' : '; nothing would be done'}`,
          )
        return
      }
      const result = await installWithProgress(options)
      if (flags.json) console.log(JSON.stringify(result))
      else if (result.installed) console.log(`libtorch ${result.version} installed in ${result.path}`)
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
