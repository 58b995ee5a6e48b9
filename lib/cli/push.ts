import { Command } from 'commander'
import { interruptible } from './failure.ts'
import { progressBar } from './progress.ts'

interface PushFlags {
  repo: string
  private?: boolean
  message?: string
}

/** `torch-lora push`: a model or adapter folder, with its card, to the Hugging Face hub. */
export function pushCommand(): Command {
  return new Command('push')
    .description('Send a model or adapter folder to the Hugging Face hub, as one commit')
    .argument('<folder>', 'RUN/adapter, RUN/model, or what merge wrote')
    .requiredOption('--repo <namespace/name>', 'the repository, made where it is not there')
    .option('--private', 'a repository that is made is for its owner alone')
    .option('--message <text>', 'title of the commit')
    .addHelpText(
      'after',
      '\nThe token comes from HF_TOKEN, or from `hf auth login`; HF_ENDPOINT names another hub.',
    )
    .action(push)
}

async function push(folder: string, flags: PushFlags): Promise<void> {
  const { pushFolder } = await import('../hub/push.ts')
  const bar = progressBar('sending {bar} {percentage}% {file}')
  let begun = false
  const url = await interruptible((signal) =>
    pushFolder(folder, {
      repo: flags.repo,
      private: flags.private,
      title: flags.message,
      signal,
      onProgress(file, share) {
        if (!begun) bar.start(100, 0, { file })
        begun = true
        bar.update(Math.round(100 * share), { file })
      },
    }),
  ).finally(() => bar.stop())
  console.log(url)
}
